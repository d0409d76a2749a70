//! Skill practices.

use std::collections::BTreeMap;

use diesel::dsl::{count_star, sum};
use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::coping::SkillRef;
use evenkeel_domain::coping::evidence::{Situations, Tries};
use evenkeel_domain::coping::skill_practice::{SkillPractice, SkillPracticeDraft, SkillPracticeId};
use evenkeel_domain::craving::{CravingDraft, CravingId, TriggerCategory};
use evenkeel_domain::log_entry::Revision;
use evenkeel_domain::value::{Day, Moment};

use crate::column::{AsJson, Stored, broken};
use crate::schema::{cravings, skill_practice_revisions, skill_practices};
use crate::{Error, Tx};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = skill_practices, primary_key(participant_id, id), treat_none_as_default_value = false)]
struct Row {
    participant_id: Stored<ParticipantId>,
    id: Stored<SkillPracticeId>,
    practiced_at: Stored<Moment>,
    local_day: Stored<Day>,
    received_at: Stored<Moment>,
    clock_suspect: bool,
    skill: Stored<SkillRef>,
    trigger_category: Stored<Option<TriggerCategory>>,
    situation_of: Stored<Option<CravingId>>,
    eased_by: i16,
    is_evidence: bool,
    revision: i32,
    withdrawn_at: Stored<Option<Moment>>,
    detail: AsJson<SkillPracticeDraft>,
}

impl Row {
    fn new(grant: &Grant, practice: &SkillPractice) -> Self {
        Self {
            participant_id: Stored(grant.participant()),
            id: Stored(practice.id),
            practiced_at: Stored(practice.happened_at()),
            local_day: Stored(practice.local_day),
            received_at: Stored(practice.received_at),
            clock_suspect: practice.clock_suspect,
            skill: Stored(practice.draft.skill.clone()),
            trigger_category: Stored(practice.draft.trigger),
            situation_of: Stored(practice.draft.situation_of()),
            eased_by: practice.draft.eased_by(),
            is_evidence: practice.draft.is_evidence(),
            revision: practice.revision,
            withdrawn_at: Stored(practice.withdrawn_at),
            detail: AsJson(practice.draft.clone()),
        }
    }
}

impl From<Row> for SkillPractice {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            participant: row.participant_id.0,
            draft: row.detail.0,
            local_day: row.local_day.0,
            received_at: row.received_at.0,
            clock_suspect: row.clock_suspect,
            revision: row.revision,
            withdrawn_at: row.withdrawn_at.0,
        }
    }
}

/// Stores a new practice. False if the participant already has one with this id.
pub fn add(tx: &mut Tx, grant: &Grant, practice: &SkillPractice) -> Result<bool, Error> {
    let row = Row::new(grant, practice);
    let added = each!(tx, conn => diesel::insert_into(skill_practices::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

/// One practice, withdrawn or not.
pub fn find(tx: &mut Tx, grant: &Grant, id: SkillPracticeId) -> Result<Option<SkillPractice>, Error> {
    let query = skill_practices::table.find((Stored(grant.participant()), Stored(id)));
    Ok(query.select(Row::as_select()).get_result(tx).optional()?.map(SkillPractice::from))
}

revisions!(skill_practice_revisions.practice_id, SkillPractice, SkillPracticeDraft);

/// A page of practices without withdrawn ones, the latest first by [`SkillPractice::happened_at`]: those from `from` on
/// and before `until`, after the last one of the page before.
pub fn list(
    tx: &mut Tx,
    grant: &Grant,
    from: Option<Moment>,
    until: Option<Moment>,
    after: Option<(Moment, SkillPracticeId)>,
    limit: i64,
) -> Result<Vec<SkillPractice>, Error> {
    let mut query = skill_practices::table
        .filter(skill_practices::participant_id.eq(Stored(grant.participant())))
        .filter(skill_practices::withdrawn_at.is_null())
        .order((skill_practices::practiced_at.desc(), skill_practices::id.desc()))
        .select(Row::as_select())
        .limit(limit)
        .into_boxed();
    if let Some(from) = from {
        query = query.filter(skill_practices::practiced_at.ge(Stored(from)));
    }
    if let Some(until) = until {
        query = query.filter(skill_practices::practiced_at.lt(Stored(until)));
    }
    if let Some((at, id)) = after {
        let same = skill_practices::practiced_at.eq(Stored(at)).and(skill_practices::id.lt(Stored(id)));
        query = query.filter(skill_practices::practiced_at.lt(Stored(at)).or(same));
    }
    let rows: Vec<Row> = query.load(tx)?;
    Ok(rows.into_iter().map(SkillPractice::from).collect())
}

/// Stores a changed practice.
pub fn put(tx: &mut Tx, grant: &Grant, practice: &SkillPractice) -> Result<(), Error> {
    let target = skill_practices::table.find((Stored(grant.participant()), Stored(practice.id)));
    diesel::update(target).set(Row::new(grant, practice)).execute(tx)?;
    Ok(())
}

/// The sums of the practices that are evidence, by skill and kinds of situation, without withdrawn ones. A practice
/// that names no situation counts for those of its craving, unless the craving was withdrawn.
pub fn tries(tx: &mut Tx, grant: &Grant) -> Result<Vec<(SkillRef, Situations, Tries)>, Error> {
    type Row = (SkillRef, Option<TriggerCategory>, Option<CravingId>, i64, Option<i64>, Option<i64>);
    let rows: Vec<Row> = skill_practices::table
        .filter(skill_practices::participant_id.eq(Stored(grant.participant())))
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
    // If every practice names its situation, there is no second query.
    let situations =
        if rows.iter().any(|row| row.2.is_some()) { situations(tx, grant)? } else { BTreeMap::new() };
    let whole = |sum: i64| i32::try_from(sum).map_err(broken);
    rows.into_iter()
        .map(|(skill, trigger, craving, count, sum, squares)| {
            let (sum, squares) = (whole(sum.unwrap_or(0))?, whole(squares.unwrap_or(0))?);
            let tries = Tries { count: whole(count)?, sum, squares };
            let of_craving = craving.and_then(|id| situations.get(&id)).into_iter().flatten().copied();
            Ok((skill, trigger.into_iter().chain(of_craving).collect(), tries))
        })
        .collect()
}

/// The kinds of situation of each craving that a practice counts for.
fn situations(tx: &mut Tx, grant: &Grant) -> Result<BTreeMap<CravingId, Situations>, Error> {
    let participant = Stored(grant.participant());
    let asked = skill_practices::table
        .filter(
            skill_practices::participant_id.eq(participant).and(skill_practices::situation_of.is_not_null()),
        )
        .select(skill_practices::situation_of.assume_not_null());
    let rows: Vec<(CravingId, AsJson<CravingDraft>)> = cravings::table
        .filter(cravings::participant_id.eq(participant).and(cravings::withdrawn_at.is_null()))
        .filter(cravings::id.eq_any(asked))
        .select((cravings::id, cravings::detail))
        .load(tx)?;
    Ok(rows.into_iter().map(|(id, craving)| (id, craving.0.triggers.iter().copied().collect())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coping::{add_assignment, assignments, practiced_at};
    use crate::test_database::{PARTICIPANT, at, grant, id, test_database, value};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::coping::assignment::Assignment;
    use evenkeel_domain::coping::evidence::Evidence;
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
                SkillPractice::new(id(PARTICIPANT), id(number), draft(when, skill, drop, trigger), now)
            })
            .collect();
        for practice in &stored {
            assert!(add(tx, &own, practice).unwrap());
            assert!(!add(tx, &own, practice).unwrap());
            assert_eq!(find(tx, &own, practice.id).unwrap().as_ref(), Some(practice));
        }
        stored[4] = stored[4].withdraw(now);
        put(tx, &own, &stored[4]).unwrap();

        let correction = value(serde_json::json!({ "reason": "Wrong day",
            "entry": draft("2026-03-01T23:40:00Z", "library:urge_surfing", 6, Some("urges")) }));
        let first = revisions(tx, &own, &stored[0]).unwrap();
        assert_eq!(first, [stored[0].first_revision()]);
        let (corrected, new) = stored[0].correct(&first, id(50), &correction, now).unwrap().unwrap();
        correct(tx, &own, &corrected, new.clone()).unwrap();
        assert_eq!(find(tx, &own, corrected.id).unwrap().as_ref(), Some(&corrected));
        assert_eq!(revisions(tx, &own, &corrected).unwrap(), new);
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

        // The practice with a clock that is a year ahead counts when it arrived.
        let page = list(tx, &own, None, None, None, 2).unwrap();
        assert_eq!(page, [stored[3].clone(), stored[2].clone()]);
        let cursor = Some((page[1].happened_at(), page[1].id));
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
            let practice = SkillPractice::new(id(PARTICIPANT), id(number), draft, now);
            assert!(add(tx, &own, &practice).unwrap());
            stored.push(practice);
        }
        let added: Evidence = tries(tx, &own).unwrap().into_iter().collect();
        assert_eq!(added, Evidence::of(&stored, &cravings));
    }
}
