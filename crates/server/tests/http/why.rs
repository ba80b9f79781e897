//! Why a task instance does not run: REST in Airflow's shape, and the richer form of the web interface.

use serde_json::{Value, json};
use tradewind_core::{RunState, TaskState, Timestamp, TryId};
use tradewind_server::ServerConfig;
use tradewind_store::{ClearTis, FinishTry, Pool, RunWrite, StartTry};
use tradewind_testkit::build::{at, file, new_run, new_ti, write};
use tradewind_testkit::stores;

use super::server::{Server, add_dags, add_run, sample};

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

async fn codes(server: &Server, run: &str, task: &str, index: i32) -> Vec<String> {
    let why = server.ok(&format!("/ui/why/d/{run}/{task}/{index}")).await;
    why["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
}

async fn message(server: &Server, run: &str, task: &str, index: i32) -> String {
    let why = server.ok(&format!("/ui/why/d/{run}/{task}/{index}")).await;
    why["reasons"].as_array().unwrap().iter().map(|r| r["message"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

/// A scheduler that lives owns the run, which is running.
async fn begin(server: &Server, run_key: i64) -> i64 {
    let scheduler = server.store.register_job("SchedulerJob", "here", 42, now()).await.unwrap();
    server.store.adopt_runs(scheduler, Timestamp::from_micros(0)).await.unwrap();
    let (row, _) = server.store.load_runs(&[run_key]).await.unwrap().remove(0);
    let mut tx = server.store.begin().await.unwrap();
    let run = RunWrite {
        run_key,
        expect_state: row.state,
        expect_fence: row.fence,
        owner: scheduler,
        state: RunState::Running,
        start_date: Some(at(1)),
        end_date: None,
        dag_version_id: row.dag_version_id,
        state_counts: Default::default(),
        updated_at: at(1),
    };
    assert_eq!(tx.write_runs(&[run]).await.unwrap(), [true]);
    tx.commit().await.unwrap();
    scheduler
}

#[tokio::test]
async fn every_wait_has_its_live_reasons() {
    for store in stores().await {
        // An executor whose workers ask for work.
        let config = ServerConfig { executors: vec![(String::new(), None)], ..ServerConfig::default() };
        let server = Server::start(store, config).await;
        add_dags(&server.store).await;
        let ran = add_run(&server.store, "r1", 10).await;
        assert_eq!(codes(&server, "r1", "m", 0).await[0], "no_scheduler", "{}", server.store.name);

        let scheduler = begin(&server, ran.run_key).await;
        let why = server.ok("/ui/why/d/r1/m/0").await;
        assert_eq!(
            (why["run_state"].clone(), why["scheduler"]["job_id"].clone()),
            (json!("running"), json!(scheduler))
        );
        assert_eq!(why["reasons"][0]["code"], "ready", "{why}");

        server.patch("/api/v2/dags/d", json!({"is_paused": true})).await;
        assert_eq!(codes(&server, "r1", "m", 0).await, ["dag_paused"]);
        server.patch("/api/v2/dags/d", json!({"is_paused": false})).await;

        let full = Pool { name: "default_pool".into(), slots: 0, description: None, include_deferred: false };
        server.store.put_pool(&full).await.unwrap();
        assert_eq!(codes(&server, "r1", "m", 0).await, ["pool_full"]);
        let deps = server.ok("/api/v2/dags/d/dagRuns/r1/taskInstances/m/0/dependencies").await;
        assert_eq!(deps["dependencies"][0]["name"], "Pool full");
        assert!(deps["dependencies"][0]["reason"].as_str().unwrap().contains("default_pool is full"), "{deps}");
        server.store.put_pool(&Pool { slots: 128, ..full }).await.unwrap();

        // Cleared: b waits for a.
        let clear = |ti_id| ClearTis {
            tis: vec![ti_id, ti_id + 1],
            reopen_runs: true,
            also_runs: Vec::new(),
            latest_version: false,
            default_retries: 1,
            at: now(),
        };
        server.store.clear_tis(&clear(ran.a)).await.unwrap();
        assert_eq!(codes(&server, "r1", "b", -1).await, ["trigger_rule"]);
        let why = server.ok("/ui/why/d/r1/b/-1").await;
        assert_eq!(why["reasons"][0]["details"]["unfinished"], json!(["a"]), "{why}");

        // Queued, and nobody listens; then somebody does.
        let mut tx = server.store.begin().await.unwrap();
        let ti = server.store.load_tis(&[ran.a]).await.unwrap().remove(0);
        let mut queued = write(ran.a, (ti.state, ti.fence), Some(TaskState::Queued), 2);
        queued.max_tries = ti.max_tries;
        assert_eq!(tx.write_tis(&[queued]).await.unwrap(), [true]);
        tx.commit().await.unwrap();
        assert_eq!(codes(&server, "r1", "a", -1).await, ["no_worker"]);
        let worker = server.store.register_job("WorkerJob", "there", 7, now()).await.unwrap();
        server.store.describe_job(worker, &json!({"queues": ["other"]})).await.unwrap();
        assert_eq!(codes(&server, "r1", "a", -1).await, ["no_worker"], "listens elsewhere");
        server.store.describe_job(worker, &json!({"queues": ["other", "default"]})).await.unwrap();
        assert_eq!(codes(&server, "r1", "a", -1).await, ["waits_for_worker"]);

        // Running, and its worker has been silent since long ago.
        let try_id = TryId { ti_id: ran.a, try_number: 2 };
        let start = StartTry { try_id, worker_id: worker, hostname: "there".into(), pid: 7, at: at(0) };
        server.store.start_try(start).await.unwrap();
        assert_eq!(codes(&server, "r1", "a", -1).await, ["worker_silent"]);
        server.store.heartbeat_tries(worker, &[try_id], now()).await.unwrap();
        assert_eq!(codes(&server, "r1", "a", -1).await, ["in_flight"]);

        // Repeated later.
        let later = now() + tradewind_core::Duration::from_secs(600);
        let finish = FinishTry { retry_at: Some(later), ..FinishTry::new(try_id, TaskState::UpForRetry, now()) };
        server.store.finish_try(finish).await.unwrap();
        let why = server.ok("/ui/why/d/r1/a/-1").await;
        assert_eq!(why["reasons"][0]["code"], "retry_delay", "{why}");
    }
}

#[tokio::test]
async fn what_ended_without_running_says_because_of_whom() {
    for store in stores().await {
        let server = Server::start(store, ServerConfig::default()).await;
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        let why = server.ok("/ui/why/d/r1/c/-1").await;
        assert_eq!(
            (why["state"].clone(), why["reasons"][0]["code"].clone()),
            (json!("upstream_failed"), json!("upstream_failed"))
        );
        assert_eq!(why["reasons"][0]["details"]["tasks"], json!(["b"]));
        assert_eq!(
            message(&server, "r1", "c", -1).await,
            "Trigger rule all_success could not be met any more: b failed."
        );
        let deps = server.ok("/api/v2/dags/d/dagRuns/r1/taskInstances/c/dependencies").await;
        assert_eq!(deps["dependencies"], json!([]), "what is over depends on nothing, as in Airflow");
        assert_eq!(codes(&server, "r1", "a", -1).await, [] as [&str; 0]);

        // Skipped at the request of a task before it.
        server.store.apply_parse(file("d.py", vec![sample()])).await.unwrap();
        let mut tx = server.store.begin().await.unwrap();
        let run_key = tx.create_run(new_run("d", "r2", Some(20))).await.unwrap().created().unwrap();
        let mut skipped = new_ti(run_key, "b");
        skipped.state = Some(TaskState::Skipped);
        (skipped.start_date, skipped.end_date) = (Some(at(1)), Some(at(1)));
        let ids = tx.insert_tis(&[new_ti(run_key, "a"), skipped]).await.unwrap();
        assert_eq!(tx.write_tis(&[write(ids[0], (None, 0), Some(TaskState::Queued), 1)]).await.unwrap(), [true]);
        tx.commit().await.unwrap();
        let try_id = TryId { ti_id: ids[0], try_number: 1 };
        let start = StartTry { try_id, worker_id: 1, hostname: "h".into(), pid: 1, at: at(2) };
        server.store.start_try(start).await.unwrap();
        let finish = FinishTry { skip: vec!["b".into()], ..FinishTry::new(try_id, TaskState::Success, at(3)) };
        server.store.finish_try(finish).await.unwrap();
        let why: Value = server.ok("/ui/why/d/r2/b/-1").await;
        assert_eq!(why["reasons"][0]["code"], "skipped_by", "{why}");
        assert_eq!(why["reasons"][0]["message"], "Skipped at the request of a.");
    }
}
