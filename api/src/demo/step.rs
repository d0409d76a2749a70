//! What one phone, or the counselor about one record, sends: each through the action behind its route.

use evenkeel_domain::access::{Action, Actor, Relation, Request, decide};
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::check_in::{CheckInDraft, CheckInId};
use evenkeel_domain::coping::assignment::{AssignmentDraft, AssignmentId};
use evenkeel_domain::coping::skill_practice::{SkillPracticeDraft, SkillPracticeId};
use evenkeel_domain::coping::{Choices, Chosen};
use evenkeel_domain::craving::{CravingDraft, CravingId, OutcomeDraft, RatingDraft, RatingId};
use evenkeel_domain::plan::Plan;
use evenkeel_domain::plan::safety::SafetyPlan;
use evenkeel_domain::program::{LevelOfCareChangeDraft, LevelOfCareChangeId};
use evenkeel_domain::recovery::debrief::DebriefDraft;
use evenkeel_domain::recovery::lapse::{LapseDraft, LapseId};
use evenkeel_domain::recovery::sobriety_date::{SobrietyDateDraft, SobrietyDateId};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::Tx;
use uuid::Uuid;

use crate::app::problem::Problem;
use crate::coping::{assignment, choice, skill_practice};
use crate::plan::{Change, Written};
use crate::recovery::{self, lapse, use_report};
use crate::{check_in, craving, plan, program};

/// Something that is sent.
#[derive(PartialEq)]
pub(super) enum Step {
    Record(CravingId, CravingDraft),
    Rate(CravingId, RatingId, RatingDraft),
    Conclude(CravingId, OutcomeDraft),
    CheckIn(CheckInId, CheckInDraft),
    SkillPractice(SkillPracticeId, SkillPracticeDraft),
    Choose(Choices),
    SobrietyDate(SobrietyDateId, SobrietyDateDraft),
    Lapse(LapseId, LapseDraft),
    Debrief(LapseId, Box<DebriefDraft>),
    /// The counselor acknowledges all use reported until now.
    AcknowledgeUse,
    /// The plan, made from a revision, by the participant.
    Plan(i32, Box<Plan>),
    /// The same by the counselor.
    Revise(i32, Box<Plan>),
    SafetyPlan(Box<SafetyPlan>),
    /// The participant signs a revision of the plan.
    Sign(i32),
    /// The counselor does.
    Countersign(i32),
    Assign(AssignmentId, AssignmentDraft),
    Care(LevelOfCareChangeId, LevelOfCareChangeDraft),
}

/// Who writes to one record.
pub(super) struct Pair {
    pub(super) participant: ParticipantId,
    pub(super) own: Actor,
    pub(super) counselor: Actor,
}

impl Step {
    /// Who may, and does it.
    fn action(&self) -> (Action, Relation) {
        match self {
            Self::Record(..) => (Action::RecordCraving, Relation::Own),
            Self::Rate(..) => (Action::RateCraving, Relation::Own),
            Self::Conclude(..) => (Action::ConcludeCraving, Relation::Own),
            Self::CheckIn(..) => (Action::AnswerCheckIn, Relation::Own),
            Self::SkillPractice(..) => (Action::RecordSkillPractice, Relation::Own),
            Self::Choose(..) => (Action::ChooseSkills, Relation::Own),
            Self::SobrietyDate(..) => (Action::RecordSobrietyDate, Relation::Own),
            Self::Lapse(..) => (Action::ReportLapse, Relation::Own),
            Self::Debrief(..) => (Action::SaveDebrief, Relation::Own),
            Self::AcknowledgeUse => (Action::AcknowledgeUse, Relation::Caseload),
            Self::Plan(..) | Self::SafetyPlan(..) => (Action::ChangePlan, Relation::Own),
            Self::Revise(..) => (Action::ChangePlan, Relation::Caseload),
            Self::Sign(..) => (Action::SignPlan, Relation::Own),
            Self::Countersign(..) => (Action::SignPlan, Relation::Caseload),
            Self::Assign(..) => (Action::AssignSkill, Relation::Caseload),
            Self::Care(..) => (Action::ChangeLevelOfCare, Relation::Caseload),
        }
    }

    /// What the server does with it.
    pub(super) fn take(self, tx: &mut Tx, pair: &Pair, request: Uuid, at: Moment) -> Result<(), Problem> {
        let (action, relation) = self.action();
        let actor = if relation == Relation::Own { &pair.own } else { &pair.counselor };
        let grant = decide(actor, action, pair.participant, relation, Request { id: request, now: at })
            .map_err(Problem::internal)?;
        match self {
            Self::Record(id, draft) => craving::record(tx, &grant, id, draft).map(drop),
            Self::Rate(id, rating, draft) => craving::rate(tx, &grant, id, rating, &draft).map(drop),
            Self::Conclude(id, draft) => craving::conclude(tx, &grant, id, &draft).map(drop),
            Self::CheckIn(id, draft) => check_in::answer(tx, &grant, id, &draft).map(drop),
            Self::SkillPractice(id, draft) => skill_practice::record(tx, &grant, id, draft).map(drop),
            Self::Choose(choices) => {
                let choose = |before: &Chosen| before.replaced(Some(before.revision), choices.clone());
                choice::change(tx, &grant, choose).map(drop)
            }
            Self::SobrietyDate(id, draft) => recovery::record_date(tx, &grant, id, &draft).map(drop),
            Self::Lapse(id, draft) => lapse::report(tx, &grant, id, &draft).map(drop),
            Self::Debrief(id, draft) => lapse::save_debrief(tx, &grant, id, &draft, 0).map(drop),
            Self::AcknowledgeUse => use_report::groups(tx, &grant)?
                .into_iter()
                .try_for_each(|group| use_report::acknowledge(tx, &grant, group.day, &group.etag)),
            Self::Plan(from, draft) | Self::Revise(from, draft) => {
                saved(&plan::change(tx, &grant, from, *draft, false)?)
            }
            Self::SafetyPlan(draft) => saved(&plan::change(tx, &grant, 0, *draft, false)?),
            Self::Sign(revision) | Self::Countersign(revision) => {
                plan::sign::<Plan>(tx, &grant, revision).map(drop)
            }
            Self::Assign(id, draft) => assignment::assign(tx, &grant, id, draft).map(drop),
            Self::Care(id, draft) => program::record(tx, &grant, id, draft).map(drop),
        }
    }
}

/// Nobody else writes here: what is stale is a fault of the course.
fn saved<D: Written>(change: &Change<D>) -> Result<(), Problem> {
    match change {
        Change::New(_) | Change::Known(_) => Ok(()),
        Change::Stale(_) | Change::Unmergeable(..) => Err(Problem::stale()),
    }
}
