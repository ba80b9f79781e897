//! The laws, read off the rows.

use std::collections::BTreeMap;

use tradewind_core::{RunState, TaskState};
use tradewind_store::{RunRow, TiRow};

use crate::World;

impl World {
    /// What the rows say after a change.
    pub(crate) async fn laws(&mut self, person: bool) {
        let keys: Vec<i64> = (1..400).collect();
        let rows = self.store.load_runs(&keys).await.unwrap();
        let before: BTreeMap<i64, &TiRow> =
            self.rows.iter().flat_map(|(_, tis)| tis.iter().map(|ti| (ti.id, ti))).collect();
        let runs_before: BTreeMap<i64, &RunRow> = self.rows.iter().map(|(run, _)| (run.id, run)).collect();
        let mut running: BTreeMap<(&str, Option<i64>), u32> = BTreeMap::new();
        let mut pools: BTreeMap<&str, i64> = BTreeMap::new();
        let mut newly: Vec<&TiRow> = Vec::new();
        for (run, tis) in &rows {
            if let Some(old) = runs_before.get(&run.id) {
                let final_ = !old.state.is_finished() || old.state == run.state || person;
                assert!(final_, "a run that had ended changed: {old:?} {run:?}");
            }
            let open: Vec<&TiRow> = tis.iter().filter(|ti| !ti.state.is_some_and(TaskState::is_finished)).collect();
            assert!(person || !run.state.is_finished() || open.is_empty(), "{run:?} is over with {open:?}");
            let lane = (run.dag_id.as_str(), run.backfill_id);
            *running.entry(lane).or_default() += u32::from(run.state == RunState::Running);
            let shape = &self.scenario.dags[run.dag_id[1..].parse::<usize>().unwrap()];
            let in_flight: Vec<&TiRow> =
                tis.iter().filter(|ti| ti.state.is_some_and(TaskState::is_in_flight)).collect();
            let fresh: Vec<&TiRow> = in_flight
                .iter()
                .copied()
                .filter(|ti| {
                    ti.state == Some(TaskState::Queued) && before.get(&ti.id).is_none_or(|old| old.fence != ti.fence)
                })
                .collect();
            assert!(
                fresh.is_empty() || in_flight.len() as u32 <= shape.max_active_tasks,
                "max_active_tasks {} with {in_flight:?}",
                shape.max_active_tasks
            );
            in_flight.iter().for_each(|ti| *pools.entry(&ti.pool).or_default() += i64::from(ti.pool_slots));
            newly.extend(fresh);
            for ti in tis {
                if let Some(old) = before.get(&ti.id) {
                    let ended = old.state.is_some_and(TaskState::is_finished);
                    assert!(!ended || old.state == ti.state || person, "ended is final: {old:?} {ti:?}");
                }
            }
        }
        let dags: Vec<String> = (0..self.scenario.dags.len()).map(|n| format!("d{n}")).collect();
        let limits = self.store.backfill_limits(&dags).await.unwrap();
        for ((dag_id, backfill), count) in &running {
            let same = |run: &RunRow| run.dag_id == *dag_id && run.backfill_id == *backfill;
            let was = self.rows.iter().filter(|(run, _)| same(run) && run.state == RunState::Running).count();
            let of_dag = self.scenario.dags[dag_id[1..].parse::<usize>().unwrap()].max_active_runs;
            let of_backfill = limits.iter().find(|limit| Some(limit.id) == *backfill);
            let limit = of_backfill.map_or(of_dag, |limit| limit.max_active_runs);
            assert!(*count as usize <= was || *count <= limit, "{count} runs of {dag_id} {backfill:?}, not {limit}");
        }
        let sizes = self.store.current_usage().await.unwrap().pools;
        for ti in newly {
            let size = sizes.iter().find(|pool| pool.name == ti.pool).unwrap();
            assert!(pools[ti.pool.as_str()] <= size.slots, "pool {size:?}: {pools:?}");
        }
        self.rows = rows;
    }
}
