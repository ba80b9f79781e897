//! What a process asks that runs one try and nothing else, such as a pod: with the try's own token, where workers that
//! run many have tokens of their own.

use axum::Json;
use axum::extract::{Extension, Path, State};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tradewind_core::{TaskState, TryId};
use tradewind_protocol::task_api::{ErrorCode, Heartbeat, WorkerHello};
use tradewind_protocol::{TaskApi as _, TaskApiError, Workload};

use super::StoreTaskApi;
use super::error::of_store;
use super::http::{Answer, own_try, read};
use crate::auth::jwt::Claims;
use crate::clock::now;
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .post("/task-api/v1/tries/{try_id}/workload", workload)
        .post("/task-api/v1/tries/{try_id}/register", register)
        .post("/task-api/v1/tries/{try_id}/heartbeat", heartbeat)
        .post("/task-api/v1/tries/{try_id}/goodbye", goodbye)
}

impl StoreTaskApi {
    /// What is needed to run a try that is queued. Whether this caller runs it is decided by `start`.
    async fn queued_workload(&self, id: TryId) -> Result<Workload, TaskApiError> {
        let mut tis = self.store.load_tis(&[id.ti_id]).await.map_err(of_store)?;
        let stale = |message: String| TaskApiError::new(ErrorCode::Stale, message);
        let Some(ti) = tis.pop() else {
            return Err(stale("the task instance does not exist any more".into()));
        };
        if ti.try_number != id.try_number || ti.state != Some(TaskState::Queued) {
            let state = ti.state.map_or("without a state", TaskState::as_str);
            return Err(stale(format!(
                "try {} is not queued: the task instance is {state}, at try {}",
                id.try_number, ti.try_number
            )));
        }
        let mut workloads = super::claim::workloads(&self.store, vec![ti], self).await?;
        workloads.pop().ok_or_else(|| TaskApiError::new(ErrorCode::NotFound, "the DAG of this try cannot be read"))
    }
}

async fn workload(
    State(app): State<App>,
    Extension(claims): Extension<Claims>,
    Path(try_id): Path<String>,
) -> Answer<impl Serialize> {
    let id = own_try(&try_id, &claims)?;
    Ok(Json(app.task_api.queued_workload(id).await?))
}

async fn register(
    State(app): State<App>,
    Extension(claims): Extension<Claims>,
    Path(try_id): Path<String>,
    body: Bytes,
) -> Answer<impl Serialize> {
    own_try(&try_id, &claims)?;
    Ok(Json(app.task_api.register(read::<WorkerHello>(&body)?).await?))
}

async fn heartbeat(
    State(app): State<App>,
    Extension(claims): Extension<Claims>,
    Path(try_id): Path<String>,
    body: Bytes,
) -> Answer<impl Serialize> {
    let id = own_try(&try_id, &claims)?;
    let mut beat = read::<Heartbeat>(&body)?;
    beat.tries.retain(|one| *one == id);
    Ok(Json(app.task_api.heartbeat(beat).await?))
}

/// Who says goodbye.
#[derive(Deserialize)]
struct Goodbye {
    worker_id: i64,
}

async fn goodbye(
    State(app): State<App>,
    Extension(claims): Extension<Claims>,
    Path(try_id): Path<String>,
    body: Bytes,
) -> Answer<()> {
    let id = own_try(&try_id, &claims)?;
    let worker_id = read::<Goodbye>(&body)?.worker_id;
    Ok(Json(app.task_api.end_worker_of(id, worker_id).await?))
}

impl StoreTaskApi {
    /// The process that ran a try has nothing more to do. Nobody can end another's worker: it must have run the try.
    async fn end_worker_of(&self, id: TryId, worker_id: i64) -> Result<(), TaskApiError> {
        let tis = self.store.load_tis(&[id.ti_id]).await.map_err(of_store)?;
        if tis.iter().any(|ti| ti.worker_id == Some(worker_id)) {
            self.store.end_job(worker_id, now()).await.map_err(of_store)?;
        }
        Ok(())
    }
}
