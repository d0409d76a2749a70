//! Corrections of cravings. The earlier revisions stay stored.

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

// Actions

/// Corrects a craving. Its ratings stay.
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
/// Send the whole content, under an id that the phone makes. The earlier revisions stay stored. Without an outcome, the
/// known one stays. A correction that changes an outcome with use to another withdraws the use report.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ("id" = inline(CravingId), Path),
        ("revision_id" = inline(RevisionId), Path)
    ),
    responses(
        (status = 201, description = "Stored, durably", body = CravingResponse),
        (status = 200, description = "Stored before with the same content", body = CravingResponse),
        (status = 409, description = "The id is in use for another revision, or the craving was withdrawn"),
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

/// All revisions of a craving, and all outcomes that were reported after it.
#[derive(Serialize, ToSchema)]
struct CravingRevisions {
    /// The revisions, the oldest first
    #[schema(max_items = 100)]
    items: Vec<Revision<CravingDraft>>,
    /// The outcomes that were reported later, in the order in which they arrived
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
