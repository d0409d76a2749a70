//! Recovery: sober time, its milestones, and lapses that are always welcome to be told.

mod correction;
pub mod lapse;
pub mod proposal;
pub mod told_use;

use std::cmp::Reverse;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, put};
use evenkeel_domain::access::{Action, Grant, Relation};
use evenkeel_domain::craving::Substance;
use evenkeel_domain::recovery::Refusal;
use evenkeel_domain::recovery::course::{CounterChoice, Course, SobrietyDateEffect, course, effect};
use evenkeel_domain::recovery::lapse::Lapse;
use evenkeel_domain::recovery::milestone::milestones;
use evenkeel_domain::recovery::sobriety_date::{self, SobrietyDate, SobrietyDateDraft, SobrietyDateId};
use evenkeel_domain::recovery::told_use::ToldUse;
use evenkeel_domain::value::{Moment, TimeZone};
use evenkeel_persistence::{Tx, recovery as store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::calendar::home_zone;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Recorded};
use crate::http::caller::{Caller, ParticipantRef};

/// Starts and lapses told at most, the latest first.
const MOST_TOLD: usize = 1000;

/// The routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(read_recovery)
        .service(record_sobriety_date)
        .service(withdraw_sobriety_date)
        .service(choose_counter);
    lapse::routes(config);
    correction::routes(config);
    proposal::routes(config);
    told_use::routes(config);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Different => Self::different(refusal.to_string()),
            Refusal::Withdrawn => Self::conflict(refusal.to_string()),
            Refusal::TooManyRevisions => Self::refused(refusal.to_string()),
            Refusal::NotYet | Refusal::LongAgo | Refusal::OtherDay | Refusal::OtherStart => {
                Self::invalid(refusal.pointer().unwrap_or_default(), refusal.to_string())
            }
            Refusal::Stale { current } => Self::stale_since(format!(
                "This was changed since: the latest revision is {current}. Read it, then send this again with \
                 its number in If-Match."
            )),
        }
    }
}

// What happens

/// What happens when a start of sober time is told, whichever way it came in. The same again changes nothing.
pub fn begin(
    tx: &mut Tx,
    grant: &Grant,
    id: SobrietyDateId,
    draft: &SobrietyDateDraft,
) -> Result<Recorded<SobrietyDate>, Problem> {
    if let Some(kept) = store::find_sobriety_date(tx, grant, id)? {
        sobriety_date::same(&kept, draft)?;
        return Ok(Recorded::Known(kept));
    }
    let begun = sobriety_date::begin(
        grant.participant(),
        id,
        draft.clone(),
        &store::sobriety_dates(tx, grant)?,
        grant.now(),
    )?;
    store::add_sobriety_date(tx, grant, &begun)?;
    audit::record(tx, grant, Action::RecordSobrietyDate, Some(id.into()))?;
    Ok(Recorded::New(begun))
}

/// What happens when a start is taken back.
pub fn withdraw_date(tx: &mut Tx, grant: &Grant, id: SobrietyDateId) -> Result<(), Problem> {
    let before = store::find_sobriety_date(tx, grant, id)?.ok_or_else(Problem::unknown)?;
    let withdrawn = sobriety_date::withdraw(&before, grant.now());
    if withdrawn != before {
        store::put_sobriety_date(tx, grant, &withdrawn)?;
        audit::record(tx, grant, Action::WithdrawSobrietyDate, Some(id.into()))?;
    }
    Ok(())
}

/// All that courses are folded from.
struct Told {
    zone: TimeZone,
    sobriety_dates: Vec<SobrietyDate>,
    lapses: Vec<Lapse>,
    choices: Vec<(Substance, CounterChoice)>,
}

impl Told {
    fn of(tx: &mut Tx, grant: &Grant) -> Result<Self, Problem> {
        Ok(Self {
            zone: home_zone(tx, grant.participant())?,
            sobriety_dates: store::sobriety_dates(tx, grant)?,
            lapses: store::lapses(tx, grant)?,
            choices: store::counter_choices(tx, grant)?,
        })
    }

    /// The course with a substance as who asks may see it.
    fn course(&self, substance: Substance, relation: Relation, now: Moment) -> ShownCourse {
        let course = course(substance, &self.sobriety_dates, &self.lapses, milestones(), &self.zone, now);
        let choice = self.choices.iter().find(|(of, _)| *of == substance);
        let choice = choice.map_or_else(CounterChoice::default, |(_, choice)| *choice);
        // Hidden from the person it weighs on; who treats them needs the days, and sees that they are hidden.
        let course = match relation {
            Relation::Own => course.shown(choice),
            Relation::Caseload | Relation::Organization | Relation::Foreign => course,
        };
        ShownCourse { course, counter_hidden: choice.hidden }
    }
}

/// Recovery as it stands.
fn recovery(tx: &mut Tx, grant: &Grant, now: Moment) -> Result<Recovery, Problem> {
    let told = Told::of(tx, grant)?;
    let standing = |substance: Substance| {
        told.sobriety_dates.iter().any(|one| one.substance == substance && one.withdrawn_at.is_none())
            || told.lapses.iter().any(|one| one.substance == substance && one.withdrawn_at.is_none())
    };
    let substances = Substance::ALL.iter().filter(|substance| standing(**substance));
    let courses = substances.map(|substance| told.course(*substance, grant.relation(), now)).collect();
    let Told { mut sobriety_dates, mut lapses, .. } = told;
    sobriety_dates.retain(|one| one.withdrawn_at.is_none());
    sobriety_dates.sort_by_key(|one| Reverse((one.since, one.id)));
    sobriety_dates.truncate(MOST_TOLD);
    lapses.retain(|one| one.withdrawn_at.is_none());
    lapses.sort_by_key(|one| Reverse((one.happened_at(), one.id)));
    lapses.truncate(MOST_TOLD);
    let mut told_uses = store::told_uses(tx, grant)?;
    told_uses.retain(ToldUse::stands);
    told_uses.sort_by_key(|one| Reverse((one.to, one.id)));
    told_uses.truncate(MOST_TOLD);
    Ok(Recovery { courses, sobriety_dates, lapses, told_uses })
}

/// What happens when somebody hides or shows the counter of a substance.
pub fn choose(tx: &mut Tx, grant: &Grant, counter: Counter) -> Result<(), Problem> {
    let Counter { substance, hidden } = counter;
    store::put_counter_choice(tx, grant, substance, CounterChoice { hidden })?;
    audit::record(tx, grant, Action::ChangeCounter, None)
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
        "substance": "alcohol", "lapses": 0, "close_calls": 0, "last_lapse_on": null, "counter_hidden": false,
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
    "sobriety_dates": [{
        "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "substance": "alcohol", "since": "2026-01-31",
        "reported_at": "2026-03-02T18:40:00Z", "time_zone": "America/New_York",
        "received_at": "2026-03-02T18:40:02Z", "clock_suspect": false,
    }],
    "lapses": [],
    "told_uses": [{
        "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b5", "kind": "craving", "from": "2026-01-29", "to": "2026-01-29",
        "substance": "alcohol", "reported_at": "2026-01-30T18:40:02Z", "revision": 1, "seen_with_lapses": false,
    }],
}))]
pub struct Recovery {
    /// The course with each substance that there is a start or a lapse of
    #[schema(max_items = 20)]
    courses: Vec<ShownCourse>,
    /// The starts that were told, the latest first; at most the last 1,000
    #[schema(max_items = 1000)]
    sobriety_dates: Vec<SobrietyDate>,
    /// The lapses that were told, the latest first; at most the last 1,000
    #[schema(max_items = 1000)]
    lapses: Vec<Lapse>,
    /// Use that cravings and check-ins tell of, the latest first; at most the last 1,000. It counts only once a lapse
    /// tells of it: the person may be asked whether to tell one
    #[schema(max_items = 1000)]
    told_uses: Vec<ToldUse>,
}

/// Read recovery
///
/// Sober time with each substance by the participant's own calendar, its milestones, starts and lapses. A
/// milestone stands as long as the run does that it was reached in; a lapse takes none away that was reached
/// before it was told.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses((status = 200, description = "Recovery as it stands", body = Recovery)),
)]
#[get("/v1/participants/{participant}/recovery")]
async fn read_recovery(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
) -> Result<Json<Recovery>, Problem> {
    let (participant,) = path.into_inner();
    let now = app.now();
    let recovery = caller
        .read(&app, Action::ReadRecovery, participant, None, move |tx, grant| {
            let recovery = recovery(tx, grant, now)?;
            Ok(recovery)
        })
        .await?;
    Ok(Json(recovery))
}

/// A start as it was kept, and what it makes of the course.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "substance": "alcohol", "since": "2026-02-15",
    "reported_at": "2026-03-02T18:40:00Z", "time_zone": "America/New_York",
    "received_at": "2026-03-02T18:40:02Z", "clock_suspect": false, "effect": "already_running",
    "course": {
        "substance": "alcohol", "lapses": 0, "close_calls": 0, "last_lapse_on": null, "counter_hidden": false,
        "count": {
            "current": { "since": "2026-02-01", "days": 29, "milestones": ["24_hours"] },
            "lifetime_days": 29, "longest_days": 29, "past": [],
            "reached": [{ "code": "24_hours", "label": "24 hours", "on": "2026-02-02" }],
            "next": { "code": "30_days", "label": "30 days", "on": "2026-03-03", "days_to_go": 1 },
        },
    },
}))]
struct RecordedSobrietyDate {
    #[serde(flatten)]
    start: SobrietyDate,
    effect: SobrietyDateEffect,
    /// The course with this substance as it now stands
    course: ShownCourse,
}

/// Tell a start
///
/// Since which day somebody is free from a substance; after a return to use, the start anew. It may lie as far
/// back as they say, but not ahead. A start that corrects another of the same substance names it in `corrects`,
/// and may come before it. While a count is running, a later start changes nothing: `effect` says so, and the
/// person is asked whether there was use in between, which is told as a lapse, or whether the day told before
/// was wrong, which is corrected. The phone makes the id (UUIDv7) and keeps it before it sends.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(SobrietyDateId), Path)),
    responses(
        (status = 201, description = "Stored, durably", body = RecordedSobrietyDate),
        (status = 200, description = "Stored before with the same content", body = RecordedSobrietyDate),
        (status = 409, description = "The id is taken by other content, or was taken back"),
    ),
)]
#[put("/v1/participants/{participant}/recovery/sobriety-dates/{id}")]
async fn record_sobriety_date(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, SobrietyDateId)>,
    Json(draft): Json<SobrietyDateDraft>,
) -> Result<Recorded<RecordedSobrietyDate>, Problem> {
    let (participant, id) = path.into_inner();
    let done = caller.write(&app, Action::RecordSobrietyDate, participant, move |tx, grant| {
        let recorded = begin(tx, grant, id, &draft)?;
        let told = Told::of(tx, grant)?;
        Ok(recorded.map(|start| {
            let effect = effect(&start, &told.sobriety_dates, &told.lapses);
            let course = told.course(start.substance, grant.relation(), grant.now());
            RecordedSobrietyDate { start, effect, course }
        }))
    });
    done.await
}

/// Take a start back
///
/// It counts in nothing any more. Its corrections still do. Again is the same.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(SobrietyDateId), Path)),
    responses((status = 204, description = "Taken back")),
)]
#[delete("/v1/participants/{participant}/recovery/sobriety-dates/{id}")]
async fn withdraw_sobriety_date(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, SobrietyDateId)>,
) -> Result<HttpResponse, Problem> {
    let (participant, id) = path.into_inner();
    caller
        .write(&app, Action::WithdrawSobrietyDate, participant, move |tx, grant| withdraw_date(tx, grant, id))
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
/// The count goes on. Who treats the person still sees the days, and that they are hidden.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses((status = 200, description = "What holds from grant.now() on", body = Counter)),
)]
#[put("/v1/participants/{participant}/recovery/counter")]
async fn choose_counter(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    Json(counter): Json<Counter>,
) -> Result<Json<Counter>, Problem> {
    let (participant,) = path.into_inner();
    caller
        .write(&app, Action::ChangeCounter, participant, move |tx, grant| choose(tx, grant, counter))
        .await?;
    Ok(Json(counter))
}
