//! Callbacks of tries in their own children, and callbacks that have a child of their own.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tradewind_core::TaskState;
use tradewind_protocol::{CallbackJob, TaskApiError, Workload};
use tradewind_worker::host::{Answerer, CallbackFailure};
use tradewind_worker::log::TryLog;

use crate::support::World;

const HEAD: &str = "
import os, sys, time, signal
from airflow.sdk import dag, task, DAG

def hang(context):
    print('hanging', flush=True)
    time.sleep(600)

def leave(context):
    os._exit(3)

def say(context):
    print('said', context['ti'].state, context['reason'], flush=True)
";

fn task(world: &World, arguments: &str, body: &str) -> Workload {
    let text = format!(
        "{HEAD}\nwith DAG('d', schedule=None):\n    @task({arguments})\n    def t():\n        {body}\n    t()\n"
    );
    world.dag("d.py", &text);
    world.workload("d.py", "d", "t")
}

#[tokio::test]
async fn a_callback_that_exits_does_not_change_how_the_try_ended() {
    let world = World::new();
    let workload = task(&world, "on_success_callback=leave", "return 7");
    let end = world.run(workload.clone()).await;
    assert_eq!((end.state, end.called_back), (TaskState::Success, true), "{:#?}", world.log(&workload));
    assert_eq!(end.xcoms["return_value"], json!(7));
    let told = world.events(&workload, "tradewind.worker");
    assert!(told.iter().any(|line| line.contains("callbacks did not come to their end: exit code 3")), "{told:?}");
}

#[tokio::test]
async fn a_callback_that_hangs_is_ended_and_the_try_keeps_its_end() {
    let world = World::with(|config| config.callback_timeout = Duration::from_millis(300), |_| {});
    let mut workload = task(&world, "on_success_callback=hang", "return 7");
    // Longer than the callback may take, and not about it.
    workload.execution_timeout = Some(tradewind_core::Duration::from_secs(600));
    let end = world.run(workload.clone()).await;
    assert_eq!((end.state, end.called_back, end.reason), (TaskState::Success, true, None));
    assert_eq!(world.events(&workload, "task.stdout"), ["hanging"]);
}

#[tokio::test]
async fn a_child_that_is_killed_in_its_callbacks_has_them_called_elsewhere() {
    let world = World::new();
    let workload = task(&world, "on_retry_callback=hang", "print(os.getpid(), flush=True); 1 / 0");
    world.worker.submit(workload.clone());
    world.until_logged(&workload, "hanging").await;
    let pid = world.events(&workload, "task.stdout")[0].clone();
    std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
    let end = world.api.end_of(workload.try_id).await;
    assert_eq!((end.state, end.called_back), (TaskState::UpForRetry, false));
    assert_eq!(end.reason.as_deref(), Some("ZeroDivisionError: division by zero"), "as it was decided");
}

#[tokio::test]
async fn a_child_that_died_or_was_stopped_has_called_nobody_back() {
    let world = World::new();
    let killed = task(&world, "on_retry_callback=say", "os.kill(os.getpid(), signal.SIGKILL)");
    let end = world.run(killed).await;
    assert_eq!((end.state, end.called_back), (TaskState::UpForRetry, false));

    let mut slow = task(&world, "on_retry_callback=say", "print('up', flush=True); time.sleep(600)");
    slow.try_id.try_number = 2;
    slow.try_number = 2;
    world.api.with(|state| state.tasks.insert(slow.try_id, "t".into()));
    world.worker.submit(slow.clone());
    world.until_logged(&slow, "\"up\"").await;
    world.worker.cancel(slow.try_id);
    let end = world.api.end_of(slow.try_id).await;
    assert!(!end.called_back);
    assert!(world.events(&slow, "task.stdout").iter().all(|line| !line.starts_with("said")));
}

#[tokio::test]
async fn a_retry_policy_says_when_the_next_try_may_come() {
    let world = World::new();
    let arguments = "retries=1, retry_policy=__import__('airflow.sdk', fromlist=['x']).ExceptionRetryPolicy([\
        __import__('airflow.sdk', fromlist=['x']).RetryRule(ZeroDivisionError, \
        retry_delay=__import__('datetime').timedelta(hours=1))])";
    let end = world.run(task(&world, arguments, "1 / 0")).await;
    let after = end.retry_at.unwrap() - end.at;
    assert!((3590.0..3610.0).contains(&after.as_secs_f64()), "{after:?}");
}

/// Runs the callbacks of a run's end in a child of its own.
async fn call(world: &World, callback: &str, timeout: Duration) -> (Result<Option<String>, CallbackFailure>, String) {
    world.dag("c.py", &format!("{HEAD}\nwith DAG('d', schedule=None, on_success_callback={callback}):\n    pass\n"));
    let job = CallbackJob {
        kind: "dag".into(),
        dag_id: "d".into(),
        request: json!({"event": "on_success", "reason": "success", "state": "success"}),
        run: None,
        ti: None,
    };
    let path = world.folder.path().join("callback.log");
    let mut log = TryLog::open(&path).unwrap();
    let answerer: Answerer = Arc::new(|_| {
        Box::pin(async { Err(TaskApiError::new(tradewind_protocol::task_api::ErrorCode::NotFound, "nothing here")) })
    });
    let file = world.dags().join("c.py");
    let called = world.hosts.callback(&file, &world.dags(), job, timeout, &answerer, &mut log).await;
    drop(log);
    (called.map(|called| called.error), std::fs::read_to_string(path).unwrap())
}

#[tokio::test]
async fn a_callback_in_a_child_of_its_own_has_its_own_log_and_time() {
    let world = World::new();
    let long = Duration::from_secs(60);
    let (ended, log) = call(&world, "lambda c: print('hello', c['reason'])", long).await;
    assert_eq!(ended, Ok(None));
    assert!(log.contains("hello success"), "{log}");
    let (ended, log) = call(&world, "lambda c: 1 / 0", long).await;
    assert!(ended.unwrap().unwrap().contains("ZeroDivisionError"));
    assert!(log.contains("DAG on_success_callback failed"), "{log}");
    let (ended, _) = call(&world, "leave", long).await;
    assert!(matches!(ended, Err(CallbackFailure::Crashed(_))), "{ended:?}");
    let (ended, log) = call(&world, "hang", Duration::from_millis(500)).await;
    assert!(matches!(ended, Err(CallbackFailure::Timeout(_))), "{ended:?}");
    assert!(log.contains("hanging"), "what it printed before is kept: {log}");
    // The host has come to no harm.
    assert_eq!(call(&world, "lambda c: None", long).await.0, Ok(None));
}
