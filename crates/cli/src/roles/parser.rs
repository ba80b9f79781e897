//! Lets the dag processor parse files in python hosts, and answers what files ask while they are imported.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tradewind_core::Duration;
use tradewind_engine::dag_processor::{DagParser, PythonHost, TimetableHost};
use tradewind_protocol::frames::{ImportError, Parsed, TimetableAnswered, TimetableAsk, TimetableClass};
use tradewind_protocol::task_api::ErrorCode;
use tradewind_protocol::{TaskApiError, TaskCall};
use tradewind_server::ServerConfig;
use tradewind_server::task_api::{Caller, StoreTaskApi, TaskApiConfig};
use tradewind_store::{Store, Variable};
use tradewind_worker::host::{Answerer, HostPool, ParseFailure, ParseRequest, TimetableRequest};

/// A [`DagParser`] on python hosts.
pub struct HostParser {
    hosts: HostPool,
    answerer: Answerer,
}

impl HostParser {
    /// `answerer` answers `Variable.get` and the like.
    pub fn new(hosts: HostPool, answerer: Answerer) -> Self {
        Self { hosts, answerer }
    }
}

#[async_trait]
impl DagParser for HostParser {
    async fn parse(
        &self,
        path: &Path,
        root: &Path,
        bundle: &str,
        had_error: bool,
        timeout: Duration,
    ) -> Result<Parsed, ImportError> {
        let request =
            ParseRequest { path: path.to_owned(), root: root.to_owned(), bundle: bundle.to_owned(), had_error };
        let parsed = self.hosts.parse(request, timeout.to_std(), Arc::clone(&self.answerer)).await;
        parsed.map_err(|failure| {
            let traceback = match &failure {
                ParseFailure::Timeout { output, .. } | ParseFailure::Crashed { output, .. } => output.clone(),
                ParseFailure::Host(_) => String::new(),
            };
            ImportError { message: failure.to_string(), line: None, traceback }
        })
    }
}

#[async_trait]
impl TimetableHost for HostParser {
    async fn ask(
        &self,
        path: &Path,
        root: &Path,
        class: TimetableClass,
        ask: TimetableAsk,
        timeout: Duration,
    ) -> Result<TimetableAnswered, ImportError> {
        let request = TimetableRequest { path: path.to_owned(), root: root.to_owned(), class, ask };
        let answered = self.hosts.ask_timetable(request, timeout.to_std(), Arc::clone(&self.answerer)).await;
        answered.map_err(|failure| {
            let (message, traceback) = match failure {
                ParseFailure::Timeout { after, output } => {
                    (format!("it took longer than {} s to answer and was stopped", after.as_secs_f64()), output)
                }
                ParseFailure::Crashed { how, output } => (format!("the process that asked it ended: {how}"), output),
                ParseFailure::Host(error) => (error.to_string(), String::new()),
            };
            ImportError { message, line: None, traceback }
        })
    }
}

#[async_trait]
impl PythonHost for HostParser {
    async fn tell(&self, question: String, about: Value, timeout: Duration) -> Result<Value, String> {
        let told = self.hosts.ask(question, about, timeout.to_std(), Arc::clone(&self.answerer)).await;
        match told {
            Ok(told) => told.error.map_or(Ok(told.answer), Err),
            Err(failure) => Err(failure.to_string()),
        }
    }
}

/// Answers what files ask while they are imported: variables and connections, and questions about runs and DAGs by
/// their ids. There is no run of their own yet that anything else could be asked about.
pub fn answerer(store: Store) -> Answerer {
    let api = StoreTaskApi::new(store.clone(), TaskApiConfig::from(&ServerConfig::default()));
    Arc::new(move |call| {
        let (store, api) = (store.clone(), api.clone());
        Box::pin(async move {
            match call {
                TaskCall::DagGet { .. }
                | TaskCall::RunCount { dag_id: Some(_), .. }
                | TaskCall::RunFind { .. }
                | TaskCall::RunGet { dag_id: Some(_), .. }
                | TaskCall::TaskStates { dag_id: Some(_), run_id: Some(_), .. } => {
                    api.answer_callback(&Caller::default(), call).await
                }
                _ => answer(&store, call).await,
            }
        })
    })
}

/// The same where there is no database: only the environment has variables and connections.
pub fn answerer_without_database() -> Answerer {
    Arc::new(|call| {
        let what = match call {
            TaskCall::VariableGet { key } => format!("there is no variable '{key}'"),
            TaskCall::ConnectionGet { conn_id } => format!("there is no connection '{conn_id}'"),
            _ => "there is no database".to_owned(),
        };
        Box::pin(async move { Err(TaskApiError::new(ErrorCode::NotFound, what)) })
    })
}

async fn answer(store: &Store, call: TaskCall) -> Result<Value, TaskApiError> {
    let not_found = |what: String| TaskApiError::new(ErrorCode::NotFound, what);
    match call {
        TaskCall::VariableGet { key } => match store.variable(&key).await.map_err(|e| unavailable(&e))? {
            Some(variable) => Ok(variable.value.into()),
            None => Err(not_found(format!("there is no variable '{key}'"))),
        },
        TaskCall::ConnectionGet { conn_id } => match store.connection(&conn_id).await.map_err(|e| unavailable(&e))? {
            Some(connection) => {
                let mut value = crate::connection_uri::to_json(&connection);
                value["conn_id"] = conn_id.into();
                Ok(value)
            }
            None => Err(not_found(format!("there is no connection '{conn_id}'"))),
        },
        TaskCall::VariableSet { key, value, description } => {
            let variable = Variable { key, value, description, is_encrypted: false };
            store.put_variable(&variable).await.map_err(|e| unavailable(&e))?;
            Ok(Value::Null)
        }
        TaskCall::VariableDelete { key } => {
            store.delete_variable(&key).await.map(Value::from).map_err(|e| unavailable(&e))
        }
        _ => Err(TaskApiError::new(
            ErrorCode::Denied,
            "a file that is being imported belongs to no run, so it can only ask for variables, connections, and runs \
             by their DAG",
        )),
    }
}

fn unavailable(error: &tradewind_store::Error) -> TaskApiError {
    let code = if error.is_transient() { ErrorCode::Unavailable } else { ErrorCode::Invalid };
    TaskApiError::new(code, error.to_string())
}
