//! `ETag`, `If-Match` and `If-None-Match`: which version a client has seen.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use data_encoding::HEXLOWER;
use evenkeel_domain::value::text_schema;
use serde::Serialize;
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::app::problem::Problem;
use crate::app::secret::sha256;

/// The highest revision number.
pub const MOST_REVISIONS: i32 = 1_000_000;

/// The tag of an answer: the revision that it shows, if any, and a hash of its content.
pub fn tag(revision: Option<i32>, content: &impl Serialize) -> String {
    tag_of(revision, &serde_json::to_vec(content).unwrap_or_default())
}

/// [`tag`] of content that is already JSON.
pub fn tag_of(revision: Option<i32>, content: &[u8]) -> String {
    let hash = HEXLOWER.encode(&sha256(content)[..8]);
    revision.map_or_else(|| format!("\"{hash}\""), |revision| format!("\"{revision}.{hash}\""))
}

/// An answer with its tag.
pub fn tagged(status: StatusCode, tag: &str, content: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status).insert_header((header::ETAG, tag)).json(content)
}

/// The revision that a change starts from, given in `If-Match`: the tag of that revision, or its number in quotes.
/// Accepts a weak tag, because proxies that compress make tags weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub i32);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(if_match(request).and_then(|given| number(given).map(Self).ok_or_else(unclear)))
    }
}

/// What a client has read, by `If-Match`: a tag as it was given, of what has no revision of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenTag(pub String);

impl FromRequest for SeenTag {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let strong = |given: &str| given.strip_prefix("W/").unwrap_or(given).to_owned();
        ready(if_match(request).map(|given| Self(strong(given.trim()))))
    }
}

/// The one tag of `If-Match`.
fn if_match(request: &HttpRequest) -> Result<&str, Problem> {
    let mut given = request.headers().get_all(header::IF_MATCH);
    match (given.next(), given.next()) {
        (None, _) => Err(Problem::which_revision()),
        (Some(only), None) => only.to_str().map_err(|_| unclear()),
        _ => Err(unclear()),
    }
}

/// The revision that a change starts from, for routes that also create: something new has no `If-Match`, or `"0"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct MayMatch {
    /// The ETag of the revision that was read; leave it out to add something new
    #[param(rename = "If-Match", inline, value_type = Tag, required = false)]
    pub read: Option<i32>,
}

impl FromRequest for MayMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !request.headers().contains_key(header::IF_MATCH) {
            return ready(Ok(Self { read: None }));
        }
        let given = IfMatch::from_request(request, payload).into_inner();
        ready(given.map(|IfMatch(revision)| Self { read: Some(revision) }))
    }
}

/// The tag of a revision in a header.
pub struct Tag;

impl PartialSchema for Tag {
    fn schema() -> RefOr<Schema> {
        text_schema("The number of a revision, in quotes", Some(3), Some(64), None, "\"1\"")
    }
}
impl ToSchema for Tag {}

/// An answer with its revision as `ETag`.
pub struct Tagged<R>(pub i32, pub R);

impl<R: Responder> Responder for Tagged<R> {
    type Body = R::Body;
    fn respond_to(self, request: &HttpRequest) -> HttpResponse<R::Body> {
        let Self(revision, answer) = self;
        let mut response = answer.respond_to(request);
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

fn unclear() -> Problem {
    Problem::invalid("If-Match", "must be one ETag that you read, or the number of a revision in quotes")
}

fn number(text: &str) -> Option<i32> {
    let text = text.trim();
    let text = text.strip_prefix("W/").unwrap_or(text);
    let tag = text.strip_prefix('"')?.strip_suffix('"')?;
    let number = tag.split('.').next()?;
    // `parse` would also accept a sign.
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|number| digits && *number <= MOST_REVISIONS)
}

/// The tags that a client already has, given in `If-None-Match`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfNoneMatch(Vec<String>);

impl FromRequest for IfNoneMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let given = request.headers().get_all(header::IF_NONE_MATCH);
        let texts = given.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
        let known = |text: &str| {
            let text = text.trim();
            text.strip_prefix("W/").unwrap_or(text).to_owned()
        };
        ready(Ok(Self(texts.map(known).collect())))
    }
}

impl IfNoneMatch {
    /// The answer, or 304 if the client already has it.
    pub fn answer(&self, tag: &str, content: &impl Serialize) -> HttpResponse {
        self.unchanged(tag).unwrap_or_else(|| tagged(StatusCode::OK, tag, content))
    }

    /// 304, if the client already has the answer with this tag.
    pub fn unchanged(&self, tag: &str) -> Option<HttpResponse> {
        let known = self.0.iter().any(|known| known == tag || known == "*");
        known.then(|| HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_its_revision_and_changes_with_the_content() {
        let one = tag(Some(3), &"a plan");
        assert_eq!(number(&one), Some(3));
        assert_ne!(one, tag(Some(3), &"a plan, signed"));
        assert_eq!(one, tag(Some(3), &"a plan"));
        assert_eq!(tag(None, &1).len(), 18);
    }

    #[test]
    fn a_revision_is_read_only_from_its_tag_or_its_number() {
        for (text, revision) in [("\"0\"", 0), ("\"7\"", 7), (" \"7.0a1b\" ", 7), ("W/\"12.ff\"", 12)] {
            assert_eq!(number(text), Some(revision), "{text}");
        }
        for bad in ["", "*", "7", "\"\"", "\"-1\"", "\"+1\"", "\"x\"", "\"1\", \"2\"", "\"9999999\"", "\"7"] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }
}
