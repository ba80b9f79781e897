//! No hot statement reads a whole table, however many rows there are: what a scheduler and its workers do is run
//! once, and the database is asked how it would find the rows for each statement.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use serde_json::json;
use sqlx::{Connection as _, Row as _};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tradewind_core::asset::{AssetExpr, AssetUpdate};
use tradewind_core::plan::{AssetConsumer, AssetRun, plan_asset_runs};
use tradewind_core::timetable::TimetableSpec;
use tradewind_core::{Deferral, RunState, TaskState, Timestamp, TryId, WaitOutcome};
use tradewind_store::read::{AssetEventFilter, Page};
use tradewind_store::{
    AssetUse, AssetUseKind, ClearTis, FinishTry, Firing, NewRun, NewTi, ParsedDag, RunWrite, Store, TiWrite, XComKey,
};
use tradewind_testkit::build::{at, dag, file, new_run, new_ti, start, write};
use tradewind_testkit::{TestStore, postgres, postgres_store, sqlite_store};

/// Statements with the types of their arguments.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<BTreeSet<(String, String)>>>);

impl<S: tracing::Subscriber> Layer<S> for Seen {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        #[derive(Default)]
        struct Fields(String, String);
        impl Visit for Fields {
            fn record_str(&mut self, field: &Field, value: &str) {
                match field.name() {
                    "sql" => self.0 = value.to_owned(),
                    "types" => self.1 = value.to_owned(),
                    _ => {}
                }
            }
            fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
        }
        if event.metadata().target() == "tradewind_store::sql" {
            let mut fields = Fields::default();
            event.record(&mut fields);
            self.0.lock().unwrap().insert((fields.0, fields.1));
        }
    }
}

/// Everything hot, each at least once.
async fn scenario(store: &Store) {
    let scheduler = store.register_job("SchedulerJob", "h", 1, at(0)).await.unwrap();
    store.apply_parse(file("d.py", vec![dag("d", "h1")])).await.unwrap();
    let version = store.dag_schedules().await.unwrap()[0].latest_version_id;
    store.dag_schedule("d").await.unwrap();
    store.dag_version(version.unwrap()).await.unwrap();
    store.dag_status("d").await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.set_next_run("d", version, None).await.unwrap();
    tx.create_run(new_run("d", "free", Some(0))).await.unwrap();
    let run = NewRun { owner: Some(scheduler), ..new_run("d", "r", Some(1)) };
    let run_key = tx.create_run(run).await.unwrap().created().unwrap();
    let mapped = NewTi { map_index: 0, ..new_ti(run_key, "m") };
    let ids = tx.insert_tis(&[new_ti(run_key, "a"), new_ti(run_key, "b"), mapped]).await.unwrap();
    tx.usage().await.unwrap();
    let mapped = TiWrite { map_index: 1, ..write(ids[2], (None, 0), Some(TaskState::Scheduled), 0) };
    let queued = |n: usize| write(ids[n], (None, 0), Some(TaskState::Queued), 1);
    assert_eq!(tx.write_tis(&[queued(0), queued(1), mapped]).await.unwrap(), [true, true, true]);
    let run = RunWrite {
        run_key,
        expect_state: RunState::Queued,
        expect_fence: 0,
        owner: scheduler,
        state: RunState::Running,
        start_date: Some(at(1)),
        end_date: None,
        dag_version_id: version,
        state_counts: Default::default(),
        updated_at: at(1),
    };
    assert_eq!(tx.write_runs(&[run]).await.unwrap(), [true]);
    tx.pause_failing_dags(&[run_key]).await.unwrap();
    tx.commit().await.unwrap();

    store.adopt_runs(scheduler, at(-5)).await.unwrap();
    store.queued_tries(&["default".into()], None, 10).await.unwrap();
    store.start_try(start(ids[0], 1)).await.unwrap();
    store.start_try(start(ids[0], 1)).await.unwrap();
    store.heartbeat_tries(7, &[TryId { ti_id: ids[0], try_number: 1 }], at(2)).await.unwrap();
    store.running_tries().await.unwrap();
    store.lost_tries(at(0)).await.unwrap();
    let mut finish = FinishTry::new(TryId { ti_id: ids[0], try_number: 1 }, TaskState::UpForRetry, at(3));
    finish.xcoms.insert("k".into(), 1.into());
    store.finish_try(finish.clone()).await.unwrap();
    store.finish_try(finish).await.unwrap();
    let inbox = store.read_inbox(scheduler).await.unwrap();
    assert_eq!(inbox.len(), 2);
    let ti = store.load_tis(&ids[..1]).await.unwrap().remove(0);
    let mut tx = store.begin().await.unwrap();
    tx.tell_others(scheduler, &["d".into()]).await.unwrap();
    let again = write(ids[0], (ti.state, ti.fence), Some(TaskState::Queued), 2);
    assert_eq!(tx.write_tis(&[again]).await.unwrap(), [true]);
    tx.delete_inbox(&inbox.iter().map(|row| row.id).collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    store.load_runs(&[run_key]).await.unwrap();
    store.find_run_row("d", "r").await.unwrap();
    store.previous_run(run_key).await.unwrap();
    store.task_outcomes(run_key).await.unwrap();
    store.tasks_with_earlier_instances(run_key, &["a".into()]).await.unwrap();
    store.running_runs_of_others(scheduler, &["d".into()], at(0)).await.unwrap();
    let xcom = XComKey { run_key, task_id: "a".into(), map_index: -1, key: "k".into() };
    store.xcom_set(&xcom, "1", at(4)).await.unwrap();
    store.xcom_get(&xcom).await.unwrap();
    store.xcom_get_all(run_key, "a", "k").await.unwrap();
    store.xcom_get_prior(&xcom).await.unwrap();
    store.xcom_delete(&xcom).await.unwrap();
    store.set_rendered_fields(TryId { ti_id: ids[0], try_number: 2 }, "{}").await.unwrap();
    store.trigger_run(new_run("d", "free", Some(0))).await.unwrap();
    let clear = ClearTis {
        tis: vec![ids[1]],
        default_retries: 0,
        reopen_runs: true,
        also_runs: vec![],
        latest_version: true,
        at: at(9),
    };
    store.clear_tis(&clear).await.unwrap();
    store.set_ti_state(&ids, TaskState::Failed, at(9)).await.unwrap();
    store.set_run_state(run_key, RunState::Failed, at(9), &[]).await.unwrap();
    store.heartbeat_job(scheduler, Timestamp::from_secs(0)).await.unwrap();
    store.delete_run(run_key).await.unwrap();
    assets(store, scheduler).await;
    waits(store, scheduler).await;
}

/// A task updates an asset, and the DAG that waits for it gets its run.
async fn assets(store: &Store, scheduler: i64) {
    let asset: AssetExpr = serde_json::from_value(json!({"asset": {"name": "a", "uri": "s3://a"}})).unwrap();
    let spec = TimetableSpec::AssetTriggered { assets: asset.clone() };
    let used = AssetUse { kind: AssetUseKind::Schedule, task_id: String::new(), what: asset.clone() };
    let consumer = ParsedDag { timetable: serde_json::to_value(&spec).unwrap(), assets: vec![used], ..dag("w", "h1") };
    store.apply_parse(file("w.py", vec![consumer])).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let run_key = tx.create_run(new_run("d", "producer", Some(7))).await.unwrap().created().unwrap();
    let ids = tx.insert_tis(&[new_ti(run_key, "a")]).await.unwrap();
    tx.write_tis(&[write(ids[0], (None, 0), Some(TaskState::Queued), 1)]).await.unwrap();
    tx.commit().await.unwrap();
    store.start_try(start(ids[0], 1)).await.unwrap();
    let mut finish = FinishTry::new(TryId { ti_id: ids[0], try_number: 1 }, TaskState::Success, at(5));
    finish.asset_updates = AssetUpdate::of_outlet(&asset).into_iter().collect();
    store.finish_try(finish).await.unwrap();
    assert!(store.read_inbox(scheduler).await.unwrap().iter().any(|row| row.dag_id.as_deref() == Some("w")));
    let row = store.asset_consumers(&["w".into()]).await.unwrap().remove(0);
    let mut tx = store.begin().await.unwrap();
    let queue = tx.lock_asset_queue("w").await.unwrap();
    let schedule = spec.asset_schedule().unwrap();
    let plan = plan_asset_runs(&AssetConsumer { schedule, aliases: row.pending.aliases, queue, most_keys: 1 });
    let new = |run: &AssetRun| new_run("w", &run.run_id(), None);
    let created = tx.consume_assets("w", &plan, new).await.unwrap().created;
    assert_eq!(created.len(), 1);
    tx.commit().await.unwrap();
    let of = AssetEventFilter { consumed_by: Some(created[0]), ..AssetEventFilter::default() };
    assert_eq!(store.asset_events_for_task(&of, Page { limit: 10, offset: 0 }).await.unwrap().len(), 1);
    store.set_paused(&["w".into()], true).await.unwrap();
    store.set_paused(&["w".into()], false).await.unwrap();
}

/// A try defers, is woken and goes on.
async fn waits(store: &Store, scheduler: i64) {
    let mut tx = store.begin().await.unwrap();
    let run_key = tx.create_run(new_run("d", "waits", Some(8))).await.unwrap().created().unwrap();
    let ids = tx.insert_tis(&[new_ti(run_key, "a")]).await.unwrap();
    tx.write_tis(&[write(ids[0], (None, 0), Some(TaskState::Queued), 1)]).await.unwrap();
    tx.commit().await.unwrap();
    store.start_try(start(ids[0], 1)).await.unwrap();
    let deferral = Deferral { classpath: "company.T".into(), next_method: "go_on".into(), ..Deferral::default() };
    let mut finish = FinishTry::new(TryId { ti_id: ids[0], try_number: 1 }, TaskState::Deferred, at(5));
    finish.deferral = Some(Box::new(deferral));
    store.finish_try(finish).await.unwrap();
    let trigger_id = store.lease_triggers(scheduler, &[], at(-5), 10).await.unwrap()[0];
    store.load_triggers(&[trigger_id]).await.unwrap();
    let outcome = WaitOutcome::Event { payload: json!(1) };
    let fires = Firing { trigger_id, triggerer: Some(scheduler), outcome };
    assert_eq!(store.fire_triggers(&[fires], at(6)).await.unwrap(), [true]);
    let ti = store.load_tis(&ids).await.unwrap().remove(0);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.write_tis(&[write(ids[0], (ti.state, ti.fence), Some(TaskState::Queued), 1)]).await.unwrap(), [true]);
    tx.commit().await.unwrap();
    store.start_try(start(ids[0], 1)).await.unwrap();
    store.complete_backfills(at(9)).await.unwrap();
}

/// Tables that grow with the work that was done, and their aliases in statements.
const BIG: [&str; 10] = [
    "task_instance",
    "task_try",
    "dag_run",
    "xcom",
    "dag_version",
    "event_log",
    "dag_tag",
    "asset_event",
    "asset_queue",
    "dag_run_asset_event",
];

fn names_of_big_tables(sql: &str) -> BTreeSet<String> {
    let words: Vec<&str> =
        sql.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let mut names = BTreeSet::new();
    for (index, word) in words.iter().enumerate() {
        if BIG.contains(word) {
            names.insert((*word).to_owned());
            let next = words.get(index + 1).copied().unwrap_or_default();
            let alias = if next == "AS" { words.get(index + 2).copied().unwrap_or_default() } else { next };
            if !alias.is_empty() && alias.len() <= 2 && alias.chars().all(|c| c.is_ascii_lowercase()) {
                names.insert(alias.to_owned());
            }
        }
    }
    names
}

async fn statements(store: &TestStore) -> BTreeSet<(String, String)> {
    let seen = Seen::default();
    let subscriber = tracing_subscriber::registry().with(seen.clone());
    let guard = tracing::subscriber::set_default(subscriber);
    scenario(store).await;
    drop(guard);
    let seen = seen.0.lock().unwrap().clone();
    assert!(seen.len() > 50, "statements were seen: {}", seen.len());
    seen
}

#[tokio::test]
async fn sqlite_scans_no_big_table() {
    let store = sqlite_store().await;
    let mut conn = sqlx::SqliteConnection::connect(&store.url.replace("sqlite:///", "sqlite:")).await.unwrap();
    let mut bad = String::new();
    for (sql, _) in statements(&store).await {
        let names = names_of_big_tables(&sql);
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        for row in sqlx::raw_sql(explain).fetch_all(&mut conn).await.unwrap() {
            let step: String = row.get("detail");
            // A scan of a partial index reads what is active, which is small.
            let scans = step.strip_prefix("SCAN ").filter(|rest| !rest.contains("_active"));
            if scans.is_some_and(|rest| names.contains(rest.split(' ').next().unwrap_or_default())) {
                writeln!(bad, "{step}\n{sql}\n").unwrap();
            }
        }
    }
    assert!(bad.is_empty(), "\n{bad}");
}

#[tokio::test]
async fn postgres_can_find_every_row_by_an_index() {
    let store = postgres_store().await;
    let seen = statements(&store).await;
    let mut script = String::from("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan;\n");
    let mut explained = Vec::new();
    for (sql, types) in seen {
        if sql.contains("pg_notify") || sql.contains("advisory") {
            continue;
        }
        let count = types.split(',').filter(|part| !part.is_empty()).count();
        let (types, nulls) = match count {
            0 => (String::new(), String::new()),
            _ => (format!("({types})"), format!("({})", vec!["NULL"; count].join(","))),
        };
        writeln!(script, "SELECT '=='; PREPARE p{types} AS {sql}; EXPLAIN EXECUTE p{nulls}; DEALLOCATE p;").unwrap();
        explained.push(sql);
    }
    let plans = postgres().sql(&store.url, &script);
    let plans: Vec<&str> = plans.split("==").skip(1).collect();
    assert_eq!(plans.len(), explained.len());
    let mut bad = String::new();
    for (plan, sql) in plans.iter().zip(&explained) {
        for table in BIG {
            if plan.lines().any(|line| line.contains(&format!("Seq Scan on {table}"))) {
                writeln!(bad, "Seq Scan on {table}\n{sql}\n{plan}\n").unwrap();
            }
        }
    }
    assert!(bad.is_empty(), "\n{bad}");
}

#[test]
fn aliases_of_big_tables_are_known() {
    let names = names_of_big_tables("SELECT 1 FROM {rows} AS w, task_instance AS t JOIN dag_run r ON TRUE");
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["dag_run", "r", "t", "task_instance"]);
}
