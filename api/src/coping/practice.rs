//! Practice of skills: logged on a phone like a craving, under the same rules.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, put};
use evenkeel_domain::access::{Act, Grant};
use evenkeel_domain::coping::practice::{
    self, Practice, PracticeCorrection, PracticeDraft, PracticeId, PracticeRevision,
};
use evenkeel_domain::journal::{Act as Deed, Room};
use evenkeel_domain::log_entry::RevisionId;
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, coping as store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::body::{Json, Path, Query, Recorded};
use crate::caller::{Caller, Whose};
use crate::journal::{note, seen};
use crate::page::{Cursor, Limit, cut};
use crate::problem::Problem;

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(record_practice)
        .service(list_practices)
        .service(read_practice)
        .service(withdraw_practice)
        .service(correct_practice)
        .service(list_practice_revisions);
}

// What happens

/// What happens when a practice is recorded, whichever way it came in: it is stored once and journaled. The same
/// content again changes nothing; `true` says it is new.
pub fn record(
    tx: &mut Tx,
    grant: &Grant,
    id: PracticeId,
    draft: PracticeDraft,
    request: Uuid,
    now: Moment,
) -> Result<(Practice, bool), Problem> {
    let practice = practice::record(grant.participant(), id, draft, now);
    if !store::add(tx, grant, &practice)? {
        let stored = standing(tx, grant, id)?;
        let first = store::first_sent(tx, grant, id)?.ok_or_else(Problem::unknown)?;
        practice::same(&stored, &first, &practice.draft)?;
        return Ok((stored, false));
    }
    note(tx, grant, Deed::Record, Room::Coping, Some(id.into()), request, now)?;
    Ok((practice, true))
}

/// What happens when a practice is corrected: what it said before is kept.
pub fn correct(
    tx: &mut Tx,
    grant: &Grant,
    id: PracticeId,
    revision: RevisionId,
    correction: &PracticeCorrection,
    request: Uuid,
    now: Moment,
) -> Result<(Practice, bool), Problem> {
    let before = standing(tx, grant, id)?;
    let known = store::revisions(tx, grant, id)?;
    if let Some(known) = known.iter().find(|known| known.id == revision) {
        known.same(correction)?;
        return Ok((before, false));
    }
    let (corrected, kept) = practice::correct(&before, revision, correction, now)?;
    for revision in &kept {
        store::keep_revision(tx, grant, id, revision)?;
    }
    store::put(tx, grant, &corrected, true)?;
    note(tx, grant, Deed::Correct, Room::Coping, Some(id.into()), request, now)?;
    Ok((corrected, true))
}

/// What happens when a practice is withdrawn: it counts in nothing any more.
pub fn withdraw(
    tx: &mut Tx,
    grant: &Grant,
    id: PracticeId,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    let before = standing(tx, grant, id)?;
    let withdrawn = practice::withdraw(&before, now);
    if withdrawn != before {
        store::put(tx, grant, &withdrawn, false)?;
        note(tx, grant, Deed::Withdraw, Room::Coping, Some(id.into()), request, now)?;
    }
    Ok(())
}

fn standing(tx: &mut Tx, grant: &Grant, id: PracticeId) -> Result<Practice, Problem> {
    store::find(tx, grant, id)?.ok_or_else(Problem::unknown)
}

// Routes

/// Log a practice of a skill
///
/// The phone makes the id (UUIDv7) and keeps it before it sends. The same content again is answered with the
/// stored entry. An entry may be as late as it likes; one whose clock is more than 5 minutes ahead is kept,
/// flagged `clock_suspect` and counted on the day it arrived. A skill that the server does not know is kept too.
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path), ("id" = inline(PracticeId), Path)),
    responses(
        (status = 201, description = "Stored, durably", body = Practice),
        (status = 200, description = "Stored before with the same content", body = Practice),
        (status = 409, description = "The id is taken by other content, or was withdrawn"),
    ),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/coping/practices/{id}")]
async fn record_practice(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, PracticeId)>,
    Json(draft): Json<PracticeDraft>,
) -> Result<Recorded<Practice>, Problem> {
    let (whose, id) = path.into_inner();
    let now = app.now();
    let done = app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::RecordPractice, &whose)?;
        record(tx, &grant, id, draft.clone(), caller.request_id, now)
    });
    done.await.map(Recorded::from)
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PracticeQuery {
    /// Only what was practised from then on
    #[param(inline)]
    from: Option<Moment>,
    /// Only what was practised before then
    #[param(inline)]
    until: Option<Moment>,
    /// How many entries at most; 50 if not given
    #[serde(default)]
    #[param(required = false, inline)]
    limit: Limit,
    /// Where to go on
    #[param(inline)]
    after: Option<Cursor>,
}

/// A page of practices, the latest first.
#[derive(Serialize, ToSchema)]
struct PracticePage {
    /// The practices that stand
    #[schema(max_items = 200)]
    items: Vec<Practice>,
    /// Where the next page begins; absent on the last
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Cursor>,
}

/// List practices
///
/// The latest first; withdrawn ones are left out. One with `clock_suspect` counts as practised when it arrived.
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path), PracticeQuery),
    responses((status = 200, description = "A page of practices", body = PracticePage)),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/coping/practices")]
async fn list_practices(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    query: Query<PracticeQuery>,
) -> Result<Json<PracticePage>, Problem> {
    let (whose,) = path.into_inner();
    let PracticeQuery { from, until, limit, after } = query.into_inner();
    let (grant, found) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadPractice, &whose)?;
            let after = after.map(|Cursor(at, id)| (at, id.into()));
            let found = store::list(tx, &grant, from, until, after, i64::from(limit) + 1)?;
            Ok((grant, found))
        })
        .await?;
    seen(&app, grant, Room::Coping, None, caller.request_id).await?;
    let (items, next) = cut(found, limit, |last| Cursor(last.practised_at(), last.id.into()));
    Ok(Json(PracticePage { items, next }))
}

/// Read a practice
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path), ("id" = inline(PracticeId), Path)),
    responses(
        (status = 200, description = "The practice as it stands", body = Practice),
        (status = 410, description = "It was withdrawn"),
    ),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/coping/practices/{id}")]
async fn read_practice(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, PracticeId)>,
) -> Result<Json<Practice>, Problem> {
    let (whose, id) = path.into_inner();
    let (grant, practice) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadPractice, &whose)?;
            let practice = standing(tx, &grant, id)?;
            if practice.withdrawn_at.is_some() { Err(Problem::withdrawn()) } else { Ok((grant, practice)) }
        })
        .await?;
    seen(&app, grant, Room::Coping, Some(id.into()), caller.request_id).await?;
    Ok(Json(practice))
}

/// Withdraw a practice
///
/// It is no longer shown or counted; that it stood is kept. Again is the same.
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path), ("id" = inline(PracticeId), Path)),
    responses((status = 204, description = "Withdrawn")),
    security(("bearer" = []))
)]
#[delete("/v1/participants/{participant}/coping/practices/{id}")]
async fn withdraw_practice(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, PracticeId)>,
) -> Result<HttpResponse, Problem> {
    let (whose, id) = path.into_inner();
    let now = app.now();
    app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::RecordPractice, &whose)?;
        withdraw(tx, &grant, id, caller.request_id, now)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Correct a practice
///
/// The whole content anew, under an id the phone makes. The earlier revisions are kept.
#[utoipa::path(
    tag = "coping",
    params(
        ("participant" = inline(Whose), Path), ("id" = inline(PracticeId), Path),
        ("revision_id" = inline(RevisionId), Path)
    ),
    responses(
        (status = 201, description = "Stored, durably", body = Practice),
        (status = 200, description = "Stored before with the same content", body = Practice),
        (status = 409, description = "The id is taken by another revision, or the practice was withdrawn"),
    ),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/coping/practices/{id}/revisions/{revision_id}")]
async fn correct_practice(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, PracticeId, RevisionId)>,
    Json(correction): Json<PracticeCorrection>,
) -> Result<Recorded<Practice>, Problem> {
    let (whose, id, revision) = path.into_inner();
    let now = app.now();
    let done = app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::RecordPractice, &whose)?;
        correct(tx, &grant, id, revision, &correction, caller.request_id, now)
    });
    done.await.map(Recorded::from)
}

/// All revisions of a practice, the first one first.
#[derive(Serialize, ToSchema)]
struct PracticeRevisions {
    /// What it said, and when it came
    #[schema(max_items = 100)]
    items: Vec<PracticeRevision>,
}

/// Read the revisions of a practice
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path), ("id" = inline(PracticeId), Path)),
    responses(
        (status = 200, description = "All revisions", body = PracticeRevisions),
        (status = 410, description = "It was withdrawn"),
    ),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/coping/practices/{id}/revisions")]
async fn list_practice_revisions(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, PracticeId)>,
) -> Result<Json<PracticeRevisions>, Problem> {
    let (whose, id) = path.into_inner();
    let (grant, items) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadPractice, &whose)?;
            let practice = standing(tx, &grant, id)?;
            if practice.withdrawn_at.is_some() {
                return Err(Problem::withdrawn());
            }
            let mut items = store::revisions(tx, &grant, id)?;
            if items.is_empty() {
                items.push(practice.first_revision());
            }
            Ok((grant, items))
        })
        .await?;
    seen(&app, grant, Room::Coping, Some(id.into()), caller.request_id).await?;
    Ok(Json(PracticeRevisions { items }))
}
