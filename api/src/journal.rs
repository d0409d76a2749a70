//! The journal: noting, reading, sealing and checking who did or saw what.

mod check;
mod note;
mod seal;

pub use check::{Verdict, verify};
pub use note::{
    is_refusal_told, note, note_denied, note_house, note_own, note_refused, note_seen, note_shown, seen,
};
pub use seal::seal;

use actix_web::get;
use actix_web::web::Data;
use evenkeel_domain::access;
use evenkeel_domain::account::DisplayName;
use evenkeel_domain::journal::{Entry, Room};
use evenkeel_persistence::journal as store;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::body::{Json, Path, Query};
use crate::caller::{Caller, Whose};
use crate::page::{Before, Limit};
use crate::problem::Problem;

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig) {
    config.service(read_journal);
}

/// What was done to or seen of a record.
#[derive(Serialize, ToSchema)]
struct Noted {
    #[serde(flatten)]
    entry: Entry,
    /// The name of who acted; absent where `actor` is
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_name: Option<DisplayName>,
}

/// A page of the journal, the latest first.
#[derive(Serialize, ToSchema)]
struct JournalPage {
    /// The entries
    #[schema(max_items = 200)]
    items: Vec<Noted>,
    /// Where the next page begins; absent on the last
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Before>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct JournalQuery {
    /// How many entries at most; 50 if not given
    #[serde(default, deserialize_with = "Limit::of_query")]
    #[param(required = false, inline)]
    limit: Limit,
    /// Where to go on
    #[param(inline)]
    after: Option<Before>,
}

/// Who did or saw what of a record
///
/// The latest first. A counselor's refreshed caseload is told once an hour, and so is somebody's refused try in
/// one room. Who another participant is, is told to staff alone.
#[utoipa::path(
    tag = "journal",
    params(("participant" = inline(Whose), Path), JournalQuery),
    responses((status = 200, description = "A page of the journal", body = JournalPage)),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/journal")]
async fn read_journal(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    query: Query<JournalQuery>,
) -> Result<Json<JournalPage>, Problem> {
    let (whose,) = path.into_inner();
    let JournalQuery { limit, after } = query.into_inner();
    let most = i64::from(limit);
    let (grant, mut entries) = app
        .read(move |tx| {
            let grant = caller.granted(tx, access::Act::ReadJournal, &whose)?;
            let entries = store::list(tx, &grant, after.map(|before| before.0), most + 1)?;
            Ok((grant, entries))
        })
        .await?;
    let reader = *grant.actor();
    seen(&app, grant, Room::Journal, None, caller.request_id).await?;
    let most = usize::try_from(most).unwrap_or(1);
    let more = most < entries.len();
    entries.truncate(most);
    let next = if more { entries.last().map(|(entry, _)| Before(entry.seq)) } else { None };
    let noted = |(entry, name): (Entry, Option<String>)| {
        let entry = entry.told_to(&reader);
        let name = name.filter(|_| entry.actor.is_some());
        Noted { entry, actor_name: name.and_then(|n| n.try_into().ok()) }
    };
    Ok(Json(JournalPage { items: entries.into_iter().map(noted).collect(), next }))
}
