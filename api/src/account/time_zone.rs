//! The participant's home time zone.

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

/// Changes a participant's time zone. From now on their local days and reminders follow it. The current zone changes
/// nothing.
fn move_to(tx: &mut Tx, grant: &Grant, home: &HomeZone) -> Result<(), Problem> {
    let before = home_zone(tx, grant.participant())?;
    if home.time_zone == before {
        return audit::record_view(tx, grant, Action::ReadTimeZone, None);
    }
    store::put_time_zone(tx, grant, &home.time_zone)?;
    reminder::plan_again(tx, grant.participant(), grant.now())?;
    audit::record(tx, grant, Action::ChangeTimeZone, None)
}

/// Change the time zone of a participant
///
/// For a participant who moved; the participant, the counselor or a supervisor may change it. From now on sober days,
/// milestones, plan reviews and reminders follow the new zone. No local date gets a second reminder; if today's
/// reminder time has passed in the new zone, the next reminder comes tomorrow. Logged entries keep their zone and day.
/// Read the current zone in `GET /v1/me` or, for staff, in `GET /v1/participants`. Sending the same zone again changes
/// nothing.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses((status = 200, description = "The new time zone", body = HomeZone)),
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
        move_to(tx, grant, &home)?;
        Ok(home.clone())
    });
    done.await.map(Json)
}
