//! Every error answer of the API: a problem document (RFC 9457).

use std::borrow::Cow;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use evenkeel_domain::access::{Action, Actor, Request};
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::log_entry;
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
    /// A JSON pointer into the body, `/` and the name of a query parameter, or `path: ` and the name of a part of
    /// the path.
    pub pointer: String,
    /// What it must be.
    pub detail: String,
}

/// Why a request failed, and what its sender can do. It never names internals or a person.
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

/// Who was denied whose record, for the audit log.
#[derive(Clone, Debug)]
pub struct Denied {
    /// Who tried.
    pub actor: Actor,
    /// Whose record it is.
    pub participant: ParticipantId,
    /// What they tried to do.
    pub action: Action,
    /// The request.
    pub request: Request,
}

/// The kinds of problems: name (the last part of `type`), status, title and advice.
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
            /// The title.
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
    Unreadable = "unreadable", BAD_REQUEST, "The request cannot be read": "Send valid JSON as documented.";
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Sign in first": "Sign in, or refresh the access token.";
    NotAllowed = "not-allowed", FORBIDDEN, "Not allowed": "Your role does not include this.";
    Unknown = "unknown", NOT_FOUND, "Not found": "There is nothing here that you can see. Check the id.";
    Method = "method", METHOD_NOT_ALLOWED, "Method not allowed": "Use a method listed in the Allow header.";
    Timeout = "timeout", REQUEST_TIMEOUT, "Too slow": "The body did not arrive in time. Send it again.";
    Conflict = "conflict", CONFLICT, "Conflicts with what is stored": "Read what is stored, then decide.";
    Different = "different", CONFLICT, "Stored with other content": "This id already has other content. See detail for what to do instead.";
    Withdrawn = "withdrawn", GONE, "Withdrawn": "The entry was withdrawn as entered in error. Its content is no longer available.";
    Stale = "stale", PRECONDITION_FAILED, "Changed in the meantime": "Read the current revision, then send the change again.";
    TooLarge = "too-large", PAYLOAD_TOO_LARGE, "Too large": "Send at most 65536 bytes.";
    MediaType = "media-type", UNSUPPORTED_MEDIA_TYPE, "Wrong content type": "Send application/json, not compressed.";
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "A value is not allowed": "See errors: each one names a field and says what it must be.";
    Refused = "refused", UNPROCESSABLE_ENTITY, "Refused by a rule": "See detail.";
    TooMany = "too-many", TOO_MANY_REQUESTS, "Too many attempts": "Wait for the seconds in Retry-After, then try again.";
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error": "Nothing was stored. Report the X-Request-Id of this answer.";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Not available": "Nothing was stored. Wait for the seconds in Retry-After, then send it again.";
    WhichRevision = "which-revision", PRECONDITION_REQUIRED, "If-Match is missing": "Send If-Match with the ETag of the revision you read, or its number in quotes. Send \"0\" if there is no revision yet.";
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

    /// 400: not JSON, or not as documented.
    pub fn unreadable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::of(Kind::Unreadable) }
    }
    /// 401: no token, or one that is not valid or no longer valid.
    pub fn unauthenticated() -> Self {
        Self {
            header: Some(Box::new(("WWW-Authenticate", "Bearer".to_owned()))),
            ..Self::of(Kind::Unauthenticated)
        }
    }
    /// 403: the caller's role does not include this action.
    pub fn not_allowed() -> Self {
        Self::of(Kind::NotAllowed)
    }
    /// 404: it does not exist, or the caller may not know that it does. Both look the same.
    pub fn unknown() -> Self {
        Self::of(Kind::Unknown)
    }
    /// 404, with what to do about it.
    pub fn unknown_because(detail: &'static str) -> Self {
        Self { detail: detail.into(), ..Self::unknown() }
    }
    /// 405, with the allowed methods.
    pub fn method(allowed: String) -> Self {
        Self { header: Some(Box::new(("Allow", allowed))), ..Self::of(Kind::Method) }
    }
    /// 408: the body did not arrive in time.
    pub fn timeout() -> Self {
        Self::of(Kind::Timeout)
    }
    /// 409: conflicts with what is stored.
    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::of(Kind::Conflict) }
    }
    /// 409: the id already has other content; `detail` says what to do instead.
    pub fn different(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::of(Kind::Different) }
    }
    /// 410: withdrawn by the participant.
    pub fn withdrawn() -> Self {
        Self::of(Kind::Withdrawn)
    }
    /// 412: the change started from an older revision than the current one.
    pub fn stale() -> Self {
        Self::of(Kind::Stale)
    }
    /// [`Problem::stale`], with what is current.
    pub fn stale_since(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::stale() }
    }
    /// 428: the change does not say which revision it starts from.
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
    /// 422: one field has a value that is not allowed; `pointer` such as `/intensity`.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let fault = Fault { pointer: pointer.into(), detail: detail.into() };
        let detail = if fault.pointer.is_empty() {
            fault.detail.clone()
        } else {
            format!("{}: {}", fault.pointer, fault.detail)
        };
        Self { detail: detail.into(), faults: vec![fault], ..Self::of(Kind::Invalid) }
    }
    /// 422: a rule refused it.
    pub fn refused(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..Self::of(Kind::Refused) }
    }
    /// 429, with the seconds to wait.
    pub fn too_many(seconds: u32) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..Self::of(Kind::TooMany) }
    }
    /// 500: a bug. Logs the reason, which the answer does not contain.
    pub fn internal(reason: impl std::fmt::Display) -> Self {
        tracing::error!(%reason, "bug");
        Self::of(Kind::Internal)
    }
    /// 503, with a retry after one second.
    pub fn unavailable() -> Self {
        Self { retry_after: Some(1), ..Self::of(Kind::Unavailable) }
    }

    /// Adds who was denied whose record.
    #[must_use]
    pub fn denying(self, denied: Denied) -> Self {
        Self { denied: Some(Box::new(denied)), ..self }
    }

    /// Who was denied whose record, if that is the reason.
    pub fn denied(&self) -> Option<&Denied> {
        self.denied.as_deref()
    }

    /// Adds the current document, as far as the caller may see it, and its tag.
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

    /// Adds one more field that is wrong.
    #[must_use]
    pub fn and(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.faults.push(Fault { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Its HTTP status.
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }

    /// Its detail text.
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

impl From<log_entry::Refusal> for Problem {
    fn from(refusal: log_entry::Refusal) -> Self {
        match refusal {
            log_entry::Refusal::Different => Self::different(refusal.to_string()),
            log_entry::Refusal::Withdrawn => Self::conflict(refusal.to_string()),
            log_entry::Refusal::TooManyRevisions => Self::refused(refusal.to_string()),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Contended => Self { contended: true, ..Self::unavailable() },
            Error::Duplicate => Self::conflict("This name or id already exists. Choose another."),
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
    /// An invalid value, with the pointer of its field.
    fn from((pointer, invalid): (&'static str, Invalid)) -> Self {
        Self::invalid(pointer, invalid.to_string())
    }
}

/// The JSON form of a problem.
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
        // openapi.rs describes the fields.
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
