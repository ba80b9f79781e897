//! Claims: queued tries for workers that pull.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use tradewind_core::TryId;
use tradewind_protocol::task_api::ClaimRequest;
use tradewind_protocol::workload::RunInfo;
use tradewind_protocol::{SerializedDag, TaskApiError, Workload};
use tradewind_store::{RunRow, Store, TiRow, Topic};

use super::error::of_store;
use super::{Offers, StoreTaskApi};
use crate::clock::now;

/// The executor whose workers pull, as configuration and DAG files name it.
pub(super) const EXECUTOR: &str = "EdgeExecutor";

/// The longest that a claim waits, whatever the worker says: proxies cut longer ones.
const LONGEST_WAIT: Duration = Duration::from_secs(50);

/// A try that was offered is offered again when nobody started it for so long.
const OFFERED: Duration = Duration::from_secs(10);

/// Tries in one answer.
const MOST: u32 = 64;

impl StoreTaskApi {
    /// Offers queued tries, waiting for the first one.
    pub(super) async fn claim_tries(&self, request: ClaimRequest) -> Result<Vec<Workload>, TaskApiError> {
        let deadline = tokio::time::Instant::now() + Duration::from_millis(request.wait_ms).min(LONGEST_WAIT);
        if !request.tries.is_empty() {
            let queued = self.store.queued_among(&request.tries).await.map_err(of_store)?;
            return workloads(&self.store, queued, self).await;
        }
        let mut listener = self.store.notifier().subscribe(Topic::Queue);
        self.store.heartbeat_job(request.worker_id, now()).await.map_err(of_store)?;
        loop {
            let offered = self.offer(&request).await?;
            if !offered.is_empty() || request.free_slots == 0 {
                return Ok(offered);
            }
            tokio::select! {
                () = listener.wait() => {}
                () = tokio::time::sleep_until(deadline) => return Ok(Vec::new()),
            }
        }
    }

    async fn offer(&self, request: &ClaimRequest) -> Result<Vec<Workload>, TaskApiError> {
        let wanted = request.free_slots.min(MOST);
        // Those that are on offer to others are queued as well, so ask for more than wanted.
        let ask = wanted + u32::try_from(lock(&self.offers).len()).unwrap_or(0);
        let mut queued = self.store.queued_tries(&request.queues, Some(EXECUTOR), ask).await.map_err(of_store)?;
        if self.config.pull_by_default {
            queued.extend(self.store.queued_tries(&request.queues, None, ask).await.map_err(of_store)?);
            queued.sort_by_key(|ti| (-i64::from(ti.priority), ti.queued_at, ti.id));
        }
        let fresh = choose(&mut lock(&self.offers), queued, wanted as usize, Instant::now());
        workloads(&self.store, fresh, self).await
    }
}

fn lock(offers: &std::sync::Mutex<Offers>) -> std::sync::MutexGuard<'_, Offers> {
    offers.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Takes those that nobody was offered lately, and remembers them.
fn choose(offers: &mut Offers, queued: Vec<TiRow>, wanted: usize, at: Instant) -> Vec<TiRow> {
    offers.retain(|_, since| at.duration_since(*since) < OFFERED);
    // One that has waited, or was rescheduled, is queued anew as the same try.
    let id = |ti: &TiRow| (TryId { ti_id: ti.id, try_number: ti.try_number }, ti.queued_at);
    let fresh: Vec<TiRow> = queued.into_iter().filter(|ti| !offers.contains_key(&id(ti))).take(wanted).collect();
    offers.extend(fresh.iter().map(|ti| (id(ti), at)));
    fresh
}

/// Everything that a worker needs to run them.
pub(super) async fn workloads(
    store: &Store,
    tis: Vec<TiRow>,
    api: &StoreTaskApi,
) -> Result<Vec<Workload>, TaskApiError> {
    let keys: BTreeSet<i64> = tis.iter().map(|ti| ti.run_key).collect();
    let runs = store.run_rows(&keys.into_iter().collect::<Vec<_>>()).await.map_err(of_store)?;
    let runs: HashMap<i64, RunRow> = runs.into_iter().map(|run| (run.id, run)).collect();
    let mut workloads = Vec::with_capacity(tis.len());
    for ti in tis {
        let Some(run) = runs.get(&ti.run_key) else { continue };
        let Some(version) = ti.dag_version_id.or(run.dag_version_id) else { continue };
        let Some(found) = api.versions.get(store, version).await? else { continue };
        let Some(workload) = workload(&ti, run, &found.dag, (&found.bundle, &found.file, version), api) else {
            continue;
        };
        api.logs.remember(&workload);
        workloads.push(workload);
    }
    Ok(workloads)
}

pub(super) fn workload(
    ti: &TiRow,
    run: &RunRow,
    dag: &SerializedDag,
    (bundle, file, version): (&str, &str, i64),
    api: &StoreTaskApi,
) -> Option<Workload> {
    let task = dag.tasks.iter().find(|task| task.task_id == ti.task_id)?;
    let try_id = TryId { ti_id: ti.id, try_number: ti.try_number };
    Some(Workload {
        try_id,
        token: api.tokens.as_ref().map(|tokens| tokens.for_try(try_id)).unwrap_or_default(),
        dag_id: ti.dag_id.clone(),
        task_id: ti.task_id.clone(),
        map_index: ti.map_index,
        try_number: ti.try_number,
        max_tries: ti.max_tries,
        run: run_info(run),
        lane: task.lane.clone(),
        bundle: bundle.to_owned(),
        bundle_version: run.bundle_version.clone(),
        file: file.to_owned(),
        dag_version: version,
        operator: task.operator.clone(),
        pool: ti.pool.clone(),
        pool_slots: u32::try_from(ti.pool_slots).unwrap_or(1),
        queue: ti.queue.clone(),
        priority: ti.priority,
        queued_at: ti.queued_at.unwrap_or(run.run_after),
        execution_timeout: task.execution_timeout,
        do_xcom_push: task.do_xcom_push,
        run_as_user: task.run_as_user.clone(),
        owner: task.owner.clone(),
        email: task.email.join(","),
        first_started_at: ti.first_started_at,
        reschedule_count: u32::try_from(ti.reschedule_count).unwrap_or(0),
        outlets: task.outlets.clone(),
        executor_config: task.executor_config.clone(),
        resume: None,
    })
}

/// A run as tries see it.
pub(super) fn run_info(run: &RunRow) -> RunInfo {
    RunInfo {
        run_id: run.run_id.clone(),
        run_type: run.run_type,
        logical_date: run.logical_date,
        data_interval_start: run.data_interval_start,
        data_interval_end: run.data_interval_end,
        run_after: run.run_after,
        queued_at: run.queued_at,
        start_date: run.start_date,
        conf: run.conf.clone(),
        clear_number: run.clear_number,
        triggering_user: run.triggering_user.clone(),
        partition_key: run.partition_key.clone(),
        partition_date: run.partition_date,
    }
}
