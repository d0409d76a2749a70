//! What a counselor asks somebody to practice, and until when. Practice since then makes it done, late or not:
//! a missed day is no failure.

use super::skill_practice::SkillPractice;
use super::{Choices, Refusal, SkillRef, Skills};
use crate::account::{AccountId, ParticipantId};
use crate::log_entry;
use crate::value::{Day, Moment, TimeZone, entry_schema};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

/// How many days ahead a practice may be asked for.
pub const FURTHEST_UNTIL: i32 = 366;

/// For how many days an assignment that was taken back is still listed, so that a phone learns of it.
pub const WITHDRAWN_DAYS: i64 = 28;

/// How many assignments are listed at most, the latest.
pub const MOST_LISTED: i64 = 200;

id! {
    /// A skill that was assigned for practice.
    AssignmentId
}
text! {
    /// What a counselor says with an assignment.
    AssignmentNote: 1 to 500, lines, such as "Once a day, best in the evening."
}
words! {
    /// How an assignment stands.
    AssignmentState {
        /// To be practiced.
        Open = "open",
        /// Practised since it was assigned.
        Done = "done",
        /// Its last day has passed without practice.
        Over = "over",
        /// Not to be practiced: a precaution that holds for the person speaks against it.
        HasPrecaution = "has_precaution",
        /// Taken back.
        Withdrawn = "withdrawn",
    }
}

/// A skill that is to be practiced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "skill": "library:urge_surfing", "note": "Once a day, best in the evening.", "until": "2026-03-09"
}))]
pub struct AssignmentDraft {
    /// The skill.
    pub skill: SkillRef,
    /// What to say with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<AssignmentNote>,
    /// The last day, by the participant's calendar.
    pub until: Day,
}

/// An assignment as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// Its id.
    pub id: AssignmentId,
    /// Who is to practice.
    #[serde(skip)]
    pub participant: ParticipantId,
    /// What.
    #[serde(flatten)]
    pub draft: AssignmentDraft,
    /// Who assigned it.
    pub assigned_by: AccountId,
    /// When.
    pub assigned_at: Moment,
    /// When it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Moment>,
}

/// What an assignment says beyond its draft, for the schema.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Standing {
    /// Its id.
    id: AssignmentId,
    /// Who assigned it.
    assigned_by: AccountId,
    /// When.
    assigned_at: Moment,
    /// When it was taken back.
    #[schema(nullable = false)]
    withdrawn_at: Option<Moment>,
}

impl PartialSchema for Assignment {
    fn schema() -> RefOr<Schema> {
        entry_schema("A skill that was assigned", Standing::schema(), AssignmentDraft::schema())
    }
}
impl ToSchema for Assignment {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Standing::schemas(schemas);
        AssignmentDraft::schemas(schemas);
    }
}

/// To whom a skill is assigned: the record, where the person lives, and what they chose.
#[derive(Clone, Copy, Debug)]
pub struct Assignee<'a> {
    /// ParticipantRef record.
    pub participant: ParticipantId,
    /// The zone of their calendar.
    pub zone: &'a TimeZone,
    /// Their choices, for the precautions.
    pub choices: &'a Choices,
}

/// Assigns a skill that is on offer and that the person noted no precaution against, until a day from their today.
pub fn assign(
    to: Assignee,
    id: AssignmentId,
    draft: AssignmentDraft,
    by: AccountId,
    skills: &Skills,
    now: Moment,
) -> Result<Assignment, Refusal> {
    let skill = skills.find(&draft.skill).ok_or(Refusal::NotOffered)?;
    if !to.choices.allow(skill) {
        return Err(Refusal::HasPrecaution);
    }
    if !(0..=FURTHEST_UNTIL).contains(&now.local_day(to.zone).until(draft.until)) {
        return Err(Refusal::Until);
    }
    Ok(Assignment {
        id,
        participant: to.participant,
        draft,
        assigned_by: by,
        assigned_at: now,
        withdrawn_at: None,
    })
}

/// Whether an assignment that came again under its id is the one that was made.
pub fn same(assignment: &Assignment, again: &AssignmentDraft) -> Result<(), Refusal> {
    log_entry::standing(assignment.withdrawn_at)?;
    log_entry::same(&assignment.draft, again).map_err(|_| Refusal::AssignedOther)
}

/// Takes an assignment back. Done twice, the first time stands.
#[must_use]
pub fn withdraw(assignment: &Assignment, now: Moment) -> Assignment {
    Assignment { withdrawn_at: log_entry::withdrawn(assignment.withdrawn_at, now), ..assignment.clone() }
}

/// When the skill was first practiced since it was assigned.
pub fn practiced_since<'a>(
    assignment: &Assignment,
    practices: impl IntoIterator<Item = &'a SkillPractice>,
) -> Option<Moment> {
    let standing = practices.into_iter().filter(|practice| practice.withdrawn_at.is_none());
    let of_it = standing.filter(|practice| practice.draft.skill == assignment.draft.skill);
    of_it.map(SkillPractice::practiced_at).filter(|at| assignment.assigned_at <= *at).min()
}

/// How an assignment stands on the participant's today, given the first practice since, and whether its skill has
/// a precaution that holds for them. One that may do harm is neither asked for nor missed.
pub fn state(
    assignment: &Assignment,
    practiced_at: Option<Moment>,
    is_cautioned: bool,
    today: Day,
) -> AssignmentState {
    if assignment.withdrawn_at.is_some() {
        AssignmentState::Withdrawn
    } else if practiced_at.is_some() {
        AssignmentState::Done
    } else if is_cautioned {
        AssignmentState::HasPrecaution
    } else if assignment.draft.until < today {
        AssignmentState::Over
    } else {
        AssignmentState::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coping::library::library;
    use crate::coping::skill_practice::{self, tests::practiced};
    use crate::coping::tests::skill;
    use crate::coping::{Precaution, organization, organization::tests::added};
    use crate::craving::tests::moment;
    use rstest::rstest;
    use uuid::Uuid;

    const NOW: &str = "2026-03-03T02:00:00Z";

    fn day(text: &str) -> Day {
        text.parse::<jiff::civil::Date>().unwrap().into()
    }
    fn asked(name: &str, until: &str) -> AssignmentDraft {
        AssignmentDraft { skill: skill(name), note: None, until: day(until) }
    }
    fn assigned(draft: AssignmentDraft, choices: &Choices) -> Result<Assignment, Refusal> {
        let zone = TimeZone::try_from("America/New_York".to_owned()).unwrap();
        let [participant, id, by] = [1, 2, 3].map(Uuid::from_u128);
        let gone = organization::retire(&added(9, crate::coping::tests::tea()), moment(NOW));
        let own = [added(8, crate::coping::tests::tea()), gone];
        let skills = Skills::new(library(), &own);
        let to = Assignee { participant: participant.into(), zone: &zone, choices };
        assign(to, id.into(), draft, by.into(), &skills, moment(NOW))
    }
    fn surfing() -> Assignment {
        assigned(asked("library:urge_surfing", "2026-03-04"), &Choices::default()).unwrap()
    }

    #[rstest]
    #[case::their_today("library:cold_water", "2026-03-02", None)]
    #[case::their_yesterday("library:cold_water", "2026-03-01", Some(Refusal::Until))]
    #[case::in_a_year("library:cold_water", "2027-03-03", None)]
    #[case::later("library:cold_water", "2027-03-04", Some(Refusal::Until))]
    #[case::unknown("library:juggling", "2026-03-04", Some(Refusal::NotOffered))]
    #[case::own("organization:00000000-0000-0000-0000-000000000008", "2026-03-04", None)]
    #[case::retired(
        "organization:00000000-0000-0000-0000-000000000009",
        "2026-03-04",
        Some(Refusal::NotOffered)
    )]
    fn a_skill_on_offer_is_assigned_until_a_day_to_come(
        #[case] name: &str,
        #[case] until: &str,
        #[case] refusal: Option<Refusal>,
    ) {
        assert_eq!(assigned(asked(name, until), &Choices::default()).err(), refusal);
    }

    #[test]
    fn a_skill_that_may_harm_this_person_is_not_assigned() {
        let precautions = vec![Precaution::HeartCondition].try_into().unwrap();
        let choices = Choices { precautions, ..Choices::default() };
        let cold = asked("library:cold_water", "2026-03-04");
        assert_eq!(assigned(cold, &choices), Err(Refusal::HasPrecaution));
        assert!(assigned(asked("library:five_senses", "2026-03-04"), &choices).is_ok());
    }

    #[test]
    fn practice_since_makes_it_done_even_late() {
        let assignment = surfing();
        let before = practiced("library:urge_surfing", "2026-03-03T01:00:00Z", 7, 4);
        let other = practiced("library:five_senses", "2026-03-03T03:00:00Z", 7, 4);
        let late = practiced("library:urge_surfing", "2026-03-09T03:00:00Z", 7, 4);
        assert_eq!(practiced_since(&assignment, [&before, &other]), None);
        assert_eq!(state(&assignment, None, false, day("2026-03-04")), AssignmentState::Open);
        assert_eq!(state(&assignment, None, false, day("2026-03-05")), AssignmentState::Over);
        for today in ["2026-03-04", "2026-03-05"] {
            assert_eq!(state(&assignment, None, true, day(today)), AssignmentState::HasPrecaution);
        }
        let done = practiced_since(&assignment, [&before, &late, &other]);
        assert_eq!(done, Some(moment("2026-03-09T03:00:00Z")));
        assert_eq!(state(&assignment, done, true, day("2026-03-09")), AssignmentState::Done);
        let gone = skill_practice::withdraw(&late, moment("2026-03-10T00:00:00Z"));
        assert_eq!(practiced_since(&assignment, [&gone]), None);
    }

    #[test]
    fn an_assignment_taken_back_asks_for_nothing() {
        let assignment = surfing();
        assert_eq!(same(&assignment, &assignment.draft), Ok(()));
        assert_eq!(same(&assignment, &asked("library:delay_15", "2026-03-04")), Err(Refusal::AssignedOther));
        let gone = withdraw(&assignment, moment("2026-03-03T09:00:00Z"));
        assert_eq!(withdraw(&gone, moment("2026-03-04T09:00:00Z")), gone);
        assert_eq!(same(&gone, &gone.draft), Err(Refusal::Withdrawn));
        assert_eq!(state(&gone, Some(moment(NOW)), true, day("2026-03-03")), AssignmentState::Withdrawn);
    }
}
