//! Use that a craving or a check-in tells of: who treats the person hears of it, whether or not a lapse is told.

use actix_web::web::Data;
use actix_web::{HttpResponse, put};
use evenkeel_domain::access::{Act, Grant};
use evenkeel_domain::journal::{Act as Deed, Room};
use evenkeel_domain::recovery::told_use::{TellingId, TellingKind, ToldUse};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, recovery as store};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::body::Path;
use crate::caller::{Caller, Whose};
use crate::journal::note;
use crate::problem::Problem;

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.service(acknowledge_told_use);
}

// What happens

/// What happens when an entry was written that may tell of use, or did before: what it tells now, which may depend on
/// what it told before, is kept, or nothing. For the rooms whose entries may.
pub fn tell(
    tx: &mut Tx,
    grant: &Grant,
    kind: TellingKind,
    id: TellingId,
    told: impl FnOnce(Option<&ToldUse>) -> Option<ToldUse>,
) -> Result<(), Problem> {
    let before = store::find_told_use(tx, grant, kind, id)?;
    match told(before.as_ref()) {
        Some(told) => {
            let told = told.after(before.as_ref()).seen_with(&store::lapses(tx, grant)?);
            if Some(told) != before {
                store::put_told_use(tx, grant, &told)?;
            }
        }
        None if before.is_some() => store::remove_told_use(tx, grant, kind, id)?,
        None => {}
    }
    Ok(())
}

/// What happens when what is known or was seen of lapses has changed: use that they tell of too was seen with them.
pub fn see_with_lapses(tx: &mut Tx, grant: &Grant, request: Uuid, now: Moment) -> Result<(), Problem> {
    let lapses = store::lapses(tx, grant)?;
    for told in store::told_uses(tx, grant)? {
        let seen = told.seen_with(&lapses);
        if seen != told {
            keep_seen(tx, grant, &seen, request, now)?;
        }
    }
    Ok(())
}

/// What happens when somebody who treats the person has seen what an entry tells.
pub fn acknowledge(
    tx: &mut Tx,
    grant: &Grant,
    kind: TellingKind,
    id: TellingId,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    let before = store::find_told_use(tx, grant, kind, id)?.ok_or_else(Problem::unknown)?;
    let seen = before.acknowledge(grant.actor().account, now);
    if seen == before { Ok(()) } else { keep_seen(tx, grant, &seen, request, now) }
}

fn keep_seen(tx: &mut Tx, grant: &Grant, seen: &ToldUse, request: Uuid, now: Moment) -> Result<(), Problem> {
    store::put_told_use(tx, grant, seen)?;
    note(tx, grant, Deed::Acknowledge, Room::Recovery, Some(seen.id.into()), request, now)
}

// Routes

/// Acknowledge use that an entry tells of
///
/// Whoever treats the person has seen what their craving or check-in tells; it stands out in the caseload no more.
/// Of several, the first stands. `404` where the entry tells of no use, or no longer.
#[utoipa::path(
    tag = "recovery",
    params(
        ("participant" = inline(Whose), Path), ("kind" = inline(TellingKind), Path), ("id" = inline(TellingId), Path)
    ),
    responses((status = 204, description = "Acknowledged")),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/recovery/told-uses/{kind}/{id}/acknowledgement")]
async fn acknowledge_told_use(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, TellingKind, TellingId)>,
) -> Result<HttpResponse, Problem> {
    let (whose, kind, id) = path.into_inner();
    let now = app.now();
    app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::AcknowledgeLapse, &whose)?;
        acknowledge(tx, &grant, kind, id, caller.request_id, now)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
