//! What those who run it rely on.

use crate::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{PASSWORD, TestServer, craving};
use rstest::rstest;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

#[rstest]
#[tokio::test]
async fn it_says_whether_it_lives_and_is_ready(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    for path in ["/livez", "/readyz"] {
        let answer = server.get("", path).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let probe = server.call("HEAD", path, "", None).await;
        assert_eq!((probe.status, probe.text.as_str()), (200, ""), "{path}");
        assert_eq!(probe.header("content-type"), answer.header("content-type"), "{path}");
        let other = server.call("DELETE", path, "", None).await;
        assert_eq!((other.status, other.header("allow").as_str()), (405, "GET, HEAD"), "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn whoever_opens_the_address_in_a_mail_learns_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let page = server.get("", "/").await;
    assert!(page.status == 200 && page.header("content-type").starts_with("text/html"), "{page:?}");
    assert!(page.text.contains("Nothing to see here. Open the app on your phone."), "{}", page.text);
    for word in ["evenkeel", "craving", "treatment", "recover", "health", "program", "remind", "http:"] {
        assert!(!page.text.to_lowercase().contains(word), "{word} in {}", page.text);
    }
    assert_eq!(server.call("HEAD", "/", "", None).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn every_answer_has_a_request_id_and_is_not_cached(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let mut ids = vec![];
    for (token, path) in [
        (&clinic.maya.token, "/v1/me"),
        (&String::new(), "/v1/me"),
        (&clinic.maya.token, "/v1/nothing"),
        (&clinic.maya.token, "/v1/participants"),
    ] {
        let answer = server.get(token, path).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        ids.push(answer.header("x-request-id"));
    }
    ids.sort();
    ids.dedup();
    assert!(ids.len() == 4 && ids.iter().all(|id| id.parse::<uuid::Uuid>().is_ok()), "{ids:?}");
}

#[rstest]
#[tokio::test]
async fn metrics_say_nothing_of_a_person(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let id = server.craving(&clinic.maya, "2026-03-02T18:00:00Z", 4).await;
    server
        .get(&clinic.casey, &format!("/v1/participants/{}/cravings/{id}", clinic.maya.participant))
        .await
        .is(200);
    server.get("", "/v1/participants/somebody%40harbor.example/cravings?note=secret").await;
    let address = server.metrics_address;
    let text = reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap();
    assert!(text.contains("# TYPE"), "{text}");
    for own in [&id, &clinic.maya.participant, &clinic.maya.account, "harbor", "somebody", "secret", "Maya"] {
        assert!(!text.contains(own), "{own} in {text}");
    }
    assert_eq!(server.get("", "/metrics").await.status, 404, "not on the API's own address");
}

#[rstest]
#[tokio::test]
async fn a_stop_answers_what_it_has_accepted(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let ids: Vec<String> = (0..24).map(|_| fresh_id().to_string()).collect();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let asks: Vec<_> = ids
        .iter()
        .map(|id| {
            let url = format!("{}/v1/participants/me/cravings/{id}", server.base());
            let ask =
                client.put(url).bearer_auth(&clinic.maya.token).header("content-type", "application/json");
            tokio::spawn(ask.body(craving("2026-03-02T18:00:00Z", 3).to_string()).send())
        })
        .collect();
    tokio::task::yield_now().await;
    let server = server.again().await;
    let mut answered = 0;
    for (id, ask) in ids.iter().zip(asks) {
        // A request that was not accepted may fail. One that was answered is on disk.
        if let Ok(answer) = ask.await.unwrap() {
            assert!([201, 503].contains(&answer.status().as_u16()), "{answer:?}");
            if answer.status() == 201 {
                server.get(&clinic.maya, &format!("/v1/participants/me/cravings/{id}")).await.is(200);
                answered += 1;
            }
        }
    }
    let listed = server.get(&clinic.maya, "/v1/participants/me/cravings?limit=100").await.is(200);
    assert!(answered <= listed["items"].as_array().unwrap().len());
}

#[rstest]
#[tokio::test]
async fn two_copies_that_write_to_the_same_records_lose_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let mut server = server;
    let clinic = server.clinic();
    let bases = [server.base(), server.copy().await];
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let asks: Vec<_> = (0..120usize)
        .map(|turn| {
            let base = &bases[turn % 2];
            let day = "from=2026-03-01&to=2026-03-02";
            let ask = match turn % 5 {
                // Each read writes to the audit log of the same record.
                0 => {
                    let url = format!("{base}/v1/participants/{}/trends?{day}", clinic.maya.participant);
                    client.get(url).bearer_auth(&clinic.casey.token)
                }
                n => {
                    let who = if n < 4 { &clinic.maya } else { &clinic.theo };
                    let ask = client.put(format!("{base}/v1/participants/me/cravings/{}", fresh_id()));
                    let ask = ask.bearer_auth(&who.token).header("content-type", "application/json");
                    ask.body(craving("2026-03-02T18:00:00Z", 3).to_string())
                }
            };
            tokio::spawn(ask.send())
        })
        .collect();
    for ask in asks {
        let answer = ask.await.unwrap().unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }
    for (who, count) in [(&clinic.maya, 72), (&clinic.theo, 24)] {
        let day = server.get(who, "/v1/participants/me/trends?from=2026-03-02&to=2026-03-02").await.is(200);
        assert_eq!(day["count"], count);
        let seen = crate::audit::entries(&server, who, "me").await;
        let counted: Vec<_> = seen.iter().map(|entry| entry["seq"].as_i64().unwrap()).collect();
        assert_eq!(counted, (1..=i64::try_from(counted.len()).unwrap()).collect::<Vec<_>>(), "no gap");
    }
}

#[tokio::test]
async fn the_documents_of_the_api_need_nobody_else() {
    let server = TestServer::new(Engine::Sqlite).await.expect("SQLite is always there");
    let mut page = server.get("", "/docs").await;
    while [301, 302, 303, 307, 308].contains(&page.status) {
        page = server.get("", page.header("location").as_str()).await;
    }
    assert!(page.status == 200 && page.header("content-type").starts_with("text/html"), "{page:?}");
    assert!(!page.text.contains("https://") && !page.text.contains("//cdn"), "{}", page.text);
    let start = server.get("", "/docs/swagger-initializer.js").await;
    // Without it the page asks swagger.io about the document, from every host but this machine.
    assert!(start.text.contains(r#""validatorUrl": "none""#), "{}", start.text);
    assert!(start.text.contains(r#""layout": "BaseLayout""#), "no field for another host's document");
}

#[tokio::test]
async fn the_keys_are_for_their_owner_alone() {
    let server = TestServer::empty(Engine::Sqlite).await.expect("SQLite is always there");
    let files = std::fs::read_dir(server.folder.path()).unwrap().flatten();
    let keys: Vec<_> = files.filter(|file| file.file_name().to_string_lossy().contains("key")).collect();
    assert!(!keys.is_empty());
    for key in keys {
        assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{key:?}");
    }
    assert_eq!(
        json!(server.get("", "/.well-known/jwks.json").await.is(200)).to_string().matches("\"d\"").count(),
        0
    );
}

#[rstest::rstest]
#[tokio::test]
async fn a_changed_audit_log_is_found_out(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    for harm in [
        "UPDATE audit_events SET action = 'withdraw_craving' WHERE id = 4",
        "DELETE FROM audit_events WHERE id = 4",
        "DELETE FROM audit_events WHERE id > 6",
        "UPDATE audit_events SET entity = (SELECT other.entity FROM audit_events other WHERE other.id = 10) WHERE id = 11",
        "DELETE FROM audit_seals WHERE number = (SELECT max(number) FROM audit_seals)",
    ] {
        let Some(server) = TestServer::new(engine).await else { return };
        let clinic = server.clinic();
        for hour in 10..16 {
            server.craving(&clinic.maya, &format!("2026-03-01T{hour}:00:00Z"), 5).await;
        }
        server.app.seal_audit_log().await.unwrap();
        server.get(&clinic.casey, "/v1/participants").await.is(200);
        server.app.seal_audit_log().await.unwrap();
        let verdict = evenkeel::audit::verify(&server.app, None).unwrap();
        assert!(
            verdict.findings.is_empty() && 1 < verdict.blocks && verdict.forged_heads == 0,
            "{:?}",
            verdict.findings
        );
        assert!(server.tamper(harm, false).is_err(), "the tables themselves refuse: {harm}");
        server.tamper(harm, true).unwrap();
        let verdict = evenkeel::audit::verify(&server.app, None).unwrap();
        assert!(!verdict.findings.is_empty(), "{harm}");
    }
}

#[rstest::rstest]
#[tokio::test]
async fn the_heads_beside_the_database_witness_every_block(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let (file, copy) =
        (server.folder.path().join("audit-heads.jsonl"), server.folder.path().join("copy.jsonl"));
    let verify = |copy: Option<&std::path::Path>| evenkeel::audit::verify(&server.app, copy).unwrap();
    assert!(!verify(None).heads_missing, "nothing is sealed yet");
    server.app.seal_audit_log().await.unwrap();
    server.invite_clinic("summit.example").await;
    server.app.seal_audit_log().await.unwrap();
    let whole = verify(None);
    assert!(whole.faults().is_empty() && whole.blocks == 2 && whole.witnessed == 2, "{:?}", whole.faults());

    // Killed between the commit and the head, or in the middle of the head.
    let heads = std::fs::read_to_string(&file).unwrap();
    let (first, second) = heads.split_once('\n').unwrap();
    for left in [format!("{first}\n"), format!("{first}\n{}", &second[..second.len() / 2])] {
        std::fs::write(&file, &left).unwrap();
        let short = verify(None);
        assert!(short.faults().is_empty() && short.witnessed == 1, "{:?}", short.faults());
        server.app.seal_audit_log().await.unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), heads);
    }

    // Without the file there is no witness, except a copy in another place.
    std::fs::rename(&file, &copy).unwrap();
    assert!(verify(None).heads_missing && verify(None).faults().len() == 1);
    let by_copy = verify(Some(&copy));
    assert!(by_copy.faults().is_empty() && by_copy.witnessed == 2, "{:?}", by_copy.faults());
    assert!(evenkeel::audit::verify(&server.app, Some(&file)).is_err(), "a copy that is not there");
    server.app.seal_audit_log().await.unwrap();
    assert_eq!(verify(None).witnessed, 1, "a lost file is not made up again");
    server.tamper("DELETE FROM audit_seals WHERE number = 2", true).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(verify(Some(&copy)).findings.len(), 1, "the copy knows of the block that was taken away");
}

#[tokio::test]
async fn keys_that_are_lost_are_not_made_again_beside_peoples_accounts() {
    let server = TestServer::new(Engine::Sqlite).await.expect("SQLite is always there");
    let elsewhere = tempfile::tempdir().unwrap();
    let file = server.folder.path().join("evenkeel.db");
    let config = evenkeel::Config {
        data: elsewhere.path().to_owned(),
        database_url: Some(format!("sqlite://{}", file.display())),
        ..evenkeel::Config::default()
    };
    for open in [evenkeel::App::open, evenkeel::App::open_existing] {
        let refusal = open(config.clone(), evenkeel::Clock::system()).err().expect("keys are missing");
        assert!(refusal.contains("keys.json is missing") && refusal.contains("restore it"), "{refusal}");
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0, "nothing was made");
    }
}

#[tokio::test]
async fn a_copy_made_while_in_use_is_whole() {
    let server = TestServer::new(Engine::Sqlite).await.expect("SQLite is always there");
    let maya = server.clinic().maya;
    let id = server.craving(&maya, "2026-03-02T18:00:00Z", 4).await;
    let copy = server.folder.path().join("copy.db");
    server.app.database().backup(&copy).unwrap();
    let url = format!("sqlite://{}", copy.display());
    let keys = server.folder.path().to_owned();
    let restored = TestServer::with(Engine::Sqlite, |config| {
        config.database_url = Some(url);
        config.data = keys;
    })
    .await
    .expect("SQLite is always there");
    assert_eq!(
        restored.get(&maya, &format!("/v1/participants/me/cravings/{id}")).await.is(200)["intensity"],
        4
    );
}

#[tokio::test]
async fn each_start_names_the_one_code_for_the_first_admin_until_somebody_comes() {
    let server = TestServer::empty(Engine::Sqlite).await.expect("SQLite is always there");
    let missed =
        evenkeel::account::first_admin(&server.app).await.unwrap().expect("a fresh server has nobody");
    let code = evenkeel::account::first_admin(&server.app).await.unwrap().expect("nobody has come yet");
    let body =
        json!({"code": missed, "email": "a@harbor.example", "password": PASSWORD, "device_name": "desk"});
    server.post("", "/v1/invites/redeem", body).await.refused(404, "");
    let admin = server.redeem(&code, "admin@harbor.example").await;
    assert_eq!(server.get(&admin, "/v1/me").await.is(200)["role"], "admin");
    assert_eq!(evenkeel::account::first_admin(&server.app).await.unwrap(), None);
    assert!(evenkeel::demo::seed(&server.app).await.is_err(), "no demo among real people");
}
