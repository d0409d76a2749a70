//! Use reports: staff who treat the person see the use that any entry reports, and acknowledge it.

use actix_web::web::Data;
use actix_web::{HttpResponse, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::recovery::use_report::{ReportSource, UseReport, UseReportGroup, by_day};
use evenkeel_domain::value::Day;
use evenkeel_persistence::{Tx, recovery as store};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::http::body::Path;
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::etag::{SeenTag, tag};

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.service(acknowledge_use_reports);
}

// Actions

/// Updates the use report of an entry after the entry changed. The function makes the new report from the stored one.
pub fn update(
    tx: &mut Tx,
    grant: &Grant,
    source: ReportSource,
    entry: Uuid,
    change: impl FnOnce(Option<&UseReport>) -> Option<UseReport>,
) -> Result<(), Problem> {
    let before = store::find_use_report(tx, grant, source, entry.into())?;
    match change(before.as_ref()) {
        Some(report) if Some(report) != before => Ok(store::put_use_report(tx, grant, &report)?),
        Some(_) | None => Ok(()),
    }
}

/// The use reports of a participant by day, the latest day first.
pub fn groups(tx: &mut Tx, grant: &Grant) -> Result<Vec<UseReportGroup>, Problem> {
    Ok(by_day(&store::use_reports(tx, grant)?, |unseen| tag(None, &unseen)))
}

/// Acknowledges the use reports of a day. `seen` is the tag of the group that was read.
pub fn acknowledge(tx: &mut Tx, grant: &Grant, day: Day, seen: &str) -> Result<(), Problem> {
    let group = groups(tx, grant)?.into_iter().find(|group| group.day == day).ok_or_else(Problem::unknown)?;
    for report in group.acknowledge(seen, grant.actor().account, grant.now())? {
        store::put_use_report(tx, grant, &report)?;
        audit::record(tx, grant, Action::AcknowledgeUse, Some(report.id.into()))?;
    }
    Ok(())
}

// Routes

/// Acknowledge the use reports of a day
///
/// Staff who treat the person have seen all reports with this first day, so that these no longer need attention.
/// `If-Match` takes the `etag` of the group that was read. Doing it again changes nothing. 404 if no use is reported
/// for this day.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ("day" = inline(Day), Path),
        (
            "If-Match" = String, Header, description = "The `etag` of the group that was read", min_length = 3,
            max_length = 64, example = "\"5f0c2b1a9e8d7c6b\""
        ),
    ),
    responses(
        (status = 204, description = "Acknowledged"),
        (status = 412, description = "A report was added or changed since; read the group again"),
        (status = 428, description = "If-Match is missing"),
    ),
)]
#[put("/v1/participants/{participant}/recovery/use-reports/{day}/acknowledgement")]
async fn acknowledge_use_reports(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, Day)>,
    SeenTag(seen): SeenTag,
) -> Result<HttpResponse, Problem> {
    let (participant, day) = path.into_inner();
    caller
        .write(&app, Action::AcknowledgeUse, participant, move |tx, grant| acknowledge(tx, grant, day, &seen))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
