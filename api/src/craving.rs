//! Cravings: logged on a phone, online or offline, and stored even if its clock is wrong or it sends them twice.

mod correction;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::craving::{
    self, Craving, CravingDraft, CravingId, Outcome, OutcomeDraft, RatingDraft, RatingId, Refusal, Substance,
};
use evenkeel_domain::recovery::use_report::{ReportSource, Use, UseReport};
use evenkeel_domain::trend::DaySummary;
use evenkeel_domain::value::Day;
use evenkeel_persistence::{Tx, craving as store, trend};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Query, Recorded};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::page::{Cursor, EntryQuery, Page};
use crate::recovery::lapse::UseResponse;
use crate::recovery::use_report;

/// The routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(record_craving)
        .service(list_cravings)
        .service(read_craving)
        .service(withdraw_craving)
        .service(rate_craving)
        .service(conclude_craving);
    correction::routes(config);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Entry(refusal) => refusal.into(),
            Refusal::TooManyRatings | Refusal::TooManyOutcomes => Self::refused(refusal.to_string()),
        }
    }
}

// Actions

/// Records a craving: stores it once, counts it on the day it was felt, and records it in the audit log. The same
/// content again changes nothing.
pub fn record(
    tx: &mut Tx,
    grant: &Grant,
    id: CravingId,
    draft: CravingDraft,
) -> Result<Recorded<Craving>, Problem> {
    let craving = craving::record(grant.participant(), id, draft, grant.now());
    if !store::add(tx, grant, &craving)? {
        let stored = find(tx, grant, id)?;
        let revisions = store::revisions(tx, grant, &stored)?;
        craving::same(&stored, &revisions, &store::outcomes(tx, grant, id)?, &craving.draft)?;
        return Ok(Recorded::Known(stored));
    }
    match trend::day(tx, grant, craving.local_day)? {
        Some(summary) => trend::put(tx, grant, &summary.with(&craving))?,
        None => trend::add(tx, grant, &DaySummary::first(&craving))?,
    }
    if let Some(says) = Use::of_craving(&craving) {
        report_use(tx, grant, id, says)?;
    }
    audit::record(tx, grant, Action::RecordCraving, Some(id.into()))?;
    Ok(Recorded::New(craving))
}

/// Adds a later rating.
pub fn rate(
    tx: &mut Tx,
    grant: &Grant,
    id: CravingId,
    rating: RatingId,
    draft: &RatingDraft,
) -> Result<Recorded<Craving>, Problem> {
    let before = find(tx, grant, id)?;
    let rated = craving::rate(&before, rating, draft)?;
    if rated == before {
        return Ok(Recorded::Known(before));
    }
    if let Some(new) = rated.ratings.iter().find(|stored| stored.id == rating) {
        store::add_rating(tx, grant, id, new)?;
    }
    if rated.peak != before.peak {
        store::put(tx, grant, &rated)?;
        recount(tx, grant, rated.local_day)?;
    }
    audit::record(tx, grant, Action::RateCraving, Some(id.into()))?;
    Ok(Recorded::New(rated))
}

/// Reports how a craving ended, or that it has not ended yet.
pub fn conclude(tx: &mut Tx, grant: &Grant, id: CravingId, draft: &OutcomeDraft) -> Result<Craving, Problem> {
    let before = find(tx, grant, id)?;
    let (concluded, new) = craving::conclude(&before, &store::outcomes(tx, grant, id)?, draft, grant.now())?;
    let Some(new) = new else { return Ok(before) };
    store::add_outcome(tx, grant, id, &new)?;
    if concluded != before {
        store::put(tx, grant, &concluded)?;
        recount(tx, grant, concluded.local_day)?;
    }
    if new.outcome == Outcome::Lapsed {
        let CravingDraft { time_zone, substance, .. } = &concluded.draft;
        report_use(tx, grant, id, Use::at(new.at(), time_zone, *substance))?;
    }
    audit::record(tx, grant, Action::ConcludeCraving, Some(id.into()))?;
    Ok(concluded)
}

fn withdraw(tx: &mut Tx, grant: &Grant, id: CravingId) -> Result<(), Problem> {
    let before = find(tx, grant, id)?;
    let withdrawn = craving::withdraw(&before, grant.now());
    if withdrawn != before {
        store::put(tx, grant, &withdrawn)?;
        recount(tx, grant, withdrawn.local_day)?;
        revise_use(tx, grant, id, |_| None)?;
        audit::record(tx, grant, Action::WithdrawCraving, Some(id.into()))?;
    }
    Ok(())
}

fn find(tx: &mut Tx, grant: &Grant, id: CravingId) -> Result<Craving, Problem> {
    store::find(tx, grant, id)?.ok_or_else(Problem::unknown)
}

/// A craving that was not withdrawn.
fn current(tx: &mut Tx, grant: &Grant, id: CravingId) -> Result<Craving, Problem> {
    let craving = find(tx, grant, id)?;
    if craving.withdrawn_at.is_some() { Err(Problem::withdrawn()) } else { Ok(craving) }
}

/// Updates the use report of a craving that reports use, for the first time or again.
fn report_use(tx: &mut Tx, grant: &Grant, id: CravingId, says: Use) -> Result<(), Problem> {
    use_report::update(tx, grant, ReportSource::Craving, id.into(), |before| {
        Some(UseReport::report(ReportSource::Craving, id, before, says, grant.now()))
    })
}

/// Updates the use report of a craving that was corrected or withdrawn. The function returns the use that it reports
/// now, given what it reported before.
fn revise_use(
    tx: &mut Tx,
    grant: &Grant,
    id: CravingId,
    says: impl FnOnce(Option<Use>) -> Option<Use>,
) -> Result<(), Problem> {
    use_report::update(tx, grant, ReportSource::Craving, id.into(), |before| {
        let says = says(before.and_then(UseReport::reported));
        UseReport::revise(ReportSource::Craving, id, before, says, grant.now())
    })
}

/// Counts a day again from its entries, after any change except a new entry.
fn recount(tx: &mut Tx, grant: &Grant, day: Day) -> Result<(), Problem> {
    let counted = DaySummary::recount(&store::of_day(tx, grant, day)?);
    match (counted, trend::day(tx, grant, day)?) {
        (Some(counted), Some(_)) => trend::put(tx, grant, &counted)?,
        (Some(counted), None) => trend::add(tx, grant, &counted)?,
        (None, _) => trend::remove(tx, grant, day)?,
    }
    Ok(())
}

// Routes

/// The current revision of a craving, with guidance if it reports use or just reported it.
#[derive(Serialize, ToSchema)]
struct CravingResponse {
    #[serde(flatten)]
    craving: Craving,
    #[serde(flatten)]
    response: UseResponse,
}

impl CravingResponse {
    /// The answer to an outcome, whether or not it is the current one.
    fn new(craving: Craving, received: Option<Outcome>) -> Self {
        let is_use = [received, craving.draft.outcome].contains(&Some(Outcome::Lapsed));
        let response =
            if is_use { UseResponse::of_use(craving.draft.substance) } else { UseResponse::default() };
        Self { craving, response }
    }
}

/// Adds the guidance to a refusal, if the request reports use.
fn with_use_response(problem: Problem, sent: Option<Outcome>, substance: Option<Substance>) -> Problem {
    match sent {
        Some(Outcome::Lapsed) => UseResponse::of_use(substance).attach(problem),
        None | Some(Outcome::Passed | Outcome::StillGoing) => problem,
    }
}

/// Log a craving
///
/// The phone makes the id (UUIDv7) and stores it before it sends. The answer to the same content again is the stored
/// entry. An entry may be late by any time. If its clock is more than 5 minutes ahead, it is stored with
/// `clock_suspect` and counts on the day it arrived. A craving that ended in use is a use report, and its answer has
/// `guidance`, as for a lapse.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(CravingId), Path)),
    responses(
        (status = 201, description = "Stored, durably", body = CravingResponse),
        (status = 200, description = "Stored before with the same content", body = CravingResponse),
        (status = 409, description = "The id is in use for other content, or the craving was withdrawn"),
    ),
)]
#[put("/v1/participants/{participant}/cravings/{id}")]
async fn record_craving(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, CravingId)>,
    Json(draft): Json<CravingDraft>,
) -> Result<Recorded<CravingResponse>, Problem> {
    let (participant, id) = path.into_inner();
    let (outcome, substance) = (draft.outcome, draft.substance);
    let done = caller.write(&app, Action::RecordCraving, participant, move |tx, grant| {
        record(tx, grant, id, draft.clone())
    });
    let done = done.await.map_err(|problem| with_use_response(problem, outcome, substance))?;
    Ok(done.map(|craving| CravingResponse::new(craving, outcome)))
}

/// List cravings
///
/// The latest felt first, without withdrawn ones.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), EntryQuery),
    responses((status = 200, description = "A page of cravings", body = Page<Craving>)),
)]
#[get("/v1/participants/{participant}/cravings")]
async fn list_cravings(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<EntryQuery>,
) -> Result<Json<Page<Craving>>, Problem> {
    let (participant,) = path.into_inner();
    let EntryQuery { from, until, limit, after } = query.into_inner();
    let found = caller
        .read(&app, Action::ReadCravings, participant, None, move |tx, grant| {
            let after = after.map(|Cursor(at, id)| (at, id.into()));
            Ok(store::list(tx, grant, from, until, after, i64::from(limit) + 1)?)
        })
        .await?;
    Ok(Json(Page::new(found, limit, |last| Cursor(last.felt_at(), last.id.into()))))
}

/// Read a craving
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(CravingId), Path)),
    responses(
        (status = 200, description = "The craving", body = Craving),
        (status = 410, description = "It was withdrawn"),
    ),
)]
#[get("/v1/participants/{participant}/cravings/{id}")]
async fn read_craving(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, CravingId)>,
) -> Result<Json<Craving>, Problem> {
    let (participant, id) = path.into_inner();
    let craving = caller
        .read(&app, Action::ReadCravings, participant, Some(id.into()), move |tx, grant| {
            current(tx, grant, id)
        })
        .await?;
    Ok(Json(craving))
}

/// Withdraw a craving
///
/// It is no longer shown or counted. A tombstone stays. Doing it again changes nothing.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(CravingId), Path)),
    responses((status = 204, description = "Withdrawn")),
)]
#[delete("/v1/participants/{participant}/cravings/{id}")]
async fn withdraw_craving(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, CravingId)>,
) -> Result<HttpResponse, Problem> {
    let (participant, id) = path.into_inner();
    caller
        .write(&app, Action::WithdrawCraving, participant, move |tx, grant| withdraw(tx, grant, id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Rate a craving again
///
/// For example after 15 and 30 minutes. A craving has at most 50 later ratings.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ("id" = inline(CravingId), Path), ("rating_id" = inline(RatingId), Path)
    ),
    responses(
        (status = 201, description = "Stored, durably", body = Craving),
        (status = 200, description = "Stored before with the same content", body = Craving),
        (status = 409, description = "The id is in use for another rating, or the craving was withdrawn"),
    ),
)]
#[put("/v1/participants/{participant}/cravings/{id}/ratings/{rating_id}")]
async fn rate_craving(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, CravingId, RatingId)>,
    Json(draft): Json<RatingDraft>,
) -> Result<Recorded<Craving>, Problem> {
    let (participant, id, rating) = path.into_inner();
    let done = caller
        .write(&app, Action::RateCraving, participant, move |tx, grant| rate(tx, grant, id, rating, &draft));
    done.await
}

/// Report how a craving ended
///
/// Or that it has not ended yet. The outcome that was observed last counts, in whatever order they arrive. All are
/// stored, at most 50 of each. The same outcome again changes nothing, even after a correction. The answer to an
/// outcome with use has `guidance`, as for a lapse. The use stays reported (`use_reports` in the caseload), whatever
/// is observed later, until a correction changes that outcome or the craving is withdrawn.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(CravingId), Path)),
    responses(
        (status = 200, description = "The craving", body = CravingResponse),
        (status = 409, description = "The craving was withdrawn"),
    ),
)]
#[put("/v1/participants/{participant}/cravings/{id}/outcome")]
async fn conclude_craving(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, CravingId)>,
    Json(draft): Json<OutcomeDraft>,
) -> Result<Json<CravingResponse>, Problem> {
    let (participant, id) = path.into_inner();
    let outcome = draft.outcome;
    let done = caller
        .write(&app, Action::ConcludeCraving, participant, move |tx, grant| conclude(tx, grant, id, &draft));
    let craving = done.await.map_err(|problem| with_use_response(problem, Some(outcome), None))?;
    Ok(Json(CravingResponse::new(craving, Some(outcome))))
}
