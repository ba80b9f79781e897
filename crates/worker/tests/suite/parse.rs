//! Parsing DAG files in forked children: what comes back, and that nothing a file does harms another one.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{host_config, until};
use serde_json::json;
use tradewind_protocol::frames::Parsed;
use tradewind_protocol::task_api::ErrorCode;
use tradewind_protocol::{TaskApiError, TaskCall};
use tradewind_worker::host::{Answerer, HostPool, How, ParseFailure, ParseRequest};

struct Files {
    folder: tempfile::TempDir,
    hosts: HostPool,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = host_config();
        config.env.push(("AIRFLOW_HOME".into(), folder.path().into()));
        Self { folder, hosts: HostPool::new(config) }
    }

    async fn parse(&self, text: &str, seconds: f64) -> Result<Parsed, ParseFailure> {
        let path = self.folder.path().join("f.py");
        std::fs::write(&path, text).unwrap();
        let request = ParseRequest { path, root: self.folder.path().to_owned(), bundle: "b".into(), had_error: false };
        let answerer: Answerer = Arc::new(|call| {
            Box::pin(async move {
                match call {
                    TaskCall::VariableGet { key } if key == "known" => Ok(json!("its value")),
                    other => Err(TaskApiError::new(ErrorCode::NotFound, format!("no {other:?}"))),
                }
            })
        });
        self.hosts.parse(request, Duration::from_secs_f64(seconds), answerer).await
    }
}

const GOOD: &str = "from datetime import datetime\nfrom airflow.sdk import DAG\nfrom airflow.providers.standard.operators.bash import BashOperator\nwith DAG('good', schedule=None, start_date=datetime(2024, 1, 1)):\n    BashOperator(task_id='a', bash_command='true') >> BashOperator(task_id='b', bash_command='echo {{ ds }}')\n";

#[tokio::test]
async fn a_file_becomes_its_dags() {
    let files = Files::new();
    let parsed = files.parse(GOOD, 30.0).await.unwrap();
    assert_eq!(parsed.import_error, None);
    let dag = &parsed.dags[0];
    assert_eq!((dag.dag_id.as_str(), dag.tasks.len()), ("good", 2));
    assert_eq!(dag.tasks[0].downstream, ["b"]);
}

#[tokio::test]
async fn what_is_wrong_in_a_file_is_its_import_error() {
    let files = Files::new();
    for (text, message) in [
        ("x = (\n", "SyntaxError"),
        ("import no_such_module_here\n", "no_such_module_here"),
        ("import sys\nsys.exit(1)\n", "sys.exit"),
        ("1 / 0\n", "ZeroDivisionError"),
    ] {
        let error = files.parse(text, 30.0).await.unwrap().import_error.unwrap();
        assert!(error.message.contains(message), "{text}: {error:?}");
    }
    assert_eq!(files.parse(GOOD, 30.0).await.unwrap().dags.len(), 1, "and the next file is none the worse");
}

#[tokio::test]
async fn a_file_that_kills_its_process_hurts_nobody_else() {
    let files = Files::new();
    let failure = files.parse("import os\nprint('about to go')\nos._exit(5)\n", 30.0).await.err().unwrap();
    let ParseFailure::Crashed { how, output } = &failure else { panic!("{failure:?}") };
    assert_eq!((how, output.as_str()), (&How::Code(5), "about to go"));
    let failure = files.parse("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", 30.0).await.err().unwrap();
    assert_eq!(failure.to_string(), "the process that imported the file ended: killed by SIGSEGV");
    assert_eq!(files.parse(GOOD, 30.0).await.unwrap().dags.len(), 1);
}

#[tokio::test]
async fn a_file_that_hangs_is_stopped_with_its_children() {
    let files = Files::new();
    let text = "import subprocess, time\np = subprocess.Popen(['sleep', '1000'])\nprint(p.pid, flush=True)\nwhile True:\n    time.sleep(1000)\n";
    let failure = files.parse(text, 1.0).await.err().unwrap();
    let ParseFailure::Timeout { output, .. } = &failure else { panic!("{failure:?}") };
    assert_eq!(failure.to_string(), "importing the file took longer than 1 s and was stopped");
    let child = std::path::Path::new("/proc").join(output);
    until(|| !child.exists()).await;
}

#[tokio::test]
async fn calls_are_answered_while_a_file_is_imported() {
    let files = Files::new();
    let text = "from airflow.sdk import Variable\nprint(Variable.get('unknown', default='a'))\nassert Variable.get('known') == 'its value'\n";
    assert_eq!(files.parse(text, 30.0).await.unwrap().import_error, None);
}

#[tokio::test]
async fn a_flood_of_output_does_not_block() {
    let files = Files::new();
    let text =
        format!("import sys\nfor _ in range(20000):\n    print('x' * 100)\n    sys.stderr.write('y' * 100)\n{GOOD}");
    assert_eq!(files.parse(&text, 30.0).await.unwrap().dags.len(), 1);
}

#[tokio::test]
async fn many_files_at_once() {
    let files = Files::new();
    let parses = (0..20).map(|_| files.parse(GOOD, 60.0));
    for parsed in futures::future::join_all(parses).await {
        assert_eq!(parsed.unwrap().dags.len(), 1);
    }
}
