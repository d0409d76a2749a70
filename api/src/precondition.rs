//! Revisions over HTTP: `ETag` tells which one an answer holds, `If-Match` which one a change was made to.

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use evenkeel_domain::value::text_schema;
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::problem::Problem;

/// The number of a revision as a header holds it: in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(pub i32);

impl Tag {
    fn read(text: &str) -> Option<Self> {
        let number = text.strip_prefix('"')?.strip_suffix('"')?;
        if !number.starts_with(|c: char| matches!(c, '1'..='9')) {
            return None;
        }
        number.parse().ok().map(Self)
    }
}

impl PartialSchema for Tag {
    fn schema() -> RefOr<Schema> {
        text_schema("The number of a revision, in quotes", Some(3), Some(12), None, "\"1\"")
    }
}
impl ToSchema for Tag {}

/// The revision that a change was made to, if the sender told one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IfMatch {
    /// The revision that was read, from `ETag`; without it something new is added
    #[param(rename = "If-Match", inline, value_type = Tag, required = false)]
    pub read: Option<Tag>,
}

impl IfMatch {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut given = headers.get_all(header::IF_MATCH);
        let Some(first) = given.next() else { return Ok(Self { read: None }) };
        match first.to_str().ok().and_then(Tag::read) {
            Some(tag) if given.next().is_none() => Ok(Self { read: Some(tag) }),
            _ => Err(Problem::unreadable(
                "If-Match must be the one revision that you read, in quotes, such as \"3\".",
            )),
        }
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Self::of(request.headers()))
    }
}

/// An answer that tells its revision as `ETag`.
pub struct Tagged<R>(pub Tag, pub R);

impl<R: Responder> Responder for Tagged<R> {
    type Body = R::Body;
    fn respond_to(self, request: &HttpRequest) -> HttpResponse<R::Body> {
        let Self(Tag(revision), answer) = self;
        let mut response = answer.respond_to(request);
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_read_as_it_is_told_and_in_no_other_way() {
        assert_eq!(Tag::read("\"37\""), Some(Tag(37)));
        for text in
            ["37", "\"0\"", "\"+3\"", "\"-3\"", "\"03\"", "W/\"3\"", "*", "\"\"", "\"", "", "\"99999999999\""]
        {
            assert_eq!(Tag::read(text), None, "{text}");
        }
    }
}
