//! Tries: started, ended, waiting, heard of, cleared and marked.

use serde_json::{Map, json};
use tradewind_core::{Deferral, Duration, TaskState, TryId, WaitOutcome};
use tradewind_sim::{Finish, Fire, asset};
use tradewind_store::{ClearTis, FinishOutcome, FinishTry, Firing, StartOutcome, StartTry, TriggerOwner};
use tradewind_testkit::build;

use crate::dags::update;
use crate::{Both, theirs};

impl Both<'_> {
    pub(crate) async fn start(&mut self) {
        let (Some(ti), worker, at) = (self.ti_that(TaskState::Queued), self.job(), self.now()) else { return };
        let try_number = self.model.tis[&ti.0].try_number - i32::from(self.rng.one_in(6));
        let started = self.model.start_try(TryId { ti_id: ti.0, try_number }, worker.0, at);
        let request = StartTry {
            try_id: TryId { ti_id: ti.1, try_number },
            worker_id: worker.1,
            hostname: "h".into(),
            pid: 1,
            at,
        };
        assert_eq!(matches!(self.store.start_try(request).await.unwrap(), StartOutcome::Refused(_)), !started);
    }

    pub(crate) async fn finish(&mut self) {
        let (Some(ti), at) = (self.ti_that(TaskState::Running), self.now()) else { return };
        let row = self.model.tis[&ti.0].as_ref().clone();
        let try_number = row.try_number - i32::from(self.rng.one_in(6));
        let state = self.rng.weighted(&[
            (4, TaskState::Success),
            (3, TaskState::UpForRetry),
            (1, TaskState::Failed),
            (1, TaskState::Skipped),
            (1, TaskState::UpForReschedule),
            (3, TaskState::Deferred),
            (1, TaskState::AwaitingInput),
        ]);
        // Sometimes the very report that was made before.
        let reported = self.model.reported.get(&ti.0).filter(|(number, _)| *number == row.try_number);
        let before = reported.map(|(_, at)| *at).or(row.end_date);
        let at = if self.rng.one_in(4) { before.unwrap_or(at) } else { at };
        let waits = matches!(state, TaskState::Deferred | TaskState::AwaitingInput);
        let timeout = (waits && self.rng.one_in(2)).then(|| Duration::from_secs(50));
        let updates = if !self.rng.one_in(4) { vec![asset(self.rng.below(2))] } else { Vec::new() };
        let finish = Finish {
            reason: self.rng.one_in(2).then(|| "said so".into()),
            retry_at: (state == TaskState::UpForReschedule).then_some(at),
            skip: if self.rng.one_in(4) { vec!["t1".into()] } else { Vec::new() },
            map_length: self.rng.one_in(2).then_some(3),
            silent_since: self.rng.one_in(4).then(|| build::at(self.clock - self.rng.clone().below(30) as i64)),
            timeout,
            updates: updates.clone(),
            ..Finish::new(TryId { ti_id: ti.0, try_number }, state, at)
        };
        let theirs = FinishTry {
            reason: finish.reason.clone(),
            retry_at: finish.retry_at,
            skip: finish.skip.clone(),
            map_length: finish.map_length,
            silent_since: finish.silent_since,
            asset_updates: updates.iter().map(update).collect(),
            deferral: waits.then(|| Box::new(Deferral { classpath: "sim.T".into(), timeout, ..Deferral::default() })),
            ..FinishTry::new(TryId { ti_id: ti.1, try_number }, state, at)
        };
        let recorded = self.model.finish_try(&finish);
        let outcome = self.store.finish_try(theirs).await.unwrap();
        assert_eq!(outcome == FinishOutcome::Recorded, recorded, "{finish:?} of {row:?}");
        self.pair_triggers().await;
    }

    /// Finds the store's numbers of the triggers that wait.
    async fn pair_triggers(&mut self) {
        let leased = self.store.lease_triggers(self.triggerer, &[], build::at(-1), 1_000).await.unwrap();
        let loaded = self.store.load_triggers(&leased).await.unwrap();
        let mut found = Vec::new();
        for trigger in loaded {
            let TriggerOwner::Try { ti_id, try_number, .. } = trigger.owner else { panic!("nobody watches here") };
            let ours = (self.model.triggers.iter())
                .find(|(_, row)| theirs(&self.tis, row.ti_id) == ti_id && row.try_number == try_number);
            found.push((*ours.unwrap_or_else(|| panic!("the model has no trigger of {ti_id}")).0, trigger.id));
        }
        assert_eq!(found.len(), self.model.triggers.len());
        // Those that are gone are kept: firing them must do nothing on either side.
        self.triggers.retain(|(ours, _)| !found.iter().any(|(known, _)| known == ours));
        self.triggers.extend(found);
    }

    pub(crate) async fn fire(&mut self) {
        let at = self.now();
        if self.triggers.is_empty() {
            return;
        }
        let (model, store) = self.triggers[self.rng.below(self.triggers.len())];
        let fire = self.rng.weighted(&[(3, Fire::Event), (1, Fire::Success), (1, Fire::Retry), (1, Fire::Skipped)]);
        let end = |state| WaitOutcome::End { state, xcoms: Map::new(), reason: None };
        let outcome = match fire {
            Fire::Event => WaitOutcome::Event { payload: json!(1) },
            Fire::Success => end(TaskState::Success),
            Fire::Retry => end(TaskState::UpForRetry),
            Fire::Skipped => end(TaskState::Skipped),
        };
        let firing = Firing { trigger_id: store, triggerer: Some(self.triggerer), outcome };
        let counted = self.model.fire_trigger(model, fire, at);
        assert_eq!(self.store.fire_triggers(&[firing], at).await.unwrap(), [counted], "{fire:?}");
        self.pair_triggers().await;
    }

    pub(crate) async fn heartbeat(&mut self) {
        let (Some(one), Some(two), worker, at) = (self.ti(), self.ti(), self.job(), self.now()) else { return };
        let mut tis = vec![one, two];
        tis.dedup();
        let numbers: Vec<i32> = tis.iter().map(|ti| self.model.tis[&ti.0].try_number).collect();
        let tries = |side: fn(&(i64, i64)) -> i64| -> Vec<TryId> {
            let pairs = tis.iter().zip(&numbers);
            pairs.map(|(ti, number)| TryId { ti_id: side(ti), try_number: *number }).collect()
        };
        let gone = self.model.heartbeat_tries(worker.0, &tries(|ti| ti.0), at);
        let gone: Vec<i64> = gone.iter().map(|try_id| theirs(&self.tis, try_id.ti_id)).collect();
        let found = self.store.heartbeat_tries(worker.1, &tries(|ti| ti.1), at).await.unwrap();
        assert_eq!(found.iter().map(|try_id| try_id.ti_id).collect::<Vec<_>>(), gone);
    }

    pub(crate) async fn clear_or_mark(&mut self) {
        let (Some(ti), at) = (self.ti(), self.now()) else { return };
        if self.rng.one_in(2) {
            self.model.clear_tis(&[(ti.0, None)]);
            let clear = ClearTis {
                tis: vec![ti.1],
                reopen_runs: true,
                also_runs: Vec::new(),
                latest_version: false,
                default_retries: 1,
                at,
            };
            self.store.clear_tis(&clear).await.unwrap();
        } else {
            let state = if self.rng.one_in(2) { TaskState::Success } else { TaskState::Failed };
            let changed = self.model.set_ti_state(&[ti.0], state, at).len();
            assert_eq!(self.store.set_ti_state(&[ti.1], state, at).await.unwrap().len(), changed);
        }
    }
}
