//! Lapses, without shame, and their debriefs.

use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::craving::Substance;
use evenkeel_domain::plan::proposal::Proposal;
use evenkeel_domain::recovery::debrief::{Debrief, DebriefDraft, proposals_from_debrief};
use evenkeel_domain::recovery::guidance::{Guidance, guidance};
use evenkeel_domain::recovery::lapse::{self, Lapse, LapseDraft, LapseId, LapseOutcome};
use evenkeel_domain::recovery::learning::PlanChange;
use evenkeel_domain::recovery::use_report::{ReportSource, Use, UseReport};
use evenkeel_persistence::Tx;
use evenkeel_persistence::recovery::lapse as store;
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
use crate::recovery::use_report;

/// Where a lapse is reported.
const REPORT_LAPSE: &str = "/v1/participants/me/recovery/lapses/{id}";

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.service(report_lapse).service(read_lapse).service(withdraw_lapse).service(save_lapse_debrief);
}

// Actions

/// What happens when a lapse is reported, whichever way it came in. The same again changes nothing.
pub fn report(
    tx: &mut Tx,
    grant: &Grant,
    id: LapseId,
    draft: &LapseDraft,
) -> Result<Recorded<Lapse>, Problem> {
    let reported = lapse::report(grant.participant(), id, draft.clone(), grant.now());
    if !store::add(tx, grant, &reported)? {
        let stored = find(tx, grant, id)?;
        stored.same(&store::revisions(tx, grant, &stored)?, draft)?;
        return Ok(Recorded::Known(stored));
    }
    update_report(tx, grant, &reported)?;
    audit::record(tx, grant, Action::ReportLapse, Some(id.into()))?;
    Ok(Recorded::New(reported))
}

/// What happens when a lapse is withdrawn.
pub fn withdraw(tx: &mut Tx, grant: &Grant, id: LapseId) -> Result<(), Problem> {
    let before = find(tx, grant, id)?;
    let withdrawn = lapse::withdraw(&before, grant.now());
    if withdrawn != before {
        store::put(tx, grant, &withdrawn)?;
        update_report(tx, grant, &withdrawn)?;
        audit::record(tx, grant, Action::WithdrawLapse, Some(id.into()))?;
    }
    Ok(())
}

/// What happens when a lapse is new or has changed: its use report says what the lapse says now.
pub(super) fn update_report(tx: &mut Tx, grant: &Grant, lapse: &Lapse) -> Result<(), Problem> {
    use_report::update(tx, grant, ReportSource::Lapse, lapse.id.into(), |before| {
        UseReport::revise(ReportSource::Lapse, lapse.id, before, Use::of_lapse(lapse), grant.now())
    })
}

/// What happens when a debrief is saved, on top of the revision that the phone knows. The answer says what the plan
/// could take from it.
pub fn save_debrief(
    tx: &mut Tx,
    grant: &Grant,
    id: LapseId,
    draft: &DebriefDraft,
    known: i32,
) -> Result<SavedDebrief, Problem> {
    let before = find(tx, grant, id)?;
    let saved = lapse::save_debrief(&before, draft, known, grant.now())?;
    if saved != before {
        store::put(tx, grant, &saved)?;
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

/// A lapse, withdrawn or not.
pub(super) fn find(tx: &mut Tx, grant: &Grant, id: LapseId) -> Result<Lapse, Problem> {
    store::find(tx, grant, id)?.ok_or_else(Problem::unknown)
}

/// A lapse that was not withdrawn.
pub(super) fn current(tx: &mut Tx, grant: &Grant, id: LapseId) -> Result<Lapse, Problem> {
    let lapse = find(tx, grant, id)?;
    if lapse.withdrawn_at.is_some() { Err(Problem::withdrawn()) } else { Ok(lapse) }
}

// Routes

/// The current version of a lapse, with guidance for the person.
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
    /// What to read now, the most urgent first
    guidance: Guidance,
}

impl From<Lapse> for ReportedLapse {
    fn from(lapse: Lapse) -> Self {
        Self { guidance: guidance(Some(lapse.draft.substance), Some(lapse.draft.outcome)), lapse }
    }
}

/// What is added to the answer to a craving or a check-in that reports use; nothing where it does not.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct UseResponse {
    /// What to read now, the most urgent first; only where the entry reports use
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    guidance: Option<Guidance>,
    /// Where the person can report it as a lapse, under an id that the phone makes. Only a lapse changes the count
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 120)]
    report_lapse_at: Option<&'static str>,
}

impl UseResponse {
    /// After use of this substance, none if it is not known. How much, such an entry does not say.
    pub fn of_use(substance: Option<Substance>) -> Self {
        Self { guidance: Some(guidance(substance, None)), report_lapse_at: Some(REPORT_LAPSE) }
    }

    /// Adds it to a refusal, as if the entry had been stored, unless the caller may not report use here.
    pub fn attach(self, problem: Problem) -> Problem {
        if matches!(problem.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return problem;
        }
        let Ok(Value::Object(members)) = serde_json::to_value(self) else { return problem };
        members.into_iter().fold(problem, |problem, (member, value)| problem.with(&member, value))
    }

    /// For a lapse that could not be stored.
    pub(super) fn of_lapse(substance: Substance, outcome: LapseOutcome) -> Self {
        Self { guidance: Some(guidance(Some(substance), Some(outcome))), report_lapse_at: None }
    }
}

/// Report a lapse
///
/// At any time, however late. A single use begins a new count on its day, a return to use waits for the next sobriety
/// date, a close call changes no count; days that were sober remain sober. The answer always has `guidance`, also where
/// the lapse is refused. Where it may have been an opioid, or the lapse cannot be read, that begins with how to prevent
/// a fatal overdose. Use, and a close call with what may have been an opioid, is a use report until somebody who treats
/// the person acknowledges it. The phone makes the id (UUIDv7) and stores it before it sends.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(LapseId), Path)),
    responses(
        (status = 201, description = "Stored, durably", body = ReportedLapse),
        (status = 200, description = "Stored before with the same content", body = ReportedLapse),
        (status = 409, description = "The id is taken by other content, or was withdrawn"),
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
    let Json(draft) = draft.map_err(|problem| UseResponse::of_use(None).attach(problem))?;
    let (substance, outcome) = (draft.substance, draft.outcome);
    let done =
        caller.write(&app, Action::ReportLapse, participant, move |tx, grant| report(tx, grant, id, &draft));
    let done = done.await.map_err(|problem| UseResponse::of_lapse(substance, outcome).attach(problem))?;
    Ok(done.map(ReportedLapse::from))
}

/// Read a lapse
///
/// With its debrief and the revision of the debrief, to continue from there.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(LapseId), Path)),
    responses(
        (status = 200, description = "The current version of the lapse", body = Lapse),
        (status = 410, description = "It was withdrawn"),
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
            current(tx, grant, id)
        })
        .await?;
    Ok(Json(lapse))
}

/// Withdraw a lapse
///
/// It no longer counts anywhere, and its use report is withdrawn. Again is the same.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(LapseId), Path)),
    responses((status = 204, description = "Withdrawn")),
)]
#[delete("/v1/participants/{participant}/recovery/lapses/{id}")]
async fn withdraw_lapse(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, LapseId)>,
) -> Result<HttpResponse, Problem> {
    let (participant, id) = path.into_inner();
    caller.write(&app, Action::WithdrawLapse, participant, move |tx, grant| withdraw(tx, grant, id)).await?;
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

/// Save a debrief
///
/// Looking back at a lapse, step by step, as far as wanted. Each save replaces all of it and starts from the revision
/// in `If-Match`, 0 before the first. The answer says what the plan could take from it.
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
        (status = 409, description = "The lapse was withdrawn"),
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
            save_debrief(tx, grant, id, &draft, known)
        })
        .await?;
    let tag = format!("\"{}\"", saved.debrief.revision);
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(saved))
}
