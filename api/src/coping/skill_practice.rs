//! Practice of skills: logged on a phone like a craving, under the same rules.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::coping::skill_practice::{SkillPractice, SkillPracticeDraft, SkillPracticeId};
use evenkeel_domain::log_entry::{Correction, Entry, Revision, RevisionId};
use evenkeel_persistence::{Tx, coping as store};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Query, Recorded};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::page::{Cursor, EntryQuery, Page};

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(record_skill_practice)
        .service(list_skill_practices)
        .service(read_skill_practice)
        .service(withdraw_skill_practice)
        .service(correct_skill_practice)
        .service(list_skill_practice_revisions);
}

// Actions

/// Records a practice: stores it once and records it in the audit log. The same content again changes nothing.
pub fn record(
    tx: &mut Tx,
    grant: &Grant,
    id: SkillPracticeId,
    draft: SkillPracticeDraft,
) -> Result<Recorded<SkillPractice>, Problem> {
    let practice = SkillPractice::new(grant.participant(), id, draft, grant.now());
    if !store::add(tx, grant, &practice)? {
        let stored = find(tx, grant, id)?;
        stored.same(&store::revisions(tx, grant, &stored)?, &practice.draft)?;
        return Ok(Recorded::Known(stored));
    }
    audit::record(tx, grant, Action::RecordSkillPractice, Some(id.into()))?;
    Ok(Recorded::New(practice))
}

/// Corrects a practice. The earlier revision stays stored.
pub fn correct(
    tx: &mut Tx,
    grant: &Grant,
    id: SkillPracticeId,
    revision: RevisionId,
    correction: &Correction<SkillPracticeDraft>,
) -> Result<Recorded<SkillPractice>, Problem> {
    let before = find(tx, grant, id)?;
    let revisions = store::revisions(tx, grant, &before)?;
    let corrected = before.correct(&revisions, revision, correction, grant.now())?;
    let Some((corrected, new)) = corrected else { return Ok(Recorded::Known(before)) };
    store::correct(tx, grant, &corrected, new)?;
    audit::record(tx, grant, Action::CorrectSkillPractice, Some(id.into()))?;
    Ok(Recorded::New(corrected))
}

/// Withdraws a practice, so that it no longer counts.
pub fn withdraw(tx: &mut Tx, grant: &Grant, id: SkillPracticeId) -> Result<(), Problem> {
    let before = find(tx, grant, id)?;
    let withdrawn = before.withdraw(grant.now());
    if withdrawn != before {
        store::put(tx, grant, &withdrawn)?;
        audit::record(tx, grant, Action::WithdrawSkillPractice, Some(id.into()))?;
    }
    Ok(())
}

fn find(tx: &mut Tx, grant: &Grant, id: SkillPracticeId) -> Result<SkillPractice, Problem> {
    store::find(tx, grant, id)?.ok_or_else(Problem::unknown)
}

/// A practice that was not withdrawn.
fn current(tx: &mut Tx, grant: &Grant, id: SkillPracticeId) -> Result<SkillPractice, Problem> {
    let practice = find(tx, grant, id)?;
    if practice.withdrawn_at.is_some() { Err(Problem::withdrawn()) } else { Ok(practice) }
}

// Routes

/// Log a practice of a skill
///
/// The phone makes the id (UUIDv7) and stores it before it sends. The answer to the same content again is the stored
/// entry. An entry may be late by any time. If its clock is more than 5 minutes ahead, it is stored with
/// `clock_suspect` and counts on the day it arrived. It may name a skill that the server does not know.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(SkillPracticeId), Path)),
    responses(
        (status = 201, description = "Stored, durably", body = Entry<SkillPracticeDraft>),
        (status = 200, description = "Stored before with the same content", body = Entry<SkillPracticeDraft>),
        (status = 409, description = "The id is in use for other content, or the practice was withdrawn"),
    ),
)]
#[put("/v1/participants/{participant}/coping/skill-practices/{id}")]
async fn record_skill_practice(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, SkillPracticeId)>,
    Json(draft): Json<SkillPracticeDraft>,
) -> Result<Recorded<SkillPractice>, Problem> {
    let (participant, id) = path.into_inner();
    let done = caller.write(&app, Action::RecordSkillPractice, participant, move |tx, grant| {
        record(tx, grant, id, draft.clone())
    });
    done.await
}

/// List practices
///
/// The latest first, without withdrawn ones. One with `clock_suspect` counts as practiced when it arrived.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), EntryQuery),
    responses((status = 200, description = "A page of practices", body = Page<Entry<SkillPracticeDraft>>)),
)]
#[get("/v1/participants/{participant}/coping/skill-practices")]
async fn list_skill_practices(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<EntryQuery>,
) -> Result<Json<Page<SkillPractice>>, Problem> {
    let (participant,) = path.into_inner();
    let EntryQuery { from, until, limit, after } = query.into_inner();
    let found = caller
        .read(&app, Action::ReadSkillPractice, participant, None, move |tx, grant| {
            let after = after.map(|Cursor(at, id)| (at, id.into()));
            Ok(store::list(tx, grant, from, until, after, i64::from(limit) + 1)?)
        })
        .await?;
    Ok(Json(Page::new(found, limit, |last| Cursor(last.happened_at(), last.id.into()))))
}

/// Read a practice
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(SkillPracticeId), Path)),
    responses(
        (status = 200, description = "The practice", body = Entry<SkillPracticeDraft>),
        (status = 410, description = "It was withdrawn"),
    ),
)]
#[get("/v1/participants/{participant}/coping/skill-practices/{id}")]
async fn read_skill_practice(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, SkillPracticeId)>,
) -> Result<Json<SkillPractice>, Problem> {
    let (participant, id) = path.into_inner();
    let practice = caller
        .read(&app, Action::ReadSkillPractice, participant, Some(id.into()), move |tx, grant| {
            current(tx, grant, id)
        })
        .await?;
    Ok(Json(practice))
}

/// Withdraw a practice
///
/// It is no longer shown or counted. A tombstone stays. Doing it again changes nothing.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(SkillPracticeId), Path)),
    responses((status = 204, description = "Withdrawn")),
)]
#[delete("/v1/participants/{participant}/coping/skill-practices/{id}")]
async fn withdraw_skill_practice(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, SkillPracticeId)>,
) -> Result<HttpResponse, Problem> {
    let (participant, id) = path.into_inner();
    caller
        .write(&app, Action::WithdrawSkillPractice, participant, move |tx, grant| withdraw(tx, grant, id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Correct a practice
///
/// Send the whole content, under an id that the phone makes. The earlier revisions stay stored.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ("id" = inline(SkillPracticeId), Path),
        ("revision_id" = inline(RevisionId), Path)
    ),
    responses(
        (status = 201, description = "Stored, durably", body = Entry<SkillPracticeDraft>),
        (status = 200, description = "Stored before with the same content", body = Entry<SkillPracticeDraft>),
        (status = 409, description = "The id is in use for another revision, or the practice was withdrawn"),
    ),
)]
#[put("/v1/participants/{participant}/coping/skill-practices/{id}/revisions/{revision_id}")]
async fn correct_skill_practice(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, SkillPracticeId, RevisionId)>,
    Json(correction): Json<Correction<SkillPracticeDraft>>,
) -> Result<Recorded<SkillPractice>, Problem> {
    let (participant, id, revision) = path.into_inner();
    let done = caller.write(&app, Action::CorrectSkillPractice, participant, move |tx, grant| {
        correct(tx, grant, id, revision, &correction)
    });
    done.await
}

/// All revisions of a practice.
#[derive(Serialize, ToSchema)]
struct SkillPracticeRevisions {
    /// The revisions, the oldest first
    #[schema(max_items = 100)]
    items: Vec<Revision<SkillPracticeDraft>>,
}

/// Read the revisions of a practice
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(SkillPracticeId), Path)),
    responses(
        (status = 200, description = "All revisions", body = SkillPracticeRevisions),
        (status = 410, description = "It was withdrawn"),
    ),
)]
#[get("/v1/participants/{participant}/coping/skill-practices/{id}/revisions")]
async fn list_skill_practice_revisions(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, SkillPracticeId)>,
) -> Result<Json<SkillPracticeRevisions>, Problem> {
    let (participant, id) = path.into_inner();
    let items = caller
        .read(&app, Action::ReadSkillPractice, participant, Some(id.into()), move |tx, grant| {
            let practice = current(tx, grant, id)?;
            Ok(store::revisions(tx, grant, &practice)?)
        })
        .await?;
    Ok(Json(SkillPracticeRevisions { items }))
}
