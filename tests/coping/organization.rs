//! The skills that an organization adds to the library.

use super::{MINE, log_practice, skills, tea};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Answer, Person, START, TestServer};
use rstest::rstest;
use serde_json::{Value, json};

async fn edit(server: &TestServer, who: &Person, path: &str, tag: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {}", who.token);
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "application/json"), ("if-match", tag)];
    server.send("PUT", path, &headers, body.to_string().into_bytes()).await
}

/// The skills in the offline bundle.
fn bundled(bundle: &Value) -> Vec<&str> {
    bundle["skills"].as_array().unwrap().iter().map(|one| one["skill"].as_str().unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn the_offline_bundle_has_the_skills_that_matter_most_to_somebody(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let mut own = Vec::new();
    for number in 0..100 {
        let id = fresh_id();
        let mut long = tea();
        long["name"] = json!(format!("Skill {number:03}"));
        long["steps"] = json!(vec!["Step by step. ".repeat(21); 6]);
        server.put(&clinic.supervisor, &format!("/v1/skills/{id}"), long).await.is(201);
        own.push(format!("organization:{id}"));
    }
    let bundle = server.get(maya, "/v1/participants/me/offline").await.is(200);
    assert!(!bundled(&bundle).contains(&own[99].as_str()), "there are too many for one bundle");
    let all = format!("/v1/participants/{}/coping/assignments", maya.participant);
    server
        .put(
            &clinic.casey,
            &format!("{all}/{}", fresh_id()),
            json!({"skill": own[99], "until": "2026-03-09"}),
        )
        .await
        .is(201);
    server
        .put(maya, &format!("{MINE}/choices"), json!({"favorites": [own[98]], "precautions": []}))
        .await
        .is(200);
    let answer = server.get(maya, "/v1/participants/me/offline").await;
    assert!(answer.text.len() < 200_000);
    let bundle = answer.is(200);
    let skills = bundled(&bundle);
    assert_eq!(skills[..2], [&own[99], &own[98]]);
    assert!(skills[2..42].iter().all(|skill| skill.starts_with("library:")), "{skills:?}");
}

#[rstest]
#[tokio::test]
async fn an_organizations_skill_is_for_its_own_people(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let other = server.invite_clinic("summit.example").await;
    let (maya, id) = (&clinic.maya, fresh_id().to_string());
    let (at, name) = (format!("/v1/skills/{id}"), format!("organization:{id}"));
    let made = server.put(&clinic.supervisor, &at, tea()).await;
    assert_eq!(made.header("etag"), "\"1\"");
    let made = made.is(201);
    for (member, sent) in tea().as_object().unwrap() {
        assert_eq!(&made[member], sent, "{member}");
    }
    assert_eq!(server.put(&clinic.admin, &at, tea()).await.is(200), made);
    let list = server.get(maya, "/v1/skills").await.is(200);
    assert_eq!((&list["items"][0]["skill"], &list["items"][0]["revision"]), (&json!(name), &json!(1)));
    assert!(40 < skills(&list).len() && list["items"][1].get("revision").is_none(), "{list}");
    assert_eq!((&list["library_version"], list["precautions"].as_array().unwrap().len()), (&json!(2), 6));
    let social = server.get(maya, "/v1/skills?family=social").await.is(200);
    assert!(
        skills(&social).contains(&name.as_str())
            && social["items"].as_array().unwrap().iter().all(|one| one["family"] == "social")
    );
    server.get(maya, "/v1/skills?family=dance").await.refused(422, "/family");
    assert!(!skills(&server.get(&other.maya, "/v1/skills").await.is(200)).contains(&name.as_str()));
    server.get(&other.maya, &at).await.refused(404, "");
    // The same id in another server is another skill.
    server.put(&other.supervisor, &at, json!({"name": "Walk", "family": "physical", "summary": "Out.", "steps": ["1", "2", "3"], "minutes": 5})).await.is(201);
    assert_eq!(server.get(maya, &at).await.is(200), made);
    let all = format!("/v1/participants/{}/coping/assignments", maya.participant);
    server
        .put(&clinic.casey, &format!("{all}/{}", fresh_id()), json!({"skill": name, "until": "2026-03-09"}))
        .await
        .is(201);
    server
        .put(maya, &format!("{MINE}/choices"), json!({"favorites": [name], "precautions": []}))
        .await
        .is(200);
    assert_eq!(skills(&server.get(maya, &format!("{MINE}/suggestions?intensity=8")).await.is(200))[0], name);
    log_practice(&server, maya, "2026-03-02T18:00:00Z", &name, 6, 3).await;
    server.delete(&clinic.admin, &at).await.is(204);
    server.delete(&clinic.admin, &at).await.is(204);
    assert!(!skills(&server.get(maya, "/v1/skills").await.is(200)).contains(&name.as_str()));
    assert!(
        !skills(&server.get(maya, &format!("{MINE}/suggestions?intensity=8")).await.is(200))
            .contains(&name.as_str())
    );
    let gone = server.get(maya, &at).await.is(200);
    assert_eq!((&gone["name"], &gone["retired_at"]), (&tea()["name"], &json!(START)));
    server.put(&clinic.supervisor, &at, tea()).await.refused(409, "");
    edit(&server, &clinic.supervisor, &at, "\"1\"", tea()).await.refused(409, "");
    assert_eq!(skills(&server.get(maya, &format!("{MINE}/skill-practices")).await.is(200)), [name.as_str()]);
    server.post(&clinic.casey, &format!("{at}/restore"), json!({})).await.refused(403, "");
    for _ in 0..2 {
        let again = server.post(&clinic.admin, &format!("{at}/restore"), json!({})).await;
        assert_eq!(again.header("etag"), "\"1\"");
        assert_eq!(again.is(200), made);
    }
    assert!(skills(&server.get(maya, "/v1/skills").await.is(200)).contains(&name.as_str()));
    assert_eq!(skills(&server.get(maya, &format!("{MINE}/suggestions?intensity=8")).await.is(200))[0], name);
}

#[rstest]
#[tokio::test]
async fn a_phone_that_has_the_skills_on_offer_is_not_sent_them_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, at) = (&clinic.maya, format!("/v1/skills/{}", fresh_id()));
    let first = server.get(maya, "/v1/skills").await;
    let tag = first.header("etag");
    let again = server.get_unless(maya, "/v1/skills", &tag).await;
    assert_eq!((again.status, again.header("etag"), again.text.as_str()), (304, tag.clone(), ""));
    server.get_unless(maya, "/v1/skills?family=social", &tag).await.is(200);
    server.put(&clinic.supervisor, &at, tea()).await.is(201);
    let more = server.get_unless(maya, "/v1/skills", &tag).await;
    assert_ne!(more.header("etag"), tag);
    assert_eq!(more.is(200)["items"][0]["name"], tea()["name"]);
    server.delete(&clinic.admin, &at).await.is(204);
    assert_eq!(server.get_unless(maya, "/v1/skills", &tag).await.status, 304, "as before");
}

#[rstest]
#[tokio::test]
async fn an_edit_of_a_skill_names_the_revision_that_was_read(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (sam, at) = (&clinic.supervisor, format!("/v1/skills/{}", fresh_id()));
    edit(&server, sam, &at, "\"1\"", tea()).await.refused(404, "");
    server.put(sam, &at, tea()).await.is(201);
    let mut longer = tea();
    longer["minutes"] = json!(20);
    server.put(sam, &at, longer.clone()).await.refused(409, "");
    let edited = edit(&server, sam, &at, "\"1\"", longer.clone()).await;
    assert_eq!(edited.header("etag"), "\"2\"");
    let edited = edited.is(200);
    assert_eq!((&edited["minutes"], &edited["revision"]), (&json!(20), &json!(2)));
    let mut warmer = tea();
    warmer["summary"] = json!("Bring a cup.");
    let stale = edit(&server, &clinic.admin, &at, "\"1\"", warmer.clone()).await.refused(412, "");
    assert_eq!(stale["type"], "/problems/stale");
    assert_eq!(edit(&server, sam, &at, "\"1\"", longer).await.is(200), edited, "what it says already");
    assert_eq!(server.put(sam, &at, tea()).await.is(200), edited, "the first text again");
    for tag in ["1", "*", "\"two\""] {
        edit(&server, sam, &at, tag, warmer.clone()).await.refused(422, "If-Match");
    }
    let read = server.get(&clinic.admin, &at).await;
    let tag = read.header("etag");
    assert_eq!(edit(&server, &clinic.admin, &at, &tag, warmer).await.is(200)["revision"], 3);
    let revisions = server.get(&clinic.casey, &format!("{at}/revisions")).await.is(200);
    let said: Vec<_> = revisions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["revision"], &one["skill"]["minutes"]))
        .collect();
    assert_eq!(said, [(&json!(1), &json!(15)), (&json!(2), &json!(20)), (&json!(3), &json!(15))]);
    for (member, value, pointer) in [
        ("steps", json!(["One.", "Two."]), "/steps"),
        ("minutes", json!(121), "/minutes"),
        ("code", json!("tea"), "/code"),
        ("intensity", json!({"from": 7, "to": 6}), "/intensity"),
        ("name", json!(""), "/name"),
        ("family", json!("dance"), "/family"),
    ] {
        let mut draft = tea();
        draft[member] = value;
        server.put(sam, &format!("/v1/skills/{}", fresh_id()), draft).await.refused(422, pointer);
    }
}
