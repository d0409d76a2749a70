//! What one phone, or the counselor about one record, sends: each through the action behind its route.

use evenkeel_domain::access::{Act, Actor, Relation, decide};
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::check_in::{CheckInDraft, CheckInId};
use evenkeel_domain::coping::assignment::{AssignmentDraft, AssignmentId};
use evenkeel_domain::coping::practice::{PracticeDraft, PracticeId};
use evenkeel_domain::coping::{Choices, Chosen};
use evenkeel_domain::craving::{CravingDraft, CravingId, OutcomeDraft, RatingDraft, RatingId};
use evenkeel_domain::plan::Plan;
use evenkeel_domain::plan::safety::SafetyPlan;
use evenkeel_domain::program::{CareStepDraft, CareStepId};
use evenkeel_domain::recovery::debrief::DebriefDraft;
use evenkeel_domain::recovery::lapse::{LapseDraft, LapseId};
use evenkeel_domain::recovery::start::{StartDraft, StartId};
use evenkeel_domain::recovery::told_use::{TellingId, TellingKind};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::Tx;
use uuid::Uuid;

use crate::coping::{assignment, choice, practice};
use crate::plan::{Change, Written};
use crate::problem::Problem;
use crate::recovery::{self, lapse, told_use};
use crate::{check_in, craving, plan, program};

/// Something that is sent.
#[derive(PartialEq)]
pub(super) enum Step {
    Record(CravingId, CravingDraft),
    Rate(CravingId, RatingId, RatingDraft),
    Conclude(CravingId, OutcomeDraft),
    CheckIn(CheckInId, CheckInDraft),
    Practice(PracticeId, PracticeDraft),
    Choose(Choices),
    Start(StartId, StartDraft),
    Lapse(LapseId, LapseDraft),
    Debrief(LapseId, Box<DebriefDraft>),
    /// The counselor has seen a lapse.
    Acknowledge(LapseId),
    /// The counselor has seen what an entry tells of use.
    AcknowledgeUse(TellingKind, TellingId),
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
    Care(CareStepId, CareStepDraft),
}

/// Who writes to one record.
pub(super) struct Pair {
    pub(super) participant: ParticipantId,
    pub(super) own: Actor,
    pub(super) counselor: Actor,
}

impl Step {
    /// Who may, and does it.
    fn act(&self) -> (Act, Relation) {
        match self {
            Self::Record(..) | Self::Rate(..) | Self::Conclude(..) => (Act::RecordCraving, Relation::Own),
            Self::CheckIn(..) => (Act::AnswerCheckIn, Relation::Own),
            Self::Practice(..) => (Act::RecordPractice, Relation::Own),
            Self::Choose(..) => (Act::ChooseSkills, Relation::Own),
            Self::Start(..) | Self::Lapse(..) | Self::Debrief(..) => (Act::ReportLapse, Relation::Own),
            Self::Acknowledge(_) | Self::AcknowledgeUse(..) => (Act::AcknowledgeLapse, Relation::Caseload),
            Self::Plan(..) | Self::SafetyPlan(..) => (Act::ChangePlan, Relation::Own),
            Self::Revise(..) => (Act::ChangePlan, Relation::Caseload),
            Self::Sign(..) => (Act::SignPlan, Relation::Own),
            Self::Countersign(..) => (Act::SignPlan, Relation::Caseload),
            Self::Assign(..) => (Act::AssignSkill, Relation::Caseload),
            Self::Care(..) => (Act::ChangeCare, Relation::Caseload),
        }
    }

    /// What the server does with it.
    pub(super) fn take(self, tx: &mut Tx, pair: &Pair, request: Uuid, at: Moment) -> Result<(), Problem> {
        let (act, relation) = self.act();
        let actor = if relation == Relation::Own { &pair.own } else { &pair.counselor };
        let grant = decide(actor, act, pair.participant, relation).map_err(Problem::internal)?;
        match self {
            Self::Record(id, draft) => craving::record(tx, &grant, id, draft, request, at).map(drop),
            Self::Rate(id, rating, draft) => {
                craving::rate(tx, &grant, id, rating, &draft, request, at).map(drop)
            }
            Self::Conclude(id, draft) => craving::conclude(tx, &grant, id, &draft, request, at).map(drop),
            Self::CheckIn(id, draft) => check_in::answer(tx, &grant, id, &draft, request, at).map(drop),
            Self::Practice(id, draft) => practice::record(tx, &grant, id, draft, request, at).map(drop),
            Self::Choose(choices) => {
                let choose = |before: &Chosen| before.anew(Some(before.revision), choices.clone());
                choice::change(tx, &grant, choose, request, at).map(drop)
            }
            Self::Start(id, draft) => recovery::begin(tx, &grant, id, &draft, request, at).map(drop),
            Self::Lapse(id, draft) => lapse::report(tx, &grant, id, &draft, request, at).map(drop),
            Self::Debrief(id, draft) => lapse::look_back(tx, &grant, id, &draft, 0, request, at).map(drop),
            Self::Acknowledge(id) => lapse::acknowledge(tx, &grant, id, 1, request, at),
            Self::AcknowledgeUse(kind, id) => told_use::acknowledge(tx, &grant, kind, id, 1, request, at),
            Self::Plan(from, draft) | Self::Revise(from, draft) => {
                saved(&plan::change(tx, &grant, from, *draft, false, request, at)?)
            }
            Self::SafetyPlan(draft) => saved(&plan::change(tx, &grant, 0, *draft, false, request, at)?),
            Self::Sign(revision) | Self::Countersign(revision) => {
                plan::sign::<Plan>(tx, &grant, revision, request, at).map(drop)
            }
            Self::Assign(id, draft) => assignment::assign(tx, &grant, id, draft, request, at).map(drop),
            Self::Care(id, draft) => program::record(tx, &grant, id, draft, request, at).map(drop),
        }
    }
}

/// Nobody else writes here: what is stale is a fault of the course.
fn saved<D: Written>(change: &Change<D>) -> Result<(), Problem> {
    match change {
        Change::New(_) | Change::Known(_) => Ok(()),
        Change::Stale(_) | Change::Apart(..) => Err(Problem::stale()),
    }
}
