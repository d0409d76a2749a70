//! Coping skills: on offer, practised, assigned, and what works.

use crate::house::{Answer, Person, START, TestHouse, ZONE};
use crate::story;
use evenkeel_tests::fresh_id;
use jiff::SignedDuration;
use serde_json::{Value, json};

/// The least that a practice is logged with.
pub(crate) fn practice(occurred_at: &str, skill: &str, before: i32, after: i32) -> Value {
    json!({"occurred_at": occurred_at, "time_zone": ZONE, "skill": skill, "before": before, "after": after})
}

/// A skill as an organisation adds it.
pub(crate) fn tea() -> Value {
    json!({
        "name": "Tea with the night team", "family": "social",
        "summary": "Someone is up at any hour. You do not have to sit with it alone.",
        "steps": ["Go down to the kitchen.", "Put the kettle on.", "Say as much or as little as you like."],
        "minutes": 15, "intensity": {"from": 4, "to": 10}, "triggers": ["urges"], "cautions": ["injury"],
    })
}

/// A practice with everything that can be told about it.
fn full() -> Value {
    json!({
        "occurred_at": "2026-03-02T18:30:00Z", "time_zone": ZONE, "skill": "library:urge_surfing",
        "before": 8, "after": 4, "minutes": 10, "helpful": 3, "trigger": "conflict",
        "note": "It rose\nand it fell.", "craving": "019cb000-0000-7000-8000-000000000001",
    })
}

const MINE: &str = "/v1/participants/me/coping";

fn path(id: &str) -> String {
    format!("{MINE}/practices/{id}")
}

fn ids(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}
fn skills(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["skill"].as_str().unwrap()).collect()
}

async fn practise(house: &TestHouse, who: &Person, at: &str, skill: &str, before: i32, after: i32) -> String {
    let id = fresh_id().to_string();
    house.put(who, &path(&id), practice(at, skill, before, after)).await.is(201);
    id
}

async fn edit(house: &TestHouse, who: &Person, path: &str, tag: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {}", who.token);
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "application/json"), ("if-match", tag)];
    house.send("PUT", path, &headers, body.to_string().into_bytes()).await
}

/// How the only assignment of a list stands.
async fn state(house: &TestHouse, who: &Person) -> Value {
    let list = house.get(who, &format!("{MINE}/assignments")).await.is(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    list["items"][0]["state"].clone()
}

story! {
    async fn a_practice_comes_back_as_it_was_logged(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let id = fresh_id().to_string();
        let stored = house.put(&maya, &path(&id), full()).await.is(201);
        for (member, told) in full().as_object().unwrap() {
            assert_eq!(&stored[member], told, "{member}");
        }
        assert_eq!((&stored["id"], &stored["local_day"]), (&json!(id), &json!("2026-03-02")));
        assert_eq!((&stored["received_at"], &stored["clock_suspect"]), (&json!(START), &json!(false)));
        assert_eq!(stored["revision"], 1);
        assert_eq!(house.get(&maya, &path(&id)).await.is(200), stored);
        let listed = house.get(&maya, &format!("{MINE}/practices")).await.is(200);
        assert_eq!(listed["items"], json!([stored]));
    }

    async fn a_practice_logged_offline_counts_on_the_day_it_was_done(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let id = practise(&house, &maya, "2026-02-21T03:30:00Z", "library:delay_15", 7, 4).await;
        let stored = house.get(&maya, &path(&id)).await.is(200);
        assert_eq!((&stored["local_day"], &stored["clock_suspect"]), (&json!("2026-02-20"), &json!(false)));
        let ahead = practise(&house, &maya, "2027-01-01T12:00:00Z", "library:delay_15", 7, 4).await;
        let stored = house.get(&maya, &path(&ahead)).await.is(200);
        assert_eq!((&stored["local_day"], &stored["clock_suspect"]), (&json!("2026-03-02"), &json!(true)));
        assert_eq!(stored["occurred_at"], "2027-01-01T12:00:00Z");
        let today = format!("{MINE}/practices?from=2026-03-02T00:00:00Z&until=2026-03-03T00:00:00Z");
        assert_eq!(ids(&house.get(&maya, &today).await.is(200)), [ahead]);
    }

    async fn a_practice_sent_twice_or_many_times_at_once_is_stored_once(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let at = path(&fresh_id().to_string());
        let ask = || house.put(&maya, &at, full());
        let (one, two, three, four) = tokio::join!(ask(), ask(), ask(), ask());
        let mut statuses = [one.status, two.status, three.status, four.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 201]);
        house.later(SignedDuration::from_mins(3));
        let stored = house.put(&maya, &at, full()).await.is(200);
        assert_eq!(stored["received_at"], START);
        let worked = house.get(&maya, &format!("{MINE}/what-works")).await.is(200);
        assert_eq!(worked["items"][0]["tries"], 1);
    }

    async fn other_content_under_the_id_of_a_practice_is_a_clash(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let id = practise(&house, &maya, "2026-03-02T18:00:00Z", "library:delay_15", 7, 4).await;
        let other = practice("2026-03-02T18:00:00Z", "library:delay_15", 7, 5);
        house.put(&maya, &path(&id), other).await.refused(409, "");
        assert_eq!(house.get(&maya, &path(&id)).await.is(200)["after"], 4);
    }

    async fn a_corrected_practice_keeps_what_it_said(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let id = practise(&house, &maya, "2026-03-02T18:00:00Z", "library:delay_15", 7, 4).await;
        let first = house.get(&maya, &format!("{}/revisions", path(&id))).await.is(200);
        assert_eq!((first["items"].as_array().unwrap().len(), &first["items"][0]["revision"]), (1, &json!(1)));
        let revision = format!("{}/revisions/{}", path(&id), fresh_id());
        let right = practice("2026-03-01T18:00:00Z", "library:urge_surfing", 7, 6);
        let correction = json!({"reason": "Wrong skill", "practice": right});
        let stored = house.put(&maya, &revision, correction.clone()).await.is(201);
        assert_eq!((&stored["revision"], &stored["skill"], &stored["local_day"]), (&json!(2), &json!("library:urge_surfing"), &json!("2026-03-01")));
        assert_eq!(house.put(&maya, &revision, correction.clone()).await.is(200), stored);
        let other = json!({"reason": "Another", "practice": right});
        house.put(&maya, &revision, other).await.refused(409, "");
        let again = practice("2026-03-02T18:00:00Z", "library:delay_15", 7, 4);
        assert_eq!(house.put(&maya, &path(&id), again).await.is(200), stored);
        let kept = house.get(&maya, &format!("{}/revisions", path(&id))).await.is(200);
        let said: Vec<_> = kept["items"].as_array().unwrap().iter().map(|one| &one["practice"]["skill"]).collect();
        assert_eq!(said, ["library:delay_15", "library:urge_surfing"]);
        let worked = house.get(&maya, &format!("{MINE}/what-works")).await.is(200);
        assert_eq!(skills(&worked), ["library:urge_surfing"]);
    }

    async fn a_withdrawn_practice_leaves_a_tombstone_and_counts_in_nothing(house) {
        let clinic = house.clinic("harbor.example").await;
        let maya = &clinic.maya;
        let id = practise(&house, maya, "2026-03-02T18:00:00Z", "library:delay_15", 7, 4).await;
        house.delete(maya, &path(&id)).await.is(204);
        house.delete(maya, &path(&id)).await.is(204);
        house.get(maya, &path(&id)).await.refused(410, "");
        house.get(maya, &format!("{}/revisions", path(&id))).await.refused(410, "");
        house.get(&clinic.casey, &format!("/v1/participants/{}/coping/practices/{id}", maya.participant)).await.refused(410, "");
        let same = practice("2026-03-02T18:00:00Z", "library:delay_15", 7, 4);
        house.put(maya, &path(&id), same.clone()).await.refused(409, "");
        house.put(maya, &format!("{}/revisions/{}", path(&id), fresh_id()), json!({"practice": same})).await.refused(409, "");
        assert_eq!(house.get(maya, &format!("{MINE}/practices")).await.is(200)["items"], json!([]));
        assert_eq!(house.get(maya, &format!("{MINE}/what-works")).await.is(200)["items"], json!([]));
        house.delete(maya, &path(&fresh_id().to_string())).await.refused(404, "");
    }

    async fn an_id_of_somebody_elses_practice_means_nothing_here(house) {
        let clinic = house.clinic("harbor.example").await;
        let id = practise(&house, &clinic.maya, "2026-03-02T18:00:00Z", "library:delay_15", 7, 4).await;
        house.get(&clinic.theo, &path(&id)).await.refused(404, "");
        house.put(&clinic.theo, &path(&id), practice("2026-03-02T17:00:00Z", "library:call_someone", 5, 5)).await.is(201);
        assert_eq!(house.get(&clinic.maya, &path(&id)).await.is(200)["skill"], "library:delay_15");
        assert_eq!(house.get(&clinic.theo, &path(&id)).await.is(200)["skill"], "library:call_someone");
    }

    async fn practices_are_read_page_by_page_and_by_time(house) {
        let clinic = house.clinic("harbor.example").await;
        let maya = &clinic.maya;
        let mut all = vec![];
        for hour in [9, 12, 10, 11, 8] {
            all.push(practise(&house, maya, &format!("2026-03-01T{hour:02}:00:00Z"), "library:delay_15", 6, 3).await);
        }
        let (mut seen, mut after) = (vec![], String::new());
        loop {
            let page = house.get(maya, &format!("{MINE}/practices?limit=2{after}")).await.is(200);
            assert!(ids(&page).len() <= 2);
            seen.extend(ids(&page));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen, [1, 3, 2, 0, 4].map(|place: usize| all[place].clone()));
        let span = format!("{MINE}/practices?from=2026-03-01T09:00:00Z&until=2026-03-01T11:00:00Z");
        assert_eq!(ids(&house.get(maya, &span).await.is(200)), [all[2].clone(), all[0].clone()]);
        let same = house.get(&clinic.casey, &format!("/v1/participants/{}/coping/practices", maya.participant)).await.is(200);
        assert_eq!(ids(&same), seen);
        for (query, pointer) in [("after=garbage", "/after"), ("limit=0", "/limit"), ("colour=red", "/colour")] {
            house.get(maya, &format!("{MINE}/practices?{query}")).await.refused(422, pointer);
        }
    }

    async fn what_works_says_nothing_before_the_third_try(house) {
        let clinic = house.clinic("harbor.example").await;
        let maya = &clinic.maya;
        let works = format!("{MINE}/what-works");
        for (day, tries) in [(1, 1), (2, 2)] {
            practise(&house, maya, &format!("2026-02-{day:02}T18:00:00Z"), "library:brisk_walk", 8, 4).await;
            let worked = house.get(maya, &works).await.is(200);
            assert_eq!(worked["items"], json!([{"skill": "library:brisk_walk", "tries": tries, "claim": null}]));
        }
        let mut third = practice("2026-02-03T18:00:00Z", "library:brisk_walk", 8, 4);
        third["trigger"] = json!("conflict");
        house.put(maya, &path(&fresh_id().to_string()), third).await.is(201);
        let worked = house.get(maya, &works).await.is(200);
        assert_eq!((&worked["items"][0]["tries"], &worked["items"][0]["claim"]["mean_drop"]), (&json!(3), &json!(4.0)));
        let seen = house.get(&clinic.casey, &format!("/v1/participants/{}/coping/what-works", maya.participant)).await;
        assert_eq!(seen.is(200), worked);
        let quarrel = house.get(maya, &format!("{works}?trigger=conflict")).await.is(200);
        assert_eq!(quarrel["items"], json!([{"skill": "library:brisk_walk", "tries": 1, "claim": null}]));
        assert_eq!(house.get(maya, &format!("{works}?trigger=urges")).await.is(200)["items"], json!([]));
        house.get(maya, &format!("{works}?trigger=weather")).await.refused(422, "/trigger");
        let first = house.get(maya, &format!("{MINE}/suggestions?trigger=urges&intensity=5")).await.is(200)["items"][0].clone();
        assert_eq!((&first["skill"], &first["source"]), (&json!("library:brisk_walk"), &json!("evidence")));
        assert_eq!(first["reason"], json!({"kind": "helped", "tries": 3, "mean_drop": 4.0, "trigger": null}));
    }

    async fn choices_are_made_anew_and_only_by_the_participant(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, choices) = (&clinic.maya, format!("{MINE}/choices"));
        assert_eq!(house.get(maya, &choices).await.is(200), json!({"favourites": [], "cautions": []}));
        let first = json!({"favourites": ["library:self_soothe", "library:skill_of_tomorrow"], "cautions": ["injury"]});
        assert_eq!(house.put(maya, &choices, first.clone()).await.is(200), first);
        assert_eq!(house.get(&clinic.casey, &format!("/v1/participants/{}/coping/choices", maya.participant)).await.is(200), first);
        let list = house.get(maya, &format!("{MINE}/suggestions")).await.is(200);
        assert_eq!((skills(&list)[0], &list["items"][0]["source"]), ("library:self_soothe", &json!("favourite")));
        assert_eq!(list["items"].as_array().unwrap().len(), 8);
        let second = json!({"favourites": [], "cautions": ["trauma"]});
        house.put(maya, &choices, second.clone()).await.is(200);
        assert_eq!(house.get(maya, &choices).await.is(200), second);
        for (draft, pointer) in [
            (json!({"favourites": ["self_soothe"]}), "/favourites/0"),
            (json!({"cautions": ["boredom"]}), "/cautions/0"),
            (json!({"skills": []}), "/skills"),
            (json!({"favourites": (0..61).map(|n| format!("library:skill_{n}")).collect::<Vec<_>>()}), "/favourites"),
        ] {
            house.put(maya, &choices, draft).await.refused(422, pointer);
        }
        assert_eq!(house.get(maya, &choices).await.is(200), second);
    }

    async fn a_skill_with_a_caution_that_holds_is_never_suggested(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let held = ["heart_condition", "trauma"];
        for day in 1..=3 {
            practise(&house, &maya, &format!("2026-02-{day:02}T18:00:00Z"), "library:cold_water", 9, 1).await;
        }
        let liked = ["library:cold_water", "library:urge_surfing", "library:paced_breathing"];
        house.put(&maya, &format!("{MINE}/choices"), json!({"favourites": liked, "cautions": held})).await.is(200);
        let offered = house.get(&maya, "/v1/skills").await.is(200);
        let holds = |skill: &&Value| skill["cautions"].as_array().is_some_and(|all| all.iter().any(|one| held.contains(&one.as_str().unwrap())));
        let unfit: Vec<_> = offered["items"].as_array().unwrap().iter().filter(holds).map(|one| one["skill"].as_str().unwrap()).collect();
        assert!(unfit.contains(&"library:cold_water") && unfit.contains(&"library:urge_surfing"), "{unfit:?}");
        for trigger in ["negative_emotions", "physical_discomfort", "positive_emotions", "testing_control", "urges", "conflict", "social_pressure", "pleasant_times"] {
            for intensity in [0, 5, 9] {
                let list = house.get(&maya, &format!("{MINE}/suggestions?trigger={trigger}&intensity={intensity}")).await.is(200);
                assert_eq!((skills(&list)[0], skills(&list).len()), ("library:paced_breathing", 8), "{trigger} {intensity}");
                assert!(!skills(&list).iter().any(|skill| unfit.contains(skill)), "{list}");
            }
        }
        house.get(&maya, &format!("{MINE}/suggestions?intensity=11")).await.refused(422, "/intensity");
    }

    async fn an_assignment_is_done_by_practice_since_late_or_not(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        let at = format!("/v1/participants/{}/coping/assignments/{}", maya.participant, fresh_id());
        let draft = json!({"skill": "library:urge_surfing", "note": "Once a day.", "until": "2026-03-09"});
        practise(&house, maya, "2026-03-02T18:00:00Z", "library:urge_surfing", 6, 3).await;
        let made = house.put(casey, &at, draft.clone()).await.is(201);
        assert_eq!((&made["state"], &made["assigned_by"], &made["assigned_at"]), (&json!("open"), &json!(casey.account), &json!(START)));
        for (member, told) in draft.as_object().unwrap() {
            assert_eq!(&made[member], told, "{member}");
        }
        assert_eq!(house.put(casey, &at, draft.clone()).await.is(200), made);
        let other = json!({"skill": "library:urge_surfing", "until": "2026-03-09"});
        house.put(casey, &at, other).await.refused(409, "");
        assert_eq!(house.get(maya, &format!("{MINE}/assignments")).await.is(200)["items"], json!([made]));
        house.later(SignedDuration::from_mins(10));
        practise(&house, maya, "2026-03-02T18:45:00Z", "library:delay_15", 6, 3).await;
        assert_eq!(state(&house, maya).await, "open");
        let since = practise(&house, maya, "2026-03-02T18:45:00Z", "library:urge_surfing", 6, 3).await;
        assert_eq!(state(&house, maya).await, "done");
        assert_eq!(house.put(casey, &at, draft.clone()).await.is(200)["practised_at"], "2026-03-02T18:45:00Z");
        house.delete(maya, &path(&since)).await.is(204);
        assert_eq!(state(&house, maya).await, "open");
        // In New York the ninth is not over yet.
        house.at("2026-03-10T03:59:00Z");
        let maya = &house.sign_in(maya).await;
        assert_eq!(state(&house, maya).await, "open");
        house.later(SignedDuration::from_mins(2));
        assert_eq!(state(&house, maya).await, "over");
        practise(&house, maya, "2026-03-10T04:00:00Z", "library:urge_surfing", 6, 3).await;
        assert_eq!(state(&house, maya).await, "done");
        let casey = &house.sign_in(casey).await;
        house.delete(casey, &at).await.is(204);
        house.delete(casey, &at).await.is(204);
        assert_eq!(house.get(maya, &format!("{MINE}/assignments")).await.is(200)["items"], json!([]));
        house.put(casey, &at, draft).await.refused(409, "");
    }

    async fn a_skill_is_assigned_only_if_it_is_offered_and_does_no_harm(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        let all = format!("/v1/participants/{}/coping/assignments", maya.participant);
        house.put(maya, &format!("{MINE}/choices"), json!({"cautions": ["trauma"]})).await.is(200);
        for (skill, until, pointer) in [
            ("library:skill_of_tomorrow", "2026-03-09", "/skill"),
            ("organisation:019cb000-0000-7000-8000-000000000001", "2026-03-09", "/skill"),
            ("library:urge_surfing", "2026-03-09", "/skill"),
            ("urge_surfing", "2026-03-09", "/skill"),
            ("library:delay_15", "2026-03-01", "/until"),
            ("library:delay_15", "2027-03-04", "/until"),
            ("library:delay_15", "soon", "/until"),
        ] {
            let at = format!("{all}/{}", fresh_id());
            house.put(casey, &at, json!({"skill": skill, "until": until})).await.refused(422, pointer);
        }
        assert_eq!(house.get(casey, &all).await.is(200)["items"], json!([]));
        for until in ["2026-03-02", "2027-03-03"] {
            let at = format!("{all}/{}", fresh_id());
            house.put(casey, &at, json!({"skill": "library:delay_15", "until": until})).await.is(201);
        }
        house.delete(casey, &format!("{all}/{}", fresh_id())).await.refused(404, "");
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
        assert_eq!((&list["library_version"], list["cautions"].as_array().unwrap().len()), (&json!(1), 6));
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
        house.put(maya, &format!("{MINE}/choices"), json!({"favourites": [name]})).await.is(200);
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
        assert_eq!(skills(&house.get(maya, &format!("{MINE}/practices")).await.is(200)), [name]);
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
        for tag in ["1", "W/\"2\"", "*", "\"two\""] {
            edit(&house, sam, &at, tag, warmer.clone()).await.refused(400, "");
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

    async fn what_staff_read_of_somebodys_practice_is_in_the_journal(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        let id = practise(&house, maya, "2026-03-02T18:00:00Z", "library:delay_15", 7, 4).await;
        let record = format!("/v1/participants/{}/coping", maya.participant);
        let looks = [
            "choices", "assignments", "practices", &format!("practices/{id}"), &format!("practices/{id}/revisions"),
            "what-works", "suggestions",
        ];
        for look in looks {
            house.get(maya, &format!("{MINE}/{look}")).await.is(200);
            house.get(casey, &format!("{record}/{look}")).await.is(200);
        }
        let assignment = fresh_id().to_string();
        house.put(casey, &format!("{record}/assignments/{assignment}"), json!({"skill": "library:delay_15", "until": "2026-03-09"})).await.is(201);
        house.get(&clinic.admin, &format!("{record}/practices")).await.refused(403, "");
        house.put(&clinic.supervisor, &format!("{record}/assignments/{assignment}"), json!({"skill": "library:delay_15", "until": "2026-03-09"})).await.refused(403, "");
        let correction = json!({"practice": practice("2026-03-02T18:00:00Z", "library:delay_15", 7, 5)});
        house.put(maya, &format!("{}/revisions/{}", path(&id), fresh_id()), correction).await.is(201);
        for _ in 0..2 {
            house.put(maya, &format!("{MINE}/choices"), json!({"cautions": ["injury"]})).await.is(200);
        }
        house.delete(maya, &path(&id)).await.is(204);
        let journal = house.get(maya, "/v1/participants/me/journal?limit=200").await.is(200);
        let told = |who: &Person| -> Vec<(String, Value, String)> {
            let text = |entry: &Value, member: &str| entry[member].as_str().unwrap().to_owned();
            let items = journal["items"].as_array().unwrap().iter().rev();
            let own = items.filter(|entry| entry["actor"] == who.account.as_str() && entry["room"] == "coping");
            own.map(|entry| (text(entry, "act"), entry["entity"].clone(), text(entry, "outcome"))).collect()
        };
        let done = |act: &str, entity: Value| (act.to_owned(), entity, "done".to_owned());
        let id = json!(id);
        assert_eq!(told(casey), [
            done("read", Value::Null), done("read", Value::Null), done("read", Value::Null), done("read", id.clone()),
            done("read", id.clone()), done("read", Value::Null), done("read", Value::Null), done("assign", json!(assignment)),
        ]);
        assert_eq!(told(&clinic.admin), [("read".to_owned(), Value::Null, "refused".to_owned())]);
        assert_eq!(told(&clinic.supervisor), [("record".to_owned(), Value::Null, "refused".to_owned())]);
        assert_eq!(told(maya), [done("record", id.clone()), done("correct", id.clone()), done("change", Value::Null), done("withdraw", id)]);
    }

    async fn a_practice_that_cannot_be_is_named_and_not_stored(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let cases = [
            ("before", json!(11), "/before"),
            ("before", json!(-1), "/before"),
            ("before", json!(7.5), "/before"),
            ("after", json!("3"), "/after"),
            ("minutes", json!(601), "/minutes"),
            ("helpful", json!(5), "/helpful"),
            ("skill", json!("urge_surfing"), "/skill"),
            ("skill", json!("library:Urge Surfing"), "/skill"),
            ("skill", json!("organisation:tea"), "/skill"),
            ("skill", json!(null), "/skill"),
            ("trigger", json!("weather"), "/trigger"),
            ("craving", json!("the last one"), "/craving"),
            ("note", json!("nul\u{0}"), "/note"),
            ("note", json!("x".repeat(2_001)), "/note"),
            ("time_zone", json!("Mars/Olympus"), "/time_zone"),
            ("occurred_at", json!("2026-02-30T00:00:00Z"), "/occurred_at"),
            ("local_day", json!("2026-03-02"), "/local_day"),
            ("colour", json!("red"), "/colour"),
        ];
        for (member, value, pointer) in cases {
            let mut draft = full();
            draft[member] = value;
            house.put(&maya, &path(&fresh_id().to_string()), draft).await.refused(422, pointer);
        }
        for member in ["occurred_at", "time_zone", "skill", "before", "after"] {
            let mut draft = full();
            draft.as_object_mut().unwrap().remove(member);
            house.put(&maya, &path(&fresh_id().to_string()), draft).await.refused(422, &format!("/{member}"));
        }
        house.put(&maya, &path("1"), full()).await.refused(400, "");
        assert_eq!(house.get(&maya, &format!("{MINE}/practices")).await.is(200)["items"], json!([]));
        let id = practise(&house, &maya, "2026-03-02T18:00:00Z", "library:skill_of_tomorrow", 0, 10).await;
        let wrong = json!({"practice": practice("2026-03-02T18:00:00Z", "library:delay_15", 12, 5)});
        house.put(&maya, &format!("{}/revisions/{}", path(&id), fresh_id()), wrong).await.refused(422, "/practice/before");
        assert_eq!(house.get(&maya, &path(&id)).await.is(200)["revision"], 1);
    }
}
