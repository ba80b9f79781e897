//! Tries in forked python children: results, logs, calls, ends of every kind, warm hosts.

use std::time::Duration;

use crate::support::{World, until};
use serde_json::json;
use tradewind_core::TaskState;
use tradewind_protocol::LaneSpec;
use tradewind_protocol::Workload;

/// A DAG `d` of Python tasks; each body is that of one task.
fn dag(tasks: &[(&str, &str)]) -> String {
    let mut text = String::from(
        "import os, sys, time, signal, logging\nfrom datetime import datetime\nfrom airflow.sdk import dag, task\n\n",
    );
    text += "@dag(schedule=None, start_date=datetime(2024, 1, 1))\ndef d():\n";
    for (name, body) in tasks {
        text += &format!("    @task(task_id={name:?})\n    def _{name}():\n");
        body.lines().for_each(|line| text += &format!("        {line}\n"));
        text += &format!("    _{name}()\n");
    }
    text + "d()\n"
}

impl World {
    fn task(&self, name: &str, body: &str) -> Workload {
        self.dag("d.py", &dag(&[(name, body)]));
        self.workload("d.py", "d", name)
    }
}

#[tokio::test]
async fn a_task_returns_logs_and_prints() {
    let world = World::new();
    let workload = world.task("t", "print('printed')\nprint('oops', file=sys.stderr)\nlogging.getLogger('my').warning('logged %s', 1)\nreturn {'a': [1, 'x']}");
    let end = world.run(workload.clone()).await;
    assert_eq!((end.state, &end.reason), (TaskState::Success, &None), "{:#?}", world.log(&workload));
    assert_eq!(end.xcoms["return_value"], json!({"a": [1, "x"]}));
    assert!(end.max_rss_kb.unwrap() > 1000 && end.cpu_ms.is_some());
    assert_eq!(world.events(&workload, "task.stdout"), ["printed"]);
    assert_eq!(world.events(&workload, "task.stderr"), ["oops"]);
    let logged = world.log(&workload).into_iter().find(|line| line["logger"] == "my").unwrap();
    assert_eq!((&logged["level"], &logged["event"]), (&json!("warning"), &json!("logged 1")));
}

#[tokio::test]
async fn failures_have_reasons_that_people_understand() {
    let world = World::new();
    let tasks = [
        ("raises", "raise ValueError('bad value')", TaskState::UpForRetry, "ValueError: bad value"),
        ("exits", "os._exit(3)", TaskState::UpForRetry, "exit code 3"),
        (
            "kills",
            "os.kill(os.getpid(), signal.SIGKILL)",
            TaskState::UpForRetry,
            "killed by SIGKILL, which somebody else sent",
        ),
        ("crashes", "os.kill(os.getpid(), signal.SIGSEGV)", TaskState::UpForRetry, "killed by SIGSEGV"),
        (
            "skips",
            "from airflow.sdk.exceptions import AirflowSkipException\nraise AirflowSkipException('not today')",
            TaskState::Skipped,
            "not today",
        ),
    ];
    let bodies: Vec<(&str, &str)> = tasks.iter().map(|(name, body, ..)| (*name, *body)).collect();
    world.dag("d.py", &dag(&bodies));
    for (name, _, state, reason) in tasks {
        let end = world.run(world.workload("d.py", "d", name)).await;
        assert_eq!(end.state, state, "{name}");
        assert!(end.reason.as_deref().unwrap().contains(reason), "{name}: {:?}", end.reason);
    }
}

#[tokio::test]
async fn what_a_dying_task_said_last_is_in_its_log() {
    let world = World::new();
    let workload =
        world.task("t", "print('last words', flush=True)\nlogging.getLogger('my').error('farewell')\nos._exit(9)");
    world.run(workload.clone()).await;
    assert_eq!(world.events(&workload, "task.stdout"), ["last words"]);
    assert_eq!(world.events(&workload, "my"), ["farewell"]);
    let closing = world.events(&workload, "tradewind.worker").pop().unwrap();
    assert!(closing.starts_with("Try ends: failed: exit code 9"), "{closing}");
}

#[tokio::test]
async fn calls_reach_the_server_and_secrets_stay_out_of_the_log() {
    let world = World::new();
    world.api.with(|state| state.variables.insert("db_password".into(), "hunter2hunter2".into()));
    let workload = world.task(
        "t",
        "from airflow.sdk import Variable\nsecret = Variable.get('db_password')\nprint('it is', secret)\nreturn len(secret)",
    );
    let end = world.run(workload.clone()).await;
    assert_eq!(end.xcoms.get("return_value"), Some(&json!(14)), "{:?}", end.reason);
    assert_eq!(world.events(&workload, "task.stdout"), ["it is ***"]);
}

#[tokio::test]
async fn a_task_that_takes_too_long_ends_itself_or_is_ended() {
    let world = World::with(|config| config.timeout_grace = Duration::from_millis(300), |_| {});
    let limit = Some(tradewind_core::Duration::from_secs_f64(0.3));
    let polite = Workload { execution_timeout: limit, ..world.task("polite", "time.sleep(1000)") };
    let end = world.run(polite).await;
    assert_eq!((end.state, end.reason.as_deref()), (TaskState::UpForRetry, Some("timed out after 0.3 s")));

    let deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1000)";
    let deaf = Workload { execution_timeout: limit, ..world.task("deaf", deaf) };
    let end = world.run(deaf).await;
    let reason = "timed out after 0.3 s (killed by SIGKILL because it did not end by itself)";
    assert_eq!((end.state, end.reason.as_deref()), (TaskState::UpForRetry, Some(reason)));
}

#[tokio::test]
async fn a_task_that_is_not_wanted_can_clean_up() {
    let world = World::new();
    let body =
        "print('running', flush=True)\ntry:\n    time.sleep(1000)\nfinally:\n    print('cleaned up', flush=True)";
    let workload = world.task("t", body);
    world.worker.submit(workload.clone());
    world.until_logged(&workload, "\"running\"").await;
    world.worker.end(workload.try_id, "cleared by a user");
    let end = world.api.end_of(workload.try_id).await;
    assert_eq!((end.state, end.reason.as_deref()), (TaskState::UpForRetry, Some("ended: cleared by a user")));
    assert_eq!(world.events(&workload, "task.stdout"), ["running", "cleaned up"]);
}

#[tokio::test]
async fn a_child_that_lingers_does_not_hold_the_try_up() {
    let world = World::with(|config| config.killed_task_cleanup_time = Duration::from_millis(300), |_| {});
    let body = "import threading\nprint(os.getpid(), flush=True)\nthreading.Thread(target=lambda: time.sleep(1000)).start()\nreturn 1";
    let workload = world.task("t", body);
    let end = world.run(workload.clone()).await;
    assert_eq!((end.state, &end.xcoms["return_value"]), (TaskState::Success, &json!(1)));
    let pid = world.events(&workload, "task.stdout")[0].clone();
    until(|| !std::path::Path::new("/proc").join(&pid).exists()).await;
}

#[tokio::test]
async fn the_second_use_of_a_file_gets_a_warm_host_which_follows_the_file() {
    let world = World::new();
    let text = |n: u32| {
        let top = format!("import os\nIMPORTED_BY = os.getpid()\nVALUE = {n}\n");
        top + &dag(&[("t", "return [VALUE, os.getppid(), IMPORTED_BY]")])
    };
    let path = world.dag("d.py", &text(1));
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(world.run(world.workload("d.py", "d", "t")).await.xcoms["return_value"].clone());
    }
    let status = world.hosts.status().await;
    let (warm_file, warm_pid) = status.warm[0].clone();
    assert_eq!(warm_file, path);
    assert_eq!(answers[0][1], json!(status.root.unwrap()), "the first one comes from the root host");
    assert_ne!(answers[0][2], answers[0][1]);
    for answer in &answers[1..] {
        assert_eq!(*answer, json!([1, warm_pid, warm_pid]), "the others find the file imported");
    }

    // A save is seen, whatever the clock says.
    world.dag("d.py", &text(2));
    let after = world.run(world.workload("d.py", "d", "t")).await.xcoms["return_value"].clone();
    assert_eq!(after[0], json!(2));
    until(|| !std::path::Path::new(&format!("/proc/{warm_pid}")).exists()).await;
}

#[tokio::test]
async fn a_warm_host_follows_the_modules_of_its_file() {
    let world = World::new();
    world.dag("helper_of_d.py", "VALUE = 1\n");
    world.dag("d.py", &format!("import helper_of_d\n{}", dag(&[("t", "return helper_of_d.VALUE")])));
    for _ in 0..2 {
        assert_eq!(world.run(world.workload("d.py", "d", "t")).await.xcoms["return_value"], json!(1));
    }
    assert_eq!(world.hosts.status().await.warm.len(), 1);
    world.dag("helper_of_d.py", "VALUE = 22\n");
    assert_eq!(world.run(world.workload("d.py", "d", "t")).await.xcoms["return_value"], json!(22));
}

#[tokio::test]
async fn a_file_that_asks_the_server_while_it_is_imported_is_asked_anew_each_time() {
    let world = World::new();
    let top = "from airflow.sdk import Variable\nVALUE = Variable.get('v')\n";
    world.dag("d.py", &format!("{top}{}", dag(&[("t", "return VALUE")])));
    for n in 1..=3 {
        world.api.with(|state| state.variables.insert("v".into(), n.to_string()));
        let end = world.run(world.workload("d.py", "d", "t")).await;
        assert_eq!(end.xcoms.get("return_value"), Some(&json!(n.to_string())), "{:?}", end.reason);
    }
    assert!(world.hosts.status().await.warm.is_empty());
}

#[tokio::test]
async fn idle_warm_hosts_go() {
    let world = World::with(|_| {}, |hosts| hosts.warm_idle = Duration::from_millis(10));
    world.task("t", "return 1");
    for _ in 0..2 {
        world.run(world.workload("d.py", "d", "t")).await;
    }
    let pid = world.hosts.status().await.warm[0].1;
    until(|| !std::path::Path::new(&format!("/proc/{pid}")).exists()).await;
    assert!(world.hosts.status().await.warm.is_empty());
}

#[tokio::test]
async fn a_host_that_dies_takes_its_tries_and_is_replaced() {
    let world = World::new();
    let workload = world.task("t", "print('running', flush=True)\ntime.sleep(1000)");
    world.worker.submit(workload.clone());
    world.until_logged(&workload, "\"running\"").await;
    let root = world.hosts.status().await.root.unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(root).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
    let end = world.api.end_of(workload.try_id).await;
    assert_eq!(end.state, TaskState::UpForRetry);
    let reason = end.reason.unwrap();
    assert!(reason.contains("the python host that ran it is gone") && reason.contains("signal: 9"), "{reason}");
    let next = world.run(world.task("u", "return 5")).await;
    assert_eq!(next.xcoms["return_value"], json!(5));
    assert_ne!(world.hosts.status().await.root.unwrap(), root);
}

#[tokio::test]
async fn hosts_and_children_go_with_their_worker() {
    let world = World::new();
    let workload = world.task("t", "print('running', os.getpid(), flush=True)\ntime.sleep(1000)");
    world.worker.submit(workload.clone());
    world.until_logged(&workload, "\"running ").await;
    let child = world.events(&workload, "task.stdout")[0].trim_start_matches("running ").to_owned();
    let root = world.hosts.status().await.root.unwrap();
    world.worker.stop("the worker stops").await;
    let World { worker, hosts, api: _api, folder: _folder } = world;
    drop((worker, hosts));
    until(|| ![child.as_str(), &root.to_string()].iter().any(|pid| std::path::Path::new("/proc").join(pid).exists()))
        .await;
}

#[tokio::test]
async fn a_missing_interpreter_fails_the_try_with_what_to_do() {
    let world = World::with(|_| {}, |hosts| hosts.python = "/nowhere/python".into());
    let end = world.run(world.task("t", "pass")).await;
    assert_eq!(end.state, TaskState::UpForRetry);
    assert!(
        end.reason.as_deref().unwrap().contains("cannot start the Python interpreter '/nowhere/python'"),
        "{:?}",
        end.reason
    );
}

#[tokio::test]
async fn shell_commands_that_take_jinja_run_in_python() {
    let world = World::new();
    let command = "echo {{ ds | replace('-', '/') }}; exit 0";
    world.dag(
        "b.py",
        &format!("from datetime import datetime\nfrom airflow.sdk import DAG\nfrom airflow.providers.standard.operators.bash import BashOperator\nwith DAG('b', schedule=None, start_date=datetime(2024, 1, 1)):\n    BashOperator(task_id='t', bash_command={command:?})\n"),
    );
    let workload = Workload { lane: crate::support::bash(command), ..world.workload("b.py", "b", "t") };
    let end = world.run(workload).await;
    assert_eq!(end.xcoms.get("return_value"), Some(&json!("2024/01/01")), "{:?}", end.reason);
}

#[tokio::test]
async fn both_lanes_of_a_shell_command_agree() {
    let script = "echo $AIRFLOW_CTX_DAG_ID $AIRFLOW_CTX_TASK_ID $AIRFLOW_CTX_DAG_RUN_ID $AIRFLOW_CTX_LOGICAL_DATE $AIRFLOW_CTX_EXECUTION_DATE $AIRFLOW_CTX_TRY_NUMBER [$AIRFLOW_CTX_DAG_OWNER] [$AIRFLOW_CTX_DAG_EMAIL] {{ ts_nodash_with_tz }} {{ ds }} {{ ti.try_number }} {{ ts }}; ";
    for ending in ["", "exit 3", "exit 99", "printf 'a  '", "printf 'x\\ny'", "echo \u{fc} $'\\xff'", "kill -9 $$\n"] {
        let command = format!("{script}{ending}");
        let mut ends = Vec::new();
        for native in [true, false] {
            let world = World::with(|config| config.native_bash = native, |_| {});
            world.dag(
                "b.py",
                &format!("from datetime import datetime\nfrom airflow.sdk import DAG\nfrom airflow.providers.standard.operators.bash import BashOperator\nwith DAG('b', schedule=None, start_date=datetime(2024, 1, 1)):\n    BashOperator(task_id='t', bash_command={command:?})\n"),
            );
            let mut workload = world.workload("b.py", "b", "t");
            workload.lane = LaneSpec::Bash {
                command: command.clone(),
                env: None,
                append_env: false,
                cwd: None,
                skip_on_exit_code: vec![99],
            };
            let end = world.run(workload.clone()).await;
            ends.push((end.state, end.xcoms, world.api.with(|state| state.rendered.get(&workload.try_id).cloned())));
        }
        assert_eq!(ends[0], ends[1], "{command}");
    }
}
