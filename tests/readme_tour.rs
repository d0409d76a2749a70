//! The README's five-minute tour, as somebody would paste it.

use crate::Engine;
use evenkeel::Clock;
use evenkeel_tests::test_server::TestServer;
use std::process::{Command, Stdio};

fn tour() -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let blocks = readme.split("<!-- tour -->\n```sh\n").skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap().to_owned() + "\n").collect()
}

#[rstest::rstest]
#[tokio::test]
async fn the_tour_works_when_pasted(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::empty_at(engine, Clock::system()).await else { return };
    evenkeel::demo::seed(&server.app).await.unwrap();
    let tour = tour();
    assert!(5 < tour.matches("curl").count(), "the README has its tour");
    let folder = tempfile::tempdir().unwrap();
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &tour]).env("EVENKEEL", server.base()).current_dir(folder.path());
    let ran = tokio::task::spawn_blocking(move || bash.stdin(Stdio::null()).output()).await.unwrap().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}\n{complained}");
    for seen in [
        "\"intensity\":7",
        "\"peak\":7",
        "\"outcome\":\"passed\"",
        "\"days\":[",
        "\"last_log_at\"",
        "\"counselor\"",
        "\"18:30\"",
        "\"kind\":\"weekly\"",
        "\"craving_worst\":7",
        "\"skill\":\"library:urge_surfing\"",
        "\"margin\"",
        "\"source\":\"evidence\"",
        "\"agreement\":\"agreed\"",
        "\"30_days\"",
        "\"grounds\"",
    ] {
        assert!(said.contains(seen), "{seen} in {said}");
    }
    assert!(std::fs::read_to_string(folder.path().join("trend.svg")).unwrap().contains("<svg"));
    assert!(std::fs::read(folder.path().join("plan.pdf")).unwrap().starts_with(b"%PDF"));
    let offline = std::fs::read_to_string(folder.path().join("offline.json")).unwrap();
    assert!(offline.contains("lapse_response") && offline.contains("988"), "{offline}");
}
