//! Corrections of lapses: what was told before is kept.

use actix_web::web::Data;
use actix_web::{get, put};
use evenkeel_domain::access::{Act, Grant};
use evenkeel_domain::journal::{Act as Deed, Room};
use evenkeel_domain::log_entry::RevisionId;
use evenkeel_domain::recovery::lapse::{self, Lapse, LapseCorrection, LapseId, LapseRevision};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, recovery as store};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::body::{Json, Path, Recorded};
use crate::caller::{Caller, Whose};
use crate::journal::{note, seen};
use crate::problem::Problem;
use crate::recovery::lapse::{Heard, ReportedLapse, standing, told};
use crate::recovery::told_use;

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.service(correct_lapse).service(list_lapse_revisions);
}

// What happens

/// What happens when a lapse is corrected; its debrief stays.
fn correct(
    tx: &mut Tx,
    grant: &Grant,
    id: LapseId,
    revision: RevisionId,
    correction: &LapseCorrection,
    request: Uuid,
    now: Moment,
) -> Result<(Lapse, bool), Problem> {
    let before = told(tx, grant, id)?;
    let known = store::kept_lapse_revisions(tx, grant, id)?;
    if let Some(known) = known.iter().find(|known| known.id == revision) {
        known.same(correction)?;
        return Ok((before, false));
    }
    let (corrected, kept) = lapse::correct(&before, revision, correction, now)?;
    for revision in &kept {
        store::keep_lapse_revision(tx, grant, id, revision)?;
    }
    store::put_lapse(tx, grant, &corrected)?;
    told_use::weigh(tx, grant)?;
    note(tx, grant, Deed::Correct, Room::Recovery, Some(id.into()), request, now)?;
    Ok((corrected, true))
}

/// All that a lapse ever said, the first one first; never none.
pub(super) fn revisions(tx: &mut Tx, grant: &Grant, lapse: &Lapse) -> Result<Vec<LapseRevision>, Problem> {
    let mut items = store::kept_lapse_revisions(tx, grant, lapse.id)?;
    if items.is_empty() {
        items.push(lapse.first_revision());
    }
    Ok(items)
}

// Routes

/// Correct a lapse
///
/// The whole content anew, under an id the phone makes. The earlier revisions and the debrief are kept. Answered
/// with the `guidance` of what it says now; where something else was used, worse happened or it was on another day, who
/// treats the person sees it anew.
#[utoipa::path(
    tag = "recovery",
    params(
        ("participant" = inline(Whose), Path), ("id" = inline(LapseId), Path),
        ("revision_id" = inline(RevisionId), Path)
    ),
    responses(
        (status = 201, description = "Stored, durably", body = ReportedLapse),
        (status = 200, description = "Stored before with the same content", body = ReportedLapse),
        (status = 409, description = "The id is taken by another revision, or the lapse was taken back"),
    ),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/recovery/lapses/{id}/revisions/{revision_id}")]
async fn correct_lapse(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, LapseId, RevisionId)>,
    correction: Result<Json<LapseCorrection>, Problem>,
) -> Result<Recorded<ReportedLapse>, Problem> {
    let (whose, id, revision) = path.into_inner();
    let now = app.now();
    let Json(correction) = correction.map_err(|problem| problem.heard(Heard::of_use(&[])))?;
    let told = (correction.lapse.substance, correction.lapse.outcome);
    let done = app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::ReportLapse, &whose)?;
        correct(tx, &grant, id, revision, &correction, caller.request_id, now)
    });
    let (lapse, new) = done.await.map_err(|problem| problem.heard(Heard::of_lapse(told.0, told.1)))?;
    Ok(Recorded::from((lapse.into(), new)))
}

/// All revisions of a lapse, the first one first.
#[derive(Serialize, ToSchema)]
struct LapseRevisions {
    /// What it said, and when it came
    #[schema(max_items = 100)]
    items: Vec<LapseRevision>,
}

/// Read the revisions of a lapse
#[utoipa::path(
    tag = "recovery",
    params(("participant" = inline(Whose), Path), ("id" = inline(LapseId), Path)),
    responses(
        (status = 200, description = "All revisions", body = LapseRevisions),
        (status = 410, description = "It was taken back"),
    ),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/recovery/lapses/{id}/revisions")]
async fn list_lapse_revisions(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, LapseId)>,
) -> Result<Json<LapseRevisions>, Problem> {
    let (whose, id) = path.into_inner();
    let (grant, items) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadRecovery, &whose)?;
            let lapse = standing(tx, &grant, id)?;
            let items = revisions(tx, &grant, &lapse)?;
            Ok((grant, items))
        })
        .await?;
    seen(&app, grant, Room::Recovery, Some(id.into()), caller.request_id).await?;
    Ok(Json(LapseRevisions { items }))
}
