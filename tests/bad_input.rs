//! What a broken, careless or hostile client sends: each gets the right status, and nothing is stored.

mod request;

use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Answer, Clinic, PASSWORD, TestServer, ZONE, craving};
use rstest::rstest;
use serde_json::{Value, json};

async fn raw(server: &TestServer, token: &str, kind: &str, body: impl Into<Vec<u8>>) -> Answer {
    let path = format!("/v1/participants/me/cravings/{}", fresh_id());
    let bearer = format!("Bearer {token}");
    server.send("PUT", &path, &[("authorization", &bearer), ("content-type", kind)], body.into()).await
}

async fn nothing_is_stored(server: &TestServer, clinic: &Clinic) {
    let list = server.get(&clinic.maya, "/v1/participants/me/cravings").await.is(200);
    assert_eq!(list["items"], json!([]));
}

fn with(member: &str, value: Value) -> String {
    let mut draft = craving("2026-03-02T18:00:00Z", 5);
    draft[member] = value;
    draft.to_string()
}

/// The pointers of a problem, in their order.
fn named(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn an_invalid_value_is_refused_by_field_and_not_stored(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let many = |n: usize| Value::from(vec![json!({"kind": "place", "text": "x"}); n]);
    let different: Vec<_> = (0..13).map(|n| json!({"kind": "place", "text": format!("x{n}")})).collect();
    let cases = [
        ("intensity", json!(11), "/intensity"),
        ("intensity", json!(-1), "/intensity"),
        ("intensity", json!("7"), "/intensity"),
        ("intensity", json!(7.5), "/intensity"),
        ("intensity", json!(null), "/intensity"),
        ("intensity", json!(18_446_744_073_709_551_615_u64), "/intensity"),
        ("color", json!("red"), "/color"),
        ("local_day", json!("2026-03-02"), "/local_day"),
        ("received_at", json!("2026-03-02T18:00:00Z"), "/received_at"),
        ("participant", json!(clinic.theo.participant), "/participant"),
        ("note", json!("x".repeat(2_001)), "/note"),
        ("note", json!("nul\u{0}"), "/note"),
        ("note", json!("bell\u{7}"), "/note"),
        ("note", json!(""), "/note"),
        ("note", json!(["a list"]), "/note"),
        ("time_zone", json!("Mars/Olympus"), "/time_zone"),
        ("time_zone", json!("../../etc/passwd"), "/time_zone"),
        ("time_zone", json!("Europe/Ber\u{0}lin"), "/time_zone"),
        ("occurred_at", json!("9999-12-31T23:59:59Z"), "/occurred_at"),
        ("occurred_at", json!("2026-02-30T00:00:00Z"), "/occurred_at"),
        ("occurred_at", json!("2026-03-02T18:00:00"), "/occurred_at"),
        ("occurred_at", json!(1_772_476_800), "/occurred_at"),
        ("substance", json!("sugar"), "/substance"),
        ("triggers", json!(["conflict", "weather"]), "/triggers/1"),
        ("triggers", json!("conflict"), "/triggers"),
        ("cues", json!([{"kind": "place", "text": "nul\u{0}"}]), "/cues/0/text"),
        ("cues", json!([{"kind": "smell", "text": "smoke"}]), "/cues/0/kind"),
        ("cues", json!([{"kind": "place", "text": "x".repeat(121)}]), "/cues/0/text"),
        ("cues", json!(different), "/cues"),
        ("coping_used", json!(["line\nbreak"]), "/coping_used/0"),
        ("outcome", json!("won"), "/outcome"),
        ("outcome", json!({"passed": null}), "/outcome"),
        ("triggers", json!([{"conflict": null}]), "/triggers/0"),
    ];
    assert_eq!(many(2).as_array().unwrap().len(), 2);
    for (member, value, pointer) in cases {
        raw(&server, &clinic.maya.token, "application/json", with(member, value)).await.refused(422, pointer);
    }
    for member in ["occurred_at", "time_zone", "intensity"] {
        let mut draft = craving("2026-03-02T18:00:00Z", 5);
        draft.as_object_mut().unwrap().remove(member);
        raw(&server, &clinic.maya.token, "application/json", draft.to_string())
            .await
            .refused(422, &format!("/{member}"));
    }
    let twice = with("note", json!("x")).replacen('{', "{\"intensity\":3,", 1);
    raw(&server, &clinic.maya.token, "application/json", twice).await.refused(422, "/intensity");
    nothing_is_stored(&server, &clinic).await;
    let most = with("note", json!("ü".repeat(2_000)));
    raw(&server, &clinic.maya.token, "application/json", most).await.is(201);
}

#[rstest]
#[tokio::test]
async fn every_faulty_field_is_named_at_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let token = &clinic.maya.token;
    let many = vec![r#"{"kind":"place","text":"x"}"#; 13].join(",");
    let good = r#""occurred_at":"2026-03-02T18:00:00Z","time_zone":"America/New_York","intensity":5"#;
    let needed = ["/occurred_at", "/time_zone", "/intensity"];
    for (body, pointers) in [
        ("{}".to_owned(), needed.to_vec()),
        (
            r#"{"color":"red","intensity":11}"#.to_owned(),
            vec!["/color", "/intensity", "/occurred_at", "/time_zone"],
        ),
        (r#"{"occurred_at":1,"time_zone":"","intensity":null}"#.to_owned(), needed.to_vec()),
        (
            format!(r#"{{{good},"intensity":6,"note":5,"triggers":["rain","conflict","snow"]}}"#),
            vec!["/intensity", "/note", "/triggers/0", "/triggers/2"],
        ),
        (
            format!(r#"{{{good},"cues":[{{"kind":"smell","text":""}},{{}},5],"place":7}}"#),
            vec!["/cues/0/kind", "/cues/0/text", "/cues/1/kind", "/cues/1/text", "/cues/2", "/place"],
        ),
        // How many there are and whether they repeat is not judged before each can be read.
        (format!(r#"{{{good},"cues":[{many},5],"halt":1e400}}"#), vec!["/cues/13", "/halt"]),
        (format!(r#"{{{good},"cues":[{many}],"note":"\ud800"}}"#), vec!["/cues", "/note"]),
    ] {
        let problem = raw(&server, token, "application/json", body.clone()).await.refused(422, "");
        assert_eq!(named(&problem), pointers, "{body}");
        assert!(problem["detail"].as_str().unwrap().starts_with(&format!("{}: ", pointers[0])), "{problem}");
    }
    let unknown = (0..150).map(|n| format!("\"k{n}\":0")).collect::<Vec<_>>().join(",");
    let problem =
        raw(&server, token, "application/json", format!("{{{unknown}}}")).await.refused(422, "/k99");
    assert_eq!(named(&problem).len(), 100);
    nothing_is_stored(&server, &clinic).await;

    let id = server.craving(&clinic.maya, "2026-03-02T18:00:00Z", 5).await;
    let correct = format!("/v1/participants/me/cravings/{id}/revisions/{}", fresh_id());
    let correction = json!({"entry": {"intensity": "7", "peak": 8}, "reason": "", "who": "me"});
    let problem = server.put(&clinic.maya, &correct, correction).await.refused(422, "");
    let in_craving = ["/entry/intensity", "/entry/peak", "/entry/occurred_at", "/entry/time_zone"];
    assert_eq!(named(&problem), [in_craving.as_slice(), &["/reason", "/who"]].concat());
    let plan = json!({"reasons": [{"id": 7, "words": ""}, {"id": fresh_id(), "words": "Ana"}, {"words": 5}], "horoscope": []});
    let problem =
        server.put_on(&clinic.maya, "/v1/participants/me/plan", "\"0\"", plan).await.refused(422, "");
    assert_eq!(
        named(&problem),
        ["/horoscope", "/reasons/0/id", "/reasons/0/words", "/reasons/2/words", "/reasons/2/id"]
    );
    let sign_in =
        server.post("", "/v1/sign-in", json!({"password": ["canary-7c1f"], "device_name": ""})).await;
    assert!(!sign_in.text.contains("canary"), "{}", sign_in.text);
    assert_eq!(named(&sign_in.refused(422, "")), ["/device_name", "/password", "/email"]);
}

#[rstest]
#[tokio::test]
async fn every_faulty_part_of_an_address_is_named_at_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let list = "/v1/participants/me/cravings";
    let problem = server
        .get(maya, &format!("{list}?limit=x&from=2026-03-02T18:05:00+01:00&color=red&until=monday"))
        .await
        .refused(422, "");
    assert_eq!(named(&problem), ["/limit", "/from", "/color", "/until"]);
    assert_eq!(problem["errors"][1]["detail"], "must be a time such as 2026-03-02T18:05:00Z; write + as %2B");
    let problem = server.get(maya, "/v1/participants/me/plan/compare").await.refused(422, "");
    assert_eq!(named(&problem), ["/from", "/to"]);
    let problem = server.get(maya, "/v1/participants/me/trends?check_ins=1").await.refused(422, "/check_ins");
    assert_eq!(problem["errors"][0]["detail"], "must be true or false");
    let problem = server.get(maya, "/v1/participants/you/cravings/1").await.refused(400, "");
    assert_eq!(named(&problem), ["path: participant", "path: id"]);
}

#[rstest]
#[tokio::test]
async fn a_list_is_not_accepted_as_an_object(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let list = json!(["2026-03-02T18:00:00Z", ZONE, 5]);
    let correction = json!({"entry": list}).to_string();
    for (body, pointer) in [(list.to_string(), ""), (with("cues", json!([["place", "the bar"]])), "/cues/0")]
    {
        let problem = raw(&server, &clinic.maya.token, "application/json", body).await.refused(422, pointer);
        assert_eq!(problem["errors"][0]["detail"], "must be an object", "{problem}");
    }
    nothing_is_stored(&server, &clinic).await;
    let id = server.craving(&clinic.maya, "2026-03-02T18:00:00Z", 5).await;
    let path = format!("/v1/participants/me/cravings/{id}/revisions/{}", fresh_id());
    server.put(&clinic.maya, &path, serde_json::from_str(&correction).unwrap()).await.refused(422, "/entry");
    let quiet = json!({"enabled": true, "at": "14:00", "weekdays": ["monday"], "content": "discreet", "quiet_hours": ["22:00", "07:00"]});
    server.put(&clinic.maya, "/v1/participants/me/reminders", quiet).await.refused(422, "/quiet_hours");
    let sign_in = json!(["maya@harbor.example", PASSWORD, "phone"]);
    server.post("", "/v1/sign-in", sign_in).await.refused(422, "");
}

#[rstest]
#[tokio::test]
async fn what_is_not_json_is_unreadable(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let good = craving("2026-03-02T18:00:00Z", 5).to_string();
    let deep = format!("{{\"note\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let keys = format!("{{{}}}", (0..3_000).map(|n| format!("\"k{n}\":0")).collect::<Vec<_>>().join(","));
    let bodies: [(Vec<u8>, &[u16]); 9] = [
        (b"".to_vec(), &[400]),
        (b"{".to_vec(), &[400]),
        (format!("{good} {good}").into_bytes(), &[400]),
        (b"[]".to_vec(), &[422]),
        (b"null".to_vec(), &[422]),
        (b"\xff\xfe".to_vec(), &[400]),
        (deep.into_bytes(), &[400, 422]),
        (keys.into_bytes(), &[422]),
        (good.replace("\"intensity\":5", "\"intensity\":NaN").into_bytes(), &[400]),
    ];
    for (body, statuses) in bodies {
        let shown = String::from_utf8_lossy(&body).chars().take(60).collect::<String>();
        let answer = raw(&server, &clinic.maya.token, "application/json", body).await;
        assert!(statuses.contains(&answer.status), "{shown}: {} {}", answer.status, answer.text);
        let status = answer.status;
        answer.refused(status, "");
    }
    nothing_is_stored(&server, &clinic).await;
}

#[rstest]
#[tokio::test]
async fn a_refusal_speaks_plainly_and_names_the_place(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let number = "must be a whole number from 0 to 10, in plain digits";
    let body = |member: &str, value: &str| with(member, json!("@")).replace("\"@\"", value);
    for (member, value, words) in [
        ("intensity", "\"7\"", number),
        ("intensity", "5.0", number),
        ("intensity", "-0", number),
        ("intensity", "null", number),
        ("intensity", "18446744073709551615", number),
        ("intensity", "1e400", "must be a smaller number"),
        ("intensity", "11", "must be 0 to 10, was 11"),
        ("intensity", "[5]", number),
        ("occurred_at", "\"yesterday\"", "must be a time such as 2026-03-02T18:05:00Z"),
        ("occurred_at", "1772476800", "must be a time such as 2026-03-02T18:05:00Z"),
        ("note", "\"\\ud800\"", "must not have half of a surrogate pair (\\ud800 to \\udfff)"),
        ("note", "5", "must be a text"),
        ("triggers", "\"conflict\"", "must be a list"),
        ("outcome", "\"won\"", "must be one of passed, still_going, lapsed"),
        ("outcome", "5", "must be one of passed, still_going, lapsed"),
        ("cues", "[5]", "must be an object"),
    ] {
        let problem = raw(&server, &clinic.maya.token, "application/json", body(member, value)).await.is(422);
        let fault = &problem["errors"][0];
        assert_eq!(fault["detail"], words, "{member} {value}");
        assert!(fault["pointer"].as_str().unwrap().starts_with(&format!("/{member}")), "{fault}");
    }
    let unknown = raw(&server, &clinic.maya.token, "application/json", with("color", json!("red")))
        .await
        .refused(422, "/color");
    assert!(
        unknown["errors"][0]["detail"].as_str().unwrap().starts_with("is not known here, only occurred_at, "),
        "{unknown}"
    );
    let preferences = json!({"enabled": "yes", "at": "14:00", "weekdays": ["monday"], "content": "discreet"});
    let problem =
        server.put(&clinic.maya, "/v1/participants/me/reminders", preferences).await.refused(422, "/enabled");
    assert_eq!(problem["errors"][0]["detail"], "must be true or false");
    raw(&server, &clinic.maya.token, "application/json", "5").await.refused(422, "");
    nothing_is_stored(&server, &clinic).await;

    let uuid = "must be a UUID such as 0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3";
    for (path, name, words) in [
        ("/v1/participants/me/cravings/1", "id", uuid.to_owned()),
        ("/v1/participants/me/cravings/me", "id", uuid.to_owned()),
        ("/v1/participants/you/cravings", "participant", format!("{uuid}, or `me` for yourself")),
    ] {
        let problem = server.get(&clinic.maya, path).await.refused(400, &format!("path: {name}"));
        assert_eq!(problem["errors"][0]["detail"], words, "{path}");
        assert_eq!(problem["detail"], format!("In the path, {name} {words}."));
    }
    let list = "/v1/participants/me/cravings";
    for (query, pointer, words) in [
        ("limit=0", "/limit", "must be 1 to 200, was 0"),
        ("limit=x", "/limit", "must be a whole number from 1 to 200, in plain digits"),
        ("limit=201", "/limit", "must be 1 to 200, was 201"),
        ("limit=", "/limit", "must be a whole number from 1 to 200, in plain digits"),
        ("limit=5&limit=6", "/limit", "must be given once"),
        (
            "from=2026-03-02T18:05:00+01:00",
            "/from",
            "must be a time such as 2026-03-02T18:05:00Z; write + as %2B",
        ),
        ("from=monday", "/from", "must be a time such as 2026-03-02T18:05:00Z"),
    ] {
        let problem = server.get(&clinic.maya, &format!("{list}?{query}")).await.refused(422, pointer);
        assert_eq!(problem["errors"][0]["detail"], words, "{query}");
    }
    server.get(&clinic.maya, &format!("{list}?from=2026-03-02T18:05:00%2B01:00&limit=200")).await.is(200);
    let problem =
        server.get(&clinic.maya, "/v1/participants/me/trends?from=2026-3-1").await.refused(422, "/from");
    assert_eq!(problem["errors"][0]["detail"], "must be a day such as 2026-03-02");
}

#[rstest]
#[tokio::test]
async fn a_text_with_a_control_character_is_refused_wherever_it_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let invite = |member: &str, text: &str| {
        let mut draft = json!({"display_name": "Noor", "time_zone": ZONE, "email": "noor@harbor.example"});
        draft[member] = json!(text);
        draft
    };
    for (member, text) in [
        ("display_name", "No\u{0}or"),
        ("display_name", "Noor\r\nBcc: all@mail.example"),
        ("display_name", ""),
        ("display_name", "   "),
        ("display_name", "Noor\u{202e}"),
        ("display_name", "No\u{200b}or"),
        ("email", "noor@harbor.example\r\nBcc: all@mail.example"),
        ("email", "noor"),
        ("email", "a@b@c"),
        ("email", "noor@harbor.example\u{0}"),
        ("time_zone", ""),
        ("role", "owner"),
        ("organization", "other"),
    ] {
        server
            .post(&clinic.casey, "/v1/invites", invite(member, text))
            .await
            .refused(422, &format!("/{member}"));
    }
    assert_eq!(
        server.get(&clinic.casey, "/v1/participants").await.is(200)["items"].as_array().unwrap().len(),
        1
    );
    for (member, text) in
        [("device_name", "pho\u{0}ne"), ("device_name", ""), ("email", "may\u{0}a"), ("pin", "1234")]
    {
        let mut body = json!({"email": "maya@harbor.example", "password": PASSWORD, "device_name": "phone"});
        body[member] = json!(text);
        server.post("", "/v1/sign-in", body).await.refused(422, &format!("/{member}"));
    }
    let endless =
        json!({"email": "maya@harbor.example", "password": "x".repeat(257), "device_name": "phone"});
    let answer = server.post("", "/v1/sign-in", endless).await;
    assert!([401, 422].contains(&answer.status), "{}", answer.text);
}

#[rstest]
#[tokio::test]
async fn a_reused_id_is_refused_with_what_to_do_instead(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    use crate::{check_in::daily, coping::practice, coping::tea, recovery::lapse};

    let Some(server) = TestServer::new(engine).await else { return };
    let Clinic { maya, casey, supervisor, .. } = server.clinic();
    let (me, felt) = ("/v1/participants/me", "2026-03-02T18:00:00Z");
    let hers = format!("/v1/participants/{}/coping/assignments", maya.participant);
    let assignment = |until: &str| json!({"skill": "library:delay_15", "until": until});
    let mut longer = tea();
    longer["minutes"] = json!(20);
    let skill = "library:delay_15";
    let cases = [
        (&maya, format!("{me}/cravings"), craving(felt, 5), craving(felt, 6), "correction"),
        (
            &maya,
            format!("{me}/coping/skill-practices"),
            practice(felt, skill, 7, 4),
            practice(felt, skill, 7, 5),
            "correction",
        ),
        (&maya, format!("{me}/check-ins"), daily(felt, 4), daily(felt, 5), "under a new id"),
        (
            &maya,
            format!("{me}/recovery/lapses"),
            lapse(felt, "lapse"),
            lapse(felt, "close_call"),
            "correction",
        ),
        (&casey, hers, assignment("2026-03-09"), assignment("2026-03-10"), "under a new id"),
        (&supervisor, "/v1/skills".to_owned(), tea(), longer, "If-Match"),
    ];
    for (who, room, first, other, advice) in cases {
        let path = format!("{room}/{}", fresh_id());
        server.put(who, &path, first).await.is(201);
        let problem = server.put(who, &path, other).await.refused(409, "");
        assert_eq!(problem["type"], "/problems/different", "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(advice), "{path}: {detail}");
        assert_eq!(detail.contains("correction"), advice == "correction", "{path}: {detail}");
    }
}

#[rstest]
#[tokio::test]
async fn a_problem_never_repeats_a_secret(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    for body in [
        json!({"email": "maya@harbor.example", "password": ["canary-7c1f"], "device_name": "phone"}),
        json!({"email": "maya@harbor.example", "password": "canary-7c1f wrong", "device_name": "phone"}),
        json!({"email": "maya@harbor.example", "password": {"canary-7c1f": 1}, "device_name": "phone"}),
    ] {
        let answer = server.post("", "/v1/sign-in", body).await;
        assert!((400..500).contains(&answer.status) && !answer.text.contains("canary"), "{}", answer.text);
    }
}
