//! Where a participant lives by the clock.

use actix_web::put;
use actix_web::web::Data;
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::account::HomeZone;
use evenkeel_persistence::{Tx, account as store};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::calendar::home_zone;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path};
use crate::http::caller::{Caller, ParticipantRef};
use crate::reminder;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(change_time_zone);
}

/// What happens when a participant moves: from now on their days and reminders follow the clock there. The zone
/// they live in already changes nothing.
fn settle(tx: &mut Tx, grant: &Grant, home: &HomeZone) -> Result<(), Problem> {
    let before = home_zone(tx, grant.participant())?;
    if home.time_zone == before {
        return audit::record_view(tx, grant, Action::ReadTimeZone, None);
    }
    store::put_time_zone(tx, grant, &home.time_zone)?;
    reminder::plan_anew(tx, grant.participant(), grant.now())?;
    audit::record(tx, grant, Action::ChangeTimeZone, None)
}

/// Change the time zone of a participant
///
/// For somebody who moved: by the participant, the counselor or a supervisor. From now on sober days, milestones,
/// reviews of the plan and reminders follow the clock there. A reminder that went out for a local date is not sent
/// for it again; one whose time there is over today comes on the next day. What is logged keeps the zone and the
/// day it was logged with. The zone that holds is in `GET /v1/me` and, for staff, in `GET /v1/participants`; the
/// same again changes nothing.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses((status = 200, description = "What holds from now on", body = HomeZone)),
)]
#[put("/v1/participants/{participant}/time-zone")]
async fn change_time_zone(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    Json(home): Json<HomeZone>,
) -> Result<Json<HomeZone>, Problem> {
    let (participant,) = path.into_inner();
    let done = caller.write(&app, Action::ChangeTimeZone, participant, move |tx, grant| {
        settle(tx, grant, &home)?;
        Ok(home.clone())
    });
    done.await.map(Json)
}
