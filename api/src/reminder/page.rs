//! The unsubscribe page. Opening it changes nothing, because mail scanners follow links.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, head, post};
use askama::Template;
use evenkeel_domain::access::Action;
use evenkeel_domain::reminder::Preferences;
use evenkeel_persistence::reminder as store;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::app::secret::sha256;
use crate::http::body::Path;
use crate::http::request_log::RequestId;

#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct Page {
    done: bool,
}

fn page(done: bool) -> Result<HttpResponse, Problem> {
    let page = Page { done }.render().map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page))
}

async fn confirmation(app: &App, token: &str) -> Result<HttpResponse, Problem> {
    let hash = sha256(token.as_bytes());
    app.read(move |tx| store::by_unsubscribe_hash(tx, &hash)?.map(drop).ok_or_else(Problem::unknown)).await?;
    page(false)
}

/// Show the unsubscribe page
///
/// A page with one button. It names nobody, and opening it changes nothing.
#[utoipa::path(
    params(("token" = String, Path, description = "The token from the link in an email", min_length = 1, max_length = 64, example = "AZLwwS0-ekuMXW5_gJGis4Yh0c1Tz3R7uQm5kX2vB9E")),
    responses((status = 200, description = "The page", body = String, content_type = "text/html", example = "<!doctype html>…")),
    security(())
)]
#[get("/u/{token}")]
pub async fn show_unsubscribe(
    app: Data<App>,
    Path((token,)): Path<(String,)>,
) -> Result<HttpResponse, Problem> {
    confirmation(&app, &token).await
}

/// Check an unsubscribe link
///
/// Like `GET`, without the page.
#[utoipa::path(
    params(("token" = String, Path, description = "The token from the link in an email", min_length = 1, max_length = 64, example = "AZLwwS0-ekuMXW5_gJGis4Yh0c1Tz3R7uQm5kX2vB9E")),
    responses((status = 200, description = "The link is valid")),
    security(())
)]
#[head("/u/{token}")]
pub async fn probe_unsubscribe(
    app: Data<App>,
    Path((token,)): Path<(String,)>,
) -> Result<HttpResponse, Problem> {
    confirmation(&app, &token).await
}

/// Unsubscribe with one click
///
/// Turns reminders off. The button on the page sends this request, and so do mail programs (RFC 8058). A body such as
/// `List-Unsubscribe=One-Click` is allowed but not needed. Sending it again changes nothing.
#[utoipa::path(
    params(("token" = String, Path, description = "The token from the link in an email", min_length = 1, max_length = 64, example = "AZLwwS0-ekuMXW5_gJGis4Yh0c1Tz3R7uQm5kX2vB9E")),
    responses((status = 200, description = "Reminders are off", body = String, content_type = "text/html", example = "<!doctype html>…")),
    security(())
)]
#[post("/u/{token}")]
pub async fn unsubscribe(
    app: Data<App>,
    request: HttpRequest,
    Path((token,)): Path<(String,)>,
) -> Result<HttpResponse, Problem> {
    let (hash, request) = (sha256(token.as_bytes()), RequestId::request(&request, &app));
    app.write(move |tx| {
        let participant = store::by_unsubscribe_hash(tx, &hash)?.ok_or_else(Problem::unknown)?;
        let wish = store::preferences(tx, participant)?.unwrap_or_default();
        if wish.enabled {
            store::put_preferences(
                tx,
                participant,
                &Preferences { enabled: false, ..wish },
                None,
                request.now,
            )?;
            audit::record_system(tx, participant.into(), Action::Unsubscribe, None, request)?;
        }
        Ok(())
    })
    .await?;
    page(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_that_asks_has_a_button() {
        let [asks, done] = [false, true].map(|done| Page { done }.render().unwrap());
        assert!(asks.contains("method=\"post\"") && asks.contains("value=\"One-Click\""));
        assert!(!done.contains("<form") && !done.contains("<button"));
    }
}
