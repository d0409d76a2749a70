//! Questions for the next session: written on a phone, also offline, and read by those who treat the participant.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::question::{self, Question, QuestionDraft, QuestionId, Refusal};
use evenkeel_persistence::{Tx, question as store};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Query, Recorded};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::page::{Cursor, Page, PageQuery};

/// The routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(record_question)
        .service(list_questions)
        .service(discuss_question)
        .service(withdraw_question);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Withdrawn(refusal) => refusal.into(),
            Refusal::Different => Self::different(refusal.to_string()),
        }
    }
}

// Actions

/// Records a question. Sending the same question again changes nothing.
pub fn record(
    tx: &mut Tx,
    grant: &Grant,
    id: QuestionId,
    draft: QuestionDraft,
) -> Result<Recorded<Question>, Problem> {
    let question = question::record(id, draft.clone(), grant.now());
    if !store::add(tx, grant, &question)? {
        let stored = find(tx, grant, id)?;
        question::same(&stored, draft)?;
        return Ok(Recorded::Known(stored));
    }
    audit::record(tx, grant, Action::RecordQuestion, Some(id.into()))?;
    Ok(Recorded::New(question))
}

/// Marks a question as discussed. Doing it again changes nothing.
pub fn discuss(tx: &mut Tx, grant: &Grant, id: QuestionId) -> Result<Question, Problem> {
    let before = find(tx, grant, id)?;
    let discussed = question::discuss(&before, grant.actor().account, grant.now())?;
    if discussed == before {
        audit::record_view(tx, grant, Action::ReadQuestions, Some(id.into()))?;
    } else {
        store::put(tx, grant, &discussed)?;
        audit::record(tx, grant, Action::DiscussQuestion, Some(id.into()))?;
    }
    Ok(discussed)
}

/// Withdraws a question. Doing it again changes nothing.
pub fn withdraw(tx: &mut Tx, grant: &Grant, id: QuestionId) -> Result<(), Problem> {
    let before = find(tx, grant, id)?;
    let withdrawn = question::withdraw(&before, grant.now());
    if withdrawn != before {
        store::put(tx, grant, &withdrawn)?;
        audit::record(tx, grant, Action::WithdrawQuestion, Some(id.into()))?;
    }
    Ok(())
}

fn find(tx: &mut Tx, grant: &Grant, id: QuestionId) -> Result<Question, Problem> {
    store::find(tx, grant, id)?.ok_or_else(Problem::unknown)
}

// Routes

/// Write a question for the next session
///
/// What the participant wants to bring up. The phone makes the id (UUIDv7) and stores it before it sends. The same
/// content again is answered with the stored question. There are no corrections: withdraw the question and write another.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(QuestionId), Path)),
    responses(
        (status = 201, description = "Stored, durably", body = Question, example = json!({
            "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "written_at": "2026-03-02T18:40:00Z",
            "text": "How do I tell my sister that I skip the wedding toast?", "received_at": "2026-03-02T21:05:00Z",
        })),
        (status = 200, description = "Already stored with the same content", body = Question),
        (status = 409, description = "The id has another question, or the question was withdrawn"),
    ),
)]
#[put("/v1/participants/{participant}/questions/{id}")]
async fn record_question(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, QuestionId)>,
    Json(draft): Json<QuestionDraft>,
) -> Result<Recorded<Question>, Problem> {
    let (participant, id) = path.into_inner();
    let done = caller.write(&app, Action::RecordQuestion, participant, move |tx, grant| {
        record(tx, grant, id, draft.clone())
    });
    done.await
}

/// List questions for the next session
///
/// The newest first, open and discussed. Withdrawn ones are left out.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), PageQuery),
    responses((status = 200, description = "A page of questions", body = Page<Question>)),
)]
#[get("/v1/participants/{participant}/questions")]
async fn list_questions(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<PageQuery>,
) -> Result<Json<Page<Question>>, Problem> {
    let (participant,) = path.into_inner();
    let PageQuery { limit, after } = query.into_inner();
    let found = caller
        .read(&app, Action::ReadQuestions, participant, None, move |tx, grant| {
            let after = after.map(|Cursor(at, id)| (at, id.into()));
            Ok(store::list(tx, grant, after, i64::from(limit) + 1)?)
        })
        .await?;
    Ok(Json(Page::new(found, limit, |last| Cursor(last.written_at, last.id.into()))))
}

/// Mark a question as discussed
///
/// The participant or the counselor says that it was brought up. If both do, the first one counts.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(QuestionId), Path)),
    responses(
        (status = 200, description = "The question, with who marked it and when", body = Question),
        (status = 409, description = "The question was withdrawn"),
    ),
)]
#[put("/v1/participants/{participant}/questions/{id}/discussed")]
async fn discuss_question(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, QuestionId)>,
) -> Result<Json<Question>, Problem> {
    let (participant, id) = path.into_inner();
    let done =
        caller.write(&app, Action::DiscussQuestion, participant, move |tx, grant| discuss(tx, grant, id));
    done.await.map(Json)
}

/// Withdraw a question
///
/// It is no longer shown. A tombstone stays. Doing it again changes nothing.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(QuestionId), Path)),
    responses((status = 204, description = "Withdrawn")),
)]
#[delete("/v1/participants/{participant}/questions/{id}")]
async fn withdraw_question(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, QuestionId)>,
) -> Result<HttpResponse, Problem> {
    let (participant, id) = path.into_inner();
    caller
        .write(&app, Action::WithdrawQuestion, participant, move |tx, grant| withdraw(tx, grant, id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
