//! What a counselor reads: caseload, trends and the drawing of them.

use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Answer, Person, TestServer, ZONE, craving};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

async fn logged(server: &TestServer, who: &Person, draft: &Value) -> String {
    let id = fresh_id().to_string();
    server.put(who, &format!("/v1/participants/me/cravings/{id}"), draft.clone()).await.is(201);
    id
}

async fn trend(server: &TestServer, who: &Person, participant: &str, span: &str) -> Answer {
    server.get(who, &format!("/v1/participants/{participant}/trends?{span}")).await
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);
impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// How bright a color is without its color, 0 to 255.
fn gray(color: &str) -> f64 {
    let part = |at: usize| f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap());
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

#[rstest]
#[tokio::test]
async fn a_craving_becomes_a_trend_that_a_counselor_reads(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let mut draft = craving("2026-02-27T13:30:00Z", 6);
    draft["triggers"] = json!(["conflict"]);
    draft["outcome"] = json!("passed");
    logged(&server, maya, &draft).await;
    draft["occurred_at"] = json!("2026-02-27T22:10:00Z");
    draft["intensity"] = json!(9);
    draft["outcome"] = json!("lapsed");
    logged(&server, maya, &draft).await;
    logged(&server, maya, &craving("2026-03-02T18:00:00Z", 2)).await;
    let answer = trend(&server, &clinic.casey, &maya.participant, "from=2026-02-20&to=2026-03-02").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let read = answer.is(200);
    assert_eq!((&read["count"], &read["mean"], &read["peak"]), (&json!(3), &json!(5.67), &json!(9)));
    assert_eq!(read["outcomes"], json!({"passed": 1, "still_going": 0, "lapsed": 1}));
    let days = read["days"].as_array().unwrap();
    assert_eq!(days.len(), 2, "a day without a log is missing, not zero: {read}");
    assert_eq!(
        (&days[0]["day"], &days[0]["count"], &days[0]["mean"]),
        (&json!("2026-02-27"), &json!(2), &json!(7.5))
    );
    assert_eq!((&days[1]["day"], &days[1]["peak"]), (&json!("2026-03-02"), &json!(2)));
    let hours = read["hours"].to_string();
    assert!(["8", "17", "13"].iter().all(|hour| hours.contains(hour)), "local hours: {hours}");
    assert!(read["triggers"].to_string().contains("conflict"), "{read}");
    let weekdays = read["weekdays"].to_string();
    assert!(
        weekdays.contains("friday") && weekdays.contains("monday") && !weekdays.contains("sunday"),
        "{weekdays}"
    );
    assert_eq!(trend(&server, maya, "me", "from=2026-02-20&to=2026-03-02").await.is(200), read);
    assert_eq!(
        trend(&server, &clinic.supervisor, &maya.participant, "from=2026-02-20&to=2026-03-02").await.is(200),
        read
    );
}

#[rstest]
#[tokio::test]
async fn a_trend_spans_at_most_a_leap_year(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    trend(&server, &maya, "me", "from=2025-03-02&to=2026-03-02").await.is(200);
    trend(&server, &maya, "me", "from=2025-03-01&to=2026-03-02").await.refused(422, "");
    trend(&server, &maya, "me", "from=2026-03-02&to=2026-03-01").await.refused(422, "");
    trend(&server, &maya, "me", "from=2026-02-30&to=2026-03-01").await.refused(422, "/from");
    let recent = trend(&server, &maya, "me", "from=2026-02-28").await.is(200);
    assert_eq!(recent["to"], "2026-03-02", "without an end, it is today where the participant lives");
}

#[rstest]
#[tokio::test]
async fn summaries_always_equal_a_recount(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let mut dice = Dice(20_260_302);
    let mut own: Vec<String> = vec![];
    for _ in 0..120 {
        let day = 10 + dice.below(15);
        let at = format!("2026-02-{day:02}T{:02}:{:02}:00Z", dice.below(24), dice.below(60));
        let mut draft = craving(&at, i32::try_from(dice.below(11)).unwrap());
        for (member, choice) in [
            ("triggers", json!(["conflict", "social_pressure"])),
            ("triggers", json!(["conflict"])),
            ("outcome", json!("passed")),
            ("outcome", json!("lapsed")),
        ] {
            if dice.below(3) == 0 {
                draft[member] = choice;
            }
        }
        let pick = dice.below(10);
        let chosen = own.get(usize::try_from(dice.below(1 + own.len() as u64)).unwrap()).cloned();
        let at_own = chosen.map(|id| format!("/v1/participants/me/cravings/{id}"));
        match (pick, at_own) {
            (0, Some(path)) => drop(server.delete(&maya, &path).await),
            (1, Some(path)) => drop(
                server.put(&maya, &format!("{path}/revisions/{}", fresh_id()), json!({"entry": draft})).await,
            ),
            (2, Some(path)) => {
                let rating = json!({"rated_at": at, "intensity": dice.below(11)});
                drop(server.put(&maya, &format!("{path}/ratings/{}", fresh_id()), rating).await);
            }
            (3, Some(path)) => drop(
                server
                    .put(
                        &maya,
                        &format!("{path}/outcome"),
                        json!({"outcome": "still_going", "observed_at": at}),
                    )
                    .await,
            ),
            _ => own.push(logged(&server, &maya, &draft).await),
        }
    }
    let read = trend(&server, &maya, "me", "from=2026-02-01&to=2026-03-02").await.is(200);
    let listed = server.get(&maya, "/v1/participants/me/cravings?limit=200").await.is(200);
    assert!(listed["next"].is_null());
    let mut days: BTreeMap<String, (i64, i64, i64, BTreeMap<String, i64>)> = BTreeMap::new();
    for craving in listed["items"].as_array().unwrap() {
        let day = days.entry(craving["local_day"].as_str().unwrap().to_owned()).or_default();
        day.0 += 1;
        day.1 += craving["intensity"].as_i64().unwrap();
        day.2 = day.2.max(craving["peak"].as_i64().unwrap());
        if let Some(outcome) = craving["outcome"].as_str() {
            *day.3.entry(outcome.to_owned()).or_default() += 1;
        }
    }
    assert_eq!(read["days"].as_array().unwrap().len(), days.len());
    for day in read["days"].as_array().unwrap() {
        let (count, sum, peak, outcomes) = &days[day["day"].as_str().unwrap()];
        #[expect(clippy::cast_precision_loss, reason = "a day's cravings are few")]
        let mean = (*sum as f64 / *count as f64 * 100.0).round() / 100.0;
        assert_eq!(
            (&day["count"], &day["peak"], &day["mean"]),
            (&json!(count), &json!(peak), &json!(mean)),
            "{day}"
        );
        for outcome in ["passed", "still_going", "lapsed"] {
            assert_eq!(day["outcomes"][outcome], outcomes.get(outcome).copied().unwrap_or(0), "{day}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn the_caseload_shows_who_needs_a_look(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    for (at, intensity) in [
        ("2026-02-15T18:00:00Z", 2),
        ("2026-02-20T18:00:00Z", 4),
        ("2026-02-25T18:00:00Z", 7),
        ("2026-02-27T18:00:00Z", 8),
    ] {
        server.craving(maya, at, intensity).await;
    }
    let caseload = server.get(&clinic.casey, "/v1/participants").await.is(200);
    let lines = caseload["items"].as_array().unwrap();
    assert_eq!(lines.len(), 1, "Theo is on another caseload: {caseload}");
    let line = &lines[0];
    assert_eq!(
        (&line["id"], &line["display_name"], &line["time_zone"]),
        (&json!(maya.participant), &json!("Maya R."), &json!(ZONE))
    );
    assert_eq!(
        (&line["logs_7_days"], &line["mean_7_days"], &line["peak_7_days"]),
        (&json!(2), &json!(7.5), &json!(8))
    );
    assert_eq!((&line["mean_14_days_before"], &line["peak_14_days_before"]), (&json!(3.0), &json!(4)));
    assert_eq!(
        (&line["last_log_at"], &line["quiet_since"]),
        (&json!("2026-02-27T18:00:00Z"), &json!("2026-02-27"))
    );
    server.craving(maya, "2026-03-02T18:00:00Z", 1).await;
    let caseload = server.get(&clinic.casey, "/v1/participants").await.is(200);
    assert!(caseload["items"][0]["quiet_since"].is_null());
    let all = server.get(&clinic.supervisor, "/v1/participants").await.is(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    server.get(&clinic.admin, "/v1/participants").await.refused(403, "");
    server.get(maya, "/v1/participants").await.refused(403, "");
}

#[rstest]
#[tokio::test]
async fn the_caseload_shows_each_change_since_the_last_read(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let look = async || {
        let caseload = server.get(&clinic.casey, "/v1/participants").await.is(200);
        let line = &caseload["items"][0];
        (line["logs_7_days"].clone(), line["peak_7_days"].clone(), line["quiet_since"].clone())
    };
    assert_eq!(look().await, (json!(0), json!(null), json!(null)));
    server.craving(maya, "2026-01-05T18:00:00Z", 3).await;
    assert_eq!(look().await, (json!(0), json!(null), json!("2026-01-05")), "long ago");
    let id = server.craving(maya, "2026-03-02T18:00:00Z", 6).await;
    assert_eq!(look().await, (json!(1), json!(6), json!(null)));
    assert_eq!(look().await, (json!(1), json!(6), json!(null)), "nothing changed");
    let path = format!("/v1/participants/me/cravings/{id}");
    let rating = json!({"rated_at": "2026-03-02T18:10:00Z", "intensity": 9});
    server.put(maya, &format!("{path}/ratings/{}", fresh_id()), rating).await.is(201);
    assert_eq!(look().await, (json!(1), json!(9), json!(null)));
    let draft = evenkeel_tests::test_server::craving("2026-03-01T18:00:00Z", 5);
    server.put(maya, &format!("{path}/revisions/{}", fresh_id()), json!({"entry": draft})).await.is(201);
    assert_eq!(look().await, (json!(1), json!(9), json!(null)));
    server.delete(maya, &path).await.is(204);
    assert_eq!(look().await, (json!(0), json!(null), json!("2026-01-05")));
}

#[rstest]
#[tokio::test]
async fn a_caseload_is_read_whole_sorted_by_name(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    for (n, name) in ["Zoë", "Борис", "émile", "Emilia"].into_iter().enumerate() {
        let draft = json!({"display_name": name, "time_zone": ZONE});
        server.invite(&clinic.casey, &format!("friend{n}"), draft).await;
    }
    let whole = server.get(&clinic.casey, "/v1/participants").await.is(200);
    let names = whole["items"].as_array().unwrap().iter().map(|line| line["display_name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["émile", "Emilia", "Maya R.", "Zoë", "Борис"]);
    assert_eq!(whole.get("next"), None);
}

#[rstest]
#[tokio::test]
async fn a_trend_is_drawn_for_a_phone_and_in_gray(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    for day in 10..28 {
        server.craving(&clinic.maya, &format!("2026-02-{day}T18:00:00Z"), day % 11).await;
    }
    server.later(SignedDuration::from_secs(1));
    for (who, participant) in [(&clinic.casey, clinic.maya.participant.as_str()), (&clinic.maya, "me")] {
        for span in ["from=2026-02-01&to=2026-03-02", "from=2024-01-01&to=2024-01-02"] {
            let drawn = server.get(who, &format!("/v1/participants/{participant}/trends.svg?{span}")).await;
            assert_eq!(drawn.header("content-type"), "image/svg+xml");
            assert_eq!(drawn.header("cache-control"), "no-store");
            assert!(drawn.text.starts_with("<svg") && drawn.text.trim_end().ends_with("</svg>"));
            assert!(drawn.text.contains("viewBox"), "it grows and shrinks with the screen");
            let colors: BTreeSet<_> =
                drawn.text.split('"').filter(|text| text.len() == 7 && text.starts_with('#')).collect();
            let grays: Vec<_> = colors.iter().map(|color| gray(color)).collect();
            for (n, one) in grays.iter().enumerate() {
                assert!(
                    grays[..n].iter().all(|other| 20.0 < (one - other).abs()),
                    "alike in gray: {colors:?}"
                );
            }
            assert!(!drawn.text.contains("Maya") && !drawn.text.contains("<script"));
            drawn.is(200);
        }
    }
}
