//! Questions for the next session: written offline, read by those who treat the participant, discussed.

use crate::audit::{entries, events_of};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Person, START, TestServer};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

const QUESTIONS: &str = "/v1/participants/me/questions";

pub(crate) fn question(text: &str, written_at: &str) -> Value {
    json!({"text": text, "written_at": written_at})
}

fn of(who: &Person, what: &str) -> String {
    format!("/v1/participants/{}/questions{what}", who.participant)
}

/// The participant writes a question: its id.
async fn written(server: &TestServer, who: &Person, text: &str, written_at: &str) -> String {
    let id = fresh_id().to_string();
    server.put(who, &format!("{QUESTIONS}/{id}"), question(text, written_at)).await.is(201);
    id
}

fn texts(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn a_question_written_offline_is_stored_once_with_the_time_at_which_it_was_written(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = fresh_id().to_string();
    let path = format!("{QUESTIONS}/{id}");
    let sent = question("What if I meet Joe?\nHe still drinks.", "2026-02-28T22:10:00Z");
    let stored = server.put(&maya, &path, sent.clone()).await.is(201);
    assert_eq!(
        stored,
        json!({
            "id": id, "text": "What if I meet Joe?\nHe still drinks.", "written_at": "2026-02-28T22:10:00Z",
            "received_at": START,
        })
    );
    server.later(SignedDuration::from_mins(3));
    assert_eq!(server.put(&maya, &path, sent).await.is(200), stored);
    for other in [
        question("What if I meet Jim?", "2026-02-28T22:10:00Z"),
        question("What if I meet Joe?\nHe still drinks.", "2026-02-28T22:11:00Z"),
    ] {
        let problem = server.put(&maya, &path, other).await.refused(409, "");
        assert_eq!(problem["type"], "/problems/different", "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("under a new id"), "{problem}");
    }
    assert_eq!(server.get(&maya, QUESTIONS).await.is(200), json!({"items": [stored]}));
    let seen = entries(&server, &maya, "me").await;
    assert_eq!(events_of(&seen, &maya, "record", "question").len(), 1, "{seen:#?}");
}

#[rstest]
#[tokio::test]
async fn questions_are_listed_newest_first_page_by_page(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    for (text, written_at) in [
        ("second", "2026-03-01T10:00:00Z"),
        ("first", "2026-03-01T09:00:00Z"),
        ("fifth, by a clock that is a year ahead", "2027-03-01T10:00:00Z"),
        ("fourth", "2026-03-02T10:00:00Z"),
        ("third", "2026-03-01T11:00:00Z"),
    ] {
        written(&server, maya, text, written_at).await;
    }
    for (who, path) in [(maya, QUESTIONS.to_owned()), (&clinic.casey, of(maya, ""))] {
        let first = server.get(who, &format!("{path}?limit=3")).await.is(200);
        assert_eq!(texts(&first), ["fifth, by a clock that is a year ahead", "fourth", "third"]);
        let next = first["next"].as_str().unwrap();
        let second = server.get(who, &format!("{path}?limit=3&after={next}")).await.is(200);
        assert_eq!((texts(&second), second.get("next")), (vec!["second", "first"], None));
    }
    server.get(maya, &format!("{QUESTIONS}?limit=0")).await.refused(422, "/limit");
    server.get(maya, &format!("{QUESTIONS}?after=garbage")).await.refused(422, "/after");
}

#[rstest]
#[tokio::test]
async fn a_question_is_discussed_once_whoever_marks_it_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let [by_casey, by_maya] = [
        written(&server, maya, "What if I meet Joe?", "2026-03-01T10:00:00Z").await,
        written(&server, maya, "Can my sister come?", "2026-03-01T11:00:00Z").await,
    ];
    let mark = |id: &str| of(maya, &format!("/{id}/discussed"));
    server.call("PUT", &mark(&by_casey), &clinic.supervisor, None).await.refused(403, "");
    let discussed = server.call("PUT", &mark(&by_casey), casey, None).await.is(200);
    assert_eq!(discussed["discussed"], json!({"by": casey.account, "at": START}));
    server.later(SignedDuration::from_mins(5));
    for who in [casey, maya] {
        assert_eq!(server.call("PUT", &mark(&by_casey), who, None).await.is(200), discussed);
    }
    let own = server.call("PUT", &format!("{QUESTIONS}/{by_maya}/discussed"), maya, None).await.is(200);
    assert_eq!(own["discussed"], json!({"by": maya.account, "at": "2026-03-02T18:45:00Z"}));
    assert_eq!(server.get(maya, QUESTIONS).await.is(200)["items"], json!([own, discussed]));
    server.call("PUT", &mark(&fresh_id().to_string()), casey, None).await.refused(404, "");

    let seen = entries(&server, maya, "me").await;
    let marked = |who: &Person| events_of(&seen, who, "discuss", "question").len();
    assert_eq!((marked(casey), marked(maya), marked(&clinic.supervisor)), (1, 1, 1), "{seen:#?}");
    assert_eq!(events_of(&seen, casey, "discuss", "question")[0]["entity"], by_casey.as_str());
    assert_eq!(events_of(&seen, &clinic.supervisor, "discuss", "question")[0]["outcome"], "refused");
    assert_eq!(events_of(&seen, casey, "read", "question").len(), 1, "the question was shown again");
}

#[rstest]
#[tokio::test]
async fn a_withdrawn_question_leaves_a_tombstone(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let id = written(&server, maya, "What if I meet Joe?", "2026-03-01T10:00:00Z").await;
    let (path, mark) = (format!("{QUESTIONS}/{id}"), of(maya, &format!("/{id}/discussed")));
    server.delete(casey, &of(maya, &format!("/{id}"))).await.refused(403, "");
    server.call("PUT", &mark, casey, None).await.is(200);
    for _ in 0..2 {
        server.delete(maya, &path).await.is(204);
    }
    for who in [maya, casey] {
        assert_eq!(server.get(who, &of(maya, "")).await.is(200), json!({"items": []}));
        server.call("PUT", &mark, who, None).await.refused(409, "");
    }
    server.put(maya, &path, question("What if I meet Joe?", "2026-03-01T10:00:00Z")).await.refused(409, "");
    server.delete(maya, &format!("{QUESTIONS}/{}", fresh_id())).await.refused(404, "");
    let seen = entries(&server, maya, "me").await;
    assert_eq!(events_of(&seen, maya, "withdraw", "question").len(), 1, "{seen:#?}");
}

#[rstest]
#[tokio::test]
async fn a_question_has_1_to_500_characters(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let at = "2026-03-01T10:00:00Z";
    for (draft, pointer) in [
        (question("", at), "/text"),
        (question(&"ü".repeat(501), at), "/text"),
        (question("nul\u{0}", at), "/text"),
        (question("What if I meet Joe?", "yesterday"), "/written_at"),
        (json!({"text": "What if I meet Joe?"}), "/written_at"),
        (json!({"written_at": at}), "/text"),
        (json!({"text": "What if I meet Joe?", "written_at": at, "discussed": true}), "/discussed"),
    ] {
        server.put(&maya, &format!("{QUESTIONS}/{}", fresh_id()), draft).await.refused(422, pointer);
    }
    assert_eq!(server.get(&maya, QUESTIONS).await.is(200), json!({"items": []}));
    written(&server, &maya, &"ü".repeat(500), at).await;
}

#[rstest]
#[tokio::test]
async fn only_those_who_treat_the_participant_read_questions_and_each_view_is_in_the_audit_log(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    written(&server, maya, "What if I meet Joe?", "2026-03-01T10:00:00Z").await;
    for who in [&clinic.casey, &clinic.supervisor, &clinic.casey, maya] {
        let page = server.get(who, &of(maya, "")).await.is(200);
        assert_eq!(texts(&page), ["What if I meet Joe?"]);
    }
    server.get(&clinic.admin, &of(maya, "")).await.refused(403, "");
    for stranger in [&clinic.drew, &clinic.theo] {
        server.get(stranger, &of(maya, "")).await.refused(404, "");
    }
    let seen = entries(&server, maya, "me").await;
    let views = |who: &Person| events_of(&seen, who, "read", "question").len();
    assert_eq!((views(&clinic.casey), views(&clinic.supervisor), views(maya)), (2, 1, 0), "{seen:#?}");
    assert_eq!(events_of(&seen, &clinic.admin, "read", "question")[0]["outcome"], "refused");
}
