//! What was practiced.

use diesel::dsl::{count_star, sum};
use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::coping::SkillRef;
use evenkeel_domain::coping::evidence::{Situations, Tries};
use evenkeel_domain::coping::skill_practice::{
    SkillPractice, SkillPracticeDraft, SkillPracticeId, SkillPracticeRevision,
};
use evenkeel_domain::craving::{CravingDraft, CravingId, TriggerCategory};
use evenkeel_domain::value::Moment;
use std::collections::BTreeMap;

use crate::column::{At, Id, Json, On, broken, read};
use crate::schema::{cravings, skill_practice_revisions, skill_practices};
use crate::{Error, Tx};

/// Stores a new practice; false if the participant has one of that id.
pub fn add(tx: &mut Tx, grant: &Grant, practice: &SkillPractice) -> Result<bool, Error> {
    let row = (
        skill_practices::participant_id.eq(Id::of(grant.participant())),
        skill_practices::id.eq(Id::of(practice.id)),
        skill_practices::practiced_at.eq(At(practice.practiced_at())),
        skill_practices::local_day.eq(On(practice.local_day)),
        skill_practices::received_at.eq(At(practice.received_at)),
        skill_practices::clock_suspect.eq(practice.clock_suspect),
        skill_practices::skill.eq(String::from(practice.draft.skill.clone())),
        skill_practices::trigger_category.eq(practice.draft.trigger.map(TriggerCategory::as_str)),
        skill_practices::situation_of.eq(practice.draft.situation_of().map(Id::of)),
        skill_practices::eased_by.eq(practice.draft.eased_by()),
        skill_practices::is_evidence.eq(practice.draft.is_evidence()),
        skill_practices::revision.eq(practice.revision),
        skill_practices::withdrawn_at.eq(practice.withdrawn_at.map(At)),
        skill_practices::detail.eq(Json::of(&practice.draft)?),
    );
    let added = each!(tx, conn => diesel::insert_into(skill_practices::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

type Row = (Id, On, At, bool, i32, Option<At>, Json);

macro_rules! skill_practice_columns {
    () => {
        (
            skill_practices::id,
            skill_practices::local_day,
            skill_practices::received_at,
            skill_practices::clock_suspect,
            skill_practices::revision,
            skill_practices::withdrawn_at,
            skill_practices::detail,
        )
    };
}

fn practice(grant: &Grant, row: Row) -> Result<SkillPractice, Error> {
    let (id, local_day, received_at, clock_suspect, revision, withdrawn_at, detail) = row;
    Ok(SkillPractice {
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
pub fn find(tx: &mut Tx, grant: &Grant, id: SkillPracticeId) -> Result<Option<SkillPractice>, Error> {
    let row: Option<Row> = skill_practices::table
        .find((Id::of(grant.participant()), Id::of(id)))
        .select(skill_practice_columns!())
        .get_result(tx)
        .optional()?;
    row.map(|row| practice(grant, row)).transpose()
}

revisions!(skill_practices.detail, skill_practice_revisions.practice_id, SkillPracticeId, SkillPracticeRevision.practice: SkillPracticeDraft);

/// A page of skill_practices that stand, the latest first by [`SkillPractice::practiced_at`]: those from `from` on and
/// before `until`, after the one a page before ended with.
pub fn list(
    tx: &mut Tx,
    grant: &Grant,
    from: Option<Moment>,
    until: Option<Moment>,
    after: Option<(Moment, SkillPracticeId)>,
    limit: i64,
) -> Result<Vec<SkillPractice>, Error> {
    let mut query = skill_practices::table
        .filter(skill_practices::participant_id.eq(Id::of(grant.participant())))
        .filter(skill_practices::withdrawn_at.is_null())
        .order((skill_practices::practiced_at.desc(), skill_practices::id.desc()))
        .select(skill_practice_columns!())
        .limit(limit)
        .into_boxed();
    if let Some(from) = from {
        query = query.filter(skill_practices::practiced_at.ge(At(from)));
    }
    if let Some(until) = until {
        query = query.filter(skill_practices::practiced_at.lt(At(until)));
    }
    if let Some((at, id)) = after {
        let same = skill_practices::practiced_at.eq(At(at)).and(skill_practices::id.lt(Id::of(id)));
        query = query.filter(skill_practices::practiced_at.lt(At(at)).or(same));
    }
    let rows: Vec<Row> = query.load(tx)?;
    rows.into_iter().map(|row| practice(grant, row)).collect()
}

/// Stores what a rule made of a practice. A corrected one replaces the content, after [`keep_revision`] has put
/// the old one aside.
pub fn put(tx: &mut Tx, grant: &Grant, practice: &SkillPractice, corrected: bool) -> Result<(), Error> {
    let target = || skill_practices::table.find((Id::of(grant.participant()), Id::of(practice.id)));
    diesel::update(target())
        .set(skill_practices::withdrawn_at.eq(practice.withdrawn_at.map(At)))
        .execute(tx)?;
    if corrected {
        let content = (
            skill_practices::practiced_at.eq(At(practice.practiced_at())),
            skill_practices::local_day.eq(On(practice.local_day)),
            skill_practices::clock_suspect.eq(practice.clock_suspect),
            skill_practices::skill.eq(String::from(practice.draft.skill.clone())),
            skill_practices::trigger_category.eq(practice.draft.trigger.map(TriggerCategory::as_str)),
            skill_practices::situation_of.eq(practice.draft.situation_of().map(Id::of)),
            skill_practices::eased_by.eq(practice.draft.eased_by()),
            skill_practices::is_evidence.eq(practice.draft.is_evidence()),
            skill_practices::revision.eq(practice.revision),
            skill_practices::detail.eq(Json::of(&practice.draft)?),
        );
        diesel::update(target()).set(content).execute(tx)?;
    }
    Ok(())
}

/// What the skill_practices that stand and are evidence add up to, by skill and kinds of situation; one that names none
/// itself belongs to those of its craving, if that stands.
pub fn tries(tx: &mut Tx, grant: &Grant) -> Result<Vec<(SkillRef, Situations, Tries)>, Error> {
    type Row = (String, Option<String>, Option<Id>, i64, Option<i64>, Option<i64>);
    let rows: Vec<Row> = skill_practices::table
        .filter(skill_practices::participant_id.eq(Id::of(grant.participant())))
        .filter(skill_practices::withdrawn_at.is_null())
        .filter(skill_practices::is_evidence.eq(true))
        .group_by((skill_practices::skill, skill_practices::trigger_category, skill_practices::situation_of))
        .select((
            skill_practices::skill,
            skill_practices::trigger_category,
            skill_practices::situation_of,
            count_star(),
            sum(skill_practices::eased_by),
            sum(skill_practices::eased_by * skill_practices::eased_by),
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
    let asked = skill_practices::table
        .filter(
            skill_practices::participant_id.eq(participant).and(skill_practices::situation_of.is_not_null()),
        )
        .select(skill_practices::situation_of.assume_not_null());
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
    use crate::coping::{add_assignment, assignments, practiced_at};
    use crate::test_database::{PARTICIPANT, at, grant, id, test_database, value};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::coping::assignment::Assignment;
    use evenkeel_domain::coping::evidence::Evidence;
    use evenkeel_domain::coping::skill_practice as rule;
    use evenkeel_domain::craving;

    fn draft(at: &str, skill: &str, drop: i16, trigger: Option<&str>) -> SkillPracticeDraft {
        let before = if drop == 0 { 0 } else { 8 };
        value(serde_json::json!({
            "occurred_at": at, "time_zone": "America/New_York", "skill": skill, "before": before, "after": before - drop,
            "minutes": 10, "helpful": 3, "trigger": trigger, "note": "It passed."
        }))
    }

    #[test]
    fn practices_read_back_and_add_up_as_the_rule_would() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let own = grant(Action::RecordSkillPractice);
        let now = at("2026-03-05T18:00:00Z");
        let logged = [
            ("2026-03-02T18:40:00Z", "library:urge_surfing", 4, Some("conflict")),
            ("2026-03-03T18:40:00Z", "library:urge_surfing", -2, Some("conflict")),
            ("2026-03-04T18:40:00Z", "library:urge_surfing", 3, None),
            ("2027-03-04T18:40:00Z", "organization:00000000-0000-0000-0000-000000000007", 1, None),
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
        let practiced_since = |tx: &mut Tx, number, assigned_at| {
            let assigned = Assignment {
                id: id(number),
                participant: id(PARTICIPANT),
                draft: value(serde_json::json!({ "skill": stored[0].draft.skill, "until": "2026-03-09" })),
                assigned_by: grant(Action::AssignSkill).actor().account,
                assigned_at: at(assigned_at),
                withdrawn_at: None,
            };
            assert!(add_assignment(tx, &own, &assigned).unwrap());
            let first = practiced_at(tx, &own, assigned.id).unwrap();
            assert!(assignments(tx, &own, now, 9).unwrap().contains(&(assigned, first)));
            first
        };
        let first = practiced_since(tx, 21, "2026-03-02T00:00:00Z");
        assert_eq!(first, Some(at("2026-03-03T18:40:00Z")));
        assert_eq!(practiced_since(tx, 22, "2026-03-04T18:40:01Z"), None);

        // The one of a clock that is a year ahead counts when it came in.
        let page = list(tx, &own, None, None, None, 2).unwrap();
        assert_eq!(page, [stored[3].clone(), stored[2].clone()]);
        let cursor = Some((page[1].practiced_at(), page[1].id));
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
