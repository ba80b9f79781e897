//! What concerns whole DAGs: pausing, backfills, assets.

use std::collections::BTreeMap;

use serde_json::json;
use tradewind_core::asset::{AssetExpr, AssetKey, AssetSpec, AssetUpdate};
use tradewind_core::plan::{AssetConsumer, plan_asset_runs};
use tradewind_core::timetable::{DataInterval, NextRun, TimetableSpec, run_id};
use tradewind_core::{Reprocess, RunType};
use tradewind_sim::{DagRow, Model, NewBackfill, asset};
use tradewind_store::{AssetUse, AssetUseKind, BackfillChange, BackfillOutcome, NewBackfillRun, NewRun, ParsedDag};
use tradewind_testkit::build;

use crate::{Both, DAGS, theirs};

/// The first DAG waits for one of two assets, the second for both.
fn spec(dag_id: &str) -> TimetableSpec {
    let assets = [0, 1].map(|number| AssetExpr::Asset(spec_of(&asset(number)))).to_vec();
    let assets = if dag_id == DAGS[0] { AssetExpr::Any(assets) } else { AssetExpr::All(assets) };
    TimetableSpec::AssetTriggered { assets }
}

fn spec_of(key: &AssetKey) -> AssetSpec {
    AssetSpec { key: key.clone(), group: "asset".into(), extra: serde_json::Map::new(), watchers: Vec::new() }
}

fn condition(spec: &TimetableSpec) -> AssetExpr {
    spec.asset_schedule().unwrap().condition.clone()
}

/// What a task says about an asset that it updated.
pub fn update(key: &AssetKey) -> AssetUpdate {
    AssetUpdate {
        asset: AssetExpr::Asset(spec_of(key)),
        extra: serde_json::Map::new(),
        aliases: Vec::new(),
        partition_key: None,
    }
}

/// The DAGs for the store.
pub fn parsed() -> Vec<ParsedDag> {
    let used = |what: &AssetExpr| AssetUse { kind: AssetUseKind::Schedule, task_id: String::new(), what: what.clone() };
    let parsed = |dag_id: &str| {
        let spec = spec(dag_id);
        ParsedDag {
            assets: condition(&spec).leaves().into_iter().map(used).collect(),
            timetable: serde_json::to_value(spec).unwrap(),
            ..build::dag(dag_id, "1")
        }
    };
    DAGS.map(parsed).into()
}

/// The same for the model.
pub fn model() -> Model {
    let mut model = Model::default();
    for dag_id in DAGS {
        let row = DagRow { assets: Some(condition(&spec(dag_id))), ..DagRow::default() };
        model.dags.insert(dag_id.into(), row);
    }
    model
}

impl Both<'_> {
    pub(crate) async fn pause(&mut self) {
        let dag_id = DAGS[self.rng.below(DAGS.len())];
        let paused = self.rng.one_in(2);
        self.model.set_paused(dag_id, paused);
        self.store.set_paused(&[dag_id.to_owned()], paused).await.unwrap();
    }

    pub(crate) async fn backfill(&mut self) {
        let at = self.now();
        let dag_id = DAGS[self.rng.below(DAGS.len())];
        let first = self.rng.below(40) as i64;
        let reprocess = [Reprocess::None, Reprocess::Failed, Reprocess::Completed][self.rng.below(3)];
        let dates: Vec<NextRun> = (first..first + 1 + self.rng.below(4) as i64)
            .map(|n| NextRun::interval(DataInterval { start: build::at(n), end: build::at(n + 1) }))
            .collect();
        let runs =
            dates.iter().map(|run| NewBackfillRun { run: *run, run_id: run_id(RunType::Backfill, run.run_after) });
        let new = tradewind_store::NewBackfill {
            dag_id: dag_id.into(),
            from: build::at(first),
            to: build::at(first + 9),
            conf: None,
            run_backwards: false,
            reprocess,
            max_active_runs: 2,
            triggering_user: None,
            latest_version: false,
            default_retries: 1,
            runs: runs.collect(),
            at,
        };
        let outcome = self.store.create_backfill(&new).await.unwrap();
        let new = NewBackfill {
            dag_id: dag_id.into(),
            dates: dates.clone(),
            reprocess,
            max_active_runs: 2,
            retries: Vec::new(),
        };
        let before: Vec<i64> = self.model.runs.keys().copied().collect();
        let created = self.model.create_backfill(&new);
        match (created, outcome) {
            (Some(model), BackfillOutcome::Created(store)) => self.backfills.push((model, store)),
            (None, BackfillOutcome::Running(_)) => return,
            (model, store) => panic!("{model:?} and {store:?}"),
        }
        for (key, run) in self.model.runs.iter().filter(|(key, _)| !before.contains(key)) {
            let row = self.store.find_run_row(dag_id, &run.run_id).await.unwrap();
            let row = row.unwrap_or_else(|| panic!("the store has no run {}", run.run_id));
            self.runs.push((*key, row.id));
        }
    }

    pub(crate) async fn change_backfill(&mut self) {
        let at = self.now();
        if self.backfills.is_empty() {
            return;
        }
        let (model, store) = self.backfills[self.rng.below(self.backfills.len())];
        let (changed, outcome) = match self.rng.below(3) {
            0 => {
                let paused = self.rng.one_in(2);
                let changed = self.model.set_backfill_paused(model, paused);
                (changed, self.store.set_backfill_paused(store, paused, at).await.unwrap())
            }
            1 => (self.model.cancel_backfill(model, at), self.store.cancel_backfill(store, at).await.unwrap()),
            _ => {
                let done: Vec<i64> = self.store.complete_backfills(at).await.unwrap();
                let ours = self.model.complete_backfills().into_iter().map(|id| theirs(&self.backfills, id));
                assert_eq!(done, ours.collect::<Vec<_>>());
                return;
            }
        };
        assert_eq!(outcome == BackfillChange::Done, changed, "{outcome:?}");
    }

    pub(crate) async fn consume(&mut self) {
        let (owner, at) = (self.job(), self.now());
        let dag_id = DAGS[self.rng.below(DAGS.len())];
        let spec = spec(dag_id);
        let schedule = || spec.asset_schedule().unwrap();
        let queue = self.model.queue_of(dag_id);
        let plan =
            plan_asset_runs(&AssetConsumer { schedule: schedule(), aliases: BTreeMap::new(), queue, most_keys: 1 });
        let ours = self.model.consume(dag_id, &plan, owner.0, at);
        let mut tx = self.store.begin().await.unwrap();
        let queue = tx.lock_asset_queue(dag_id).await.unwrap();
        let plan =
            plan_asset_runs(&AssetConsumer { schedule: schedule(), aliases: BTreeMap::new(), queue, most_keys: 1 });
        let outcome = tx.consume_assets(dag_id, &plan, |run| NewRun {
            dag_id: dag_id.into(),
            run_id: run.run_id(),
            run_type: RunType::AssetTriggered,
            logical_date: None,
            data_interval_start: None,
            data_interval_end: None,
            run_after: run.run_after.min(at),
            queued_at: at,
            conf: json!({}),
            triggered_by: None,
            triggering_user: None,
            note: None,
            dag_version_id: None,
            owner: Some(owner.1),
        });
        let created = outcome.await.unwrap().created;
        tx.commit().await.unwrap();
        assert_eq!(created.len(), ours.len(), "runs of {dag_id}");
        self.runs.extend(ours.into_iter().zip(created));
    }
}
