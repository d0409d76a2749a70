//! Both databases have the same tables, and an older one is migrated at the start.

use crate::Engine;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{Bool, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use evenkeel_persistence::{Database, Location};
use evenkeel_tests::test_server::TestServer;
use rstest::rstest;
use std::collections::BTreeSet;

#[derive(QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Column {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Bool)]
    required: bool,
}

/// The `down.sql` files of an engine, the newest migration first.
fn down(engine: Engine) -> Vec<String> {
    let folder = match engine {
        Engine::Sqlite => "../persistence/migrations/sqlite",
        Engine::Postgres => "../persistence/migrations/postgres",
    };
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().join("down.sql")).collect();
    files.sort();
    files.iter().rev().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn a_start_runs_pending_migrations_and_keeps_the_data(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let craving = server.craving(&maya, "2026-03-02T18:00:00Z", 7).await;

    let last = down(engine).swap_remove(0);
    let forget = "DELETE FROM __diesel_schema_migrations \
                  WHERE version = (SELECT MAX(version) FROM __diesel_schema_migrations);";
    server.tamper(&format!("{last} {forget}"), false).unwrap();
    let server = server.again().await;

    let all = server.get(&maya, "/v1/participants/me/cravings").await.is(200);
    assert_eq!(all["items"][0]["id"], craving.as_str());
    server.get(&maya, "/v1/participants/me/plan").await.is(200);
}

const OWN: &str = "NOT LIKE '\\_\\_diesel%' ESCAPE '\\'";

fn columns_of_sqlite(connection: &mut SqliteConnection) -> BTreeSet<Column> {
    let query = format!(
        "SELECT m.name || '.' || c.name AS place, (c.\"notnull\" <> 0 OR c.pk > 0) AS required \
         FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name {OWN}"
    );
    sql_query(query).load(connection).unwrap().into_iter().collect()
}

fn columns_of_postgres(connection: &mut PgConnection) -> BTreeSet<Column> {
    let query = format!(
        "SELECT table_name || '.' || column_name AS place, is_nullable = 'NO' AS required \
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name {OWN}"
    );
    sql_query(query).load(connection).unwrap().into_iter().collect()
}

#[test]
fn both_engines_have_the_same_tables_and_columns() {
    let Some(postgres) = evenkeel_tests::postgres::empty_database() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evenkeel.db");
    for location in [Location::Sqlite(file.clone()), Location::parse(&postgres.url).unwrap()] {
        let database = Database::open(location, 1, 1);
        assert!(0 < database.migrate().unwrap(), "a fresh database gets its tables");
        assert_eq!(database.migrate().unwrap(), 0, "and gets them once");
    }
    let mut sqlite_connection = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    let mut postgres_connection = PgConnection::establish(&postgres.url).unwrap();
    let sqlite = columns_of_sqlite(&mut sqlite_connection);
    let postgres = columns_of_postgres(&mut postgres_connection);
    let differ: Vec<_> = sqlite.symmetric_difference(&postgres).collect();
    assert!(differ.is_empty() && 50 < sqlite.len(), "{differ:#?}");
    sqlite_connection.batch_execute(&down(Engine::Sqlite).concat()).unwrap();
    postgres_connection.batch_execute(&down(Engine::Postgres).concat()).unwrap();
    assert_eq!(
        columns_of_sqlite(&mut sqlite_connection),
        BTreeSet::new(),
        "each migration undoes what it made"
    );
    assert_eq!(columns_of_postgres(&mut postgres_connection), BTreeSet::new());
}
