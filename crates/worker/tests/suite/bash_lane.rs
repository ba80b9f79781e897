//! Shell commands without Python: results, logs, environment and ends as `BashOperator` has them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{World, bash, until};
use serde_json::json;
use tradewind_core::TaskState;
use tradewind_protocol::{LaneSpec, Workload};

impl World {
    fn shell(&self, lane: LaneSpec) -> Workload {
        Workload { lane, ..self.workload("none.py", "d", "t") }
    }
}

#[tokio::test]
async fn output_is_logged_and_the_last_line_is_the_xcom() {
    let world = World::new();
    let workload = world.shell(bash("echo one; echo two >&2; printf 'three  '"));
    let end = world.run(workload.clone()).await;
    assert_eq!((end.state, end.reason), (TaskState::Success, None));
    assert_eq!(end.xcoms["return_value"], json!("three"));
    assert_eq!(world.events(&workload, "task.stdout"), ["one", "two", "three"]);
    let all = world.events(&workload, "tradewind.worker");
    assert!(all[0].starts_with("Try 1 of 1 starts on test-host"), "{all:?}");
    assert!(all.last().unwrap().starts_with("Try ends: success"), "{all:?}");
    assert!(end.cpu_ms.is_some());
}

#[tokio::test]
async fn secrets_of_the_configuration_do_not_appear() {
    let world = World::with(|config| config.secrets = vec!["hunter22".into()], |_| {});
    let workload = world.shell(bash("echo password=hunter22; false"));
    world.run(workload.clone()).await;
    assert_eq!(world.events(&workload, "task.stdout"), ["password=***"]);
    let log = std::fs::read_to_string(world.log_file(&workload)).unwrap();
    assert!(log.contains("echo password=***; false") && !log.contains("hunter22"), "{log}");
}

#[tokio::test]
async fn silence_is_an_empty_xcom_unless_none_is_wanted() {
    let world = World::new();
    assert_eq!(world.run(world.shell(bash("true"))).await.xcoms["return_value"], json!(""));
    let workload = Workload { do_xcom_push: false, ..world.shell(bash("echo x")) };
    assert!(world.run(workload).await.xcoms.is_empty());
}

#[tokio::test]
async fn exit_codes_and_signals_have_their_reasons() {
    let world = World::new();
    for (command, state, reason) in [
        ("exit 3", TaskState::UpForRetry, "Bash command failed. The command returned a non-zero exit code 3."),
        ("exit 99", TaskState::Skipped, "Bash command returned exit code 99. Skipping."),
        ("kill -SEGV $$", TaskState::UpForRetry, "Bash command failed. It was killed by SIGSEGV."),
        (
            "kill -9 $$",
            TaskState::UpForRetry,
            "Bash command failed. It was killed by SIGKILL, which somebody else sent.",
        ),
        (
            "no-such-program",
            TaskState::UpForRetry,
            "Bash command failed. The command returned a non-zero exit code 127.",
        ),
    ] {
        let end = world.run(world.shell(bash(command))).await;
        assert_eq!((end.state, end.reason.as_deref()), (state, Some(reason)), "{command}");
        assert!(end.xcoms.is_empty(), "{command}");
    }
}

#[tokio::test]
async fn the_environment_is_the_operators() {
    let world = World::with(|_| {}, |hosts| hosts.env.push(("FROM_HOST".into(), "h".into())));
    let show = "echo $AIRFLOW_CTX_DAG_ID/$AIRFLOW_CTX_TASK_ID/$AIRFLOW_CTX_DAG_RUN_ID/$AIRFLOW_CTX_LOGICAL_DATE; echo $X-$FROM_HOST-$AIRFLOW_CTX_DAG_EMAIL";
    let env = |append_env, pairs: &[(&str, &str)]| LaneSpec::Bash {
        command: show.into(),
        env: Some(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>()),
        append_env,
        cwd: None,
        skip_on_exit_code: vec![],
    };
    for (lane, last) in
        [(bash(show), "-h-"), (env(false, &[("X", "{{ ds }}")]), "2024-01-01--"), (env(true, &[("X", "1")]), "1-h-")]
    {
        let workload = world.shell(lane);
        let end = world.run(workload.clone()).await;
        assert_eq!(end.xcoms["return_value"], json!(last));
        assert_eq!(world.events(&workload, "task.stdout")[0], "d/t/r/2024-01-01T00:00:00+00:00");
    }
}

#[tokio::test]
async fn what_was_rendered_is_reported() {
    let world = World::new();
    let workload = world.shell(bash("echo {{ ds }} {{ run_id }}"));
    let end = world.run(workload.clone()).await;
    assert_eq!(end.xcoms["return_value"], json!("2024-01-01 r"));
    let fields = world.api.with(|state| state.rendered[&workload.try_id].clone());
    assert_eq!(json!(fields), json!({"bash_command": "echo 2024-01-01 r"}));
}

#[tokio::test]
async fn a_command_has_a_folder_of_its_own_or_the_one_it_asks_for() {
    let world = World::new();
    let first = world.run(world.shell(bash("touch x; pwd"))).await;
    let place = first.xcoms["return_value"].as_str().unwrap().to_owned();
    assert!(place.contains("airflowtmp") && !std::path::Path::new(&place).exists(), "{place}");
    let at = |cwd: &str| LaneSpec::Bash {
        command: "pwd".into(),
        env: None,
        append_env: false,
        cwd: Some(cwd.into()),
        skip_on_exit_code: vec![],
    };
    assert_eq!(world.run(world.shell(at("/usr"))).await.xcoms["return_value"], json!("/usr"));
    let lost = world.run(world.shell(at("/nowhere"))).await;
    assert_eq!(lost.reason.as_deref(), Some("Can not find the cwd: /nowhere"));
    let file = world.run(world.shell(at("/etc/passwd"))).await;
    assert_eq!(file.reason.as_deref(), Some("The cwd /etc/passwd must be a directory"));
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_ended_with_its_children() {
    let world = World::new();
    let mut workload = world.shell(bash("sleep 1000 & echo $!; wait"));
    workload.execution_timeout = Some(tradewind_core::Duration::from_secs_f64(0.2));
    let end = world.run(workload.clone()).await;
    assert_eq!((end.state, end.reason.as_deref()), (TaskState::UpForRetry, Some("timed out after 0.2 s")));
    let child = world.events(&workload, "task.stdout")[0].clone();
    until(|| !std::path::Path::new("/proc").join(&child).exists()).await;
}

#[tokio::test]
async fn a_command_that_ignores_sigterm_is_killed() {
    let world = World::with(|config| config.killed_task_cleanup_time = Duration::from_millis(200), |_| {});
    let workload = world.shell(bash("trap '' TERM; echo ready; while true; do sleep 0.01; done"));
    world.worker.submit(workload.clone());
    world.until_logged(&workload, "\"ready\"").await;
    world.worker.end(workload.try_id, "cleared by a user");
    let end = world.api.end_of(workload.try_id).await;
    let reason = "ended: cleared by a user (killed by SIGKILL because it did not end by itself)";
    assert_eq!((end.state, end.reason.as_deref()), (TaskState::UpForRetry, Some(reason)));
    assert!(world.events(&workload, "tradewind.worker").iter().any(|e| e.starts_with("Sending SIGKILL")));
}

#[tokio::test]
async fn lines_are_in_the_log_while_the_command_runs() {
    let world = World::new();
    let gate = world.folder.path().join("gate");
    let workload = world.shell(bash(&format!("echo early; until [ -e {} ]; do sleep 0.01; done", gate.display())));
    world.worker.submit(workload.clone());
    world.until_logged(&workload, "early").await;
    assert!(!world.api.with(|state| state.finished.contains_key(&workload.try_id)));
    std::fs::write(gate, "").unwrap();
    assert_eq!(world.api.end_of(workload.try_id).await.state, TaskState::Success);
}

#[tokio::test]
async fn memory_of_a_command_that_lasts_is_recorded() {
    let world = World::new();
    let end = world.run(world.shell(bash("x=$(head -c 30000000 /dev/zero | tr '\\0' x); sleep 0.5"))).await;
    assert!(end.max_rss_kb.unwrap() > 30_000, "{:?}", end.max_rss_kb);
}
