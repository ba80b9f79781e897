//! Migrations: versioned files, applied in order under a lock, each in the one transaction that records it.

use sha2::{Digest as _, Sha256};

use crate::db::{Conn, Connected, Writing, sql};
use crate::sql::{Dialect, Statement, for_dialect};
use crate::{Error, Store};

/// One file of `migrations/`.
struct Migration {
    version: i64,
    name: &'static str,
    text: &'static str,
}

/// Sorted by version; there may be gaps.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "initial", text: include_str!("../migrations/0001_initial.sql") },
    Migration { version: 2, name: "assets", text: include_str!("../migrations/0002_assets.sql") },
    Migration { version: 3, name: "backfill", text: include_str!("../migrations/0003_backfill.sql") },
    Migration { version: 4, name: "callbacks", text: include_str!("../migrations/0004_callbacks.sql") },
    Migration { version: 5, name: "waiting", text: include_str!("../migrations/0005_waiting.sql") },
    Migration { version: 7, name: "state_stores", text: include_str!("../migrations/0007_state_stores.sql") },
    Migration { version: 8, name: "timetables", text: include_str!("../migrations/0008_timetables.sql") },
    Migration { version: 9, name: "run_fence", text: include_str!("../migrations/0009_run_fence.sql") },
    Migration { version: 10, name: "watchers", text: include_str!("../migrations/0010_watchers.sql") },
    Migration { version: 11, name: "reported_at", text: include_str!("../migrations/0011_reported_at.sql") },
    Migration { version: 12, name: "rest", text: include_str!("../migrations/0012_rest.sql") },
    Migration { version: 13, name: "access", text: include_str!("../migrations/0013_access.sql") },
    Migration { version: 15, name: "browsing", text: include_str!("../migrations/0015_browsing.sql") },
    Migration { version: 17, name: "bundles", text: include_str!("../migrations/0017_bundles.sql") },
    Migration { version: 18, name: "cluster", text: include_str!("../migrations/0018_cluster.sql") },
];

/// What [`Store::migrate`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrateReport {
    /// Version of the schema before; 0 for an empty database.
    pub from: i64,
    /// Version now.
    pub to: i64,
    /// Names of what was applied, in order.
    pub applied: Vec<String>,
}

static CREATE_TABLE: Statement = Statement::new(
    "CREATE TABLE IF NOT EXISTS schema_migration (
        version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
);
static TABLE_EXISTS: Statement = Statement::new(
    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1 -- sqlite
     SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1 -- pg",
);
static APPLIED: Statement = Statement::new("SELECT version, checksum FROM schema_migration ORDER BY version");
static RECORD: Statement =
    Statement::new("INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)");

/// Any number that is ours alone; two programs that migrate at once wait for each other on it.
static ADVISORY_LOCK: Statement = Statement::new("SELECT pg_advisory_xact_lock(7305808869231649130)");

impl Store {
    /// Brings the schema to this program's version. Safe when several processes start at once.
    ///
    /// # Errors
    /// [`Error::Newer`] if the database was migrated by a newer program, [`Error::Migration`] if it is not ours.
    pub async fn migrate(&self) -> Result<MigrateReport, Error> {
        let mut tx = self.db().write().await?;
        if self.dialect() == Dialect::Postgres {
            ADVISORY_LOCK.query().run(&mut tx).await?;
        }
        let report = migrate(&mut tx, self.dialect(), crate::now().as_micros()).await?;
        tx.commit().await?;
        if !report.applied.is_empty() {
            tracing::info!(from = report.from, to = report.to, "database migrated");
        }
        Ok(report)
    }

    /// Whether the schema is this program's.
    ///
    /// # Errors
    /// [`Error::NotMigrated`] or [`Error::Newer`] if not.
    pub async fn check(&self) -> Result<(), Error> {
        let mut reader = self.db().reader().await?;
        let mut applied = Vec::new();
        if table_exists(&mut reader, "schema_migration").await? {
            applied = APPLIED.query().all::<(i64, String)>(&mut reader).await?;
        }
        let found = compare(&applied, self.dialect())?;
        match missing(&applied).next() {
            Some(_) => Err(Error::NotMigrated { found, known: newest() }),
            None => Ok(()),
        }
    }

    /// Drops everything and leaves it so. All data is lost.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn empty(&self) -> Result<(), Error> {
        let mut tx = self.db().write().await?;
        drop_all(&mut tx).await?;
        tx.commit().await?;
        self.alert_cache().clear();
        self.waker().notify_all();
        Ok(())
    }

    /// The SQL that [`Store::migrate`] would run now.
    ///
    /// # Errors
    /// Those of [`Store::migrate`].
    pub async fn pending_sql(&self) -> Result<String, Error> {
        let mut reader = self.db().reader().await?;
        let mut applied = Vec::new();
        if table_exists(&mut reader, "schema_migration").await? {
            applied = APPLIED.query().all::<(i64, String)>(&mut reader).await?;
        }
        compare(&applied, self.dialect())?;
        Ok(text_of(missing(&applied), self.dialect()))
    }

    /// The SQL that makes an empty database ready.
    pub fn whole_sql(dialect: Dialect) -> String {
        text_of(MIGRATIONS.iter(), dialect)
    }

    /// Drops everything and migrates afresh. All data is lost.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn reset(&self) -> Result<MigrateReport, Error> {
        let mut tx = self.db().write().await?;
        if self.dialect() == Dialect::Postgres {
            ADVISORY_LOCK.query().run(&mut tx).await?;
        }
        drop_all(&mut tx).await?;
        let report = migrate(&mut tx, self.dialect(), crate::now().as_micros()).await?;
        tx.commit().await?;
        self.alert_cache().clear();
        self.waker().notify_all();
        Ok(report)
    }
}

/// What migrations run, as one text.
fn text_of<'m>(migrations: impl Iterator<Item = &'m Migration>, dialect: Dialect) -> String {
    let one = |m: &Migration| format!("-- {:04}_{}\n{}\n", m.version, m.name, for_dialect(m.text, dialect));
    migrations.map(one).collect()
}

async fn drop_all(tx: &mut Writing) -> Result<(), Error> {
    // Referencing tables first.
    for table in TABLES {
        sql(format!("DROP TABLE IF EXISTS {table}")).run(tx).await?;
    }
    Ok(())
}

/// Every table, those that reference others first.
pub(crate) const TABLES: &[&str] = &[
    "dag_access",
    "role_permission",
    "role",
    "revoked_token",
    "deadline",
    "callback",
    "task_state_store",
    "asset_state_store",
    "dag_run_asset_event",
    "asset_queue",
    "asset_event_alias",
    "asset_event",
    "asset_loose_reference",
    "asset_alias_reference",
    "asset_reference",
    "asset_watcher",
    "asset_alias_asset",
    "asset_alias",
    "asset",
    "backfill_dag_run",
    "backfill",
    "deferral",
    "trigger",
    "awaited_change",
    "hitl_detail",
    "xcom",
    "task_try",
    "task_instance",
    "dag_run",
    "connection_test",
    "python_question",
    "parse_request",
    "dag_favorite",
    "external_timetable",
    "timetable_question",
    "dag_version",
    "dag_tag",
    "dag",
    "variable",
    "connection",
    "pool",
    "event_log",
    "import_error",
    "dag_file",
    "users",
    "job",
    "pod",
    "setting",
    "inbox",
    "schema_migration",
];

/// Those that were not applied yet, in order. Numbers may have been left out and come later.
fn missing(applied: &[(i64, String)]) -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS.iter().filter(|migration| applied.iter().all(|(version, _)| *version != migration.version))
}

fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

async fn migrate(tx: &mut Writing, dialect: Dialect, now: i64) -> Result<MigrateReport, Error> {
    if table_exists(tx, "alembic_version").await? {
        return Err(Error::Migration(
            "this database belongs to an Apache Airflow installation (it has a table alembic_version): \
             give tradewind a database of its own in AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
                .into(),
        ));
    }
    CREATE_TABLE.query().run(tx).await?;
    let before = APPLIED.query().all::<(i64, String)>(tx).await?;
    let from = compare(&before, dialect)?;
    let mut applied = Vec::new();
    for migration in missing(&before) {
        let text = for_dialect(migration.text, dialect);
        let failed = |error: sqlx::Error| {
            Error::Migration(format!("migration {:04}_{} failed: {error}", migration.version, migration.name))
        };
        match tx.conn()? {
            Conn::Sqlite(conn) => {
                sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(conn).await.map_err(failed)?;
            }
            Conn::Postgres(conn) => {
                sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(conn).await.map_err(failed)?;
            }
        }
        RECORD
            .bind(migration.version)
            .bind(migration.name)
            .bind(checksum(migration, dialect))
            .bind(now)
            .run(tx)
            .await?;
        applied.push(format!("{:04}_{}", migration.version, migration.name));
    }
    Ok(MigrateReport { from, to: newest(), applied })
}

async fn table_exists(on: &mut impl Connected, name: &str) -> Result<bool, Error> {
    let (count,) = TABLE_EXISTS.bind(name).one::<(i64,)>(on).await?;
    Ok(count > 0)
}

/// The version found, if what was applied is what this program would have applied.
fn compare(applied: &[(i64, String)], dialect: Dialect) -> Result<i64, Error> {
    let found = applied.last().map_or(0, |(version, _)| *version);
    if found > newest() {
        return Err(Error::Newer { found, known: newest() });
    }
    for (version, sum) in applied {
        let Some(migration) = MIGRATIONS.iter().find(|migration| migration.version == *version) else {
            return Err(Error::Migration(format!(
                "the database has a migration {version} that this program doesn't know"
            )));
        };
        if checksum(migration, dialect) != *sum {
            return Err(Error::Migration(format!(
                "migration {version:04}_{} was applied to this database in another form: it was made by an \
                 unreleased build; use `tradewind db reset` (all data is lost) or a database of its own",
                migration.name
            )));
        }
    }
    Ok(found)
}

/// Of what runs: remarks and indentation do not count.
fn checksum(migration: &Migration, dialect: Dialect) -> String {
    let text: Vec<String> = for_dialect(migration.text, dialect)
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    Sha256::digest(text.join("\n")).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
