//! The program: the level of care, and the steps to it that staff record.

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
        let said = refusal.to_string();
        match refusal {
            Refusal::Different => Self::different(said),
            Refusal::FarAway => Self::invalid("/since", said),
            Refusal::NoStep => Self::conflict(said.clone()).and("/level", said),
        }
    }
}

// What happens

/// What happens when a step to a level of care is recorded: it is stored once and recorded in the audit log. The same again
/// changes nothing.
pub fn record(
    tx: &mut Tx,
    grant: &Grant,
    id: LevelOfCareChangeId,
    draft: LevelOfCareChangeDraft,
) -> Result<Recorded<LevelOfCareChange>, Problem> {
    let steps = store::list(tx, grant)?;
    let today = today(tx, grant)?;
    let step = program::record(&steps, id, draft, grant.actor().account, today, grant.now())?;
    let is_new = !steps.contains(&step);
    if is_new {
        store::add(tx, grant, &step)?;
        audit::record(tx, grant, Action::ChangeLevelOfCare, Some(id.into()))?;
    } else {
        audit::record_view(tx, grant, Action::ReadLevelOfCare, Some(id.into()))?;
    }
    Ok(if is_new { Recorded::New(step) } else { Recorded::Known(step) })
}

/// The level of care on a day of the participant's. For the modules in which it decides something.
pub fn level_on(tx: &mut Tx, grant: &Grant, on: Day) -> Result<LevelOfCare, Problem> {
    Ok(program::level_on(&store::list(tx, grant)?, on))
}

// Routes

/// Read the level of care
///
/// The level today by the participant's calendar, since when it holds, and all steps that were recorded, those
/// ahead too. As long as none is, it is `intensive_outpatient`.
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
    let _now = app.now();
    let care = caller
        .read(&app, Action::ReadLevelOfCare, participant, None, move |tx, grant| {
            let care = program::level_of_care_on(&store::list(tx, grant)?, today(tx, grant)?);
            Ok(care)
        })
        .await?;
    Ok(Json(care))
}

/// Record a step to a level of care
///
/// By the counselor or a supervisor: from a day within a year of the participant's today, earlier or ahead, they
/// are at this level. A step is never changed or taken back; what was stated wrongly is put right by another
/// step, and of two on one day the one recorded later holds. How far ahead the next review of the plan may lie
/// follows the level: 14 days in intensive outpatient care, 90 in continuing care. The client makes the id (UUIDv7).
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(LevelOfCareChangeId), Path)),
    responses(
        (status = 201, description = "Recorded, durably", body = LevelOfCareChange, example = json!({
            "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "level": "continuing_care", "since": "2026-11-20",
            "recorded_by": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b4", "recorded_at": "2026-11-19T16:05:00Z",
        })),
        (status = 200, description = "Recorded before with the same content", body = LevelOfCareChange),
        (status = 409, description = "The id is taken by another step, or this level holds on that day already"),
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
