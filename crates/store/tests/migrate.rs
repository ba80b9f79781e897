//! Opening and migrating: on both databases, by several programs at once, and whatever is found there.

use sqlx::{Connection as _, Row as _};
use tradewind_store::{Error, MigrateReport, Store, StoreOptions};
use tradewind_testkit::{postgres, stores};

/// How many migrations there are.
fn migrations() -> usize {
    std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap().count()
}

/// An address of an empty database of each kind.
fn empty() -> (tempfile::TempDir, [String; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:///{}/new/folder/a.db", folder.path().display());
    (folder, [sqlite, postgres().database()])
}

/// Runs a statement past the store.
async fn execute(url: &str, sql: &str) {
    if url.starts_with("sqlite") {
        let mut conn = sqlx::SqliteConnection::connect(&url.replace("sqlite:///", "sqlite:")).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
    } else {
        postgres().sql(url, sql);
    }
}

async fn open(url: &str) -> Store {
    Store::open(url, StoreOptions::default()).await.unwrap()
}

#[tokio::test]
async fn several_programs_migrate_at_once() {
    let (_folder, urls) = empty();
    for url in urls {
        let before = open(&url).await.check().await.unwrap_err();
        assert!(matches!(before, Error::NotMigrated { found: 0, .. }), "{before}");
        let programs = (0..4).map(|_| {
            let url = url.clone();
            tokio::spawn(async move { open(&url).await.migrate().await.unwrap() })
        });
        let mut applied = 0;
        for report in programs.collect::<Vec<_>>() {
            applied += report.await.unwrap().applied.len();
        }
        assert_eq!(applied, migrations(), "each migration once: {url}");
        let store = open(&url).await;
        store.check().await.unwrap();
        assert!(store.migrate().await.unwrap().applied.is_empty());
    }
}

#[tokio::test]
async fn databases_that_are_not_ours_are_refused() {
    let (_folder, urls) = empty();
    for url in urls {
        let store = open(&url).await;
        execute(&url, "CREATE TABLE alembic_version (version_num TEXT)").await;
        let error = store.migrate().await.unwrap_err().to_string();
        assert!(error.contains("belongs to an Apache Airflow installation"), "{error}");
        execute(&url, "DROP TABLE alembic_version").await;
        store.migrate().await.unwrap();

        execute(&url, "UPDATE schema_migration SET checksum = 'x'").await;
        let error = store.check().await.unwrap_err().to_string();
        assert!(error.contains("was applied to this database in another form"), "{error}");
        execute(&url, "INSERT INTO schema_migration VALUES (999, 'future', 'x', 0)").await;
        for error in [store.check().await.unwrap_err(), store.migrate().await.unwrap_err()] {
            assert!(matches!(error, Error::Newer { found: 999, .. }), "{error}");
        }
        let MigrateReport { from, applied, .. } = store.reset().await.unwrap();
        assert_eq!((from, applied.len()), (0, migrations()));
        store.check().await.unwrap();
    }
}

#[tokio::test]
async fn a_migration_that_is_missing_is_applied_although_a_later_one_is_there() {
    let (_folder, urls) = empty();
    for url in urls {
        let store = open(&url).await;
        store.migrate().await.unwrap();
        execute(&url, "DROP TABLE backfill_dag_run; DROP TABLE backfill; DROP INDEX dag_run_backfill").await;
        for column in ["backfill_id", "backfill_ordinal"] {
            execute(&url, &format!("ALTER TABLE dag_run DROP COLUMN {column}")).await;
        }
        execute(&url, "DELETE FROM schema_migration WHERE version = 3").await;
        let error = store.check().await.unwrap_err();
        assert!(matches!(error, Error::NotMigrated { .. }), "{error}");
        assert_eq!(store.migrate().await.unwrap().applied, ["0003_backfill"]);
        store.check().await.unwrap();
    }
}

#[tokio::test]
async fn reset_leaves_nothing_behind() {
    for store in stores().await {
        store.setting_or("a", || "b".into()).await.unwrap();
        store.reset().await.unwrap();
        assert_eq!(store.setting("a").await.unwrap(), None, "{}", store.name);
        assert_eq!(store.pools().await.unwrap().len(), 1, "the default pool is back");
    }
}

#[tokio::test]
async fn a_second_long_lived_process_is_kept_off_the_file_and_commands_are_not() {
    let (_folder, [url, _]) = empty();
    let exclusive = || StoreOptions { exclusive: true, ..StoreOptions::default() };
    let first = Store::open(&url, exclusive()).await.unwrap();
    first.migrate().await.unwrap();
    let error = Store::open(&url, exclusive()).await.unwrap_err();
    let expected = format!("is in use by another tradewind (process {})", std::process::id());
    assert!(error.to_string().contains(&expected), "{error}");

    // A command writes beside it, and the first one hears of that.
    let mut changes = first.notifier().subscribe(tradewind_store::Topic::Scheduler);
    let command = open(&url).await;
    command.setting_or("a", || "b".into()).await.unwrap();
    assert_eq!(first.setting("a").await.unwrap().as_deref(), Some("b"));
    tokio::time::timeout(std::time::Duration::from_secs(20), changes.wait()).await.expect("a wake-up");
    command.close().await;
    drop(first);
    Store::open(&url, exclusive()).await.unwrap();
}

#[tokio::test]
async fn addresses_that_do_not_work_are_told_at_once() {
    let options = || StoreOptions { timeout: std::time::Duration::from_secs(5), ..StoreOptions::default() };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("text"), "this is not a database, it is a text of some length").unwrap();
    let not_sqlite = format!("sqlite:///{}/text", folder.path().display());
    let below_a_file = format!("sqlite:///{}/text/a.db", folder.path().display());
    for url in ["postgresql://me:secret@127.0.0.1:1/air", "sqlite:////proc/nowhere/a.db", &not_sqlite, &below_a_file] {
        let error = Store::open(url, options()).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "{url}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(error.is_transient());
    }
}

/// The schema as the database tells it: the files beside `migrations/` are what all migrations make together.
/// `UPDATE_SCHEMA=1` writes them.
#[tokio::test]
async fn the_committed_schema_is_what_the_migrations_make() {
    for store in stores().await {
        let (file, found) = match store.name {
            "sqlite" => {
                let url = store.url.replace("sqlite:///", "sqlite:");
                let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
                let query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
                             ORDER BY tbl_name, type DESC, name";
                let rows = sqlx::raw_sql(query).fetch_all(&mut conn).await.unwrap();
                let texts: Vec<String> = rows.iter().map(|row| format!("{};\n", row.get::<String, _>(0))).collect();
                ("schema.sqlite.sql", texts.join("\n"))
            }
            _ => {
                let query = "
                    SELECT line FROM (
                        SELECT table_name AS t, 1 AS kind, lpad(ordinal_position::text, 3, '0') AS n, table_name || '.' || column_name || ' '
                            || data_type || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
                            || COALESCE(' DEFAULT ' || column_default, '')
                            || CASE is_identity WHEN 'YES' THEN ' IDENTITY' ELSE '' END AS line
                        FROM information_schema.columns WHERE table_schema = 'public'
                        UNION ALL
                        SELECT conrelid::regclass::text, 2, conname, conrelid::regclass::text || ' ' || conname || ' '
                            || pg_get_constraintdef(oid)
                        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
                        UNION ALL
                        SELECT tablename, 3, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
                    ) AS lines ORDER BY t, kind, n";
                ("schema.postgres.sql", postgres().sql(&store.url, query))
            }
        };
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &found).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(committed.trim(), found.trim(), "{file} is not what the migrations make: run with UPDATE_SCHEMA=1");
    }
}

/// A row that a constraint refuses, for every constraint that is not a key.
#[tokio::test]
async fn every_check_refuses_a_bad_row() {
    let run = "INSERT INTO dag_run (dag_id, run_id, run_type, triggered_by, run_after, created_at, updated_at, state, queued_at, start_date, end_date) VALUES";
    let ti = "INSERT INTO task_instance (run_key, dag_id, task_id, max_tries, operator, pool, queue, priority, updated_at, pool_slots, state, queued_at, start_date, end_date, try_number) VALUES";
    let trigger =
        "INSERT INTO trigger (kind, classpath, kwargs, created_at, due_at, run_key, ti_id, try_number, watcher) VALUES";
    let bad = [
        ("dag_run_state", format!("{run} ('d', 'x', 'manual', '', 0, 0, 0, 'gone', 0, NULL, NULL)")),
        ("dag_run_type", format!("{run} ('d', 'x', 'odd', '', 0, 0, 0, 'queued', 0, NULL, NULL)")),
        ("dag_run_queued_has_queued_at", format!("{run} ('d', 'x', 'manual', '', 0, 0, 0, 'queued', NULL, NULL, NULL)")),
        ("dag_run_running_has_start", format!("{run} ('d', 'x', 'manual', '', 0, 0, 0, 'running', 0, NULL, NULL)")),
        ("dag_run_finished_has_end", format!("{run} ('d', 'x', 'manual', '', 0, 0, 0, 'success', 0, 0, NULL)")),
        ("dag_run_finished_has_end", format!("{run} ('d', 'x', 'manual', '', 0, 0, 0, 'queued', 0, 0, 1)")),
        ("task_instance_state", format!("{ti} (1, 'd', 'x', 0, '', '', '', 0, 0, 1, 'gone', 0, 0, 0, 0)")),
        ("task_instance_queued_has_queued_at", format!("{ti} (1, 'd', 'x', 0, '', '', '', 0, 0, 1, 'queued', NULL, 0, 0, 0)")),
        ("task_instance_running_has_start", format!("{ti} (1, 'd', 'x', 0, '', '', '', 0, 0, 1, 'running', 0, NULL, 0, 0)")),
        ("task_instance_finished_has_end", format!("{ti} (1, 'd', 'x', 0, '', '', '', 0, 0, 1, 'skipped', 0, 0, NULL, 0)")),
        ("task_instance_tries", format!("{ti} (1, 'd', 'x', 0, '', '', '', 0, 0, 0, NULL, 0, 0, 0, 0)")),
        ("task_try_state", "INSERT INTO task_try (ti_id, try_number, state, max_tries, operator, pool, pool_slots, queue, priority) VALUES (1, 1, 'running', 0, '', '', 1, '', 0)".into()),
        ("backfill_reprocess", "INSERT INTO backfill (dag_id, from_date, to_date, run_backwards, reprocess_behavior, max_active_runs, created_at, updated_at) VALUES ('d', 0, 0, FALSE, 'some', 1, 0, 0)".into()),
        ("backfill_max_active_runs", "INSERT INTO backfill (dag_id, from_date, to_date, run_backwards, reprocess_behavior, max_active_runs, created_at, updated_at) VALUES ('d', 0, 0, FALSE, 'none', 0, 0, 0)".into()),
        ("pool_slots", "INSERT INTO pool (name, slots) VALUES ('p', -2)".into()),
        ("job_state", "INSERT INTO job (kind, hostname, pid, state, started_at, heartbeat_at) VALUES ('', '', 0, 'odd', 0, 0)".into()),
        ("job_ended_has_end", "INSERT INTO job (kind, hostname, pid, state, started_at, heartbeat_at) VALUES ('', '', 0, 'ended', 0, 0)".into()),
        ("dag_next_run_whole", "INSERT INTO dag (dag_id, bundle_name, relative_fileloc, fileloc, is_paused, timetable, max_active_runs, max_active_tasks, created_at, updated_at, next_run_after) VALUES ('x', '', '', '', FALSE, '', 1, 1, 0, 0, 5)".into()),
        ("trigger_kind", format!("{trigger} ('odd', '', '', 0, NULL, 1, 1, 1, NULL)")),
        ("trigger_has_an_owner", format!("{trigger} ('python', '', '', 0, NULL, NULL, NULL, NULL, NULL)")),
        ("trigger_of_a_try_names_it", format!("{trigger} ('python', '', '', 0, NULL, NULL, 1, 1, NULL)")),
        ("trigger_time_is_due", format!("{trigger} ('time', '', '', 0, NULL, 1, 1, 1, NULL)")),
        ("trigger_external_awaits", format!("{trigger} ('external', '', '', 0, NULL, 1, 1, 1, NULL)")),
        ("hitl_detail_answer_whole", "INSERT INTO hitl_detail (ti_id, try_number, subject, options, created_at, responded_at) VALUES (1, 1, '', '[]', 0, 1)".into()),
    ];
    for store in stores().await {
        let (run_key, ti_id) = tradewind_testkit::build::queued(&store).await;
        assert_eq!((run_key, ti_id), (1, 1), "the rows that the bad ones refer to");
        for (constraint, sql) in &bad {
            let refused = match store.name {
                "sqlite" => {
                    let url = store.url.replace("sqlite:///", "sqlite:");
                    let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
                    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone())).execute(&mut conn).await.map(|_| ())
                }
                _ => {
                    let mut conn = sqlx::PgConnection::connect(&store.url).await.unwrap();
                    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone())).execute(&mut conn).await.map(|_| ())
                }
            };
            let error = Error::from(refused.expect_err(sql));
            assert_eq!(error.constraint().as_deref(), Some(*constraint), "{}: {error}", store.name);
            assert!(!error.is_transient());
        }
    }
}
