//! Recovery: sober time, milestones, lapses without shame, and the plan that learns from them.

mod told_use;

use crate::check_in::{answered, daily, weekly};
use crate::house::{Answer, Person, TestHouse, ZONE, craving};
use crate::journal::{entries, told};
use crate::story;
use evenkeel_tests::fresh_id;
use serde_json::{Value, json};

const MINE: &str = "/v1/participants/me/recovery";

/// A start of sober time.
pub(crate) fn start(since: &str, told_at: &str) -> Value {
    json!({"substance": "alcohol", "since": since, "told_at": told_at, "time_zone": ZONE})
}

/// A correction of a start.
fn correction(of: &str, since: &str, told_at: &str) -> Value {
    let mut draft = start(since, told_at);
    draft["corrects"] = json!(of);
    draft
}

/// A lapse with alcohol.
pub(crate) fn lapse(occurred_at: &str, outcome: &str) -> Value {
    json!({"occurred_at": occurred_at, "time_zone": ZONE, "substance": "alcohol", "outcome": outcome})
}

async fn begun(house: &TestHouse, who: &Person, draft: Value) -> String {
    let id = fresh_id().to_string();
    house.put(who, &format!("{MINE}/starts/{id}"), draft).await.is(201);
    id
}

pub(crate) async fn lapsed(house: &TestHouse, who: &Person, draft: Value) -> String {
    let id = fresh_id().to_string();
    house.put(who, &format!("{MINE}/lapses/{id}"), draft).await.is(201);
    id
}

/// Saves a debrief on top of the revision that the phone knows.
async fn looked_back(house: &TestHouse, who: &Person, id: &str, known: &str, draft: Value) -> Answer {
    let bearer = format!("Bearer {}", who.token);
    let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
    if !known.is_empty() {
        headers.push(("if-match", known));
    }
    let path = format!("{MINE}/lapses/{id}/debrief");
    house.send("PUT", &path, &headers, draft.to_string().into_bytes()).await
}

/// What the guidance of an answer is about, in order.
pub(crate) fn about(answer: &Value) -> Vec<&str> {
    let sections = answer["guidance"]["sections"].as_array().unwrap();
    sections.iter().map(|section| section["code"].as_str().unwrap()).collect()
}

/// The course with alcohol.
async fn course(house: &TestHouse, who: &Person) -> Value {
    house.get(who, MINE).await.is(200)["courses"][0].clone()
}

fn codes(course: &Value) -> Vec<(&str, &str)> {
    let reached = course["count"]["reached"].as_array().unwrap().iter();
    reached.map(|one| (one["code"].as_str().unwrap(), one["on"].as_str().unwrap())).collect()
}

async fn keys(house: &TestHouse, who: &Person) -> Vec<String> {
    let read = house.get(who, &format!("{MINE}/proposals")).await.is(200);
    read["items"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()).collect()
}

/// Logs cravings that a conflict brought on, one a day back from today.
pub(crate) async fn conflicts(house: &TestHouse, who: &Person, days: std::ops::Range<u32>) {
    for day in days {
        let mut draft = craving(&format!("2026-02-{:02}T18:00:00Z", 28 - day), 6);
        draft["triggers"] = json!(["conflict"]);
        house.put(who, &format!("/v1/participants/me/cravings/{}", fresh_id()), draft).await.is(201);
    }
}

story! {
    async fn sober_days_and_milestones_follow_the_persons_calendar(house) {
        let maya = house.clinic("harbor.example").await.maya;
        assert_eq!(house.get(&maya, MINE).await.is(200), json!({"courses": [], "starts": [], "lapses": [], "told_uses": []}));
        let id = begun(&house, &maya, start("2026-01-31", "2026-03-02T18:40:00Z")).await;
        let read = house.get(&maya, MINE).await.is(200);
        assert_eq!((&read["starts"][0]["id"], &read["lapses"]), (&json!(id), &json!([])));
        let today = read["courses"][0].clone();
        assert_eq!(today["substance"], "alcohol");
        assert_eq!(today["count"]["current"], json!({"since": "2026-01-31", "days": 30, "milestones": ["24_hours", "30_days"]}));
        assert_eq!(codes(&today), [("24_hours", "2026-02-01"), ("30_days", "2026-03-02")]);
        assert_eq!((&today["count"]["next"]["code"], &today["count"]["next"]["days_to_go"]), (&json!("60_days"), &json!(30)));
        house.at("2026-04-21T12:00:00Z");
        let maya = house.sign_in(&maya).await;
        let later = course(&house, &maya).await;
        assert_eq!(later["count"]["current"]["days"], 80);
        assert_eq!(codes(&later), [("24_hours", "2026-02-01"), ("30_days", "2026-03-02"), ("60_days", "2026-04-01")]);
        assert_eq!((&later["count"]["next"]["on"], &later["count"]["next"]["days_to_go"]), (&json!("2026-05-01"), &json!(10)));
    }

    async fn a_lapse_keeps_the_days_before_it_and_starts_anew(house) {
        let maya = house.clinic("harbor.example").await.maya;
        begun(&house, &maya, start("2026-01-31", "2026-03-02T18:40:00Z")).await;
        house.at("2026-03-16T12:00:00Z");
        let maya = house.sign_in(&maya).await;
        let id = lapsed(&house, &maya, lapse("2026-03-12T01:00:00Z", "single_use")).await;
        let read = house.get(&maya, MINE).await.is(200);
        let count = &read["courses"][0]["count"];
        assert_eq!((&count["current"]["since"], &count["current"]["days"]), (&json!("2026-03-11"), &json!(5)));
        assert_eq!((&count["lifetime_days"], &count["longest_days"]), (&json!(44), &json!(39)));
        assert_eq!(count["past"], json!([{"since": "2026-01-31", "until": "2026-03-11", "days": 39}]));
        assert_eq!(codes(&read["courses"][0])[1], ("30_days", "2026-03-02"), "it stays reached");
        assert_eq!((&read["lapses"][0]["id"], &read["lapses"][0]["local_day"]), (&json!(id), &json!("2026-03-11")));
        assert_eq!((&read["courses"][0]["lapses"], &read["courses"][0]["last_lapse_on"]), (&json!(1), &json!("2026-03-11")));
        lapsed(&house, &maya, lapse("2026-03-15T12:00:00Z", "near_miss")).await;
        let near = course(&house, &maya).await;
        assert_eq!((&near["count"]["current"]["days"], &near["near_misses"]), (&json!(5), &json!(1)));
        let back = lapsed(&house, &maya, lapse("2026-03-16T01:00:00Z", "returned_to_use")).await;
        let using = course(&house, &maya).await;
        assert_eq!((&using["count"]["current"], &using["count"]["lifetime_days"]), (&json!(null), &json!(43)));
        house.delete(&maya, &format!("{MINE}/lapses/{back}")).await.is(204);
        house.delete(&maya, &format!("{MINE}/lapses/{back}")).await.is(204);
        house.put(&maya, &format!("{MINE}/lapses/{back}"), lapse("2026-03-16T01:00:00Z", "returned_to_use")).await.refused(409, "");
        assert_eq!(course(&house, &maya).await["count"], near["count"], "what was taken back counts for nothing");
        house.delete(&maya, &format!("{MINE}/lapses/{}", fresh_id())).await.refused(404, "");
    }

    async fn moving_a_start_back_makes_no_lapse(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let first = begun(&house, &maya, start("2026-01-31", "2026-03-01T12:00:00Z")).await;
        let id = begun(&house, &maya, correction(&first, "2026-01-01", "2026-03-02T12:00:00Z")).await;
        let moved = course(&house, &maya).await;
        assert_eq!((&moved["count"]["current"]["since"], &moved["count"]["lifetime_days"]), (&json!("2026-01-01"), &json!(60)));
        assert_eq!((&moved["lapses"], &moved["count"]["past"]), (&json!(0), &json!([])));
        house.delete(&maya, &format!("{MINE}/starts/{id}")).await.is(204);
        house.delete(&maya, &format!("{MINE}/starts/{id}")).await.is(204);
        assert_eq!(course(&house, &maya).await["count"]["current"]["days"], 30);
        house.delete(&maya, &format!("{MINE}/starts/{}", fresh_id())).await.refused(404, "");
    }

    async fn a_milestone_of_a_start_that_was_wrong_goes_with_it(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let wrong = begun(&house, &maya, start("2006-03-01", "2026-03-01T12:00:00Z")).await;
        assert!(codes(&course(&house, &maya).await).contains(&("20_years", "2026-03-01")));
        house.delete(&maya, &format!("{MINE}/starts/{wrong}")).await.is(204);
        assert_eq!(house.get(&maya, MINE).await.is(200)["courses"], json!([]));
        let first = begun(&house, &maya, start("2025-01-31", "2026-03-01T12:00:00Z")).await;
        assert!(codes(&course(&house, &maya).await).contains(&("1_year", "2026-01-31")));
        begun(&house, &maya, correction(&first, "2026-01-31", "2026-03-02T12:00:00Z")).await;
        assert_eq!(codes(&course(&house, &maya).await), [("24_hours", "2026-02-01"), ("30_days", "2026-03-02")]);
    }

    async fn a_milestone_stays_when_a_lapse_before_it_is_told_later(house) {
        let maya = house.clinic("harbor.example").await.maya;
        begun(&house, &maya, start("2026-01-31", "2026-01-31T18:00:00Z")).await;
        lapsed(&house, &maya, lapse("2026-02-20T18:00:00Z", "single_use")).await;
        let told = course(&house, &maya).await;
        assert_eq!(codes(&told), [("24_hours", "2026-02-01"), ("30_days", "2026-03-02")], "it was reached when the lapse was told");
        assert_eq!((&told["count"]["current"]["days"], &told["count"]["next"]["code"]), (&json!(10), &json!("30_days")));
        house.at("2026-04-21T12:00:00Z");
        let maya = house.sign_in(&maya).await;
        assert_eq!(codes(&course(&house, &maya).await).len(), 3, "60 days are counted from the lapse");
    }

    async fn what_came_close_and_is_told_as_use_later_takes_no_milestone_away(house) {
        let maya = house.clinic("harbor.example").await.maya;
        begun(&house, &maya, start("2026-01-31", "2026-01-31T18:00:00Z")).await;
        let near = lapse("2026-02-20T18:00:00Z", "near_miss");
        let id = lapsed(&house, &maya, near).await;
        house.at("2026-04-02T12:00:00Z");
        let maya = house.sign_in(&maya).await;
        let before = course(&house, &maya).await;
        assert_eq!(codes(&before).len(), 3, "{before}");
        let correction = json!({"lapse": lapse("2026-02-20T18:00:00Z", "returned_to_use")});
        house.put(&maya, &format!("{MINE}/lapses/{id}/revisions/{}", fresh_id()), correction).await.is(201);
        let after = course(&house, &maya).await;
        assert_eq!(codes(&after), codes(&before));
        assert_eq!((&after["count"]["current"], &after["count"]["lifetime_days"]), (&Value::Null, &json!(20)));
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

    async fn the_latest_correction_stands_whichever_start_of_its_chain_was_taken_back(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let first = begun(&house, &maya, start("2026-01-31", "2026-02-01T12:00:00Z")).await;
        let second = begun(&house, &maya, correction(&first, "2026-01-20", "2026-02-02T12:00:00Z")).await;
        let third = begun(&house, &maya, correction(&second, "2026-01-25", "2026-02-03T12:00:00Z")).await;
        for (gone, since) in [(&first, json!("2026-01-25")), (&second, json!("2026-01-25")), (&third, json!(null))] {
            house.delete(&maya, &format!("{MINE}/starts/{gone}")).await.is(204);
            assert_eq!(course(&house, &maya).await["count"]["current"]["since"], since);
        }
    }

    async fn a_correction_that_can_correct_nothing_is_refused_by_name(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let mut smoke = start("2026-01-31", "2026-02-01T12:00:00Z");
        smoke["substance"] = json!("nicotine");
        let smoke = begun(&house, &maya, smoke).await;
        let own = fresh_id().to_string();
        let at = format!("{MINE}/starts/{own}");
        for of in [&smoke, &own] {
            house.put(&maya, &at, correction(of, "2026-01-20", "2026-02-02T12:00:00Z")).await.refused(422, "/corrects");
        }
        let (early, late) = (fresh_id().to_string(), fresh_id().to_string());
        let waiting = house.put(&maya, &format!("{MINE}/starts/{early}"), correction(&late, "2026-01-20", "2026-02-02T12:00:00Z")).await.is(201);
        assert_eq!((&waiting["effect"], &waiting["course"]["count"]["current"]), (&json!("waits"), &json!(null)), "its start may still come");
        let ring = format!("{MINE}/starts/{late}");
        house.put(&maya, &ring, correction(&early, "2026-01-21", "2026-02-02T12:00:00Z")).await.refused(422, "/corrects");
        let come = house.put(&maya, &ring, start("2026-01-31", "2026-02-01T12:00:00Z")).await.is(201);
        assert_eq!((&come["effect"], &come["course"]["count"]["current"]["since"]), (&json!("corrected"), &json!("2026-01-20")));
    }

    async fn a_start_is_answered_with_what_it_makes_of_the_count(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let at = format!("{MINE}/starts/{}", fresh_id());
        let first = house.put(&maya, &at, start("2026-01-31", "2026-02-01T12:00:00Z")).await.is(201);
        assert_eq!((&first["effect"], &first["course"]["count"]["current"]["days"]), (&json!("begins"), &json!(30)));
        let anew = house.put(&maya, &format!("{MINE}/starts/{}", fresh_id()), start("2026-02-15", "2026-03-02T12:00:00Z")).await.is(201);
        assert_eq!((&anew["effect"], &anew["course"]["count"]["current"]["since"]), (&json!("already_running"), &json!("2026-01-31")));
        lapsed(&house, &maya, lapse("2026-02-10T12:00:00Z", "single_use")).await;
        let told = course(&house, &maya).await;
        assert_eq!((&told["count"]["current"]["since"], &told["count"]["lifetime_days"]), (&json!("2026-02-15"), &json!(25)), "the lapse that lay between");
        house.put(&maya, &format!("{MINE}/counter"), json!({"substance": "alcohol", "hidden": true})).await.is(200);
        let again = house.put(&maya, &at, start("2026-01-31", "2026-02-01T12:00:00Z")).await.is(200);
        assert_eq!((&again["effect"], again["course"].get("count")), (&json!("begins"), None), "what is hidden stays hidden");
    }

    async fn a_start_told_after_a_single_use_counts_from_its_own_day(house) {
        let maya = house.clinic("harbor.example").await.maya;
        lapsed(&house, &maya, lapse("2026-02-01T18:00:00Z", "single_use")).await;
        assert_eq!(course(&house, &maya).await["count"]["current"]["since"], "2026-02-01");
        begun(&house, &maya, start("2026-02-10", "2026-03-02T12:00:00Z")).await;
        let told = course(&house, &maya).await;
        assert_eq!((&told["count"]["current"]["since"], &told["count"]["current"]["days"]), (&json!("2026-02-10"), &json!(20)));
    }

    async fn a_start_or_lapse_sent_twice_is_stored_once(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let at = format!("{MINE}/starts/{}", fresh_id());
        let stored = house.put(&maya, &at, start("2026-01-31", "2026-03-02T18:40:00Z")).await.is(201);
        assert_eq!(house.put(&maya, &at, start("2026-01-31", "2026-03-02T18:40:00Z")).await.is(200), stored);
        house.put(&maya, &at, start("2026-01-30", "2026-03-02T18:40:00Z")).await.refused(409, "");
        let at = format!("{MINE}/lapses/{}", fresh_id());
        let stored = house.put(&maya, &at, lapse("2026-02-20T03:30:00Z", "single_use")).await.is(201);
        assert_eq!(stored["local_day"], "2026-02-19", "told late, it counts on its own day");
        assert_eq!(house.put(&maya, &at, lapse("2026-02-20T03:30:00Z", "single_use")).await.is(200), stored);
        house.put(&maya, &at, lapse("2026-02-20T03:30:00Z", "near_miss")).await.refused(409, "");
        let ahead = house.put(&maya, &format!("{MINE}/lapses/{}", fresh_id()), lapse("2031-01-01T12:00:00Z", "near_miss")).await.is(201);
        assert_eq!((&ahead["clock_suspect"], &ahead["local_day"]), (&json!(true), &json!("2026-03-02")));
    }

    async fn what_cannot_be_is_refused_by_name(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let with = |member: &str, value: Value| {
            let mut draft = start("2026-03-01", "2026-03-02T18:40:00Z");
            draft[member] = value;
            draft
        };
        for (member, value, pointer) in [
            ("since", json!("2026-03-03"), "/since"), ("since", json!("1899-12-31"), "/since"), ("since", json!("soon"), "/since"),
            ("at", json!("2026-03-02T12:00:00Z"), "/at"), ("substance", json!("sugar"), "/substance"), ("corrects", json!("x"), "/corrects"),
            ("time_zone", json!("Mars/Olympus"), "/time_zone"), ("shame", json!(1), "/shame"),
        ] {
            house.put(&maya, &format!("{MINE}/starts/{}", fresh_id()), with(member, value)).await.refused(422, pointer);
        }
        let mut odd = lapse("2026-03-02T12:00:00Z", "failed");
        house.put(&maya, &format!("{MINE}/lapses/{}", fresh_id()), odd.clone()).await.refused(422, "/outcome");
        odd["outcome"] = json!("single_use");
        odd["note"] = json!("nul\u{0}");
        house.put(&maya, &format!("{MINE}/lapses/{}", fresh_id()), odd).await.refused(422, "/note");
        house.put(&maya, &format!("{MINE}/counter"), json!({"substance": "alcohol", "hidden": 1})).await.refused(422, "/hidden");
        assert_eq!(house.get(&maya, MINE).await.is(200)["courses"], json!([]));
    }

    async fn an_opioid_lapse_is_always_answered_with_what_keeps_alive(house) {
        let maya = house.clinic("harbor.example").await.maya;
        for outcome in ["single_use", "returned_to_use", "near_miss"] {
            let at = format!("{MINE}/lapses/{}", fresh_id());
            let mut draft = lapse("2026-03-02T12:00:00Z", outcome);
            draft["substance"] = json!("opioids");
            for status in [201, 200] {
                let answer = house.put(&maya, &at, draft.clone()).await.is(status);
                let expected: &[&str] = match outcome {
                    "near_miss" => &["overdose", "near_miss", "next_steps"],
                    _ => &["overdose", "without_shame", "not_alone", "next_steps"],
                };
                assert_eq!(about(&answer), expected);
                assert!(answer["guidance"]["sections"][0].to_string().contains("naloxone"), "{answer}");
            }
        }
        let other = house.put(&maya, &format!("{MINE}/lapses/{}", fresh_id()), lapse("2026-03-02T12:00:00Z", "returned_to_use")).await.is(201);
        assert!(other["guidance"].to_string().contains("\"withdrawal\""), "{other}");
    }

    async fn use_told_with_a_craving_is_answered_like_a_lapse(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let own = "/v1/participants/me/cravings";
        let of = |substance: Value, outcome: &str| {
            let mut draft = craving("2026-03-02T12:00:00Z", 8);
            (draft["substance"], draft["outcome"]) = (substance, json!(outcome));
            draft
        };
        for (substance, expected) in [
            (json!("opioids"), &["overdose", "without_shame", "not_alone", "next_steps"][..]),
            (json!("alcohol"), &["without_shame", "withdrawal", "next_steps"][..]),
        ] {
            let at = format!("{own}/{}", fresh_id());
            let stored = house.put(&maya, &at, of(substance.clone(), "lapsed")).await.is(201);
            assert_eq!(about(&stored), expected);
            assert_eq!(stored["tell_lapse"], "/v1/participants/me/recovery/lapses/{id}");
            assert_eq!(house.put(&maya, &at, of(substance, "lapsed")).await.is(200), stored);
            let read = house.get(&maya, &at).await.is(200);
            assert_eq!((read.get("guidance"), read.get("tell_lapse"), &read["outcome"]), (None, None, &json!("lapsed")));
        }
        // The craving passed in the end; that there was use before is told late, and heard.
        let at = format!("{own}/{}", fresh_id());
        house.put(&maya, &at, of(json!("opioids"), "still_going")).await.is(201);
        let passed = json!({"outcome": "passed", "observed_at": "2026-03-02T14:00:00Z"});
        assert_eq!(house.put(&maya, &format!("{at}/outcome"), passed).await.is(200).get("guidance"), None);
        let before = json!({"outcome": "lapsed", "observed_at": "2026-03-02T13:00:00Z"});
        let heard = house.put(&maya, &format!("{at}/outcome"), before).await.is(200);
        assert_eq!((about(&heard)[0], &heard["outcome"]), ("overdose", &json!("passed")));
        // A queue that is sent again after a lost answer is heard again.
        let at = format!("{own}/{}", fresh_id());
        house.put(&maya, &at, of(json!("alcohol"), "lapsed")).await.is(201);
        let mended = json!({"craving": of(json!("alcohol"), "passed")});
        assert_eq!(house.put(&maya, &format!("{at}/revisions/{}", fresh_id()), mended).await.is(201).get("guidance"), None);
        assert_eq!(about(&house.put(&maya, &at, of(json!("alcohol"), "lapsed")).await.is(200))[0], "without_shame");
        let at = format!("{own}/{}", fresh_id());
        let going = house.put(&maya, &at, craving("2026-03-02T12:00:00Z", 8)).await.is(201);
        assert_eq!((going.get("guidance"), going.get("tell_lapse")), (None, None));
        let ended = json!({"outcome": "lapsed", "observed_at": "2026-03-02T13:00:00Z"});
        for _ in 0..2 {
            let concluded = house.put(&maya, &format!("{at}/outcome"), ended.clone()).await.is(200);
            assert_eq!(about(&concluded), ["overdose", "without_shame", "not_alone", "withdrawal", "next_steps"], "of what is not known");
        }
        let corrected = json!({"craving": of(json!("opioids"), "lapsed")});
        let corrected = house.put(&maya, &format!("{at}/revisions/{}", fresh_id()), corrected).await.is(201);
        assert_eq!(about(&corrected)[0], "overdose");
        assert_eq!(house.get(&maya, MINE).await.is(200)["lapses"], json!([]), "no lapse is told for anybody");
    }

    async fn use_told_in_a_check_in_is_answered_like_a_lapse(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let own = "/v1/participants/me/check-ins";
        let day = |on: &str, any_use: Value| {
            let mut draft = daily(&format!("{on}T18:00:00Z"), 4);
            draft["answers"]["any_use"] = any_use;
            draft
        };
        let none = answered(&house, &maya, day("2026-03-01", json!(false))).await;
        assert_eq!((none.get("guidance"), none.get("tell_lapse")), (None, None));
        let at = format!("{own}/{}", fresh_id());
        let stored = house.put(&maya, &at, day("2026-03-01", json!(true))).await;
        assert_eq!(about(&stored.is(201)), ["overdose", "without_shame", "not_alone", "withdrawal", "next_steps"], "of what is not known");
        let mut later = day("2026-03-01", json!(false));
        later["occurred_at"] = json!("2026-03-01T20:00:00Z");
        assert_eq!(answered(&house, &maya, later).await.get("guidance"), None);
        let mut between = day("2026-03-01", json!(true));
        between["occurred_at"] = json!("2026-03-01T19:00:00Z");
        let between = answered(&house, &maya, between).await;
        assert_eq!((about(&between)[0], &between["answers"]["any_use"]), ("overdose", &json!(false)), "what does not stand is heard too");
        begun(&house, &maya, start("2026-01-31", "2026-03-02T18:00:00Z")).await;
        let again = house.put(&maya, &at, day("2026-03-01", json!(true))).await.is(200);
        assert_eq!(about(&again), ["without_shame", "withdrawal", "next_steps"], "of what somebody is free from");
        assert_eq!(again["tell_lapse"], "/v1/participants/me/recovery/lapses/{id}");
        let week = async |minute: i32, signs: &[&str], of: Value| {
            let mut week = weekly(&format!("2026-03-01T18:0{minute}:00Z"), signs);
            week["answers"].as_object_mut().unwrap().extend(of.as_object().unwrap().clone());
            let answer = answered(&house, &maya, week).await;
            about(&answer).join(" ")
        };
        assert_eq!(week(1, &[], json!({"alcohol_days": 1})).await, "without_shame withdrawal next_steps");
        assert!(week(2, &[], json!({"alcohol_days": 1, "drug_days": 1})).await.starts_with("overdose"), "which drug is not known");
        for (minute, substance, first) in [(3, "nicotine", "without_shame"), (4, "opioids", "overdose")] {
            let mut more = start("2026-02-01", "2026-03-02T18:00:00Z");
            more["substance"] = json!(substance);
            begun(&house, &maya, more).await;
            assert!(week(minute, &["use"], json!({})).await.starts_with(first), "{substance}");
        }
        assert_eq!(house.get(&maya, own).await.is(200)["items"][0].get("guidance"), None);
    }

    async fn use_that_a_check_in_does_not_name_is_taken_for_the_worst(house) {
        let clinic = house.clinic("harbor.example").await;
        let maya = &clinic.maya;
        begun(&house, maya, start("2026-01-31", "2026-03-02T18:00:00Z")).await;
        let mut draft = daily("2026-03-01T18:00:00Z", 4);
        draft["answers"]["any_use"] = json!(true);
        let drinks = answered(&house, maya, draft.clone()).await;
        assert_eq!(about(&drinks)[0], "without_shame", "alcohol is all that is known");
        let craving = json!({"occurred_at": "2026-03-01T17:00:00Z", "time_zone": "America/New_York", "intensity": 8, "substance": "opioids"});
        house.put(maya, &format!("/v1/participants/me/cravings/{}", fresh_id()), craving).await.is(201);
        draft["occurred_at"] = json!("2026-03-01T18:01:00Z");
        assert_eq!(about(&answered(&house, maya, draft).await)[0], "overdose", "a craving told of more");

        let theo = &clinic.theo;
        let mut cannabis = start("2026-01-31", "2026-03-02T18:00:00Z");
        cannabis["substance"] = json!("cannabis");
        begun(&house, theo, cannabis).await;
        let mut week = weekly("2026-03-01T18:00:00Z", &[]);
        week["answers"]["drug_days"] = json!(3);
        assert_eq!(about(&answered(&house, theo, week).await)[0], "overdose", "drugs may be any");
    }

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
            "local_day": "2026-03-01", "received_at": alert["last_lapse"]["received_at"], "acknowledged": false,
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
            house.call("PUT", &seen, who, None).await.is(204);
        }
        let done = line().await;
        assert_eq!((done.get("last_lapse"), &done["needs_attention"]), (None, &json!(false)), "and 14 days have passed");
        let read = house.get(maya, &format!("{MINE}/lapses/{id}")).await.is(200);
        assert_eq!(read["acknowledged"]["by"], json!(casey.account), "the first time stands");
        let again = lapsed(&house, maya, lapse("2026-03-19T12:00:00Z", "returned_to_use")).await;
        assert_eq!((&line().await["last_lapse"]["id"], &line().await["needs_attention"]), (&json!(again), &json!(true)));
        house.delete(maya, &format!("{MINE}/lapses/{again}")).await.is(204);
        assert_eq!(line().await["needs_attention"], false, "what was taken back does not stand out");
        house.call("PUT", &format!("/v1/participants/{}/recovery/lapses/{again}/acknowledgement", maya.participant), casey, None).await.refused(409, "");
        house.call("PUT", &format!("{MINE}/lapses/{close}/acknowledgement"), maya, None).await.refused(403, "");
        let journal = entries(&house, maya, "me").await;
        assert_eq!(told(&journal, casey, "acknowledge", "recovery").len(), 1, "{journal:#?}");
        assert_eq!(told(&journal, &supervisor, "acknowledge", "recovery").len(), 0);
    }

    async fn looking_back_at_a_lapse_gives_proposals_for_the_plan(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let id = lapsed(&house, &maya, lapse("2026-03-02T01:00:00Z", "single_use")).await;
        let told = json!({"situation": "Payday", "trigger": "urges", "signs": ["lying"], "helped_stop": "Rang Sam", "would_do": "Take the other bus"});
        let saved = looked_back(&house, &maya, &id, "\"0\"", told.clone()).await;
        assert_eq!(saved.header("etag"), "\"1\"");
        let saved = saved.is(200);
        assert_eq!((&saved["revision"], &saved["content"]), (&json!(1), &told));
        assert_eq!(saved["proposals"], json!([
            {"change": {"type": "add_trigger", "category": "urges", "words": "Payday"},
             "proposal": {"kind": "add_trigger", "category": "urges", "source": "internal", "words": "Payday"}},
            {"change": {"type": "add_warning_sign", "code": "lying"},
             "proposal": {"kind": "add_warning_sign", "stage": "mental", "words": "I lied or hid things"}},
            {"change": {"type": "add_lapse_step", "words": "Rang Sam"},
             "proposal": {"kind": "add_lapse_step", "words": "Rang Sam"}},
            {"change": {"type": "add_coping", "category": "urges", "words": "Take the other bus"},
             "proposal": {"kind": "add_situation", "words": "An urge or a temptation", "cope": "Take the other bus"}},
        ]));
        assert_eq!(looked_back(&house, &maya, &id, "\"0\"", told.clone()).await.is(200), saved, "a phone that did not hear may ask again");
        let more = json!({"situation": "Payday, and it rained"});
        looked_back(&house, &maya, &id, "\"0\"", more.clone()).await.refused(412, "");
        looked_back(&house, &maya, &id, "", more.clone()).await.refused(428, "");
        for odd in ["0", "*", "\"1\", \"2\"", "\"-1\"", "\"99999999999\""] {
            looked_back(&house, &maya, &id, odd, more.clone()).await.refused(422, "If-Match");
        }
        assert_eq!(looked_back(&house, &maya, &id, "\"1\"", more.clone()).await.is(200)["proposals"], json!([]));
        assert_eq!(house.get(&maya, MINE).await.is(200)["lapses"][0]["debrief"]["content"], more);
        looked_back(&house, &maya, &id, "\"2\"", json!({"situation": ""})).await.refused(422, "/situation");
        looked_back(&house, &maya, &fresh_id().to_string(), "\"0\"", more.clone()).await.refused(404, "");
        house.delete(&maya, &format!("{MINE}/lapses/{id}")).await.is(204);
        looked_back(&house, &maya, &id, "\"2\"", json!({})).await.refused(409, "");
    }

    async fn what_logs_speak_for_is_proposed_and_stays_away_once_declined(house) {
        let maya = house.clinic("harbor.example").await.maya;
        conflicts(&house, &maya, 0..2).await;
        assert_eq!(keys(&house, &maya).await, [""; 0]);
        conflicts(&house, &maya, 2..3).await;
        answered(&house, &maya, weekly("2026-02-22T18:00:00Z", &["lying"])).await;
        lapsed(&house, &maya, lapse("2026-02-25T18:00:00Z", "single_use")).await;
        let read = house.get(&maya, &format!("{MINE}/proposals")).await.is(200);
        assert_eq!(read["items"], json!([
            {"key": "trigger:conflict", "change": {"type": "add_trigger", "category": "conflict"},
             "grounds": {"count": 3, "days": ["2026-02-26", "2026-02-27", "2026-02-28"], "mean": 6.0}},
            {"key": "sign:lying", "change": {"type": "add_warning_sign", "code": "lying"},
             "grounds": {"count": 1, "days": ["2026-02-22"], "mean": null}},
        ]));
        for _ in 0..2 {
            house.call("POST", &format!("{MINE}/proposals/trigger:conflict/decline"), &maya, None).await.is(204);
        }
        assert_eq!(keys(&house, &maya).await, ["sign:lying"]);
        house.call("POST", &format!("{MINE}/proposals/trigger:urges/decline"), &maya, None).await.refused(404, "");
        conflicts(&house, &maya, 3..5).await;
        assert_eq!(keys(&house, &maya).await, ["sign:lying"]);
        conflicts(&house, &maya, 5..6).await;
        assert_eq!(keys(&house, &maya).await, ["trigger:conflict", "sign:lying"], "twice as much to show");
    }

    async fn what_a_debrief_proposes_is_sent_on_to_the_plan_as_it_is(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let id = lapsed(&house, &maya, lapse("2026-03-02T01:00:00Z", "single_use")).await;
        let told = json!({"situation": "Payday\nand rain", "trigger": "urges", "signs": ["lying", "weather"], "helped_stop": "Rang Sam. ".repeat(90), "would_do": "Take the other bus"});
        let saved = looked_back(&house, &maya, &id, "\"0\"", told.clone()).await.is(200);
        let proposals = saved["proposals"].as_array().unwrap();
        assert_eq!(proposals.len(), 4, "a sign that nobody is asked about is not proposed: {saved}");
        let mut tag = String::from("\"0\"");
        for one in proposals {
            let body = json!({"proposal": one["proposal"], "id": fresh_id()});
            let taken = house.call_with("POST", "/v1/participants/me/plan/proposals/accept", &maya, &[("if-match", &tag)], Some(body)).await;
            tag = taken.header("etag");
            taken.is(201);
        }
        let plan = house.get(&maya, "/v1/participants/me/plan").await.is(200)["content"].clone();
        assert_eq!((&plan["triggers"][0]["words"], &plan["warning_signs"][0]["words"]), (&json!("Payday and rain"), &json!("I lied or hid things")));
        assert_eq!((&plan["situations"][0]["words"], &plan["situations"][0]["cope"]), (&json!("An urge or a temptation"), &json!("Take the other bus")));
        assert!(plan["lapse_steps"][0]["words"].as_str().unwrap().ends_with('…'), "{plan}");
        let again = looked_back(&house, &maya, &id, "\"1\"", told).await.is(200);
        let kinds: Vec<_> = again["proposals"].as_array().unwrap().iter().map(|one| &one["proposal"]["kind"]).collect();
        assert_eq!(kinds, [""; 0], "the plan says all of it");
    }

    async fn what_is_accepted_stands_in_the_plan_and_is_not_proposed_again(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        conflicts(&house, maya, 0..3).await;
        answered(&house, maya, weekly("2026-02-22T18:00:00Z", &["lying"])).await;
        lapsed(&house, maya, lapse("2026-02-25T18:00:00Z", "single_use")).await;
        let mut plan = crate::plan::plan();
        plan["triggers"][0]["category"] = json!("urges");
        let accept = async |key: &str, tag: &str| {
            let headers: &[(&str, &str)] = if tag.is_empty() { &[] } else { &[("if-match", tag)] };
            house.call_with("POST", &format!("{MINE}/proposals/{key}/accept"), maya, headers, None).await
        };
        assert_eq!(keys(&house, maya).await, ["trigger:conflict", "sign:lying"]);
        house.call("POST", &format!("{MINE}/proposals/sign:lying/decline"), maya, None).await.is(204);
        accept("trigger:conflict", "").await.refused(428, "");
        accept("trigger:urges", "\"0\"").await.refused(404, "");
        let first = accept("trigger:conflict", "\"0\"").await;
        assert!(first.header("etag").starts_with("\"1."), "{}", first.header("etag"));
        let first = first.is(201);
        assert_eq!(first["content"]["triggers"][0]["words"], "A quarrel or tension with somebody");
        assert_eq!((&first["revision"], &first["author"]["account"]), (&json!(1), &json!(maya.account)));
        assert_eq!(accept("trigger:conflict", "\"0\"").await.is(200), first, "a phone that did not hear may ask again");
        let stale = accept("sign:lying", "\"0\"").await;
        assert_eq!(stale.refused(412, "")["current"]["revision"], 1);
        let second = accept("sign:lying", "\"1\"").await.is(201);
        assert_eq!(second["content"]["warning_signs"][0]["words"], "I lied or hid things", "also after it was declined");
        assert_eq!(keys(&house, maya).await, [""; 0]);
        house.put_on(maya, "/v1/participants/me/plan", "\"2\"", plan).await.is(201);
        assert_eq!(keys(&house, maya).await, ["trigger:conflict"], "taken out of the plan it is proposed again; what was declined is not");
        let hers = format!("/v1/participants/{}/recovery/proposals/trigger:conflict/accept", maya.participant);
        house.call_with("POST", &hers, casey, &[("if-match", "\"3\"")], None).await.refused(403, "");
        let seen = entries(&house, maya, "me").await;
        assert_eq!(told(&seen, maya, "accept", "plan").len(), 2, "{seen:#?}");
    }

    async fn a_skill_that_does_not_help_goes_with_a_tap(house) {
        let maya = house.clinic("harbor.example").await.maya;
        house.put_on(&maya, "/v1/participants/me/plan", "\"0\"", crate::plan::plan()).await.is(201);
        for day in 1..=5 {
            let draft = crate::coping::practice(&format!("2026-02-{day:02}T18:00:00Z"), "library:urge_surfing", 6, 6);
            house.put(&maya, &format!("/v1/participants/me/coping/practices/{}", fresh_id()), draft).await.is(201);
        }
        assert_eq!(keys(&house, &maya).await, ["skill:library:urge_surfing"]);
        let path = format!("{MINE}/proposals/skill:library:urge_surfing/accept");
        let taken = house.call_with("POST", &path, &maya, &[("if-match", "\"1\"")], None).await.is(201);
        assert_eq!(taken["content"]["triggers"][0].get("coping"), None);
        assert_eq!(keys(&house, &maya).await, [""; 0]);
    }

    async fn a_hidden_counter_is_hidden_from_the_person_it_weighs_on(house) {
        let clinic = house.clinic("harbor.example").await;
        let maya = &clinic.maya;
        begun(&house, maya, start("2026-01-31", "2026-03-02T18:40:00Z")).await;
        let choice = json!({"substance": "alcohol", "hidden": true});
        assert_eq!(house.put(maya, &format!("{MINE}/counter"), choice.clone()).await.is(200), choice);
        let own = course(&house, maya).await;
        assert_eq!((own.get("count"), &own["counter_hidden"]), (None, &json!(true)));
        let theirs = house.get(&clinic.casey, &format!("/v1/participants/{}/recovery", maya.participant)).await.is(200);
        assert_eq!((&theirs["courses"][0]["count"]["current"]["days"], &theirs["courses"][0]["counter_hidden"]), (&json!(30), &json!(true)));
        house.put(maya, &format!("{MINE}/counter"), json!({"substance": "alcohol", "hidden": false})).await.is(200);
        assert_eq!(codes(&course(&house, maya).await).len(), 2);
    }

    async fn somebody_elses_recovery_is_not_there_and_a_look_is_in_the_journal(house) {
        let clinic = house.clinic("harbor.example").await;
        let (maya, casey) = (&clinic.maya, &clinic.casey);
        let id = lapsed(&house, maya, lapse("2026-03-02T01:00:00Z", "single_use")).await;
        looked_back(&house, maya, &id, "\"0\"", json!({"trigger": "urges"})).await.is(200);
        let hers = format!("/v1/participants/{}/recovery", maya.participant);
        for stranger in [&clinic.theo, &clinic.drew] {
            house.get(stranger, &hers).await.refused(404, "");
            house.get(stranger, &format!("{hers}/proposals")).await.refused(404, "");
            house.delete(stranger, &format!("{hers}/lapses/{id}")).await.refused(404, "");
        }
        house.delete(casey, &format!("{hers}/lapses/{id}")).await.refused(403, "");
        house.delete(&clinic.theo, &format!("{MINE}/lapses/{id}")).await.refused(404, "");
        house.get(maya, MINE).await.is(200);
        house.get(casey, &hers).await.is(200);
        house.get(casey, &format!("{hers}/proposals")).await.is(200);
        let seen = entries(&house, maya, "me").await;
        let done: Vec<_> = told(&seen, casey, "read", "recovery").iter().map(|one| one["outcome"].as_str().unwrap()).collect();
        assert_eq!(done, ["done", "done"], "{seen:#?}");
        assert_eq!(told(&seen, maya, "record", "recovery")[0]["entity"], id.as_str());
        assert_eq!(told(&seen, maya, "change", "recovery")[0]["entity"], id.as_str());
        assert_eq!(told(&seen, maya, "read", "recovery").len(), 0);
    }
}
