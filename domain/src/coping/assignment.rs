//! Skills that a counselor assigns for practice, with a last day. Practice after the assignment makes it done,
//! even if it is late: a missed day is not a failure.

use super::skill_practice::SkillPractice;
use super::{Choices, Refusal, SkillRef, Skills};
use crate::account::{AccountId, ParticipantId};
use crate::log_entry;
use crate::value::{Day, Moment, TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most days ahead that the last day of an assignment may be.
pub const FURTHEST_UNTIL: i32 = 366;

/// For how many days a withdrawn assignment is still listed, so that phones see that it was withdrawn.
pub const WITHDRAWN_DAYS: i64 = 28;

/// The most assignments listed; the newest are.
pub const MOST_LISTED: i64 = 200;

id! {
    /// An assignment.
    AssignmentId
}
text! {
    /// A counselor's note with an assignment.
    AssignmentNote: 1 to 500, lines, such as "Once a day, best in the evening."
}
words! {
    /// The state of an assignment.
    AssignmentState {
        /// Not practiced yet.
        Open = "open",
        /// Practiced since it was assigned.
        Done = "done",
        /// Its last day has passed without practice.
        Over = "over",
        /// Should not be practiced: the skill has a precaution that applies to the person.
        HasPrecaution = "has_precaution",
        /// Withdrawn.
        Withdrawn = "withdrawn",
    }
}

/// A skill to assign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "skill": "library:urge_surfing", "note": "Once a day, best in the evening.", "until": "2026-03-09"
}))]
pub struct AssignmentDraft {
    /// The skill.
    pub skill: SkillRef,
    /// A note to the participant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<AssignmentNote>,
    /// The last day, in the participant's time zone.
    pub until: Day,
}

/// An assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Assignment {
    /// Its id.
    pub id: AssignmentId,
    /// To whom the skill is assigned.
    #[serde(skip)]
    pub participant: ParticipantId,
    /// The skill, the note and the last day.
    #[serde(flatten)]
    pub draft: AssignmentDraft,
    /// Who assigned it.
    pub assigned_by: AccountId,
    /// When.
    pub assigned_at: Moment,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub withdrawn_at: Option<Moment>,
}

/// The participant to whom a skill is assigned.
#[derive(Clone, Copy, Debug)]
pub struct Assignee<'a> {
    /// Their id.
    pub participant: ParticipantId,
    /// Their time zone.
    pub zone: &'a TimeZone,
    /// Their choices, which include their precautions.
    pub choices: &'a Choices,
}

/// Assigns a skill. It must be on offer, without a precaution that applies to the person, and the last day must
/// be today or later.
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

/// Whether an assignment that is sent again under its id has the same content.
pub fn same(assignment: &Assignment, again: &AssignmentDraft) -> Result<(), Refusal> {
    log_entry::not_withdrawn(assignment.withdrawn_at)?;
    log_entry::same(&assignment.draft, again).map_err(|_| Refusal::DifferentAssignment)
}

/// Withdraws an assignment. Doing it again changes nothing.
#[must_use]
pub fn withdraw(assignment: &Assignment, now: Moment) -> Assignment {
    Assignment { withdrawn_at: log_entry::withdrawn(assignment.withdrawn_at, now), ..assignment.clone() }
}

/// When the skill was first practiced since it was assigned.
pub fn practiced_since<'a>(
    assignment: &Assignment,
    practices: impl IntoIterator<Item = &'a SkillPractice>,
) -> Option<Moment> {
    let valid = practices.into_iter().filter(|practice| practice.withdrawn_at.is_none());
    let of_skill = valid.filter(|practice| practice.draft.skill == assignment.draft.skill);
    of_skill.map(SkillPractice::happened_at).filter(|at| assignment.assigned_at <= *at).min()
}

/// The state of an assignment. `practiced_at` is the first practice since it was assigned, `today` is the
/// participant's. A skill with a precaution that applies to them counts neither as open nor as missed.
pub fn state(
    assignment: &Assignment,
    practiced_at: Option<Moment>,
    has_precaution: bool,
    today: Day,
) -> AssignmentState {
    if assignment.withdrawn_at.is_some() {
        AssignmentState::Withdrawn
    } else if practiced_at.is_some() {
        AssignmentState::Done
    } else if has_precaution {
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
    use crate::coping::skill_practice::tests::practiced;
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
    fn a_skill_on_offer_is_assigned_until_today_or_a_later_day(
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
    fn practice_after_the_assignment_makes_it_done_even_if_late() {
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
        let gone = late.withdraw(moment("2026-03-10T00:00:00Z"));
        assert_eq!(practiced_since(&assignment, [&gone]), None);
    }

    #[test]
    fn a_withdrawn_assignment_stays_withdrawn() {
        let assignment = surfing();
        assert_eq!(same(&assignment, &assignment.draft), Ok(()));
        assert_eq!(
            same(&assignment, &asked("library:delay_15", "2026-03-04")),
            Err(Refusal::DifferentAssignment)
        );
        let gone = withdraw(&assignment, moment("2026-03-03T09:00:00Z"));
        assert_eq!(withdraw(&gone, moment("2026-03-04T09:00:00Z")), gone);
        assert_eq!(same(&gone, &gone.draft), Err(log_entry::Refusal::Withdrawn.into()));
        assert_eq!(state(&gone, Some(moment(NOW)), true, day("2026-03-03")), AssignmentState::Withdrawn);
    }
}
