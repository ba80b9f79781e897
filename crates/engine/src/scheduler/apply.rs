//! One transaction for everything that a tick decided.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tradewind_core::plan::Capacity;
use tradewind_core::{RunState, TaskState, Timestamp, TryId};
use tradewind_store::{NewTi, RunWrite, TiWrite, Topic, Tx, Usage};

use super::due::DueRuns;
use super::owned_run::OwnedRun;
use super::{Error, Scheduler, TickReport};
use crate::clock::Clock;

/// One changed instance: run and index in its planner.
pub(super) type Place = (i64, usize);

impl<C: Clock> Scheduler<C> {
    /// Admits, writes and hands over. Everything that the planners decided is in the database when this is done,
    /// or its run is loaded afresh in the next tick.
    pub(super) async fn apply(&mut self, inbox: &[i64], due: DueRuns, now: Timestamp) -> Result<TickReport, Error> {
        let mut report = TickReport::default();
        let mut touched: Vec<Place> = Vec::new();
        let dirty: Vec<i64> = std::mem::take(&mut self.dirty).into_iter().collect();
        for run_key in &dirty {
            let Some(run) = self.runs.get_mut(run_key) else { continue };
            for index in run.planner.take_touched() {
                touched.push((*run_key, index));
                let (limits, candidate) = run.candidate(index);
                if run.planner.tis[index].state == Some(TaskState::Scheduled) {
                    self.queue.insert(limits, candidate);
                } else {
                    // What stood in line may have been ended meanwhile: fail_fast, a timeout of the run.
                    self.queue.remove(&limits, &candidate);
                }
            }
        }
        let nothing = touched.is_empty()
            && inbox.is_empty()
            && self.concerned.is_empty()
            && due.create.is_empty()
            && due.next.is_empty();
        if nothing && self.queue.is_empty() && !dirty.iter().any(|key| self.run_changed(*key)) {
            return Ok(report);
        }

        let mut tx = self.store.begin().await?;
        self.confirm_starts(&mut tx, &dirty, &mut touched, now).await?;
        if due.ask_timetables {
            tx.notify(Topic::Timetables);
        }
        for (dag_id, version, next) in &due.next {
            if !tx.set_next_run(dag_id, *version, *next).await? {
                // Parsed anew meanwhile: worked out again in the next tick.
                self.schedules.look_at_all(now);
                report.again = true;
            }
        }
        let mut partitions = due.partitions;
        let dags: BTreeSet<String> = due.create.iter().map(|run| run.dag_id.clone()).collect();
        let newest = match dags.is_empty() {
            true => HashMap::new(),
            false => tx.newest_automated_runs(&dags.into_iter().collect::<Vec<_>>()).await?,
        };
        for run in due.create {
            // A schedule goes forwards: others went on while this scheduler was held up after it had planned.
            if run.logical_date.is_some_and(|date| newest.get(&run.dag_id).is_some_and(|newest| date <= *newest)) {
                continue;
            }
            let partition = partitions.remove(&(run.dag_id.clone(), run.run_id.clone()));
            if let Some(run_key) = tx.create_run(run).await?.created() {
                if let Some((key, date)) = partition {
                    tx.set_run_partition(run_key, Some(&key), Some(date)).await?;
                }
                self.to_load.insert(run_key);
                report.runs_created += 1;
            }
        }
        let mut admitted: Vec<Place> = Vec::new();
        if !self.queue.is_empty() {
            let usage = tx.usage().await?;
            let mut capacity = self.capacity(usage);
            for admission in self.queue.admit(&mut capacity) {
                let place = (admission.candidate.run_key, admission.candidate.index);
                if let Some(run) = self.runs.get_mut(&place.0) {
                    run.planner.queued(place.1, now);
                    run.planner.take_touched();
                    admitted.push(place);
                }
            }
            touched.extend(admitted.iter().copied());
            touched.sort_unstable();
            touched.dedup();
        }

        // Rows that are new are inserted as they are now, however much was decided about them already.
        let (new, known): (Vec<Place>, Vec<Place>) =
            touched.iter().copied().partition(|(key, index)| self.runs[key].planner.tis[*index].id == 0);
        let rows: Vec<NewTi> = new.iter().map(|(key, index)| new_row(&self.runs[key], *index)).collect();
        let writes: Vec<TiWrite> = known.iter().map(|(key, index)| write(&self.runs[key], *index)).collect();
        let mut changed_runs: Vec<i64> = touched.iter().map(|(key, _)| *key).collect();
        changed_runs.extend(dirty.iter().copied().filter(|key| self.run_changed(*key) && !self.to_load.contains(key)));
        changed_runs.sort_unstable();
        changed_runs.dedup();
        let run_writes: Vec<RunWrite> =
            changed_runs.iter().map(|key| run_write(&self.runs[key], self.id, now)).collect();
        let Some(ids) = write_all(&mut tx, &rows, &writes, &run_writes).await? else {
            // Somebody cleared or marked something meanwhile, a try went on that was to be ended, or another scheduler
            // took a run over: what was decided may be wrong by now. Nothing of it lasts; it is decided anew.
            report.stale = changed_runs.len();
            self.to_load.extend(changed_runs);
            self.schedules.look_at_all(now);
            return Ok(report);
        };
        tx.redefine_tis(&self.redefinitions(known.iter().copied())).await?;
        tx.runs_ended(&self.ends(&changed_runs)).await?;
        self.emit_of_empty_tasks(&mut tx, new.iter().chain(&known)).await?;
        let failed: Vec<i64> = changed_runs
            .iter()
            .copied()
            .filter(|key| self.run_changed(*key) && self.runs[key].planner.run.state == RunState::Failed)
            .collect();
        tx.pause_failing_dags(&failed).await?;
        let ended_backfills = self.backfill_runs_ended(&changed_runs);
        let concerned = self.concerns_others(&touched, &changed_runs);
        tx.tell_others(self.id, &concerned).await?;
        tx.delete_inbox(inbox).await?;
        if !changed_runs.is_empty() || report.runs_created > 0 {
            tx.notify(Topic::Ui);
        }
        let queued = Some(TaskState::Queued);
        if rows.iter().any(|row| row.state == queued) || writes.iter().any(|write| write.state == queued) {
            // Workers that pull may wait at api-servers in other processes.
            tx.notify(Topic::Queue);
        }
        tx.commit().await?;
        report.rows_written = rows.len() + writes.len();

        let mut cancelled = Vec::new();
        for ((key, index), id) in new.iter().zip(ids) {
            if let Some(run) = self.runs.get_mut(key) {
                run.record_inserted(*index, id);
            }
        }
        for ((key, index), write) in known.iter().zip(&writes) {
            let Some(run) = self.runs.get_mut(key) else { continue };
            let was_in_flight = write.expect_state.is_some_and(TaskState::is_in_flight);
            if was_in_flight && !write.state.is_some_and(TaskState::is_in_flight) {
                cancelled.push(TryId { ti_id: write.ti_id, try_number: run.stored[*index].try_number });
            }
            run.record_stored(*index, write.expect_fence + 1);
        }
        self.past_changed.extend(concerned);
        self.finish_runs(&changed_runs);
        self.finish_backfills(ended_backfills, now).await?;
        self.hand_over(&admitted, &mut report).await;
        self.cancel(cancelled).await;
        Ok(report)
    }

    /// The run's own row differs from what the database holds.
    fn run_changed(&self, run_key: i64) -> bool {
        self.runs.get(&run_key).is_some_and(|run| run.planner.run.state != run.stored_state)
    }

    /// Bookkeeping of runs that were written: those that ended leave memory and make room for others.
    fn finish_runs(&mut self, changed: &[i64]) {
        for key in changed {
            let Some(run) = self.runs.get_mut(key) else { continue };
            run.stored_state = run.planner.run.state;
            if run.stored_state.is_finished() && !self.to_load.contains(key) {
                let dag_id = run.row.dag_id.clone();
                self.drop_run(*key);
                self.schedules.run_ended(&dag_id);
                self.dags_to_start.insert(dag_id);
            }
        }
        if !self.dags_to_start.is_empty() {
            self.wake_queued_runs();
        }
    }

    /// Makes the next tick come at once if a queued run may get its turn.
    fn wake_queued_runs(&mut self) {
        let waiting = self
            .runs
            .iter()
            .filter(|(_, run)| run.stored_state == RunState::Queued && self.dags_to_start.contains(&run.row.dag_id));
        let keys: Vec<i64> = waiting.map(|(key, _)| *key).collect();
        self.dirty.extend(keys);
    }

    async fn hand_over(&self, admitted: &[Place], report: &mut TickReport) {
        let mut workloads = Vec::with_capacity(admitted.len());
        for (key, index) in admitted {
            // A run with a stale write is not trusted: what was really queued is sent when it is loaded again.
            if self.to_load.contains(key) {
                continue;
            }
            if let Some(run) = self.runs.get(key) {
                workloads.push((self.executor_of(run, *index), run.workload(*index)));
            }
        }
        report.tries_submitted = workloads.len();
        self.submit(workloads).await;
    }

    /// What there is and what is in use, over all schedulers.
    fn capacity(&self, usage: Usage) -> Capacity {
        let mut capacity = Capacity::default();
        for (position, executor) in self.executors.iter().enumerate() {
            capacity.executors.insert(executor.name().to_owned(), (executor.slots(), 0));
            if position == 0 {
                capacity.executors.insert(String::new(), (executor.slots(), 0));
            }
        }
        let deferred: HashMap<&str, bool> =
            usage.pools.iter().map(|pool| (pool.name.as_str(), pool.include_deferred)).collect();
        for row in &usage.rows {
            let in_pool = row.in_flight || deferred.get(row.pool.as_str()).copied().unwrap_or(false);
            if in_pool {
                capacity.pools.entry(row.pool.clone()).or_default().1 += row.slots;
            }
            if !row.in_flight {
                continue;
            }
            let count = row.tis as u32;
            // Each scheduler has an executor of its own; pools and all other limits are everybody's.
            let mine = self.runs.contains_key(&row.run_key);
            let default = self.executors.default_one().name();
            for name in [row.executor.as_deref().unwrap_or(""), default] {
                let same = name.is_empty() || row.executor.is_none() || row.executor.as_deref() == Some(name);
                if let (true, Some((_, used))) = (same && mine, capacity.executors.get_mut(name)) {
                    *used += count;
                    break;
                }
            }
            *capacity.runs.entry(row.run_key).or_default() += count;
            *capacity.tasks.entry((row.dag_id.clone(), row.task_id.clone())).or_default() += count;
            *capacity.run_tasks.entry((row.run_key, row.task_id.clone())).or_default() += count;
        }
        let slots: BTreeMap<&str, i64> = usage.pools.iter().map(|pool| (pool.name.as_str(), pool.slots)).collect();
        capacity.pools.retain(|name, _| slots.contains_key(name.as_str()));
        for (name, slots) in slots {
            capacity.pools.entry(name.to_owned()).or_default().0 = slots;
        }
        capacity
    }
}

/// Writes everything that was decided; answers the numbers of new rows. `None`: some of it is stale, and the
/// transaction is to be dropped.
async fn write_all(
    tx: &mut Tx,
    rows: &[NewTi],
    writes: &[TiWrite],
    run_writes: &[RunWrite],
) -> Result<Option<Vec<i64>>, Error> {
    let ids = match tx.insert_tis(rows).await {
        Err(tradewind_store::Error::Exists(_)) => return Ok(None),
        ids => ids?,
    };
    let mut applied = tx.write_tis(writes).await?;
    applied.extend(tx.write_runs(run_writes).await?);
    Ok(applied.into_iter().all(|applied| applied).then_some(ids))
}

fn new_row(run: &OwnedRun, index: usize) -> NewTi {
    let ti = &run.planner.tis[index];
    let task = &run.dag.dag.tasks[ti.task];
    NewTi {
        run_key: run.row.id,
        dag_id: run.row.dag_id.clone(),
        task_id: task.task_id.clone(),
        map_index: ti.map_index,
        state: ti.state,
        try_number: ti.try_number,
        max_tries: ti.max_tries,
        scheduled_at: ti.scheduled_at,
        queued_at: ti.queued_at,
        start_date: ti.start_date,
        end_date: ti.end_date,
        operator: run.dag.tasks[ti.task].operator.clone(),
        pool: task.pool.clone(),
        pool_slots: i64::from(task.pool_slots),
        queue: task.queue.clone(),
        priority: i64::from(task.priority_of(ti.try_number.max(1))),
        executor: task.executor.clone(),
        dag_version_id: Some(run.dag.version_id),
        reason: ti.reason.clone(),
    }
}

fn write(run: &OwnedRun, index: usize) -> TiWrite {
    let ti = &run.planner.tis[index];
    let stored = run.stored[index];
    TiWrite {
        ti_id: ti.id,
        expect_state: stored.state,
        expect_fence: stored.fence,
        state: ti.state,
        map_index: ti.map_index,
        try_number: ti.try_number,
        max_tries: ti.max_tries,
        scheduled_at: ti.scheduled_at,
        queued_at: ti.queued_at,
        start_date: ti.start_date,
        end_date: ti.end_date,
        retry_at: ti.retry_at,
        reason: ti.reason.clone(),
    }
}

fn run_write(run: &OwnedRun, owner: i64, now: Timestamp) -> RunWrite {
    RunWrite {
        run_key: run.row.id,
        expect_state: run.stored_state,
        expect_fence: run.row.fence,
        owner,
        state: run.planner.run.state,
        start_date: run.planner.run.start_date,
        end_date: run.planner.run.end_date,
        dag_version_id: Some(run.dag.version_id),
        state_counts: run.planner.state_counts().into_iter().map(|(state, n)| (state.to_owned(), n)).collect(),
        updated_at: now,
    }
}
