//! The model against the real store: random sequences of operations give the same answers and the same rows, on
//! SQLite and on PostgreSQL. This is what makes laws that hold in the model mean something.

mod compare;
mod dags;
mod tries;

use std::collections::BTreeMap;

use tradewind_core::plan::LaneKey;
use tradewind_core::{RunState, TaskState, Timestamp};
use tradewind_sim::{InboxRow, Model, NewTi, Rng, RunRow, RunWrite, TiWrite};
use tradewind_store::NewRun;
use tradewind_testkit::{TestStore, build, postgres_store, sqlite_store};

const DAGS: [&str; 2] = ["d", "e"];

/// The same thing twice.
struct Both<'s> {
    store: &'s TestStore,
    model: Model,
    rng: Rng,
    clock: i64,
    /// Numbers of jobs, runs and task instances in the model and in the store: the latter may leave some out.
    jobs: Vec<(i64, i64)>,
    runs: Vec<(i64, i64)>,
    tis: Vec<(i64, i64)>,
    triggers: Vec<(i64, i64)>,
    backfills: Vec<(i64, i64)>,
    names: usize,
    /// A job of the store that takes all triggers.
    triggerer: i64,
}

fn theirs(of: &[(i64, i64)], model: i64) -> i64 {
    of.iter().find(|(known, _)| *known == model).map_or(-1, |(_, store)| *store)
}

impl Both<'_> {
    fn now(&mut self) -> Timestamp {
        self.clock += 1;
        build::at(self.clock)
    }

    fn job(&mut self) -> (i64, i64) {
        self.jobs[self.rng.below(self.jobs.len())]
    }

    fn run(&mut self) -> Option<(i64, i64)> {
        (!self.runs.is_empty()).then(|| self.runs[self.rng.below(self.runs.len())])
    }

    fn ti(&mut self) -> Option<(i64, i64)> {
        (!self.tis.is_empty()).then(|| self.tis[self.rng.below(self.tis.len())])
    }

    /// One in that state, as often as not, so that something comes of it.
    fn ti_that(&mut self, state: TaskState) -> Option<(i64, i64)> {
        let fits = |(ours, _): &&(i64, i64)| self.model.tis[ours].state == Some(state);
        let found: Vec<(i64, i64)> = self.tis.iter().filter(fits).copied().collect();
        if found.is_empty() || self.rng.one_in(3) { self.ti() } else { Some(found[self.rng.below(found.len())]) }
    }

    /// One random operation; its answers must agree.
    async fn step(&mut self) {
        match self.rng.below(25) {
            22 => self.start().await,
            23 | 24 => self.finish().await,
            16 | 17 => self.fire().await,
            18 => self.pause().await,
            19 => self.backfill().await,
            20 => self.change_backfill().await,
            21 => self.consume().await,
            0 => self.job_comes_goes_or_beats().await,
            1 | 2 => self.create_run().await,
            3 | 4 => self.insert().await,
            5..=7 => self.write().await,
            8 => self.start().await,
            9 | 10 => self.finish().await,
            11 => self.heartbeat().await,
            12 => self.clear_or_mark().await,
            13 => self.inbox().await,
            14 => self.adopt().await,
            _ => self.tell().await,
        }
    }

    async fn job_comes_goes_or_beats(&mut self) {
        let at = self.now();
        if self.jobs.len() < 4 {
            let model = self.model.register_job(true, at);
            let store = self.store.register_job("SchedulerJob", "h", 1, at).await.unwrap();
            self.jobs.push((model, store));
            return;
        }
        let (model, store) = self.job();
        match self.rng.below(3) {
            0 => {
                self.model.heartbeat_job(model, at);
                self.store.heartbeat_job(store, at).await.unwrap();
            }
            1 => {
                self.model.end_job(model);
                self.store.end_job(store, at).await.unwrap();
            }
            _ => {
                let late = self.rng.one_in(2);
                let seen = if late { build::at(-1) } else { self.model.jobs[&model].heartbeat_at };
                let ended = self.model.end_silent_job(model, seen);
                assert_eq!(self.store.end_silent_job(store, seen).await.unwrap(), ended);
            }
        }
    }

    async fn create_run(&mut self) {
        let (owner, at) = (self.job(), self.now());
        self.names += usize::from(!self.rng.one_in(5));
        let dag_id = DAGS[self.rng.below(DAGS.len())];
        let run_id = format!("r{}", self.names);
        let date = (!self.rng.one_in(3)).then(|| self.rng.below(40) as i64);
        let owned = self.rng.one_in(2);
        let created = self.model.create_run(RunRow {
            id: 0,
            dag_id: dag_id.into(),
            run_id: run_id.clone(),
            logical_date: date.map(build::at),
            scheduled: true,
            backfill: None,
            run_after: build::at(0),
            state: RunState::Queued,
            start_date: None,
            end_date: None,
            owner: owned.then_some(owner.0),
            fence: 0,
            clear_number: 0,
        });
        let mut tx = self.store.begin().await.unwrap();
        let run = NewRun { owner: owned.then_some(owner.1), queued_at: at, ..build::new_run(dag_id, &run_id, date) };
        let outcome = tx.create_run(run).await.unwrap().created();
        tx.commit().await.unwrap();
        assert_eq!(created.is_some(), outcome.is_some(), "create {dag_id} {run_id} {date:?}");
        self.runs.extend(created.zip(outcome));
    }

    async fn insert(&mut self) {
        let Some(run) = self.run() else { return };
        let at = self.now();
        let count = 1 + self.rng.below(3);
        let mut new = Vec::new();
        for _ in 0..count {
            let task_id = format!("t{}", self.rng.below(6));
            let map_index = self.rng.below(3) as i32 - 1;
            if new.iter().any(|ti: &NewTi| ti.task_id == task_id && ti.map_index == map_index) {
                continue;
            }
            let state = self.rng.weighted(&[
                (4, None),
                (2, Some(TaskState::Scheduled)),
                (4, Some(TaskState::Queued)),
                (1, Some(TaskState::Success)),
            ]);
            let ended = state == Some(TaskState::Success);
            new.push(NewTi {
                run_key: run.0,
                task_id,
                map_index,
                state,
                try_number: i32::from(state.is_some()),
                max_tries: self.rng.below(2) as i32,
                scheduled_at: state.map(|_| at),
                queued_at: (state == Some(TaskState::Queued)).then_some(at),
                start_date: ended.then_some(at),
                end_date: ended.then_some(at),
                reason: None,
                pool: "default_pool".into(),
                pool_slots: 1 + self.rng.below(2) as i64,
            });
        }
        let rows: Vec<tradewind_store::NewTi> = new
            .iter()
            .map(|ti| tradewind_store::NewTi {
                map_index: ti.map_index,
                state: ti.state,
                try_number: ti.try_number,
                max_tries: ti.max_tries,
                scheduled_at: ti.scheduled_at,
                queued_at: ti.queued_at,
                start_date: ti.start_date,
                end_date: ti.end_date,
                pool_slots: ti.pool_slots,
                ..build::new_ti(run.1, &ti.task_id)
            })
            .collect();
        let model = self.model.insert_tis(&new);
        let mut tx = self.store.begin().await.unwrap();
        let store = tx.insert_tis(&rows).await;
        match (model, store) {
            (Some(model), Ok(store)) => {
                tx.commit().await.unwrap();
                self.tis.extend(model.into_iter().zip(store));
            }
            (None, Err(tradewind_store::Error::Exists(_))) => drop(tx),
            (model, store) => panic!("insert: {model:?} and {store:?}"),
        }
    }

    /// Guarded writes of some task instances and a run, with guards that are right, old or wrong.
    async fn write(&mut self) {
        let at = self.now();
        let mut writes: Vec<TiWrite> = Vec::new();
        for _ in 0..1 + self.rng.below(3) {
            let Some((ti_id, _)) = self.ti() else { return };
            if writes.iter().any(|write| write.ti_id == ti_id) {
                continue;
            }
            let row = self.model.tis[&ti_id].as_ref().clone();
            let stale = self.rng.one_in(4);
            let state = self.rng.weighted(&[
                (2, None),
                (3, Some(TaskState::Scheduled)),
                (6, Some(TaskState::Queued)),
                (1, Some(TaskState::Skipped)),
                (1, Some(TaskState::UpForRetry)),
            ]);
            let ended = state == Some(TaskState::Skipped);
            writes.push(TiWrite {
                ti_id,
                expect_state: if stale && self.rng.one_in(2) { Some(TaskState::Deferred) } else { row.state },
                expect_fence: row.fence - i64::from(stale),
                state,
                map_index: row.map_index,
                try_number: row.try_number + i32::from(self.rng.one_in(2)),
                max_tries: row.max_tries,
                scheduled_at: Some(at),
                queued_at: (state == Some(TaskState::Queued)).then_some(at),
                start_date: ended.then_some(at),
                end_date: ended.then_some(at),
                retry_at: (state == Some(TaskState::UpForRetry)).then_some(at),
                reason: self.rng.one_in(3).then(|| "because".into()),
            });
        }
        let rows: Vec<tradewind_store::TiWrite> = writes
            .iter()
            .map(|write| tradewind_store::TiWrite {
                expect_state: write.expect_state,
                expect_fence: write.expect_fence,
                map_index: write.map_index,
                max_tries: write.max_tries,
                scheduled_at: write.scheduled_at,
                queued_at: write.queued_at,
                start_date: write.start_date,
                end_date: write.end_date,
                retry_at: write.retry_at,
                reason: write.reason.clone(),
                ..build::write(
                    theirs(&self.tis, write.ti_id),
                    (write.expect_state, write.expect_fence),
                    write.state,
                    write.try_number,
                )
            })
            .collect();
        let run_write = self.run_write(at);
        let mut tx = self.store.begin().await.unwrap();
        assert_eq!(tx.write_tis(&rows).await.unwrap(), self.model.write_tis(&writes), "{writes:?}");
        if let Some((write, row)) = run_write {
            assert_eq!(tx.write_runs(&[row]).await.unwrap(), self.model.write_runs(&[write]), "{write:?}");
        }
        tx.commit().await.unwrap();
    }

    fn run_write(&mut self, at: Timestamp) -> Option<(RunWrite, tradewind_store::RunWrite)> {
        let (model, store) = self.run()?;
        let row = self.model.runs[&model].as_ref().clone();
        let (other, right) = (self.job(), !self.rng.one_in(4));
        let owner = row.owner.filter(|_| right).unwrap_or(other.0);
        let state = [RunState::Running, RunState::Running, RunState::Success, RunState::Failed][self.rng.below(4)];
        let write = RunWrite {
            run_key: model,
            expect_state: if self.rng.one_in(5) { RunState::Queued } else { row.state },
            expect_fence: row.fence - i64::from(self.rng.one_in(5)),
            owner,
            state,
            start_date: Some(at),
            end_date: state.is_finished().then_some(at),
        };
        let theirs = tradewind_store::RunWrite {
            run_key: store,
            expect_state: write.expect_state,
            expect_fence: write.expect_fence,
            owner: theirs(&self.jobs, owner),
            state,
            start_date: write.start_date,
            end_date: write.end_date,
            dag_version_id: None,
            state_counts: Default::default(),
            updated_at: at,
        };
        Some((write, theirs))
    }

    async fn inbox(&mut self) {
        let (model, store) = self.job();
        let read = self.model.read_inbox(model);
        let found = self.store.read_inbox(store).await.unwrap();
        let ours = |ti_id: Option<i64>| ti_id.map(|id| if id == 0 { 0 } else { theirs(&self.tis, id) });
        // How often one hint is there says nothing.
        let run = |row: &InboxRow| if row.dag_id.is_some() { 0 } else { theirs(&self.runs, row.run_key) };
        let mut expected: Vec<_> = read.iter().map(|row| (row.dag_id.clone(), run(row), ours(row.ti_id))).collect();
        let of = |row: &tradewind_store::InboxRow| if row.dag_id.is_some() { 0 } else { row.run_key };
        let mut seen: Vec<_> = found.iter().map(|row| (row.dag_id.clone(), of(row), row.ti_id)).collect();
        expected.sort_unstable();
        expected.dedup();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, expected);
        self.model.delete_inbox(&read.iter().map(|row| row.id).collect::<Vec<_>>());
        let mut tx = self.store.begin().await.unwrap();
        tx.delete_inbox(&found.iter().map(|row| row.id).collect::<Vec<_>>()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn adopt(&mut self) {
        let (model, store) = self.job();
        let mut expected: Vec<i64> =
            self.model.adopt_runs(model).into_iter().map(|key| theirs(&self.runs, key)).collect();
        expected.sort_unstable();
        assert_eq!(self.store.adopt_runs(store, Timestamp::from_micros(0)).await.unwrap(), expected);
    }

    async fn tell(&mut self) {
        let (model, store) = self.job();
        let dags: Vec<String> = DAGS.iter().map(ToString::to_string).collect();
        self.model.tell_others(model, &dags);
        let now = self.now();
        let others = self.store.running_runs_of_others(store, &dags, now).await.unwrap();
        let others = others.into_iter().filter(|row| row.runs > 0 || row.next_ordinal.is_some());
        let mut running: Vec<_> = others.map(|row| (row.dag_id, row.backfill_id, row.runs, row.next_ordinal)).collect();
        running.sort();
        let mut tx = self.store.begin().await.unwrap();
        tx.tell_others(store, &dags).await.unwrap();
        let mut lanes: BTreeMap<LaneKey, (u32, Option<i32>)> = BTreeMap::new();
        for dag in DAGS {
            for (lane, runs) in self.model.running_runs(dag, Some(model)) {
                lanes.entry(lane).or_default().0 = runs;
            }
            for (lane, next) in self.model.next_elsewhere(dag, model, now) {
                lanes.entry(lane).or_default().1 = Some(next);
            }
        }
        let of = |id: Option<i64>| id.map(|id| theirs(&self.backfills, id));
        let mut counts: Vec<_> = lanes
            .into_iter()
            .map(|(lane, (runs, next))| (lane.dag_id, of(lane.backfill), i64::from(runs), next))
            .collect();
        counts.sort();
        assert_eq!(running, counts);
        let newest = tx.newest_automated_runs(&dags).await.unwrap();
        for dag in DAGS {
            assert_eq!(newest.get(dag), self.model.scheduled_dates(dag).last(), "the newest run of {dag}");
        }
        let usage = tx.usage().await.unwrap();
        tx.commit().await.unwrap();
        let mut found: Vec<(i64, String, i64, i64)> = usage
            .rows
            .into_iter()
            .filter(|row| row.in_flight)
            .map(|row| (row.run_key, row.task_id, row.tis, row.slots))
            .collect();
        found.sort();
        let mut expected: Vec<(i64, String, i64, i64)> = self
            .model
            .usage()
            .into_iter()
            .map(|row| (theirs(&self.runs, row.run_key), row.task_id, row.tis, row.slots))
            .collect();
        expected.sort();
        assert_eq!(found, expected);
    }
}

/// Answers how many triggers, backfills and consumed events there were.
async fn agree(store: TestStore, seed: u64, steps: usize) -> (usize, usize, usize) {
    store.apply_parse(build::file("d.py", dags::parsed())).await.unwrap();
    let triggerer = store.register_job("TriggererJob", "h", 1, build::at(0)).await.unwrap();
    let mut both = Both {
        store: &store,
        model: dags::model(),
        rng: Rng::new(seed),
        clock: 100,
        jobs: Vec::new(),
        runs: Vec::new(),
        tis: Vec::new(),
        triggers: Vec::new(),
        backfills: Vec::new(),
        names: 0,
        triggerer,
    };
    both.job_comes_goes_or_beats().await;
    for step in 0..steps {
        both.step().await;
        if step % 8 == 0 {
            both.compare().await;
        }
    }
    both.compare().await;
    assert!(both.tis.len() > 10, "hardly anything happened");
    (both.triggers.len(), both.backfills.len(), both.model.consumed.len())
}

#[tokio::test]
async fn the_model_does_what_sqlite_does() {
    let mut all = (0, 0, 0);
    for seed in 0..8 {
        let some = agree(sqlite_store().await, seed, 300).await;
        all = (all.0 + some.0, all.1 + some.1, all.2 + some.2);
    }
    assert!(all.0 > 10 && all.1 > 5 && all.2 > 2, "hardly anything happened: {all:?}");
}

#[tokio::test]
async fn the_model_does_what_postgres_does() {
    for seed in 100..104 {
        agree(postgres_store().await, seed, 220).await;
    }
}
