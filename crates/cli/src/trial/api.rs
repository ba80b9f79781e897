//! The task API of a trial: its own run is in the throw-away database, everything else is looked up in the real one.

use async_trait::async_trait;
use serde_json::{Map, Value};
use tradewind_core::{TryId, xcom};
use tradewind_protocol::task_api::{
    ClaimRequest, ErrorCode, FinishOutcome, FinishTry, Heartbeat, HeartbeatReply, StartOutcome, StartTry, WorkerHello,
    WorkerWelcome,
};
use tradewind_protocol::{TaskApi, TaskApiError, TaskCall, Workload};
use tradewind_server::StoreTaskApi;
use tradewind_store::Store;
use tradewind_worker::host::Answerer;

use crate::roles::{answerer, answerer_without_database};

/// See the module.
pub struct TrialApi {
    own: StoreTaskApi,
    own_store: Store,
    real: Option<Store>,
    answerer: Answerer,
}

impl TrialApi {
    /// `real`: the database of the installation, if there is one.
    pub fn new(own: StoreTaskApi, own_store: Store, real: Option<Store>) -> Self {
        let answerer = real.clone().map_or_else(answerer_without_database, answerer);
        Self { own, own_store, real, answerer }
    }

    /// An XCom that an earlier, real run of the DAG pushed.
    async fn real_xcom(&self, try_id: TryId, call: &TaskCall) -> Option<Value> {
        let TaskCall::XcomGet { key, task_id, dag_id, run_id, map_index, item, .. } = call else { return None };
        let store = self.real.as_ref()?;
        let own = self.own_store.find_ti_by_id(try_id.ti_id).await.ok()??;
        let (dag_id, run_id) = (dag_id.as_ref().unwrap_or(&own.dag_id), run_id.as_ref().unwrap_or(&own.run_id));
        let (_, value) = store.find_xcom(dag_id, run_id, task_id, map_index.unwrap_or(-1), key).await.ok()??;
        let value = serde_json::from_str(&value).ok()?;
        match item {
            Some(item) => xcom::item(&value, *item),
            None => Some(value),
        }
    }
}

#[async_trait]
impl TaskApi for TrialApi {
    async fn register(&self, hello: WorkerHello) -> Result<WorkerWelcome, TaskApiError> {
        self.own.register(hello).await
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Workload>, TaskApiError> {
        self.own.claim(request).await
    }

    async fn heartbeat(&self, beat: Heartbeat) -> Result<HeartbeatReply, TaskApiError> {
        self.own.heartbeat(beat).await
    }

    async fn start(&self, token: &str, start: StartTry) -> Result<StartOutcome, TaskApiError> {
        self.own.start(token, start).await
    }

    async fn finish(&self, token: &str, finish: FinishTry) -> Result<FinishOutcome, TaskApiError> {
        self.own.finish(token, finish).await
    }

    async fn call(&self, token: &str, try_id: TryId, call: TaskCall) -> Result<Value, TaskApiError> {
        match &call {
            TaskCall::VariableGet { .. }
            | TaskCall::VariableSet { .. }
            | TaskCall::VariableDelete { .. }
            | TaskCall::ConnectionGet { .. } => (self.answerer)(call).await,
            TaskCall::RunTrigger { dag_id, .. } => Err(TaskApiError::new(
                ErrorCode::Denied,
                format!("a trial starts no runs of other DAGs, so '{dag_id}' was not triggered"),
            )),
            TaskCall::XcomGet { .. } => match self.own.call(token, try_id, call.clone()).await {
                Err(error) if error.code == ErrorCode::NotFound => self.real_xcom(try_id, &call).await.ok_or(error),
                answer => answer,
            },
            _ => self.own.call(token, try_id, call).await,
        }
    }

    async fn rendered(&self, token: &str, try_id: TryId, fields: Map<String, Value>) -> Result<(), TaskApiError> {
        self.own.rendered(token, try_id, fields).await
    }

    async fn append_log(&self, token: &str, try_id: TryId, offset: u64, lines: Vec<u8>) -> Result<(), TaskApiError> {
        self.own.append_log(token, try_id, offset, lines).await
    }
}
