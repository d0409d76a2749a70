//! Check-ins: a minute a day, a little more once a week, answered offline or not.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, put};
use evenkeel_domain::access::{Act, Grant};
use evenkeel_domain::check_in::{
    self, Adherence, Answered, CheckIn, CheckInDraft, CheckInId, CheckInKind, CheckInRevision, Definition,
    Refusal,
};
use evenkeel_domain::journal::{Act as Deed, Room};
use evenkeel_domain::recovery::told_use::{TellingKind, ToldUse};
use evenkeel_domain::value::{Day, Moment};
use evenkeel_persistence::{Tx, account, check_in as store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::account::home_zone;
use crate::app::App;
use crate::body::{Json, Path, Query, Recorded};
use crate::caller::{Caller, Whose};
use crate::journal::{note, seen};
use crate::problem::Problem;
use crate::recovery::lapse::Heard;
use crate::recovery::told_use;
use crate::secret::{hexadecimal, sha256};
use crate::trend::SpanQuery;

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_check_in_definitions)
        .service(read_check_in_definition)
        .service(answer_check_in)
        .service(list_check_ins)
        .service(read_adherence)
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
            | Refusal::Over
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

// What happens

/// What happens when a check-in is answered, whichever way it came in: what was sent is kept, the check-in of
/// its day or week becomes what all that was sent adds up to, and it is journaled. The same again changes
/// nothing; `true` says it is new.
pub fn answer(
    tx: &mut Tx,
    grant: &Grant,
    id: CheckInId,
    draft: &CheckInDraft,
    request: Uuid,
    now: Moment,
) -> Result<(CheckIn, bool), Problem> {
    // Looked up first: it may be kept for another day than it would be placed on now.
    if let Some(known) = store::revision(tx, grant, id)? {
        known.same(draft)?;
        let standing = store::find(tx, grant, draft.kind, known.day)?;
        return Ok((standing.ok_or_else(Problem::unknown)?, false));
    }
    let day = check_in::place(draft, now)?.day;
    let kept = store::revisions(tx, grant, draft.kind, day)?;
    let Answered { check_in, kept: new } = check_in::answer(grant.participant(), &kept, id, draft, now)?;
    let Some(new) = new else { return Ok((check_in, false)) };
    store::add_revision(tx, grant, &new)?;
    let deed = if kept.is_empty() {
        store::add(tx, grant, &check_in)?;
        Deed::Record
    } else {
        store::put(tx, grant, &check_in)?;
        Deed::Correct
    };
    if check_in::used(&draft.answers).is_some() || !kept.is_empty() {
        let told = |before: Option<&ToldUse>| check_in::told_use(&check_in, &kept, &new, before, now);
        told_use::tell(tx, grant, TellingKind::CheckIn, Uuid::from(check_in.id).into(), told, now)?;
    }
    note(tx, grant, deed, Room::CheckIn, Some(check_in.id.into()), request, now)?;
    Ok((check_in, true))
}

// Definitions

/// A definition in the form in which phones fetch it.
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

/// A definition by its name.
#[derive(Serialize, ToSchema)]
struct DefinitionName {
    /// Which kind
    kind: CheckInKind,
    /// Its version, from 1
    #[schema(minimum = 1, maximum = 32767)]
    version: i16,
    /// SHA-256 of its text, in hexadecimal
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    hash: &'static str,
    /// What the person reads above it
    #[schema(max_length = 120)]
    title: &'static str,
}

/// Every definition that was ever published, by kind and version.
#[derive(Serialize, ToSchema)]
struct DefinitionNames {
    /// The definitions
    #[schema(max_items = 200)]
    items: Vec<DefinitionName>,
}

/// List what check-ins ask
///
/// Every version that was ever published, so that an old phone can answer under the one it has. The newest of
/// a kind is the one to ask. A version never changes: fetch its text once, by its hash.
#[utoipa::path(
    tag = "check_in",
    responses((
        status = 200, description = "All definitions", body = DefinitionNames,
        example = json!({ "items": [{
            "kind": "daily", "version": 1, "title": "How is today?",
            "hash": "5f0c2b1a9e8d7c6b5a493827160f5e4d3c2b1a0f9e8d7c6b5a493827160f5e4d",
        }] })
    )),
    security(("bearer" = []))
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

/// Read what a check-in asks
///
/// Exactly the text that the hash covers, to be checked against it and kept for good.
#[utoipa::path(
    tag = "check_in",
    params(
        (
            "hash" = String, Path, description = "SHA-256 of the text, in hexadecimal",
            min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$",
            example = "5f0c2b1a9e8d7c6b5a493827160f5e4d3c2b1a0f9e8d7c6b5a493827160f5e4d"
        ),
        (
            "If-None-Match" = Option<String>, Header, description = "The `ETag` of the text that is there already",
            max_length = 80
        ),
    ),
    responses(
        (
            status = 200, description = "The definition", body = Definition,
            headers(("ETag" = String, description = "The hash, in quotes"))
        ),
        (status = 304, description = "The text that is there already"),
    ),
    security(("bearer" = []))
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

/// A check-in as it stands; use that it tells of, or that was told with it just now, is answered like a lapse.
#[derive(Serialize, ToSchema)]
struct HeardCheckIn {
    #[serde(flatten)]
    check_in: CheckIn,
    #[serde(flatten)]
    heard: Heard,
}

/// Answer a check-in
///
/// One for each day, one for each week from Monday. The phone makes the id (UUIDv7) and keeps it before it
/// sends; the same content again is answered with what stands. Another one of the same day or week, under an id
/// of its own, is a revision: all are kept, and the one that was filled in last stands. (Word for word the same,
/// time included, is one sending that was given two ids: the first stands.) What was filled in in
/// time is taken whenever it arrives, then marked `late`: a daily check-in until 24 hours after its day, a
/// weekly one until 72 hours after its week. After that, what was answered can still be corrected, by an answer with
/// a `day` and a `reason`; what was not can no longer be answered. An answer with a `reason` stands over all that came
/// before it. One that tells of use is answered with `guidance`, as a lapse is, also where it is refused but can be
/// read, and stays told (`told_use` in the caseload) whatever another answer of the day says, until one with a `reason`
/// puts right the one that told of it, or the person takes it back (`DELETE …/recovery/told-uses/{kind}/{id}`).
#[utoipa::path(
    tag = "check_in",
    params(("participant" = inline(Whose), Path), ("id" = inline(CheckInId), Path)),
    responses(
        (status = 201, description = "Stored, durably: the check-in as it now stands", body = HeardCheckIn),
        (status = 200, description = "Stored before with the same content", body = HeardCheckIn),
        (status = 409, description = "The id is taken by other content"),
    ),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/check-ins/{id}")]
async fn answer_check_in(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, CheckInId)>,
    Json(draft): Json<CheckInDraft>,
) -> Result<Recorded<HeardCheckIn>, Problem> {
    let (whose, id) = path.into_inner();
    let (now, told) = (app.now(), check_in::used(&draft.answers));
    let done = app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::AnswerCheckIn, &whose)?;
        answer(tx, &grant, id, &draft, caller.request_id, now)
    });
    match done.await {
        Ok((check_in, new)) => {
            // Use is heard whether or not it is what stands; of two answers the one that may be worse.
            let used = [told, check_in::used(&check_in.answers)].into_iter().flatten().min_by_key(Vec::len);
            let heard = used.map_or_else(Heard::default, |used| Heard::of_use(&used));
            Ok(Recorded::from((HeardCheckIn { check_in, heard }, new)))
        }
        Err(problem) => Err(match told {
            Some(used) => problem.heard(Heard::of_use(&used)),
            None => problem,
        }),
    }
}

#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CheckInQuery {
    /// Only of this kind
    #[param(inline)]
    kind: Option<CheckInKind>,
    /// The first day, in the participant's own calendar; 27 days before `to` if not given
    #[param(inline)]
    from: Option<Day>,
    /// The last day; today if not given. At most 366 days in all
    #[param(inline)]
    to: Option<Day>,
}

/// Check-ins as they stand, the latest day first.
#[derive(Serialize, ToSchema)]
struct CheckIns {
    /// The check-ins
    #[schema(max_items = 419)]
    items: Vec<CheckIn>,
}

/// List check-ins
///
/// As they stand, the latest day first. A weekly one counts on the Monday of its week.
#[utoipa::path(
    tag = "check_in",
    params(("participant" = inline(Whose), Path), CheckInQuery),
    responses((
        status = 200, description = "The check-ins of these days", body = CheckIns,
        example = json!({ "items": [{
            "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "kind": "daily", "version": 1, "day": "2026-03-02",
            "occurred_at": "2026-03-03T01:10:00Z", "time_zone": "America/New_York",
            "answers": { "mood": 6, "sleep_hours": 7.5, "craving_worst": 4, "confidence": 8 },
            "received_at": "2026-03-03T01:10:02Z", "clock_suspect": false, "late": false, "revision": 1,
        }] })
    )),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/check-ins")]
async fn list_check_ins(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    query: Query<CheckInQuery>,
) -> Result<Json<CheckIns>, Problem> {
    let (whose,) = path.into_inner();
    let CheckInQuery { kind, from, to } = query.into_inner();
    let now = app.now();
    let (grant, items) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadCheckIns, &whose)?;
            let span = SpanQuery { from, to }.span(tx, &grant, now)?;
            let mut items = Vec::new();
            for one in CheckInKind::ALL.iter().filter(|one| kind.is_none_or(|kind| kind == **one)) {
                items.extend(store::days(tx, &grant, *one, span.from(), span.to())?);
            }
            items.sort_by_key(|one| std::cmp::Reverse((one.day, one.id)));
            Ok((grant, items))
        })
        .await?;
    seen(&app, grant, Room::CheckIn, None, caller.request_id).await?;
    Ok(Json(CheckIns { items }))
}

/// How often daily check-ins were answered over a span of days. Only those from the day on which the participant
/// joined up to today are expected, and while a day can still be filled in only if it is answered; where there are
/// none, `rate` is null.
#[derive(Serialize, ToSchema)]
struct AdherenceOfDays {
    /// The first day that was asked about
    from: Day,
    /// The last day that was asked about
    to: Day,
    #[serde(flatten)]
    adherence: Adherence,
}

/// Read how often check-ins were answered
///
/// Daily check-ins, of the days asked about from the one on which the participant joined up to today: nobody is
/// expected to have answered before or after. A day can be filled in until 24 hours after it ended; while it can
/// and is not answered, it is not expected yet, so it lowers no rate and ends no streak.
#[utoipa::path(
    tag = "check_in",
    params(("participant" = inline(Whose), Path), SpanQuery),
    responses((
        status = 200, description = "How many of these days have a check-in", body = AdherenceOfDays,
        example = json!({
            "from": "2026-02-17", "to": "2026-03-02",
            "expected": 14, "answered": 12, "rate": 0.86, "streak": 3, "longest_streak": 8,
        })
    )),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/check-ins/adherence")]
async fn read_adherence(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    query: Query<SpanQuery>,
) -> Result<Json<AdherenceOfDays>, Problem> {
    let (whose,) = path.into_inner();
    let (now, query) = (app.now(), query.into_inner());
    let (grant, answer) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadCheckIns, &whose)?;
            let span = query.span(tx, &grant, now)?;
            let zone = home_zone(tx, grant.participant())?;
            let joined_at = account::joined_at(tx, grant.participant())?.ok_or_else(Problem::unknown)?;
            let adherence = match span.within(joined_at.local_day(&zone), now.local_day(&zone)) {
                // Days of hospital or holiday will come with the program; until then every day is asked for.
                Some(expected) => {
                    let answered = store::answered_days(tx, &grant, expected.from(), expected.to())?;
                    check_in::adherence(expected, &[], &answered, &zone, now)
                }
                None => Adherence::default(),
            };
            Ok((grant, AdherenceOfDays { from: span.from(), to: span.to(), adherence }))
        })
        .await?;
    seen(&app, grant, Room::CheckIn, None, caller.request_id).await?;
    Ok(Json(answer))
}

/// All that was sent for a day or week, the first one first.
#[derive(Serialize, ToSchema)]
struct CheckInRevisions {
    /// What it said, and when it came
    #[schema(max_items = 50)]
    items: Vec<CheckInRevision>,
}

/// Read the revisions of a check-in
///
/// All that was sent for its day or week, under whichever id of theirs it is asked for.
#[utoipa::path(
    tag = "check_in",
    params(("participant" = inline(Whose), Path), ("id" = inline(CheckInId), Path)),
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
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/check-ins/{id}/revisions")]
async fn list_check_in_revisions(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, CheckInId)>,
) -> Result<Json<CheckInRevisions>, Problem> {
    let (whose, id) = path.into_inner();
    let (grant, items) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadCheckIns, &whose)?;
            let named = store::revision(tx, &grant, id)?.ok_or_else(Problem::unknown)?;
            let items = store::revisions(tx, &grant, named.check_in.kind, named.day)?;
            Ok((grant, items))
        })
        .await?;
    seen(&app, grant, Room::CheckIn, Some(id.into()), caller.request_id).await?;
    Ok(Json(CheckInRevisions { items }))
}
