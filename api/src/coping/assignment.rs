//! Skills that a counselor assigns for practice.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::coping::assignment::{
    self, Assignee, Assignment, AssignmentDraft, AssignmentId, AssignmentState, MOST_LISTED, WITHDRAWN_DAYS,
};
use evenkeel_domain::coping::{Refusal, Skills};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, coping as store};
use jiff::SignedDuration;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::calendar::home_zone;
use crate::app::problem::Problem;
use crate::coping::OnOffer;
use crate::http::body::{Json, Path, Recorded};
use crate::http::caller::{Caller, ParticipantRef};

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_assignments).service(assign_skill).service(withdraw_assignment);
}

/// An assignment and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Assigned {
    /// The assignment.
    #[serde(flatten)]
    pub assignment: Assignment,
    /// Its state today, in the participant's time zone.
    pub state: AssignmentState,
    /// When the skill was first practiced since it was assigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub practiced_at: Option<Moment>,
}

// Actions

/// Assigns a skill: stores the assignment once and records it in the audit log. The same content again changes nothing,
/// even if the skill is no longer on offer.
pub fn assign(
    tx: &mut Tx,
    grant: &Grant,
    id: AssignmentId,
    draft: AssignmentDraft,
) -> Result<Recorded<Assigned>, Problem> {
    let zone = home_zone(tx, grant.participant())?;
    let on_offer = OnOffer::read(tx, grant)?;
    let skills = on_offer.skills();
    let to = Assignee { participant: grant.participant(), zone: &zone, choices: &on_offer.choices };
    if let Some(stored) = store::find_assignment(tx, grant, id)? {
        assignment::same(&stored, &draft)?;
        audit::record_view(tx, grant, Action::ReadSkillPractice, Some(id.into()))?;
        let practiced_at = store::practiced_at(tx, grant, id)?;
        return Ok(Recorded::Known(with_state(stored, practiced_at, to, &skills, grant.now())));
    }
    let assigned = assignment::assign(to, id, draft, grant.actor().account, &skills, grant.now())?;
    if !store::add_assignment(tx, grant, &assigned)? {
        return Err(Refusal::DifferentAssignment.into());
    }
    audit::record(tx, grant, Action::AssignSkill, Some(id.into()))?;
    let practiced_at = store::practiced_at(tx, grant, id)?;
    Ok(Recorded::New(with_state(assigned, practiced_at, to, &skills, grant.now())))
}

fn withdraw(tx: &mut Tx, grant: &Grant, id: AssignmentId) -> Result<(), Problem> {
    let before = store::find_assignment(tx, grant, id)?.ok_or_else(Problem::unknown)?;
    let withdrawn = assignment::withdraw(&before, grant.now());
    if withdrawn != before {
        store::put_assignment(tx, grant, &withdrawn)?;
        audit::record(tx, grant, Action::WithdrawAssignment, Some(id.into()))?;
    }
    Ok(())
}

/// The latest assignments, each with its state, given the skills on offer.
pub fn listed(
    tx: &mut Tx,
    grant: &Grant,
    to: Assignee<'_>,
    skills: &Skills<'_>,
    now: Moment,
) -> Result<Vec<Assigned>, Problem> {
    let since = now.plus(SignedDuration::from_hours(-24 * WITHDRAWN_DAYS));
    let found = store::assignments(tx, grant, since, MOST_LISTED)?;
    Ok(found.into_iter().map(|(one, practiced_at)| with_state(one, practiced_at, to, skills, now)).collect())
}

fn with_state(
    assignment: Assignment,
    practiced_at: Option<Moment>,
    to: Assignee<'_>,
    skills: &Skills<'_>,
    now: Moment,
) -> Assigned {
    let is_cautioned = to.choices.warn_of(&assignment.draft.skill, skills);
    let state = assignment::state(&assignment, practiced_at, is_cautioned, now.local_day(to.zone));
    Assigned { assignment, state, practiced_at }
}

// Routes

/// Assign a skill for practice
///
/// Until a day in the participant's time zone, at most a year ahead. The skill must be on offer and have no precaution
/// that applies to the participant.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(AssignmentId), Path)),
    responses(
        (status = 201, description = "Assigned, durably", body = Assigned),
        (status = 200, description = "Assigned before with the same content", body = Assigned),
        (status = 409, description = "The id is in use for another assignment, or the assignment was withdrawn"),
    ),
)]
#[put("/v1/participants/{participant}/coping/assignments/{id}")]
async fn assign_skill(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, AssignmentId)>,
    Json(draft): Json<AssignmentDraft>,
) -> Result<Recorded<Assigned>, Problem> {
    let (participant, id) = path.into_inner();
    let done = caller
        .write(&app, Action::AssignSkill, participant, move |tx, grant| assign(tx, grant, id, draft.clone()));
    done.await
}

/// A participant's assignments.
#[derive(Serialize, ToSchema)]
struct Assignments {
    /// The assignments, the latest first
    #[schema(max_items = 200)]
    items: Vec<Assigned>,
}

/// List assigned skills
///
/// The latest 200, each with its state. An assignment is `done` when the skill was practiced since, even if late.
/// Otherwise it is `open`, or `over` when its last day has passed, or `has_precaution` if the skill has a precaution
/// that applies to the participant. A withdrawn one is listed as `withdrawn` for 28 days.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses((status = 200, description = "The assignments, the latest first", body = Assignments)),
)]
#[get("/v1/participants/{participant}/coping/assignments")]
async fn list_assignments(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
) -> Result<Json<Assignments>, Problem> {
    let (participant,) = path.into_inner();
    let now = app.now();
    let items = caller
        .read(&app, Action::ReadSkillPractice, participant, None, move |tx, grant| {
            let zone = home_zone(tx, grant.participant())?;
            let on_offer = OnOffer::read(tx, grant)?;
            let to = Assignee { participant: grant.participant(), zone: &zone, choices: &on_offer.choices };
            let items = listed(tx, grant, to, &on_offer.skills(), now)?;
            Ok(items)
        })
        .await?;
    Ok(Json(Assignments { items }))
}

/// Withdraw an assignment
///
/// The participant is no longer asked to practice it. It stays stored. Doing it again changes nothing.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(AssignmentId), Path)),
    responses((status = 204, description = "Withdrawn")),
)]
#[delete("/v1/participants/{participant}/coping/assignments/{id}")]
async fn withdraw_assignment(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, AssignmentId)>,
) -> Result<HttpResponse, Problem> {
    let (participant, id) = path.into_inner();
    caller
        .write(&app, Action::WithdrawAssignment, participant, move |tx, grant| withdraw(tx, grant, id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
