//! The README's five-minute tour, as somebody would paste it.

use crate::Engine;
use crate::house::{Person, TestHouse, known};
use evenkeel::Clock;
use serde_json::json;
use std::process::{Command, Stdio};

fn tour() -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let blocks = readme.split("<!-- tour -->\n```sh\n").skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap().to_owned() + "\n").collect()
}

#[rstest::rstest]
#[tokio::test]
async fn the_tour_works_when_pasted(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(house) = TestHouse::at_time(engine, Clock::system(), |_| ()).await else { return };
    evenkeel::demo::seed(&house.app).await.unwrap();
    let tour = tour();
    assert!(5 < tour.matches("curl").count(), "the README has its tour");
    let folder = tempfile::tempdir().unwrap();
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &tour]).env("EVENKEEL", house.base()).current_dir(folder.path());
    let ran = tokio::task::spawn_blocking(move || bash.stdin(Stdio::null()).output()).await.unwrap().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}\n{complained}");
    for seen in [
        "\"intensity\":7",
        "\"peak\":7",
        "\"outcome\":\"passed\"",
        "\"days\":[",
        "\"last_log_at\"",
        "\"counselor\"",
        "\"18:30\"",
    ] {
        assert!(said.contains(seen), "{seen} in {said}");
    }
    assert!(std::fs::read_to_string(folder.path().join("trend.svg")).unwrap().contains("<svg"));
}

#[rstest::rstest]
#[tokio::test]
async fn the_invented_organisation_is_believable(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(house) = TestHouse::new(engine).await else { return };
    evenkeel::demo::seed(&house.app).await.unwrap();
    let sign_in = async |who: &str| -> Person {
        let email = format!("{who}@demo.example");
        let body = json!({"email": email, "password": "evenkeel-demo-2026", "device_name": "phone"});
        known(&house.post("", "/v1/sign-in", body).await.is(200))
    };
    let supervisor = sign_in("supervisor").await;
    let all = house.get(&supervisor, "/v1/participants?limit=200").await.is(200);
    let all = all["items"].as_array().unwrap();
    assert_eq!(all.len(), 60);
    let heard = all.iter().filter(|line| 0 < line["logs_7_days"].as_i64().unwrap()).count();
    let quiet = all.iter().filter(|line| !line["quiet_since"].is_null()).count();
    assert!(20 < heard && 0 < quiet, "most log, some have gone quiet: {heard}, {quiet}");
    let counselor = sign_in("counselor").await;
    let own = house.get(&counselor, "/v1/participants?limit=200").await.is(200);
    let own = own["items"].as_array().unwrap().len();
    assert!(0 < own && own < 60, "two counselors share them: {own}");
    let maya = sign_in("participant").await;
    let weeks = house.get(&maya, "/v1/participants/me/trends?from=2025-12-08&to=2026-03-02").await.is(200);
    assert!(20 < weeks["days"].as_array().unwrap().len(), "twelve weeks of logs: {weeks}");
    house.get(sign_in("admin").await, "/v1/participants").await.refused(403, "");
    assert!(evenkeel::demo::seed(&house.app).await.is_ok(), "a second start with --demo is fine");
    assert_eq!(
        house.get(&supervisor, "/v1/participants?limit=200").await.is(200)["items"].as_array().unwrap().len(),
        60
    );
}
