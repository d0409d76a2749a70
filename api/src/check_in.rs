//! Daily and weekly check-ins, also answered offline.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::check_in::{
    self, Answered, CheckIn, CheckInDraft, CheckInId, CheckInKind, CheckInRevision, CompletionRate,
    Definition, Refusal, UseAnswers,
};
use evenkeel_domain::recovery::use_report::ReportSource;
use evenkeel_domain::value::Day;
use evenkeel_persistence::{Tx, account, check_in as store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::calendar::home_zone;
use crate::app::problem::Problem;
use crate::app::secret::{hexadecimal, sha256};
use crate::http::body::{Json, Path, Query, Recorded};
use crate::http::caller::{Caller, ParticipantRef};
use crate::recovery::lapse::UseResponse;
use crate::recovery::use_report;
use crate::trend::SpanQuery;

/// The routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_check_in_definitions)
        .service(read_check_in_definition)
        .service(answer_check_in)
        .service(list_check_ins)
        .service(read_completion_rate)
        .service(list_check_in_revisions);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Different => Self::different(refusal.to_string()),
            Refusal::TooManyRevisions => Self::refused(refusal.to_string()),
            Refusal::UnknownVersion
            | Refusal::Answers(_)
            | Refusal::NotYet
            | Refusal::Closed
            | Refusal::NeverAnswered => {
                let mut faults = refusal.faults().into_iter();
                let first = match faults.next() {
                    Some((pointer, detail)) => Self::invalid(pointer, detail),
                    None => Self::refused(refusal.to_string()),
                };
                faults.fold(first, |problem, (pointer, detail)| problem.and(pointer, detail))
            }
        }
    }
}

// Actions

/// Stores an answer as a revision, and updates the check-in of its day or week to the current revision. Sending the
/// same answer again changes nothing.
pub fn answer(
    tx: &mut Tx,
    grant: &Grant,
    id: CheckInId,
    draft: &CheckInDraft,
) -> Result<Recorded<CheckIn>, Problem> {
    // Looked up first, because it may be stored for another day than the one it would count on now.
    if let Some(known) = store::revision(tx, grant, id)? {
        known.same(draft)?;
        let current = store::find(tx, grant, draft.kind, known.day)?;
        return Ok(Recorded::Known(current.ok_or_else(Problem::unknown)?));
    }
    let day = check_in::place(draft, grant.now())?.day;
    let earlier = store::revisions(tx, grant, draft.kind, day)?;
    let Answered { check_in, new } = check_in::answer(grant.participant(), &earlier, id, draft, grant.now())?;
    let Some(new) = new else { return Ok(Recorded::Known(check_in)) };
    store::add_revision(tx, grant, &new)?;
    let action = if earlier.is_empty() {
        store::add(tx, grant, &check_in)?;
        Action::AnswerCheckIn
    } else {
        store::put(tx, grant, &check_in)?;
        Action::CorrectCheckIn
    };
    if UseAnswers::of(&draft.answers).is_use() || !earlier.is_empty() {
        use_report::update(tx, grant, ReportSource::CheckIn, check_in.id.into(), |before| {
            check_in::use_report(&check_in, &earlier, &new, before, grant.now())
        })?;
    }
    audit::record(tx, grant, action, Some(check_in.id.into()))?;
    Ok(Recorded::New(check_in))
}

// Definitions

/// A definition as phones fetch it.
struct Published {
    hash: String,
    text: String,
    definition: &'static Definition,
}

static PUBLISHED: LazyLock<Vec<Published>> = LazyLock::new(|| {
    let all = check_in::definitions().iter();
    all.map(|definition| Published {
        hash: hexadecimal(&definition.hash(sha256)),
        text: definition.canonical(),
        definition,
    })
    .collect()
});

/// The kind, version and hash of a definition.
#[derive(Serialize, ToSchema)]
struct DefinitionName {
    /// The kind of check-in
    kind: CheckInKind,
    /// The version, from 1
    #[schema(minimum = 1, maximum = 32767)]
    version: i16,
    /// SHA-256 of the text, in hexadecimal
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    hash: &'static str,
    /// The title that the participant sees
    #[schema(max_length = 120)]
    title: &'static str,
}

/// All published definitions, by kind and version.
#[derive(Serialize, ToSchema)]
struct DefinitionNames {
    /// The definitions
    #[schema(max_items = 200)]
    items: Vec<DefinitionName>,
}

/// List the check-in definitions
///
/// All published versions, so that an old phone can answer with the version it has. Ask the questions of the newest
/// version of a kind. A version never changes: fetch its text once, by its hash.
#[utoipa::path(
    responses((
        status = 200, description = "All definitions", body = DefinitionNames,
        example = json!({ "items": [{
            "kind": "daily", "version": 1, "title": "How is today?",
            "hash": "5f0c2b1a9e8d7c6b5a493827160f5e4d3c2b1a0f9e8d7c6b5a493827160f5e4d",
        }] })
    )),
)]
#[get("/v1/check-ins/definitions")]
async fn list_check_in_definitions(app: Data<App>, caller: Caller) -> Result<Json<DefinitionNames>, Problem> {
    app.read(move |tx| caller.actor(tx)).await?;
    let named = PUBLISHED.iter().map(|one| DefinitionName {
        kind: one.definition.kind,
        version: one.definition.version,
        hash: &one.hash,
        title: &one.definition.title,
    });
    Ok(Json(DefinitionNames { items: named.collect() }))
}

/// Read a check-in definition
///
/// The answer is exactly the text that the hash covers. Check it against the hash and store it; it never changes.
#[utoipa::path(
    params(
        (
            "hash" = String, Path, description = "SHA-256 of the text, in hexadecimal",
            min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$",
            example = "5f0c2b1a9e8d7c6b5a493827160f5e4d3c2b1a0f9e8d7c6b5a493827160f5e4d"
        ),
        (
            "If-None-Match" = Option<String>, Header, description = "The `ETag` of the text that the client has",
            max_length = 80
        ),
    ),
    responses(
        (
            status = 200, description = "The definition", body = Definition,
            headers(("ETag" = String, description = "The hash, in quotes"))
        ),
        (status = 304, description = "The client already has the text"),
    ),
)]
#[get("/v1/check-ins/definitions/{hash}")]
async fn read_check_in_definition(
    app: Data<App>,
    caller: Caller,
    request: HttpRequest,
    path: Path<(String,)>,
) -> Result<HttpResponse, Problem> {
    let (hash,) = path.into_inner();
    app.read(move |tx| caller.actor(tx)).await?;
    let published = PUBLISHED.iter().find(|one| one.hash == hash).ok_or_else(Problem::unknown)?;
    let tag = format!("\"{hash}\"");
    let known = request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::ETAG, tag));
    answer.insert_header((header::CACHE_CONTROL, "private, max-age=31536000, immutable"));
    if known {
        return Ok(answer.finish());
    }
    Ok(answer.content_type("application/json").body(published.text.as_str()))
}

// Check-ins

/// The current check-in. If it or the answer just sent reports use, guidance is added as for a lapse.
#[derive(Serialize, ToSchema)]
struct CheckInResponse {
    #[serde(flatten)]
    check_in: CheckIn,
    #[serde(flatten)]
    response: UseResponse,
}

/// Answer a check-in
///
/// There is one check-in for each day and one for each week from Monday. The phone makes the id (UUIDv7) and stores it
/// before it sends. Sending the same content again answers with the current check-in.
///
/// Another answer for the same day or week has its own id and is a revision. All revisions are stored, and the one
/// filled in last is current. (An answer that is equal to an earlier one, time included, was sent twice under two ids;
/// the first counts.)
///
/// A daily check-in can be filled in until 24 hours after its day, a weekly one until 72 hours after its week. An answer
/// filled in on time is accepted whenever it arrives, and marked `late` if the time is over by then. After that, an
/// existing answer can still be corrected with a `day` and a `reason`, but no new one given. An answer with a `reason`
/// replaces all earlier ones.
///
/// An answer that reports use gets `guidance`, as a lapse does, even if a rule refuses the answer. It is a use report
/// (`use_reports` in the caseload) whatever other answers of the day say, until an answer with a `reason` changes the
/// yes to a no.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(CheckInId), Path)),
    responses(
        (status = 201, description = "Stored; the current check-in", body = CheckInResponse),
        (status = 200, description = "Already stored with the same content", body = CheckInResponse),
        (status = 409, description = "The id already has other content"),
    ),
)]
#[put("/v1/participants/{participant}/check-ins/{id}")]
async fn answer_check_in(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, CheckInId)>,
    Json(draft): Json<CheckInDraft>,
) -> Result<Recorded<CheckInResponse>, Problem> {
    let (participant, id) = path.into_inner();
    let sent = UseAnswers::of(&draft.answers);
    let done = caller
        .write(&app, Action::AnswerCheckIn, participant, move |tx, grant| answer(tx, grant, id, &draft));
    match done.await {
        Ok(done) => Ok(done.map(|check_in| {
            // Use is answered whether or not it is the current version; of two answers the one that may be worse.
            let current = UseAnswers::of(&check_in.answers);
            let uses = [sent, current].into_iter().filter(|answers| answers.is_use());
            let substance = uses.map(UseAnswers::substance).min_by_key(Option::is_some);
            let response = substance.map_or_else(UseResponse::default, UseResponse::of_use);
            CheckInResponse { check_in, response }
        })),
        Err(problem) if sent.is_use() => Err(UseResponse::of_use(sent.substance()).attach(problem)),
        Err(problem) => Err(problem),
    }
}

#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CheckInQuery {
    /// Only check-ins of this kind
    #[param(inline)]
    kind: Option<CheckInKind>,
    /// The first local day of the participant; default 27 days before `to`
    #[param(inline)]
    from: Option<Day>,
    /// The last local day; default today. A span has at most 366 days
    #[param(inline)]
    to: Option<Day>,
}

/// Current check-ins, the latest day first.
#[derive(Serialize, ToSchema)]
struct CheckIns {
    /// The check-ins
    #[schema(max_items = 419)]
    items: Vec<CheckIn>,
}

/// List check-ins
///
/// The current check-ins, the latest day first. A weekly one counts on the Monday of its week.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), CheckInQuery),
    responses((
        status = 200, description = "The check-ins of these days", body = CheckIns,
        example = json!({ "items": [{
            "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "kind": "daily", "version": 1, "day": "2026-03-02",
            "occurred_at": "2026-03-03T01:10:00Z", "time_zone": "America/New_York",
            "answers": { "mood": 6, "sleep_hours": 7.5, "craving_worst": 4, "confidence": 8 },
            "received_at": "2026-03-03T01:10:02Z", "clock_suspect": false, "late": false, "revision": 1,
        }] })
    )),
)]
#[get("/v1/participants/{participant}/check-ins")]
async fn list_check_ins(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<CheckInQuery>,
) -> Result<Json<CheckIns>, Problem> {
    let (participant,) = path.into_inner();
    let CheckInQuery { kind, from, to } = query.into_inner();
    let items = caller
        .read(&app, Action::ReadCheckIns, participant, None, move |tx, grant| {
            let span = SpanQuery { from, to }.span(tx, grant)?;
            let mut items = Vec::new();
            for one in CheckInKind::ALL.iter().filter(|one| kind.is_none_or(|kind| kind == **one)) {
                items.extend(store::days(tx, grant, *one, span.from(), span.to())?);
            }
            items.sort_by_key(|one| std::cmp::Reverse((one.day, one.id)));
            Ok(items)
        })
        .await?;
    Ok(Json(CheckIns { items }))
}

/// How many daily check-ins of a span were answered. If none is expected, `rate` is null.
#[derive(Serialize, ToSchema)]
struct CompletionOfDays {
    /// The first day of the span
    from: Day,
    /// The last day of the span
    to: Day,
    #[serde(flatten)]
    completion_rate: CompletionRate,
}

/// Read the completion rate of check-ins
///
/// Counts daily check-ins from the day the participant joined until today. A day can be filled in until 24 hours after
/// it ends. Until then a day without an answer is not expected, so it does not lower the rate or end a streak.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), SpanQuery),
    responses((
        status = 200, description = "The completion rate of these days", body = CompletionOfDays,
        example = json!({
            "from": "2026-02-17", "to": "2026-03-02",
            "expected": 14, "answered": 12, "rate": 0.86, "streak": 3, "longest_streak": 8,
        })
    )),
)]
#[get("/v1/participants/{participant}/check-ins/completion-rate")]
async fn read_completion_rate(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<SpanQuery>,
) -> Result<Json<CompletionOfDays>, Problem> {
    let (participant,) = path.into_inner();
    let (now, query) = (app.now(), query.into_inner());
    let answer = caller
        .read(&app, Action::ReadCheckIns, participant, None, move |tx, grant| {
            let span = query.span(tx, grant)?;
            let zone = home_zone(tx, grant.participant())?;
            let joined_at = account::joined_at(tx, grant.participant())?.ok_or_else(Problem::unknown)?;
            let completion_rate = match span.within(joined_at.local_day(&zone), now.local_day(&zone)) {
                // Days to leave out, such as a hospital stay, are not recorded yet: every day is expected.
                Some(expected) => {
                    let answered = store::answered_days(tx, grant, expected.from(), expected.to())?;
                    check_in::completion_rate(expected, &[], &answered, &zone, now)
                }
                None => CompletionRate::default(),
            };
            Ok(CompletionOfDays { from: span.from(), to: span.to(), completion_rate })
        })
        .await?;
    Ok(Json(answer))
}

/// All revisions for a day or week, the first one first.
#[derive(Serialize, ToSchema)]
struct CheckInRevisions {
    /// The revisions
    #[schema(max_items = 50)]
    items: Vec<CheckInRevision>,
}

/// Read the revisions of a check-in
///
/// All revisions for its day or week. The id is that of any of them.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(CheckInId), Path)),
    responses((
        status = 200, description = "All revisions", body = CheckInRevisions,
        example = json!({ "items": [{
            "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "revision": 1, "received_at": "2026-03-03T01:10:02Z",
            "day": "2026-03-02", "clock_suspect": false, "late": false,
            "check_in": {
                "kind": "daily", "version": 1, "occurred_at": "2026-03-03T01:10:00Z",
                "time_zone": "America/New_York", "answers": { "mood": 6, "craving_worst": 4, "confidence": 8 },
            },
        }] })
    )),
)]
#[get("/v1/participants/{participant}/check-ins/{id}/revisions")]
async fn list_check_in_revisions(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, CheckInId)>,
) -> Result<Json<CheckInRevisions>, Problem> {
    let (participant, id) = path.into_inner();
    let items = caller
        .read(&app, Action::ReadCheckIns, participant, Some(id.into()), move |tx, grant| {
            let named = store::revision(tx, grant, id)?.ok_or_else(Problem::unknown)?;
            let items = store::revisions(tx, grant, named.check_in.kind, named.day)?;
            Ok(items)
        })
        .await?;
    Ok(Json(CheckInRevisions { items }))
}
