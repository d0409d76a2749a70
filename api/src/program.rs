//! The program: the level of care, and the steps to it that staff record.

use actix_web::web::Data;
use actix_web::{get, put};
use evenkeel_domain::access::{Act, Grant};
use evenkeel_domain::journal::{Act as Deed, Room};
use evenkeel_domain::program::{self, Care, CareStep, CareStepDraft, CareStepId, LevelOfCare, Refusal};
use evenkeel_domain::value::{Day, Moment};
use evenkeel_persistence::{Tx, program as store};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::account::today;
use crate::app::App;
use crate::body::{Json, Path, Recorded};
use crate::caller::{Caller, Whose};
use crate::journal::{note, note_shown, seen};
use crate::problem::Problem;

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig) {
    config.service(read_care).service(record_care_step);
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

/// What happens when a step to a level of care is recorded: it is stored once and journaled. The same again
/// changes nothing; `true` says it is new.
pub fn record(
    tx: &mut Tx,
    grant: &Grant,
    id: CareStepId,
    draft: CareStepDraft,
    request: Uuid,
    now: Moment,
) -> Result<(CareStep, bool), Problem> {
    let steps = store::list(tx, grant)?;
    let today = today(tx, grant, now)?;
    let step = program::record(&steps, id, draft, grant.actor().account, today, now)?;
    let is_new = !steps.contains(&step);
    if is_new {
        store::add(tx, grant, &step)?;
        note(tx, grant, Deed::Record, Room::Program, Some(id.into()), request, now)?;
    } else {
        note_shown(tx, grant, Room::Program, Some(id.into()), request, now)?;
    }
    Ok((step, is_new))
}

/// The level of care on a day of the participant's. For the rooms in which it decides something.
pub fn level_on(tx: &mut Tx, grant: &Grant, on: Day) -> Result<LevelOfCare, Problem> {
    Ok(program::level_on(&store::list(tx, grant)?, on))
}

// Routes

/// Read the level of care
///
/// The level today by the participant's calendar, since when it holds, and all steps that were recorded, those
/// ahead too. As long as none is, it is `intensive_outpatient`.
#[utoipa::path(
    tag = "program",
    params(("participant" = inline(Whose), Path)),
    responses((status = 200, description = "The level of care", body = Care)),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/care")]
async fn read_care(app: Data<App>, caller: Caller, path: Path<(Whose,)>) -> Result<Json<Care>, Problem> {
    let (whose,) = path.into_inner();
    let now = app.now();
    let (grant, care) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadCare, &whose)?;
            let care = program::care_on(&store::list(tx, &grant)?, today(tx, &grant, now)?);
            Ok((grant, care))
        })
        .await?;
    seen(&app, grant, Room::Program, None, caller.request_id).await?;
    Ok(Json(care))
}

/// Record a step to a level of care
///
/// By the counselor or a supervisor: from a day within a year of the participant's today, earlier or ahead, they
/// are at this level. A step is never changed or taken back; what was stated wrongly is put right by another
/// step, and of two on one day the one recorded later holds. How far ahead the next review of the plan may lie
/// follows the level: 14 days in intensive outpatient care, 90 in aftercare. The client makes the id (UUIDv7).
#[utoipa::path(
    tag = "program",
    params(("participant" = inline(Whose), Path), ("id" = inline(CareStepId), Path)),
    responses(
        (status = 201, description = "Recorded, durably", body = CareStep, example = json!({
            "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "level": "aftercare", "since": "2026-11-20",
            "recorded_by": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b4", "recorded_at": "2026-11-19T16:05:00Z",
        })),
        (status = 200, description = "Recorded before with the same content", body = CareStep),
        (status = 409, description = "The id is taken by another step, or this level holds on that day already"),
    ),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/care/steps/{id}")]
async fn record_care_step(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, CareStepId)>,
    Json(draft): Json<CareStepDraft>,
) -> Result<Recorded<CareStep>, Problem> {
    let (whose, id) = path.into_inner();
    let now = app.now();
    let done = app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::ChangeCare, &whose)?;
        record(tx, &grant, id, draft, caller.request_id, now)
    });
    done.await.map(Recorded::from)
}
