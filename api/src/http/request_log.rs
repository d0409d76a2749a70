//! Around every request: its id, its line in the log, its metrics, and the security headers.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest};
use evenkeel_domain::access::Request;
use tracing::Instrument;
use uuid::Uuid;

use crate::app::App;

/// The id of one request, answered in `X-Request-Id` and stored in the audit log.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// The id of this request.
    pub fn of(request: &HttpRequest) -> Uuid {
        request.extensions().get::<Self>().map_or(Uuid::nil(), |id| id.0)
    }

    /// This request now, for somebody who is not signed in.
    pub fn request(request: &HttpRequest, app: &App) -> Request {
        Request { id: Self::of(request), now: app.now() }
    }
}

/// Wraps every request. Logs no body, no query string and no id of a person.
pub async fn log_request(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let begun = Instant::now();
    let app = request.app_data::<Data<App>>().cloned();
    let id = app.as_ref().map_or(Uuid::nil(), |app| app.fresh_id());
    let is_secure = app.is_some_and(|app| app.config().is_secure());
    request.extensions_mut().insert(RequestId(id));
    let span = tracing::info_span!("request", %id);
    let mut response = next.call(request).instrument(span.clone()).await?;

    let took = begun.elapsed();
    let method = response.request().method().to_string();
    let route = response.request().match_pattern().unwrap_or_else(|| "none".to_owned());
    let status = response.status().as_u16();
    span.in_scope(|| {
        if status < 500 {
            tracing::info!(%method, %route, status, micros = took.as_micros(), "answered");
        } else {
            tracing::warn!(%method, %route, status, micros = took.as_micros(), "answered");
        }
    });
    // Without this, anybody could add labels by making up methods.
    let method = if KNOWN.contains(&method.as_str()) { method } else { "OTHER".to_owned() };
    let labels = [("method", method), ("route", route.clone()), ("status", status.to_string())];
    metrics::histogram!("evenkeel_http_request_seconds", &labels).record(took.as_secs_f64());
    set_security_headers(response.headers_mut(), id, route.starts_with("/docs"), is_secure);
    Ok(response)
}

const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

fn set_security_headers(headers: &mut HeaderMap, id: Uuid, is_documentation: bool, is_secure: bool) {
    let policy = if is_documentation {
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
    } else {
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    };
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(header::CACHE_CONTROL, "no-store");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CONTENT_SECURITY_POLICY, policy);
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if is_secure {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}
