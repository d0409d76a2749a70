//! The skills that an organisation adds to the library.

use super::{MINE, practise, skills, tea};
use crate::house::{Answer, Person, START, TestHouse};
use crate::story;
use evenkeel_tests::fresh_id;
use serde_json::{Value, json};

async fn edit(house: &TestHouse, who: &Person, path: &str, tag: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {}", who.token);
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "application/json"), ("if-match", tag)];
    house.send("PUT", path, &headers, body.to_string().into_bytes()).await
}

/// The skills in what a phone keeps.
fn kept(bundle: &Value) -> Vec<&str> {
    bundle["skills"].as_array().unwrap().iter().map(|one| one["skill"].as_str().unwrap()).collect()
}

story! {
    async fn a_phone_keeps_what_is_near_to_somebody_however_much_there_is(house) {
        let clinic = house.clinic("harbor.example").await;
        let maya = &clinic.maya;
        let mut own = Vec::new();
        for number in 0..100 {
            let id = fresh_id();
            let mut long = tea();
            long["name"] = json!(format!("Skill {number:03}"));
            long["steps"] = json!(vec!["Step by step. ".repeat(21); 6]);
            house.put(&clinic.supervisor, &format!("/v1/skills/{id}"), long).await.is(201);
            own.push(format!("organisation:{id}"));
        }
        let bundle = house.get(maya, "/v1/participants/me/offline").await.is(200);
        assert!(!kept(&bundle).contains(&own[99].as_str()), "there are too many for one bundle");
        let all = format!("/v1/participants/{}/coping/assignments", maya.participant);
        house.put(&clinic.casey, &format!("{all}/{}", fresh_id()), json!({"skill": own[99], "until": "2026-03-09"})).await.is(201);
        house.put(maya, &format!("{MINE}/choices"), json!({"favourites": [own[98]], "cautions": []})).await.is(200);
        let answer = house.get(maya, "/v1/participants/me/offline").await;
        assert!(answer.text.len() < 200_000);
        let bundle = answer.is(200);
        let kept = kept(&bundle);
        assert_eq!(kept[..2], [&own[99], &own[98]]);
        assert!(kept[2..42].iter().all(|skill| skill.starts_with("library:")), "{kept:?}");
    }

    async fn an_organisations_skill_is_for_its_own_people(house) {
        let clinic = house.clinic("harbor.example").await;
        let other = house.clinic("summit.example").await;
        let (maya, id) = (&clinic.maya, fresh_id().to_string());
        let (at, name) = (format!("/v1/skills/{id}"), format!("organisation:{id}"));
        let made = house.put(&clinic.supervisor, &at, tea()).await;
        assert_eq!(made.header("etag"), "\"1\"");
        let made = made.is(201);
        for (member, told) in tea().as_object().unwrap() {
            assert_eq!(&made[member], told, "{member}");
        }
        assert_eq!(house.put(&clinic.admin, &at, tea()).await.is(200), made);
        let list = house.get(maya, "/v1/skills").await.is(200);
        assert_eq!((&list["items"][0]["skill"], &list["items"][0]["revision"]), (&json!(name), &json!(1)));
        assert!(40 < skills(&list).len() && list["items"][1].get("revision").is_none(), "{list}");
        assert_eq!((&list["library_version"], list["cautions"].as_array().unwrap().len()), (&json!(2), 6));
        let social = house.get(maya, "/v1/skills?family=social").await.is(200);
        assert!(skills(&social).contains(&name.as_str()) && social["items"].as_array().unwrap().iter().all(|one| one["family"] == "social"));
        house.get(maya, "/v1/skills?family=dance").await.refused(422, "/family");
        assert!(!skills(&house.get(&other.maya, "/v1/skills").await.is(200)).contains(&name.as_str()));
        house.get(&other.maya, &at).await.refused(404, "");
        // The same id in another house is another skill.
        house.put(&other.supervisor, &at, json!({"name": "Walk", "family": "physical", "summary": "Out.", "steps": ["1", "2", "3"], "minutes": 5})).await.is(201);
        assert_eq!(house.get(maya, &at).await.is(200), made);
        let all = format!("/v1/participants/{}/coping/assignments", maya.participant);
        house.put(&clinic.casey, &format!("{all}/{}", fresh_id()), json!({"skill": name, "until": "2026-03-09"})).await.is(201);
        house.put(maya, &format!("{MINE}/choices"), json!({"favourites": [name], "cautions": []})).await.is(200);
        assert_eq!(skills(&house.get(maya, &format!("{MINE}/suggestions?intensity=8")).await.is(200))[0], name);
        practise(&house, maya, "2026-03-02T18:00:00Z", &name, 6, 3).await;
        house.delete(&clinic.admin, &at).await.is(204);
        house.delete(&clinic.admin, &at).await.is(204);
        assert!(!skills(&house.get(maya, "/v1/skills").await.is(200)).contains(&name.as_str()));
        assert!(!skills(&house.get(maya, &format!("{MINE}/suggestions?intensity=8")).await.is(200)).contains(&name.as_str()));
        let gone = house.get(maya, &at).await.is(200);
        assert_eq!((&gone["name"], &gone["retired_at"]), (&tea()["name"], &json!(START)));
        house.put(&clinic.supervisor, &at, tea()).await.refused(409, "");
        edit(&house, &clinic.supervisor, &at, "\"1\"", tea()).await.refused(409, "");
        assert_eq!(skills(&house.get(maya, &format!("{MINE}/practices")).await.is(200)), [name.as_str()]);
        house.post(&clinic.casey, &format!("{at}/restore"), json!({})).await.refused(403, "");
        for _ in 0..2 {
            let again = house.post(&clinic.admin, &format!("{at}/restore"), json!({})).await;
            assert_eq!(again.header("etag"), "\"1\"");
            assert_eq!(again.is(200), made);
        }
        assert!(skills(&house.get(maya, "/v1/skills").await.is(200)).contains(&name.as_str()));
        assert_eq!(skills(&house.get(maya, &format!("{MINE}/suggestions?intensity=8")).await.is(200))[0], name);
    }

    async fn a_phone_that_has_the_skills_on_offer_is_not_sent_them_again(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, at) = (&clinic.maya, format!("/v1/skills/{}", fresh_id()));
        let first = house.get(maya, "/v1/skills").await;
        let tag = first.header("etag");
        let again = house.get_unless(maya, "/v1/skills", &tag).await;
        assert_eq!((again.status, again.header("etag"), again.text.as_str()), (304, tag.clone(), ""));
        house.get_unless(maya, "/v1/skills?family=social", &tag).await.is(200);
        house.put(&clinic.supervisor, &at, tea()).await.is(201);
        let more = house.get_unless(maya, "/v1/skills", &tag).await;
        assert_ne!(more.header("etag"), tag);
        assert_eq!(more.is(200)["items"][0]["name"], tea()["name"]);
        house.delete(&clinic.admin, &at).await.is(204);
        assert_eq!(house.get_unless(maya, "/v1/skills", &tag).await.status, 304, "as before");
    }

    async fn an_edit_of_a_skill_names_the_revision_that_was_read(house) {
        let clinic = house.clinic("harbor.example").await;
        let (sam, at) = (&clinic.supervisor, format!("/v1/skills/{}", fresh_id()));
        edit(&house, sam, &at, "\"1\"", tea()).await.refused(404, "");
        house.put(sam, &at, tea()).await.is(201);
        let mut longer = tea();
        longer["minutes"] = json!(20);
        house.put(sam, &at, longer.clone()).await.refused(409, "");
        let edited = edit(&house, sam, &at, "\"1\"", longer.clone()).await;
        assert_eq!(edited.header("etag"), "\"2\"");
        let edited = edited.is(200);
        assert_eq!((&edited["minutes"], &edited["revision"]), (&json!(20), &json!(2)));
        let mut warmer = tea();
        warmer["summary"] = json!("Bring a cup.");
        let stale = edit(&house, &clinic.admin, &at, "\"1\"", warmer.clone()).await.refused(412, "");
        assert_eq!(stale["type"], "/problems/stale");
        assert_eq!(edit(&house, sam, &at, "\"1\"", longer).await.is(200), edited, "what it says already");
        assert_eq!(house.put(sam, &at, tea()).await.is(200), edited, "the first text again");
        for tag in ["1", "*", "\"two\""] {
            edit(&house, sam, &at, tag, warmer.clone()).await.refused(422, "If-Match");
        }
        let read = house.get(&clinic.admin, &at).await;
        let tag = read.header("etag");
        assert_eq!(edit(&house, &clinic.admin, &at, &tag, warmer).await.is(200)["revision"], 3);
        let kept = house.get(&clinic.casey, &format!("{at}/revisions")).await.is(200);
        let said: Vec<_> = kept["items"].as_array().unwrap().iter().map(|one| (&one["revision"], &one["skill"]["minutes"])).collect();
        assert_eq!(said, [(&json!(1), &json!(15)), (&json!(2), &json!(20)), (&json!(3), &json!(15))]);
        for (member, value, pointer) in [
            ("steps", json!(["One.", "Two."]), "/steps"), ("minutes", json!(121), "/minutes"), ("code", json!("tea"), "/code"),
            ("intensity", json!({"from": 7, "to": 6}), "/intensity"), ("name", json!(""), "/name"), ("family", json!("dance"), "/family"),
        ] {
            let mut draft = tea();
            draft[member] = value;
            house.put(sam, &format!("/v1/skills/{}", fresh_id()), draft).await.refused(422, pointer);
        }
    }
}
