//! Group commits and notifications: what happens when much comes at once, and when something goes wrong.

use std::time::Duration;

use sqlx::Connection as _;
use tradewind_core::{TaskState, TryId};
use tradewind_store::{
    FinishOutcome, FinishTry, NewRun, NewTi, StartOutcome, StartTry, Store, StoreOptions, TiWrite, Topic,
};
use tradewind_testkit::build::{at, new_run, new_ti, start, write};
use tradewind_testkit::{TestStore, postgres, postgres_store, stores};

/// So many queued task instances of one run.
async fn queued(store: &Store, count: usize) -> Vec<i64> {
    let mut tx = store.begin().await.unwrap();
    let run = NewRun { owner: Some(5), ..new_run("d", "r", None) };
    let run_key = tx.create_run(run).await.unwrap().created().unwrap();
    let rows: Vec<NewTi> = (0..count).map(|n| new_ti(run_key, &format!("t{n}"))).collect();
    let ids = tx.insert_tis(&rows).await.unwrap();
    let writes: Vec<TiWrite> = ids.iter().map(|&id| write(id, (None, 0), Some(TaskState::Queued), 1)).collect();
    assert!(tx.write_tis(&writes).await.unwrap().into_iter().all(|applied| applied));
    tx.commit().await.unwrap();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tries_from_many_tasks_are_each_answered_for_themselves() {
    for store in stores().await {
        let ids = queued(&store, 1500).await;
        let tries = ids.iter().map(|&ti_id| {
            let store = store.store.clone();
            tokio::spawn(async move {
                let first = store.start_try(start(ti_id, 1));
                let rival = StartTry { worker_id: 8, ..start(ti_id, 1) };
                let second = store.start_try(rival);
                let (first, second) = tokio::join!(first, second);
                let started = [first.unwrap(), second.unwrap()];
                assert_eq!(started.iter().filter(|one| **one == StartOutcome::Started).count(), 1, "{started:?}");
                let state = if ti_id % 3 == 0 { TaskState::Failed } else { TaskState::Success };
                let mut finish = FinishTry::new(TryId { ti_id, try_number: 1 }, state, at(ti_id));
                finish.xcoms.insert("return_value".into(), ti_id.into());
                assert_eq!(store.finish_try(finish).await.unwrap(), FinishOutcome::Recorded);
            })
        });
        for one in tries.collect::<Vec<_>>() {
            one.await.unwrap();
        }
        let tis = store.load_tis(&ids).await.unwrap();
        assert_eq!(tis.len(), 1500, "{}", store.name);
        for ti in tis {
            let state = if ti.id % 3 == 0 { TaskState::Failed } else { TaskState::Success };
            assert_eq!((ti.state, ti.end_date), (Some(state), Some(at(ti.id))));
        }
        assert_eq!(store.read_inbox(5).await.unwrap().len(), 1500);
    }
}

async fn refuse_reason(store: &TestStore, reason: &str) {
    if store.name == "sqlite" {
        let url = store.url.replace("sqlite:///", "sqlite:");
        let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let sql = format!(
            "CREATE TRIGGER refuse BEFORE UPDATE ON task_instance WHEN NEW.reason = '{reason}'
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    } else {
        postgres()
            .sql(&store.url, &format!("ALTER TABLE task_instance ADD CONSTRAINT refuse CHECK (reason <> '{reason}')"));
    }
}

#[tokio::test]
async fn one_that_the_database_refuses_does_not_take_others_with_it() {
    for store in stores().await {
        let ids = queued(&store, 9).await;
        refuse_reason(&store, "poison").await;
        for &ti_id in &ids {
            store.start_try(start(ti_id, 1)).await.unwrap();
        }
        // One transaction is open, so that the others wait and come as a group.
        let blocker = store.begin().await.unwrap();
        let ends = ids.iter().enumerate().map(|(n, &ti_id)| {
            let mut finish = FinishTry::new(TryId { ti_id, try_number: 1 }, TaskState::Success, at(9));
            finish.reason = (n == 4).then(|| "poison".into());
            let store = store.store.clone();
            tokio::spawn(async move { store.finish_try(finish).await })
        });
        let ends: Vec<_> = ends.collect();
        tokio::task::yield_now().await;
        drop(blocker);
        for (n, end) in ends.into_iter().enumerate() {
            let end = end.await.unwrap();
            match n {
                4 => assert!(end.is_err(), "{}", store.name),
                _ => assert_eq!(end.unwrap(), FinishOutcome::Recorded, "{}: {n}", store.name),
            }
        }
        let tis = store.load_tis(&ids).await.unwrap();
        assert_eq!(tis.iter().filter(|ti| ti.state == Some(TaskState::Running)).count(), 1);
    }
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing_and_blocks_nobody() {
    for store in stores().await {
        let mut tx = store.begin().await.unwrap();
        tx.create_run(new_run("d", "r", None)).await.unwrap();
        drop(tx);
        let mut tx = store.begin().await.unwrap();
        assert!(tx.create_run(new_run("d", "r", None)).await.unwrap().created().is_some(), "{}", store.name);
        tx.commit().await.unwrap();
        assert!(store.find_run_row("d", "r").await.unwrap().is_some());
    }
}

async fn wakes(listener: &mut tradewind_store::Listener) -> bool {
    tokio::time::timeout(Duration::from_secs(20), listener.wait()).await.is_ok()
}

#[tokio::test]
async fn notifications_reach_other_processes_also_after_the_connection_was_lost() {
    let store = postgres_store().await;
    let other = Store::open(&store.url, StoreOptions::default()).await.unwrap();
    let mut scheduler = other.notifier().subscribe(Topic::Scheduler);
    assert!(wakes(&mut scheduler).await, "it listens now");
    let notify = async || {
        let mut tx = store.begin().await.unwrap();
        tx.notify(Topic::Scheduler);
        tx.commit().await.unwrap();
    };
    let mut queue = other.notifier().subscribe(Topic::Queue);
    let mut own = store.notifier().subscribe(Topic::Scheduler);
    notify().await;
    assert!(wakes(&mut scheduler).await && wakes(&mut own).await);
    let quiet = tokio::time::timeout(Duration::from_millis(50), queue.wait()).await.is_err();
    assert!(quiet, "another topic");

    let cut = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    postgres().sql(&store.url, cut);
    assert!(wakes(&mut scheduler).await, "it listens again, and looks for what it missed");
    notify().await;
    assert!(wakes(&mut scheduler).await);
}

#[tokio::test]
async fn nothing_is_told_of_what_did_not_last() {
    for store in stores().await {
        // Where each database would tell: another process, or this one.
        let other = Store::open(&store.url, StoreOptions::default()).await.unwrap();
        let mut queue = if store.name == "postgres" {
            let mut queue = other.notifier().subscribe(Topic::Queue);
            assert!(wakes(&mut queue).await, "it listens now");
            queue
        } else {
            store.notifier().subscribe(Topic::Queue)
        };
        let mut tx = store.begin().await.unwrap();
        tx.notify(Topic::Queue);
        drop(tx);
        let told = tokio::time::timeout(Duration::from_millis(50), queue.wait()).await.is_ok();
        assert!(!told, "{}", store.name);
    }
}
