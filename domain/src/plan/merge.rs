//! Merges the changes of two people to one plan.

use super::difference::fields;
use super::item::{Item, ItemId, Items};

/// Why a section cannot be merged. The text is for the person who merges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Clash {
    /// Both sides changed the same thing in different ways.
    #[error(
        "you and somebody else changed this in different ways: choose one, and send it with the newest revision"
    )]
    Both,
    /// One side removed what the other changed. Neither result may surprise the other side.
    #[error(
        "one of you removed what the other changed, and nothing was saved: check whether the newest revision still \
         has it, choose, and send it with that revision"
    )]
    Removed,
    /// Together, both sides wrote more entries than the list can have.
    #[error(
        "this list can have at most {most} entries, and you and somebody else together wrote more: leave something \
         out, and send it with the newest revision"
    )]
    Full {
        /// The most entries.
        most: usize,
    },
    /// Together, both sides wrote a longer text than is allowed.
    #[error(
        "this text can have at most {most} characters, and you and somebody else together wrote more: shorten it, \
         and send it with the newest revision"
    )]
    TooLong {
        /// The most characters.
        most: usize,
    },
    /// The participant hides the section from the person who merges.
    #[error("the participant keeps this section private: send the newest revision without it")]
    Hidden,
    /// Only the participant can change which sections are hidden.
    #[error("only the participant chooses which sections are private: send `only_me` as you read it")]
    Sharing,
}

/// Sections that cannot be merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the changes of both sides do not fit together")]
pub struct Conflict<S> {
    /// All sections in conflict with their reason, in the order of the plan.
    pub sections: Vec<(S, Clash)>,
}

/// The id of an item's second wording. It is computed, so it is the same on every server.
fn second_id(id: ItemId, content: &[u8]) -> ItemId {
    // FNV-1a of 128 bits: it need not be secure, only the same everywhere.
    let hash = content.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b)
    });
    let bytes = (uuid::Uuid::from(id).as_u128() ^ hash).to_be_bytes();
    uuid::Builder::from_custom_bytes(bytes).into_uuid().into()
}

/// Merges two lists, unless their changes contradict each other or the result is too long.
pub(super) fn items<T: Item, const MOST: usize>(
    base: &Items<T, MOST>,
    theirs: &Items<T, MOST>,
    mine: &Items<T, MOST>,
    critical: bool,
) -> Result<Items<T, MOST>, Clash> {
    let mut merged: Vec<T> = Vec::new();
    let (mut second_wordings, mut clashes) = (Vec::new(), Vec::new());
    for id in order(base, theirs, mine).ok_or(Clash::Both)? {
        match merged_item(base.find(id), theirs.find(id), mine.find(id), critical) {
            Ok((first, second)) => {
                merged.extend(first);
                second_wordings.extend(second.map(|second| (id, second)));
            }
            Err(clash) => clashes.push(clash),
        }
    }
    // The same clash whoever merges: the most serious one.
    if let Some(clash) = clashes.into_iter().max() {
        return Err(clash);
    }
    for (id, second) in second_wordings {
        let is_there = merged.iter().any(|item| item.id() == second.id());
        let first = merged.iter().position(|item| item.id() == id);
        if let (false, Some(first)) = (is_there, first) {
            merged.insert(first + 1, second);
        }
    }
    merged.try_into().map_err(|_| Clash::Full { most: MOST })
}

/// The ids of all sides in one order: that of the side that reordered, with the other side's new items after
/// the items they followed. None if both sides reordered the same items differently.
fn order<T: Item, const MOST: usize>(
    base: &Items<T, MOST>,
    theirs: &Items<T, MOST>,
    mine: &Items<T, MOST>,
) -> Option<Vec<ItemId>> {
    let common = |list: &Items<T, MOST>| {
        let mut ids = list.ids();
        ids.retain(|id| [base, theirs, mine].iter().all(|list| list.find(*id).is_some()));
        ids
    };
    let (before, in_theirs, in_mine) = (common(base), common(theirs), common(mine));
    let (lead, follow) = match (in_theirs == before, in_mine == before) {
        (false, false) if in_theirs != in_mine => return None,
        (true, false) => (mine, theirs),
        _ => (theirs, mine),
    };
    let mut ids = lead.ids();
    let mut place = 0;
    for id in follow.ids() {
        place = ids.iter().position(|known| *known == id).unwrap_or_else(|| {
            ids.insert(place, id);
            place
        }) + 1;
    }
    Some(ids)
}

/// Merges one item: the item, unless it was removed, and in a critical section its second wording, if both sides
/// changed it. A clash if somebody has to choose.
fn merged_item<T: Item>(
    base: Option<&T>,
    theirs: Option<&T>,
    mine: Option<&T>,
    critical: bool,
) -> Result<(Option<T>, Option<T>), Clash> {
    if theirs == mine || mine == base {
        return Ok((theirs.cloned(), None));
    }
    match (theirs, mine) {
        _ if theirs == base => Ok((mine.cloned(), None)),
        (None, _) | (_, None) => Err(Clash::Removed),
        (Some(theirs), Some(mine)) if removed_field(base, theirs, mine) => Err(Clash::Removed),
        _ if !critical => Err(Clash::Both),
        (Some(theirs), Some(mine)) => {
            // The first by content keeps the id, so that the result is the same whoever merges.
            let mut wordings = [theirs, mine].map(|item| (content(item), item));
            wordings.sort_by(|(one, _), (other, _)| one.cmp(other));
            let [(_, first), (text, second)] = wordings;
            let id = second_id(second.id(), text.as_bytes());
            Ok((Some(first.clone()), Some(second.clone().under(id))))
        }
    }
}

/// Whether one side removed a field of an item that both changed.
fn removed_field<T: Item>(base: Option<&T>, theirs: &T, mine: &T) -> bool {
    let (theirs, mine) = (fields(Some(theirs), ""), fields(Some(mine), ""));
    fields(base, "").keys().any(|name| theirs.contains_key(name) != mine.contains_key(name))
}

fn content<T: Item>(item: &T) -> String {
    serde_json::to_string(item).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::merge;
    use crate::plan::section::{LapseResponseStep, Naloxone, RecoveryReason};
    use crate::plan::tests::{any_plan, day, list, only_me, reason, step, trigger, words};
    use crate::plan::{Plan, PlanSection, compare};
    use proptest::prelude::*;

    fn of_reasons(reasons: &[RecoveryReason]) -> Plan {
        Plan { reasons: list(reasons), ..Plan::default() }
    }
    fn of_steps(steps: &[LapseResponseStep]) -> Plan {
        Plan { lapse_response: list(steps), ..Plan::default() }
    }
    fn clash(section: PlanSection, clash: Clash) -> Result<Plan, Conflict<PlanSection>> {
        Err(Conflict { sections: vec![(section, clash)] })
    }
    fn conflict(section: PlanSection) -> Result<Plan, Conflict<PlanSection>> {
        clash(section, Clash::Both)
    }

    #[test]
    fn a_section_that_one_side_changed_is_that_sides() {
        let base =
            Plan { reasons: list([reason(1, "a")]), lapse_response: list([step(2, "b")]), ..Plan::default() };
        let theirs = Plan { reasons: list([reason(1, "c")]), ..base.clone() };
        let mine = Plan { lapse_response: list([step(2, "d")]), ..base.clone() };
        let both = Plan {
            reasons: theirs.reasons.clone(),
            lapse_response: mine.lapse_response.clone(),
            ..base.clone()
        };
        assert_eq!(merge(&base, &theirs, &mine), Ok(both));
    }

    #[test]
    fn each_side_may_add_change_and_remove_other_items_of_one_list() {
        let base = of_reasons(&[reason(1, "a"), reason(2, "b"), reason(3, "c")]);
        let theirs = of_reasons(&[reason(1, "a"), reason(2, "B"), reason(3, "c"), reason(4, "theirs")]);
        let mine = of_reasons(&[reason(5, "mine"), reason(2, "b"), reason(3, "c")]);
        let both = of_reasons(&[reason(5, "mine"), reason(2, "B"), reason(3, "c"), reason(4, "theirs")]);
        assert_eq!(merge(&base, &theirs, &mine), Ok(both));
    }

    #[test]
    fn two_wordings_of_one_reason_are_a_conflict() {
        let base = of_reasons(&[reason(1, "a")]);
        let (theirs, mine) = (of_reasons(&[reason(1, "b")]), of_reasons(&[reason(1, "c")]));
        assert_eq!(merge(&base, &theirs, &mine), conflict(PlanSection::Reasons));
        let emptied = merge(&base, &theirs, &Plan::default());
        assert_eq!(emptied, clash(PlanSection::Reasons, Clash::Removed));
    }

    #[test]
    fn two_wordings_of_one_lapse_response_step_both_stay() {
        let base = of_steps(&[step(1, "call"), step(2, "leave")]);
        let theirs = of_steps(&[step(1, "call Sam"), step(2, "leave")]);
        let mine = of_steps(&[step(1, "call Ann"), step(2, "leave")]);
        let merged = merge(&base, &theirs, &mine).unwrap();
        let wordings: Vec<&str> = merged.lapse_response.iter().map(|step| step.words.as_ref()).collect();
        assert_eq!(wordings, ["call Ann", "call Sam", "leave"]);
        assert_eq!(merge(&base, &mine, &theirs), Ok(merged.clone()), "whoever merges");
        for again in [&theirs, &mine] {
            assert_eq!(merge(&base, &merged, again), Ok(merged.clone()), "merged again, nothing doubles");
        }
    }

    #[test]
    fn a_lapse_response_step_changed_by_one_side_and_removed_by_the_other_is_a_conflict() {
        let base = of_steps(&[step(1, "call"), step(2, "leave")]);
        let theirs = of_steps(&[step(2, "leave")]);
        let mine = of_steps(&[step(1, "call Sam"), step(2, "leave")]);
        let removed = clash(PlanSection::LapseResponse, Clash::Removed);
        assert_eq!(merge(&base, &theirs, &mine), removed);
        assert_eq!(merge(&base, &mine, &theirs), removed, "whoever merges");
        let untouched = merge(&base, &theirs, &of_steps(&[step(1, "call"), step(2, "go")]));
        assert_eq!(untouched, Ok(of_steps(&[step(2, "go")])), "removed on purpose");
    }

    #[test]
    fn two_new_orders_are_a_conflict_and_one_is_taken() {
        let [one, two, three] = [step(1, "a"), step(2, "b"), step(3, "c")];
        let base = of_steps(&[one.clone(), two.clone(), three.clone()]);
        let theirs = of_steps(&[two.clone(), one.clone(), three.clone()]);
        let mine = of_steps(&[one.clone(), three.clone(), two.clone()]);
        assert_eq!(merge(&base, &theirs, &mine), conflict(PlanSection::LapseResponse));
        let longer = of_steps(&[one.clone(), two.clone(), three.clone(), step(4, "d")]);
        let both = of_steps(&[two, one, three, step(4, "d")]);
        assert_eq!(merge(&base, &theirs, &longer), Ok(both.clone()));
        assert_eq!(merge(&base, &longer, &theirs), Ok(both), "whoever put them in a new order");
    }

    #[test]
    fn a_new_order_of_the_skills_for_a_trigger_is_a_change_like_any_other() {
        let of = |skills: &[&str]| Plan { triggers: list([trigger(1, "a", skills)]), ..Plan::default() };
        let base = of(&["library:aa", "library:bb", "library:cc"]);
        let theirs = of(&["library:bb", "library:aa", "library:cc"]);
        let mine = of(&["library:cc", "library:aa", "library:bb"]);
        assert_eq!(merge(&base, &theirs, &base), Ok(theirs.clone()));
        assert_eq!(merge(&base, &base, &mine), Ok(mine.clone()));
        assert_eq!(merge(&base, &theirs, &mine), conflict(PlanSection::Triggers));
        let more = of(&["library:aa", "library:bb", "library:cc", "library:dd"]);
        assert_eq!(merge(&base, &theirs, &more), conflict(PlanSection::Triggers));
    }

    #[test]
    fn a_list_that_is_too_long_is_not_a_contradiction() {
        let numbered = |numbers: &[u128]| numbers.iter().map(|n| reason(*n, "r")).collect::<Vec<_>>();
        let base = of_reasons(&numbered(&[1, 2, 3, 4, 5, 6, 7]));
        let theirs = of_reasons(&numbered(&[1, 2, 3, 4, 5, 6, 7, 8]));
        let mine = of_reasons(&numbered(&[1, 2, 3, 4, 5, 6, 7, 9]));
        assert_eq!(merge(&base, &theirs, &mine), clash(PlanSection::Reasons, Clash::Full { most: 8 }));
        let mut other = numbered(&[1, 2, 3, 4, 5, 6, 7, 9]);
        other[0] = reason(1, "s");
        let mut another = numbered(&[1, 2, 3, 4, 5, 6, 7, 8]);
        another[0] = reason(1, "t");
        let both = merge(&base, &of_reasons(&other), &of_reasons(&another));
        assert_eq!(both, conflict(PlanSection::Reasons), "what to choose comes first");
        let at = |letter: &str| Plan {
            naloxone: Some(Naloxone { has: true, location: Some(words(&letter.repeat(80))) }),
            ..Plan::default()
        };
        let long = merge(&Plan::default(), &at("a"), &at("b"));
        assert_eq!(long, clash(PlanSection::Naloxone, Clash::TooLong { most: 160 }));
    }

    #[test]
    fn naloxone_is_in_both_places_and_counts_as_missing_where_answers_differ() {
        let of = |has, location: Option<&str>| Plan {
            naloxone: Some(Naloxone { has, location: location.map(words) }),
            ..Plan::default()
        };
        let none = Plan::default();
        let both = merge(&none, &of(true, Some("car")), &of(true, Some("bag")));
        assert_eq!(both, Ok(of(true, Some("bag; car"))));
        assert_eq!(merge(&none, &of(true, Some("car")), &of(false, None)), Ok(of(false, Some("car"))));
        let used_up = merge(&of(true, Some("car")), &of(false, Some("car")), &of(true, Some("bag")));
        assert_eq!(used_up, Ok(of(false, Some("bag"))));
        let removed = clash(PlanSection::Naloxone, Clash::Removed);
        for less in [none, of(true, None)] {
            assert_eq!(merge(&of(true, Some("car")), &less, &of(true, Some("bag"))), removed);
            assert_eq!(merge(&of(true, Some("car")), &of(true, Some("bag")), &less), removed);
        }
    }

    #[test]
    fn of_two_review_dates_the_earlier_one_is_taken_and_what_either_side_hid_is_hidden() {
        let of = |date: &str, hidden: &[PlanSection]| Plan {
            review_on: Some(day(date)),
            only_me: only_me(hidden),
            ..Plan::default()
        };
        let base = of("2026-03-01", &[PlanSection::Routine]);
        let theirs = of("2026-03-09", &[PlanSection::Routine, PlanSection::Reasons]);
        let mine = of("2026-03-05", &[PlanSection::Supports]);
        let both = of("2026-03-05", &[PlanSection::Reasons, PlanSection::Supports]);
        assert_eq!(merge(&base, &theirs, &mine), Ok(both));
    }

    /// Whether two plans have the same content, in any order.
    fn same_but_for_order(one: &Plan, other: &Plan) -> bool {
        use crate::plan::difference::ChangeKind;
        compare(one, other).iter().all(|difference| difference.change.kind == ChangeKind::Moved)
    }

    /// Whether the merged list has all items of a side that it changed, or that the other side did not remove.
    fn nothing_is_lost<T: Item, const MOST: usize>(
        [base, side, other]: [&Items<T, MOST>; 3],
        merged: &Items<T, MOST>,
    ) -> bool {
        side.iter().all(|item| {
            let id = item.id();
            let touched = base.find(id) != Some(item);
            let is_there = merged.iter().any(|other| other.clone().under(id) == *item);
            let removed_there = base.find(id).is_some() && other.find(id).is_none();
            if touched { is_there } else { removed_there || merged.find(id).is_some() }
        })
    }

    proptest! {
        #[test]
        fn a_merge_with_nothing_new_is_what_was_there(base in any_plan(), plan in any_plan()) {
            prop_assert_eq!(merge(&base, &plan, &plan), Ok(plan.clone()));
            prop_assert_eq!(merge(&base, &base, &plan), Ok(plan.clone()));
            prop_assert_eq!(merge(&base, &plan, &base), Ok(plan));
        }

        #[test]
        fn it_makes_no_difference_who_merges(base in any_plan(), one in any_plan(), other in any_plan()) {
            match (merge(&base, &one, &other), merge(&base, &other, &one)) {
                (Ok(one), Ok(other)) => prop_assert!(same_but_for_order(&one, &other)),
                (one, other) => prop_assert_eq!(one, other),
            }
        }

        #[test]
        fn nothing_is_lost_that_the_other_side_did_not_remove(
            base in any_plan(), theirs in any_plan(), mine in any_plan(),
        ) {
            // Section by section, so that a conflict in one does not excuse the others.
            let only = |plan: &Plan| [
                Plan { reasons: plan.reasons.clone(), ..Plan::default() },
                Plan { triggers: plan.triggers.clone(), ..Plan::default() },
                Plan { lapse_response: plan.lapse_response.clone(), ..Plan::default() },
            ];
            for ((base, theirs), mine) in only(&base).into_iter().zip(only(&theirs)).zip(only(&mine)) {
                let Ok(merged) = merge(&base, &theirs, &mine) else { continue };
                for (side, other) in [(&theirs, &mine), (&mine, &theirs)] {
                    let reasons = [&base.reasons, &side.reasons, &other.reasons];
                    let triggers = [&base.triggers, &side.triggers, &other.triggers];
                    let steps = [&base.lapse_response, &side.lapse_response, &other.lapse_response];
                    prop_assert!(nothing_is_lost(reasons, &merged.reasons));
                    prop_assert!(nothing_is_lost(triggers, &merged.triggers));
                    prop_assert!(nothing_is_lost(steps, &merged.lapse_response));
                }
            }
        }
    }
}
