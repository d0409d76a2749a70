//! The OpenAPI document, made from the same routes that serve.

use std::sync::LazyLock;

use actix_web::dev::ResourceDef;
use actix_web::web;
use actix_web::{HttpRequest, HttpResponse, http::header};
use serde_json::{Map, Value, json};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::problem::{Problem, kinds};
use crate::routes;

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

const TAGS: [(&str, &str); 11] = [
    ("account", "Signing in, devices, invites"),
    (
        "plan",
        "The relapse-prevention plan and the safety plan, and the bundle a phone keeps for when it is offline",
    ),
    ("craving", "Cravings: logged on the phone, offline first"),
    ("coping", "Coping skills: on offer, practised, assigned, and what works"),
    ("check_in", "Daily and weekly check-ins: what they ask, what was answered, how often"),
    ("recovery", "Sober time, milestones, lapses without shame, and what the plan could learn"),
    ("program", "The level of care: intensive outpatient or aftercare, and since when"),
    ("trend", "What the logs come to, for the counselor and the participant"),
    ("reminder", "Discreet e-mail reminders"),
    ("journal", "Who saw or did what"),
    ("operations", "Health, keys, problems"),
];

/// The document. Every operation gets the problems that its form brings with it; a room names only its own.
pub fn document() -> Value {
    let (_, api) = actix_web::App::new().into_utoipa_app().configure(routes).split_for_parts();
    let mut document = serde_json::to_value(api).unwrap_or_else(|_| json!({}));
    document["openapi"] = json!("3.1.0");
    document["info"] = json!({
        "title": "Evenkeel",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Cravings, check-ins, coping skills, plans, sober time and discreet reminders in intensive outpatient programs",
        "description": "Ids are made by the client (UUIDv7) and kept before sending; sending the same again is safe. \
                        A phone that was offline sends what it kept in the order in which it was made, each after the \
                        answer to the one before: a correction, a re-rating or a DELETE that comes before the entry \
                        it means is answered 404. Times are RFC 3339. Everything that goes wrong is a problem document (RFC 9457).",
        "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
    });
    document["servers"] = json!([{ "url": "/", "description": "This server" }]);
    document["security"] = json!([{ "bearer": [] }]);
    document["tags"] =
        TAGS.iter().map(|(name, about)| json!({ "name": name, "description": about })).collect();
    let components = &mut document["components"];
    components["securitySchemes"] = json!({ "bearer": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "The access token of POST /v1/sign-in, renewed by POST /v1/sign-in/refresh",
    } });
    components["schemas"]["Problem"] = problem_schema();
    components["responses"] = kinds()
        .map(|(name, title, status, advice)| (camel(name), response(name, title, status, advice)))
        .collect::<Map<_, _>>()
        .into();
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

fn add_problems(path: &str, operation: &mut Value) {
    let is_public = operation.get("security") == Some(&json!([{}]));
    let has_body = operation.get("requestBody").is_some();
    let has_query = takes_query(operation);
    let is_cheap = matches!(path, "/" | "/livez" | "/.well-known/jwks.json" | "/problems/{name}");
    let brought = [
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
    for (status, kind, applies) in brought {
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
    // The doc comment's first line is the summary; a link's text reads better with a capital and no full stop.
    if let Some(Value::String(summary)) = operation.get_mut("summary") {
        *summary = summary.trim_end_matches('.').to_owned();
    }
}

fn takes_query(operation: &Value) -> bool {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    parameters.is_some_and(|all| all.iter().any(|one| one["in"] == "query"))
}

/// What the server keeps of the document.
struct Served {
    text: String,
    operations: Vec<Operation>,
}

struct Operation {
    path: ResourceDef,
    method: String,
    takes_query: bool,
}

/// Made when somebody first asks for it, or sends something after a `?`: a start need not wait for it.
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

/// The methods that a path has, as `Allow` tells them.
pub fn methods_at(path: &str) -> Vec<&'static str> {
    let here = SERVED.operations.iter().filter(|operation| operation.path.is_match(path));
    let mut methods: Vec<&str> = here.map(|operation| operation.method.as_str()).collect();
    methods.sort_unstable();
    methods.dedup();
    methods
}

/// Refuses parameters where an operation takes none: one that is passed over in silence may be a filter with a
/// typing error. Where it takes some, their type refuses what it does not know. Asked for whoever is signed in
/// or sends JSON: to other addresses, which links and probes lead to, programs on the way add what they like.
pub fn check_query(request: &HttpRequest) -> Result<(), Problem> {
    let Some((name, _)) = form_urlencoded::parse(request.query_string().as_bytes()).next() else {
        return Ok(());
    };
    let path = request.match_pattern();
    let takes_query = SERVED.operations.iter().any(|operation| {
        operation.takes_query
            && operation.method == request.method().as_str()
            && operation.path.pattern() == path.as_deref()
    });
    if takes_query {
        return Ok(());
    }
    let name = name.replace('~', "~0").replace('/', "~1");
    Err(Problem::invalid(format!("/{name}"), "is not known here"))
}

fn reference() -> Value {
    json!({ "$ref": "#/components/schemas/Problem" })
}

fn camel(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(capital).collect()
}

fn response(name: &str, title: &str, status: u16, advice: &str) -> Value {
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
        "description": "What went wrong and what to do about it (RFC 9457)",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference", "maxLength": 100, "description": "Stable name of the kind of problem", "examples": ["/problems/invalid"] },
            "title": { "type": "string", "maxLength": 100, "description": "The kind in words", "examples": ["A value is not allowed"] },
            "status": { "type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status", "examples": [422] },
            "detail": { "type": "string", "maxLength": 1000, "description": "What happened this time", "examples": ["/intensity: must be 0 to 10, was 14"] },
            "current": {
                "type": "object",
                "description": "What stands, as the caller may see it, where the request started from something older: the form of the same path's GET",
            },
            "guidance": { "$ref": "#/components/schemas/Guidance", "description": "What to read now, where use was told with what is refused" },
            "tell_lapse": { "type": "string", "maxLength": 120, "description": "Where that use can be told as a lapse" },
            "errors": {
                "type": "array", "maxItems": 100, "description": "The fields that are wrong",
                "items": {
                    "type": "object", "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": { "type": "string", "maxLength": 300, "description": "JSON pointer to the field, or a parameter's name", "examples": ["/intensity"] },
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
        // The page asks nobody else whether the document is valid, and shows no document but this one.
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
        // Parts of rooms, each by itself: in one document the second of a name takes the place of the first.
        let parts: [fn(&mut ServiceConfig); 18] = [
            crate::account::routes,
            crate::check_in::routes,
            crate::coping::assignment::routes,
            crate::coping::choice::routes,
            crate::coping::organisation::routes,
            crate::coping::practice::routes,
            crate::coping::routes,
            crate::craving::routes,
            crate::journal::routes,
            crate::ops::routes,
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
            let (_, api) = actix_web::App::new().into_utoipa_app().configure(part).split_for_parts();
            for (name, schema) in api.components.unwrap_or_default().schemas {
                let schema = serde_json::to_value(schema).unwrap();
                let first = known.entry(name.clone()).or_insert(schema.clone());
                assert_eq!(*first, schema, "{name} is two types");
            }
        }
        assert!(100 < known.len(), "{}", known.len());
    }

    #[test]
    fn every_operation_tells_its_name_its_tag_and_its_problems() {
        let document = document();
        let mut names = std::collections::BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in METHODS.iter().filter_map(|method| item.get(*method)) {
                assert!(names.insert(operation["operationId"].as_str().unwrap()), "{path}");
                let tag = operation["tags"][0].as_str().unwrap();
                assert!(TAGS.iter().any(|(name, _)| *name == tag), "{path}: {tag}");
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
