//! Every operation as every kind of caller. An operation without a row here fails.

use crate::coping::{practice, tea};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Clinic, Person, TestServer, ZONE, craving};
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The callers, in the order of the columns below. Each of them calls for Maya's record.
const CALLERS: [&str; 9] = [
    "nobody",
    "Maya",
    "Theo",
    "her counselor",
    "another counselor",
    "supervisor",
    "admin",
    "foreign counselor",
    "foreign supervisor",
];

/// Open to everybody. This list may only shrink.
const PUBLIC: [&str; 14] = [
    "GET /",
    "HEAD /",
    "GET /livez",
    "HEAD /livez",
    "GET /readyz",
    "HEAD /readyz",
    "GET /.well-known/jwks.json",
    "GET /problems/{name}",
    "GET /u/{token}",
    "HEAD /u/{token}",
    "POST /u/{token}",
    "POST /v1/invites/redeem",
    "POST /v1/sign-in",
    "POST /v1/sign-in/refresh",
];

/// The status that each caller is answered.
#[rustfmt::skip]
const ACCESS: &[(&str, [u16; 9])] = &[
    //                                                                               nob  may  the  own  oth  sup  adm  fco  fsu
    ("GET /v1/me",                                                                  [401, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET /v1/me/devices",                                                          [401, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("DELETE /v1/me/devices/{device}",                                              [401, 204, 404, 404, 404, 404, 404, 404, 404]),
    ("POST /v1/invites",                                                            [401, 403, 403, 201, 201, 201, 403, 201, 201]),
    ("GET /v1/invites",                                                             [401, 403, 403, 200, 200, 200, 200, 200, 200]),
    ("DELETE /v1/invites/{invite}",                                                 [401, 403, 403, 204, 404, 204, 403, 404, 404]),
    ("GET /v1/participants",                                                        [401, 403, 403, 200, 200, 200, 403, 200, 200]),
    ("PUT /v1/participants/{participant}/time-zone",                                [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/{participant}/cravings",                                 [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/cravings/{craving}",                       [401, 201, 404, 403, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/cravings/{craving}",                       [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("DELETE /v1/participants/{participant}/cravings/{craving}",                    [401, 204, 404, 403, 404, 403, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/cravings/{craving}/ratings/{rating}",      [401, 201, 404, 403, 404, 403, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/cravings/{craving}/outcome",               [401, 200, 404, 403, 404, 403, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/cravings/{craving}/revisions/{revision}",  [401, 201, 404, 403, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/cravings/{craving}/revisions",             [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/skills",                                                              [401, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("PUT /v1/skills/{skill}",                                                      [401, 403, 403, 403, 403, 201, 201, 403, 201]),
    ("GET /v1/skills/{skill}",                                                      [401, 200, 200, 200, 200, 200, 200, 404, 404]),
    ("DELETE /v1/skills/{skill}",                                                   [401, 403, 403, 403, 403, 204, 204, 403, 404]),
    ("POST /v1/skills/{skill}/restore",                                             [401, 403, 403, 403, 403, 200, 200, 403, 404]),
    ("GET /v1/skills/{skill}/revisions",                                            [401, 200, 200, 200, 200, 200, 200, 404, 404]),
    ("GET /v1/participants/{participant}/coping/choices",                           [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/coping/choices",                           [401, 200, 404, 403, 404, 403, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/coping/precautions",                          [401, 200, 404, 200, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/coping/assignments",                       [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/coping/assignments/{assignment}",          [401, 403, 404, 201, 404, 403, 403, 404, 404]),
    ("DELETE /v1/participants/{participant}/coping/assignments/{assignment}",       [401, 403, 404, 204, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/coping/skill-practices",                         [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/coping/skill-practices/{skill-practice}",              [401, 201, 404, 403, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/coping/skill-practices/{skill-practice}",              [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("DELETE /v1/participants/{participant}/coping/skill-practices/{skill-practice}",           [401, 204, 404, 403, 404, 403, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/coping/skill-practices/{skill-practice}/revisions/{revision}", [401, 201, 404, 403, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/coping/skill-practices/{skill-practice}/revisions",    [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/{participant}/coping/what-works",                        [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/{participant}/coping/suggestions",                       [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/check-ins/definitions",                                               [401, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET /v1/check-ins/definitions/{definition}",                                  [401, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("PUT /v1/participants/{participant}/check-ins/{check-in}",                     [401, 201, 404, 403, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/check-ins",                                [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/{participant}/check-ins/{check-in}/revisions",           [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/{participant}/check-ins/completion-rate",                      [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/{participant}/recovery",                                 [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/recovery/sobriety-dates/{sobriety-date}",                  [401, 201, 404, 403, 404, 403, 403, 404, 404]),
    ("DELETE /v1/participants/{participant}/recovery/sobriety-dates/{sobriety-date}",               [401, 204, 404, 403, 404, 403, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/recovery/lapses/{lapse}",                  [401, 201, 404, 403, 404, 403, 403, 404, 404]),
    ("DELETE /v1/participants/{participant}/recovery/lapses/{lapse}",               [401, 204, 404, 403, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/recovery/lapses/{lapse}",                  [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/recovery/use-reports/{use-report}/acknowledgement", [401, 403, 404, 204, 404, 204, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/recovery/lapses/{lapse}/revisions/{revision}", [401, 201, 404, 403, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/recovery/lapses/{lapse}/revisions",        [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/recovery/lapses/{lapse}/debrief",          [401, 200, 404, 403, 404, 403, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/recovery/counter",                         [401, 200, 404, 403, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/recovery/proposals",                       [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("POST /v1/participants/{participant}/recovery/proposals/{proposal}/decline",   [401, 204, 404, 403, 404, 403, 403, 404, 404]),
    ("POST /v1/participants/{participant}/recovery/proposals/{proposal}/accept",    [401, 201, 404, 403, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/plan",                                     [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/plan",                                     [401, 201, 404, 201, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/plan/revisions",                           [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/{participant}/plan/revisions/{revision}",                [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/plan/revisions/{revision}/signature",      [401, 201, 404, 201, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/plan/compare",                             [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/{participant}/plan/agreed",                              [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("POST /v1/participants/{participant}/plan/proposals/accept",                   [401, 201, 404, 201, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/plan.pdf",                                 [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/{participant}/safety-plan",                              [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/safety-plan",                              [401, 201, 404, 201, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/safety-plan/revisions",                    [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/{participant}/safety-plan/revisions/{revision}",         [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/safety-plan/revisions/{revision}/signature",[401, 201, 404, 201, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/safety-plan/compare",                      [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/{participant}/safety-plan.pdf",                          [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/me/offline",                                             [401, 200, 200, 404, 404, 404, 404, 404, 404]),
    ("GET /v1/participants/{participant}/level-of-care",                                     [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/level-of-care/changes/{change}",                        [401, 403, 404, 201, 404, 201, 403, 404, 404]),
    ("GET /v1/participants/{participant}/trends",                                   [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/{participant}/trends.svg",                               [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/participants/{participant}/questions",                                [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/questions/{question}",                     [401, 201, 404, 403, 404, 403, 403, 404, 404]),
    ("DELETE /v1/participants/{participant}/questions/{question}",                  [401, 204, 404, 403, 404, 403, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/questions/{question}/discussed",           [401, 200, 404, 200, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/reminders",                                [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("PUT /v1/participants/{participant}/reminders",                                [401, 200, 404, 200, 404, 403, 403, 404, 404]),
    ("GET /v1/participants/{participant}/reminders/history",                        [401, 200, 404, 200, 404, 200, 403, 404, 404]),
    ("GET /v1/reminders/undelivered",                                               [401, 403, 403, 200, 200, 200, 403, 200, 200]),
    ("GET /v1/participants/{participant}/audit-log",                                  [401, 200, 404, 403, 404, 200, 403, 404, 404]),
    ("POST /v1/sign-out",                                                           [401, 204, 204, 204, 204, 204, 204, 204, 204]),
];

/// The operations that the product says it has, with the names of ids made alike.
async fn operations(server: &TestServer) -> Vec<String> {
    let document = server.get("", "/openapi.json").await.is(200);
    let mut all = vec![];
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            if !["parameters", "summary", "description", "servers"].contains(&method.as_str()) {
                all.push(format!("{} {}", method.to_uppercase(), named(path)));
            }
        }
    }
    all
}

/// `/cravings/{id}` as `/cravings/{craving}`: an id is named by what it follows.
fn named(path: &str) -> String {
    let mut parts: Vec<String> = vec![];
    for part in path.split('/') {
        let before = parts.last().map_or("", String::as_str).trim_end_matches('s').to_owned();
        let id = part.starts_with('{') && !["u", "problem"].contains(&before.as_str());
        parts.push(match before.as_str() {
            _ if id => format!("{{{before}}}"),
            "u" => "{token}".to_owned(),
            "problem" if part.starts_with('{') => "{name}".to_owned(),
            _ => part.to_owned(),
        });
    }
    parts.join("/")
}

fn body(operation: &str) -> Option<Value> {
    let (method, path) = operation.split_once(' ').unwrap();
    let wanted = match path.rsplit('/').next().unwrap() {
        "invites" => json!({"display_name": "Noor", "time_zone": ZONE}),
        "time-zone" => json!({"time_zone": ZONE}),
        "plan" => crate::plan::plan(),
        "safety-plan" => crate::plan::safety_plan(),
        "accept" if path.contains("/plan/") => crate::plan::acceptance(),
        "{craving}" => craving("2026-03-02T18:00:00Z", 4),
        "{rating}" => json!({"rated_at": "2026-03-02T18:10:00Z", "intensity": 2}),
        "outcome" => json!({"outcome": "passed", "observed_at": "2026-03-02T18:10:00Z"}),
        "{skill}" => tea(),
        "choices" => json!({"favorites": ["library:urge_surfing"], "precautions": ["pregnancy"]}),
        "precautions" => json!({"precautions": ["pregnancy"]}),
        "{assignment}" => json!({"skill": "library:urge_surfing", "until": "2026-03-09"}),
        "{skill-practice}" => practice("2026-03-02T18:00:00Z", "library:urge_surfing", 7, 4),
        "{revision}" if path.contains("{skill-practice}") => {
            json!({"entry": practice("2026-03-02T18:00:00Z", "library:urge_surfing", 7, 5)})
        }
        "{revision}" if path.contains("{lapse}") => {
            json!({"entry": crate::recovery::lapse("2026-03-02T18:00:00Z", "close_call")})
        }
        "{revision}" => json!({"entry": craving("2026-03-02T18:00:00Z", 5)}),
        "{check-in}" => crate::check_in::daily("2026-03-02T18:00:00Z", 6),
        "{sobriety-date}" => crate::recovery::sobriety_date("2026-01-31", "2026-03-02T18:00:00Z"),
        "{change}" => crate::program::step("continuing_care", "2026-03-02"),
        "{lapse}" => crate::recovery::lapse("2026-03-02T18:00:00Z", "lapse"),
        "debrief" => json!({"situation": "Payday"}),
        "counter" => json!({"substance": "alcohol", "hidden": false}),
        "{question}" => crate::question::question("What if I meet Joe?", "2026-03-02T18:00:00Z"),
        "reminders" => json!({"enabled": true, "at": "14:00", "weekdays": ["monday"], "content": "discreet"}),
        _ => return None,
    };
    ["PUT", "POST"].contains(&method).then_some(wanted)
}

/// An id of this kind in Maya's record or her clinic: a new one to make it, one that is there for all else.
async fn id_of(server: &TestServer, clinic: &Clinic, kind: &str, operation: &str) -> String {
    let (maya, id) = (&clinic.maya, fresh_id().to_string());
    let (owner, room) = match kind {
        "{craving}" => (maya, "participants/me/cravings"),
        "{check-in}" => (maya, "participants/me/check-ins"),
        "{sobriety-date}" => (maya, "participants/me/recovery/sobriety-dates"),
        "{lapse}" => (maya, "participants/me/recovery/lapses"),
        "{question}" => (maya, "participants/me/questions"),
        "{skill-practice}" => (maya, "participants/me/coping/skill-practices"),
        "{assignment}" => (&clinic.casey, &*format!("participants/{}/coping/assignments", maya.participant)),
        "{skill}" => (&clinic.admin, "skills"),
        "{definition}" => {
            let all = server.get(maya, "/v1/check-ins/definitions").await.is(200);
            return all["items"][0]["hash"].as_str().unwrap().to_owned();
        }
        "{change}" => {
            // A step to where she is already is none.
            crate::program::stepped(server, clinic, "intensive_outpatient", "2026-03-02").await;
            return id;
        }
        "{use-report}" => {
            let mut draft = craving("2026-03-02T18:00:00Z", 4);
            draft["outcome"] = json!("lapsed");
            server.put(maya, &format!("/v1/participants/me/cravings/{id}"), draft).await.is(201);
            return "2026-03-02".to_owned();
        }
        "{proposal}" => {
            crate::recovery::conflicts(server, maya, 0..3).await;
            return "trigger:conflict".to_owned();
        }
        _ => return id,
    };
    let is_new = operation.starts_with("PUT") && operation.ends_with(kind);
    if !is_new {
        let path = format!("/v1/{room}/{id}");
        let mut draft = body(&format!("PUT {kind}")).unwrap();
        if kind == "{check-in}" {
            // The same answers under another id are one sending.
            draft["answers"]["note"] = json!(id);
        }
        server.put(owner, &path, draft).await.is(201);
    }
    id
}

/// The ids that a path names, such as `{craving}`.
fn ids(path: &str) -> Vec<String> {
    path.split('/').filter(|part| part.starts_with('{')).map(str::to_owned).collect()
}

/// The parameters without which a path means nothing.
fn span(path: &str) -> &'static str {
    match path.rsplit('/').next().unwrap() {
        "trends" | "trends.svg" => "?from=2026-03-01&to=2026-03-02",
        "compare" => "?from=0&to=1",
        _ => "",
    }
}

/// What Maya and her counselor have that a caller may ask for; fresh for each check.
async fn check(
    server: &TestServer,
    clinic: &Clinic,
    operation: &str,
    caller: &str,
) -> evenkeel_tests::test_server::Answer {
    let (method, path) = operation.split_once(' ').unwrap();
    let mut path = path.replace("{participant}", &clinic.maya.participant);
    if path.contains("{device}") {
        let spare = server.sign_in(&clinic.maya).await;
        let devices = server.get(&spare, "/v1/me/devices").await.is(200);
        let session = crate::account::session_id(&spare);
        assert!(devices["items"].as_array().unwrap().iter().any(|device| device["id"] == session.as_str()));
        path = path.replace("{device}", &session);
    }
    if path.contains("{invite}") {
        let invite = server.open_invite(&clinic.casey).await;
        path = path.replace("{invite}", invite["id"].as_str().unwrap());
    }
    let mut seen = String::from("\"0\"");
    if path.contains("plan") {
        let revision = crate::plan::agreed(server, clinic, operation).await;
        seen = format!("\"{revision}\"");
        path = path.replace("{revision}", &revision.to_string());
    }
    if method == "DELETE" {
        "\"1\"".clone_into(&mut seen);
    }
    for kind in ids(&path) {
        path = path.replace(&kind, &id_of(server, clinic, &kind, operation).await);
    }
    if path.ends_with("acknowledgement") {
        let recovery = server.get(&clinic.maya, "/v1/participants/me/recovery").await.is(200);
        recovery["use_reports"][0]["etag"].as_str().unwrap().clone_into(&mut seen);
    }
    path.push_str(span(&path));
    server.call_with(method, &path, caller, &[("if-match", &seen)], body(operation)).await
}

#[rstest]
#[tokio::test]
async fn every_operation_is_open_to_those_it_is_for_and_to_nobody_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let other = server.invite_clinic("summit.example").await;
    let callers: [&str; 9] = [
        "",
        &clinic.maya.token,
        &clinic.theo.token,
        &clinic.casey.token,
        &clinic.drew.token,
        &clinic.supervisor.token,
        &clinic.admin.token,
        &other.casey.token,
        &other.supervisor.token,
    ];
    let mut wrong = vec![];
    for &(operation, expected) in ACCESS {
        for ((who, token), status) in CALLERS.iter().zip(callers).zip(expected) {
            let answer = check(&server, &clinic, operation, token).await;
            if answer.status != status {
                wrong.push(format!(
                    "{operation} as {who}: {} instead of {status}: {:.200}",
                    answer.status, answer.text
                ));
            }
            if 400 <= answer.status && answer.header("content-type") != "application/problem+json" {
                wrong.push(format!("{operation} as {who}: {} is not a problem document", answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[rstest]
#[tokio::test]
async fn every_operation_has_a_row(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let rows: BTreeMap<&str, [u16; 9]> = ACCESS.iter().copied().collect();
    let operations = operations(&server).await;
    let unknown: Vec<_> = operations
        .iter()
        .filter(|own| !rows.contains_key(own.as_str()) && !PUBLIC.contains(&own.as_str()))
        .collect();
    assert!(unknown.is_empty(), "these operations have no row: {unknown:#?}");
    let gone: Vec<_> =
        rows.keys().chain(&PUBLIC).filter(|row| !operations.iter().any(|own| own == **row)).collect();
    assert!(gone.is_empty(), "these rows have no operation: {gone:#?}");
}

#[rstest]
#[tokio::test]
async fn somebody_elses_record_looks_like_one_that_does_not_exist(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let other = server.invite_clinic("summit.example").await;
    let (there, nowhere) = (&clinic.maya.participant, fresh_id().to_string());
    let strangers: [&Person; 4] = [&clinic.theo, &clinic.drew, &other.casey, &other.supervisor];
    for (operation, _) in ACCESS.iter().filter(|(operation, _)| operation.contains("{participant}")) {
        let (method, path) = operation.split_once(' ').unwrap();
        let own = match path {
            _ if path.contains("plan/") => "1",
            _ if path.contains("use-reports/") => "2026-03-02",
            _ => "019cb000-0000-7000-8000-000000000001",
        };
        for stranger in strangers {
            let mut texts = vec![];
            for id in [there, &nowhere] {
                let mut path = path.replace("{participant}", id) + span(path);
                for name in ids(&path) {
                    path = path.replace(&name, own);
                }
                let answer = server
                    .call_with(method, &path, stranger, &[("if-match", "\"0\"")], body(operation))
                    .await;
                texts.push(answer.refused(404, ""));
            }
            assert_eq!(texts[0], texts[1], "{operation} as {}", stranger.name);
        }
    }
}
