//! The demo: what somebody who tries the product finds.

use crate::Engine;
use evenkeel_tests::test_server::{Person, TestServer, known};
use rstest::rstest;
use serde_json::{Value, json};

async fn demo(engine: Engine) -> Option<TestServer> {
    let server = TestServer::empty(engine).await?;
    evenkeel::demo::seed(&server.app).await.unwrap();
    Some(server)
}

async fn sign_in(server: &TestServer, who: &str) -> Person {
    let email = format!("{who}@demo.example");
    let body = json!({"email": email, "password": evenkeel::demo::PASSWORD, "device_name": "phone"});
    known(&server.post("", "/v1/sign-in", body).await.is(200))
}

fn listed(page: &Value) -> &[Value] {
    page["items"].as_array().unwrap()
}

async fn caseload(server: &TestServer, who: &str) -> Vec<Value> {
    let who = sign_in(server, who).await;
    listed(&server.get(&who, "/v1/participants").await.is(200)).to_vec()
}

#[rstest]
#[tokio::test]
async fn the_demo_has_people_who_log_people_who_are_quiet_and_people_who_need_somebody_today(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = demo(engine).await else { return };
    let all = caseload(&server, "supervisor").await;
    assert_eq!(all.len(), 60);
    let count = |is: &dyn Fn(&Value) -> bool| all.iter().filter(|line| is(line)).count();
    let active = count(&|line| 0 < line["logs_7_days"].as_i64().unwrap());
    let quiet = count(&|line| !line["quiet_since"].is_null());
    assert!(40 < active && (4..=20).contains(&quiet), "{active} log, {quiet} are quiet");
    let own = caseload(&server, "counselor").await;
    assert_eq!(own.len(), 30, "two counselors share them");
    let needs = own.iter().filter(|line| line["needs_attention"] == true).count();
    assert_eq!(needs, 2, "one reported a lapse, one reported use in check-ins: {own:#?}");
    let admin = sign_in(&server, "admin").await;
    server.get(admin, "/v1/participants").await.refused(403, "");
}

#[tokio::test]
async fn most_people_in_the_demo_have_a_plan_check_ins_and_practice() {
    let server = demo(Engine::Sqlite).await.expect("SQLite is always there");
    let supervisor = sign_in(&server, "supervisor").await;
    let (mut planned, mut answered, mut practiced) = (0, 0, 0);
    for line in caseload(&server, "supervisor").await {
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
}

#[tokio::test]
async fn the_first_participant_of_the_demo_has_something_of_everything() {
    let server = demo(Engine::Sqlite).await.expect("SQLite is always there");
    let sam = sign_in(&server, "participant").await;
    let own = async |what: &str| server.get(&sam, &format!("/v1/participants/me/{what}")).await.is(200);
    let weeks = own("trends?from=2025-12-08&to=2026-03-02").await;
    assert!(60 < weeks["days"].as_array().unwrap().len(), "twelve weeks of logs: {weeks}");
    let plan = own("plan").await;
    assert_eq!(
        (&plan["agreement"], &plan["completeness"]["percent"]),
        (&json!("agreed"), &json!(100)),
        "{plan}"
    );
    assert!(!own("safety-plan").await["content"]["helpers"].is_null());
    let daily = own("check-ins?kind=daily&from=2025-12-08&to=2026-03-02").await;
    assert!((60..=84).contains(&listed(&daily).len()), "{}", listed(&daily).len());
    let mean = |is: &dyn Fn(i64) -> bool, what: &str| {
        let days = listed(&daily).iter().map(|one| &one["answers"]);
        let found: Vec<_> = days.filter(|one| is(one["craving_worst"].as_i64().unwrap())).collect();
        let sum: f64 = found.iter().map(|one| one[what].as_f64().unwrap()).sum();
        sum / f64::from(u32::try_from(found.len()).unwrap())
    };
    for what in ["mood", "sleep_hours", "confidence"] {
        let (hard, light) = (mean(&|worst| 7 <= worst, what), mean(&|worst| worst < 5, what));
        assert!(hard + 0.5 < light, "{what} is worse on days of strong craving: {hard}, {light}");
    }
    assert!(6 < listed(&own("check-ins?kind=weekly&from=2025-12-08&to=2026-03-02").await).len());
    assert!((20..=50).contains(&listed(&own("coping/skill-practices?limit=200").await).len()));
    let works = own("coping/what-works").await;
    let claims = listed(&works).iter().filter(|one| !one["claim"].is_null()).count();
    assert!(2 <= claims, "something can be said of what works: {works}");
    assert!(!listed(&own("coping/assignments").await).is_empty());
    assert!(!own("coping/choices").await["favorites"].as_array().unwrap().is_empty());
    let recovery = own("recovery").await;
    assert_eq!(recovery["lapses"][0]["debrief"]["revision"], 1, "{recovery}");
    assert!(!recovery["courses"].as_array().unwrap().is_empty());
    assert_eq!(own("reminders").await["enabled"], true);
    let skills = own("coping/suggestions").await;
    assert!(!listed(&skills).is_empty(), "{skills}");
    let skills = server.get(&sam, "/v1/skills").await.is(200).to_string();
    assert!(skills.contains("Walk to the pier") && skills.contains("Tea in the group room"));
}
