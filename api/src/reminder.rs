//! Room reminder.

use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::config::Config;
use crate::problem::Problem;

pub fn routes(_: &mut ServiceConfig) {}

pub struct Post;
impl Post {
    pub fn open(_: &Config) -> Result<Self, String> {
        Ok(Self)
    }
}
impl App {
    pub async fn work_reminders(&self) -> Result<(), Problem> {
        Ok(())
    }
}
