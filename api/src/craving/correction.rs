//! Corrections of cravings: what was logged before stays on record.

use actix_web::web::Data;
use actix_web::{get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::craving::{self, Craving, CravingDraft, CravingId, ReportedOutcome};
use evenkeel_domain::log_entry::{Correction, Revision, RevisionId};
use evenkeel_domain::recovery::use_report::Use;
use evenkeel_persistence::{Tx, craving as store};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{CravingResponse, current, find, recount, revise_use, with_use_response};
use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Recorded};
use crate::http::caller::{Caller, ParticipantRef};

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.service(correct_craving).service(list_craving_revisions);
}

// What happens

/// What happens when a craving is corrected; its ratings stay.
fn correct(
    tx: &mut Tx,
    grant: &Grant,
    id: CravingId,
    revision: RevisionId,
    correction: &Correction<CravingDraft>,
) -> Result<Recorded<Craving>, Problem> {
    let before = find(tx, grant, id)?;
    let revisions = store::revisions(tx, grant, &before)?;
    let reported = store::outcomes(tx, grant, id)?;
    let corrected = craving::correct(&before, &revisions, &reported, revision, correction, grant.now())?;
    let Some((corrected, new)) = corrected else { return Ok(Recorded::Known(before)) };
    store::correct(tx, grant, &corrected, new)?;
    recount(tx, grant, before.local_day)?;
    recount(tx, grant, corrected.local_day)?;
    revise_use(tx, grant, id, |reported| Use::of_corrected_craving(&before, &corrected, reported))?;
    audit::record(tx, grant, Action::CorrectCraving, Some(id.into()))?;
    Ok(Recorded::New(corrected))
}

// Routes

/// Correct a craving
///
/// The whole content again, under an id the phone makes. The earlier revisions are kept. Without an outcome, the known one
/// stays; one that changes an end in use to another withdraws the use report.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ("id" = inline(CravingId), Path),
        ("revision_id" = inline(RevisionId), Path)
    ),
    responses(
        (status = 201, description = "Stored, durably", body = CravingResponse),
        (status = 200, description = "Stored before with the same content", body = CravingResponse),
        (status = 409, description = "The id is taken by another revision, or the craving was withdrawn"),
    ),
)]
#[put("/v1/participants/{participant}/cravings/{id}/revisions/{revision_id}")]
async fn correct_craving(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, CravingId, RevisionId)>,
    Json(correction): Json<Correction<CravingDraft>>,
) -> Result<Recorded<CravingResponse>, Problem> {
    let (participant, id, revision) = path.into_inner();
    let CravingDraft { outcome, substance, .. } = correction.entry;
    let done = caller.write(&app, Action::CorrectCraving, participant, move |tx, grant| {
        correct(tx, grant, id, revision, &correction)
    });
    let done = done.await.map_err(|problem| with_use_response(problem, outcome, substance))?;
    Ok(done.map(|craving| CravingResponse::new(craving, outcome)))
}

/// All revisions of a craving, the first one first, and all outcomes that were reported by themselves.
#[derive(Serialize, ToSchema)]
struct CravingRevisions {
    /// What it said, and when it came
    #[schema(max_items = 100)]
    items: Vec<Revision<CravingDraft>>,
    /// The outcomes that were reported later, in the order they came
    #[schema(max_items = 150)]
    outcomes: Vec<ReportedOutcome>,
}

/// Read the revisions of a craving
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(CravingId), Path)),
    responses(
        (status = 200, description = "All revisions", body = CravingRevisions),
        (status = 410, description = "It was withdrawn"),
    ),
)]
#[get("/v1/participants/{participant}/cravings/{id}/revisions")]
async fn list_craving_revisions(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, CravingId)>,
) -> Result<Json<CravingRevisions>, Problem> {
    let (participant, id) = path.into_inner();
    let revisions = caller
        .read(&app, Action::ReadCravings, participant, Some(id.into()), move |tx, grant| {
            let craving = current(tx, grant, id)?;
            let items = store::revisions(tx, grant, &craving)?;
            Ok(CravingRevisions { items, outcomes: store::outcomes(tx, grant, id)? })
        })
        .await?;
    Ok(Json(revisions))
}
