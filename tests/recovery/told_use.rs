//! Use that cravings and check-ins tell of reaches who treats the person, whether or not a lapse is told.

use super::{MINE, lapse, lapsed};
use crate::check_in::{answered, daily, weekly};
use crate::house::{Person, TestHouse, craving};
use crate::journal::{entries, told};
use crate::story;
use evenkeel_tests::fresh_id;
use serde_json::{Value, json};

/// Logs a craving that ended in use.
async fn used(house: &TestHouse, who: &Person, occurred_at: &str, substance: Option<&str>) -> String {
    let id = fresh_id().to_string();
    let mut draft = craving(occurred_at, 8);
    draft["outcome"] = json!("lapsed");
    if let Some(substance) = substance {
        draft["substance"] = json!(substance);
    }
    house.put(who, &format!("/v1/participants/me/cravings/{id}"), draft).await.is(201);
    id
}

/// The first of a counselor's caseload.
async fn line(house: &TestHouse, counselor: &Person) -> Value {
    house.get(counselor, "/v1/participants").await.is(200)["items"][0].clone()
}

/// Acknowledges what an entry tells.
async fn seen(house: &TestHouse, who: &Person, whose: &Person, id: &str) -> crate::house::Answer {
    let path = format!("/v1/participants/{}/recovery/told-uses/{id}/acknowledgement", whose.participant);
    house.call("PUT", &path, who, None).await
}

story! {
    async fn use_told_with_a_craving_stands_out_in_the_caseload_until_somebody_acknowledges_it(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        assert_eq!(line(&house, casey).await.get("told_use"), None);
        let id = used(&house, maya, "2026-03-01T12:00:00Z", Some("opioids")).await;
        let alert = line(&house, casey).await;
        let expected = json!({
            "id": id, "kind": "craving", "from": "2026-03-01", "to": "2026-03-01", "substance": "opioids",
            "told_at": "2026-03-02T18:40:00Z",
        });
        assert_eq!((&alert["told_use"], &alert["needs_attention"]), (&expected, &json!(true)));
        assert_eq!(line(&house, &clinic.supervisor).await["told_use"], expected);
        assert!(!house.get(&clinic.drew, "/v1/participants").await.text.contains(&id), "only who treats Maya");
        let own = house.get(maya, MINE).await.is(200);
        assert_eq!((&own["told_uses"], &own["courses"], &own["lapses"]), (&json!([expected]), &json!([]), &json!([])));
        let later = used(&house, maya, "2026-03-02T12:00:00Z", Some("alcohol")).await;
        assert_eq!(line(&house, casey).await["told_use"], expected, "what can kill comes first");
        for who in [casey, casey, &clinic.supervisor] {
            seen(&house, who, maya, &id).await.is(204);
        }
        seen(&house, maya, maya, &id).await.refused(403, "");
        seen(&house, casey, maya, &fresh_id().to_string()).await.refused(404, "");
        assert_eq!(line(&house, casey).await["told_use"]["id"], later.as_str());
        seen(&house, casey, maya, &later).await.is(204);
        let quiet = line(&house, casey).await;
        assert_eq!((quiet.get("told_use"), &quiet["needs_attention"]), (None, &json!(false)));
        let own = house.get(maya, MINE).await.is(200);
        assert_eq!(own["told_uses"][1]["acknowledged"]["by"], casey.account.as_str());
        let journal = entries(&house, maya, "me").await;
        assert_eq!(told(&journal, casey, "acknowledge", "recovery").len(), 2, "{journal:#?}");
        assert_eq!(told(&journal, &clinic.supervisor, "acknowledge", "recovery").len(), 0);
    }

    async fn a_lapse_that_is_told_takes_the_place_of_what_a_craving_told(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        // At 23:30 in New York; the lapse is told after midnight.
        let id = used(&house, maya, "2026-03-02T04:30:00Z", Some("alcohol")).await;
        assert_eq!(line(&house, casey).await["told_use"]["id"], id.as_str());
        let told = lapsed(&house, maya, lapse("2026-03-02T05:30:00Z", "single_use")).await;
        let once = line(&house, casey).await;
        assert_eq!((once.get("told_use"), &once["last_lapse"]["id"]), (None, &json!(told)));
        house.call("PUT", &format!("/v1/participants/{}/recovery/lapses/{told}/acknowledgement", maya.participant), casey, None).await.is(204);
        assert_eq!(line(&house, casey).await["needs_attention"], false);
        house.delete(maya, &format!("{MINE}/lapses/{told}")).await.is(204);
        assert_eq!(line(&house, casey).await["told_use"]["id"], id.as_str(), "the craving still tells of it");
    }

    async fn use_that_a_craving_tells_no_more_stands_out_no_more(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        let of = |id: &str| format!("/v1/participants/me/cravings/{id}");
        let id = house.craving(maya, "2026-03-02T12:00:00Z", 8).await;
        let ended = json!({"outcome": "lapsed", "observed_at": "2026-03-02T13:00:00Z"});
        house.put(maya, &format!("{}/outcome", of(&id)), ended).await.is(200);
        assert_eq!(line(&house, casey).await["told_use"], json!({
            "id": id, "kind": "craving", "from": "2026-03-02", "to": "2026-03-02", "told_at": "2026-03-02T18:40:00Z",
        }));
        seen(&house, casey, maya, &id).await.is(204);
        let mut right = craving("2026-03-02T12:00:00Z", 8);
        (right["outcome"], right["substance"]) = (json!("lapsed"), json!("opioids"));
        house.put(maya, &format!("{}/revisions/{}", of(&id), fresh_id()), json!({"craving": right})).await.is(201);
        assert_eq!(line(&house, casey).await["told_use"]["substance"], "opioids", "that is news");
        right["outcome"] = json!("passed");
        house.put(maya, &format!("{}/revisions/{}", of(&id), fresh_id()), json!({"craving": right})).await.is(201);
        assert_eq!(line(&house, casey).await.get("told_use"), None);
        let other = used(&house, maya, "2026-03-02T14:00:00Z", None).await;
        assert_eq!(line(&house, casey).await["told_use"]["id"], other.as_str());
        house.delete(maya, &of(&other)).await.is(204);
        assert_eq!(line(&house, casey).await["needs_attention"], false);
        seen(&house, casey, maya, &other).await.refused(404, "");
        assert_eq!(house.get(maya, MINE).await.is(200)["told_uses"], json!([]));
    }

    async fn use_told_in_a_check_in_stands_out_in_the_caseload(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        let mut day = daily("2026-03-01T18:00:00Z", 4);
        day["answers"]["any_use"] = json!(true);
        let id = answered(&house, maya, day.clone()).await["id"].clone();
        assert_eq!(line(&house, casey).await["told_use"], json!({
            "id": id, "kind": "check_in", "from": "2026-03-01", "to": "2026-03-01", "told_at": "2026-03-02T18:40:00Z",
        }));
        // The same day answered anew: it was not so.
        (day["answers"]["any_use"], day["occurred_at"]) = (json!(false), json!("2026-03-01T19:00:00Z"));
        answered(&house, maya, day).await;
        assert_eq!(line(&house, casey).await.get("told_use"), None);
        let mut week = weekly("2026-03-02T18:00:00Z", &[]);
        week["day"] = json!("2026-02-23");
        week["answers"]["alcohol_days"] = json!(2);
        answered(&house, maya, week).await;
        let shown = line(&house, casey).await["told_use"].clone();
        assert_eq!((&shown["from"], &shown["to"], &shown["substance"]), (&json!("2026-02-23"), &json!("2026-03-01"), &json!("alcohol")));
        lapsed(&house, maya, lapse("2026-02-26T18:00:00Z", "single_use")).await;
        assert_eq!(line(&house, casey).await.get("told_use"), None, "a lapse of that week tells of it");
    }
}
