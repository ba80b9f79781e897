//! What does not change in a world.

use std::sync::Arc;

use tradewind_core::asset::AssetKey;
use tradewind_core::plan::BackfillRequest;
use tradewind_core::timetable::{Restriction, Timetable, TimetableSpec};
use tradewind_core::{Dag, Duration, Reprocess, Task, Timestamp};

use crate::scenario::Scenario;
use crate::shape::{asset, task_id};

/// What does not change in a world.
#[derive(Debug)]
pub struct Fixed {
    /// By number.
    pub dags: Vec<FixedDag>,
    /// Slots of each scheduler's executor.
    pub slots: u32,
}

/// A DAG.
#[derive(Debug)]
pub struct FixedDag {
    /// For the planners.
    pub dag: Arc<Dag>,
    /// When runs are due, if ever.
    pub schedule: Option<(Timetable, Restriction)>,
    /// Length of its intervals.
    pub every: Duration,
    /// The timetable as it is written: of DAGs that wait for assets.
    pub spec: TimetableSpec,
    /// The asset that each of its tasks updates, by number of the task.
    pub outlets: Vec<Vec<AssetKey>>,
}

impl Fixed {
    /// The DAGs of a scenario whose schedules begin at `start`.
    pub fn of(scenario: &Scenario, start: Timestamp) -> Self {
        let dags = scenario.dags.iter().enumerate().map(|(number, shape)| {
            let dag_id = format!("d{number}");
            let serialized = shape.serialized(&dag_id, start);
            let spec: TimetableSpec = serde_json::from_value(serialized["timetable"].clone()).expect("a timetable");
            let timetable = spec.compile().expect("a timetable that works");
            let restriction = Restriction { earliest: Some(start), latest: None, catchup: shape.catchup };
            let dag = shape.core(&dag_id, start);
            let updates = |task: &Task| {
                let known = shape.tasks.iter().enumerate().find(|(n, _)| task_id(*n) == task.task_id);
                known.is_some_and(|(_, task)| task.updates)
            };
            let outlets = dag.tasks.iter().map(|task| if updates(task) { vec![asset(number)] } else { Vec::new() });
            FixedDag {
                outlets: outlets.collect(),
                dag: Arc::new(dag),
                schedule: shape.every.map(|_| (timetable, restriction)),
                every: Duration::from_secs(i64::from(shape.every.unwrap_or_default())),
                spec,
            }
        });
        Self { dags: dags.collect(), slots: scenario.slots }
    }

    /// A DAG by its id.
    pub fn dag(&self, dag_id: &str) -> &FixedDag {
        self.dags.iter().find(|dag| dag.dag.dag_id == dag_id).expect("a DAG of the world")
    }
}

impl FixedDag {
    /// What a person asks for, in intervals of the schedule; `None`: there is none.
    pub fn backfill_request(
        &self,
        from: i32,
        count: u32,
        run_backwards: bool,
        reprocess: Reprocess,
    ) -> Option<BackfillRequest> {
        let (_, restriction) = self.schedule.as_ref()?;
        let first = restriction.earliest? + Duration::from_micros(self.every.as_micros() * i64::from(from));
        let last = first + Duration::from_micros(self.every.as_micros() * i64::from(count.max(1) - 1));
        Some(BackfillRequest { from: first, to: last, run_backwards, reprocess })
    }
}
