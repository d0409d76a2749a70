//! Lapses, told without shame, and looking back at them as far as wanted.

use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::craving::Substance;
use evenkeel_domain::plan::proposal::Proposal;
use evenkeel_domain::recovery::debrief::{Debrief, DebriefDraft, proposals_from_debrief};
use evenkeel_domain::recovery::guidance::{Guidance, guidance};
use evenkeel_domain::recovery::lapse::{self, Lapse, LapseDraft, LapseId, LapseOutcome, LapseRevision};
use evenkeel_domain::recovery::learning::PlanChange;
use evenkeel_persistence::{Tx, recovery as store};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Recorded};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::etag::IfMatch;
use crate::plan;
use crate::recovery::told_use;

/// Where a lapse is told.
const REPORT_LAPSE: &str = "/v1/participants/me/recovery/lapses/{id}";

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(report_lapse)
        .service(read_lapse)
        .service(withdraw_lapse)
        .service(acknowledge_lapse)
        .service(save_lapse_debrief);
}

// What happens

/// What happens when a lapse is told, whichever way it came in. The same again changes nothing.
pub fn report(
    tx: &mut Tx,
    grant: &Grant,
    id: LapseId,
    draft: &LapseDraft,
) -> Result<Recorded<Lapse>, Problem> {
    if let Some(kept) = store::find_lapse(tx, grant, id)? {
        let first = revisions(tx, grant, &kept)?.into_iter().next();
        lapse::same(&kept, &first.map_or_else(|| kept.draft(), |first| first.lapse), draft)?;
        return Ok(Recorded::Known(kept));
    }
    let reported = lapse::report(grant.participant(), id, draft.clone(), grant.now());
    store::add_lapse(tx, grant, &reported)?;
    audit::record(tx, grant, Action::ReportLapse, Some(id.into()))?;
    Ok(Recorded::New(reported))
}

/// What happens when a lapse is taken back.
pub fn take_back(tx: &mut Tx, grant: &Grant, id: LapseId) -> Result<(), Problem> {
    let before = told(tx, grant, id)?;
    let withdrawn = lapse::withdraw(&before, grant.now());
    if withdrawn != before {
        store::put_lapse(tx, grant, &withdrawn)?;
        told_use::weigh(tx, grant)?;
        audit::record(tx, grant, Action::WithdrawLapse, Some(id.into()))?;
    }
    Ok(())
}

/// What happens when somebody who treats the person has seen a lapse, as of a revision.
pub fn acknowledge(tx: &mut Tx, grant: &Grant, id: LapseId, revision: i32) -> Result<(), Problem> {
    let before = told(tx, grant, id)?;
    let seen = lapse::acknowledge(&before, revision, grant.actor().account, grant.now())?;
    if seen != before {
        store::put_lapse(tx, grant, &seen)?;
        audit::record(tx, grant, Action::AcknowledgeUse, Some(id.into()))?;
        told_use::weigh(tx, grant)?;
    }
    Ok(())
}

/// What happens when somebody looks back at a lapse: the debrief is saved on top of the revision that the phone
/// knows, and answered with what the plan could take from it.
pub fn look_back(
    tx: &mut Tx,
    grant: &Grant,
    id: LapseId,
    draft: &DebriefDraft,
    known: i32,
) -> Result<SavedDebrief, Problem> {
    let before = told(tx, grant, id)?;
    let saved = lapse::save_debrief(&before, draft, known, grant.now())?;
    if saved != before {
        store::put_lapse(tx, grant, &saved)?;
        audit::record(tx, grant, Action::SaveDebrief, Some(id.into()))?;
    }
    let plan = plan::summary(tx, grant)?;
    let mut proposals = Vec::new();
    for change in proposals_from_debrief(&saved.debrief.content, &plan) {
        if let Some(proposal) = change.proposal()
            && !plan::says(tx, grant, &proposal)?
        {
            proposals.push(Suggested { change, proposal });
        }
    }
    Ok(SavedDebrief { debrief: saved.debrief, proposals })
}

pub(super) fn told(tx: &mut Tx, grant: &Grant, id: LapseId) -> Result<Lapse, Problem> {
    store::find_lapse(tx, grant, id)?.ok_or_else(Problem::unknown)
}

/// A lapse that was not taken back.
pub(super) fn standing(tx: &mut Tx, grant: &Grant, id: LapseId) -> Result<Lapse, Problem> {
    let lapse = told(tx, grant, id)?;
    if lapse.withdrawn_at.is_some() { Err(Problem::withdrawn()) } else { Ok(lapse) }
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

/// A lapse as it stands, with words for the moment.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "occurred_at": "2026-03-02T23:40:00Z",
    "time_zone": "America/New_York", "substance": "alcohol", "outcome": "lapse",
    "note": "Two beers at the game. Went home then.", "local_day": "2026-03-02",
    "received_at": "2026-03-03T14:00:00Z", "clock_suspect": false, "revision": 1, "debrief": { "revision": 0, "content": {} },
    "guidance": { "reviewed_on": "2026-11-24", "sections": [{
        "code": "without_shame", "title": "You told us. That takes courage.",
        "lines": ["A lapse does not undo the days you have built. They are yours to keep."],
    }] },
}))]
pub(super) struct ReportedLapse {
    #[serde(flatten)]
    lapse: Lapse,
    /// What to read now, the most pressing first
    guidance: Guidance,
}

impl From<Lapse> for ReportedLapse {
    fn from(lapse: Lapse) -> Self {
        Self { guidance: guidance(&[lapse.substance], Some(lapse.outcome)), lapse }
    }
}

/// What an entry of another room is answered with where it tells of use; nothing where it does not.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct UseResponse {
    /// What to read now, the most pressing first; only where the entry tells of use
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    guidance: Option<Guidance>,
    /// Where the person can tell of it as a lapse, if it is not told yet, under an id that the phone makes. Only
    /// that changes the count
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 120)]
    report_lapse_at: Option<&'static str>,
}

impl UseResponse {
    /// Of use of one of these, or of who knows what; how much, such an entry does not tell.
    pub fn of_use(substances: &[Substance]) -> Self {
        Self { guidance: Some(guidance(substances, None)), report_lapse_at: Some(REPORT_LAPSE) }
    }

    /// Adds it to a refusal, as if the entry had been stored; not where the caller may not report use here.
    pub fn attach(self, problem: Problem) -> Problem {
        if matches!(problem.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return problem;
        }
        let Ok(Value::Object(members)) = serde_json::to_value(self) else { return problem };
        members.into_iter().fold(problem, |problem, (member, value)| problem.with(&member, value))
    }

    /// Of a lapse that could not be stored: it is answered all the same.
    pub(super) fn of_lapse(substance: Substance, outcome: LapseOutcome) -> Self {
        Self { guidance: Some(guidance(&[substance], Some(outcome))), report_lapse_at: None }
    }
}

/// Tell a lapse
///
/// Always welcome, however late. A single use begins a new count on its day, a return to use waits for the next
/// start, a near miss changes no count; days that were sober stay sober. Always answered with `guidance`, also
/// where what it says is refused; of an opioid, and of what cannot be read, with what keeps alive. The phone makes
/// the id (UUIDv7) and keeps it before it sends.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(LapseId), Path)),
    responses(
        (status = 201, description = "Stored, durably", body = ReportedLapse),
        (status = 200, description = "Stored before with the same content", body = ReportedLapse),
        (status = 409, description = "The id is taken by other content, or was taken back"),
    ),
)]
#[put("/v1/participants/{participant}/recovery/lapses/{id}")]
async fn report_lapse(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, LapseId)>,
    draft: Result<Json<LapseDraft>, Problem>,
) -> Result<Recorded<ReportedLapse>, Problem> {
    let (participant, id) = path.into_inner();
    let Json(draft) = draft.map_err(|problem| UseResponse::of_use(&[]).attach(problem))?;
    let told = (draft.substance, draft.outcome);
    let done =
        caller.write(&app, Action::ReportLapse, participant, move |tx, grant| report(tx, grant, id, &draft));
    let done = done.await.map_err(|problem| UseResponse::of_lapse(told.0, told.1).attach(problem))?;
    Ok(done.map(ReportedLapse::from))
}

/// Read a lapse
///
/// With its debrief and the revision of that, to go on with.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(LapseId), Path)),
    responses(
        (status = 200, description = "The lapse as it stands", body = Lapse),
        (status = 410, description = "It was taken back"),
    ),
)]
#[get("/v1/participants/{participant}/recovery/lapses/{id}")]
async fn read_lapse(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, LapseId)>,
) -> Result<Json<Lapse>, Problem> {
    let (participant, id) = path.into_inner();
    let lapse = caller
        .read(&app, Action::ReadRecovery, participant, Some(id.into()), move |tx, grant| {
            let lapse = standing(tx, grant, id)?;
            Ok(lapse)
        })
        .await?;
    Ok(Json(lapse))
}

/// Acknowledge a lapse
///
/// Whoever treats the person has seen it; it stands out in the caseload no more, and neither does use of a craving or a
/// check-in that it tells of too. Of several, the first stands. `If-Match` names the revision that was seen.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ("id" = inline(LapseId), Path),
        (
            "If-Match" = String, Header, description = "The `revision` of the lapse that was seen, in quotes",
            min_length = 3, max_length = 64, example = "\"1\""
        ),
    ),
    responses(
        (status = 204, description = "Acknowledged"),
        (status = 409, description = "The lapse was taken back"),
        (status = 412, description = "It was corrected since that revision"),
        (status = 428, description = "If-Match is missing"),
    ),
)]
#[put("/v1/participants/{participant}/recovery/lapses/{id}/acknowledgement")]
async fn acknowledge_lapse(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, LapseId)>,
    IfMatch(seen): IfMatch,
) -> Result<HttpResponse, Problem> {
    let (participant, id) = path.into_inner();
    caller
        .write(&app, Action::AcknowledgeUse, participant, move |tx, grant| acknowledge(tx, grant, id, seen))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Take a lapse back
///
/// It counts in nothing any more. Again is the same.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(LapseId), Path)),
    responses((status = 204, description = "Taken back")),
)]
#[delete("/v1/participants/{participant}/recovery/lapses/{id}")]
async fn withdraw_lapse(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, LapseId)>,
) -> Result<HttpResponse, Problem> {
    let (participant, id) = path.into_inner();
    caller.write(&app, Action::WithdrawLapse, participant, move |tx, grant| take_back(tx, grant, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A debrief as it was saved, and what the plan could take from it.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "revision": 1, "saved_at": "2026-03-03T15:00:00Z",
    "content": { "trigger": "urges", "helped_stop": "Rang Sam" },
    "proposals": [
        {
            "change": { "type": "add_trigger", "category": "urges" },
            "proposal": {
                "kind": "add_trigger", "category": "urges", "source": "internal", "words": "An urge or a temptation",
            },
        },
        {
            "change": { "type": "add_lapse_response_step", "words": "Rang Sam" },
            "proposal": { "kind": "add_lapse_response_step", "words": "Rang Sam" },
        },
    ],
}))]
pub struct SavedDebrief {
    #[serde(flatten)]
    debrief: Debrief,
    /// Changes of the plan to choose from; none is made by itself
    #[schema(max_items = 24)]
    proposals: Vec<Suggested>,
}

/// A change of the plan that a debrief suggests.
#[derive(Serialize, ToSchema)]
struct Suggested {
    /// The change
    change: PlanChange,
    /// What takes it up when it is sent to the plan as it is
    proposal: Proposal,
}

/// Look back at a lapse
///
/// Step by step, as far as wanted; each save replaces what was told and is made on top of the revision in
/// `If-Match`, 0 before the first. Answered with what the plan could take from it.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ("id" = inline(LapseId), Path),
        (
            "If-Match" = String, Header, description = "The revision of the debrief that the phone knows, in quotes",
            min_length = 3, max_length = 64, example = "\"0\""
        ),
    ),
    responses(
        (
            status = 200, description = "Saved", body = SavedDebrief,
            headers(("ETag" = String, description = "Its revision, in quotes"))
        ),
        (status = 409, description = "The lapse was taken back"),
        (status = 428, description = "If-Match is missing"),
        (status = 412, description = "The debrief was changed since that revision"),
    ),
)]
#[put("/v1/participants/{participant}/recovery/lapses/{id}/debrief")]
async fn save_lapse_debrief(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, LapseId)>,
    IfMatch(known): IfMatch,
    Json(draft): Json<DebriefDraft>,
) -> Result<HttpResponse, Problem> {
    let (participant, id) = path.into_inner();
    let saved = caller
        .write(&app, Action::SaveDebrief, participant, move |tx, grant| {
            look_back(tx, grant, id, &draft, known)
        })
        .await?;
    let tag = format!("\"{}\"", saved.debrief.revision);
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(saved))
}
