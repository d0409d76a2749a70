//! The document that clients are made from.

use crate::Engine;
use evenkeel_tests::contract;
use evenkeel_tests::test_server::TestServer;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

async fn document() -> Value {
    let server = TestServer::new(Engine::Sqlite).await.expect("SQLite is always there");
    server.get("", "/openapi.json").await.is(200)
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods =
            item.as_object().unwrap().iter().filter(|(_, operation)| operation.get("responses").is_some());
        methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

#[tokio::test]
async fn the_committed_document_is_what_the_code_says() {
    let code = serde_json::to_string_pretty(&document().await).unwrap() + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/openapi.json");
    if evenkeel_tests::setting("UPDATE").is_some() {
        std::fs::write(&file, &code).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let differ = committed.lines().zip(code.lines()).position(|(a, b)| a != b);
    assert!(
        committed == code,
        "openapi/openapi.json differs from line {differ:?}: run UPDATE=1 cargo test -p evenkeel-tests openapi"
    );
}

#[tokio::test]
async fn every_operation_says_what_a_client_needs() {
    let document = document().await;
    let (mut names, mut wrong) = (BTreeSet::new(), vec![]);
    for (name, operation) in operations(&document) {
        let mut need = |is: bool, what: &str| {
            if !is {
                wrong.push(format!("{name}: {what}"));
            }
        };
        let id = operation["operationId"].as_str().unwrap_or_default();
        need(!id.is_empty() && names.insert(id.to_owned()), "an operationId of its own");
        need(operation["tags"].as_array().is_some_and(|tags| !tags.is_empty()), "a tag");
        need(operation["summary"].is_string() || operation["description"].is_string(), "a summary");
        let answers = operation["responses"].as_object().unwrap();
        need(answers.keys().any(|status| status.starts_with('2')), "a good answer");
        if name.contains(" /v1/") {
            need(answers.keys().any(|status| status.starts_with('4')), "its error answers");
            let open = ["/v1/sign-in", "/v1/sign-in/refresh", "/v1/invites/redeem"]
                .iter()
                .any(|path| name.ends_with(path));
            let guarded = operation["security"].as_array().or_else(|| document["security"].as_array());
            need(
                open || guarded.is_some_and(|rules| {
                    rules.iter().any(|rule| rule.as_object().is_some_and(|r| !r.is_empty()))
                }),
                "its security",
            );
            need(open || answers.contains_key("401"), "a 401");
            need(!name.contains('{') || answers.contains_key("404"), "a 404");
            need(operation.get("requestBody").is_none() || answers.contains_key("422"), "a 422");
        }
        for (status, answer) in answers {
            let shared =
                answer["$ref"].as_str().and_then(|name| document.pointer(name.trim_start_matches('#')));
            let kinds = shared.unwrap_or(answer)["content"].as_object();
            let problem = kinds.is_some_and(|kinds| kinds.contains_key("application/problem+json"));
            need(
                !status.starts_with('4') || problem || name.contains("/u/"),
                &format!("a problem document for {status}"),
            );
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            limits(
                &document,
                &parameter["schema"],
                &format!("{name}: {}", parameter["name"]),
                &mut BTreeSet::new(),
                &mut wrong,
            );
        }
        if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
            limits(&document, schema, &name, &mut BTreeSet::new(), &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each value that a client sends has its limits.
fn limits(
    document: &Value,
    schema: &Value,
    place: &str,
    seen: &mut BTreeSet<String>,
    wrong: &mut Vec<String>,
) {
    if let Some(name) = schema["$ref"].as_str() {
        if seen.insert(name.to_owned()) {
            let schema = document
                .pointer(name.trim_start_matches('#'))
                .unwrap_or_else(|| panic!("{place}: {name} is missing"));
            limits(document, schema, place, seen, wrong);
        }
        return;
    }
    for part in ["oneOf", "anyOf", "allOf"] {
        for schema in schema[part].as_array().into_iter().flatten() {
            limits(document, schema, place, seen, wrong);
        }
    }
    let is = |kind: &str| {
        schema["type"] == kind || schema["type"].as_array().is_some_and(|kinds| kinds.contains(&kind.into()))
    };
    let set = |limit: &str| schema.get(limit).is_some_and(|value| !value.is_null());
    let formatted = ["uuid", "date"].iter().any(|format| schema["format"] == *format);
    if is("string") && !(set("maxLength") || set("enum") || set("const") || formatted) {
        wrong.push(format!("{place}: a text without maxLength"));
    }
    if (is("integer") || is("number")) && !(set("minimum") && set("maximum")) {
        wrong.push(format!("{place}: a number without limits"));
    }
    if is("array") {
        if !set("maxItems") {
            wrong.push(format!("{place}: a list without maxItems"));
        }
        limits(document, &schema["items"], place, seen, wrong);
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        limits(document, schema, &format!("{place}/{name}"), seen, wrong);
    }
}

/// Each example, and the place of the schema that it must fit.
fn examples(value: &Value, place: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (name, one) in members {
                let schema =
                    if value.get("schema").is_some() { format!("{place}/schema") } else { place.to_owned() };
                match (name.as_str(), one) {
                    // A schema may have a property of that name.
                    _ if place.ends_with("/properties") => {}
                    ("example", one) => found.push((schema, one.clone())),
                    ("examples", Value::Array(all)) => {
                        found.extend(all.iter().map(|one| (schema.clone(), one.clone())));
                    }
                    ("examples", Value::Object(all)) => {
                        found.extend(all.values().map(|one| (schema.clone(), one["value"].clone())));
                    }
                    _ => {}
                }
                let is_told =
                    !matches!(name.as_str(), "example" | "examples") || place.ends_with("/properties");
                if is_told {
                    examples(one, &format!("{place}/{}", contract::part(name)), found);
                }
            }
        }
        Value::Array(all) => {
            for (place, one) in all.iter().enumerate().map(|(index, one)| (format!("{place}/{index}"), one)) {
                examples(one, &place, found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_example_fits_its_schema() {
    let mut all = vec![];
    examples(&contract::DOCUMENT, "", &mut all);
    assert!(100 < all.len(), "{}", all.len());
    let mut wrong = vec![];
    for (place, example) in all {
        wrong.extend(contract::faults(&place, &example).into_iter().map(|fault| format!("{place}: {fault}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
