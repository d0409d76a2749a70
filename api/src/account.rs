//! Room account.

use evenkeel_domain::account::{Email, OrganisationName};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::problem::Problem;

pub fn routes(_: &mut ServiceConfig) {}

pub async fn create_organisation(_: &App, _: OrganisationName, _: Email) -> Result<String, Problem> {
    Err(Problem::unavailable())
}
pub async fn first_admin(_: &App) -> Result<Option<String>, Problem> {
    Ok(None)
}
