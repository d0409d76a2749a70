//! What a counselor asks somebody to practise, and how that stands.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, put};
use evenkeel_domain::access::{Act, Grant};
use evenkeel_domain::coping::assignment::{
    self, Assignee, Assignment, AssignmentDraft, AssignmentId, AssignmentState, MOST_LISTED, WITHDRAWN_DAYS,
};
use evenkeel_domain::coping::{Refusal, Skills};
use evenkeel_domain::journal::{Act as Deed, Room};
use evenkeel_domain::value::{Moment, standing_schema};
use evenkeel_persistence::{Tx, coping as store};
use jiff::SignedDuration;
use serde::Serialize;
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::account::home_zone;
use crate::app::App;
use crate::body::{Json, Path, Recorded};
use crate::caller::{Caller, Whose};
use crate::coping::OnOffer;
use crate::journal::{note, note_shown, seen};
use crate::problem::Problem;

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_assignments).service(assign_skill).service(withdraw_assignment);
}

/// An assignment, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assigned {
    /// What was assigned.
    #[serde(flatten)]
    pub assignment: Assignment,
    /// How it stands on the participant's today.
    pub state: AssignmentState,
    /// When the skill was first practised since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub practised_at: Option<Moment>,
}

/// What is said of an assignment beyond itself, for the schema.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Standing {
    /// How it stands on the participant's today
    state: AssignmentState,
    /// When the skill was first practised since
    #[schema(nullable = false)]
    practised_at: Option<Moment>,
}

impl PartialSchema for Assigned {
    fn schema() -> RefOr<Schema> {
        standing_schema("An assignment, and how it stands", Standing::schema(), Assignment::schema())
    }
}
impl ToSchema for Assigned {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Standing::schemas(schemas);
        Assignment::schemas(schemas);
    }
}

// What happens

/// What happens when a skill is assigned: it is stored once and journaled. The same content again changes
/// nothing, even if the skill is no longer on offer; `true` says it is new.
pub fn assign(
    tx: &mut Tx,
    grant: &Grant,
    id: AssignmentId,
    draft: AssignmentDraft,
    request: Uuid,
    now: Moment,
) -> Result<(Assigned, bool), Problem> {
    let zone = home_zone(tx, grant.participant())?;
    let on_offer = OnOffer::read(tx, grant)?;
    let skills = on_offer.skills();
    let to = Assignee { participant: grant.participant(), zone: &zone, choices: &on_offer.choices };
    if let Some(stored) = store::find_assignment(tx, grant, id)? {
        assignment::same(&stored, &draft)?;
        note_shown(tx, grant, Room::Coping, Some(id.into()), request, now)?;
        let practised_at = store::practised_at(tx, grant, id)?;
        return Ok((standing(stored, practised_at, to, &skills, now), false));
    }
    let assigned = assignment::assign(to, id, draft, grant.actor().account, &skills, now)?;
    if !store::add_assignment(tx, grant, &assigned)? {
        return Err(Refusal::AssignedOther.into());
    }
    note(tx, grant, Deed::Assign, Room::Coping, Some(id.into()), request, now)?;
    let practised_at = store::practised_at(tx, grant, id)?;
    Ok((standing(assigned, practised_at, to, &skills, now), true))
}

fn withdraw(tx: &mut Tx, grant: &Grant, id: AssignmentId, request: Uuid, now: Moment) -> Result<(), Problem> {
    let before = store::find_assignment(tx, grant, id)?.ok_or_else(Problem::unknown)?;
    let withdrawn = assignment::withdraw(&before, now);
    if withdrawn != before {
        store::put_assignment(tx, grant, &withdrawn)?;
        note(tx, grant, Deed::Withdraw, Room::Coping, Some(id.into()), request, now)?;
    }
    Ok(())
}

/// The latest assignments, each with how it stands for whom it was made, given the skills on offer.
pub fn listed(
    tx: &mut Tx,
    grant: &Grant,
    to: Assignee<'_>,
    skills: &Skills<'_>,
    now: Moment,
) -> Result<Vec<Assigned>, Problem> {
    let since = now.plus(SignedDuration::from_hours(-24 * WITHDRAWN_DAYS));
    let found = store::assignments(tx, grant, since, MOST_LISTED)?;
    Ok(found.into_iter().map(|(one, practised_at)| standing(one, practised_at, to, skills, now)).collect())
}

fn standing(
    assignment: Assignment,
    practised_at: Option<Moment>,
    to: Assignee<'_>,
    skills: &Skills<'_>,
    now: Moment,
) -> Assigned {
    let is_cautioned = to.choices.warn_of(&assignment.draft.skill, skills);
    let state = assignment::state(&assignment, practised_at, is_cautioned, now.local_day(to.zone));
    Assigned { assignment, state, practised_at }
}

// Routes

/// Assign a skill for practice
///
/// Until a day of the participant's calendar, at most a year ahead. The skill must be on offer and have no
/// caution that holds for the participant.
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path), ("id" = inline(AssignmentId), Path)),
    responses(
        (status = 201, description = "Assigned, durably", body = Assigned),
        (status = 200, description = "Assigned before with the same content", body = Assigned),
        (status = 409, description = "The id is taken by another assignment, or it was taken back"),
    ),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/coping/assignments/{id}")]
async fn assign_skill(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, AssignmentId)>,
    Json(draft): Json<AssignmentDraft>,
) -> Result<Recorded<Assigned>, Problem> {
    let (whose, id) = path.into_inner();
    let now = app.now();
    let done = app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::AssignSkill, &whose)?;
        assign(tx, &grant, id, draft.clone(), caller.request_id, now)
    });
    done.await.map(Recorded::from)
}

/// What was assigned, the latest first.
#[derive(Serialize, ToSchema)]
struct Assignments {
    /// The assignments
    #[schema(max_items = 200)]
    items: Vec<Assigned>,
}

/// List assigned skills
///
/// The latest 200, each with how it stands: done once the skill was practised since, late or not; open, or over
/// when its last day has passed; cautioned, and neither open nor over, while a caution that holds for the
/// participant speaks against the skill. One that was taken back is listed as withdrawn for 28 days.
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path)),
    responses((status = 200, description = "The assignments, the latest first", body = Assignments)),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/coping/assignments")]
async fn list_assignments(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
) -> Result<Json<Assignments>, Problem> {
    let (whose,) = path.into_inner();
    let now = app.now();
    let (grant, items) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadPractice, &whose)?;
            let zone = home_zone(tx, grant.participant())?;
            let on_offer = OnOffer::read(tx, &grant)?;
            let to = Assignee { participant: grant.participant(), zone: &zone, choices: &on_offer.choices };
            let items = listed(tx, &grant, to, &on_offer.skills(), now)?;
            Ok((grant, items))
        })
        .await?;
    seen(&app, grant, Room::Coping, None, caller.request_id).await?;
    Ok(Json(Assignments { items }))
}

/// Take an assignment back
///
/// It is no longer asked for; that it was is kept. Again is the same.
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path), ("id" = inline(AssignmentId), Path)),
    responses((status = 204, description = "Taken back")),
    security(("bearer" = []))
)]
#[delete("/v1/participants/{participant}/coping/assignments/{id}")]
async fn withdraw_assignment(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, AssignmentId)>,
) -> Result<HttpResponse, Problem> {
    let (whose, id) = path.into_inner();
    let now = app.now();
    app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::AssignSkill, &whose)?;
        withdraw(tx, &grant, id, caller.request_id, now)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
