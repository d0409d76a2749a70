//! Reminders by e-mail: when they go out, what they say, and how they end.

use crate::house::{Person, TestHouse, ZONE};
use crate::{Engine, story};
use evenkeel_tests::letterbox::{Fault, Mail, Stage};
use jiff::SignedDuration;
use mail_parser::MessageParser;
use serde_json::{Value, json};

const ALL_DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

pub(crate) fn daily(at: &str) -> Value {
    json!({"enabled": true, "at": at, "weekdays": ALL_DAYS, "content": "discreet"})
}

pub(crate) async fn wishes(house: &TestHouse, who: &Person, preferences: Value) -> Value {
    house.put(who, "/v1/participants/me/reminders", preferences).await.is(200)
}

/// The states of all letters to this participant, oldest day first.
pub(crate) async fn states(house: &TestHouse, who: &Person) -> Vec<String> {
    let history = house.get(who, "/v1/participants/me/reminders/history").await.is(200);
    let mut letters = history["items"].as_array().unwrap().clone();
    letters.sort_by_key(|letter| letter["due_at"].to_string());
    letters.iter().map(|letter| letter["state"].as_str().unwrap().to_owned()).collect()
}

/// The path of the link that ends these mails.
fn unsubscribe(mail: &Mail) -> String {
    let header = mail.text.replace("\r\n ", " ").replace("\r\n\t", " ");
    let line = header.lines().find(|line| line.starts_with("List-Unsubscribe:")).unwrap();
    let url = line.split(['<', '>']).nth(1).unwrap();
    url.strip_prefix("https://go.example").unwrap().to_owned()
}

story! {
    async fn a_reminder_goes_out_at_the_chosen_local_time_once(house) {
        let maya = house.clinic("harbor.example").await.maya;
        wishes(&house, &maya, daily("14:00")).await;
        house.at("2026-03-02T18:59:59Z");
        assert!(house.post_round().await.is_empty());
        house.at("2026-03-02T19:00:00Z");
        let mails = house.post_round().await;
        assert_eq!(mails.len(), 1);
        assert_eq!((mails[0].to.as_slice(), mails[0].from.as_str()), (&["maya@harbor.example".to_owned()][..], "hello@post.example"));
        assert!(house.post_round().await.is_empty());
        let maya = house.sign_in(&maya).await;
        assert_eq!(states(&house, &maya).await, ["sent"]);
        house.at("2026-03-03T19:00:30Z");
        assert_eq!(house.post_round().await.len(), 1);
    }

    async fn two_workers_send_a_reminder_once(house) {
        let maya = house.clinic("harbor.example").await.maya;
        wishes(&house, &maya, daily("14:00")).await;
        house.at("2026-03-02T19:00:00Z");
        let (one, two, three) = tokio::join!(house.app.work_reminders(), house.app.work_reminders(), house.app.work_reminders());
        assert!(one.is_ok() && two.is_ok() && three.is_ok());
        assert_eq!(house.letterbox.take().len(), 1);
    }

    async fn a_reminder_keeps_to_the_chosen_weekdays(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let mut wish = daily("14:00");
        wish["weekdays"] = json!(["wednesday", "saturday"]);
        wishes(&house, &maya, wish).await;
        let mut sent = vec![];
        for day in 2..10 {
            house.at(&format!("2026-03-0{day}T19:00:00Z"));
            if !house.post_round().await.is_empty() {
                sent.push(day);
            }
        }
        assert_eq!(sent, [4, 7], "a Wednesday and a Saturday");
    }

    async fn a_mail_betrays_nothing(house) {
        let clinic = house.clinic("harbor.example").await;
        house.participant(&clinic.casey, "someone@mail.example", ZONE).await;
        let someone = house.sign_in(&Person { name: "someone@mail.example".to_owned(), ..clinic.maya.clone() }).await;
        wishes(&house, &someone, daily("14:00")).await;
        house.at("2026-03-02T19:00:00Z");
        let mail = house.post_round().await.remove(0);
        let parsed = MessageParser::default().parse(mail.text.as_bytes()).unwrap();
        let all = format!("{} {} {}", mail.text, parsed.body_text(0).unwrap(), parsed.body_html(0).unwrap()).to_lowercase();
        for word in [
            "evenkeel", "craving", "addict", "recover", "sober", "relapse", "lapse", "alcohol", "drug", "substance", "clinic",
            "program", "treatment", "therap", "counsel", "patient", "participant", "health", "rehab", "casey", "maya", "alex",
            "harbor", "outpatient", "iop", "support group", "check-in", "check_in", "utm_", "<img", "<script",
        ] {
            assert!(!all.contains(word), "{word} in {all}");
        }
        assert!(all.contains("list-unsubscribe-post: list-unsubscribe=one-click"));
        assert!(parsed.message_id().is_some() && parsed.date().is_some() && parsed.subject().is_some());
        assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some("someone@mail.example"));
        for id in [&someone.account, &someone.participant] {
            assert!(!all.contains(id.as_str()), "an id in {all}");
        }
    }

    async fn a_busy_or_broken_mail_server_is_tried_again(house) {
        let maya = house.clinic("harbor.example").await.maya;
        wishes(&house, &maya, daily("14:00")).await;
        let mut day = 2;
        for stage in [Stage::Connect, Stage::Hello, Stage::From, Stage::To, Stage::Data, Stage::End] {
            for fault in [Fault::Busy, Fault::Drop] {
                house.at(&format!("2026-03-{day:02}T{}:00:00Z", if day < 8 { 19 } else { 18 }));
                house.letterbox.misbehave(Some((stage, fault)));
                let mut sent = house.post_round().await;
                house.letterbox.misbehave(None);
                sent.extend(house.post_round().await);
                for _ in 0..3 {
                    house.later(SignedDuration::from_secs(100));
                    sent.extend(house.post_round().await);
                }
                assert_eq!(sent.len(), 1, "{stage:?} {fault:?}");
                day += 1;
            }
        }
        let maya = house.sign_in(&maya).await;
        assert_eq!(states(&house, &maya).await, vec!["sent"; 12]);
    }

    async fn a_mail_that_is_tried_again_keeps_its_message_id(house) {
        let maya = house.clinic("harbor.example").await.maya;
        wishes(&house, &maya, daily("13:50")).await;
        house.at("2026-03-02T18:50:00Z");
        house.letterbox.misbehave(Some((Stage::End, Fault::Busy)));
        assert!(house.post_round().await.is_empty());
        let history = house.get(&maya, "/v1/participants/me/reminders/history").await.is(200);
        let letter = &history["items"][0];
        assert_eq!((&letter["state"], &letter["attempts"]), (&json!("planned"), &json!(1)));
        house.letterbox.misbehave(None);
        house.later(SignedDuration::from_secs(60));
        let mail = house.post_round().await.remove(0);
        let parsed = MessageParser::default().parse(mail.text.as_bytes()).unwrap();
        let id = parsed.message_id().unwrap().to_owned();
        assert!(id.contains(&letter["id"].as_str().unwrap().replace('-', "")) || id.contains(letter["id"].as_str().unwrap()), "{id}");
    }

    async fn a_mail_that_never_gets_through_becomes_a_dead_letter_that_staff_see(house) {
        let clinic = house.clinic("harbor.example").await;
        wishes(&house, &clinic.maya, daily("14:00")).await;
        house.at("2026-03-02T19:00:00Z");
        house.letterbox.misbehave(Some((Stage::To, Fault::Busy)));
        for wait in [36, 72, 144, 288, 576, 1152, 2160, 1] {
            house.post_round().await;
            house.later(SignedDuration::from_secs(wait));
        }
        let casey = house.sign_in(&clinic.casey).await;
        let undelivered = house.get(&casey, "/v1/reminders/undelivered").await.is(200);
        assert_eq!(undelivered["items"].as_array().unwrap().len(), 1, "{undelivered}");
        assert!(undelivered.to_string().contains("\"dead\"") && undelivered.to_string().contains(&clinic.maya.participant));
        let drew = house.sign_in(&clinic.drew).await;
        assert_eq!(house.get(&drew, "/v1/reminders/undelivered").await.is(200)["items"], json!([]));
        house.letterbox.misbehave(None);
        assert!(house.post_round().await.is_empty());
    }

    async fn an_address_that_is_refused_bounces_and_is_not_tried_again(house) {
        let clinic = house.clinic("harbor.example").await;
        wishes(&house, &clinic.maya, daily("13:50")).await;
        house.at("2026-03-02T18:50:00Z");
        house.letterbox.misbehave(Some((Stage::To, Fault::Refuse)));
        assert!(house.post_round().await.is_empty());
        house.letterbox.misbehave(None);
        house.later(SignedDuration::from_mins(4));
        assert!(house.post_round().await.is_empty());
        assert_eq!(states(&house, &clinic.maya).await, ["bounced"]);
        let undelivered = house.get(&clinic.casey, "/v1/reminders/undelivered").await.is(200);
        assert_eq!(undelivered["items"].as_array().unwrap().len(), 1, "{undelivered}");
    }

    async fn a_reminder_that_is_hours_late_is_not_sent(house) {
        let maya = house.clinic("harbor.example").await.maya;
        wishes(&house, &maya, daily("14:00")).await;
        house.at("2026-03-02T21:00:01Z");
        assert!(house.post_round().await.is_empty());
        let maya = house.sign_in(&maya).await;
        assert_eq!(states(&house, &maya).await, ["expired"]);
    }

    async fn nobody_is_mailed_after_turning_reminders_off(house) {
        let maya = house.clinic("harbor.example").await.maya;
        wishes(&house, &maya, daily("13:45")).await;
        house.at("2026-03-02T18:45:00Z");
        house.letterbox.misbehave(Some((Stage::Data, Fault::Busy)));
        house.post_round().await;
        let mut off = daily("13:45");
        off["enabled"] = json!(false);
        wishes(&house, &maya, off).await;
        house.letterbox.misbehave(None);
        house.later(SignedDuration::from_mins(5));
        assert!(house.post_round().await.is_empty());
        assert_eq!(states(&house, &maya).await, ["suppressed"]);
    }

    async fn a_look_at_the_unsubscribe_link_does_nothing_and_one_click_acts(house) {
        let clinic = house.clinic("harbor.example").await;
        wishes(&house, &clinic.maya, daily("14:00")).await;
        house.at("2026-03-02T19:00:00Z");
        let link = unsubscribe(&house.post_round().await[0]);
        let traced = format!("{link}?utm_source=mail");
        for (method, link) in [("GET", &link), ("HEAD", &link), ("GET", &traced)] {
            let page = house.call(method, link, "", None).await;
            assert!(page.header("content-type").starts_with("text/html") && page.header("set-cookie").is_empty());
            page.is(200);
        }
        let maya = house.sign_in(&clinic.maya).await;
        assert_eq!(house.get(&maya, "/v1/participants/me/reminders").await.is(200)["enabled"], true);
        let form = [("content-type", "application/x-www-form-urlencoded")];
        for link in [&traced, &link] {
            let done = house.send("POST", link, &form, b"List-Unsubscribe=One-Click".to_vec()).await;
            assert!(done.header("set-cookie").is_empty());
            done.is(200);
        }
        assert_eq!(house.get(&maya, "/v1/participants/me/reminders").await.is(200)["enabled"], false);
        let casey = house.sign_in(&clinic.casey).await;
        let seen = house.get(&casey, &format!("/v1/participants/{}/reminders", maya.participant)).await.is(200);
        assert_eq!(seen["enabled"], false);
        house.at("2026-03-03T19:00:00Z");
        assert!(house.post_round().await.is_empty());
        let maya = house.sign_in(&maya).await;
        wishes(&house, &maya, daily("14:05")).await;
        house.at("2026-03-03T19:05:00Z");
        assert_eq!(house.post_round().await.len(), 1, "easily undone");
    }

    async fn a_made_up_unsubscribe_link_acts_on_nobody(house) {
        let maya = house.clinic("harbor.example").await.maya;
        wishes(&house, &maya, daily("13:50")).await;
        house.at("2026-03-02T18:50:00Z");
        let link = unsubscribe(&house.post_round().await[0]);
        let token = link.strip_prefix("/u/").unwrap();
        for (at, letter) in token.char_indices().step_by(3) {
            let other = if letter == 'A' { 'B' } else { 'A' };
            let forged = format!("/u/{}{other}{}", &token[..at], &token[at + 1..]);
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let answer = house.send("POST", &forged, &form, b"List-Unsubscribe=One-Click".to_vec()).await;
            assert_eq!(answer.status, 404, "{}", answer.text);
        }
        assert_eq!(house.get(&maya, "/v1/participants/me/reminders").await.is(200)["enabled"], true);
    }

    async fn a_local_time_that_does_not_exist_fires_at_the_shifted_time(house) {
        let maya = house.clinic("harbor.example").await.maya;
        wishes(&house, &maya, daily("02:30")).await;
        house.at("2026-03-07T07:30:00Z");
        assert_eq!(house.post_round().await.len(), 1);
        house.at("2026-03-08T07:29:59Z");
        assert!(house.post_round().await.is_empty());
        house.at("2026-03-08T07:30:00Z");
        assert_eq!(house.post_round().await.len(), 1);
        house.at("2026-03-09T06:30:00Z");
        assert_eq!(house.post_round().await.len(), 1);
    }

    async fn a_local_time_that_happens_twice_fires_once(house) {
        let maya = house.clinic("harbor.example").await.maya;
        house.at("2026-10-31T12:00:00Z");
        // The session has been idle too long; the person has not.
        let maya = house.sign_in(&maya).await;
        wishes(&house, &maya, daily("01:30")).await;
        house.at("2026-11-01T05:30:00Z");
        assert_eq!(house.post_round().await.len(), 1);
        house.at("2026-11-01T06:30:00Z");
        assert!(house.post_round().await.is_empty());
        house.at("2026-11-02T06:30:00Z");
        assert_eq!(house.post_round().await.len(), 1);
    }

    async fn a_reminder_followed_by_a_log_counts_as_answered(house) {
        let maya = house.clinic("harbor.example").await.maya;
        wishes(&house, &maya, daily("13:45")).await;
        house.at("2026-03-02T18:45:00Z");
        house.post_round().await;
        house.later(SignedDuration::from_mins(2));
        house.craving(&maya, "2026-03-02T18:46:00Z", 4).await;
        assert_eq!(states(&house, &maya).await, ["answered"]);
    }

    async fn a_time_in_the_quiet_hours_is_refused(house) {
        let maya = house.clinic("harbor.example").await.maya;
        let path = "/v1/participants/me/reminders";
        let before = house.get(&maya, path).await.is(200);
        let mut wish = daily("23:00");
        wish["quiet_hours"] = json!({"from": "22:00", "until": "07:00"});
        let refused = house.put(&maya, path, wish.clone()).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        wish["at"] = json!("7:00");
        house.put(&maya, path, wish.clone()).await.refused(422, "/at");
        wish["weekdays"] = json!(["someday"]);
        wish["at"] = json!("07:00");
        house.put(&maya, path, wish.clone()).await.refused(422, "/weekdays/0");
        wish["weekdays"] = json!([]);
        let refused = house.put(&maya, path, wish.clone()).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        wish["weekdays"] = json!(["monday"]);
        wish["content"] = json!("full");
        house.put(&maya, path, wish.clone()).await.refused(422, "/content");
        assert_eq!(house.get(&maya, path).await.is(200), before, "nothing was stored");
        wish["content"] = json!("discreet");
        house.put(&maya, path, wish).await.is(200);
    }

    async fn a_counselor_sets_reminders_for_their_own_participants_only(house) {
        let clinic = house.clinic("harbor.example").await;
        let path = format!("/v1/participants/{}/reminders", clinic.maya.participant);
        house.put(&clinic.casey, &path, daily("14:00")).await.is(200);
        house.put(&clinic.drew, &path, daily("15:00")).await.refused(404, "");
        assert_eq!(house.get(&clinic.maya, "/v1/participants/me/reminders").await.is(200)["at"], "14:00");
    }

    async fn somebody_without_an_address_is_sent_nothing(house) {
        let clinic = house.clinic("harbor.example").await;
        house.put(&clinic.theo, "/v1/participants/me/reminders", daily("20:00")).await;
        house.at("2026-03-02T19:00:00Z");
        assert!(house.post_round().await.is_empty());
        assert_eq!(house.letterbox.conversations(), 0);
    }
}

#[tokio::test]
async fn without_a_mail_server_mails_are_files() {
    let Some(house) = TestHouse::with(Engine::Sqlite, |config| config.smtp_url = None).await else { return };
    let maya = house.clinic("harbor.example").await.maya;
    wishes(&house, &maya, daily("13:50")).await;
    house.at("2026-03-02T18:50:00Z");
    house.post_round().await;
    let folder = house.folder.path().join("mail");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert_eq!(files.len(), 1);
    let text = std::fs::read_to_string(files[0].as_ref().unwrap().path()).unwrap();
    assert!(text.contains("List-Unsubscribe:"), "{text}");
    assert_eq!(states(&house, &maya).await, ["sent"]);
}

#[tokio::test]
async fn a_mail_server_that_hangs_is_given_up_and_tried_again() {
    let Some(house) = TestHouse::new(Engine::Sqlite).await else { return };
    let maya = house.clinic("harbor.example").await.maya;
    wishes(&house, &maya, daily("13:50")).await;
    house.at("2026-03-02T18:50:00Z");
    house.letterbox.misbehave(Some((Stage::To, Fault::Hang)));
    assert!(house.post_round().await.is_empty());
    house.letterbox.misbehave(None);
    house.later(SignedDuration::from_mins(2));
    assert_eq!(house.post_round().await.len(), 1);
}
