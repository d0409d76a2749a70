//! The program: the level of care, and its changes that staff record.

use actix_web::web::Data;
use actix_web::{get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::program::{
    self, LevelOfCare, LevelOfCareChange, LevelOfCareChangeDraft, LevelOfCareChangeId, LevelOfCareHistory,
    Refusal,
};
use evenkeel_domain::value::Day;
use evenkeel_persistence::{Tx, program as store};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::calendar::today;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Recorded};
use crate::http::caller::{Caller, ParticipantRef};

/// The routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config.service(read_level_of_care).service(change_level_of_care);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Different => Self::different(detail),
            Refusal::TooFarAway => Self::invalid("/since", detail),
            Refusal::NoChange => Self::conflict(detail.clone()).and("/level", detail),
        }
    }
}

// Actions

/// Records a level-of-care change. Sending the same change again changes nothing.
pub fn record(
    tx: &mut Tx,
    grant: &Grant,
    id: LevelOfCareChangeId,
    draft: LevelOfCareChangeDraft,
) -> Result<Recorded<LevelOfCareChange>, Problem> {
    let changes = store::list(tx, grant)?;
    let today = today(tx, grant)?;
    let change = program::record(&changes, id, draft, grant.actor().account, today, grant.now())?;
    let is_new = !changes.contains(&change);
    if is_new {
        store::add(tx, grant, &change)?;
        audit::record(tx, grant, Action::ChangeLevelOfCare, Some(id.into()))?;
    } else {
        audit::record_view(tx, grant, Action::ReadLevelOfCare, Some(id.into()))?;
    }
    Ok(if is_new { Recorded::New(change) } else { Recorded::Known(change) })
}

/// The participant's level of care on a local day, for modules with rules that depend on it.
pub fn level_on(tx: &mut Tx, grant: &Grant, on: Day) -> Result<LevelOfCare, Problem> {
    Ok(program::level_on(&store::list(tx, grant)?, on))
}

// Routes

/// Read the level of care
///
/// The level on the participant's local date today, since when it applies, and all recorded changes, including future
/// ones. Without any change it is `intensive_outpatient`.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses((status = 200, description = "The level of care", body = LevelOfCareHistory)),
)]
#[get("/v1/participants/{participant}/level-of-care")]
async fn read_level_of_care(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
) -> Result<Json<LevelOfCareHistory>, Problem> {
    let (participant,) = path.into_inner();
    let care = caller.read(&app, Action::ReadLevelOfCare, participant, None, move |tx, grant| {
        Ok(program::level_of_care_on(&store::list(tx, grant)?, today(tx, grant)?))
    });
    care.await.map(Json)
}

/// Record a level-of-care change
///
/// The counselor or a supervisor records from which day on the participant is at this level. The day is within one year
/// before or after the participant's local date today. A change is never edited or withdrawn: correct a wrong one with
/// another change. Of two changes on one day, the one recorded later counts. The level decides how far ahead the next
/// plan review may be: 14 days in intensive outpatient care, 90 in continuing care. The client makes the id (UUIDv7).
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(LevelOfCareChangeId), Path)),
    responses(
        (status = 201, description = "Recorded", body = LevelOfCareChange, example = json!({
            "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "level": "continuing_care", "since": "2026-11-20",
            "recorded_by": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b4", "recorded_at": "2026-11-19T16:05:00Z",
        })),
        (status = 200, description = "Already recorded with the same content", body = LevelOfCareChange),
        (status = 409, description = "The id has another change, or the participant is already at this level on that day"),
    ),
)]
#[put("/v1/participants/{participant}/level-of-care/changes/{id}")]
async fn change_level_of_care(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, LevelOfCareChangeId)>,
    Json(draft): Json<LevelOfCareChangeDraft>,
) -> Result<Recorded<LevelOfCareChange>, Problem> {
    let (participant, id) = path.into_inner();
    let done = caller
        .write(&app, Action::ChangeLevelOfCare, participant, move |tx, grant| record(tx, grant, id, draft));
    done.await
}
