//! Extractors of JSON bodies, paths and queries that fail with a [`Problem`], and JSON answers.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder, web};
use serde::Serialize;
use serde::de::{DeserializeOwned, Error};
use serde_json::Value;
use utoipa::openapi::Required;
use utoipa::{IntoParams, ToSchema};

use evenkeel_domain::value::Invalid;

use crate::app::problem::Problem;
use crate::http::strict_json::{Fault, Tree};

/// The most bytes of a body.
pub const BODY_LIMIT: usize = 64 * 1024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(15);

/// A JSON body of a request or an answer.
pub struct Json<T>(pub T);

/// The values in a path, always as a tuple: `Path((participant, id)): Path<(ParticipantRef, CravingId)>`.
pub struct Path<T>(pub T);

/// The query parameters.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + ToSchema + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let plain = headers.get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
        // JSON between systems is UTF-8 (RFC 8259 8.1). Another charset would be misread, so it is refused.
        let kind = request.mime_type().ok().flatten();
        let charset = kind.as_ref().and_then(|kind| kind.get_param("charset"));
        let plain = plain && charset.is_none_or(|charset| charset.as_str().eq_ignore_ascii_case("utf-8"));
        let is_json = plain && request.content_type().eq_ignore_ascii_case("application/json");
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let body = web::Payload::from_request(request, payload).into_inner();
        Box::pin(async move {
            if !is_json {
                return Err(Problem::media_type());
            }
            if length.is_some_and(|length| length > BODY_LIMIT as u64) {
                return Err(Problem::too_large());
            }
            let body = body.map_err(|_| Problem::unreadable("The body cannot be read. Send it again."))?;
            let bytes = tokio::time::timeout(BODY_TIME, body.to_bytes_limited(BODY_LIMIT))
                .await
                .map_err(|_| Problem::timeout())?
                .map_err(|_| Problem::too_large())?
                .map_err(|_| Problem::unreadable("The body is incomplete. Send it again."))?;
            read(&bytes).map(Json)
        })
    }
}

/// Reads JSON, or names all that is wrong with it: 400 if it is not JSON, 422 if values are not allowed.
fn read<T: DeserializeOwned + ToSchema>(bytes: &[u8]) -> Result<T, Problem> {
    let not_json =
        |reason: &dyn Display| Problem::unreadable(format!("The body is not valid JSON: {reason}."));
    let text = std::str::from_utf8(bytes).map_err(|_| not_json(&"it is not UTF-8"))?;
    let json = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    Tree::of(json).read(text.len(), required_fields::<T>).map_err(invalid)
}

/// The required ones of a struct's fields, from the schemas of the body.
fn required_fields<T: ToSchema>(fields: &[&str]) -> Vec<String> {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    serde_json::to_value(schemas).ok().and_then(|all| required_in(&all, fields)).unwrap_or_default()
}

/// What the object with these properties requires, wherever it is in a schema.
fn required_in(schema: &Value, fields: &[&str]) -> Option<Vec<String>> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_it = properties
        .is_some_and(|all| all.len() == fields.len() && fields.iter().all(|field| all.contains_key(*field)));
    if is_it {
        return serde_json::from_value(schema.get("required")?.clone()).ok();
    }
    match schema {
        Value::Array(parts) => parts.iter().find_map(|part| required_in(part, fields)),
        Value::Object(parts) => parts.values().find_map(|part| required_in(part, fields)),
        _ => None,
    }
}

fn required_parameters<T: IntoParams>(_: &[&str]) -> Vec<String> {
    let required = T::into_params(|| None).into_iter().filter(|one| matches!(one.required, Required::True));
    required.map(|one| one.name).collect()
}

/// 422 for a query parameter that the operation does not take.
pub fn unknown_parameter(name: &str) -> Problem {
    invalid(vec![Fault::unknown_field(name, &[])])
}

fn invalid(faults: Vec<Fault>) -> Problem {
    let mut faults = faults.into_iter().map(|fault| (fault.pointer(), fault.detail));
    let (pointer, detail) = faults.next().unwrap_or_default();
    faults.fold(Problem::invalid(pointer, detail), |problem, (pointer, detail)| problem.and(pointer, detail))
}

impl<T: DeserializeOwned + 'static> FromRequest for Path<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // The framework's own extractor would log a path that it cannot read.
        let segments = request.match_info();
        let parts = segments.iter().map(|(_, value)| Tree::Parameter(value.into()));
        let read = Tree::List(parts.collect()).read(request.path().len(), |_| vec![]);
        std::future::ready(read.map(Self).map_err(|faults| {
            let name = |fault: &Fault| {
                let index = fault.path.first().and_then(|index| index.parse().ok()).unwrap_or_default();
                segments.iter().nth(index).map_or("id", |(name, _)| name)
            };
            let first = faults.first().map_or(String::new(), |first| format!("{} {first}", name(first)));
            let problem = Problem::unreadable(format!("In the path, {first}."));
            faults.iter().fold(problem, |problem, fault| {
                problem.and(format!("path: {}", name(fault)), fault.detail.as_str())
            })
        }))
    }
}

impl<T: DeserializeOwned + IntoParams + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = request.query_string();
        let pairs = form_urlencoded::parse(query.as_bytes());
        let parts = Tree::Object(pairs.map(|(name, value)| (name, Tree::Parameter(value))).collect());
        let read = parts.read(query.len(), required_parameters::<T>);
        std::future::ready(read.map(Self).map_err(|mut faults| {
            // A plus in a query means a space, so a time with an offset cannot be read.
            let time = Invalid::Moment.to_string();
            for fault in faults.iter_mut().filter(|fault| fault.detail == time) {
                if has_plus(query, &fault.path) {
                    fault.detail.push_str("; write + as %2B");
                }
            }
            invalid(faults)
        }))
    }
}

fn has_plus(query: &str, path: &[String]) -> bool {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.any(|(name, value)| path == [name] && value.contains('+'))
}

impl<T> Path<T> {
    /// The values.
    pub fn into_inner(self) -> T {
        self.0
    }
}
impl<T> Query<T> {
    /// The values.
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

/// The outcome of a `PUT` with an id that the client made.
pub enum Recorded<T> {
    /// Stored by this request: 201.
    New(T),
    /// Already stored with the same content: 200.
    Known(T),
}

impl<T> Recorded<T> {
    /// The value.
    pub fn value(&self) -> &T {
        match self {
            Self::New(value) | Self::Known(value) => value,
        }
    }

    /// Changes the value and leaves the outcome as it is.
    pub fn map<U>(self, answer: impl FnOnce(T) -> U) -> Recorded<U> {
        match self {
            Self::New(value) => Recorded::New(answer(value)),
            Self::Known(value) => Recorded::Known(answer(value)),
        }
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
    use evenkeel_domain::craving::CravingDraft;
    use evenkeel_domain::log_entry::Correction;
    use utoipa::PartialSchema;

    #[derive(Debug, serde::Deserialize, ToSchema)]
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
    fn a_struct_needs_the_fields_that_its_schema_requires() {
        let required = required_fields::<Correction<CravingDraft>>;
        assert_eq!(required(&["reason", "entry"]), ["entry"]);
        let schema = serde_json::to_value(CravingDraft::schema()).unwrap();
        let fields: Vec<&str> =
            schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(required(&fields), ["occurred_at", "time_zone", "intensity"]);
        assert_eq!(required(&["other"]), [""; 0]);
    }

    #[test]
    fn a_body_that_is_not_json_is_unreadable() {
        let deep = format!("{{\"tags\":{}", "[".repeat(200));
        for body in ["", "{", "{}x", r#"{"intensity":3,"tags":[]} {}"#, "\u{0}", deep.as_str()] {
            let status = refusal(body).0;
            assert!(matches!(status, 400 | 422), "{body}");
        }
        assert_eq!(refusal("{").0, 400);
    }
}
