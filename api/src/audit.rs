//! The audit log, who did or saw what: reading, sealing and checking it.

mod check;

mod seal;

pub use check::{Verdict, verify};
pub use seal::seal;

use actix_web::get;
use actix_web::web::Data;
use evenkeel_domain::access::Action;
use evenkeel_domain::account::DisplayName;
use evenkeel_domain::audit::AuditEvent;
use evenkeel_persistence::audit as store;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Query};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::page::{Before, Limit};

/// The routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config.service(read_audit_log);
}

/// One audit event on a record.
#[derive(Serialize, ToSchema)]
struct AuditLogEntry {
    #[serde(flatten)]
    entry: AuditEvent,
    /// The actor's name; absent if `actor` is
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_name: Option<DisplayName>,
}

/// A page of the audit log, the latest first.
#[derive(Serialize, ToSchema)]
struct AuditLogPage {
    /// The entries
    #[schema(max_items = 200)]
    items: Vec<AuditLogEntry>,
    /// The cursor of the next page; absent on the last page
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Before>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditLogQuery {
    /// The most entries to answer; default 50
    #[serde(default)]
    #[param(required = false, inline)]
    limit: Limit,
    /// The `next` of the page before
    #[param(inline)]
    after: Option<Before>,
}

/// Read the audit log of a record
///
/// Who did or saw what, the latest first. Repeated reads of the caseload are recorded once an hour for each reader, and
/// denied attempts once an hour for each person and module. Only staff see which other participant acted.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), AuditLogQuery),
    responses((status = 200, description = "A page of the audit log", body = AuditLogPage)),
)]
#[get("/v1/participants/{participant}/audit-log")]
async fn read_audit_log(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<AuditLogQuery>,
) -> Result<Json<AuditLogPage>, Problem> {
    let (participant,) = path.into_inner();
    let AuditLogQuery { limit, after } = query.into_inner();
    let most = i64::from(limit);
    let (reader, mut entries) = caller
        .read(&app, Action::ReadAuditLog, participant, None, move |tx, grant| {
            let entries = store::list(tx, grant, after.map(|before| before.0), most + 1)?;
            Ok((*grant.actor(), entries))
        })
        .await?;
    let most = usize::try_from(most).unwrap_or(1);
    let more = most < entries.len();
    entries.truncate(most);
    let next = if more { entries.last().map(|(entry, _)| Before(entry.seq)) } else { None };
    let entry = |(entry, name): (AuditEvent, Option<DisplayName>)| {
        let entry = entry.shown_to(&reader);
        let actor_name = name.filter(|_| entry.actor.is_some());
        AuditLogEntry { entry, actor_name }
    };
    Ok(Json(AuditLogPage { items: entries.into_iter().map(entry).collect(), next }))
}
