//! Who saw or did what to a participant's record, and when.

use crate::house::{Person, TestHouse};
use crate::story;
use evenkeel_tests::fresh_id;
use serde_json::{Value, json};

/// All entries of a record, in order.
pub(crate) async fn entries(house: &TestHouse, who: &Person, whose: &str) -> Vec<Value> {
    let (mut all, mut after) = (vec![], String::new());
    loop {
        let page = house.get(who, &format!("/v1/participants/{whose}/journal?limit=20{after}")).await.is(200);
        all.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    all.sort_by_key(|entry| entry["seq"].as_i64().unwrap());
    all
}

/// The entries of what somebody did in one room.
pub(crate) fn told<'a>(entries: &'a [Value], who: &Person, act: &str, room: &str) -> Vec<&'a Value> {
    let of = |entry: &&Value| {
        entry["actor"] == who.account.as_str() && entry["act"] == act && entry["room"] == room
    };
    entries.iter().filter(of).collect()
}

story! {
    async fn a_participant_sees_who_looked(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        let id = house.craving(maya, "2026-03-02T18:00:00Z", 6).await;
        let record = format!("/v1/participants/{}", maya.participant);
        house.get(casey, &format!("{record}/cravings/{id}")).await.is(200);
        let seen = entries(&house, maya, "me").await;
        let look = told(&seen, casey, "read", "craving");
        assert_eq!(look.len(), 1, "{seen:#?}");
        assert_eq!((&look[0]["entity"], &look[0]["actor_role"], &look[0]["outcome"]), (&json!(id), &json!("counselor"), &json!("done")));
        assert_eq!(look[0]["at"], "2026-03-02T18:40:00Z");
        house.get(casey, &format!("{record}/cravings")).await.is(200);
        house.get(casey, &format!("{record}/trends?from=2026-03-01&to=2026-03-02")).await.is(200);
        house.get(casey, &format!("{record}/trends.svg?from=2026-03-01&to=2026-03-02")).await.is(200);
        house.get(casey, &format!("{record}/reminders")).await.is(200);
        let seen = entries(&house, maya, "me").await;
        assert_eq!(told(&seen, casey, "read", "craving").len(), 2);
        assert_eq!(told(&seen, casey, "read", "trend").len(), 2);
        assert_eq!(told(&seen, casey, "read", "reminder").len(), 1);
    }

    async fn a_look_at_the_caseload_is_in_the_journal_of_each_on_it(house) {
        let clinic = house.clinic("harbor.example").await;
        house.get(&clinic.casey, "/v1/participants").await.is(200);
        assert_eq!(told(&entries(&house, &clinic.maya, "me").await, &clinic.casey, "read", "trend").len(), 1);
        assert!(told(&entries(&house, &clinic.theo, "me").await, &clinic.casey, "read", "trend").is_empty());
    }

    async fn what_a_participant_did_is_there_in_order_without_a_gap(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let id = house.craving(&maya, "2026-03-02T18:00:00Z", 6).await;
        let path = format!("/v1/participants/me/cravings/{id}");
        let rating = json!({"rated_at": "2026-03-02T18:10:00Z", "intensity": 3});
        house.put(&maya, &format!("{path}/ratings/{}", fresh_id()), rating).await.is(201);
        house.put(&maya, &format!("{path}/outcome"), json!({"outcome": "passed", "observed_at": "2026-03-02T18:20:00Z"})).await.is(200);
        let draft = crate::house::craving("2026-03-02T18:00:00Z", 5);
        house.put(&maya, &format!("{path}/revisions/{}", fresh_id()), json!({"craving": draft})).await.is(201);
        house.delete(&maya, &path).await.is(204);
        let all = entries(&house, &maya, "me").await;
        let own: Vec<_> = all.iter().filter(|entry| entry["room"] == "craving").map(|entry| entry["act"].as_str().unwrap()).collect();
        assert_eq!(own, ["record", "rate", "conclude", "correct", "withdraw"]);
        for (place, entry) in (1..).zip(&all) {
            assert_eq!(entry["seq"], json!(place), "{all:#?}");
        }
        let text = json!(all).to_string();
        assert!(!text.contains("intensity") && !text.contains("time_zone"), "never content");
    }

    async fn a_refused_request_changes_nothing_but_leaves_its_mark(house) {
        let clinic = house.clinic("harbor.example").await;
        let record = format!("/v1/participants/{}", clinic.maya.participant);
        house.get(&clinic.admin, &format!("{record}/cravings")).await.refused(403, "");
        let seen = entries(&house, &clinic.maya, "me").await;
        let tries: Vec<_> = seen.iter().filter(|entry| entry["actor"] == clinic.admin.account.as_str()).collect();
        assert_eq!(tries.len(), 1, "{seen:#?}");
        assert_eq!(tries[0]["outcome"], "refused");
    }

    async fn every_act_refused_to_her_own_counselor_leaves_its_mark(house) {
        let clinic = house.clinic("harbor.example").await;
        let record = format!("/v1/participants/{}", clinic.maya.participant);
        let craving = crate::house::craving("2026-03-02T18:00:00Z", 5);
        house.put(&clinic.casey, &format!("{record}/cravings/{}", fresh_id()), craving).await.refused(403, "");
        house.get(&clinic.casey, &format!("{record}/journal")).await.refused(403, "");
        let seen = entries(&house, &clinic.maya, "me").await;
        for (act, room) in [("record", "craving"), ("read", "journal")] {
            let tries = told(&seen, &clinic.casey, act, room);
            assert_eq!(tries.len(), 1, "{seen:#?}");
            assert_eq!(tries[0]["outcome"], "refused");
        }
    }

    async fn a_participant_never_learns_from_the_journal_who_else_is_in_treatment(house) {
        let clinic = house.clinic("harbor.example").await;
        let record = format!("/v1/participants/{}", clinic.maya.participant);
        house.get(&clinic.theo, &format!("{record}/cravings")).await.refused(404, "");
        let answer = house.get(&clinic.maya, "/v1/participants/me/journal").await;
        for secret in ["Theo", &clinic.theo.account, &clinic.theo.participant, &crate::account::session(&clinic.theo)] {
            assert!(!answer.text.contains(secret), "{secret} in {}", answer.text);
        }
        let refused = |page: Value| page["items"].as_array().unwrap().iter().find(|entry| entry["outcome"] == "refused").unwrap().clone();
        let try_seen = refused(answer.is(200));
        assert_eq!((&try_seen["actor_role"], &try_seen["room"]), (&json!("participant"), &json!("craving")));
        let own = entries(&house, &clinic.maya, "me").await;
        assert!(own.iter().filter(|entry| entry["outcome"] == "done").all(|entry| entry["actor"].is_string()), "{own:#?}");
        let told = refused(house.get(&clinic.supervisor, &format!("{record}/journal")).await.is(200));
        assert_eq!((&told["actor"], &told["actor_name"]), (&json!(clinic.theo.account), &json!("Theo K.")));
        assert!(told["device"].is_string(), "{told}");
    }

    async fn nobody_floods_a_journal_by_being_refused(house) {
        let clinic = house.clinic("harbor.example").await;
        let record = format!("/v1/participants/{}", clinic.maya.participant);
        let refused = async || entries(&house, &clinic.maya, "me").await.iter().filter(|entry| entry["outcome"] == "refused").count();
        for _ in 0..3 {
            house.get(&clinic.theo, &format!("{record}/cravings")).await.refused(404, "");
        }
        assert_eq!(refused().await, 1);
        house.get(&clinic.theo, &format!("{record}/trends")).await.refused(404, "");
        house.get(&clinic.drew, &format!("{record}/cravings")).await.refused(404, "");
        assert_eq!(refused().await, 3, "another room and another person are told of");
        for _ in 0..120 {
            house.get(&clinic.supervisor, &format!("{record}/reminders")).await.is(200);
        }
        house.get(&clinic.theo, &format!("{record}/cravings")).await.refused(404, "");
        assert_eq!(refused().await, 3, "however much happens in between");
        house.later(jiff::SignedDuration::from_mins(61));
        house.get(house.sign_in(&clinic.theo).await, &format!("{record}/cravings")).await.refused(404, "");
        let maya = house.sign_in(&clinic.maya).await;
        assert_eq!(entries(&house, &maya, "me").await.iter().filter(|entry| entry["outcome"] == "refused").count(), 4);
    }

    async fn a_repeated_upload_is_journaled_once(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let path = format!("/v1/participants/me/cravings/{}", fresh_id());
        for status in [201, 200, 200] {
            house.put(&maya, &path, crate::craving::full()).await.is(status);
        }
        assert_eq!(told(&entries(&house, &maya, "me").await, &maya, "record", "craving").len(), 1);
    }

    async fn the_journal_is_for_the_participant_and_the_supervisor(house) {
        let clinic = house.clinic("harbor.example").await;
        let path = format!("/v1/participants/{}/journal", clinic.maya.participant);
        house.get(&clinic.supervisor, &path).await.is(200);
        house.get(&clinic.casey, &path).await.refused(403, "");
        house.get(&clinic.admin, &path).await.refused(403, "");
        house.get(&clinic.theo, &path).await.refused(404, "");
    }
}
