//! The differences between two revisions of a plan, as data.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::item::{Item, ItemId, Items};

words! {
    /// How something in a plan changed.
    ChangeKind {
        /// It is new.
        Added = "added",
        /// It is gone.
        Removed = "removed",
        /// Its content changed.
        Changed = "changed",
        /// Its position in the list changed.
        Moved = "moved",
    }
}

/// A field before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldChange {
    /// Its JSON name. For an item that moved it is `position`, counted from 1.
    pub field: String,
    /// Its old value, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Its new value, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// One change in a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ItemChange {
    /// The item that changed, if the section is a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub item: Option<ItemId>,
    /// How it changed.
    pub kind: ChangeKind,
    /// The fields that differ.
    pub fields: Vec<FieldChange>,
}

/// One difference between two documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Difference<S> {
    /// The section.
    pub section: S,
    /// The change.
    #[serde(flatten)]
    pub change: ItemChange,
}

/// The differences between two lists: first removed items, then the others in the order of the new list.
pub(super) fn items<T: Item, const MOST: usize>(
    old: &Items<T, MOST>,
    new: &Items<T, MOST>,
) -> Vec<ItemChange> {
    let gone = old.iter().filter(|item| new.find(item.id()).is_none());
    let mut changes: Vec<ItemChange> =
        gone.map(|item| change(Some(item.id()), Some(item), None, "")).collect();
    let unmoved = unmoved(&old.ids(), &new.ids());
    for (place, item) in new.iter().enumerate() {
        let id = item.id();
        let Some(was) = old.iter().position(|item| item.id() == id) else {
            changes.push(change(Some(id), None, Some(item), ""));
            continue;
        };
        let before = old.find(id);
        if before != Some(item) {
            changes.push(change(Some(id), before, Some(item), ""));
        }
        if !unmoved.contains(&id) {
            let position = |place: usize| Some(Value::from(place + 1));
            let field = "position".to_owned();
            let fields = vec![FieldChange { field, before: position(was), after: position(place) }];
            changes.push(ItemChange { item: Some(id), kind: ChangeKind::Moved, fields });
        }
    }
    changes
}

/// The difference between two single values, if any.
pub(super) fn single<T: Serialize + PartialEq>(
    old: Option<&T>,
    new: Option<&T>,
    name: &str,
) -> Option<ItemChange> {
    (old != new).then(|| change(None, old, new, name))
}

fn change<T: Serialize>(item: Option<ItemId>, old: Option<&T>, new: Option<&T>, name: &str) -> ItemChange {
    let kind = match (old, new) {
        (None, _) => ChangeKind::Added,
        (_, None) => ChangeKind::Removed,
        _ => ChangeKind::Changed,
    };
    let (mut before, mut after) = (fields(old, name), fields(new, name));
    let names: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    let changed = names.into_iter().filter_map(|field| {
        let (before, after) = (before.remove(&field), after.remove(&field));
        (before != after).then_some(FieldChange { field, before, after })
    });
    ItemChange { item, kind, fields: changed.collect() }
}

/// The JSON fields of a value, without the id. A value without fields becomes one field with this name.
pub(super) fn fields<T: Serialize>(value: Option<&T>, name: &str) -> Map<String, Value> {
    match value.map(serde_json::to_value) {
        Some(Ok(Value::Object(mut fields))) => {
            fields.remove("id");
            fields
        }
        Some(Ok(value)) => Map::from_iter([(name.to_owned(), value)]),
        Some(Err(_)) | None => Map::new(),
    }
}

/// The longest sequence of items in the same order in both lists. The other items moved.
fn unmoved(old: &[ItemId], new: &[ItemId]) -> BTreeSet<ItemId> {
    // For each item of the new list, the longest run that ends with it and is also in order in the old list.
    let mut runs: Vec<(usize, Vec<ItemId>)> = Vec::new();
    for id in new {
        let Some(was) = old.iter().position(|old| old == id) else { continue };
        let before = runs.iter().filter(|(end, _)| *end < was).max_by_key(|(_, run)| run.len());
        let mut run = before.map_or_else(Vec::new, |(_, run)| run.clone());
        run.push(*id);
        runs.push((was, run));
    }
    let longest = runs.into_iter().map(|(_, run)| run).max_by_key(Vec::len);
    longest.unwrap_or_default().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::compare;
    use crate::plan::tests::{any_plan, day, id, list, reason, step, trigger};
    use crate::plan::{Plan, PlanSection};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn each_kind_of_change_is_listed_with_its_fields() {
        let old = Plan {
            reasons: list([reason(1, "health"), reason(2, "work")]),
            triggers: list([trigger(3, "payday", &[])]),
            lapse_response: list([step(4, "leave"), step(5, "call"), step(6, "rest")]),
            ..Plan::default()
        };
        let new = Plan {
            reasons: list([reason(2, "work"), reason(7, "my dog")]),
            triggers: list([trigger(3, "payday", &["library:urge_surfing"])]),
            lapse_response: list([step(6, "rest"), step(4, "leave"), step(5, "call")]),
            review_on: Some(day("2026-03-09")),
            ..Plan::default()
        };
        let differences = serde_json::to_value(compare(&old, &new)).unwrap();
        let expected = json!([
            { "section": "reasons", "item": id(1), "kind": "removed",
              "fields": [{ "field": "words", "before": "health" }] },
            { "section": "reasons", "item": id(7), "kind": "added",
              "fields": [{ "field": "words", "after": "my dog" }] },
            { "section": "triggers", "item": id(3), "kind": "changed",
              "fields": [{ "field": "coping", "after": ["library:urge_surfing"] }] },
            { "section": "lapse_response", "item": id(6), "kind": "moved",
              "fields": [{ "field": "position", "before": 3, "after": 1 }] },
            { "section": "review", "kind": "added",
              "fields": [{ "field": "review_on", "after": "2026-03-09" }] },
        ]);
        assert_eq!(differences, expected);
    }

    #[test]
    fn a_new_order_of_the_skills_for_a_trigger_is_a_change() {
        let of = |skills: &[&str]| Plan { triggers: list([trigger(1, "payday", skills)]), ..Plan::default() };
        let changed = compare(&of(&["library:aa", "library:bb"]), &of(&["library:bb", "library:aa"]));
        let expected = json!([
            { "section": "triggers", "item": id(1), "kind": "changed", "fields": [{
                "field": "coping", "before": ["library:aa", "library:bb"], "after": ["library:bb", "library:aa"],
            }] },
        ]);
        assert_eq!(serde_json::to_value(changed).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn only_equal_plans_have_no_differences(one in any_plan(), other in any_plan()) {
            prop_assert_eq!(compare(&one, &one), []);
            prop_assert_eq!(compare(&one, &other).is_empty(), one == other);
            prop_assert!(compare(&one, &other).iter().all(|difference| !difference.change.fields.is_empty()));
        }

        #[test]
        fn the_differences_the_other_way_round_are_the_reverse(one in any_plan(), other in any_plan()) {
            let count = |from: &Plan, to: &Plan, kind| {
                compare(from, to).iter().filter(|difference| difference.change.kind == kind).count()
            };
            prop_assert_eq!(
                count(&one, &other, ChangeKind::Added),
                count(&other, &one, ChangeKind::Removed)
            );
            prop_assert_eq!(
                count(&one, &other, ChangeKind::Changed),
                count(&other, &one, ChangeKind::Changed)
            );
            prop_assert_eq!(count(&one, &other, ChangeKind::Moved), count(&other, &one, ChangeKind::Moved));
        }

        #[test]
        fn a_difference_is_in_the_section_that_differs(one in any_plan(), other in any_plan()) {
            let mixed = Plan { reasons: other.reasons.clone(), ..one.clone() };
            let outside = compare(&one, &mixed).into_iter().find(|at| at.section != PlanSection::Reasons);
            prop_assert_eq!(outside, None);
        }
    }
}
