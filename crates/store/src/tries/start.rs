//! Starting tries.

use std::collections::{HashMap, HashSet};

use tradewind_core::{Resume, TaskState, Timestamp, TryId};

use crate::row::row;
use crate::sql::{Batch, Rows, Statement, ids};
use crate::{Error, Tx};

/// A worker wants to run a try.
#[derive(Clone, Debug)]
pub struct StartTry {
    /// The try.
    pub try_id: TryId,
    /// The worker's job.
    pub worker_id: i64,
    /// Where it runs.
    pub hostname: String,
    /// The worker's process.
    pub pid: i64,
    /// When.
    pub at: Timestamp,
}

/// Whether it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartOutcome {
    /// It is this worker's now.
    Started,
    /// So it is, and it has waited before: it goes on there.
    Resumed(Box<Resume>),
    /// Somebody else has it, or it is not wanted any more; the text says which.
    Refused(String),
}

const STARTS: Batch = Batch(&[
    ("ti_id", "bigint"),
    ("this_try", "integer"),
    ("worker_id", "bigint"),
    ("hostname", "text"),
    ("pid", "bigint"),
    ("at", "bigint"),
]);
static START: Statement = Statement::new(
    "UPDATE task_instance SET state = 'running', fence = task_instance.fence + 1,
        start_date = COALESCE(task_instance.start_date, w.at), end_date = NULL,
        first_started_at = COALESCE(task_instance.first_started_at, w.at), retry_at = NULL, reason = NULL,
        hostname = w.hostname, pid = w.pid, worker_id = w.worker_id, heartbeat_at = w.at, updated_at = $2
     FROM {rows} AS w
     WHERE task_instance.id = w.ti_id AND task_instance.try_number = w.this_try AND task_instance.state = 'queued'
     RETURNING task_instance.id, EXISTS (SELECT 1 FROM deferral AS d
        WHERE d.ti_id = task_instance.id AND d.try_number = task_instance.try_number)",
)
.rows(STARTS);
static STANDING: Statement =
    Statement::new("SELECT {columns} FROM task_instance WHERE id IN {ids}").reads::<Standing>();

row! {
    struct Standing {
        id: i64,
        try_number: i32,
        state: Option<TaskState>,
        worker_id: Option<i64>,
        hostname: Option<String>,
        pid: Option<i64>,
        start_date: Option<Timestamp>,
        heartbeat_at: Option<Timestamp>,
    }
}

impl Tx {
    /// Starts tries, each at most once; answers in the same order. A request that was written before, of which the
    /// asker did not hear the answer, is answered as it was then: it names the same worker and the same instant.
    pub(crate) async fn start_tries(&mut self, starts: &[StartTry]) -> Result<Vec<StartOutcome>, Error> {
        if starts.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = Rows::new(STARTS);
        for start in starts {
            rows.push([
                start.try_id.ti_id.into(),
                start.try_id.try_number.into(),
                start.worker_id.into(),
                (&start.hostname).into(),
                start.pid.into(),
                start.at.into(),
            ]);
        }
        let rows = START.bind(rows).bind(crate::now()).all::<(i64, bool)>(self).await?;
        let waited: Vec<i64> = rows.iter().filter(|(_, waited)| *waited).map(|(ti_id, _)| *ti_id).collect();
        let started: HashSet<i64> = rows.into_iter().map(|(ti_id, _)| ti_id).collect();
        let refused: Vec<i64> =
            starts.iter().map(|start| start.try_id.ti_id).filter(|ti_id| !started.contains(ti_id)).collect();
        if refused.is_empty() && waited.is_empty() {
            return Ok(vec![StartOutcome::Started; starts.len()]);
        }
        // A try that is asked about again may be one that has waited.
        let ask = waited.into_iter().chain(refused.iter().copied());
        let mut resumes = self.resumes(&ask.collect::<Vec<_>>()).await?;
        let mut begun = |ti_id: i64| match resumes.remove(&ti_id) {
            Some(resume) => StartOutcome::Resumed(Box::new(resume)),
            None => StartOutcome::Started,
        };
        let standing: HashMap<i64, Standing> = STANDING
            .bind(ids(refused))
            .all::<Standing>(self)
            .await?
            .into_iter()
            .map(|standing| (standing.id, standing))
            .collect();
        let outcome = |start: &StartTry| {
            if started.contains(&start.try_id.ti_id) {
                return begun(start.try_id.ti_id);
            }
            match standing.get(&start.try_id.ti_id) {
                Some(found) if found.was_started_by(start) => begun(start.try_id.ti_id),
                found => StartOutcome::Refused(why_not(start, found)),
            }
        };
        Ok(starts.iter().map(outcome).collect())
    }
}

impl Standing {
    fn was_started_by(&self, start: &StartTry) -> bool {
        self.state == Some(TaskState::Running)
            && self.try_number == start.try_id.try_number
            && self.worker_id == Some(start.worker_id)
            // A try that has waited keeps the start of its first part.
            && (self.start_date == Some(start.at) || self.heartbeat_at == Some(start.at))
    }
}

fn why_not(start: &StartTry, found: Option<&Standing>) -> String {
    let wanted = start.try_id.try_number;
    match found {
        None => "the task instance does not exist any more".into(),
        Some(found) if found.try_number != wanted => {
            format!("the task instance is at try {}, not {wanted}", found.try_number)
        }
        Some(found) if found.state == Some(TaskState::Running) => format!(
            "the try is running already, by process {} on {}",
            found.pid.unwrap_or_default(),
            found.hostname.as_deref().unwrap_or("an unknown host")
        ),
        Some(found) => {
            format!("the task instance is {}, not queued", found.state.map_or("without a state", TaskState::as_str))
        }
    }
}
