//! Where a participant lives by the clock.

use actix_web::put;
use actix_web::web::Data;
use evenkeel_domain::access::{Act, Grant};
use evenkeel_domain::account::HomeZone;
use evenkeel_domain::journal::{Act as Deed, Room};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, account as store};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::account::home_zone;
use crate::app::App;
use crate::body::{Json, Path};
use crate::caller::{Caller, Whose};
use crate::journal::{note, note_shown};
use crate::problem::Problem;
use crate::reminder;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(change_time_zone);
}

/// What happens when a participant moves: from now on their days and reminders follow the clock there. The zone
/// they live in already changes nothing.
fn settle(tx: &mut Tx, grant: &Grant, home: &HomeZone, request: Uuid, now: Moment) -> Result<(), Problem> {
    let before = home_zone(tx, grant.participant())?;
    if home.time_zone == before {
        return note_shown(tx, grant, Room::Account, None, request, now);
    }
    store::put_time_zone(tx, grant, &home.time_zone)?;
    reminder::plan_anew(tx, grant.participant(), now)?;
    note(tx, grant, Deed::Change, Room::Account, None, request, now)
}

/// Change the time zone of a participant
///
/// For somebody who moved: by the participant, the counselor or a supervisor. From now on sober days, milestones,
/// reviews of the plan and reminders follow the clock there. A reminder that went out for a local date is not sent
/// for it again; one whose time there is over today comes on the next day. What is logged keeps the zone and the
/// day it was logged with. The zone that holds is in `GET /v1/me` and, for staff, in `GET /v1/participants`; the
/// same again changes nothing.
#[utoipa::path(
    tag = "account",
    params(("participant" = inline(Whose), Path)),
    responses((status = 200, description = "What holds from now on", body = HomeZone)),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/time-zone")]
async fn change_time_zone(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    Json(home): Json<HomeZone>,
) -> Result<Json<HomeZone>, Problem> {
    let (whose,) = path.into_inner();
    let now = app.now();
    let done = app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::ChangeTimeZone, &whose)?;
        settle(tx, &grant, &home, caller.request_id, now)?;
        Ok(home.clone())
    });
    done.await.map(Json)
}
