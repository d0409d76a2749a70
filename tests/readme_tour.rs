//! The README's five-minute tour, as somebody would paste it.

use crate::Engine;
use evenkeel::Clock;
use evenkeel_tests::test_server::{Person, TestServer, known};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

fn tour() -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let blocks = readme.split("<!-- tour -->\n```sh\n").skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap().to_owned() + "\n").collect()
}

#[rstest::rstest]
#[tokio::test]
async fn the_tour_works_when_pasted(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::at_time(engine, Clock::system(), |_| ()).await else { return };
    evenkeel::demo::seed(&server.app).await.unwrap();
    let tour = tour();
    assert!(5 < tour.matches("curl").count(), "the README has its tour");
    let folder = tempfile::tempdir().unwrap();
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &tour]).env("EVENKEEL", server.base()).current_dir(folder.path());
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
        "\"kind\":\"weekly\"",
        "\"craving_worst\":7",
        "\"skill\":\"library:urge_surfing\"",
        "\"margin\"",
        "\"source\":\"evidence\"",
        "\"agreement\":\"agreed\"",
        "\"30_days\"",
        "\"grounds\"",
    ] {
        assert!(said.contains(seen), "{seen} in {said}");
    }
    assert!(std::fs::read_to_string(folder.path().join("trend.svg")).unwrap().contains("<svg"));
    assert!(std::fs::read(folder.path().join("plan.pdf")).unwrap().starts_with(b"%PDF"));
    let offline = std::fs::read_to_string(folder.path().join("offline.json")).unwrap();
    assert!(offline.contains("lapse_response") && offline.contains("988"), "{offline}");
}

#[rstest::rstest]
#[tokio::test]
async fn the_invented_organization_is_believable(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    evenkeel::demo::seed(&server.app).await.unwrap();
    let sign_in = async |who: &str| -> Person {
        let email = format!("{who}@demo.example");
        let body = json!({"email": email, "password": "evenkeel-demo-2026", "device_name": "phone"});
        known(&server.post("", "/v1/sign-in", body).await.is(200))
    };
    let supervisor = sign_in("supervisor").await;
    let all = server.get(&supervisor, "/v1/participants").await.is(200);
    let all = all["items"].as_array().unwrap();
    assert_eq!(all.len(), 60);
    let heard = all.iter().filter(|line| 0 < line["logs_7_days"].as_i64().unwrap()).count();
    let quiet = all.iter().filter(|line| !line["quiet_since"].is_null()).count();
    assert!(20 < heard && 0 < quiet, "most log, some have gone quiet: {heard}, {quiet}");
    let counselor = sign_in("counselor").await;
    let own = server.get(&counselor, "/v1/participants").await.is(200);
    let own = own["items"].as_array().unwrap().len();
    assert!(0 < own && own < 60, "two counselors share them: {own}");
    let maya = sign_in("participant").await;
    let weeks = server.get(&maya, "/v1/participants/me/trends?from=2025-12-08&to=2026-03-02").await.is(200);
    assert!(20 < weeks["days"].as_array().unwrap().len(), "twelve weeks of logs: {weeks}");
    pocket_is_full(&server, &maya, &counselor).await;
    let (mut planned, mut answered, mut practiced) = (0, 0, 0);
    for line in all {
        let of = async |what: &str| {
            let path = format!("/v1/participants/{}/{what}", line["id"].as_str().unwrap());
            server.get(&supervisor, &path).await.is(200)
        };
        planned += usize::from(0 < of("plan").await["revision"].as_i64().unwrap());
        let completion_rate = of("check-ins/completion-rate?from=2025-12-08&to=2026-03-02").await;
        answered += usize::from(20 < completion_rate["answered"].as_i64().unwrap());
        practiced += usize::from(10 < listed(&of("coping/skill-practices?limit=200").await).len());
    }
    assert!(40 < planned && planned < 60, "most have a plan: {planned}");
    assert!(50 < answered && 50 < practiced, "check-ins and practice: {answered}, {practiced}");
    server.get(sign_in("admin").await, "/v1/participants").await.refused(403, "");
    assert!(evenkeel::demo::seed(&server.app).await.is_ok(), "a second start with --demo is fine");
    assert_eq!(
        server.get(&supervisor, "/v1/participants").await.is(200)["items"].as_array().unwrap().len(),
        60
    );
}

fn listed(page: &Value) -> &[Value] {
    page["items"].as_array().unwrap()
}

/// The person that visitors look at first has something of everything.
async fn pocket_is_full(server: &TestServer, maya: &Person, counselor: &Person) {
    let own = async |what: &str| server.get(maya, &format!("/v1/participants/me/{what}")).await.is(200);
    let plan = own("plan").await;
    assert_eq!(
        (&plan["agreement"], &plan["completeness"]["percent"]),
        (&json!("agreed"), &json!(100)),
        "{plan}"
    );
    for section in
        ["reasons", "triggers", "warning_signs", "situations", "supports", "lapse_response", "naloxone"]
    {
        assert!(!plan["content"][section].is_null(), "{section} in {plan}");
    }
    assert!(!own("safety-plan").await["content"]["internal_coping"].is_null());
    let daily = own("check-ins?kind=daily&from=2025-12-08&to=2026-03-02").await;
    assert!((60..=84).contains(&listed(&daily).len()), "{}", listed(&daily).len());
    let answers = |is: &dyn Fn(i64) -> bool, what: &str| {
        let days = listed(&daily).iter().map(|one| &one["answers"]);
        let found: Vec<_> = days.filter(|one| is(one["craving_worst"].as_i64().unwrap())).collect();
        let sum: f64 = found.iter().map(|one| one[what].as_f64().unwrap()).sum();
        sum / f64::from(u32::try_from(found.len()).unwrap())
    };
    for what in ["mood", "sleep_hours", "confidence"] {
        let (hard, light) = (answers(&|worst| 7 <= worst, what), answers(&|worst| worst < 5, what));
        assert!(hard + 0.5 < light, "{what} is worse on days of strong craving: {hard}, {light}");
    }
    assert!(6 < listed(&own("check-ins?kind=weekly&from=2025-12-08&to=2026-03-02").await).len());
    assert!((20..=40).contains(&listed(&own("coping/skill-practices?limit=200").await).len()));
    let works = own("coping/what-works").await;
    let claims = listed(&works).iter().filter(|one| !one["claim"].is_null()).count();
    assert!(2 <= claims, "something can be said of what works: {works}");
    assert!(!listed(&own("coping/assignments").await).is_empty());
    assert!(!own("coping/choices").await["favorites"].as_array().unwrap().is_empty());
    let recovery = own("recovery").await;
    assert_eq!(recovery["lapses"][0]["debrief"]["revision"], 1, "{recovery}");
    assert!(!recovery["courses"].as_array().unwrap().is_empty());
    let skills = server.get(counselor, "/v1/skills").await.is(200).to_string();
    assert!(skills.contains("Walk to the pier") && skills.contains("Tea in the group room"));
}
