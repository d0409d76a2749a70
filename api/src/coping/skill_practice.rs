//! Practice of skills: logged on a phone like a craving, under the same rules.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::coping::skill_practice::{
    self, SkillPractice, SkillPracticeCorrection, SkillPracticeDraft, SkillPracticeId, SkillPracticeRevision,
};
use evenkeel_domain::log_entry::RevisionId;
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, coping as store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Query, Recorded};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::page::{Cursor, Limit, cut};

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

// What happens

/// What happens when a practice is recorded, whichever way it came in: it is stored once and recorded in the audit log. The same
/// content again changes nothing.
pub fn record(
    tx: &mut Tx,
    grant: &Grant,
    id: SkillPracticeId,
    draft: SkillPracticeDraft,
) -> Result<Recorded<SkillPractice>, Problem> {
    let practice = skill_practice::record(grant.participant(), id, draft, grant.now());
    if !store::add(tx, grant, &practice)? {
        let stored = standing(tx, grant, id)?;
        let first = store::first_sent(tx, grant, id)?.ok_or_else(Problem::unknown)?;
        skill_practice::same(&stored, &first, &practice.draft)?;
        return Ok(Recorded::Known(stored));
    }
    audit::record(tx, grant, Action::RecordSkillPractice, Some(id.into()))?;
    Ok(Recorded::New(practice))
}

/// What happens when a practice is corrected: what it said before is kept.
pub fn correct(
    tx: &mut Tx,
    grant: &Grant,
    id: SkillPracticeId,
    revision: RevisionId,
    correction: &SkillPracticeCorrection,
) -> Result<Recorded<SkillPractice>, Problem> {
    let before = standing(tx, grant, id)?;
    let known = store::revisions(tx, grant, id)?;
    if let Some(known) = known.iter().find(|known| known.id == revision) {
        known.same(correction)?;
        return Ok(Recorded::Known(before));
    }
    let (corrected, kept) = skill_practice::correct(&before, revision, correction, grant.now())?;
    for revision in &kept {
        store::keep_revision(tx, grant, id, revision)?;
    }
    store::put(tx, grant, &corrected, true)?;
    audit::record(tx, grant, Action::CorrectSkillPractice, Some(id.into()))?;
    Ok(Recorded::New(corrected))
}

/// What happens when a practice is withdrawn: it counts in nothing any more.
pub fn withdraw(tx: &mut Tx, grant: &Grant, id: SkillPracticeId) -> Result<(), Problem> {
    let before = standing(tx, grant, id)?;
    let withdrawn = skill_practice::withdraw(&before, grant.now());
    if withdrawn != before {
        store::put(tx, grant, &withdrawn, false)?;
        audit::record(tx, grant, Action::WithdrawSkillPractice, Some(id.into()))?;
    }
    Ok(())
}

fn standing(tx: &mut Tx, grant: &Grant, id: SkillPracticeId) -> Result<SkillPractice, Problem> {
    store::find(tx, grant, id)?.ok_or_else(Problem::unknown)
}

// Routes

/// Log a practice of a skill
///
/// The phone makes the id (UUIDv7) and keeps it before it sends. The same content again is answered with the
/// stored entry. An entry may be as late as it likes; one whose clock is more than 5 minutes ahead is kept,
/// flagged `clock_suspect` and counted on the day it arrived. A skill that the server does not know is kept too.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(SkillPracticeId), Path)),
    responses(
        (status = 201, description = "Stored, durably", body = SkillPractice),
        (status = 200, description = "Stored before with the same content", body = SkillPractice),
        (status = 409, description = "The id is taken by other content, or was withdrawn"),
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

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SkillPracticeQuery {
    /// Only what was practiced from then on
    #[param(inline)]
    from: Option<Moment>,
    /// Only what was practiced before then
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
struct SkillPracticePage {
    /// The practices that stand
    #[schema(max_items = 200)]
    items: Vec<SkillPractice>,
    /// Where the next page begins; absent on the last
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Cursor>,
}

/// List practices
///
/// The latest first; withdrawn ones are left out. One with `clock_suspect` counts as practiced when it arrived.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), SkillPracticeQuery),
    responses((status = 200, description = "A page of practices", body = SkillPracticePage)),
)]
#[get("/v1/participants/{participant}/coping/skill-practices")]
async fn list_skill_practices(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<SkillPracticeQuery>,
) -> Result<Json<SkillPracticePage>, Problem> {
    let (participant,) = path.into_inner();
    let SkillPracticeQuery { from, until, limit, after } = query.into_inner();
    let found = caller
        .read(&app, Action::ReadSkillPractice, participant, None, move |tx, grant| {
            let after = after.map(|Cursor(at, id)| (at, id.into()));
            let found = store::list(tx, grant, from, until, after, i64::from(limit) + 1)?;
            Ok(found)
        })
        .await?;
    let (items, next) = cut(found, limit, |last| Cursor(last.practiced_at(), last.id.into()));
    Ok(Json(SkillPracticePage { items, next }))
}

/// Read a practice
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(SkillPracticeId), Path)),
    responses(
        (status = 200, description = "The practice as it stands", body = SkillPractice),
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
            let practice = standing(tx, grant, id)?;
            if practice.withdrawn_at.is_some() { Err(Problem::withdrawn()) } else { Ok(practice) }
        })
        .await?;
    Ok(Json(practice))
}

/// Withdraw a practice
///
/// It is no longer shown or counted; that it stood is kept. Again is the same.
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
/// The whole content anew, under an id the phone makes. The earlier revisions are kept.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ("id" = inline(SkillPracticeId), Path),
        ("revision_id" = inline(RevisionId), Path)
    ),
    responses(
        (status = 201, description = "Stored, durably", body = SkillPractice),
        (status = 200, description = "Stored before with the same content", body = SkillPractice),
        (status = 409, description = "The id is taken by another revision, or the practice was withdrawn"),
    ),
)]
#[put("/v1/participants/{participant}/coping/skill-practices/{id}/revisions/{revision_id}")]
async fn correct_skill_practice(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, SkillPracticeId, RevisionId)>,
    Json(correction): Json<SkillPracticeCorrection>,
) -> Result<Recorded<SkillPractice>, Problem> {
    let (participant, id, revision) = path.into_inner();
    let done = caller.write(&app, Action::CorrectSkillPractice, participant, move |tx, grant| {
        correct(tx, grant, id, revision, &correction)
    });
    done.await
}

/// All revisions of a practice, the first one first.
#[derive(Serialize, ToSchema)]
struct SkillPracticeRevisions {
    /// What it said, and when it came
    #[schema(max_items = 100)]
    items: Vec<SkillPracticeRevision>,
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
            let practice = standing(tx, grant, id)?;
            if practice.withdrawn_at.is_some() {
                return Err(Problem::withdrawn());
            }
            let mut items = store::revisions(tx, grant, id)?;
            if items.is_empty() {
                items.push(practice.first_revision());
            }
            Ok(items)
        })
        .await?;
    Ok(Json(SkillPracticeRevisions { items }))
}
