//! Compares each accepted request and each answer with the API's document.

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

const NAME: &str = "urn:evenkeel";

/// The document, as the product serves it.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(evenkeel::server::openapi::document);

static REGISTRY: LazyLock<Registry<'static>> = LazyLock::new(|| {
    let registry = Registry::new().add(NAME, DOCUMENT.clone()).and_then(jsonschema::RegistryBuilder::prepare);
    registry.expect("a document without dangling references")
});

/// The check of the schema at a place of the document.
fn validate(place: &str) -> Arc<Validator> {
    static CHECKS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut checks = CHECKS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let made = checks.entry(place.to_owned()).or_insert_with(|| {
        let place = place.replace('{', "%7B").replace('}', "%7D");
        let schema = json!({"$ref": format!("{NAME}#{place}")});
        let made =
            jsonschema::options().with_registry(&REGISTRY).should_validate_formats(true).build(&schema);
        Arc::new(made.unwrap_or_else(|error| panic!("{place}: {error}")))
    });
    made.clone()
}

/// What is wrong with a value, by the schema at a place of the document.
pub fn faults(place: &str, value: &Value) -> Vec<String> {
    let check = validate(place);
    check.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The part of a JSON pointer that means this name.
pub fn part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Where an operation is in the document.
fn operation(method: &str, path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |template: &&String| {
        let (parts, given) = (template.split('/'), path.split('/'));
        let fits = |(part, given): (&str, &str)| part == given || part.starts_with('{') && !given.is_empty();
        parts.clone().count() == given.clone().count() && parts.zip(given).all(fits)
    };
    let templates = DOCUMENT["paths"].as_object()?.keys().filter(fits);
    // `/participants/me/offline` goes before `/participants/{participant}/plan`.
    let template = templates.min_by_key(|template| template.matches('{').count())?;
    let place = format!("/paths/{}/{}", part(template), method.to_ascii_lowercase());
    DOCUMENT.pointer(&place).map(|_| place)
}

/// Panics if an accepted request or an answer is not as the document says.
#[track_caller]
pub fn check(method: &str, path: &str, body: &Value, status: u16, kind: &str, answer: &Value) {
    let Some(operation) = operation(method, path) else { return };
    let documented = DOCUMENT.pointer(&format!("{operation}/responses/{status}"));
    let documented =
        documented.unwrap_or_else(|| panic!("{method} {path}: {status} is not in the document: {answer}"));
    let response = match documented["$ref"].as_str() {
        Some(shared) => shared.trim_start_matches('#').to_owned(),
        None => format!("{operation}/responses/{status}"),
    };
    let kind = kind.split(';').next().unwrap_or_default();
    let mut wrong = vec![];
    if kind.ends_with("json") && method != "HEAD" {
        let schema = format!("{response}/content/{}/schema", part(kind));
        assert!(
            DOCUMENT.pointer(&schema).is_some(),
            "{method} {path}: {status} is {kind}, which is not in the document"
        );
        wrong.extend(faults(&schema, answer).into_iter().map(|fault| format!("in the answer, {fault}")));
    }
    let sent = format!("{operation}/requestBody/content/application~1json/schema");
    if (200..300).contains(&status) && DOCUMENT.pointer(&sent).is_some() {
        wrong.extend(faults(&sent, body).into_iter().map(|fault| format!("in the request, {fault}")));
    }
    assert!(wrong.is_empty(), "{method} {path} ({status}):\n{}\n{answer}", wrong.join("\n"));
}
