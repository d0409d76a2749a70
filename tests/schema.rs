//! Both engines hold the same tables.

use diesel::sql_types::{Bool, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, sql_query};
use evenkeel_persistence::{Database, Location};
use std::collections::BTreeSet;

#[derive(QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Column {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Bool)]
    required: bool,
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
