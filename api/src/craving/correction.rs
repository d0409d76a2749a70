//! Corrections of cravings: what was logged before is kept.

use actix_web::web::Data;
use actix_web::{get, put};
use evenkeel_domain::access::{Act, Grant};
use evenkeel_domain::craving::{
    self, CorrectionDraft, Craving, CravingId, Revision, RevisionId, ToldOutcome,
};
use evenkeel_domain::journal::{Act as Deed, Room};
use evenkeel_domain::recovery::told_use::Telling;
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, craving as store};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{HeardCraving, heard_anyway, recount, standing, tell_use};
use crate::app::App;
use crate::body::{Json, Path, Recorded};
use crate::caller::{Caller, Whose};
use crate::journal::{note, seen};
use crate::problem::Problem;

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
    draft: &CorrectionDraft,
    request: Uuid,
    now: Moment,
) -> Result<(Craving, bool), Problem> {
    let before = standing(tx, grant, id)?;
    let known = store::revisions(tx, grant, id)?;
    if let Some(known) = known.iter().find(|known| known.id == revision) {
        known.same(draft)?;
        return Ok((before, false));
    }
    let told = store::outcomes(tx, grant, id)?;
    let (corrected, kept) = craving::correct(&before, &told, revision, draft, now)?;
    for revision in &kept {
        store::keep_revision(tx, grant, id, revision)?;
    }
    store::put(tx, grant, &corrected, true)?;
    recount(tx, grant, before.local_day)?;
    recount(tx, grant, corrected.local_day)?;
    tell_use(tx, grant, &corrected, Telling::Corrected(draft.craving.outcome, &before), now)?;
    note(tx, grant, Deed::Correct, Room::Craving, Some(id.into()), request, now)?;
    Ok((corrected, true))
}

// Routes

/// Correct a craving
///
/// The whole content anew, under an id the phone makes. The earlier revisions are kept. Without an outcome, the known one
/// stays; one that changes an end in use to another takes back that use was told.
#[utoipa::path(
    tag = "craving",
    params(
        ("participant" = inline(Whose), Path), ("id" = inline(CravingId), Path),
        ("revision_id" = inline(RevisionId), Path)
    ),
    responses(
        (status = 201, description = "Stored, durably", body = HeardCraving),
        (status = 200, description = "Stored before with the same content", body = HeardCraving),
        (status = 409, description = "The id is taken by another revision, or the craving was withdrawn"),
    ),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/cravings/{id}/revisions/{revision_id}")]
async fn correct_craving(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, CravingId, RevisionId)>,
    Json(draft): Json<CorrectionDraft>,
) -> Result<Recorded<HeardCraving>, Problem> {
    let (whose, id, revision) = path.into_inner();
    let (now, told, substance) = (app.now(), draft.craving.outcome, draft.craving.substance);
    let done = app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::RecordCraving, &whose)?;
        correct(tx, &grant, id, revision, &draft, caller.request_id, now)
    });
    let done = done.await.map_err(|problem| heard_anyway(problem, told, substance))?;
    Ok(Recorded::from((HeardCraving::new(done.0, told), done.1)))
}

/// All revisions of a craving, the first one first, and all that was told of its end besides.
#[derive(Serialize, ToSchema)]
struct Revisions {
    /// What it said, and when it came
    #[schema(max_items = 100)]
    items: Vec<Revision>,
    /// The outcomes that were told of it later, in the order they came
    #[schema(max_items = 150)]
    outcomes: Vec<ToldOutcome>,
}

/// Read the revisions of a craving
#[utoipa::path(
    tag = "craving",
    params(("participant" = inline(Whose), Path), ("id" = inline(CravingId), Path)),
    responses(
        (status = 200, description = "All revisions", body = Revisions),
        (status = 410, description = "It was withdrawn"),
    ),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/cravings/{id}/revisions")]
async fn list_craving_revisions(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, CravingId)>,
) -> Result<Json<Revisions>, Problem> {
    let (whose, id) = path.into_inner();
    let (grant, revisions) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadCravings, &whose)?;
            let craving = standing(tx, &grant, id)?;
            if craving.withdrawn_at.is_some() {
                return Err(Problem::withdrawn());
            }
            let mut items = store::revisions(tx, &grant, id)?;
            if items.is_empty() {
                items.push(craving.first_revision());
            }
            let outcomes = store::outcomes(tx, &grant, id)?;
            Ok((grant, Revisions { items, outcomes }))
        })
        .await?;
    seen(&app, grant, Room::Craving, Some(id.into()), caller.request_id).await?;
    Ok(Json(revisions))
}
