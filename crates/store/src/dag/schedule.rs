//! DAGs: their schedules and versions, pausing and deleting.

use std::collections::HashMap;

use serde_json::Value;
use tradewind_core::Timestamp;
use tradewind_core::plan::DagSchedule;
use tradewind_core::timetable::{Answers, DataInterval, NextRun, Restriction, Timetable, TimetableSpec};

use crate::db::Reader;
use crate::row::row;
use crate::sql::{Statement, names};
use crate::{Error, Store, Topic};

/// A DAG's schedule and how far it has come.
#[derive(Clone, Debug)]
pub struct DagScheduleRow {
    /// The DAG.
    pub dag_id: String,
    /// Its newest version; name it in [`Tx::set_next_run`](crate::Tx::set_next_run).
    pub latest_version_id: Option<i64>,
    /// Nothing of it is to be created.
    pub is_paused: bool,
    /// A `core::timetable::TimetableSpec`.
    pub timetable: Value,
    /// First logical date.
    pub start_date: Option<Timestamp>,
    /// Last logical date.
    pub end_date: Option<Timestamp>,
    /// Create the runs that were missed.
    pub catchup: bool,
    /// Types of runs that it may have; empty: all.
    pub allowed_run_types: Vec<String>,
    /// Runs at once.
    pub max_active_runs: u32,
    /// Runs that are queued or running; backfills are left out.
    pub active_runs: u32,
    /// What the scheduled or backfill run with the latest logical date covers.
    pub last: Option<DataInterval>,
    /// What was stored as the next run, if it was worked out for the newest version and since the last unpausing.
    pub next: Option<NextRun>,
    /// Logical dates after `last` that other runs have taken.
    pub taken: Vec<Timestamp>,
    /// What a timetable that Python computes answered, for the newest version.
    pub answers: Option<Answers>,
    /// Why it did not answer the last time that it was asked.
    pub timetable_error: Option<String>,
}

row! {
    struct ScheduleColumns {
        dag_id: String = "d.dag_id",
        latest_version_id: Option<i64> = "d.latest_version_id",
        is_paused: bool = "d.is_paused",
        timetable: Value = "d.timetable",
        start_date: Option<Timestamp> = "d.start_date",
        end_date: Option<Timestamp> = "d.end_date",
        catchup: bool = "d.catchup",
        allowed_run_types: Vec<String> = "d.allowed_run_types",
        max_active_runs: u32 = "d.max_active_runs",
        active_runs: i64 = "(SELECT COUNT(*) FROM dag_run AS a WHERE a.dag_id = d.dag_id
            AND a.state IN ('queued', 'running') AND a.run_type <> 'backfill')",
        last_start: Option<Timestamp> = "l.data_interval_start",
        last_end: Option<Timestamp> = "l.data_interval_end",
        next_is_current: bool = "d.next_version_id IS NOT DISTINCT FROM d.latest_version_id",
        next_logical_date: Option<Timestamp> = "d.next_logical_date",
        next_start: Option<Timestamp> = "d.next_interval_start",
        next_end: Option<Timestamp> = "d.next_interval_end",
        next_run_after: Option<Timestamp> = "d.next_run_after",
        answers: Option<Value> = "CASE WHEN e.version_id = d.latest_version_id THEN e.answers END",
        timetable_error: Option<String> = "e.error",
    }
}

row! {
    /// One version of a DAG.
    pub struct DagVersionRow {
        /// Its id.
        pub id: i64 = "v.id",
        /// The DAG.
        pub dag_id: String = "v.dag_id",
        /// Counted from 1.
        pub version_number: i32 = "v.version_number",
        /// Hash of its structure.
        pub hash: String = "v.hash",
        /// The serialized DAG: JSON.
        pub data: String = "v.data",
        /// Bundle that has the file.
        pub bundle_name: String = "v.bundle_name",
        /// Version of the bundle, if it has any.
        pub bundle_version: Option<String> = "v.bundle_version",
        /// The file, relative to the bundle's root.
        pub relative_fileloc: String = "d.relative_fileloc",
        /// The file, absolute.
        pub fileloc: String = "d.fileloc",
    }
}

static SCHEDULES: Statement = Statement::new(
    "SELECT {columns} FROM dag AS d
     LEFT JOIN external_timetable AS e ON e.dag_id = d.dag_id
     LEFT JOIN dag_run AS l ON l.id = (SELECT a.id FROM dag_run AS a
        WHERE a.dag_id = d.dag_id AND a.run_type IN ('backfill', 'scheduled') AND a.logical_date IS NOT NULL
        ORDER BY a.logical_date DESC LIMIT 1)
     WHERE NOT d.is_stale AND NOT d.has_import_errors
     ORDER BY d.dag_id",
)
.reads::<ScheduleColumns>();

static SCHEDULE: Statement = Statement::new(
    "SELECT {columns} FROM dag AS d
     LEFT JOIN external_timetable AS e ON e.dag_id = d.dag_id
     LEFT JOIN dag_run AS l ON l.id = (SELECT a.id FROM dag_run AS a
        WHERE a.dag_id = d.dag_id AND a.run_type IN ('backfill', 'scheduled') AND a.logical_date IS NOT NULL
        ORDER BY a.logical_date DESC LIMIT 1)
     WHERE d.dag_id = $1",
)
.reads::<ScheduleColumns>();

static TAKEN: Statement = Statement::new(
    "SELECT r.dag_id, r.logical_date FROM dag AS d
     JOIN dag_run AS r ON r.dag_id = d.dag_id AND r.logical_date IS NOT NULL
        AND r.logical_date > COALESCE((SELECT MAX(a.logical_date) FROM dag_run AS a
            WHERE a.dag_id = d.dag_id AND a.run_type IN ('backfill', 'scheduled')), d.start_date - 1, 0)
     WHERE d.dag_id IN {names} AND r.run_type NOT IN ('backfill', 'scheduled')
     ORDER BY r.dag_id, r.logical_date",
);

static LAST_PARTITIONS: Statement = Statement::new(
    "SELECT dag_id, MAX(run_after) FROM dag_run
     WHERE dag_id IN {names} AND run_type = 'scheduled' AND partition_key IS NOT NULL GROUP BY dag_id",
);

static VERSION: Statement =
    Statement::new("SELECT {columns} FROM dag_version AS v JOIN dag AS d ON d.dag_id = v.dag_id WHERE v.id = $1")
        .reads::<DagVersionRow>();

/// What was promised before a pause does not count after it.
static SET_PAUSED: Statement = Statement::new(
    "UPDATE dag SET is_paused = $2, updated_at = $3,
        next_version_id = CASE WHEN $2 THEN next_version_id ELSE NULL END
     WHERE dag_id IN {names} AND is_paused <> $2
     RETURNING dag_id",
);

static DELETE_RUNS: Statement = Statement::new("DELETE FROM dag_run WHERE dag_id = $1");
static DELETE_INBOX: Statement =
    Statement::new("DELETE FROM inbox WHERE run_key IN (SELECT id FROM dag_run WHERE dag_id = $1)");
static DELETE_DAG: Statement = Statement::new("DELETE FROM dag WHERE dag_id = $1");
/// Its file is parsed again, and the DAG comes back if it is still there.
static FORGET_FILE: Statement = Statement::new(
    "DELETE FROM dag_file WHERE EXISTS (SELECT 1 FROM dag WHERE dag.dag_id = $1
        AND dag.bundle_name = dag_file.bundle_name AND dag.relative_fileloc = dag_file.relative_fileloc)",
);

impl Store {
    /// The schedules of all DAGs that are there, paused ones too.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn dag_schedules(&self) -> Result<Vec<DagScheduleRow>, Error> {
        let mut reader = self.db().reader().await?;
        let rows = SCHEDULES.query().all::<ScheduleColumns>(&mut reader).await?;
        // Those that nothing is scheduled of have no dates that could be taken.
        let scheduled = rows.iter().filter(|row| row.timetable["type"] != "null").map(|row| &row.dag_id);
        let taken = TAKEN.bind(names(scheduled)).all::<(String, Timestamp)>(&mut reader).await?;
        let mut by_dag: HashMap<String, Vec<Timestamp>> = HashMap::new();
        for (dag_id, at) in taken {
            by_dag.entry(dag_id).or_default().push(at);
        }
        let mut rows: Vec<DagScheduleRow> = rows
            .into_iter()
            .map(|row| {
                let taken = by_dag.remove(&row.dag_id).unwrap_or_default();
                row.with(taken)
            })
            .collect();
        last_partitions(&mut reader, &mut rows).await?;
        Ok(rows)
    }

    /// The schedule of one DAG; `None`: there is no such DAG.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn dag_schedule(&self, dag_id: &str) -> Result<Option<DagScheduleRow>, Error> {
        let mut reader = self.db().reader().await?;
        let Some(row) = SCHEDULE.bind(dag_id).optional::<ScheduleColumns>(&mut reader).await? else { return Ok(None) };
        let taken = TAKEN.bind(names([dag_id])).all::<(String, Timestamp)>(&mut reader).await?;
        let mut row = row.with(taken.into_iter().map(|(_, at)| at).collect());
        last_partitions(&mut reader, std::slice::from_mut(&mut row)).await?;
        Ok(Some(row))
    }

    /// A version of a DAG.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn dag_version(&self, id: i64) -> Result<Option<DagVersionRow>, Error> {
        VERSION.bind(id).optional(&mut self.db().reader().await?).await
    }

    /// Pauses or unpauses DAGs; answers the ids of those that were otherwise before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_paused(&self, dag_ids: &[String], paused: bool) -> Result<Vec<String>, Error> {
        let mut tx = self.begin().await?;
        let changed = SET_PAUSED.bind(names(dag_ids)).bind(paused).bind(crate::now()).all::<(String,)>(&mut tx).await?;
        let changed: Vec<String> = changed.into_iter().map(|(dag_id,)| dag_id).collect();
        if !changed.is_empty() {
            if !paused {
                // What their assets did meanwhile was kept for them.
                tx.wake_asset_dags(changed.iter()).await?;
                tx.forget_answers(&changed).await?;
            }
            tx.settle_watchers(crate::now()).await?;
            for topic in [Topic::Dags, Topic::Scheduler, Topic::Ui] {
                tx.notify(topic);
            }
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// Deletes a DAG with its runs and versions; answers whether there was one. If its file is still there, it comes
    /// back with the next parse.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_dag(&self, dag_id: &str) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        for statement in [&DELETE_INBOX, &FORGET_FILE, &DELETE_RUNS] {
            statement.bind(dag_id).run(&mut tx).await?;
        }
        let deleted = DELETE_DAG.bind(dag_id).run(&mut tx).await?;
        tx.settle_watchers(crate::now()).await?;
        for topic in [Topic::Dags, Topic::Scheduler, Topic::Ui] {
            tx.notify(topic);
        }
        tx.commit().await?;
        Ok(deleted > 0)
    }
}

/// Scheduled runs of partitions have no logical date: how far their schedules have come is when the last one was due.
async fn last_partitions(reader: &mut Reader, rows: &mut [DagScheduleRow]) -> Result<(), Error> {
    let of_partitions = |row: &&mut DagScheduleRow| row.timetable["type"] == "cron_partition";
    let dag_ids: Vec<String> = rows.iter_mut().filter(of_partitions).map(|row| row.dag_id.clone()).collect();
    if dag_ids.is_empty() {
        return Ok(());
    }
    let found = LAST_PARTITIONS.bind(names(&dag_ids)).all::<(String, Timestamp)>(reader).await?;
    let last: HashMap<String, Timestamp> = found.into_iter().collect();
    for row in rows.iter_mut().filter(of_partitions) {
        row.last = last.get(&row.dag_id).copied().map(DataInterval::exact);
    }
    Ok(())
}

impl ScheduleColumns {
    fn with(self, taken: Vec<Timestamp>) -> DagScheduleRow {
        let interval = |start: Option<Timestamp>, end: Option<Timestamp>| {
            start.zip(end).map(|(start, end)| DataInterval { start, end })
        };
        let next =
            interval(self.next_start, self.next_end).zip(self.next_run_after).map(|(data_interval, run_after)| {
                NextRun { logical_date: self.next_logical_date, data_interval, run_after }
            });
        DagScheduleRow {
            dag_id: self.dag_id,
            latest_version_id: self.latest_version_id,
            is_paused: self.is_paused,
            timetable: self.timetable,
            start_date: self.start_date,
            end_date: self.end_date,
            catchup: self.catchup,
            allowed_run_types: self.allowed_run_types,
            max_active_runs: self.max_active_runs,
            active_runs: u32::try_from(self.active_runs).unwrap_or(u32::MAX),
            last: interval(self.last_start, self.last_end),
            next: next.filter(|_| self.next_is_current),
            taken,
            answers: self.answers.and_then(|answers| serde_json::from_value(answers).ok()),
            timetable_error: self.timetable_error,
        }
    }
}

impl DagScheduleRow {
    /// As planners see it.
    ///
    /// # Errors
    /// The timetable can't be read: it was written by another version of this program.
    pub fn into_schedule(self) -> Result<DagSchedule, String> {
        let spec = serde_json::from_value::<TimetableSpec>(self.timetable).map_err(|error| error.to_string())?;
        let timetable = spec.compile().map_err(|error| error.to_string())?;
        let has_intervals =
            matches!(spec, TimetableSpec::CronDataInterval { .. } | TimetableSpec::DeltaDataInterval(_));
        let last = self.last.map(|last| if has_intervals { whole(&timetable, last) } else { last });
        Ok(DagSchedule {
            dag_id: self.dag_id,
            timetable: timetable.with_answers(self.answers),
            restriction: Restriction { earliest: self.start_date, latest: self.end_date, catchup: self.catchup },
            is_paused: self.is_paused,
            last,
            next: self.next,
            active_runs: self.active_runs,
            max_active_runs: self.max_active_runs,
            taken: self.taken,
        })
    }
}

/// Runs that come from an Airflow before 2.2 have only the beginning of what they cover: the timetable knows the end.
fn whole(timetable: &Timetable, last: DataInterval) -> DataInterval {
    if last.start != last.end {
        return last;
    }
    let all = Restriction { earliest: None, latest: None, catchup: true };
    match timetable.next_run(Some(&last), &all, last.end) {
        Some(next) if next.data_interval.start == last.start => next.data_interval,
        _ => last,
    }
}
