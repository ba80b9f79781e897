//! Runs that are due: created from schedules.

use std::collections::{BTreeSet, HashMap, HashSet};

use tradewind_core::plan::{DagSchedule, Reason, RunDecision, plan_runs};
use tradewind_core::timetable::NextRun;
use tradewind_core::{Duration, RunType, Timestamp};
use tradewind_store::{DagScheduleRow, NewRun};

use super::{Error, Scheduler};
use crate::clock::Clock;

/// What schedules ask for in this tick.
#[derive(Debug, Default)]
pub struct DueRuns {
    /// Runs to create.
    pub create: Vec<NewRun>,
    /// The partitions that those of them are about that are about any: DAG and run id to key and instant.
    pub partitions: HashMap<(String, String), (String, Timestamp)>,
    /// A run of a DAG whose timetable Python computes is created: that has to be asked what comes next.
    pub ask_timetables: bool,
    /// What comes next, to be stored on the DAGs' rows: DAG, the version it was worked out for, next run.
    pub next: Vec<(String, Option<i64>, Option<NextRun>)>,
}

/// Changes to DAGs within this time of each other are looked at together.
const TOGETHER: Duration = Duration::from_micros(250_000);

/// Which DAGs' schedules need a look, and when. A tick looks at those and at no others.
#[derive(Debug)]
pub struct Schedules {
    /// Look at every DAG then: some were parsed, paused or unpaused.
    all_at: Option<Timestamp>,
    /// When every DAG was looked at last.
    looked_at: Timestamp,
    /// Look at these.
    dirty: BTreeSet<String>,
    /// Look at these then.
    due: BTreeSet<(Timestamp, String)>,
    /// The same, by DAG.
    due_of: HashMap<String, Timestamp>,
    /// DAGs that may not have another run now; they get a look when one of their runs ends.
    full: HashSet<String>,
    /// DAGs whose timetables Python computes; they get a look when those have answered.
    external: HashSet<String>,
}

impl Default for Schedules {
    fn default() -> Self {
        let never = Timestamp::from_micros(0);
        Self {
            all_at: Some(never),
            looked_at: never,
            dirty: BTreeSet::new(),
            due: BTreeSet::new(),
            due_of: HashMap::new(),
            full: HashSet::new(),
            external: HashSet::new(),
        }
    }
}

impl Schedules {
    /// DAGs changed, nobody says which. The first change is looked at now, those that follow together: a folder of
    /// a thousand new files must not be looked at a thousand times.
    pub fn look_at_all(&mut self, now: Timestamp) {
        // A clock that was set back is no reason to wait for what it showed before.
        let at = now.max(self.looked_at.min(now) + TOGETHER);
        self.all_at = Some(self.all_at.map_or(at, |before| before.min(at)));
    }

    /// A run of this DAG ended.
    pub fn run_ended(&mut self, dag_id: &str) {
        if self.full.remove(dag_id) {
            self.dirty.insert(dag_id.to_owned());
        }
    }

    /// Timetables that Python computes have answered.
    pub fn answered(&mut self) {
        self.dirty.extend(self.external.iter().cloned());
    }

    /// When the next look is due.
    pub fn wake_at(&self) -> Option<Timestamp> {
        if !self.dirty.is_empty() {
            return Some(Timestamp::from_micros(0));
        }
        [self.all_at, self.due.first().map(|(at, _)| *at)].into_iter().flatten().min()
    }

    /// DAGs that need a look now; `None`: all of them.
    fn take(&mut self, now: Timestamp) -> Option<Vec<String>> {
        if self.all_at.is_some_and(|at| at <= now) {
            *self = Self { all_at: None, looked_at: now, ..Self::default() };
            return None;
        }
        let mut dags = std::mem::take(&mut self.dirty);
        while let Some((at, dag_id)) = self.due.pop_first() {
            if at > now {
                self.due.insert((at, dag_id));
                break;
            }
            self.due_of.remove(&dag_id);
            dags.insert(dag_id);
        }
        Some(dags.into_iter().collect())
    }

    /// What a plan said about a DAG that gets another run some time.
    fn waits(&mut self, dag_id: &str, reason: &Reason, now: Timestamp) {
        let at = match reason {
            Reason::RunNotDue(at) => *at,
            Reason::Ready => now,
            Reason::RunQueued { .. } => {
                self.full.insert(dag_id.to_owned());
                return;
            }
            _ => return,
        };
        if let Some(old) = self.due_of.insert(dag_id.to_owned(), at) {
            self.due.remove(&(old, dag_id.to_owned()));
        }
        self.due.insert((at, dag_id.to_owned()));
    }
}

impl<C: Clock> Scheduler<C> {
    /// Plans the schedules that may be due.
    pub(super) async fn find_due_runs(&mut self, now: Timestamp) -> Result<DueRuns, Error> {
        let mut due = DueRuns::default();
        if self.schedules.wake_at().is_none_or(|at| at > now) {
            return Ok(due);
        }
        let dags = self.schedules.take(now);
        let rows = self.load_schedules(dags).await?;
        self.take_in_changes(&rows);
        let mut versions = HashMap::new();
        let mut schedules = Vec::with_capacity(rows.len());
        for row in rows {
            versions.insert(row.dag_id.clone(), row.latest_version_id);
            let scheduled = RunType::Scheduled.as_str();
            if row.allowed_run_types.is_empty() || row.allowed_run_types.iter().any(|allowed| allowed == scheduled) {
                schedules.extend(schedule(row));
            }
        }
        let external = schedules.iter().filter(|schedule| schedule.timetable.is_external());
        self.schedules.external.extend(external.map(|schedule| schedule.dag_id.clone()));
        if !self.config.create_runs {
            return Ok(due);
        }
        let plan = plan_runs(&schedules, self.config.max_runs_per_tick, now);
        for (index, reason) in &plan.waiting {
            self.schedules.waits(&schedules[*index].dag_id, reason, now);
        }
        for decision in plan.decisions {
            match decision {
                RunDecision::Create { dag_id, run, mut run_id } => {
                    let timetable = schedules.iter().find(|schedule| schedule.dag_id == dag_id);
                    let partition = timetable.and_then(|schedule| schedule.timetable.partition(run.run_after));
                    let interval = partition.is_none().then_some(run.data_interval);
                    if let Some(partition) = partition {
                        // Such runs have no logical date that tells them apart.
                        run_id = format!("{run_id}__{}", partition.0);
                        due.partitions.insert((dag_id.clone(), run_id.clone()), partition);
                    }
                    due.ask_timetables |= self.schedules.external.contains(&dag_id);
                    due.create.push(NewRun {
                        dag_version_id: versions.get(&dag_id).copied().flatten(),
                        dag_id,
                        run_id,
                        run_type: RunType::Scheduled,
                        logical_date: run.logical_date,
                        data_interval_start: interval.map(|interval| interval.start),
                        data_interval_end: interval.map(|interval| interval.end),
                        run_after: run.run_after,
                        queued_at: now,
                        conf: serde_json::Value::Object(serde_json::Map::new()),
                        triggered_by: Some("timetable".into()),
                        triggering_user: None,
                        note: None,
                        owner: Some(self.id),
                    });
                }
                RunDecision::SetNext { dag_id, next } => {
                    let version = versions.get(&dag_id).copied().flatten();
                    due.next.push((dag_id, version, next));
                }
            }
        }
        Ok(due)
    }

    /// The schedules of these DAGs, or of all.
    async fn load_schedules(&self, dags: Option<Vec<String>>) -> Result<Vec<DagScheduleRow>, Error> {
        let Some(dags) = dags else { return Ok(self.store.dag_schedules().await?) };
        let mut rows = Vec::with_capacity(dags.len());
        for dag_id in dags {
            rows.extend(self.store.dag_schedule(&dag_id).await?);
        }
        Ok(rows)
    }

    /// DAGs that were paused, unpaused or parsed anew: their runs go on accordingly.
    fn take_in_changes(&mut self, rows: &[DagScheduleRow]) {
        let by_dag: HashMap<&str, &DagScheduleRow> = rows.iter().map(|row| (row.dag_id.as_str(), row)).collect();
        let mut changed = Vec::new();
        for (key, run) in &mut self.runs {
            let Some(row) = by_dag.get(run.row.dag_id.as_str()) else { continue };
            let stays = run.row.bundle_version.is_some();
            if !stays && row.latest_version_id.is_some_and(|version| version != run.dag.version_id) {
                self.to_load.insert(*key);
            } else if run.planner.is_paused() != row.is_paused {
                run.planner.set_paused(row.is_paused);
                changed.push((*key, row.is_paused));
                self.dirty.insert(*key);
                self.dags_to_start.insert(run.row.dag_id.clone());
            }
        }
        for (run_key, paused) in changed {
            match paused {
                true => self.queue.remove_run(run_key),
                false => self.queue_scheduled(run_key),
            }
        }
    }
}

/// A DAG's row as the planner sees it. A timetable that can't be read was refused when the file was parsed; one
/// that can't be read any more (an older binary) is logged and left alone.
fn schedule(row: DagScheduleRow) -> Option<DagSchedule> {
    let dag_id = row.dag_id.clone();
    match row.into_schedule() {
        Ok(schedule) => Some(schedule),
        Err(error) => {
            tracing::error!(dag.id = dag_id, error, "the DAG's timetable can't be read; it is not scheduled");
            None
        }
    }
}
