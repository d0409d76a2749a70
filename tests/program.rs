//! The level of care: recorded by staff, seen by the participant, and what the plan makes of it.

use crate::house::{Clinic, Person, START, TestHouse};
use crate::journal::{entries, told};
use crate::plan::plan;
use crate::story;
use evenkeel_tests::fresh_id;
use serde_json::{Value, json};

const TODAY: &str = "2026-03-02";

fn of(who: &Person, what: &str) -> String {
    format!("/v1/participants/{}/{what}", who.participant)
}

/// A step to a level of care.
pub(crate) fn step(level: &str, since: &str) -> Value {
    json!({"level": level, "since": since})
}

/// Maya's counselor records a step, unless she is at this level on that day already.
pub(crate) async fn stepped(house: &TestHouse, clinic: &Clinic, level: &str, since: &str) -> String {
    let id = fresh_id().to_string();
    let answer =
        house.put(&clinic.casey, &of(&clinic.maya, &format!("care/steps/{id}")), step(level, since)).await;
    assert!([201, 409].contains(&answer.status), "{}", answer.text);
    id
}

/// A plan that is to be looked at again on a day.
fn reviewed(on: &str) -> Value {
    let mut draft = plan();
    draft["review_on"] = json!(on);
    draft
}

/// What a plan lacks about its review.
fn review_gap(plan: &Value) -> Option<&str> {
    let gaps = plan["completeness"]["gaps"].as_array().unwrap();
    gaps.iter().find(|gap| gap["section"] == "review").map(|gap| gap["code"].as_str().unwrap())
}

story! {
    async fn with_nothing_recorded_somebody_is_in_intensive_outpatient_care(house) {
        let clinic = house.clinic("harbor.example").await;
        for who in [&clinic.maya, &clinic.casey, &clinic.supervisor] {
            let care = house.get(who, &of(&clinic.maya, "care")).await.is(200);
            assert_eq!(care, json!({"level": "intensive_outpatient", "history": []}));
        }
    }

    async fn a_counselor_records_aftercare_and_the_plan_may_wait_90_days(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        let plan = of(maya, "plan");
        let problem = house.put_on(maya, &plan, "\"0\"", reviewed("2026-03-17")).await.refused(422, "/review_on");
        assert!(problem["detail"].as_str().unwrap().contains("at most 14 days"), "{problem}");

        let id = fresh_id().to_string();
        let path = of(maya, &format!("care/steps/{id}"));
        let recorded = house.put(casey, &path, step("aftercare", TODAY)).await.is(201);
        assert_eq!(recorded, json!({
            "id": id, "level": "aftercare", "since": TODAY, "recorded_by": casey.account, "recorded_at": START,
        }));
        house.later(jiff::SignedDuration::from_mins(5));
        assert_eq!(house.put(casey, &path, step("aftercare", TODAY)).await.is(200), recorded, "sent again, it is the same");
        let care = house.get(maya, "/v1/participants/me/care").await.is(200);
        assert_eq!(care, json!({"level": "aftercare", "since": TODAY, "history": [recorded]}));

        let problem = house.put_on(maya, &plan, "\"0\"", reviewed("2026-06-01")).await.refused(422, "/review_on");
        assert!(problem["detail"].as_str().unwrap().contains("at most 90 days"), "{problem}");
        let saved = house.put_on(maya, &plan, "\"0\"", reviewed("2026-05-31")).await.is(201);
        assert_eq!(review_gap(&saved), None);

        let seen = entries(&house, maya, "me").await;
        let steps = told(&seen, casey, "record", "program");
        assert_eq!(steps.len(), 1, "{seen:#?}");
        assert_eq!(told(&seen, casey, "read", "program").len(), 1, "the step that was sent again was shown");
        assert_eq!((&steps[0]["entity"], &steps[0]["outcome"], &steps[0]["at"]), (&json!(id), &json!("done"), &json!(START)));
    }

    async fn back_in_intensive_outpatient_care_a_far_review_is_a_gap_and_blocks_nothing(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, plan) = (&clinic.maya, of(&clinic.maya, "plan"));
        stepped(&house, &clinic, "aftercare", "2026-02-20").await;
        let mut draft = reviewed("2026-05-31");
        let saved = house.put_on(maya, &plan, "\"0\"", draft.clone()).await;
        let tag = saved.header("etag");
        assert_eq!(review_gap(&saved.is(201)), None);
        stepped(&house, &clinic, "intensive_outpatient", TODAY).await;

        let found = house.get_unless(maya, &plan, &tag).await.is(200);
        assert_eq!(review_gap(&found), Some("review_too_far"), "and the copy at hand is no longer the newest");
        draft["lapse_steps"][0]["words"] = json!("Call Noor");
        let saved = house.put_on(maya, &plan, "\"1\"", draft.clone()).await.is(201);
        assert_eq!(review_gap(&saved), Some("review_too_far"));
        let proposal = json!({"kind": "add_lapse_step", "words": "Drink a glass of water"});
        let accept = json!({"proposal": proposal, "id": fresh_id()});
        house.call_with("POST", &of(maya, "plan/proposals/accept"), maya, &[("if-match", "\"2\"")], Some(accept)).await.is(201);
        draft["review_on"] = json!("2026-05-30");
        house.put_on(maya, &plan, "\"3\"", draft.clone()).await.refused(422, "/review_on");
        draft["review_on"] = json!("2026-03-16");
        assert_eq!(review_gap(&house.put_on(maya, &plan, "\"3\"", draft).await.is(201)), None);
    }

    async fn a_step_that_is_planned_counts_from_its_day_by_the_participants_calendar(house) {
        let clinic = house.clinic("harbor.example").await;
        let care = of(&clinic.maya, "care");
        stepped(&house, &clinic, "aftercare", "2026-03-03").await;
        let before = house.get(&clinic.casey, &care).await.is(200);
        assert_eq!((&before["level"], before.get("since"), &before["history"][0]["since"]), (&json!("intensive_outpatient"), None, &json!("2026-03-03")));
        house.at("2026-03-03T04:59:00Z");
        let maya = house.sign_in(&clinic.maya).await;
        assert_eq!(house.get(&maya, &care).await.is(200), before, "still the evening before in New York");
        house.at("2026-03-03T05:00:00Z");
        let after = house.get(&maya, &care).await.is(200);
        assert_eq!((&after["level"], &after["since"]), (&json!("aftercare"), &json!("2026-03-03")));
    }

    async fn a_step_stated_wrongly_is_put_right_by_another_and_both_are_kept(house) {
        let clinic = house.clinic("harbor.example").await;
        let first = stepped(&house, &clinic, "aftercare", "2026-02-20").await;
        let right = fresh_id().to_string();
        let path = of(&clinic.maya, &format!("care/steps/{right}"));
        house.put(&clinic.supervisor, &path, step("intensive_outpatient", "2026-02-20")).await.is(201);
        let care = house.get(&clinic.maya, "/v1/participants/me/care").await.is(200);
        assert_eq!((&care["level"], &care["since"]), (&json!("intensive_outpatient"), &json!("2026-02-20")));
        let told: Vec<_> = care["history"].as_array().unwrap().iter().map(|one| (&one["id"], &one["recorded_by"])).collect();
        assert_eq!(told, [(&json!(right), &json!(clinic.supervisor.account)), (&json!(first), &json!(clinic.casey.account))]);
    }

    async fn a_step_that_cannot_be_is_refused_and_says_why(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        let fresh = || of(maya, &format!("care/steps/{}", fresh_id()));
        for (draft, pointer) in [
            (step("aftercare", "2025-02-28"), "/since"), (step("aftercare", "2027-03-04"), "/since"),
            (step("aftercare", "2026-02-30"), "/since"), (step("aftercare", "tomorrow"), "/since"),
            (step("residential", TODAY), "/level"), (json!({"level": "aftercare"}), "/since"),
            (json!({"since": TODAY}), "/level"), (json!({"level": "aftercare", "since": TODAY, "recorded_at": START}), "/recorded_at"),
        ] {
            house.put(casey, &fresh(), draft).await.refused(422, pointer);
        }
        let problem = house.put(casey, &fresh(), step("aftercare", "2027-03-04")).await.refused(422, "/since");
        assert_eq!(problem["errors"][0]["detail"], "must be at most 366 days before or after today");
        let problem = house.put(casey, &fresh(), step("residential", TODAY)).await.refused(422, "/level");
        assert_eq!(problem["errors"][0]["detail"], "must be one of intensive_outpatient or aftercare");
        house.put(casey, &of(maya, "care/steps/1"), step("aftercare", TODAY)).await.refused(400, "path: id");

        let id = stepped(&house, &clinic, "aftercare", "2026-02-20").await;
        house.put(casey, &fresh(), step("aftercare", TODAY)).await.refused(409, "/level");
        let taken = of(maya, &format!("care/steps/{id}"));
        house.put(casey, &taken, step("aftercare", TODAY)).await.refused(409, "");
        let care = house.get(casey, &of(maya, "care")).await.is(200);
        assert_eq!(care["history"].as_array().unwrap().len(), 1, "nothing else was stored: {care}");
    }

    async fn a_participant_sees_the_level_of_care_and_does_not_set_it(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        let path = format!("care/steps/{}", fresh_id());
        house.put(maya, &format!("/v1/participants/me/{path}"), step("aftercare", TODAY)).await.refused(403, "");
        house.put(&clinic.admin, &of(maya, &path), step("aftercare", TODAY)).await.refused(403, "");
        for stranger in [&clinic.drew, &clinic.theo] {
            house.get(stranger, &of(maya, "care")).await.refused(404, "");
            house.put(stranger, &of(maya, &path), step("aftercare", TODAY)).await.refused(404, "");
        }
        assert_eq!(house.get(maya, "/v1/participants/me/care").await.is(200)["history"], json!([]));
        house.get(casey, &of(maya, "care")).await.is(200);
        let seen = entries(&house, maya, "me").await;
        assert_eq!(told(&seen, maya, "record", "program")[0]["outcome"], "refused");
        assert_eq!(told(&seen, casey, "read", "program").len(), 1, "{seen:#?}");
        assert!(told(&seen, maya, "read", "program").is_empty(), "what is one's own is looked at unseen");
    }

    async fn the_same_step_from_two_sides_at_once_is_recorded_once(house) {
        let clinic = house.clinic("harbor.example").await;
        let sent = step("aftercare", TODAY);
        let [one, other] = [(); 2].map(|()| of(&clinic.maya, &format!("care/steps/{}", fresh_id())));
        let (first, second) =
            tokio::join!(house.put(&clinic.casey, &one, sent.clone()), house.put(&clinic.supervisor, &other, sent));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", first.text, second.text);
    }
}
