//! The devices a person is signed in on.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get};
use evenkeel_domain::access::Action;
use evenkeel_domain::account::{Device, DeviceId};
use evenkeel_persistence::account as store;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path};
use crate::http::caller::Caller;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(list_devices).service(revoke_device);
}

/// One of the caller's devices.
#[derive(Serialize, ToSchema)]
struct OwnDevice {
    #[serde(flatten)]
    device: Device,
    /// Whether this is the device that sent the request
    #[schema(example = true)]
    current: bool,
}

/// The devices on which somebody is signed in, the last used first.
#[derive(Serialize, ToSchema)]
struct Devices {
    /// At most ten. One more ends the session that was not used for the longest time
    #[schema(max_items = 10)]
    items: Vec<OwnDevice>,
}

/// List the devices on which you are signed in
#[utoipa::path(
    responses((status = 200, description = "The devices, the last used first", body = Devices))
)]
#[get("/v1/me/devices")]
async fn list_devices(app: Data<App>, caller: Caller) -> Result<Json<Devices>, Problem> {
    let devices = app.read(move |tx| {
        let actor = caller.actor(tx)?;
        Ok(store::devices(tx, actor.account)?)
    });
    let own = |device: Device| OwnDevice { current: device.id == caller.device, device };
    Ok(Json(Devices { items: devices.await?.into_iter().map(own).collect() }))
}

/// Sign out on one of your devices
///
/// For example on a lost phone. Its tokens stop working at once.
#[utoipa::path(
    params(("id" = inline(DeviceId), Path)),
    responses((status = 204, description = "The device is signed out"))
)]
#[delete("/v1/me/devices/{id}")]
async fn revoke_device(
    app: Data<App>,
    caller: Caller,
    path: Path<(DeviceId,)>,
) -> Result<HttpResponse, Problem> {
    let (id,) = path.into_inner();
    let request = caller.request(&app);
    app.write_to(caller.account.into(), move |tx| {
        let actor = caller.actor(tx)?;
        if !store::revoke_device(tx, actor.account, id, request.now)? {
            return Err(Problem::unknown());
        }
        audit::record_own(tx, &actor, Action::RevokeDevice, Some(id.into()), request)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
