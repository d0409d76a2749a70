//! What was practised.

use diesel::dsl::{count_star, sum};
use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::coping::SkillRef;
use evenkeel_domain::coping::evidence::{Situations, Tries};
use evenkeel_domain::coping::practice::{Practice, PracticeDraft, PracticeId, PracticeRevision};
use evenkeel_domain::craving::{CravingDraft, CravingId, TriggerCategory};
use evenkeel_domain::value::Moment;
use std::collections::BTreeMap;

use crate::account::{broken, read};
use crate::column::{At, Id, Json, On};
use crate::schema::{cravings, practice_revisions, practices};
use crate::{Error, Tx};

/// Stores a new practice; false if the participant has one of that id.
pub fn add(tx: &mut Tx, grant: &Grant, practice: &Practice) -> Result<bool, Error> {
    let row = (
        practices::participant_id.eq(Id::of(grant.participant())),
        practices::id.eq(Id::of(practice.id)),
        practices::practised_at.eq(At(practice.practised_at())),
        practices::local_day.eq(On(practice.local_day)),
        practices::received_at.eq(At(practice.received_at)),
        practices::clock_suspect.eq(practice.clock_suspect),
        practices::skill.eq(String::from(practice.draft.skill.clone())),
        practices::trigger_category.eq(practice.draft.trigger.map(TriggerCategory::as_str)),
        practices::situation_of.eq(practice.draft.situation_of().map(Id::of)),
        practices::eased_by.eq(practice.draft.eased_by()),
        practices::is_evidence.eq(practice.draft.is_evidence()),
        practices::revision.eq(practice.revision),
        practices::withdrawn_at.eq(practice.withdrawn_at.map(At)),
        practices::detail.eq(Json::of(&practice.draft)?),
    );
    let added = each!(tx, conn => diesel::insert_into(practices::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

type Row = (Id, On, At, bool, i32, Option<At>, Json);

macro_rules! practice_columns {
    () => {
        (
            practices::id,
            practices::local_day,
            practices::received_at,
            practices::clock_suspect,
            practices::revision,
            practices::withdrawn_at,
            practices::detail,
        )
    };
}

fn practice(grant: &Grant, row: Row) -> Result<Practice, Error> {
    let (id, local_day, received_at, clock_suspect, revision, withdrawn_at, detail) = row;
    Ok(Practice {
        id: id.to(),
        participant: grant.participant(),
        draft: detail.read()?,
        local_day: local_day.0,
        received_at: received_at.0,
        clock_suspect,
        revision,
        withdrawn_at: withdrawn_at.map(|at| at.0),
    })
}

/// One practice, withdrawn or not.
pub fn find(tx: &mut Tx, grant: &Grant, id: PracticeId) -> Result<Option<Practice>, Error> {
    let row: Option<Row> = practices::table
        .find((Id::of(grant.participant()), Id::of(id)))
        .select(practice_columns!())
        .get_result(tx)
        .optional()?;
    row.map(|row| practice(grant, row)).transpose()
}

revisions!(practices.detail, practice_revisions.practice_id, PracticeId, PracticeRevision.practice: PracticeDraft);

/// A page of practices that stand, the latest first by [`Practice::practised_at`]: those from `from` on and
/// before `until`, after the one a page before ended with.
pub fn list(
    tx: &mut Tx,
    grant: &Grant,
    from: Option<Moment>,
    until: Option<Moment>,
    after: Option<(Moment, PracticeId)>,
    limit: i64,
) -> Result<Vec<Practice>, Error> {
    let mut query = practices::table
        .filter(practices::participant_id.eq(Id::of(grant.participant())))
        .filter(practices::withdrawn_at.is_null())
        .order((practices::practised_at.desc(), practices::id.desc()))
        .select(practice_columns!())
        .limit(limit)
        .into_boxed();
    if let Some(from) = from {
        query = query.filter(practices::practised_at.ge(At(from)));
    }
    if let Some(until) = until {
        query = query.filter(practices::practised_at.lt(At(until)));
    }
    if let Some((at, id)) = after {
        let same = practices::practised_at.eq(At(at)).and(practices::id.lt(Id::of(id)));
        query = query.filter(practices::practised_at.lt(At(at)).or(same));
    }
    let rows: Vec<Row> = query.load(tx)?;
    rows.into_iter().map(|row| practice(grant, row)).collect()
}

/// Stores what a rule made of a practice. A corrected one replaces the content, after [`keep_revision`] has put
/// the old one aside.
pub fn put(tx: &mut Tx, grant: &Grant, practice: &Practice, corrected: bool) -> Result<(), Error> {
    let target = || practices::table.find((Id::of(grant.participant()), Id::of(practice.id)));
    diesel::update(target()).set(practices::withdrawn_at.eq(practice.withdrawn_at.map(At))).execute(tx)?;
    if corrected {
        let content = (
            practices::practised_at.eq(At(practice.practised_at())),
            practices::local_day.eq(On(practice.local_day)),
            practices::clock_suspect.eq(practice.clock_suspect),
            practices::skill.eq(String::from(practice.draft.skill.clone())),
            practices::trigger_category.eq(practice.draft.trigger.map(TriggerCategory::as_str)),
            practices::situation_of.eq(practice.draft.situation_of().map(Id::of)),
            practices::eased_by.eq(practice.draft.eased_by()),
            practices::is_evidence.eq(practice.draft.is_evidence()),
            practices::revision.eq(practice.revision),
            practices::detail.eq(Json::of(&practice.draft)?),
        );
        diesel::update(target()).set(content).execute(tx)?;
    }
    Ok(())
}

/// What the practices that stand and are evidence add up to, by skill and kinds of situation; one that names none
/// itself belongs to those of its craving, if that stands.
pub fn tries(tx: &mut Tx, grant: &Grant) -> Result<Vec<(SkillRef, Situations, Tries)>, Error> {
    type Row = (String, Option<String>, Option<Id>, i64, Option<i64>, Option<i64>);
    let rows: Vec<Row> = practices::table
        .filter(practices::participant_id.eq(Id::of(grant.participant())))
        .filter(practices::withdrawn_at.is_null())
        .filter(practices::is_evidence.eq(true))
        .group_by((practices::skill, practices::trigger_category, practices::situation_of))
        .select((
            practices::skill,
            practices::trigger_category,
            practices::situation_of,
            count_star(),
            sum(practices::eased_by),
            sum(practices::eased_by * practices::eased_by),
        ))
        .load(tx)?;
    // Who names situations costs no second query.
    let lent = if rows.iter().any(|row| row.2.is_some()) { lent(tx, grant)? } else { BTreeMap::new() };
    let whole = |sum: i64| i32::try_from(sum).map_err(broken);
    rows.into_iter()
        .map(|(skill, trigger, craving, count, sum, squares)| {
            let (sum, squares) = (whole(sum.unwrap_or(0))?, whole(squares.unwrap_or(0))?);
            let tries = Tries { count: whole(count)?, sum, squares };
            let own = trigger.map(read).transpose()?;
            let of_craving = craving.and_then(|id| lent.get(&id.to())).into_iter().flatten().copied();
            Ok((read(skill)?, own.into_iter().chain(of_craving).collect(), tries))
        })
        .collect()
}

/// The kinds of situation of each craving that stands and that a practice counts for.
fn lent(tx: &mut Tx, grant: &Grant) -> Result<BTreeMap<CravingId, Situations>, Error> {
    let participant = Id::of(grant.participant());
    let asked = practices::table
        .filter(practices::participant_id.eq(participant).and(practices::situation_of.is_not_null()))
        .select(practices::situation_of.assume_not_null());
    let rows: Vec<(Id, Json)> = cravings::table
        .filter(cravings::participant_id.eq(participant).and(cravings::withdrawn_at.is_null()))
        .filter(cravings::id.eq_any(asked))
        .select((cravings::id, cravings::detail))
        .load(tx)?;
    rows.into_iter()
        .map(|(id, detail)| {
            let craving: CravingDraft = detail.read()?;
            Ok((id.to(), craving.triggers.iter().copied().collect()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coping::{add_assignment, assignments, practised_at};
    use crate::fresh::{PARTICIPANT, at, grant, house, id, value};
    use evenkeel_domain::access::Act;
    use evenkeel_domain::coping::assignment::Assignment;
    use evenkeel_domain::coping::evidence::Evidence;
    use evenkeel_domain::coping::practice as rule;
    use evenkeel_domain::craving;

    fn draft(at: &str, skill: &str, drop: i16, trigger: Option<&str>) -> PracticeDraft {
        let before = if drop == 0 { 0 } else { 8 };
        value(serde_json::json!({
            "occurred_at": at, "time_zone": "America/New_York", "skill": skill, "before": before, "after": before - drop,
            "minutes": 10, "helpful": 3, "trigger": trigger, "note": "It passed."
        }))
    }

    #[test]
    fn practices_read_back_and_add_up_as_the_rule_would() {
        let mut house = house();
        let tx = &mut house.tx;
        let own = grant(Act::RecordPractice);
        let now = at("2026-03-05T18:00:00Z");
        let logged = [
            ("2026-03-02T18:40:00Z", "library:urge_surfing", 4, Some("conflict")),
            ("2026-03-03T18:40:00Z", "library:urge_surfing", -2, Some("conflict")),
            ("2026-03-04T18:40:00Z", "library:urge_surfing", 3, None),
            ("2027-03-04T18:40:00Z", "organisation:00000000-0000-0000-0000-000000000007", 1, None),
            ("2026-03-04T19:40:00Z", "library:delay_15", 5, None),
            ("2026-03-01T10:40:00Z", "library:urge_surfing", 0, None),
        ];
        let mut stored: Vec<_> = (1..)
            .zip(logged)
            .map(|(number, (when, skill, drop, trigger))| {
                rule::record(id(PARTICIPANT), id(number), draft(when, skill, drop, trigger), now)
            })
            .collect();
        for practice in &stored {
            assert!(add(tx, &own, practice).unwrap());
            assert!(!add(tx, &own, practice).unwrap());
            assert_eq!(find(tx, &own, practice.id).unwrap().as_ref(), Some(practice));
        }
        stored[4] = rule::withdraw(&stored[4], now);
        put(tx, &own, &stored[4], false).unwrap();

        let correction = value(serde_json::json!({ "reason": "Wrong day",
            "practice": draft("2026-03-01T23:40:00Z", "library:urge_surfing", 6, Some("urges")) }));
        let (corrected, kept) = rule::correct(&stored[0], id(50), &correction, now).unwrap();
        for revision in &kept {
            keep_revision(tx, &own, corrected.id, revision).unwrap();
        }
        put(tx, &own, &corrected, true).unwrap();
        assert_eq!(revisions(tx, &own, corrected.id).unwrap(), kept);
        assert_eq!(first_sent(tx, &own, corrected.id).unwrap().as_ref(), Some(&stored[0].draft));
        assert_eq!(first_sent(tx, &own, stored[1].id).unwrap().as_ref(), Some(&stored[1].draft));
        stored[0] = corrected;

        let added: Evidence = tries(tx, &own).unwrap().into_iter().collect();
        assert_eq!(added, Evidence::of(&stored, &[]));
        let practised_since = |tx: &mut Tx, number, assigned_at| {
            let assigned = Assignment {
                id: id(number),
                participant: id(PARTICIPANT),
                draft: value(serde_json::json!({ "skill": stored[0].draft.skill, "until": "2026-03-09" })),
                assigned_by: grant(Act::AssignSkill).actor().account,
                assigned_at: at(assigned_at),
                withdrawn_at: None,
            };
            assert!(add_assignment(tx, &own, &assigned).unwrap());
            let first = practised_at(tx, &own, assigned.id).unwrap();
            assert!(assignments(tx, &own, now, 9).unwrap().contains(&(assigned, first)));
            first
        };
        let first = practised_since(tx, 21, "2026-03-02T00:00:00Z");
        assert_eq!(first, Some(at("2026-03-03T18:40:00Z")));
        assert_eq!(practised_since(tx, 22, "2026-03-04T18:40:01Z"), None);

        // The one of a clock that is a year ahead counts when it came in.
        let page = list(tx, &own, None, None, None, 2).unwrap();
        assert_eq!(page, [stored[3].clone(), stored[2].clone()]);
        let cursor = Some((page[1].practised_at(), page[1].id));
        let rest = list(tx, &own, None, Some(now), cursor, 9).unwrap();
        assert_eq!(rest, [1, 0, 5].map(|place: usize| stored[place].clone()));
        assert_eq!(list(tx, &own, Some(at("2026-03-04T18:40:00Z")), None, cursor, 9).unwrap(), []);

        let felt = |number, trigger: &str| {
            let draft = serde_json::json!({ "occurred_at": "2026-03-02T18:30:00Z", "time_zone": "America/New_York",
                "intensity": 8, "triggers": ["pleasant_times", trigger] });
            craving::record(id(PARTICIPANT), id(number), value(draft), now)
        };
        let cravings = [felt(60, "conflict"), craving::withdraw(&felt(61, "urges"), now)];
        for craving in &cravings {
            assert!(crate::craving::add(tx, &own, craving).unwrap());
        }
        for (number, craving, trigger) in
            [(71, 60, None), (72, 60, Some("urges")), (73, 61, None), (74, 62, None)]
        {
            let mut draft = draft("2026-03-02T18:40:00Z", "library:urge_surfing", 2, trigger);
            draft.craving = Some(id(craving));
            let practice = rule::record(id(PARTICIPANT), id(number), draft, now);
            assert!(add(tx, &own, &practice).unwrap());
            stored.push(practice);
        }
        let added: Evidence = tries(tx, &own).unwrap().into_iter().collect();
        assert_eq!(added, Evidence::of(&stored, &cravings));
    }
}
