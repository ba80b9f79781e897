//! Workers: they claim tries, run them and report, maybe again.

use serde_json::json;
use tradewind_core::asset::AssetUpdate;
use tradewind_core::{Deferral, Duration, TaskState, Timestamp, TryId};
use tradewind_sim::{Outcome, asset};
use tradewind_store::{FinishTry, RunRow, StartOutcome, StartTry, TiRow};

use crate::{Message, World};

impl World {
    pub(crate) fn message(&self, nth: usize) -> Option<Message> {
        let mut messages = self.messages.lock().unwrap();
        let at = (!messages.is_empty()).then(|| nth % messages.len())?;
        Some(messages.remove(at))
    }

    pub(crate) async fn deliver(&mut self, message: Message, worker: usize) {
        match message {
            Message::Submit(try_id) => self.start(try_id, worker, true).await,
            Message::Cancel(try_id) => {
                for nth in 0..self.workers.len() {
                    self.stop(nth, try_id).await;
                }
            }
        }
    }

    pub(crate) async fn start(&mut self, try_id: TryId, worker: usize, heard: bool) {
        if self.workers[worker].running.iter().any(|(running, report)| *running == try_id && report.is_none()) {
            return;
        }
        let request = StartTry {
            try_id,
            worker_id: self.workers[worker].job,
            hostname: "elsewhere".into(),
            pid: 7,
            at: self.now(),
        };
        let begun = !matches!(self.store.start_try(request).await.unwrap(), StartOutcome::Refused(_));
        if begun && heard {
            let looks = self.store.load_tis(&[try_id.ti_id]).await.unwrap()[0].reschedule_count;
            let waits = self.waits.get(&try_id).copied().unwrap_or_default();
            let count = self.executions.entry((try_id, looks, waits)).or_default();
            *count += 1;
            assert_eq!(*count, 1, "{try_id:?} ran twice");
            self.workers[worker].running.push((try_id, None));
        }
    }

    pub(crate) async fn stop(&mut self, worker: usize, try_id: TryId) {
        self.advance(Duration::from_micros(1));
        let now = self.now();
        let worker = &mut self.workers[worker];
        let at = worker.running.iter().rposition(|(running, _)| *running == try_id);
        if let Some(at) = at.filter(|_| !worker.silent) {
            let (_, report) = worker.running.remove(at);
            let report = report.unwrap_or_else(|| FinishTry::new(try_id, TaskState::Failed, now));
            self.report(report).await;
        }
    }

    pub(crate) async fn finish(&mut self, worker: usize, nth: usize, outcome: Outcome, unheard: bool) {
        // No two reports are of one instant.
        self.advance(Duration::from_micros(1));
        let now = self.now();
        let running = &self.workers[worker].running;
        if running.is_empty() {
            return;
        }
        let (try_id, _) = running[nth % running.len()];
        let end = FinishTry { asset_updates: self.updates(try_id.ti_id), ..end(try_id, outcome, now) };
        let worker = &mut self.workers[worker];
        let nth = nth % worker.running.len();
        let (_, report) = &mut worker.running[nth];
        let report = report.get_or_insert_with(|| FinishTry { at: now, ..end.clone() }).clone();
        if !worker.silent {
            if !unheard {
                worker.running.remove(nth);
            }
            self.report(report).await;
        }
    }

    /// Reports an end, maybe again.
    pub(crate) async fn report(&mut self, report: FinishTry) {
        let waits = matches!(report.state, TaskState::Deferred | TaskState::AwaitingInput);
        let try_id = report.try_id;
        let fence = self.store.load_tis(&[try_id.ti_id]).await.unwrap()[0].fence;
        self.store.finish_try(report).await.unwrap();
        let row = self.store.load_tis(&[try_id.ti_id]).await.unwrap().remove(0);
        if waits && row.fence > fence && matches!(row.state, Some(TaskState::Deferred | TaskState::AwaitingInput)) {
            *self.waits.entry(try_id).or_default() += 1;
        }
    }

    pub(crate) async fn beat(&mut self, nth: usize) {
        if self.workers[nth].silent {
            return;
        }
        self.store.heartbeat_job(self.workers[nth].job, self.now()).await.unwrap();
        let (ended, running): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.workers[nth].running).into_iter().partition(|(_, report)| report.is_some());
        self.workers[nth].running = running;
        for report in ended.into_iter().filter_map(|(_, report)| report) {
            self.report(report).await;
        }
        let tries: Vec<TryId> = self.workers[nth].running.iter().map(|(try_id, _)| *try_id).collect();
        for gone in self.store.heartbeat_tries(self.workers[nth].job, &tries, self.now()).await.unwrap() {
            self.stop(nth, gone).await;
        }
    }

    pub(crate) async fn poll(&mut self, nth: usize) {
        if self.workers[nth].silent {
            return;
        }
        for ti in self.store.queued_tries(&["default".into()], None, 2).await.unwrap() {
            self.start(TryId { ti_id: ti.id, try_number: ti.try_number }, nth, true).await;
        }
    }

    /// What a task does to its DAG's asset.
    pub(crate) fn updates(&self, ti_id: i64) -> Vec<AssetUpdate> {
        let of = |(run, tis): &(RunRow, Vec<TiRow>)| {
            let ti = tis.iter().find(|ti| ti.id == ti_id)?;
            Some((run.dag_id[1..].parse::<usize>().unwrap(), ti.task_id[1..].parse::<usize>().unwrap()))
        };
        let Some((dag, task)) = self.rows.iter().find_map(of) else { return Vec::new() };
        if !self.scenario.dags[dag].tasks[task].updates {
            return Vec::new();
        }
        let asset = serde_json::from_value(json!({"asset": asset(dag)})).unwrap();
        AssetUpdate::of_outlet(&asset).into_iter().collect()
    }
}

fn end(try_id: TryId, outcome: Outcome, now: Timestamp) -> FinishTry {
    let finish = |state| FinishTry::new(try_id, state, now);
    match outcome {
        Outcome::Success(length) => FinishTry { map_length: Some(length), ..finish(TaskState::Success) },
        Outcome::Branch(bits) => FinishTry {
            skip: (1..7).filter(|n| bits >> n & 1 == 1).map(|n| format!("t{n:02}")).collect(),
            map_length: Some(1),
            ..finish(TaskState::Success)
        },
        Outcome::Retry => finish(TaskState::UpForRetry),
        Outcome::Failed => finish(TaskState::Failed),
        Outcome::Skipped => finish(TaskState::Skipped),
        Outcome::Reschedule(seconds) => FinishTry {
            retry_at: Some(now + Duration::from_secs(i64::from(seconds))),
            ..finish(TaskState::UpForReschedule)
        },
        Outcome::Defer(seconds) => FinishTry {
            deferral: Some(Box::new(waits((seconds > 0).then(|| Duration::from_secs(i64::from(seconds)))))),
            ..finish(TaskState::Deferred)
        },
        Outcome::Ask => FinishTry { deferral: Some(Box::new(waits(None))), ..finish(TaskState::AwaitingInput) },
    }
}

/// For something that only a triggerer knows.
fn waits(timeout: Option<Duration>) -> Deferral {
    Deferral { classpath: "sim.Trigger".into(), next_method: "go_on".into(), timeout, ..Deferral::default() }
}
