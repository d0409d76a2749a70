//! The invented organisation.

use crate::app::App;
use crate::problem::Problem;

/// Fills an empty database; returns what to print.
pub async fn seed(_: &App) -> Result<Vec<String>, Problem> {
    Ok(vec![])
}
