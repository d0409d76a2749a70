//! Corrections of lapses. The earlier revisions remain.

use actix_web::web::Data;
use actix_web::{get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::log_entry::{Correction, Revision, RevisionId};
use evenkeel_domain::recovery::lapse::{self, Lapse, LapseDraft, LapseId};
use evenkeel_persistence::Tx;
use evenkeel_persistence::recovery::lapse as store;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Recorded};
use crate::http::caller::{Caller, ParticipantRef};
use crate::recovery::lapse::{ReportedLapse, UseResponse, current, find, update_report};

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.service(correct_lapse).service(list_lapse_revisions);
}

// Actions

/// What happens when a lapse is corrected; its debrief stays.
fn correct(
    tx: &mut Tx,
    grant: &Grant,
    id: LapseId,
    revision: RevisionId,
    correction: &Correction<LapseDraft>,
) -> Result<Recorded<Lapse>, Problem> {
    let before = find(tx, grant, id)?;
    let revisions = store::revisions(tx, grant, &before)?;
    let corrected = lapse::correct(&before, &revisions, revision, correction, grant.now())?;
    let Some((corrected, new)) = corrected else { return Ok(Recorded::Known(before)) };
    store::correct(tx, grant, &corrected, new)?;
    update_report(tx, grant, &corrected)?;
    audit::record(tx, grant, Action::CorrectLapse, Some(id.into()))?;
    Ok(Recorded::New(corrected))
}

// Routes

/// Correct a lapse
///
/// The whole lapse as it should read, under an id the phone makes. The earlier revisions and the debrief remain. The
/// answer has the `guidance` for what it says now. Where another substance was used, something else happened or it was
/// on another day, its use report needs attention again.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ("id" = inline(LapseId), Path),
        ("revision_id" = inline(RevisionId), Path)
    ),
    responses(
        (status = 201, description = "Stored, durably", body = ReportedLapse),
        (status = 200, description = "Stored before with the same content", body = ReportedLapse),
        (status = 409, description = "The id is taken by another revision, or the lapse was withdrawn"),
    ),
)]
#[put("/v1/participants/{participant}/recovery/lapses/{id}/revisions/{revision_id}")]
async fn correct_lapse(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, LapseId, RevisionId)>,
    correction: Result<Json<Correction<LapseDraft>>, Problem>,
) -> Result<Recorded<ReportedLapse>, Problem> {
    let (participant, id, revision) = path.into_inner();
    let Json(correction) = correction.map_err(|problem| UseResponse::of_use(None).attach(problem))?;
    let LapseDraft { substance, outcome, .. } = correction.entry;
    let done = caller.write(&app, Action::CorrectLapse, participant, move |tx, grant| {
        correct(tx, grant, id, revision, &correction)
    });
    let done = done.await.map_err(|problem| UseResponse::of_lapse(substance, outcome).attach(problem))?;
    Ok(done.map(ReportedLapse::from))
}

/// All revisions of a lapse, the first one first.
#[derive(Serialize, ToSchema)]
struct LapseRevisions {
    /// What it said, and when the server received it
    #[schema(max_items = 100)]
    items: Vec<Revision<LapseDraft>>,
}

/// Read the revisions of a lapse
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(LapseId), Path)),
    responses(
        (status = 200, description = "All revisions", body = LapseRevisions),
        (status = 410, description = "It was withdrawn"),
    ),
)]
#[get("/v1/participants/{participant}/recovery/lapses/{id}/revisions")]
async fn list_lapse_revisions(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, LapseId)>,
) -> Result<Json<LapseRevisions>, Problem> {
    let (participant, id) = path.into_inner();
    let items = caller
        .read(&app, Action::ReadRecovery, participant, Some(id.into()), move |tx, grant| {
            let lapse = current(tx, grant, id)?;
            Ok(store::revisions(tx, grant, &lapse)?)
        })
        .await?;
    Ok(Json(LapseRevisions { items }))
}
