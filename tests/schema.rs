//! Both engines hold the same tables, and bring older ones up to date.

use crate::Engine;
use crate::check_in::{answered, daily};
use crate::coping::{log_practice, practice};
use crate::recovery::{begun, lapse, lapsed, sobriety_date};
use diesel::sql_types::{Bool, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, sql_query};
use evenkeel_persistence::{Database, Location};
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::TestServer;
use evenkeel_tests::test_server::craving;
use rstest::rstest;
use serde_json::json;
use std::collections::BTreeSet;

#[derive(QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Column {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Bool)]
    required: bool,
}

/// What takes the database back to what migration 0008 left behind.
fn back_to_0008(engine: Engine) -> String {
    let (folder, no_break, ahead) = match engine {
        Engine::Sqlite => ("sqlite", "1", "occurred_at + 150000000000000"),
        Engine::Postgres => ("postgres", "true", "occurred_at + interval '5 years'"),
    };
    let down = ["0012_situation_of", "0011_calm_practice", "0010_outcomes", "0009_told"].map(|name| {
        let file = format!("../persistence/migrations/{folder}/{name}/down.sql");
        std::fs::read_to_string(file).unwrap()
    });
    format!(
        "{} DELETE FROM __diesel_schema_migrations WHERE version >= '0009'; \
         UPDATE cravings SET occurred_at = {ahead} WHERE clock_suspect; \
         UPDATE check_ins SET late = {no_break};",
        down.concat()
    )
}

#[rstest]
#[tokio::test]
async fn an_older_database_is_brought_up_to_date_with_what_is_in_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let own = "/v1/participants/me/cravings";
    let ahead = server.craving(maya, "2031-01-01T12:00:00Z", 6).await;
    let passed = server.craving(maya, "2026-03-02T18:00:00Z", 7).await;
    let end = json!({"outcome": "passed", "observed_at": "2026-03-02T18:30:00Z"});
    server.put(maya, &format!("{own}/{passed}/outcome"), end.clone()).await.is(200);
    let used = fresh_id();
    let mut draft = craving("2026-03-02T17:00:00Z", 8);
    draft["outcome"] = json!("lapsed");
    draft["triggers"] = json!(["conflict"]);
    server.put(maya, &format!("{own}/{used}"), draft).await.is(201);
    begun(&server, maya, sobriety_date("2026-01-31", "2026-03-02T18:40:00Z")).await;
    lapsed(&server, maya, lapse("2026-03-01T18:00:00Z", "lapse")).await;
    let recovery = "/v1/participants/me/recovery";
    let before = server.get(maya, recovery).await.is(200);
    let day = answered(&server, maya, daily("2026-03-01T18:00:00Z", 4)).await;
    let mut linked = practice("2026-03-02T18:05:00Z", "library:self_soothe", 7, 3);
    linked["craving"] = json!(used);
    server
        .put(maya, &format!("/v1/participants/me/coping/skill-practices/{}", fresh_id()), linked)
        .await
        .is(201);
    for before in [0, 5] {
        log_practice(&server, maya, "2026-03-02T18:00:00Z", "library:delay_15", before, before).await;
    }

    server.tamper(&back_to_0008(server.engine()), false).unwrap();
    let server = server.again().await;

    server.at("2026-03-02T18:50:00Z");
    let latest = server.craving(maya, "2026-03-02T18:45:00Z", 5).await;
    let all = server.get(maya, own).await.is(200);
    let ids: Vec<_> =
        all["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&latest, &ahead, &passed, &used.to_string()], "by the time that is believed");
    server.put(maya, &format!("{own}/{passed}/outcome"), end).await.is(200);
    let kept = server.get(maya, &format!("{own}/{passed}/revisions")).await.is(200);
    assert_eq!(kept["outcomes"].as_array().unwrap().len(), 1, "the same end again");
    let after = server.get(maya, recovery).await.is(200);
    assert_eq!((&after["courses"], &after["lapses"]), (&before["courses"], &before["lapses"]));
    assert_eq!(after["told_uses"], json!([]), "of what was told before there were these rows, nobody hears");
    let stored =
        server.get(maya, "/v1/participants/me/check-ins?from=2026-03-01&to=2026-03-01").await.is(200);
    assert_eq!((&stored["items"][0]["id"], &stored["items"][0]["late"]), (&day["id"], &json!(false)));
    let tried = server.get(maya, "/v1/participants/me/coping/what-works").await.is(200);
    let counts: Vec<_> = tried["items"].as_array().unwrap().iter().map(|one| &one["tries"]).collect();
    assert_eq!(counts, [1, 1], "practice while calm is none");
    let quarrels = server.get(maya, "/v1/participants/me/coping/what-works?trigger=conflict").await.is(200);
    assert_eq!(quarrels["items"][0]["skill"], "library:self_soothe");
    let end = json!({"outcome": "lapsed", "observed_at": "2026-03-02T18:48:00Z"});
    server.put(maya, &format!("{own}/{latest}/outcome"), end).await.is(200);
    assert_eq!(
        server.get(casey, "/v1/participants").await.is(200)["items"][0]["told_use"]["id"],
        latest.as_str()
    );
}

const OWN: &str = "NOT LIKE '\\_\\_diesel%' ESCAPE '\\'";

#[test]
fn both_engines_hold_the_same_tables_and_columns() {
    let Some(postgres) = evenkeel_tests::postgres::empty_database() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evenkeel.db");
    for location in [Location::Sqlite(file.clone()), Location::parse(&postgres.url).unwrap()] {
        let database = Database::open(location, 1, 1);
        assert!(0 < database.migrate().unwrap(), "a fresh database gets its tables");
        assert_eq!(database.migrate().unwrap(), 0, "and gets them once");
    }
    let mut sqlite = diesel::SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    let mut postgres = diesel::PgConnection::establish(&postgres.url).unwrap();
    let sqlite: Vec<Column> = sql_query(format!(
        "SELECT m.name || '.' || c.name AS place, (c.\"notnull\" <> 0 OR c.pk > 0) AS required \
         FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name {OWN}"
    ))
    .load(&mut sqlite)
    .unwrap();
    let postgres: Vec<Column> = sql_query(format!(
        "SELECT table_name || '.' || column_name AS place, is_nullable = 'NO' AS required \
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name {OWN}"
    ))
    .load(&mut postgres)
    .unwrap();
    let (sqlite, postgres): (BTreeSet<_>, BTreeSet<_>) =
        (sqlite.into_iter().collect(), postgres.into_iter().collect());
    let differ: Vec<_> = sqlite.symmetric_difference(&postgres).collect();
    assert!(differ.is_empty() && 50 < sqlite.len(), "{differ:#?}");
}
