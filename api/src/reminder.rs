//! Reminders: preferences, history and unsubscribe.

pub mod page;

pub mod work;

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::reminder::{Preferences, Refusal, ReminderMessage, checked, next_due};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, account, reminder as store};
use jiff::SignedDuration;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::calendar::home_zone;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Query};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::page::{Cursor, PageQuery, cut};

use work::answer_to;
pub use work::{Passed, work};

/// How far back the list of undelivered reminders goes.
const UNDELIVERED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(read_reminders)
        .service(change_reminders)
        .service(list_reminder_history)
        .service(list_undelivered_reminders)
        .service(page::show_unsubscribe)
        .service(page::probe_unsubscribe)
        .service(page::unsubscribe);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let pointer = match refusal {
            Refusal::NoWeekday => "/weekdays",
            Refusal::InQuietHours => "/at",
            Refusal::EmptyQuietHours => "/quiet_hours",
        };
        Self::invalid(pointer, refusal.to_string())
    }
}

// Actions

/// Stores a participant's own choice of when reminders go out.
pub fn change(tx: &mut Tx, grant: &Grant, wish: Preferences) -> Result<Preferences, Problem> {
    let wish = checked(wish)?;
    plan_next(tx, grant.participant(), &wish, grant.now())?;
    audit::record(tx, grant, Action::ChangeReminders, None)?;
    Ok(wish)
}

/// Stores preferences and plans the next reminder: the first one that is due from now on.
fn plan_next(
    tx: &mut Tx,
    participant: ParticipantId,
    wish: &Preferences,
    now: Moment,
) -> Result<(), Problem> {
    let zone = home_zone(tx, participant)?;
    let due_at = next_due(wish, &zone, now).map(|due| due.due_at);
    Ok(store::put_preferences(tx, participant, wish, due_at, now)?)
}

/// Plans the next reminder again after the participant's time zone changed. The outbox makes sure that no second
/// reminder goes out for the same local date.
pub fn plan_again(tx: &mut Tx, participant: ParticipantId, now: Moment) -> Result<(), Problem> {
    match store::preferences(tx, participant)? {
        Some(wish) => plan_next(tx, participant, &wish, now),
        None => Ok(()),
    }
}

// Routes

/// Read the reminder preferences
///
/// Reminders are off until somebody turns them on.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses((
        status = 200, description = "The current preferences", body = Preferences,
        example = json!({
            "enabled": true, "at": "19:30", "weekdays": ["monday", "thursday"],
            "quiet_hours": { "from": "21:00", "until": "08:00" }, "content": "discreet",
        })
    )),
)]
#[get("/v1/participants/{participant}/reminders")]
async fn read_reminders(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
) -> Result<Json<Preferences>, Problem> {
    let (participant,) = path.into_inner();
    let wish = caller
        .read(&app, Action::ReadReminders, participant, None, move |tx, grant| {
            let wish = store::preferences(tx, grant.participant())?.unwrap_or_default();
            Ok(wish)
        })
        .await?;
    Ok(Json(wish))
}

/// Change the reminder preferences
///
/// Times are in the participant's time zone. Turning reminders off is never refused.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    request_body(content = Preferences, example = json!({
        "enabled": true, "at": "19:30", "weekdays": ["monday", "thursday"],
        "quiet_hours": { "from": "21:00", "until": "08:00" }, "content": "discreet",
    })),
    responses((
        status = 200, description = "The new preferences", body = Preferences,
        example = json!({
            "enabled": true, "at": "19:30", "weekdays": ["monday", "thursday"],
            "quiet_hours": { "from": "21:00", "until": "08:00" }, "content": "discreet",
        })
    )),
)]
#[put("/v1/participants/{participant}/reminders")]
async fn change_reminders(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    Json(wish): Json<Preferences>,
) -> Result<Json<Preferences>, Problem> {
    let (participant,) = path.into_inner();
    let done = caller
        .write(&app, Action::ChangeReminders, participant, move |tx, grant| change(tx, grant, wish.clone()));
    done.await.map(Json)
}

/// Reminders and their outcomes, the latest first.
#[derive(Serialize, ToSchema)]
struct ReminderMessagePage {
    /// The reminders
    #[schema(max_items = 200)]
    items: Vec<ReminderMessage>,
    /// The cursor of the next page; absent on the last page
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    next: Option<Cursor>,
}

/// Read the reminder history
///
/// The outcome of each planned reminder: sent, answered by a log later that day, bounced, given up, expired, or
/// suppressed and why.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), PageQuery),
    responses((
        status = 200, description = "A page of reminders", body = ReminderMessagePage,
        example = json!({ "items": [{
            "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "participant": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b4",
            "kind": "check_in", "local_date": "2026-03-02", "slot": 1170, "due_at": "2026-03-03T00:30:00Z",
            "state": "sent", "attempts": 1, "sent_at": "2026-03-03T00:30:02Z", "planned_at": "2026-03-03T00:30:01Z",
        }] })
    )),
)]
#[get("/v1/participants/{participant}/reminders/history")]
async fn list_reminder_history(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<PageQuery>,
) -> Result<Json<ReminderMessagePage>, Problem> {
    let (participant,) = path.into_inner();
    let PageQuery { limit, after } = query.into_inner();
    let found = caller
        .read(&app, Action::ReadReminders, participant, None, move |tx, grant| {
            let after = after.map(|Cursor(at, id)| (at, id.into()));
            let mut found = store::history(tx, grant, after, i64::from(limit) + 1)?;
            // Entries logged since the worker's last round count too.
            if let Some(zone) = account::time_zone(tx, grant.participant())? {
                for message in &mut found {
                    if let Some(answered) = answer_to(tx, message, &zone)? {
                        *message = answered;
                    }
                }
            }
            Ok(found)
        })
        .await?;
    let (items, next) = cut(found, limit, |last| Cursor(last.due_at, last.id.into()));
    Ok(Json(ReminderMessagePage { items, next }))
}

/// List undelivered reminders
///
/// Reminders of the caseload that bounced or were given up in the last 30 days, the latest first, at most 200. They
/// mean that an email address needs a correction or the mail server has a problem.
#[utoipa::path(
    responses((
        status = 200, description = "The undelivered reminders", body = ReminderMessagePage,
        example = json!({ "items": [{
            "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "participant": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b4",
            "kind": "check_in", "local_date": "2026-03-02", "slot": 1170, "due_at": "2026-03-03T00:30:00Z",
            "state": "bounced", "attempts": 1, "planned_at": "2026-03-03T00:30:01Z",
        }] })
    )),
)]
#[get("/v1/reminders/undelivered")]
async fn list_undelivered_reminders(
    app: Data<App>,
    caller: Caller,
) -> Result<Json<ReminderMessagePage>, Problem> {
    let items = caller.write_organization(&app, Action::ReadUndelivered, move |tx, permit| {
        let reminder_messages = store::undelivered(tx, permit, permit.now().plus(-UNDELIVERED_FOR))?;
        let shown: BTreeSet<_> = reminder_messages.iter().map(|message| message.participant).collect();
        for participant in shown {
            audit::record_listed(tx, permit, participant)?;
        }
        Ok(reminder_messages)
    });
    Ok(Json(ReminderMessagePage { items: items.await?, next: None }))
}
