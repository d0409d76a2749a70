//! What comes in and goes out: extractors that leave by [`Problem`], and answers.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder, web};
use serde::Serialize;
use serde::de::value::SeqDeserializer;
use serde::de::{self, DeserializeOwned, IgnoredAny};
use serde_path_to_error::Segment;

use evenkeel_domain::value::Invalid;

use crate::object::Objects;
use crate::openapi::check_query;
use crate::problem::Problem;

/// Bytes of a body at most.
pub const BODY_LIMIT: usize = 64 * 1024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(15);

/// A JSON body, in or out.
pub struct Json<T>(pub T);

/// The values in a path, always as a tuple: `Path((whose, id)): Path<(Whose, CravingId)>`.
pub struct Path<T>(pub T);

/// The parameters after the `?`.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let query = check_query(request);
        let headers = request.headers();
        let plain = headers.get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
        // JSON between systems is UTF-8 (RFC 8259 8.1); whoever says otherwise would be misread.
        let kind = request.mime_type().ok().flatten();
        let charset = kind.as_ref().and_then(|kind| kind.get_param("charset"));
        let plain = plain && charset.is_none_or(|charset| charset.as_str().eq_ignore_ascii_case("utf-8"));
        let is_json = plain && request.content_type().eq_ignore_ascii_case("application/json");
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let body = web::Payload::from_request(request, payload).into_inner();
        Box::pin(async move {
            query?;
            if !is_json {
                return Err(Problem::media_type());
            }
            if length.is_some_and(|length| length > BODY_LIMIT as u64) {
                return Err(Problem::too_large());
            }
            let body = body.map_err(|_| Problem::unreadable("The body cannot be read."))?;
            let bytes = tokio::time::timeout(BODY_TIME, body.to_bytes_limited(BODY_LIMIT))
                .await
                .map_err(|_| Problem::timeout())?
                .map_err(|_| Problem::too_large())?
                .map_err(|_| Problem::unreadable("The body broke off."))?;
            read(&bytes).map(Json)
        })
    }
}

/// Reads JSON and says where it is wrong: 400 when it is not JSON, 422 when a value is not allowed.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let not_json = |reason: String| Problem::unreadable(format!("The body is not valid JSON: {reason}."));
    let value: T = serde_path_to_error::deserialize(Objects(&mut json)).map_err(|error| {
        // A number too large for us and half a surrogate are JSON all the same: a field's fault, not the body's.
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned());
        match text
            .and_then(|text| serde_json::from_str::<IgnoredAny>(text).map_err(|error| error.to_string()))
        {
            Err(reason) => not_json(reason),
            Ok(_) => fault(pointer(error.path()), &error.inner().to_string()),
        }
    })?;
    json.end().map_err(|error| not_json(error.to_string()))?;
    Ok(value)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let name = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&name);
    }
    pointer
}

/// A value that cannot be, with its field. Here alone is serde's language made plain.
fn fault(mut pointer: String, message: &str) -> Problem {
    // serde_json adds where in the text it was; the pointer says it better.
    let message = message.rfind(" at line ").map_or(message, |end| &message[..end]);
    for about in ["unknown field `", "missing field `", "duplicate field `"] {
        let name = message.strip_prefix(about).and_then(|rest| rest.split('`').next());
        if let Some(name) = name {
            let name = name.replace('~', "~0").replace('/', "~1");
            if !pointer.ends_with(&format!("/{name}")) {
                pointer.push('/');
                pointer.push_str(&name);
            }
        }
    }
    Problem::invalid(pointer, plain(message))
}

/// What a value must be, in the words of whoever sends it; never what was sent.
fn plain(message: &str) -> String {
    let begins = |with: &str| message.starts_with(with);
    // What was sent stands before the last of these, what is known after it.
    let (_, wanted) = message.rsplit_once(", expected ").unwrap_or_default();
    let words = wanted.trim_start_matches("one of ").replace('`', "");
    if begins("missing field") {
        "must be given".to_owned()
    } else if begins("duplicate field") {
        "must be given once".to_owned()
    } else if begins("unknown field") {
        if words.is_empty() {
            "is not known here".to_owned()
        } else {
            format!("is not known here, only {words}")
        }
    } else if begins("unknown variant") {
        format!("must be one of {words}")
    } else if begins("invalid type") || begins("invalid value") || begins("invalid length") {
        match wanted {
            "a string" | "a character" => "must be a text".to_owned(),
            "a sequence" => "must be a list".to_owned(),
            "a boolean" => "must be true or false".to_owned(),
            _ => format!("must be {wanted}"),
        }
    } else if begins("number out of range") {
        "must be a smaller number".to_owned()
    } else if begins("lone leading surrogate") || begins("unexpected end of hex escape") {
        "must not hold half of a surrogate pair (\\ud800 to \\udfff)".to_owned()
    } else if begins("recursion limit exceeded") {
        "must not be nested so deep".to_owned()
    } else {
        message.to_owned()
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Path<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Not by the framework's own extractor, which logs the path where it does not fit.
        let segments = request.match_info();
        let values = SeqDeserializer::<_, de::value::Error>::new(segments.iter().map(|(_, value)| value));
        std::future::ready(serde_path_to_error::deserialize(values).map(Self).map_err(|error| {
            let place = error.path().iter().find_map(|segment| match segment {
                Segment::Seq { index } => Some(*index),
                _ => None,
            });
            let name = segments.iter().nth(place.unwrap_or_default()).map_or("id", |(name, _)| name);
            let reason = error.inner().to_string();
            Problem::unreadable(format!("In the path, {name} {reason}.")).and(format!("path: {name}"), reason)
        }))
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = form_urlencoded::parse(request.query_string().as_bytes());
        let query = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        std::future::ready(query.map(Self).map_err(|error| {
            let pointer = pointer(error.path());
            let mut reason = error.inner().to_string();
            // In a query a plus stands for a blank, so the offset of a time is lost.
            if reason == Invalid::Moment.to_string() && has_plus(request.query_string(), &pointer) {
                reason.push_str("; write + as %2B");
            }
            fault(pointer, &reason)
        }))
    }
}

fn has_plus(query: &str, pointer: &str) -> bool {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().any(|(name, value)| pointer.strip_prefix('/') == Some(name) && value.contains('+'))
}

impl<T> Path<T> {
    /// What was in it.
    pub fn into_inner(self) -> T {
        self.0
    }
}
impl<T> Query<T> {
    /// What was in it.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: Serialize> Responder for Json<T> {
    type Body = actix_web::body::BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        answer(StatusCode::OK, &self.0)
    }
}

/// What a `PUT` with the client's own id came to.
pub enum Recorded<T> {
    /// Stored now: 201.
    New(T),
    /// Stored before with the same content: 200.
    Known(T),
}

impl<T> From<(T, bool)> for Recorded<T> {
    /// What an action came to; `true` says it is new.
    fn from((value, new): (T, bool)) -> Self {
        if new { Self::New(value) } else { Self::Known(value) }
    }
}

impl<T: Serialize> Responder for Recorded<T> {
    type Body = actix_web::body::BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        match self {
            Self::New(value) => answer(StatusCode::CREATED, &value),
            Self::Known(value) => answer(StatusCode::OK, &value),
        }
    }
}

/// A JSON answer.
pub fn answer(status: StatusCode, value: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status).json(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Draft {
        #[expect(dead_code, reason = "only read")]
        intensity: u8,
        #[expect(dead_code, reason = "only read")]
        tags: Vec<u8>,
    }

    fn refusal(body: &str) -> (u16, String) {
        let problem = read::<Draft>(body.as_bytes()).unwrap_err();
        (problem.status_code().as_u16(), problem.detail().to_owned())
    }

    #[test]
    fn a_refusal_names_the_field() {
        for (body, pointer) in [
            (r#"{"intensity":300,"tags":[]}"#, "/intensity:"),
            (r#"{"intensity":3,"tags":[1,"x"]}"#, "/tags/1:"),
            (r#"{"intensity":3,"tags":[],"more":1}"#, "/more:"),
            (r#"{"intensity":3}"#, "/tags:"),
            (r#"{"intensity":3,"intensity":4,"tags":[]}"#, "/intensity:"),
        ] {
            let (status, detail) = refusal(body);
            assert_eq!(status, 422, "{body}");
            assert!(detail.starts_with(pointer), "{detail}");
            assert!(!detail.contains("line 1"), "{detail}");
        }
    }

    #[test]
    fn what_is_not_json_is_unreadable() {
        let deep = format!("{{\"tags\":{}", "[".repeat(200));
        for body in ["", "{", "{}x", r#"{"intensity":3,"tags":[]} {}"#, "\u{0}", deep.as_str()] {
            let status = refusal(body).0;
            assert!(matches!(status, 400 | 422), "{body}");
        }
        assert_eq!(refusal("{").0, 400);
    }
}
