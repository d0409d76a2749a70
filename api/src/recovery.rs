//! Recovery: sober time, its milestones, lapses and use reports.

mod correction;
pub mod lapse;
pub mod proposal;
pub mod use_report;

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
use evenkeel_domain::recovery::use_report::UseReportGroup;
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

/// The most sobriety dates, lapses and days of use reports in an answer.
const MOST_ENTRIES: usize = 1000;

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
    use_report::routes(config);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Entry(refusal) => refusal.into(),
            Refusal::NotYet | Refusal::LongAgo | Refusal::OtherDay | Refusal::OtherDate => {
                Self::invalid(refusal.pointer().unwrap_or_default(), refusal.to_string())
            }
            Refusal::Stale { current } => Self::stale_since(format!(
                "This was changed since. The latest revision is {current}. Read it, then send this again with \
                 its number in If-Match."
            )),
            Refusal::ReportedSince => Self::stale_since(refusal.to_string()),
        }
    }
}

// Actions

/// Records a sobriety date. The same content again changes nothing.
pub fn record_date(
    tx: &mut Tx,
    grant: &Grant,
    id: SobrietyDateId,
    draft: &SobrietyDateDraft,
) -> Result<Recorded<SobrietyDate>, Problem> {
    if let Some(stored) = store::find_sobriety_date(tx, grant, id)? {
        sobriety_date::same(&stored, draft)?;
        return Ok(Recorded::Known(stored));
    }
    let recorded = sobriety_date::record(
        grant.participant(),
        id,
        draft.clone(),
        &store::sobriety_dates(tx, grant)?,
        grant.now(),
    )?;
    store::add_sobriety_date(tx, grant, &recorded)?;
    audit::record(tx, grant, Action::RecordSobrietyDate, Some(id.into()))?;
    Ok(Recorded::New(recorded))
}

/// Withdraws a sobriety date.
pub fn withdraw_date(tx: &mut Tx, grant: &Grant, id: SobrietyDateId) -> Result<(), Problem> {
    let before = store::find_sobriety_date(tx, grant, id)?.ok_or_else(Problem::unknown)?;
    let withdrawn = sobriety_date::withdraw(&before, grant.now());
    if withdrawn != before {
        store::put_sobriety_date(tx, grant, &withdrawn)?;
        audit::record(tx, grant, Action::WithdrawSobrietyDate, Some(id.into()))?;
    }
    Ok(())
}

/// The records from which courses are computed.
struct Evidence {
    zone: TimeZone,
    sobriety_dates: Vec<SobrietyDate>,
    lapses: Vec<Lapse>,
    choices: Vec<(Substance, CounterChoice)>,
}

impl Evidence {
    fn of(tx: &mut Tx, grant: &Grant) -> Result<Self, Problem> {
        Ok(Self {
            zone: home_zone(tx, grant.participant())?,
            sobriety_dates: store::sobriety_dates(tx, grant)?,
            lapses: store::lapse::list(tx, grant)?,
            choices: store::counter_choices(tx, grant)?,
        })
    }

    /// The course with a substance, as the caller may see it.
    fn course(&self, substance: Substance, relation: Relation, now: Moment) -> ShownCourse {
        let course = course(substance, &self.sobriety_dates, &self.lapses, milestones(), &self.zone, now);
        let choice = self.choices.iter().find(|(of, _)| *of == substance);
        let choice = choice.map_or_else(CounterChoice::default, |(_, choice)| *choice);
        // It is hidden only from the person. Staff need the days, and see that they are hidden.
        let course = match relation {
            Relation::Own => course.shown(choice),
            Relation::Caseload | Relation::Organization | Relation::Foreign => course,
        };
        ShownCourse { course, counter_hidden: choice.hidden }
    }
}

/// All of a participant's recovery.
fn recovery(tx: &mut Tx, grant: &Grant, now: Moment) -> Result<Recovery, Problem> {
    let evidence = Evidence::of(tx, grant)?;
    let is_recorded = |substance: Substance| {
        evidence.sobriety_dates.iter().any(|one| one.substance == substance && one.withdrawn_at.is_none())
            || evidence
                .lapses
                .iter()
                .any(|one| one.draft.substance == substance && one.withdrawn_at.is_none())
    };
    let substances = Substance::ALL.iter().filter(|substance| is_recorded(**substance));
    let courses = substances.map(|substance| evidence.course(*substance, grant.relation(), now)).collect();
    let Evidence { mut sobriety_dates, mut lapses, .. } = evidence;
    sobriety_dates.retain(|one| one.withdrawn_at.is_none());
    sobriety_dates.sort_by_key(|one| Reverse((one.since, one.id)));
    sobriety_dates.truncate(MOST_ENTRIES);
    lapses.retain(|one| one.withdrawn_at.is_none());
    lapses.sort_by_key(|one| Reverse((one.happened_at(), one.id)));
    lapses.truncate(MOST_ENTRIES);
    let mut use_reports = use_report::groups(tx, grant)?;
    use_reports.truncate(MOST_ENTRIES);
    Ok(Recovery { courses, sobriety_dates, lapses, use_reports })
}

/// Hides or shows the counter of a substance.
pub fn choose(tx: &mut Tx, grant: &Grant, counter: Counter) -> Result<(), Problem> {
    let Counter { substance, hidden } = counter;
    store::put_counter_choice(tx, grant, substance, CounterChoice { hidden })?;
    audit::record(tx, grant, Action::ChangeCounter, None)
}

// Routes

/// The course with one substance, as the caller sees it.
#[derive(Serialize, ToSchema)]
pub struct ShownCourse {
    #[serde(flatten)]
    course: Course,
    /// Whether the participant hides the counter. Then `count` is missing for them, but not for their counselor
    counter_hidden: bool,
}

/// All of a participant's recovery.
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
    "use_reports": [{
        "day": "2026-01-29", "needs_attention": true, "may_be_opioid": false, "etag": "\"5f0c2b1a9e8d7c6b\"",
        "reports": [{
            "source": "craving", "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b5", "first_day": "2026-01-29",
            "last_day": "2026-01-29", "substance": "alcohol", "reported_at": "2026-01-30T18:40:02Z", "revision": 1,
        }],
    }],
}))]
pub struct Recovery {
    /// The course with each substance that has a sobriety date or a lapse
    #[schema(max_items = 20)]
    courses: Vec<ShownCourse>,
    /// The last 1,000 sobriety dates, the latest first
    #[schema(max_items = 1000)]
    sobriety_dates: Vec<SobrietyDate>,
    /// The last 1,000 lapses, the latest first
    #[schema(max_items = 1000)]
    lapses: Vec<Lapse>,
    /// The use that cravings, check-ins and lapses report, by day: the last 1,000 days, the latest first. Only a lapse
    /// changes sober time. If a day has none, ask the person whether to report one
    #[schema(max_items = 1000)]
    use_reports: Vec<UseReportGroup>,
}

/// Read recovery
///
/// Sober time with each substance in the participant's time zone, with milestones, sobriety dates, lapses and use
/// reports. A milestone stays as long as the period in which it was reached. A lapse removes no milestone that was
/// reached before the lapse was reported.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses((status = 200, description = "All of the participant's recovery", body = Recovery)),
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
        .read(&app, Action::ReadRecovery, participant, None, move |tx, grant| recovery(tx, grant, now))
        .await?;
    Ok(Json(recovery))
}

/// A stored sobriety date, and what it changes in the course.
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
    date: SobrietyDate,
    effect: SobrietyDateEffect,
    /// The course with this substance
    course: ShownCourse,
}

/// Record a sobriety date
///
/// The first day without a substance. After a return to use there is a new one. It may be in the past, but not in the
/// future. A correction names the sobriety date that it corrects, of the same substance, in `corrects`, and may
/// arrive before it. While a count is running, a later sobriety date changes nothing, and `effect` says so. Then ask
/// the person whether there was use in between, which is reported as a lapse, or whether the earlier day was wrong,
/// which is corrected. The phone makes the id (UUIDv7) and stores it before it sends.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(SobrietyDateId), Path)),
    responses(
        (status = 201, description = "Stored, durably", body = RecordedSobrietyDate),
        (status = 200, description = "Stored before with the same content", body = RecordedSobrietyDate),
        (status = 409, description = "The id is in use for other content, or the sobriety date was withdrawn"),
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
        let recorded = record_date(tx, grant, id, &draft)?;
        let evidence = Evidence::of(tx, grant)?;
        Ok(recorded.map(|date| {
            let effect = effect(&date, &evidence.sobriety_dates, &evidence.lapses);
            let course = evidence.course(date.substance, grant.relation(), grant.now());
            RecordedSobrietyDate { date, effect, course }
        }))
    });
    done.await
}

/// Withdraw a sobriety date
///
/// It no longer counts, but its corrections do. Doing it again changes nothing.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("id" = inline(SobrietyDateId), Path)),
    responses((status = 204, description = "Withdrawn")),
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

/// Whether the counter of a substance is hidden. Counting days is hard for some.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "substance": "alcohol", "hidden": true }))]
pub struct Counter {
    /// The substance
    substance: Substance,
    /// Whether it is hidden
    hidden: bool,
}

/// Hide or show a counter
///
/// The count goes on. Staff who treat the person still see the days, and that they are hidden.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses((status = 200, description = "The new choice", body = Counter)),
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
