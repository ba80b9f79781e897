//! Databases of real Airflows, dumped by `tests/adoption`, are imported; and ours is written back into them.

use std::path::Path;
use std::str::FromStr as _;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::sync::Notify;
use tradewind_core::{RunState, TaskState};
use tradewind_store::read::{
    OrderBy, Page, RUN_COLUMNS, RunFilter, TI_COLUMNS, TiFilter, TiView, XCOM_COLUMNS, XComFilter,
};
use tradewind_store::{
    AirflowSource, ExportOptions, Fernet, ImportKind, ImportOptions, KindReport, RoleWords, Store, Unfinished,
    export_airflow, import_airflow,
};
use tradewind_testkit::{TestStore, postgres, postgres_store, sqlite_store, stores};

/// The key of all fixtures.
const KEY: &str = "ZmVybmV0LWtleS1vZi10aGUtYWRvcHRpb24tdGVzdHM=";

/// A database that an Airflow left behind.
struct Old {
    url: String,
    _folder: Option<TempDir>,
}

impl Old {
    async fn sqlite(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:///{}/airflow.db", folder.path().display());
        let path = folder.path().join("airflow.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let mut conn = options.connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        Self { url, _folder: Some(folder) }
    }

    async fn postgres(sql: &str) -> Self {
        let url = postgres().database();
        let mut conn = sqlx::postgres::PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        Self { url, _folder: None }
    }

    /// All fixtures with their version.
    async fn all() -> Vec<(String, Self)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/airflow");
        let mut found = Vec::new();
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let sql = std::fs::read_to_string(&file).unwrap();
            let old = if name.ends_with("postgres") { Self::postgres(&sql).await } else { Self::sqlite(&sql).await };
            found.push((name, old));
        }
        assert!(found.len() >= 4, "{:?}", found.iter().map(|(name, _)| name).collect::<Vec<_>>());
        found
    }
}

async fn target_of(name: &str) -> TestStore {
    if name.ends_with("postgres") { postgres_store().await } else { sqlite_store().await }
}

fn options() -> ImportOptions {
    ImportOptions {
        kinds: ImportKind::ALL.to_vec(),
        fernet: Fernet::new(KEY).unwrap(),
        overwrite: false,
        since: None,
        roles: RoleWords {
            built_in: &["Admin", "Op", "User", "Viewer", "Public"],
            known: |action, resource| {
                action.starts_with("can_") && (resource.starts_with("DAG:") || resource == "Variables")
            },
        },
        unfinished: Unfinished::Fail,
    }
}

async fn import(source: &AirflowSource, target: Option<&Store>, options: &ImportOptions) -> Vec<KindReport> {
    import_airflow(source, target, options, &|_, _, _| {}).await.unwrap()
}

fn of<'r>(reports: &'r [KindReport], kind: &str) -> &'r KindReport {
    reports.iter().find(|report| report.kind == kind).unwrap()
}

#[tokio::test]
async fn connections_variables_and_pools_of_every_version() {
    for (name, old) in Old::all().await {
        let (store, source) = (target_of(&name).await, AirflowSource::open(&old.url).await.unwrap());
        let reports = import(&source, Some(&store), &options()).await;
        let db = store.connection("shop_db").await.unwrap().unwrap();
        assert_eq!(db.password.as_deref(), Some("p@ss/w:rd ü%"), "{name}");
        assert_eq!((db.conn_type.as_str(), db.port, db.host.as_deref()), ("postgres", Some(5433), Some("db.example")));
        assert_eq!(db.extra.as_deref(), Some("{\"sslmode\": \"disable\"}"));
        let odd = store.connection("shop_odd").await.unwrap().unwrap();
        let extra: serde_json::Value = serde_json::from_str(odd.extra.as_deref().unwrap()).unwrap();
        assert_eq!(extra["key"], "a \"quoted\" ü\n%s");
        assert_eq!(odd.host.as_deref(), Some("https://api.example/v1?x=1"));
        let bare = store.connection("shop_bare").await.unwrap().unwrap();
        assert_eq!((bare.password, bare.extra.filter(|extra| !extra.is_empty())), (None, None));
        let variable = async |key: &str| store.variable(key).await.unwrap().unwrap().value;
        assert_eq!(variable("shop_plain").await, "text with ü and 'quotes'");
        assert_eq!(variable("shop_secret_key").await, "hunter2");
        let json: serde_json::Value = serde_json::from_str(&variable("shop_json").await).unwrap();
        assert_eq!(json, serde_json::json!({"a": [1, 2], "b": null}));
        assert_eq!(store.pool("shop_pool").await.unwrap().unwrap().slots, 3);
        assert_eq!(store.pool("default_pool").await.unwrap().unwrap().slots, 17, "{name}");
        for kind in ["connections", "variables", "pools"] {
            let report = of(&reports, kind);
            assert!(
                report.written == report.read && report.skipped.is_empty() && report.read > 1,
                "{name}: {report:?}"
            );
        }
        let again = import(&source, Some(&store), &options()).await;
        assert!(
            again.iter().all(|report| report.written == 0 || report.kind == "rights of roles"),
            "{name}: {again:?}"
        );
    }
}

#[tokio::test]
async fn without_the_right_key_secrets_are_named_and_left_out() {
    for (name, old) in Old::all().await.into_iter().take(1) {
        let (store, source) = (target_of(&name).await, AirflowSource::open(&old.url).await.unwrap());
        for (key, reason) in [
            ("", "it is encrypted, and the Airflow's Fernet key was not given"),
            ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "the given Fernet key does not fit"),
        ] {
            let options = ImportOptions { fernet: Fernet::new(key).unwrap(), ..options() };
            let reports = import(&source, Some(&store), &options).await;
            let skipped = &of(&reports, "connections").skipped[reason];
            assert!(skipped.names.contains(&"shop_db".to_owned()), "{skipped:?}");
        }
        assert!(store.connection("shop_db").await.unwrap().is_none());
        assert!(store.connection("shop_bare").await.unwrap().is_some(), "nothing of it is secret");
    }
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_a_source_is_never_written() {
    for (name, old) in Old::all().await {
        let source = AirflowSource::open(&old.url).await.unwrap();
        let reports = import(&source, None, &options()).await;
        let store = target_of(&name).await;
        let real = import(&source, Some(&store), &options()).await;
        for (dry, real) in reports.iter().zip(&real) {
            assert_eq!((dry.kind, dry.read, &dry.skipped), (real.kind, real.read, &real.skipped), "{name}");
        }
    }
}

#[tokio::test]
async fn written_back_and_read_again() {
    for (name, old) in Old::all().await {
        let (store, source) = (target_of(&name).await, AirflowSource::open(&old.url).await.unwrap());
        import(&source, Some(&store), &options()).await;
        let mut connection = store.connection("shop_db").await.unwrap().unwrap();
        connection.password = Some("changed ü".into());
        store.put_connection(&connection).await.unwrap();
        connection.conn_id = "brand_new".into();
        store.put_connection(&connection).await.unwrap();
        let export = ExportOptions {
            fernet: Fernet::new(KEY).unwrap(),
            connections: true,
            variables: true,
            pools: true,
            overwrite: false,
            dry_run: true,
        };
        let reports = export_airflow(&store, &source, &export).await.unwrap();
        assert_eq!(of(&reports, "connections").written, 1, "{name}");
        let other = target_of(&name).await;
        import(&source, Some(&other), &options()).await;
        assert!(other.connection("brand_new").await.unwrap().is_none(), "{name}: only tried");
        export_airflow(&store, &source, &ExportOptions { dry_run: false, ..export.clone() }).await.unwrap();
        let all = ExportOptions { dry_run: false, overwrite: true, ..export };
        let over = ImportOptions { overwrite: true, ..options() };
        import(&source, Some(&other), &over).await;
        let read = async |id: &str| other.connection(id).await.unwrap().unwrap().password;
        assert_eq!(read("brand_new").await.as_deref(), Some("changed ü"), "{name}");
        assert_eq!(read("shop_db").await.as_deref(), Some("p@ss/w:rd ü%"), "{name}: nothing is replaced unasked");
        export_airflow(&store, &source, &all).await.unwrap();
        import(&source, Some(&other), &over).await;
        assert_eq!(read("shop_db").await.as_deref(), Some("changed ü"), "{name}");
    }
}

#[tokio::test]
async fn refuses_what_is_no_airflow() {
    let open = async |url: &str| AirflowSource::open(url).await.unwrap_err().to_string();
    assert!(open("mysql://me:secret@db/airflow").await.contains("pgloader"));
    assert!(open("sqlite:////nowhere/airflow.db").await.contains("there is no such file"));
    let own = sqlite_store().await;
    assert!(open(&own.url).await.contains("tradewind itself"));
    let other = Old::sqlite("CREATE TABLE dag_run (x INTEGER)").await;
    assert!(open(&other.url).await.contains("not the metadata database of an Airflow"));
}

/// 900 runs of 2 DAGs with 3 task instances and an XCom each, in the tables of 2.11; the last run is at work.
const MANY: &str = "
    CREATE TABLE connection (id INTEGER, conn_id TEXT);
    CREATE TABLE dag (dag_id TEXT, is_paused BOOLEAN);
    CREATE TABLE dag_run (id INTEGER PRIMARY KEY, dag_id TEXT, run_id TEXT, run_type TEXT, state TEXT,
        execution_date TIMESTAMP, data_interval_start TIMESTAMP, data_interval_end TIMESTAMP, start_date TIMESTAMP,
        end_date TIMESTAMP, conf BLOB);
    CREATE TABLE task_instance (dag_id TEXT, task_id TEXT, run_id TEXT, map_index INTEGER, state TEXT,
        try_number INTEGER, max_tries INTEGER, start_date TIMESTAMP, end_date TIMESTAMP, operator TEXT);
    CREATE TABLE xcom (dag_run_id INTEGER, dag_id TEXT, task_id TEXT, run_id TEXT, map_index INTEGER, key TEXT,
        value BLOB, timestamp TIMESTAMP);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
    INSERT INTO dag_run SELECT i, 'd' || (i % 2), 'scheduled__' || i, 'scheduled',
        CASE i WHEN 900 THEN 'running' ELSE 'success' END, datetime('2021-01-01', '+' || i || ' hours'),
        datetime('2021-01-01', '+' || i || ' hours'), datetime('2021-01-01', '+' || (i + 1) || ' hours'),
        datetime('2021-01-01', '+' || i || ' hours'),
        CASE i WHEN 900 THEN NULL ELSE datetime('2021-01-01', '+' || (i + 1) || ' hours') END, NULL FROM n;
    INSERT INTO task_instance SELECT dag_id, t.column1, run_id, -1,
        CASE WHEN state = 'running' THEN t.column2 ELSE 'success' END, 1, 2, start_date, end_date, 'BashOperator'
        FROM dag_run, (VALUES ('a', 'success'), ('b', 'running'), ('c', NULL)) AS t;
    INSERT INTO xcom SELECT id, dag_id, 'a', run_id, -1, 'return_value', CAST('{\"n\": ' || id || '}' AS BLOB), start_date
        FROM dag_run;";

async fn counted(store: &Store) -> (i64, i64, i64) {
    let page = Page { limit: 1, offset: 0 };
    let order = |columns| OrderBy::parse(columns, &["dag_id"]).unwrap();
    (
        store.list_runs(&RunFilter::default(), &order(RUN_COLUMNS), page).await.unwrap().total,
        store.list_tis(&TiFilter::default(), &order(TI_COLUMNS), page).await.unwrap().total,
        store.list_xcoms(&XComFilter::default(), &order(XCOM_COLUMNS), page).await.unwrap().total,
    )
}

#[tokio::test]
async fn an_import_that_was_killed_goes_on_and_doubles_nothing() {
    let old = Old::sqlite(MANY).await;
    let source = AirflowSource::open(&old.url).await.unwrap();
    for store in stores().await {
        for kill_at in ["runs", "XComs"] {
            let (seen, killed) = (AtomicU64::new(0), Notify::new());
            let progress = |what: &'static str, done: u64, total: u64| {
                assert!(done <= total.max(1));
                // In the middle of the batch that begins with run 401.
                if what == kill_at && done == 400 {
                    seen.store(done, Ordering::SeqCst);
                    killed.notify_one();
                }
            };
            let options = options();
            let whole = import_airflow(&source, Some(&store.store), &options, &progress);
            tokio::select! {
                biased;
                () = killed.notified() => {}
                done = whole => panic!("{kill_at}: it should have been killed: {done:?}"),
            }
            assert_eq!(seen.load(Ordering::SeqCst), 400);
            let (runs, tis, xcoms) = counted(&store).await;
            let expected = if kill_at == "runs" { (400, 1200, 0) } else { (900, 2700, 400) };
            assert_eq!((runs, tis, xcoms), expected, "{}: whole batches or nothing", store.name);
        }
        let reports = import(&source, Some(&store), &options()).await;
        assert_eq!(counted(&store).await, (900, 2700, 900), "{}", store.name);
        assert_eq!((of(&reports, "runs").read, of(&reports, "XComs").written), (0, 500));
    }
}

#[tokio::test]
async fn what_was_not_finished_has_failed_and_is_never_run_again() {
    let old = Old::sqlite(MANY).await;
    let source = AirflowSource::open(&old.url).await.unwrap();
    for store in stores().await {
        let reports = import(&source, Some(&store), &options()).await;
        assert_eq!(of(&reports, "runs").changed["it was not finished, and is failed now"].count, 1);
        let run = store.find_run("d0", "scheduled__900").await.unwrap().unwrap();
        assert_eq!(run.state, RunState::Failed);
        assert_eq!(run.note.as_deref(), Some("It was running in Airflow when it was imported."));
        let counts: serde_json::Value = serde_json::from_str(&run.state_counts).unwrap();
        assert_eq!(counts, serde_json::json!({"success": 1, "failed": 1, "no_status": 1}));
        let ti = async |task: &str| store.find_ti("d0", "scheduled__900", task, -1).await.unwrap().unwrap();
        let state = |ti: &TiView| ti.state;
        assert_eq!(state(&ti("a").await), Some(TaskState::Success));
        assert_eq!(state(&ti("b").await), Some(TaskState::Failed));
        assert_eq!(ti("b").await.reason.as_deref(), Some("it was running in Airflow when it was imported"));
        assert_eq!(state(&ti("c").await), None);
    }
    let store = sqlite_store().await;
    let leave_out = ImportOptions { unfinished: Unfinished::LeaveOut, ..options() };
    let reports = import(&source, Some(&store), &leave_out).await;
    assert_eq!(of(&reports, "runs").skipped["it was not finished"].names, ["d0 scheduled__900"]);
    assert_eq!(counted(&store).await, (899, 2697, 899));
}

#[tokio::test]
async fn since_keeps_the_newest_scheduled_run_of_each_dag() {
    let old = Old::sqlite(MANY).await;
    let source = AirflowSource::open(&old.url).await.unwrap();
    let store = sqlite_store().await;
    let options = ImportOptions { since: Some("2021-02-07T12:00:00Z".parse().unwrap()), ..options() };
    let reports = import(&source, Some(&store), &options).await;
    assert_eq!(of(&reports, "runs").read, 900);
    // Hour 900 is 2021-02-07 12:00: the last run of d0. That of d1 is an hour older.
    assert_eq!(counted(&store).await, (2, 6, 2));
    assert_eq!(of(&reports, "runs").skipped["it is older than --since"].count, 898);
}
