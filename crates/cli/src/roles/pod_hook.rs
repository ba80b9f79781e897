//! `pod_mutation_hook` of an installation: asked in a Python process of its own, which begins with the first pod and
//! stays. As in Airflow, local settings that change are read when the scheduler begins anew.

use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::Mutex;
use tradewind_executors::kubernetes::{HookFailure, PodHook};

use crate::ask;
use crate::config::Config;
use crate::python_env::PythonEnv;

/// Longest time for Python to begin and to import what the hook needs, and for one pod.
const PATIENCE: Duration = Duration::from_secs(60);

/// The hook of `airflow_local_settings` and of packages with the entry point `airflow.policy`, if there is one.
pub struct PythonPodHook {
    start: Box<dyn Fn() -> std::process::Command + Send + Sync>,
    state: Mutex<State>,
}

enum State {
    /// Not yet, or not any more.
    Idle,
    /// There is nothing to ask.
    NoHook,
    Ready(Box<Python>),
}

struct Python {
    /// Ends when it is dropped.
    _child: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// A line of `airflow._runtime.pod_hook`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Begins { hook: bool },
    Changed { pod: Value },
    Failed { error: String, traceback: String },
}

impl PythonPodHook {
    /// In that environment. Nothing is started yet.
    pub fn new(config: &Config, python: PythonEnv) -> Self {
        let home = config.home().to_owned();
        let start = move || ask::module(&home, &python, "airflow._runtime.pod_hook");
        Self { start: Box::new(start), state: Mutex::new(State::Idle) }
    }

    async fn begin(&self) -> Result<State, HookFailure> {
        let mut command = tokio::process::Command::from((self.start)());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let broken = |error: std::io::Error| failure(format!("its Python cannot be started: {error}"));
        let mut child = command.spawn().map_err(broken)?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failure("its Python cannot be spoken to".into()));
        };
        let mut python = Python { _child: child, questions, answers: BufReader::new(answers).lines() };
        match python.answer().await? {
            Answer::Begins { hook: true } => Ok(State::Ready(Box::new(python))),
            Answer::Begins { hook: false } => Ok(State::NoHook),
            Answer::Failed { error, traceback } => Err(HookFailure { words: error, traceback: Some(traceback) }),
            Answer::Changed { .. } => Err(failure("its Python speaks out of turn".into())),
        }
    }
}

impl Python {
    async fn answer(&mut self) -> Result<Answer, HookFailure> {
        let line = tokio::time::timeout(PATIENCE, self.answers.next_line()).await;
        let line = line.map_err(|_| failure(format!("there is no answer within {} s", PATIENCE.as_secs())))?;
        match line {
            Ok(Some(line)) => serde_json::from_str(&line).map_err(|error| failure(error.to_string())),
            Ok(None) => Err(failure("its process ended without an answer".into())),
            Err(error) => Err(failure(error.to_string())),
        }
    }

    async fn change(&mut self, pod: &Value) -> Result<Answer, HookFailure> {
        let line = format!("{pod}\n");
        let lost = |error: std::io::Error| failure(format!("its process ended: {error}"));
        self.questions.write_all(line.as_bytes()).await.map_err(lost)?;
        self.answer().await
    }
}

fn failure(words: String) -> HookFailure {
    HookFailure { words, traceback: None }
}

#[async_trait]
impl PodHook for PythonPodHook {
    async fn change(&self, pod: Value) -> Result<Value, HookFailure> {
        let mut state = self.state.lock().await;
        // Whoever is asked and gives no answer is not asked again: taken out now, and put back with its answer.
        let mut python = match std::mem::replace(&mut *state, State::Idle) {
            State::Ready(python) => python,
            State::Idle => match self.begin().await? {
                State::Ready(python) => python,
                other => {
                    *state = other;
                    return Ok(pod);
                }
            },
            State::NoHook => {
                *state = State::NoHook;
                return Ok(pod);
            }
        };
        let answer = python.change(&pod).await?;
        *state = State::Ready(python);
        match answer {
            Answer::Changed { pod } => Ok(pod),
            Answer::Failed { error, traceback } => Err(HookFailure { words: error, traceback: Some(traceback) }),
            Answer::Begins { .. } => Err(failure("its Python speaks out of turn".into())),
        }
    }
}
