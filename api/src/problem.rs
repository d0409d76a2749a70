//! The one exit for everything that goes wrong: a problem document (RFC 9457).

use std::borrow::Cow;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use evenkeel_domain::access::{Act, Actor};
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::value::Invalid;
use evenkeel_persistence::{Error, Failure};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::recovery::lapse::Heard;

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// JSON pointer into the body, or the name of a query parameter after a `/` or of a part of the path after
    /// `path: `.
    pub pointer: String,
    /// What it must be.
    pub detail: String,
}

/// Why a request was not done, told so that its sender knows what to do; never internals, never a person.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: &'static str,
    title: &'static str,
    status: StatusCode,
    detail: Cow<'static, str>,
    faults: Vec<Fault>,
    retry_after: Option<u32>,
    header: Option<Box<(&'static str, String)>>,
    contended: bool,
    denied: Option<Box<Denied>>,
    extensions: Option<Box<Extensions>>,
}

/// What few problems tell besides.
#[derive(Clone, Debug, Default, Serialize)]
struct Extensions {
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<serde_json::Value>,
    #[serde(flatten)]
    heard: Option<Heard>,
}

/// Who was kept from whose record, for its journal.
#[derive(Clone, Debug)]
pub struct Denied {
    /// Who tried.
    pub actor: Actor,
    /// Whose record.
    pub participant: ParticipantId,
    /// What they tried.
    pub act: Act,
    /// With which request.
    pub request_id: Uuid,
}

/// The kinds that any room may answer with: name, title, status, and what to do about it.
const KINDS: [(&str, &str, StatusCode, &str); 18] = [
    (
        "unreadable",
        "The request cannot be read",
        StatusCode::BAD_REQUEST,
        "Send valid JSON of the documented form.",
    ),
    ("unauthenticated", "Sign in first", StatusCode::UNAUTHORIZED, "Sign in, or renew the access token."),
    ("not-allowed", "Not allowed", StatusCode::FORBIDDEN, "Your role does not include this act."),
    (
        "unknown",
        "Not found",
        StatusCode::NOT_FOUND,
        "There is nothing here that you may know of. Check the id.",
    ),
    ("method", "Method not allowed", StatusCode::METHOD_NOT_ALLOWED, "Use one of the methods in Allow."),
    ("timeout", "Too slow", StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time. Send it again."),
    ("conflict", "Clashes with what is stored", StatusCode::CONFLICT, "Read what is stored, then decide."),
    (
        "different",
        "Stored with other content",
        StatusCode::CONFLICT,
        "This id is taken by other content. The detail of the answer says what there is to do instead.",
    ),
    ("withdrawn", "Withdrawn", StatusCode::GONE, "The entry was withdrawn. Only its tombstone is left."),
    (
        "stale",
        "Changed meanwhile",
        StatusCode::PRECONDITION_FAILED,
        "Read the newest revision, then send the change again.",
    ),
    ("too-large", "Too large", StatusCode::PAYLOAD_TOO_LARGE, "Send at most 65536 bytes."),
    (
        "media-type",
        "Wrong content type",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Send application/json, not compressed.",
    ),
    (
        "invalid",
        "A value is not allowed",
        StatusCode::UNPROCESSABLE_ENTITY,
        "See errors: each names a field and what it must be.",
    ),
    ("refused", "Refused by a rule", StatusCode::UNPROCESSABLE_ENTITY, "See detail."),
    ("too-many", "Too many attempts", StatusCode::TOO_MANY_REQUESTS, "Wait as long as Retry-After says."),
    (
        "internal",
        "Our mistake",
        StatusCode::INTERNAL_SERVER_ERROR,
        "Nothing was stored. Report the X-Request-Id.",
    ),
    (
        "unavailable",
        "Not available",
        StatusCode::SERVICE_UNAVAILABLE,
        "Nothing was stored. Send it again after Retry-After.",
    ),
    (
        "which-revision",
        "Say which revision it starts from",
        StatusCode::PRECONDITION_REQUIRED,
        "Send If-Match with the ETag or number of the revision that you read, in quotes, or \"0\" if there is none yet.",
    ),
];

/// The title and the advice behind a problem's `type`.
pub fn explained(name: &str) -> Option<(&'static str, &'static str)> {
    KINDS.iter().find(|kind| kind.0 == name).map(|kind| (kind.1, kind.3))
}

/// Every kind that any room may answer with: name, title, status, advice.
pub fn kinds() -> impl Iterator<Item = (&'static str, &'static str, u16, &'static str)> {
    KINDS.into_iter().map(|(name, title, status, advice)| (name, title, status.as_u16(), advice))
}

impl Problem {
    /// A problem of a kind of its own; `kind` becomes the stable `type` `/problems/{kind}`.
    pub fn new(
        kind: &'static str,
        title: &'static str,
        status: StatusCode,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let detail = detail.into();
        Self {
            kind,
            title,
            status,
            detail,
            faults: vec![],
            retry_after: None,
            header: None,
            contended: false,
            denied: None,
            extensions: None,
        }
    }

    fn of(name: &'static str) -> Self {
        let kind = KINDS.iter().find(|kind| kind.0 == name).unwrap_or(&KINDS[15]);
        Self::new(kind.0, kind.1, kind.2, kind.3)
    }

    /// 400: not JSON, or not of the documented form.
    pub fn unreadable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::of("unreadable") }
    }
    /// 401: who asks is not known, or no longer.
    pub fn unauthenticated() -> Self {
        Self {
            header: Some(Box::new(("WWW-Authenticate", "Bearer".to_owned()))),
            ..Self::of("unauthenticated")
        }
    }
    /// 403: known, but the role does not include it.
    pub fn not_allowed() -> Self {
        Self::of("not-allowed")
    }
    /// 404: not there, or not for this caller to know of; the two look the same.
    pub fn unknown() -> Self {
        Self::of("unknown")
    }
    /// 405, with the methods that would do.
    pub fn method(allowed: String) -> Self {
        Self { header: Some(Box::new(("Allow", allowed))), ..Self::of("method") }
    }
    /// 408: a body that did not arrive in time.
    pub fn timeout() -> Self {
        Self::of("timeout")
    }
    /// 409: clashes with what is stored.
    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::of("conflict") }
    }
    /// 409: the id is taken by other content, with what to do instead.
    pub fn different(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::of("different") }
    }
    /// 410: withdrawn by the participant.
    pub fn withdrawn() -> Self {
        Self::of("withdrawn")
    }
    /// 412: the change started from something older than what stands.
    pub fn stale() -> Self {
        Self::of("stale")
    }
    /// [`Problem::stale`], with what stands.
    pub fn stale_since(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::stale() }
    }
    /// 428: the change does not say which revision it started from.
    pub fn which_revision() -> Self {
        Self::of("which-revision")
    }
    /// 413.
    pub fn too_large() -> Self {
        Self::of("too-large")
    }
    /// 415.
    pub fn media_type() -> Self {
        Self::of("media-type")
    }
    /// 422: one field holds a value that cannot be; `pointer` such as `/intensity`.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let fault = Fault { pointer: pointer.into(), detail: detail.into() };
        let detail = if fault.pointer.is_empty() {
            fault.detail.clone()
        } else {
            format!("{}: {}", fault.pointer, fault.detail)
        };
        Self { detail: detail.into(), faults: vec![fault], ..Self::of("invalid") }
    }
    /// 422: a rule said no.
    pub fn refused(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::of("refused") }
    }
    /// 429, with the seconds to wait.
    pub fn too_many(seconds: u32) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..Self::of("too-many") }
    }
    /// 500: a bug. The reason is logged here and not told.
    pub fn internal(reason: impl std::fmt::Display) -> Self {
        tracing::error!(%reason, "bug");
        Self::of("internal")
    }
    /// 503, to be tried again in a second.
    pub fn unavailable() -> Self {
        Self { retry_after: Some(1), ..Self::of("unavailable") }
    }

    /// Remembers who was kept from whose record.
    #[must_use]
    pub fn denying(self, denied: Denied) -> Self {
        Self { denied: Some(Box::new(denied)), ..self }
    }

    /// Who was kept from whose record, if that is what went wrong.
    pub fn denied(&self) -> Option<&Denied> {
        self.denied.as_deref()
    }

    /// Tells what stands, as the caller may see it, and its tag.
    #[must_use]
    pub fn with_current(self, current: serde_json::Value, tag: String) -> Self {
        let extensions = Extensions { current: Some(current), heard: None };
        Self { extensions: Some(Box::new(extensions)), header: Some(Box::new(("ETag", tag))), ..self }
    }

    /// Answers use that was told with what is refused, as if it had been stored.
    #[must_use]
    pub fn heard(self, heard: Heard) -> Self {
        match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => self,
            _ => {
                let more = self.extensions.map(|more| *more).unwrap_or_default();
                Self { extensions: Some(Box::new(Extensions { heard: Some(heard), ..more })), ..self }
            }
        }
    }

    /// Names one more field that is wrong.
    #[must_use]
    pub fn and(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.faults.push(Fault { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Its HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What is told, for a command that prints it.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.title, self.detail)
    }
}
impl std::error::Error for Problem {}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Contended => Self { contended: true, ..Self::unavailable() },
            Error::Duplicate => Self::conflict("Something with this name or id exists already."),
            Error::Unavailable(reason) | Error::Setup(reason) => {
                tracing::warn!(%reason, "storage unavailable");
                Self::unavailable()
            }
            Error::Broken(reason) => Self::internal(reason),
        }
    }
}

impl Failure for Problem {
    fn is_contended(&self) -> bool {
        self.contended
    }
}

impl From<(&'static str, Invalid)> for Problem {
    /// A value that cannot exist, with the pointer of its field.
    fn from((pointer, invalid): (&'static str, Invalid)) -> Self {
        Self::invalid(pointer, invalid.to_string())
    }
}

/// A problem as it is told.
#[derive(Serialize)]
pub struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
    #[serde(flatten)]
    extensions: Option<&'a Extensions>,
}

impl PartialSchema for Document<'_> {
    fn schema() -> RefOr<Schema> {
        // Its parts are written in openapi.rs, once for all answers.
        ObjectBuilder::new().into()
    }
}
impl ToSchema for Document<'_> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some((name, value)) = self.header.as_deref() {
            response.insert_header((*name, value.as_str()));
        }
        let document = Document {
            r#type: format!("/problems/{}", self.kind),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            errors: &self.faults,
            extensions: self.extensions.as_deref(),
        };
        response.body(serde_json::to_vec(&document).unwrap_or_default())
    }
}
