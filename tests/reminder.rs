//! Reminders by e-mail: when they go out, what they say, and how they end.

use crate::Engine;
use evenkeel_tests::mailbox::{Fault, Mail, Stage};
use evenkeel_tests::test_server::{Person, TestServer, ZONE};
use jiff::SignedDuration;
use mail_parser::MessageParser;
use rstest::rstest;
use serde_json::{Value, json};

const ALL_DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

pub(crate) fn daily(at: &str) -> Value {
    json!({"enabled": true, "at": at, "weekdays": ALL_DAYS, "content": "discreet"})
}

pub(crate) async fn wishes(server: &TestServer, who: &Person, preferences: Value) -> Value {
    server.put(who, "/v1/participants/me/reminders", preferences).await.is(200)
}

/// The states of all reminder messages to this participant, oldest day first.
pub(crate) async fn states(server: &TestServer, who: &Person) -> Vec<String> {
    let history = server.get(who, "/v1/participants/me/reminders/history").await.is(200);
    let mut reminder_messages = history["items"].as_array().unwrap().clone();
    reminder_messages.sort_by_key(|message| message["due_at"].to_string());
    reminder_messages.iter().map(|message| message["state"].as_str().unwrap().to_owned()).collect()
}

/// The path of the link that ends these mails.
fn unsubscribe(mail: &Mail) -> String {
    let header = mail.text.replace("\r\n ", " ").replace("\r\n\t", " ");
    let line = header.lines().find(|line| line.starts_with("List-Unsubscribe:")).unwrap();
    let url = line.split(['<', '>']).nth(1).unwrap();
    url.strip_prefix("https://go.example").unwrap().to_owned()
}

#[rstest]
#[tokio::test]
async fn a_reminder_goes_out_at_the_chosen_local_time_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("14:00")).await;
    server.at("2026-03-02T18:59:59Z");
    assert!(server.deliver_reminders().await.is_empty());
    server.at("2026-03-02T19:00:00Z");
    let mails = server.deliver_reminders().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].to.as_slice(), mails[0].from.as_str()),
        (&["maya@harbor.example".to_owned()][..], "hello@post.example")
    );
    assert!(server.deliver_reminders().await.is_empty());
    let maya = server.sign_in(&maya).await;
    assert_eq!(states(&server, &maya).await, ["sent"]);
    server.at("2026-03-03T19:00:30Z");
    assert_eq!(server.deliver_reminders().await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn two_workers_send_a_reminder_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("14:00")).await;
    server.at("2026-03-02T19:00:00Z");
    let (one, two, three) =
        tokio::join!(server.app.work_reminders(), server.app.work_reminders(), server.app.work_reminders());
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(server.mailbox.take().len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_reminder_keeps_to_the_chosen_weekdays(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let mut wish = daily("14:00");
    wish["weekdays"] = json!(["wednesday", "saturday"]);
    wishes(&server, &maya, wish).await;
    let mut sent = vec![];
    for day in 2..10 {
        server.at(&format!("2026-03-0{day}T19:00:00Z"));
        if !server.deliver_reminders().await.is_empty() {
            sent.push(day);
        }
    }
    assert_eq!(sent, [4, 7], "a Wednesday and a Saturday");
}

#[rstest]
#[tokio::test]
async fn an_email_says_nothing_about_the_person_or_treatment(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    server.participant(&clinic.casey, "someone@mail.example", ZONE).await;
    let someone =
        server.sign_in(&Person { name: "someone@mail.example".to_owned(), ..clinic.maya.clone() }).await;
    wishes(&server, &someone, daily("14:00")).await;
    server.at("2026-03-02T19:00:00Z");
    let mail = server.deliver_reminders().await.remove(0);
    let parsed = MessageParser::default().parse(mail.text.as_bytes()).unwrap();
    let all = format!("{} {} {}", mail.text, parsed.body_text(0).unwrap(), parsed.body_html(0).unwrap())
        .to_lowercase();
    for word in [
        "evenkeel",
        "craving",
        "addict",
        "recover",
        "sober",
        "relapse",
        "lapse",
        "alcohol",
        "drug",
        "substance",
        "clinic",
        "program",
        "treatment",
        "therap",
        "counsel",
        "patient",
        "participant",
        "health",
        "rehab",
        "casey",
        "maya",
        "alex",
        "harbor",
        "outpatient",
        "iop",
        "support group",
        "check-in",
        "check_in",
        "utm_",
        "<img",
        "<script",
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

#[rstest]
#[tokio::test]
async fn a_busy_or_broken_mail_server_is_tried_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("14:00")).await;
    let mut day = 2;
    for stage in [Stage::Connect, Stage::Hello, Stage::From, Stage::To, Stage::Data, Stage::End] {
        for fault in [Fault::Busy, Fault::Drop] {
            server.at(&format!("2026-03-{day:02}T{}:00:00Z", if day < 8 { 19 } else { 18 }));
            server.mailbox.misbehave(Some((stage, fault)));
            let mut sent = server.deliver_reminders().await;
            server.mailbox.misbehave(None);
            sent.extend(server.deliver_reminders().await);
            for _ in 0..3 {
                server.later(SignedDuration::from_secs(100));
                sent.extend(server.deliver_reminders().await);
            }
            assert_eq!(sent.len(), 1, "{stage:?} {fault:?}");
            day += 1;
        }
    }
    let maya = server.sign_in(&maya).await;
    assert_eq!(states(&server, &maya).await, vec!["sent"; 12]);
}

#[rstest]
#[tokio::test]
async fn a_mail_that_is_tried_again_keeps_its_message_id(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("13:50")).await;
    server.at("2026-03-02T18:50:00Z");
    server.mailbox.misbehave(Some((Stage::End, Fault::Busy)));
    assert!(server.deliver_reminders().await.is_empty());
    let history = server.get(&maya, "/v1/participants/me/reminders/history").await.is(200);
    let message = &history["items"][0];
    assert_eq!((&message["state"], &message["attempts"]), (&json!("planned"), &json!(1)));
    server.mailbox.misbehave(None);
    server.later(SignedDuration::from_secs(60));
    let mail = server.deliver_reminders().await.remove(0);
    let parsed = MessageParser::default().parse(mail.text.as_bytes()).unwrap();
    let id = parsed.message_id().unwrap().to_owned();
    assert!(
        id.contains(&message["id"].as_str().unwrap().replace('-', ""))
            || id.contains(message["id"].as_str().unwrap()),
        "{id}"
    );
}

#[rstest]
#[tokio::test]
async fn a_mail_that_never_gets_through_becomes_a_dead_letter_that_staff_see(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    wishes(&server, &clinic.maya, daily("14:00")).await;
    server.at("2026-03-02T19:00:00Z");
    server.mailbox.misbehave(Some((Stage::To, Fault::Busy)));
    for wait in [36, 72, 144, 288, 576, 1152, 2160, 1] {
        server.deliver_reminders().await;
        server.later(SignedDuration::from_secs(wait));
    }
    let casey = server.sign_in(&clinic.casey).await;
    let undelivered = server.get(&casey, "/v1/reminders/undelivered").await.is(200);
    assert_eq!(undelivered["items"].as_array().unwrap().len(), 1, "{undelivered}");
    assert!(
        undelivered.to_string().contains("\"dead\"")
            && undelivered.to_string().contains(&clinic.maya.participant)
    );
    let drew = server.sign_in(&clinic.drew).await;
    assert_eq!(server.get(&drew, "/v1/reminders/undelivered").await.is(200)["items"], json!([]));
    server.mailbox.misbehave(None);
    assert!(server.deliver_reminders().await.is_empty());
}

#[rstest]
#[tokio::test]
async fn an_address_that_is_refused_bounces_and_is_not_tried_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    wishes(&server, &clinic.maya, daily("13:50")).await;
    server.at("2026-03-02T18:50:00Z");
    server.mailbox.misbehave(Some((Stage::To, Fault::Refuse)));
    assert!(server.deliver_reminders().await.is_empty());
    server.mailbox.misbehave(None);
    server.later(SignedDuration::from_mins(4));
    assert!(server.deliver_reminders().await.is_empty());
    assert_eq!(states(&server, &clinic.maya).await, ["bounced"]);
    let undelivered = server.get(&clinic.casey, "/v1/reminders/undelivered").await.is(200);
    assert_eq!(undelivered["items"].as_array().unwrap().len(), 1, "{undelivered}");
}

#[rstest]
#[tokio::test]
async fn a_reminder_that_is_hours_late_is_not_sent(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("14:00")).await;
    server.at("2026-03-02T21:00:01Z");
    assert!(server.deliver_reminders().await.is_empty());
    let maya = server.sign_in(&maya).await;
    assert_eq!(states(&server, &maya).await, ["expired"]);
}

#[rstest]
#[tokio::test]
async fn nobody_is_mailed_after_turning_reminders_off(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("13:45")).await;
    server.at("2026-03-02T18:45:00Z");
    server.mailbox.misbehave(Some((Stage::Data, Fault::Busy)));
    server.deliver_reminders().await;
    let mut off = daily("13:45");
    off["enabled"] = json!(false);
    wishes(&server, &maya, off).await;
    server.mailbox.misbehave(None);
    server.later(SignedDuration::from_mins(5));
    assert!(server.deliver_reminders().await.is_empty());
    assert_eq!(states(&server, &maya).await, ["suppressed"]);
}

#[rstest]
#[tokio::test]
async fn a_look_at_the_unsubscribe_link_does_nothing_and_one_click_acts(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    wishes(&server, &clinic.maya, daily("14:00")).await;
    server.at("2026-03-02T19:00:00Z");
    let link = unsubscribe(&server.deliver_reminders().await[0]);
    let traced = format!("{link}?utm_source=mail");
    for (method, link) in [("GET", &link), ("HEAD", &link), ("GET", &traced)] {
        let page = server.call(method, link, "", None).await;
        assert!(page.header("content-type").starts_with("text/html") && page.header("set-cookie").is_empty());
        page.is(200);
    }
    let maya = server.sign_in(&clinic.maya).await;
    assert_eq!(server.get(&maya, "/v1/participants/me/reminders").await.is(200)["enabled"], true);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for link in [&traced, &link] {
        let done = server.send("POST", link, &form, b"List-Unsubscribe=One-Click".to_vec()).await;
        assert!(done.header("set-cookie").is_empty());
        done.is(200);
    }
    assert_eq!(server.get(&maya, "/v1/participants/me/reminders").await.is(200)["enabled"], false);
    let casey = server.sign_in(&clinic.casey).await;
    let seen = server.get(&casey, &format!("/v1/participants/{}/reminders", maya.participant)).await.is(200);
    assert_eq!(seen["enabled"], false);
    server.at("2026-03-03T19:00:00Z");
    assert!(server.deliver_reminders().await.is_empty());
    let maya = server.sign_in(&maya).await;
    wishes(&server, &maya, daily("14:05")).await;
    server.at("2026-03-03T19:05:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1, "easily undone");
}

#[rstest]
#[tokio::test]
async fn a_made_up_unsubscribe_link_acts_on_nobody(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("13:50")).await;
    server.at("2026-03-02T18:50:00Z");
    let link = unsubscribe(&server.deliver_reminders().await[0]);
    let token = link.strip_prefix("/u/").unwrap();
    for (at, message) in token.char_indices().step_by(3) {
        let other = if message == 'A' { 'B' } else { 'A' };
        let forged = format!("/u/{}{other}{}", &token[..at], &token[at + 1..]);
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let answer = server.send("POST", &forged, &form, b"List-Unsubscribe=One-Click".to_vec()).await;
        assert_eq!(answer.status, 404, "{}", answer.text);
    }
    assert_eq!(server.get(&maya, "/v1/participants/me/reminders").await.is(200)["enabled"], true);
}

#[rstest]
#[tokio::test]
async fn a_local_time_that_does_not_exist_fires_at_the_shifted_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("02:30")).await;
    server.at("2026-03-07T07:30:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1);
    server.at("2026-03-08T07:29:59Z");
    assert!(server.deliver_reminders().await.is_empty());
    server.at("2026-03-08T07:30:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1);
    server.at("2026-03-09T06:30:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_local_time_that_happens_twice_fires_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    server.at("2026-10-31T12:00:00Z");
    // The session has been idle too long; the person has not.
    let maya = server.sign_in(&maya).await;
    wishes(&server, &maya, daily("01:30")).await;
    server.at("2026-11-01T05:30:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1);
    server.at("2026-11-01T06:30:00Z");
    assert!(server.deliver_reminders().await.is_empty());
    server.at("2026-11-02T06:30:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_reminder_followed_by_a_log_counts_as_answered(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("13:45")).await;
    server.at("2026-03-02T18:45:00Z");
    server.deliver_reminders().await;
    server.later(SignedDuration::from_mins(2));
    server.craving(&maya, "2026-03-02T18:46:00Z", 4).await;
    assert_eq!(states(&server, &maya).await, ["answered"]);
}

#[rstest]
#[tokio::test]
async fn a_time_in_the_quiet_hours_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let path = "/v1/participants/me/reminders";
    let before = server.get(&maya, path).await.is(200);
    let mut wish = daily("23:00");
    wish["quiet_hours"] = json!({"from": "22:00", "until": "07:00"});
    let refused = server.put(&maya, path, wish.clone()).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    wish["at"] = json!("7:00");
    server.put(&maya, path, wish.clone()).await.refused(422, "/at");
    wish["weekdays"] = json!(["someday"]);
    wish["at"] = json!("07:00");
    server.put(&maya, path, wish.clone()).await.refused(422, "/weekdays/0");
    wish["weekdays"] = json!([]);
    let refused = server.put(&maya, path, wish.clone()).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    wish["weekdays"] = json!(["monday"]);
    wish["content"] = json!("full");
    server.put(&maya, path, wish.clone()).await.refused(422, "/content");
    assert_eq!(server.get(&maya, path).await.is(200), before, "nothing was stored");
    wish["content"] = json!("discreet");
    server.put(&maya, path, wish).await.is(200);
}

#[rstest]
#[tokio::test]
async fn a_counselor_sets_reminders_for_their_own_participants_only(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let path = format!("/v1/participants/{}/reminders", clinic.maya.participant);
    server.put(&clinic.casey, &path, daily("14:00")).await.is(200);
    server.put(&clinic.drew, &path, daily("15:00")).await.refused(404, "");
    assert_eq!(server.get(&clinic.maya, "/v1/participants/me/reminders").await.is(200)["at"], "14:00");
}

#[rstest]
#[tokio::test]
async fn somebody_without_an_address_is_sent_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    server.put(&clinic.theo, "/v1/participants/me/reminders", daily("20:00")).await;
    server.at("2026-03-02T19:00:00Z");
    assert!(server.deliver_reminders().await.is_empty());
    assert_eq!(server.mailbox.conversations(), 0);
}

#[tokio::test]
async fn without_a_mail_server_mails_are_files() {
    let Some(server) = TestServer::with(Engine::Sqlite, |config| config.smtp_url = None).await else {
        return;
    };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("13:50")).await;
    server.at("2026-03-02T18:50:00Z");
    server.deliver_reminders().await;
    let folder = server.folder.path().join("mail");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert_eq!(files.len(), 1);
    let text = std::fs::read_to_string(files[0].as_ref().unwrap().path()).unwrap();
    assert!(text.contains("List-Unsubscribe:"), "{text}");
    assert_eq!(states(&server, &maya).await, ["sent"]);
}

#[tokio::test]
async fn a_mail_server_that_hangs_is_given_up_and_tried_again() {
    let Some(server) = TestServer::new(Engine::Sqlite).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("13:50")).await;
    server.at("2026-03-02T18:50:00Z");
    server.mailbox.misbehave(Some((Stage::To, Fault::Hang)));
    assert!(server.deliver_reminders().await.is_empty());
    server.mailbox.misbehave(None);
    server.later(SignedDuration::from_mins(2));
    assert_eq!(server.deliver_reminders().await.len(), 1);
}
