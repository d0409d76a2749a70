//! Trends and the caseload, read from daily summaries.

pub mod picture;

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::check_in::DayFigures;
use evenkeel_domain::recovery::use_report::{UnseenReport, recent_since};
use evenkeel_domain::trend::{
    CASELOAD_DAYS, CaseloadLine, RecentDays, Refusal, Span, Trend, sort_caseload, trend,
};
use evenkeel_domain::value::{Day, Moment};
use evenkeel_persistence::caseload::Member;
use evenkeel_persistence::{Tx, caseload, check_in, recovery, trend as store};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::calendar::today;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Query};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::etag::tag;

/// The routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_participants).service(read_trends).service(draw_trends);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Backwards => Self::invalid("/from", refusal.to_string()),
            Refusal::TooLong => Self::invalid("/to", refusal.to_string()),
        }
    }
}

/// A span of local days.
#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SpanQuery {
    /// The first local day of the participant; default 27 days before `to`
    #[param(inline)]
    pub from: Option<Day>,
    /// The last local day; default today. A span has at most 366 days
    #[param(inline)]
    pub to: Option<Day>,
}

impl SpanQuery {
    /// The span, with defaults from the participant's local date.
    pub fn span(self, tx: &mut Tx, grant: &Grant) -> Result<Span, Problem> {
        let to = if let Some(to) = self.to { to } else { today(tx, grant)? };
        Ok(Span::new(self.from.unwrap_or(to.plus(-27)), to)?)
    }
}

/// The days of a trend, and what to add.
#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TrendQuery {
    /// The first local day of the participant; default 27 days before `to`
    #[param(inline)]
    from: Option<Day>,
    /// The last local day; default today. A span has at most 366 days
    #[param(inline)]
    to: Option<Day>,
    /// Whether to add the figures of the daily check-ins. Ask only for what you need
    #[serde(default)]
    #[param(required = false)]
    check_ins: bool,
}

/// The figures of one daily check-in.
#[derive(Serialize, ToSchema)]
struct CheckInDay {
    /// The local day
    day: Day,
    #[serde(flatten)]
    figures: DayFigures,
}

/// A participant's cravings and daily check-ins over a span of local days.
#[derive(Serialize, ToSchema)]
struct Trends {
    #[serde(flatten)]
    trend: Trend,
    /// The days with a daily check-in, in order, if asked for. A day without one is missing; a figure that was not
    /// answered is null
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 366, nullable = false)]
    check_ins: Option<Vec<CheckInDay>>,
}

async fn trends_of(
    app: &App,
    caller: Caller,
    participant: ParticipantRef,
    days: SpanQuery,
    with_check_ins: bool,
) -> Result<Trends, Problem> {
    caller
        .read(app, Action::ReadTrend, participant, None, move |tx, grant| {
            let span = days.span(tx, grant)?;
            let trend = trend(span, &store::days(tx, grant, span.from(), span.to())?);
            let check_ins = if with_check_ins {
                let figures = check_in::figures(tx, grant, span.from(), span.to())?;
                Some(figures.into_iter().map(|(day, figures)| CheckInDay { day, figures }).collect())
            } else {
                None
            };
            Ok(Trends { trend, check_ins })
        })
        .await
}

/// Read trends
///
/// Cravings by local day, trigger, hour and weekday, and the figures of daily check-ins if asked for. A day without
/// logs is missing, not zero.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), TrendQuery),
    responses((
        status = 200, description = "The trends of these days", body = Trends,
        example = json!({
            "from": "2026-03-01", "to": "2026-03-02", "count": 1, "mean": 7.0, "peak": 9,
            "outcomes": { "passed": 1, "still_going": 0, "lapsed": 0 },
            "days": [{ "day": "2026-03-02", "count": 1, "mean": 7.0, "peak": 9,
                       "outcomes": { "passed": 1, "still_going": 0, "lapsed": 0 } }],
            "triggers": [{ "trigger": "conflict", "count": 1, "mean": 7.0 }],
            "hours": [{ "hour": 18, "count": 1, "mean": 7.0 }],
            "weekdays": [{ "weekday": "monday", "count": 1, "mean": 7.0 }],
            "check_ins": [{
                "day": "2026-03-01", "mood": 6, "sleep_hours": 7.5, "stress": null, "confidence": 8,
                "craving_worst": 4, "any_use": false,
            }],
        })
    )),
)]
#[get("/v1/participants/{participant}/trends")]
async fn read_trends(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<TrendQuery>,
) -> Result<Json<Trends>, Problem> {
    let (participant,) = path.into_inner();
    let TrendQuery { from, to, check_ins } = query.into_inner();
    let trends = trends_of(&app, caller, participant, SpanQuery { from, to }, check_ins).await?;
    Ok(Json(trends))
}

/// Draw trends
///
/// A chart of the cravings of these days, readable on a phone and in gray.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), SpanQuery),
    responses((status = 200, description = "The chart", body = String, content_type = "image/svg+xml")),
)]
#[get("/v1/participants/{participant}/trends.svg")]
async fn draw_trends(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<SpanQuery>,
) -> Result<HttpResponse, Problem> {
    let (participant,) = path.into_inner();
    let trends = trends_of(&app, caller, participant, query.into_inner(), false).await?;
    Ok(HttpResponse::Ok().content_type("image/svg+xml").body(picture::svg(&trends.trend)))
}

/// A counselor's participants: those who need attention first, then by name.
#[derive(Serialize, ToSchema)]
struct Caseload {
    /// The participants
    #[schema(max_items = 10000)]
    items: Vec<CaseloadLine>,
}

fn hour(now: Moment) -> Moment {
    let whole = Timestamp::from(now).as_second().div_euclid(3600);
    Timestamp::UNIX_EPOCH.checked_add(whole.hours()).ok().and_then(|hour| hour.try_into().ok()).unwrap_or(now)
}

/// Read the caseload
///
/// A counselor sees their own participants, a supervisor those of the whole organization. Those who need
/// attention come first. Each line has the last log, the last 7 days compared with the 14 before, since when there are
/// no logs, and use reports. The audit log of each participant records this once an hour for each reader.
#[utoipa::path(
    responses((status = 200, description = "The caseload", body = Caseload)),
)]
#[get("/v1/participants")]
async fn list_participants(app: Data<App>, caller: Caller) -> Result<Json<Caseload>, Problem> {
    let read = app.clone();
    let (items, unseen) = caller
        .read_organization(&app, Action::ReadCaseload, move |tx, permit| {
            // A local date is at most one day away from the UTC date.
            let utc = Timestamp::from(permit.now()).to_zoned(jiff::tz::TimeZone::UTC).date();
            let since = Day::from(utc).plus(-CASELOAD_DAYS - 1);
            let members = caseload::members(tx, permit)?;
            let days = read.recent_days().read(tx, &members, since)?;
            let mut reports = HashMap::<_, Vec<_>>::new();
            for (participant, report) in
                recovery::use_reports_of_caseload(tx, permit, recent_since(permit.now()))?
            {
                reports.entry(participant).or_default().push(report);
            }
            let tag = |unseen: &[UnseenReport]| tag(None, &unseen);
            let line = |(member, days): (Member, Arc<RecentDays>)| {
                let reports = reports.get(&member.participant).map_or(&[][..], Vec::as_slice);
                let who = (member.participant, member.display_name, member.time_zone);
                CaseloadLine::new(who, &days, reports, permit.now(), tag)
            };
            let mut items: Vec<_> = members.into_iter().zip(days).map(line).collect();
            sort_caseload(&mut items);
            let seen: Vec<ParticipantId> = items.iter().map(|line| line.id).collect();
            let unseen = caseload::first_views(tx, permit, &seen, hour(permit.now()))?;
            Ok((items, unseen))
        })
        .await?;
    let request = caller.request(&app);
    // Each read is recorded in the counselor's own stream, so the writes of several screens are grouped.
    app.write_to(caller.account.into(), move |tx| {
        let permit = caller.permitted(tx, Action::ReadCaseload, request)?;
        audit::record_permitted(tx, &permit, None)?;
        if unseen.is_empty() {
            return Ok(());
        }
        let hour = hour(request.now);
        for participant in caseload::first_views(tx, &permit, &unseen, hour)? {
            caseload::put_view(tx, &permit, participant, hour)?;
            audit::record_listed(tx, &permit, participant)?;
        }
        Ok(())
    })
    .await?;
    Ok(Json(Caseload { items }))
}
