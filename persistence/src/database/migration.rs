//! Migrations of the schema to the version of this binary.

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::error::Error;
use super::tx::Tx;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Runs the pending migrations under a lock and returns their number. Refuses a schema that is newer than this binary.
pub(super) fn migrate(tx: &mut Tx) -> Result<usize, Error> {
    match tx {
        Tx::Sqlite(conn) => bring_up(conn, SQLITE, "SELECT 1", "SELECT 1"),
        Tx::Postgres(conn) => bring_up(
            conn,
            POSTGRES,
            "SELECT pg_advisory_lock(3141592653)",
            "SELECT pg_advisory_unlock(3141592653)",
        ),
    }
}

/// Whether every migration of this binary has run. The library's own function would write to the database.
pub(super) fn is_migrated(tx: &mut Tx) -> Result<bool, Error> {
    #[derive(diesel::QueryableByName)]
    struct Applied {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }
    let unavailable = |error: Box<dyn std::error::Error + Send + Sync>| Error::Unavailable(error.to_string());
    let known: Vec<Box<dyn Migration<Sqlite>>> = SQLITE.migrations().map_err(unavailable)?;
    let sql = diesel::sql_query("SELECT version FROM __diesel_schema_migrations");
    let applied: Vec<Applied> = sql.load(tx).map_err(|error| Error::Unavailable(error.to_string()))?;
    let run = |version: String| applied.iter().any(|applied| applied.version == version);
    Ok(known.iter().all(|migration| run(migration.name().version().to_string())))
}

/// Whether the tables exist, in any version. Writes nothing.
pub(super) fn has_tables(tx: &mut Tx) -> Result<bool, Error> {
    #[derive(diesel::QueryableByName)]
    struct There {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        tables: i64,
    }
    let sql = match tx {
        Tx::Sqlite(_) => {
            "SELECT count(*) AS tables FROM sqlite_schema WHERE type = 'table' AND name = 'accounts'"
        }
        Tx::Postgres(_) => {
            "SELECT count(*) AS tables FROM pg_catalog.pg_tables \
             WHERE tablename = 'accounts' AND schemaname = ANY (current_schemas(false))"
        }
    };
    Ok(0 < diesel::sql_query(sql).get_result::<There>(tx)?.tables)
}

fn bring_up<C, B>(conn: &mut C, ours: EmbeddedMigrations, lock: &str, unlock: &str) -> Result<usize, Error>
where
    C: MigrationHarness<B> + SimpleConnection,
    B: diesel::backend::Backend,
    EmbeddedMigrations: diesel::migration::MigrationSource<B>,
{
    let broken = |error: Box<dyn std::error::Error + Send + Sync>| Error::Unavailable(error.to_string());
    conn.batch_execute(lock)?;
    let known = diesel::migration::MigrationSource::<B>::migrations(&ours).map_err(broken)?;
    let newest = known.iter().map(|migration| migration.name().version().as_owned()).max();
    let applied = conn.applied_migrations().map_err(broken)?;
    if applied.iter().max() > newest.as_ref() {
        let text =
            "the database was made by a newer Evenkeel; start that version, or restore a backup".to_owned();
        return Err(Error::Setup(text));
    }
    let run = conn.run_pending_migrations(ours).map(|run| run.len()).map_err(broken)?;
    conn.batch_execute(unlock)?;
    Ok(run)
}
