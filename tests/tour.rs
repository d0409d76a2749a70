//! The README's five-minute tour, as somebody would paste it.

use crate::Engine;
use crate::house::TestHouse;
use evenkeel::Clock;
use std::process::{Command, Stdio};

fn tour() -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let blocks = readme.split("<!-- tour -->\n```sh\n").skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap().to_owned() + "\n").collect()
}

#[rstest::rstest]
#[tokio::test]
async fn the_tour_works_when_pasted(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(house) = TestHouse::at_time(engine, Clock::system(), |_| ()).await else { return };
    evenkeel::demo::seed(&house.app).await.unwrap();
    let tour = tour();
    assert!(5 < tour.matches("curl").count(), "the README has its tour");
    let folder = tempfile::tempdir().unwrap();
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &tour]).env("EVENKEEL", house.base()).current_dir(folder.path());
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
    ] {
        assert!(said.contains(seen), "{seen} in {said}");
    }
    assert!(std::fs::read_to_string(folder.path().join("trend.svg")).unwrap().contains("<svg"));
}
