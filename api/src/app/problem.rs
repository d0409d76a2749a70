//! The one exit for everything that goes wrong: a problem document (RFC 9457).

use std::borrow::Cow;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use evenkeel_domain::access::{Action, Actor, Request};
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::value::Invalid;
use evenkeel_persistence::{Error, Failure};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};

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
    kind: Kind,
    detail: Cow<'static, str>,
    faults: Vec<Fault>,
    retry_after: Option<u32>,
    header: Option<Box<(&'static str, String)>>,
    contended: bool,
    denied: Option<Box<Denied>>,
    extensions: Option<Box<Map<String, Value>>>,
}

/// Who was kept from whose record, for its audit log.
#[derive(Clone, Debug)]
pub struct Denied {
    /// Who tried.
    pub actor: Actor,
    /// Whose record.
    pub participant: ParticipantId,
    /// What they tried.
    pub action: Action,
    /// With which request.
    pub request: Request,
}

/// The kinds of problems: each with its name, which is the last part of `type`, its title, its status and what to do.
macro_rules! kinds {
    ($($kind:ident = $name:literal, $status:ident, $title:literal: $advice:literal;)+) => {
        /// A kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $(#[doc = $title] $kind,)+ }
        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];
            /// The stable name: the last part of `type`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }
            /// The kind in words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)+ }
            }
            /// The HTTP status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$kind => StatusCode::$status,)+ }
            }
            /// What to do about it.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$kind => $advice,)+ }
            }
        }
    };
}

kinds! {
    Unreadable = "unreadable", BAD_REQUEST, "The request cannot be read": "Send valid JSON of the documented form.";
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Sign in first": "Sign in, or renew the access token.";
    NotAllowed = "not-allowed", FORBIDDEN, "Not allowed": "Your role does not include this.";
    Unknown = "unknown", NOT_FOUND, "Not found": "There is nothing here that you may know of. Check the id.";
    Method = "method", METHOD_NOT_ALLOWED, "Method not allowed": "Use one of the methods in Allow.";
    Timeout = "timeout", REQUEST_TIMEOUT, "Too slow": "The body did not arrive in time. Send it again.";
    Conflict = "conflict", CONFLICT, "Clashes with what is stored": "Read what is stored, then decide.";
    Different = "different", CONFLICT, "Stored with other content": "This id is taken by other content. The detail of the answer says what there is to do instead.";
    Withdrawn = "withdrawn", GONE, "Withdrawn": "The entry was withdrawn. Only its tombstone is left.";
    Stale = "stale", PRECONDITION_FAILED, "Changed meanwhile": "Read the newest revision, then send the change again.";
    TooLarge = "too-large", PAYLOAD_TOO_LARGE, "Too large": "Send at most 65536 bytes.";
    MediaType = "media-type", UNSUPPORTED_MEDIA_TYPE, "Wrong content type": "Send application/json, not compressed.";
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "A value is not allowed": "See errors: each names a field and what it must be.";
    Refused = "refused", UNPROCESSABLE_ENTITY, "Refused by a rule": "See detail.";
    TooMany = "too-many", TOO_MANY_REQUESTS, "Too many attempts": "Wait as long as Retry-After says.";
    Internal = "internal", INTERNAL_SERVER_ERROR, "Our mistake": "Nothing was stored. Report the X-Request-Id.";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Not available": "Nothing was stored. Send it again after Retry-After.";
    WhichRevision = "which-revision", PRECONDITION_REQUIRED, "Say which revision it starts from": "Send If-Match with the ETag or number of the revision that you read, in quotes, or \"0\" if there is none yet.";
}

impl Problem {
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            detail: kind.advice().into(),
            faults: vec![],
            retry_after: None,
            header: None,
            contended: false,
            denied: None,
            extensions: None,
        }
    }

    /// 400: not JSON, or not of the documented form.
    pub fn unreadable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::of(Kind::Unreadable) }
    }
    /// 401: who asks is not known, or no longer.
    pub fn unauthenticated() -> Self {
        Self {
            header: Some(Box::new(("WWW-Authenticate", "Bearer".to_owned()))),
            ..Self::of(Kind::Unauthenticated)
        }
    }
    /// 403: known, but the role does not include it.
    pub fn not_allowed() -> Self {
        Self::of(Kind::NotAllowed)
    }
    /// 404: not there, or not for this caller to know of; the two look the same.
    pub fn unknown() -> Self {
        Self::of(Kind::Unknown)
    }
    /// 404, with what to do about it.
    pub fn unknown_because(detail: &'static str) -> Self {
        Self { detail: detail.into(), ..Self::unknown() }
    }
    /// 405, with the methods that would do.
    pub fn method(allowed: String) -> Self {
        Self { header: Some(Box::new(("Allow", allowed))), ..Self::of(Kind::Method) }
    }
    /// 408: a body that did not arrive in time.
    pub fn timeout() -> Self {
        Self::of(Kind::Timeout)
    }
    /// 409: clashes with what is stored.
    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::of(Kind::Conflict) }
    }
    /// 409: the id is taken by other content, with what to do instead.
    pub fn different(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::of(Kind::Different) }
    }
    /// 410: withdrawn by the participant.
    pub fn withdrawn() -> Self {
        Self::of(Kind::Withdrawn)
    }
    /// 412: the change started from something older than what stands.
    pub fn stale() -> Self {
        Self::of(Kind::Stale)
    }
    /// [`Problem::stale`], with what stands.
    pub fn stale_since(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::stale() }
    }
    /// 428: the change does not say which revision it started from.
    pub fn which_revision() -> Self {
        Self::of(Kind::WhichRevision)
    }
    /// 413.
    pub fn too_large() -> Self {
        Self::of(Kind::TooLarge)
    }
    /// 415.
    pub fn media_type() -> Self {
        Self::of(Kind::MediaType)
    }
    /// 422: one field holds a value that cannot be; `pointer` such as `/intensity`.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let fault = Fault { pointer: pointer.into(), detail: detail.into() };
        let detail = if fault.pointer.is_empty() {
            fault.detail.clone()
        } else {
            format!("{}: {}", fault.pointer, fault.detail)
        };
        Self { detail: detail.into(), faults: vec![fault], ..Self::of(Kind::Invalid) }
    }
    /// 422: a rule said no.
    pub fn refused(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::of(Kind::Refused) }
    }
    /// 429, with the seconds to wait.
    pub fn too_many(seconds: u32) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..Self::of(Kind::TooMany) }
    }
    /// 500: a bug. The reason is logged here and not told.
    pub fn internal(reason: impl std::fmt::Display) -> Self {
        tracing::error!(%reason, "bug");
        Self::of(Kind::Internal)
    }
    /// 503, to be tried again in a second.
    pub fn unavailable() -> Self {
        Self { retry_after: Some(1), ..Self::of(Kind::Unavailable) }
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

    /// Adds the present document, as the caller may see it, and its tag.
    #[must_use]
    pub fn with_current(self, current: Value, tag: String) -> Self {
        let with_tag = Self { header: Some(Box::new(("ETag", tag))), ..self };
        with_tag.with("current", current)
    }

    /// Adds an extension member (RFC 9457 3.2).
    #[must_use]
    pub fn with(mut self, member: &str, value: Value) -> Self {
        self.extensions.get_or_insert_default().insert(member.to_owned(), value);
        self
    }

    /// Names one more field that is wrong.
    #[must_use]
    pub fn and(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.faults.push(Fault { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Its HTTP status.
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }

    /// What is told, for a command that prints it.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.title(), self.detail)
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
    extensions: Option<&'a Map<String, Value>>,
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
        self.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.kind.status());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some((name, value)) = self.header.as_deref() {
            response.insert_header((*name, value.as_str()));
        }
        let document = Document {
            r#type: format!("/problems/{}", self.kind.name()),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: &self.detail,
            errors: &self.faults,
            extensions: self.extensions.as_deref(),
        };
        response.body(serde_json::to_vec(&document).unwrap_or_default())
    }
}
