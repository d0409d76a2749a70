//! Lapses: read alone, corrected, seen by who treats the person.

use super::{MINE, about, course, lapse, lapsed, looked_back};
use crate::journal::{entries, told};
use crate::story;
use evenkeel_tests::fresh_id;
use serde_json::json;

story! {
    async fn a_lapse_is_read_alone_with_its_debrief(house) {
        let clinic = house.clinic("harbor.example").await;
        let maya = &clinic.maya;
        let id = lapsed(&house, maya, lapse("2026-03-02T01:00:00Z", "single_use")).await;
        looked_back(&house, maya, &id, "\"0\"", json!({"trigger": "urges"})).await.is(200);
        let read = house.get(maya, &format!("{MINE}/lapses/{id}")).await.is(200);
        assert_eq!(read, house.get(maya, MINE).await.is(200)["lapses"][0]);
        assert_eq!((&read["debrief"]["revision"], &read["debrief"]["content"]["trigger"]), (&json!(1), &json!("urges")));
        let hers = format!("/v1/participants/{}/recovery/lapses/{id}", maya.participant);
        assert_eq!(house.get(&clinic.casey, &hers).await.is(200), read);
        house.get(maya, &format!("{MINE}/lapses/{}", fresh_id())).await.refused(404, "");
        house.delete(maya, &format!("{MINE}/lapses/{id}")).await.is(204);
        house.get(maya, &format!("{MINE}/lapses/{id}")).await.refused(410, "");
        let seen = entries(&house, maya, "me").await;
        assert_eq!(told(&seen, &clinic.casey, "read", "recovery")[0]["entity"], id.as_str());
    }

    async fn a_lapse_is_corrected_and_keeps_its_debrief_and_what_it_said_before(house) {
        let clinic = house.clinic("harbor.example").await;
        let maya = &clinic.maya;
        let sent = lapse("2026-03-02T01:00:00Z", "single_use");
        let id = lapsed(&house, maya, sent.clone()).await;
        looked_back(&house, maya, &id, "\"0\"", json!({"trigger": "urges"})).await.is(200);
        let at = format!("{MINE}/lapses/{id}");
        let own = house.get(maya, &format!("{at}/revisions")).await.is(200);
        assert_eq!((own["items"].as_array().unwrap().len(), &own["items"][0]["lapse"]), (1, &sent));
        let mut right = sent.clone();
        (right["substance"], right["occurred_at"]) = (json!("opioids"), json!("2026-03-01T01:00:00Z"));
        let (correction, revision) = (json!({"reason": "It was not a drink", "lapse": right}), fresh_id());
        let corrected = house.put(maya, &format!("{at}/revisions/{revision}"), correction.clone()).await.is(201);
        assert_eq!(about(&corrected)[0], "overdose");
        assert_eq!((&corrected["local_day"], &corrected["revision"], &corrected["debrief"]["revision"]), (&json!("2026-02-28"), &json!(2), &json!(1)));
        assert_eq!(house.put(maya, &format!("{at}/revisions/{revision}"), correction.clone()).await.is(200), corrected);
        house.put(maya, &format!("{at}/revisions/{revision}"), json!({"lapse": sent})).await.refused(409, "");
        assert_eq!(house.put(maya, &at, sent.clone()).await.is(200), corrected, "what was sent first, sent again, is no clash");
        house.put(maya, &at, right).await.refused(409, "");
        house.put(maya, &format!("{at}/revisions/{}", fresh_id()), json!({"lapse": {"substance": "sugar"}})).await.refused(422, "/lapse/substance");
        let other = lapsed(&house, maya, sent.clone()).await;
        let own = house.put(maya, &format!("{MINE}/lapses/{other}/revisions/{other}"), json!({"lapse": sent})).await.refused(409, "");
        assert!(own["detail"].as_str().unwrap().contains("under a new id"), "{own}");
        house.delete(maya, &format!("{MINE}/lapses/{other}")).await.is(204);
        let read = house.get(&clinic.casey, &format!("/v1/participants/{}/recovery/lapses/{id}/revisions", maya.participant)).await.is(200);
        let said: Vec<_> = read["items"].as_array().unwrap().iter().map(|one| (&one["revision"], &one["lapse"]["substance"])).collect();
        assert_eq!(said, [(&json!(1), &json!("alcohol")), (&json!(2), &json!("opioids"))]);
        let courses = house.get(maya, MINE).await.is(200)["courses"].clone();
        assert_eq!((courses.as_array().unwrap().len(), &courses[0]["substance"]), (1, &json!("opioids")));
        house.delete(maya, &at).await.is(204);
        house.put(maya, &format!("{at}/revisions/{}", fresh_id()), correction).await.refused(409, "");
        house.get(maya, &format!("{at}/revisions")).await.refused(410, "");
        let seen = entries(&house, maya, "me").await;
        assert_eq!(told(&seen, maya, "correct", "recovery").len(), 1);
    }

    async fn a_lapse_may_be_corrected_to_after_it_was_first_told(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let id = lapsed(&house, &maya, lapse("2026-03-01T18:00:00Z", "single_use")).await;
        house.later(jiff::SignedDuration::from_hours(24));
        let correction = json!({"lapse": lapse("2026-03-03T12:00:00Z", "single_use")});
        let maya = house.sign_in(&maya).await;
        let corrected = house.put(&maya, &format!("{MINE}/lapses/{id}/revisions/{}", fresh_id()), correction).await.is(201);
        assert_eq!((&corrected["local_day"], &corrected["clock_suspect"]), (&json!("2026-03-03"), &json!(false)));
        assert_eq!(course(&house, &maya).await["last_lapse_on"], "2026-03-03");
    }

    async fn a_lapse_stands_out_in_the_caseload_until_somebody_acknowledges_it(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        let line = async || house.get(casey, "/v1/participants").await.is(200)["items"][0].clone();
        let quiet = line().await;
        assert_eq!((quiet.get("last_lapse"), &quiet["needs_attention"]), (None, &json!(false)));
        let mut draft = lapse("2026-03-01T12:00:00Z", "single_use");
        draft["substance"] = json!("opioids");
        let id = lapsed(&house, maya, draft).await;
        let alert = line().await;
        assert_eq!(alert["needs_attention"], true);
        assert_eq!(alert["last_lapse"], json!({
            "id": id, "substance": "opioids", "outcome": "single_use", "occurred_at": "2026-03-01T12:00:00Z",
            "local_day": "2026-03-01", "received_at": alert["last_lapse"]["received_at"], "revision": 1, "acknowledged": false,
        }));
        let close = lapsed(&house, maya, lapse("2026-03-02T12:00:00Z", "near_miss")).await;
        assert_eq!(line().await["last_lapse"]["id"], id.as_str(), "what needs attention comes first");
        house.at("2026-03-20T12:00:00Z");
        let (maya, casey) = (&house.sign_in(maya).await, &house.sign_in(casey).await);
        let supervisor = house.sign_in(&clinic.supervisor).await;
        let line = async || house.get(casey, "/v1/participants").await.is(200)["items"][0].clone();
        assert_eq!(line().await["needs_attention"], true, "until it is acknowledged");
        let hers = format!("/v1/participants/{}/recovery/lapses/{id}", maya.participant);
        let seen = format!("{hers}/acknowledgement");
        for who in [casey, casey, &supervisor] {
            house.acknowledge(who, &seen, 1).await.is(204);
        }
        let done = line().await;
        assert_eq!((done.get("last_lapse"), &done["needs_attention"]), (None, &json!(false)), "and 14 days have passed");
        let read = house.get(maya, &format!("{MINE}/lapses/{id}")).await.is(200);
        assert_eq!(read["acknowledged"]["by"], json!(casey.account), "the first time stands");
        let again = lapsed(&house, maya, lapse("2026-03-19T12:00:00Z", "returned_to_use")).await;
        assert_eq!((&line().await["last_lapse"]["id"], &line().await["needs_attention"]), (&json!(again), &json!(true)));
        house.delete(maya, &format!("{MINE}/lapses/{again}")).await.is(204);
        assert_eq!(line().await["needs_attention"], false, "what was taken back does not stand out");
        house.acknowledge(casey, &format!("/v1/participants/{}/recovery/lapses/{again}/acknowledgement", maya.participant), 1).await.refused(409, "");
        house.acknowledge(maya, &format!("{MINE}/lapses/{close}/acknowledgement"), 1).await.refused(403, "");
        let journal = entries(&house, maya, "me").await;
        assert_eq!(told(&journal, casey, "acknowledge", "recovery").len(), 1, "{journal:#?}");
        assert_eq!(told(&journal, &supervisor, "acknowledge", "recovery").len(), 0);
    }

    async fn nobody_acknowledges_what_they_have_not_seen(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        let id = lapsed(&house, maya, lapse("2026-03-01T12:00:00Z", "single_use")).await;
        let seen = format!("/v1/participants/{}/recovery/lapses/{id}/acknowledgement", maya.participant);
        house.call("PUT", &seen, casey, None).await.refused(428, "");
        let mut worse = lapse("2026-03-01T12:00:00Z", "returned_to_use");
        worse["substance"] = json!("opioids");
        house.put(maya, &format!("{MINE}/lapses/{id}/revisions/{}", fresh_id()), json!({"lapse": worse})).await.is(201);
        house.acknowledge(casey, &seen, 1).await.refused(412, "");
        let line = house.get(casey, "/v1/participants").await.is(200)["items"][0].clone();
        assert_eq!((&line["last_lapse"]["revision"], &line["needs_attention"]), (&json!(2), &json!(true)));
        house.acknowledge(casey, &seen, 2).await.is(204);
    }

    async fn a_lapse_that_is_refused_is_answered_with_guidance_all_the_same(house) {
        let clinic = house.clinic("harbor.example").await;
        let maya = &clinic.maya;
        let mut draft = lapse("2026-03-01T12:00:00Z", "single_use");
        draft["substance"] = json!("opioids");
        for (field, wrong) in [("note", json!("x".repeat(2001))), ("time_zone", json!("GMT-05:00")), ("substance", json!("fentanyl")), ("mood", json!(1))] {
            let mut draft = draft.clone();
            draft[field] = wrong;
            let refused = house.put(maya, &format!("{MINE}/lapses/{}", fresh_id()), draft).await.refused(422, &format!("/{field}"));
            assert_eq!(about(&refused)[0], "overdose", "{field}");
        }
        let id = lapsed(&house, maya, lapse("2026-03-01T12:00:00Z", "near_miss")).await;
        let taken = house.put(maya, &format!("{MINE}/lapses/{id}"), draft.clone()).await.refused(409, "");
        assert_eq!(about(&taken)[0], "overdose");
        house.delete(maya, &format!("{MINE}/lapses/{id}")).await.is(204);
        let gone = house.put(maya, &format!("{MINE}/lapses/{id}/revisions/{}", fresh_id()), json!({"lapse": draft})).await.refused(409, "");
        assert_eq!(about(&gone)[0], "overdose");
        let staff = house.put(&clinic.casey, &format!("/v1/participants/{}/recovery/lapses/{}", maya.participant, fresh_id()), draft).await.refused(403, "");
        assert_eq!(staff.get("guidance"), None);
    }
}
