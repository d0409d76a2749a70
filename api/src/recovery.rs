//! Recovery: sober time, its milestones, and lapses that are always welcome to be told.

pub mod lapse;
pub mod proposal;

use std::cmp::Reverse;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, put};
use evenkeel_domain::access::{Act, Grant, Relation};
use evenkeel_domain::craving::Substance;
use evenkeel_domain::journal::{Act as Deed, Room};
use evenkeel_domain::recovery::Refusal;
use evenkeel_domain::recovery::course::{CounterChoice, Course, Reached, course};
use evenkeel_domain::recovery::lapse::Lapse;
use evenkeel_domain::recovery::milestone::milestones;
use evenkeel_domain::recovery::start::{self, Start, StartDraft, StartId};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, account, recovery as store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::body::{Json, Path, Recorded};
use crate::caller::{Caller, Whose};
use crate::journal::{note, seen};
use crate::problem::Problem;

/// Starts and lapses told at most, the latest first.
const MOST_TOLD: usize = 1000;

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig) {
    config.service(read_recovery).service(record_start).service(withdraw_start).service(choose_counter);
    lapse::routes(config);
    proposal::routes(config);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Different => Self::different(refusal.to_string()),
            Refusal::Withdrawn => Self::conflict(refusal.to_string()),
            Refusal::NotYet | Refusal::LongAgo | Refusal::OtherDay => {
                Self::invalid(refusal.pointer().unwrap_or_default(), refusal.to_string())
            }
            Refusal::Stale { current } => Self::stale_since(format!(
                "This was changed since: the latest revision is {current}. Read it, then send the change with \
                 its number in If-Match."
            )),
        }
    }
}

// What happens

/// What happens when a start of sober time is told, whichever way it came in. The same again changes nothing;
/// `true` says it is new.
pub fn begin(
    tx: &mut Tx,
    grant: &Grant,
    id: StartId,
    draft: &StartDraft,
    request: Uuid,
    now: Moment,
) -> Result<(Start, bool), Problem> {
    if let Some(kept) = store::find_start(tx, grant, id)? {
        start::same(&kept, draft)?;
        return Ok((kept, false));
    }
    let begun = start::begin(grant.participant(), id, draft.clone(), now)?;
    store::add_start(tx, grant, &begun)?;
    note(tx, grant, Deed::Record, Room::Recovery, Some(id.into()), request, now)?;
    Ok((begun, true))
}

/// What happens when a start is taken back.
pub fn take_back_start(
    tx: &mut Tx,
    grant: &Grant,
    id: StartId,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    let before = store::find_start(tx, grant, id)?.ok_or_else(Problem::unknown)?;
    let withdrawn = start::withdraw(&before, now);
    if withdrawn != before {
        store::put_start(tx, grant, &withdrawn)?;
        note(tx, grant, Deed::Withdraw, Room::Recovery, Some(id.into()), request, now)?;
    }
    Ok(())
}

/// Recovery as it stands, and the milestones in it that are not kept yet.
pub fn recovery(
    tx: &mut Tx,
    grant: &Grant,
    now: Moment,
) -> Result<(Recovery, Vec<(Substance, Reached)>), Problem> {
    let zone = account::time_zone(tx, grant.participant())?.ok_or_else(Problem::unknown)?;
    let (mut starts, mut lapses) = (store::starts(tx, grant)?, store::lapses(tx, grant)?);
    let (kept, choices) = (store::reached(tx, grant)?, store::counter_choices(tx, grant)?);
    starts.retain(|one| one.withdrawn_at.is_none());
    lapses.retain(|one| one.withdrawn_at.is_none());
    let (mut courses, mut new) = (Vec::new(), Vec::new());
    for &substance in Substance::ALL {
        let own = kept.iter().filter(|(of, _)| *of == substance);
        let own: Vec<Reached> = own.map(|(_, reached)| reached.clone()).collect();
        let is_told = starts.iter().any(|one| one.substance == substance)
            || lapses.iter().any(|one| one.substance == substance);
        if !is_told && own.is_empty() {
            continue;
        }
        let course = course(substance, &starts, &lapses, &own, milestones(), &zone, now);
        let reached = course.count.iter().flat_map(|count| &count.reached);
        let first = reached.filter(|one| own.iter().all(|known| known.code != one.code));
        new.extend(first.map(|one| (substance, one.clone())));
        let choice = choices.iter().find(|(of, _)| *of == substance);
        let choice = choice.map_or_else(CounterChoice::default, |(_, choice)| *choice);
        // Hidden from the person it weighs on; who treats them needs the days, and sees that they are hidden.
        let course = match grant.relation() {
            Relation::Own => course.shown(choice),
            Relation::Caseload | Relation::Organisation | Relation::Foreign => course,
        };
        courses.push(ShownCourse { course, counter_hidden: choice.hidden });
    }
    starts.sort_by_key(|one| Reverse((one.since, one.id)));
    starts.truncate(MOST_TOLD);
    lapses.sort_by_key(|one| Reverse((one.happened_at(), one.id)));
    lapses.truncate(MOST_TOLD);
    Ok((Recovery { courses, starts, lapses }, new))
}

/// Keeps milestones that were reached; one that is kept already keeps its day.
pub fn keep_milestones(tx: &mut Tx, grant: &Grant, new: &[(Substance, Reached)]) -> Result<(), Problem> {
    for (substance, reached) in new {
        store::add_reached(tx, grant, *substance, reached)?;
    }
    Ok(())
}

/// What happens when somebody hides or shows the counter of a substance.
pub fn choose(
    tx: &mut Tx,
    grant: &Grant,
    counter: Counter,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    let Counter { substance, hidden } = counter;
    store::put_counter_choice(tx, grant, substance, CounterChoice { hidden })?;
    note(tx, grant, Deed::Change, Room::Recovery, None, request, now)
}

// Routes

/// The course with one substance, as it is shown.
#[derive(Serialize, ToSchema)]
pub struct ShownCourse {
    #[serde(flatten)]
    course: Course,
    /// Whether the participant hides the counter; `count` is then missing for them, not for their counselor
    counter_hidden: bool,
}

/// Recovery as it stands.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "courses": [{
        "substance": "alcohol", "lapses": 0, "near_misses": 0, "last_lapse_on": null, "counter_hidden": false,
        "count": {
            "current": { "since": "2026-01-31", "days": 30, "milestones": ["24_hours", "30_days"] },
            "lifetime_days": 30, "longest_days": 30, "past": [],
            "reached": [
                { "code": "24_hours", "label": "24 hours", "on": "2026-02-01" },
                { "code": "30_days", "label": "30 days", "on": "2026-03-02" },
            ],
            "next": { "code": "60_days", "label": "60 days", "on": "2026-04-01", "days_to_go": 30 },
        },
    }],
    "starts": [{
        "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "substance": "alcohol", "since": "2026-01-31",
        "told_at": "2026-03-02T18:40:00Z", "time_zone": "America/New_York",
        "received_at": "2026-03-02T18:40:02Z", "clock_suspect": false,
    }],
    "lapses": [],
}))]
pub struct Recovery {
    /// The course with each substance that there is a start or a lapse of
    #[schema(max_items = 20)]
    courses: Vec<ShownCourse>,
    /// The starts that were told, the latest first; at most the last 1,000
    #[schema(max_items = 1000)]
    starts: Vec<Start>,
    /// The lapses that were told, the latest first; at most the last 1,000
    #[schema(max_items = 1000)]
    lapses: Vec<Lapse>,
}

/// Read recovery
///
/// Sober time with each substance by the participant's own calendar, its milestones, starts and lapses. A
/// milestone once told stays with its day, whatever comes later.
#[utoipa::path(
    tag = "recovery",
    params(("participant" = inline(Whose), Path)),
    responses((status = 200, description = "Recovery as it stands", body = Recovery)),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/recovery")]
async fn read_recovery(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
) -> Result<Json<Recovery>, Problem> {
    let (whose,) = path.into_inner();
    let now = app.now();
    let (grant, (recovery, new)) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadRecovery, &whose)?;
            let recovery = recovery(tx, &grant, now)?;
            Ok((grant, recovery))
        })
        .await?;
    if !new.is_empty() {
        app.write_to(caller.record(whose), move |tx| {
            let grant = caller.granted(tx, Act::ReadRecovery, &whose)?;
            keep_milestones(tx, &grant, &new)
        })
        .await?;
    }
    seen(&app, grant, Room::Recovery, None, caller.request_id).await?;
    Ok(Json(recovery))
}

/// Tell a start
///
/// Since which day somebody is free from a substance; after a return to use, the start anew. It may lie as far
/// back as they say, but not ahead. A start that corrects another names it in `corrects`. The phone makes the id
/// (UUIDv7) and keeps it before it sends.
#[utoipa::path(
    tag = "recovery",
    params(("participant" = inline(Whose), Path), ("id" = inline(StartId), Path)),
    responses(
        (status = 201, description = "Stored, durably", body = Start),
        (status = 200, description = "Stored before with the same content", body = Start),
        (status = 409, description = "The id is taken by other content, or was taken back"),
    ),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/recovery/starts/{id}")]
async fn record_start(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, StartId)>,
    Json(draft): Json<StartDraft>,
) -> Result<Recorded<Start>, Problem> {
    let (whose, id) = path.into_inner();
    let now = app.now();
    let done = app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::ReportLapse, &whose)?;
        begin(tx, &grant, id, &draft, caller.request_id, now)
    });
    done.await.map(Recorded::from)
}

/// Take a start back
///
/// It counts in nothing any more. Again is the same.
#[utoipa::path(
    tag = "recovery",
    params(("participant" = inline(Whose), Path), ("id" = inline(StartId), Path)),
    responses((status = 204, description = "Taken back")),
    security(("bearer" = []))
)]
#[delete("/v1/participants/{participant}/recovery/starts/{id}")]
async fn withdraw_start(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, StartId)>,
) -> Result<HttpResponse, Problem> {
    let (whose, id) = path.into_inner();
    let now = app.now();
    app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::ReportLapse, &whose)?;
        take_back_start(tx, &grant, id, caller.request_id, now)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Whether the counter of a substance is hidden. Some find that counting weighs on them.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "substance": "alcohol", "hidden": true }))]
pub struct Counter {
    /// Of which substance
    substance: Substance,
    /// Whether it is hidden
    hidden: bool,
}

/// Hide or show a counter
///
/// Milestones go on being kept. Who treats the person still sees the days, and that they are hidden.
#[utoipa::path(
    tag = "recovery",
    params(("participant" = inline(Whose), Path)),
    responses((status = 200, description = "What holds from now on", body = Counter)),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/recovery/counter")]
async fn choose_counter(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    Json(counter): Json<Counter>,
) -> Result<Json<Counter>, Problem> {
    let (whose,) = path.into_inner();
    let now = app.now();
    app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::ReportLapse, &whose)?;
        choose(tx, &grant, counter, caller.request_id, now)
    })
    .await?;
    Ok(Json(counter))
}
