//! Coping skills: an organisation's own, what a participant chose, what was assigned and practised.

use diesel::dsl::{count_star, min, sum};
use diesel::prelude::*;
use evenkeel_domain::access::{Grant, Permit};
use evenkeel_domain::account::OrganisationId;
use evenkeel_domain::coping::assignment::{Assignment, AssignmentDraft, AssignmentId, AssignmentNote};
use evenkeel_domain::coping::evidence::Tries;
use evenkeel_domain::coping::organisation::{OrganisationSkill, SkillRevision};
use evenkeel_domain::coping::practice::{Practice, PracticeDraft, PracticeId, PracticeRevision};
use evenkeel_domain::coping::{Chosen, SkillDraft, SkillId, SkillRef};
use evenkeel_domain::craving::TriggerCategory;
use evenkeel_domain::log_entry::Reason;
use evenkeel_domain::value::Moment;

use crate::account::{broken, read};
use crate::column::{At, Id, Json, On};
use crate::schema::{
    coping_choices, organisation_skill_revisions, organisation_skills, practice_revisions, practices,
    skill_assignments,
};
use crate::{Error, Tx};

// An organisation's own skills

/// Stores a new skill of the actor's organisation; false if it has one of that id.
pub fn add_skill(tx: &mut Tx, permit: &Permit, skill: &OrganisationSkill) -> Result<bool, Error> {
    let row = (
        organisation_skills::organisation_id.eq(Id::of(permit.actor().organisation)),
        organisation_skills::id.eq(Id::of(skill.id)),
        organisation_skills::revision.eq(skill.revision),
        organisation_skills::changed_by.eq(Id::of(skill.changed_by)),
        organisation_skills::changed_at.eq(At(skill.changed_at)),
        organisation_skills::retired_at.eq(skill.retired_at.map(At)),
        organisation_skills::skill.eq(Json::of(&skill.skill)?),
    );
    let added = each!(tx, conn => diesel::insert_into(organisation_skills::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

type SkillRow = (Id, i32, Id, At, Option<At>, Json);

macro_rules! skill_columns {
    () => {
        (
            organisation_skills::id,
            organisation_skills::revision,
            organisation_skills::changed_by,
            organisation_skills::changed_at,
            organisation_skills::retired_at,
            organisation_skills::skill,
        )
    };
}

fn skill(organisation: OrganisationId, row: SkillRow) -> Result<OrganisationSkill, Error> {
    let (id, revision, changed_by, changed_at, retired_at, skill) = row;
    Ok(OrganisationSkill {
        id: id.to(),
        organisation,
        skill: skill.read()?,
        revision,
        changed_by: changed_by.to(),
        changed_at: changed_at.0,
        retired_at: retired_at.map(|at| at.0),
    })
}

/// One skill of an organisation, retired or not.
pub fn find_skill(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: SkillId,
) -> Result<Option<OrganisationSkill>, Error> {
    let row: Option<SkillRow> = organisation_skills::table
        .find((Id::of(organisation), Id::of(id)))
        .select(skill_columns!())
        .get_result(tx)
        .optional()?;
    row.map(|row| skill(organisation, row)).transpose()
}

/// The skills that an organisation added, retired ones too, in the order of their ids: the oldest first.
pub fn skills(tx: &mut Tx, organisation: OrganisationId) -> Result<Vec<OrganisationSkill>, Error> {
    let rows: Vec<SkillRow> = organisation_skills::table
        .filter(organisation_skills::organisation_id.eq(Id::of(organisation)))
        .order(organisation_skills::id)
        .select(skill_columns!())
        .load(tx)?;
    rows.into_iter().map(|row| skill(organisation, row)).collect()
}

/// Stores what a rule made of a skill, after [`keep_skill_revision`] has put aside what it said before.
pub fn put_skill(tx: &mut Tx, permit: &Permit, skill: &OrganisationSkill) -> Result<(), Error> {
    let target = organisation_skills::table.find((Id::of(permit.actor().organisation), Id::of(skill.id)));
    let row = (
        organisation_skills::revision.eq(skill.revision),
        organisation_skills::changed_by.eq(Id::of(skill.changed_by)),
        organisation_skills::changed_at.eq(At(skill.changed_at)),
        organisation_skills::retired_at.eq(skill.retired_at.map(At)),
        organisation_skills::skill.eq(Json::of(&skill.skill)?),
    );
    diesel::update(target).set(row).execute(tx)?;
    Ok(())
}

/// Keeps what a skill said until it was edited.
pub fn keep_skill_revision(
    tx: &mut Tx,
    permit: &Permit,
    skill: SkillId,
    revision: &SkillRevision,
) -> Result<(), Error> {
    let row = (
        organisation_skill_revisions::organisation_id.eq(Id::of(permit.actor().organisation)),
        organisation_skill_revisions::skill_id.eq(Id::of(skill)),
        organisation_skill_revisions::revision.eq(revision.revision),
        organisation_skill_revisions::changed_by.eq(Id::of(revision.changed_by)),
        organisation_skill_revisions::changed_at.eq(At(revision.changed_at)),
        organisation_skill_revisions::skill.eq(Json::of(&revision.skill)?),
    );
    diesel::insert_into(organisation_skill_revisions::table).values(row).execute(tx)?;
    Ok(())
}

/// What a skill said before each edit, the first one first; what it says now is not among them.
pub fn skill_revisions(
    tx: &mut Tx,
    organisation: OrganisationId,
    skill: SkillId,
) -> Result<Vec<SkillRevision>, Error> {
    let rows: Vec<(i32, Id, At, Json)> = organisation_skill_revisions::table
        .filter(organisation_skill_revisions::organisation_id.eq(Id::of(organisation)))
        .filter(organisation_skill_revisions::skill_id.eq(Id::of(skill)))
        .order(organisation_skill_revisions::revision)
        .select((
            organisation_skill_revisions::revision,
            organisation_skill_revisions::changed_by,
            organisation_skill_revisions::changed_at,
            organisation_skill_revisions::skill,
        ))
        .load(tx)?;
    rows.into_iter()
        .map(|(revision, changed_by, changed_at, skill)| {
            let (changed_by, changed_at) = (changed_by.to(), changed_at.0);
            Ok(SkillRevision { revision, changed_by, changed_at, skill: skill.read()? })
        })
        .collect()
}

/// What a skill said when it was added, to tell a repeated request from a clash.
pub fn first_skill(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: SkillId,
) -> Result<Option<SkillDraft>, Error> {
    let earlier: Option<Json> = organisation_skill_revisions::table
        .find((Id::of(organisation), Id::of(id), 1))
        .select(organisation_skill_revisions::skill)
        .get_result(tx)
        .optional()?;
    match earlier {
        Some(draft) => draft.read().map(Some),
        None => Ok(find_skill(tx, organisation, id)?.map(|skill| skill.skill)),
    }
}

// What a participant chose

/// What a participant chose; nothing yet is revision 0, which says nothing.
pub fn chosen(tx: &mut Tx, grant: &Grant) -> Result<Chosen, Error> {
    let row: Option<(i32, Json)> = coping_choices::table
        .find(Id::of(grant.participant()))
        .select((coping_choices::revision, coping_choices::choices))
        .get_result(tx)
        .optional()?;
    row.map_or(Ok(Chosen::default()), |(revision, choices)| Ok(Chosen { revision, choices: choices.read()? }))
}

/// Stores what a participant chose, in place of what they chose before.
pub fn put_chosen(tx: &mut Tx, grant: &Grant, chosen: &Chosen, now: Moment) -> Result<(), Error> {
    let content = (
        coping_choices::revision.eq(chosen.revision),
        coping_choices::changed_at.eq(At(now)),
        coping_choices::choices.eq(Json::of(&chosen.choices)?),
    );
    let row = (coping_choices::participant_id.eq(Id::of(grant.participant())), content.clone());
    each!(tx, conn => diesel::insert_into(coping_choices::table).values(row)
        .on_conflict(coping_choices::participant_id).do_update().set(content).execute(conn))?;
    Ok(())
}

// What was assigned

/// Stores a new assignment; false if the participant has one of that id.
pub fn add_assignment(tx: &mut Tx, grant: &Grant, assignment: &Assignment) -> Result<bool, Error> {
    let row = (
        skill_assignments::participant_id.eq(Id::of(grant.participant())),
        skill_assignments::id.eq(Id::of(assignment.id)),
        skill_assignments::skill.eq(String::from(assignment.draft.skill.clone())),
        skill_assignments::note.eq(assignment.draft.note.as_ref().map(AsRef::<str>::as_ref)),
        skill_assignments::until_day.eq(On(assignment.draft.until)),
        skill_assignments::assigned_by.eq(Id::of(assignment.assigned_by)),
        skill_assignments::assigned_at.eq(At(assignment.assigned_at)),
        skill_assignments::withdrawn_at.eq(assignment.withdrawn_at.map(At)),
    );
    let added = each!(tx, conn => diesel::insert_into(skill_assignments::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

type AssignmentRow = (Id, String, Option<String>, On, Id, At, Option<At>);

macro_rules! assignment_columns {
    () => {
        (
            skill_assignments::id,
            skill_assignments::skill,
            skill_assignments::note,
            skill_assignments::until_day,
            skill_assignments::assigned_by,
            skill_assignments::assigned_at,
            skill_assignments::withdrawn_at,
        )
    };
}

fn assignment(grant: &Grant, row: AssignmentRow) -> Result<Assignment, Error> {
    let (id, skill, note, until, assigned_by, assigned_at, withdrawn_at) = row;
    let note = note.map(read::<AssignmentNote>).transpose()?;
    Ok(Assignment {
        id: id.to(),
        participant: grant.participant(),
        draft: AssignmentDraft { skill: read(skill)?, note, until: until.0 },
        assigned_by: assigned_by.to(),
        assigned_at: assigned_at.0,
        withdrawn_at: withdrawn_at.map(|at| at.0),
    })
}

/// One assignment, withdrawn or not.
pub fn find_assignment(tx: &mut Tx, grant: &Grant, id: AssignmentId) -> Result<Option<Assignment>, Error> {
    let row: Option<AssignmentRow> = skill_assignments::table
        .find((Id::of(grant.participant()), Id::of(id)))
        .select(assignment_columns!())
        .get_result(tx)
        .optional()?;
    row.map(|row| assignment(grant, row)).transpose()
}

/// What was assigned and not taken back, or taken back only at this moment or later; the latest first.
pub fn assignments(tx: &mut Tx, grant: &Grant, since: Moment, most: i64) -> Result<Vec<Assignment>, Error> {
    let withdrawn_at = skill_assignments::withdrawn_at;
    let rows: Vec<AssignmentRow> = skill_assignments::table
        .filter(skill_assignments::participant_id.eq(Id::of(grant.participant())))
        .filter(withdrawn_at.is_null().or(withdrawn_at.ge(At(since)).assume_not_null()))
        .order((skill_assignments::assigned_at.desc(), skill_assignments::id.desc()))
        .limit(most)
        .select(assignment_columns!())
        .load(tx)?;
    rows.into_iter().map(|row| assignment(grant, row)).collect()
}

/// Stores that an assignment was taken back: nothing else of it ever changes.
pub fn put_assignment(tx: &mut Tx, grant: &Grant, assignment: &Assignment) -> Result<(), Error> {
    let target = skill_assignments::table.find((Id::of(grant.participant()), Id::of(assignment.id)));
    diesel::update(target)
        .set(skill_assignments::withdrawn_at.eq(assignment.withdrawn_at.map(At)))
        .execute(tx)?;
    Ok(())
}

// What was practised

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
        practices::eased_by.eq(practice.draft.eased_by()),
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

/// What the phone sent under this id the first time, to tell a repeated request from a clash.
pub fn first_sent(tx: &mut Tx, grant: &Grant, id: PracticeId) -> Result<Option<PracticeDraft>, Error> {
    let of = (Id::of(grant.participant()), Id::of(id));
    let earlier: Option<Json> = practice_revisions::table
        .find((of.0, of.1, 1))
        .select(practice_revisions::draft)
        .get_result(tx)
        .optional()?;
    let draft = match earlier {
        Some(draft) => Some(draft),
        None => practices::table.find(of).select(practices::detail).get_result(tx).optional()?,
    };
    draft.as_ref().map(Json::read).transpose()
}

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
            practices::eased_by.eq(practice.draft.eased_by()),
            practices::revision.eq(practice.revision),
            practices::detail.eq(Json::of(&practice.draft)?),
        );
        diesel::update(target()).set(content).execute(tx)?;
    }
    Ok(())
}

/// Keeps a revision; every one of a practice that was corrected is kept, the first and the present one too.
pub fn keep_revision(
    tx: &mut Tx,
    grant: &Grant,
    practice: PracticeId,
    revision: &PracticeRevision,
) -> Result<(), Error> {
    let row = (
        practice_revisions::participant_id.eq(Id::of(grant.participant())),
        practice_revisions::practice_id.eq(Id::of(practice)),
        practice_revisions::revision.eq(revision.revision),
        practice_revisions::id.eq(Id::of(revision.id)),
        practice_revisions::received_at.eq(At(revision.received_at)),
        practice_revisions::reason.eq(revision.reason.as_ref().map(AsRef::<str>::as_ref)),
        practice_revisions::draft.eq(Json::of(&revision.practice)?),
    );
    diesel::insert_into(practice_revisions::table).values(row).execute(tx)?;
    Ok(())
}

/// The revisions of a practice that was corrected, the first one first; none if it never was.
pub fn revisions(tx: &mut Tx, grant: &Grant, practice: PracticeId) -> Result<Vec<PracticeRevision>, Error> {
    let rows: Vec<(Id, i32, At, Option<String>, Json)> = practice_revisions::table
        .filter(practice_revisions::participant_id.eq(Id::of(grant.participant())))
        .filter(practice_revisions::practice_id.eq(Id::of(practice)))
        .order(practice_revisions::revision)
        .select((
            practice_revisions::id,
            practice_revisions::revision,
            practice_revisions::received_at,
            practice_revisions::reason,
            practice_revisions::draft,
        ))
        .load(tx)?;
    rows.into_iter()
        .map(|(id, revision, received_at, reason, draft)| {
            Ok(PracticeRevision {
                id: id.to(),
                revision,
                received_at: received_at.0,
                reason: reason.map(read::<Reason>).transpose()?,
                practice: draft.read()?,
            })
        })
        .collect()
}

/// What the practices that stand add up to, by skill and kind of situation.
pub fn tries(tx: &mut Tx, grant: &Grant) -> Result<Vec<(SkillRef, Option<TriggerCategory>, Tries)>, Error> {
    type Row = (String, Option<String>, i64, Option<i64>, Option<i64>);
    let rows: Vec<Row> = practices::table
        .filter(practices::participant_id.eq(Id::of(grant.participant())))
        .filter(practices::withdrawn_at.is_null())
        .group_by((practices::skill, practices::trigger_category))
        .select((
            practices::skill,
            practices::trigger_category,
            count_star(),
            sum(practices::eased_by),
            sum(practices::eased_by * practices::eased_by),
        ))
        .load(tx)?;
    let whole = |sum: i64| i32::try_from(sum).map_err(broken);
    rows.into_iter()
        .map(|(skill, trigger, count, sum, squares)| {
            let (sum, squares) = (whole(sum.unwrap_or(0))?, whole(squares.unwrap_or(0))?);
            let tries = Tries { count: whole(count)?, sum, squares };
            Ok((read(skill)?, trigger.map(read).transpose()?, tries))
        })
        .collect()
}

/// When a skill was first practised from an instant on, as far as that practice stands.
pub fn practised_since(
    tx: &mut Tx,
    grant: &Grant,
    skill: &SkillRef,
    at: Moment,
) -> Result<Option<Moment>, Error> {
    let first: Option<At> = practices::table
        .filter(practices::participant_id.eq(Id::of(grant.participant())))
        .filter(practices::withdrawn_at.is_null())
        .filter(practices::skill.eq(String::from(skill.clone())))
        .filter(practices::practised_at.ge(At(at)))
        .select(min(practices::practised_at))
        .get_result(tx)?;
    Ok(first.map(|at| at.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fresh::{ORGANISATION, PARTICIPANT, actor, at, grant, house, id, value};
    use evenkeel_domain::access::{Act, OfficeAct, permit};
    use evenkeel_domain::account::Role;
    use evenkeel_domain::coping::evidence::Evidence;
    use evenkeel_domain::coping::{organisation, practice as rule};

    fn tea(name: &str) -> SkillDraft {
        value(serde_json::json!({
            "name": name, "family": "social", "summary": "Someone is up at any hour.",
            "steps": ["Go down to the kitchen.", "Put the kettle on.", "Talk if you like."], "minutes": 15,
            "intensity": { "from": 4, "to": 10 }, "triggers": ["urges"], "cautions": ["trauma"]
        }))
    }
    fn draft(at: &str, skill: &str, drop: i16, trigger: Option<&str>) -> PracticeDraft {
        value(serde_json::json!({
            "occurred_at": at, "time_zone": "America/New_York", "skill": skill, "before": 8, "after": 8 - drop,
            "minutes": 10, "helpful": 3, "trigger": trigger, "note": "It passed."
        }))
    }

    #[test]
    fn an_organisations_skill_reads_back_with_what_it_said_before() {
        let mut house = house();
        let tx = &mut house.tx;
        let permit = permit(&actor(Role::Supervisor), OfficeAct::ManageSkills).unwrap();
        let (of, by) = (id(ORGANISATION), permit.actor().account);
        let first = organisation::add(of, id(7), tea("Tea"), by, at("2026-03-02T18:00:00Z"));
        assert!(add_skill(tx, &permit, &first).unwrap());
        assert!(!add_skill(tx, &permit, &first).unwrap());
        assert_eq!(find_skill(tx, of, id(7)).unwrap().as_ref(), Some(&first));
        let (edited, kept) =
            organisation::edit(&first, 1, tea("Tea at night"), by, at("2026-03-03T18:00:00Z")).unwrap();
        let kept = kept.unwrap();
        keep_skill_revision(tx, &permit, id(7), &kept).unwrap();
        let retired = organisation::retire(&edited, at("2026-03-04T18:00:00Z"));
        put_skill(tx, &permit, &retired).unwrap();
        assert_eq!(skills(tx, of).unwrap(), [retired]);
        assert_eq!(skill_revisions(tx, of, id(7)).unwrap(), [kept]);
        assert_eq!(first_skill(tx, of, id(7)).unwrap(), Some(tea("Tea")));
        assert_eq!(find_skill(tx, id(77), id(7)).unwrap(), None);
    }

    #[test]
    fn choices_and_assignments_read_back_as_stored() {
        let mut house = house();
        let tx = &mut house.tx;
        let own = grant(Act::ChooseSkills);
        assert_eq!(chosen(tx, &own).unwrap(), Chosen::default());
        for (revision, favourite) in (1..).zip(["library:urge_surfing", "library:delay_15"]) {
            let choices = value(serde_json::json!({ "favourites": [favourite], "cautions": ["injury"] }));
            let now = Chosen { revision, choices };
            put_chosen(tx, &own, &now, at("2026-03-02T18:00:00Z")).unwrap();
            assert_eq!(chosen(tx, &own).unwrap(), now);
        }
        let counselor = grant(Act::AssignSkill);
        let assigned = Assignment {
            id: id(5),
            participant: id(PARTICIPANT),
            draft: value(serde_json::json!({
                "skill": "library:urge_surfing", "note": "Once a day.\nBest at night.", "until": "2026-03-09"
            })),
            assigned_by: counselor.actor().account,
            assigned_at: at("2026-03-02T18:00:00Z"),
            withdrawn_at: None,
        };
        assert!(add_assignment(tx, &counselor, &assigned).unwrap());
        assert!(!add_assignment(tx, &counselor, &assigned).unwrap());
        let (before, after) = (at("2026-03-03T18:00:00Z"), at("2026-03-03T18:00:01Z"));
        assert_eq!(assignments(tx, &counselor, after, 1).unwrap(), std::slice::from_ref(&assigned));
        assert_eq!(assignments(tx, &counselor, after, 0).unwrap(), []);
        let withdrawn = Assignment { withdrawn_at: Some(at("2026-03-03T18:00:00Z")), ..assigned };
        put_assignment(tx, &counselor, &withdrawn).unwrap();
        assert_eq!(find_assignment(tx, &counselor, id(5)).unwrap().as_ref(), Some(&withdrawn));
        assert_eq!(assignments(tx, &counselor, before, 1).unwrap(), [withdrawn]);
        assert_eq!(assignments(tx, &counselor, after, 1).unwrap(), []);
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
        assert_eq!(added, Evidence::of(&stored));
        let surfing = &stored[0].draft.skill;
        let since = |tx: &mut Tx, when| practised_since(tx, &own, surfing, at(when)).unwrap();
        assert_eq!(since(tx, "2026-03-02T00:00:00Z"), Some(at("2026-03-03T18:40:00Z")));
        assert_eq!(since(tx, "2026-03-04T18:40:01Z"), None);

        // The one of a clock that is a year ahead counts when it came in.
        let page = list(tx, &own, None, None, None, 2).unwrap();
        assert_eq!(page, [stored[3].clone(), stored[2].clone()]);
        let cursor = Some((page[1].practised_at(), page[1].id));
        let rest = list(tx, &own, None, Some(now), cursor, 9).unwrap();
        assert_eq!(rest, [stored[1].clone(), stored[0].clone()]);
        assert_eq!(list(tx, &own, Some(at("2026-03-04T18:40:00Z")), None, cursor, 9).unwrap(), []);
    }
}
