//! The OpenAPI document, made from the routes that the server uses.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use actix_web::body::MessageBody;
use actix_web::dev::{ResourceDef, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError, web};
use serde_json::{Map, Value, json};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::modules::MODULES;
use crate::app::problem::{Kind, Problem};
use crate::http::body;

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// The document. Adds the usual problems to each operation, so a module describes only its own.
pub fn document() -> Value {
    let mut document = json!({ "openapi": "", "info": {}, "paths": {}, "components": { "schemas": {} } });
    for module in MODULES {
        let (_, api) = actix_web::App::new().into_utoipa_app().configure(module.routes).split_for_parts();
        let mut part = serde_json::to_value(api).unwrap_or_else(|_| json!({}));
        for item in part["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            for method in METHODS {
                if let Some(operation) = item.get_mut(method) {
                    operation["tags"] = json!([module.name]);
                }
            }
        }
        add_all(&mut document["paths"], &mut part["paths"]);
        add_all(&mut document["components"]["schemas"], &mut part["components"]["schemas"]);
    }
    let mut document = with_plain_names(document);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        let all = schemas.clone();
        schemas.values_mut().for_each(|schema| *schema = folded(schema, &all));
    }
    document["openapi"] = json!("3.1.0");
    document["info"] = json!({
        "title": "Evenkeel",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Cravings, check-ins, coping skills, plans, sober time and discreet reminders in intensive outpatient programs",
        "description": "The client makes ids (UUIDv7) and stores them before sending. Sending the same request again \
                        is safe. A phone that was offline sends its stored requests in the order they were made, each \
                        one after the answer to the one before. A correction, re-rating or DELETE that arrives before \
                        its entry is answered 404. Times are RFC 3339. Every error answer is a problem document \
                        (RFC 9457).",
        "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
    });
    document["servers"] = json!([{ "url": "/", "description": "This server" }]);
    document["security"] = json!([{ "bearer": [] }]);
    document["tags"] =
        MODULES.iter().map(|one| json!({ "name": one.name, "description": one.about })).collect();
    let components = &mut document["components"];
    components["securitySchemes"] = json!({ "bearer": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "The access token from POST /v1/sign-in; refresh it with POST /v1/sign-in/refresh",
    } });
    components["schemas"]["Problem"] = problem_schema();
    components["responses"] =
        Kind::ALL.iter().map(|kind| (camel(kind.name()), response(*kind))).collect::<Map<_, _>>().into();
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            for method in METHODS {
                if let Some(operation) = item.get_mut(method) {
                    add_problems(path, operation);
                }
            }
        }
    }
    document
}

/// Gives the schemas of generic types plain names.
fn with_plain_names(document: Value) -> Value {
    let mut text = document.to_string();
    for name in document["components"]["schemas"].as_object().into_iter().flat_map(Map::keys) {
        let plain = plain(name);
        if plain != *name {
            text = text.replace(&format!("{name}\""), &format!("{plain}\""));
        }
    }
    serde_json::from_str(&text).unwrap_or(document)
}

/// `Revision_CravingDraft` is a `CravingRevision`, `Page_Entry_CravingDraft` a `CravingPage`.
fn plain(name: &str) -> String {
    match name.split_once('_') {
        Some(("Entry", draft)) => draft.trim_end_matches("Draft").to_owned(),
        Some((part @ ("Correction" | "Page" | "Revision"), of)) => {
            plain(of).trim_end_matches("Draft").to_owned() + part
        }
        _ => name.to_owned(),
    }
}

/// A schema in which a struct with another one flattened into it is one object. `allOf` would not let a closed draft be
/// extended.
fn folded(schema: &Value, all: &Map<String, Value>) -> Value {
    let Some(parts) = schema.get("allOf").and_then(Value::as_array) else {
        return match schema {
            Value::Array(parts) => parts.iter().map(|part| folded(part, all)).collect(),
            Value::Object(parts) => {
                let parts = parts.iter().map(|(name, part)| (name.clone(), folded(part, all)));
                parts.collect::<Map<_, _>>().into()
            }
            value => value.clone(),
        };
    };
    let mut whole = schema.clone();
    let (mut properties, mut required) = (Map::new(), BTreeSet::new());
    for part in parts {
        let name = part["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        let part = folded(name.and_then(|name| all.get(name)).unwrap_or(part), all);
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(
            part["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned),
        );
    }
    if let Some(whole) = whole.as_object_mut() {
        whole.remove("allOf");
    }
    whole["type"] = json!("object");
    whole["properties"] = properties.into();
    whole["required"] = json!(required);
    whole
}

fn add_all(whole: &mut Value, part: &mut Value) {
    if let (Some(whole), Some(part)) = (whole.as_object_mut(), part.as_object_mut()) {
        whole.append(part);
    }
}

fn add_problems(path: &str, operation: &mut Value) {
    let is_public = operation.get("security") == Some(&json!([{}]));
    let has_body = operation.get("requestBody").is_some();
    let has_query = takes_query(operation);
    let is_cheap = matches!(path, "/" | "/livez" | "/.well-known/jwks.json" | "/problems/{name}");
    let usual = [
        (400, "unreadable", has_body || has_query || path.contains('{')),
        (401, "unauthenticated", !is_public),
        (403, "not-allowed", !is_public),
        (404, "unknown", path.contains('{')),
        (408, "timeout", has_body),
        (413, "too-large", has_body),
        (415, "media-type", has_body),
        (422, "invalid", !is_public || has_body || has_query),
        (429, "too-many", is_public && has_body),
        (500, "internal", !is_cheap),
        (503, "unavailable", !is_cheap),
    ];
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, kind, applies) in usual {
        if applies {
            let reference = json!({ "$ref": format!("#/components/responses/{}", camel(kind)) });
            responses.entry(status.to_string()).or_insert(reference);
        }
    }
    for (status, response) in responses.iter_mut() {
        let is_problem = status.starts_with(['4', '5']);
        if is_problem && response.get("$ref").is_none() && response.get("content").is_none() {
            response["content"] = json!({ "application/problem+json": { "schema": reference() } });
        }
    }
    // The summary is the doc comment's first line. Link texts have no period.
    if let Some(Value::String(summary)) = operation.get_mut("summary") {
        *summary = summary.trim_end_matches('.').to_owned();
    }
}

fn takes_query(operation: &Value) -> bool {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    parameters.is_some_and(|all| all.iter().any(|one| one["in"] == "query"))
}

/// The document as text, and its operations.
struct Served {
    text: String,
    operations: Vec<Operation>,
}

struct Operation {
    path: ResourceDef,
    method: String,
    takes_query: bool,
}

/// Made on first use, so that a start does not wait for it.
static SERVED: LazyLock<Served> = LazyLock::new(|| {
    let document = document();
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        METHODS.into_iter().filter_map(move |method| {
            let takes_query = takes_query(item.get(method)?);
            Some(Operation {
                path: ResourceDef::new(path.as_str()),
                method: method.to_uppercase(),
                takes_query,
            })
        })
    });
    Served { operations: operations.collect(), text: document.to_string() }
});

/// The methods of a path, for the `Allow` header.
pub fn methods_at(path: &str) -> Vec<&'static str> {
    let here = SERVED.operations.iter().filter(|operation| operation.path.is_match(path));
    let mut methods: Vec<&str> = here.map(|operation| operation.method.as_str()).collect();
    methods.sort_unstable();
    methods.dedup();
    methods
}

/// Refuses query parameters on operations that take none: an ignored parameter may be a mistyped filter. (Where an
/// operation takes some, their type refuses unknown ones.) Only checks requests with a token or JSON: mail programs
/// and probes add parameters of their own to plain links.
pub async fn check_query(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if let Some(problem) = unknown_parameter(&request) {
        return Ok(request.into_response(problem.error_response()).map_into_right_body());
    }
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}

fn unknown_parameter(request: &ServiceRequest) -> Option<Problem> {
    let (name, _) = form_urlencoded::parse(request.query_string().as_bytes()).next()?;
    let headers = request.headers();
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_json && !headers.contains_key(header::AUTHORIZATION) {
        return None;
    }
    let path = request.match_pattern()?;
    let operation = SERVED.operations.iter().find(|operation| {
        operation.method == request.method().as_str() && operation.path.pattern() == Some(path.as_str())
    })?;
    (!operation.takes_query).then(|| body::unknown_parameter(&name))
}

fn reference() -> Value {
    json!({ "$ref": "#/components/schemas/Problem" })
}

fn camel(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(capital).collect()
}

fn response(kind: Kind) -> Value {
    let (name, title, status, advice) = (kind.name(), kind.title(), kind.status().as_u16(), kind.advice());
    let mut example = json!({
        "type": format!("/problems/{name}"), "title": title, "status": status, "detail": advice,
    });
    if name == "invalid" {
        example["detail"] = json!("/intensity: must be 0 to 10, was 14");
        example["errors"] = json!([{ "pointer": "/intensity", "detail": "must be 0 to 10, was 14" }]);
    }
    let content = json!({ "application/problem+json": { "schema": reference(), "example": example } });
    let mut response = json!({ "description": title, "content": content });
    let header = match status {
        401 => Some(("WWW-Authenticate", json!({ "type": "string", "maxLength": 64 }), "How to sign in")),
        429 | 503 => Some((
            "Retry-After",
            json!({ "type": "integer", "minimum": 1, "maximum": 86400 }),
            "Seconds to wait",
        )),
        _ => None,
    };
    if let Some((header, schema, about)) = header {
        response["headers"] = json!({ header: { "description": about, "schema": schema } });
    }
    response
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "What is wrong and what to do about it (RFC 9457)",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference", "maxLength": 100, "description": "The stable name of the kind of problem", "examples": ["/problems/invalid"] },
            "title": { "type": "string", "maxLength": 100, "description": "The kind of problem in words", "examples": ["A value is not allowed"] },
            "status": { "type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status", "examples": [422] },
            "detail": { "type": "string", "maxLength": 1000, "description": "What is wrong with this request", "examples": ["/intensity: must be 0 to 10, was 14"] },
            "current": {
                "type": "object",
                "description": "If the request started from an older revision: the current one, as far as the caller may see it, in the form of the GET answer of the same path",
            },
            "guidance": { "$ref": "#/components/schemas/Guidance", "description": "What to read now, if the refused request reported use" },
            "report_lapse_at": { "type": "string", "maxLength": 120, "description": "The path at which that use can be reported as a lapse" },
            "errors": {
                "type": "array", "maxItems": 100, "description": "The fields that are wrong",
                "items": {
                    "type": "object", "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": { "type": "string", "maxLength": 300, "description": "A JSON pointer to the field, or the name of a parameter", "examples": ["/intensity"] },
                        "detail": { "type": "string", "maxLength": 1000, "description": "What it must be", "examples": ["must be 0 to 10, was 14"] },
                    },
                },
            },
        },
    })
}

/// `/openapi.json`, and Swagger UI at `/docs`.
pub fn documentation(config: &mut web::ServiceConfig) {
    config
        .route(
            "/openapi.json",
            web::get().to(|| async {
                HttpResponse::Ok().content_type("application/json").body(SERVED.text.as_str())
            }),
        )
        .route(
            "/docs",
            web::get().to(|| async {
                HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
            }),
        )
        // The page does not send the document to an outside validator, and shows no other document.
        .service(
            SwaggerUi::new("/docs/{_:.*}").config(
                Config::from("/openapi.json")
                    .validator_url("none")
                    .use_base_layout()
                    .default_models_expand_depth(0),
            ),
        );
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa_actix_web::service_config::ServiceConfig;

    #[test]
    fn no_two_types_share_the_name_of_a_schema() {
        // Each part of a module by itself: in a joint document a second type of the same name replaces the first.
        let parts: &[fn(&mut ServiceConfig)] = &[
            crate::account::routes,
            crate::check_in::routes,
            crate::coping::assignment::routes,
            crate::coping::choice::routes,
            crate::coping::organization::routes,
            crate::coping::skill_practice::routes,
            crate::coping::routes,
            crate::craving::routes,
            crate::audit::routes,
            crate::server::ops::routes,
            crate::plan::prevention::routes,
            crate::plan::routes,
            crate::plan::safety::routes,
            crate::recovery::lapse::routes,
            crate::recovery::proposal::routes,
            crate::recovery::routes,
            crate::reminder::routes,
            crate::trend::routes,
        ];
        let mut known = std::collections::BTreeMap::new();
        for part in parts {
            let (_, api) = actix_web::App::new().into_utoipa_app().configure(*part).split_for_parts();
            for (name, schema) in api.components.unwrap_or_default().schemas {
                let schema = serde_json::to_value(schema).unwrap();
                let first = known.entry(name.clone()).or_insert(schema.clone());
                assert_eq!(*first, schema, "{name} is two types");
            }
        }
        assert!(100 < known.len(), "{}", known.len());
    }

    #[test]
    fn every_operation_has_a_name_a_tag_and_its_problems() {
        let document = document();
        let mut names = std::collections::BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in METHODS.iter().filter_map(|method| item.get(*method)) {
                assert!(names.insert(operation["operationId"].as_str().unwrap()), "{path}");
                let tag = operation["tags"][0].as_str().unwrap();
                assert!(MODULES.iter().any(|one| one.name == tag), "{path}: {tag}");
                assert!(
                    ["/", "/livez"].contains(&path.as_str())
                        || operation["responses"].as_object().unwrap().len() > 1
                        || path.contains("jwks")
                );
            }
        }
        assert!(names.contains("readyz"));
    }
}
