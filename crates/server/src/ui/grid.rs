//! `GET /ui/grid/{dag_id}`: runs as columns, tasks as rows, one cell each.

use std::collections::{BTreeMap, HashMap};

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use tradewind_core::{RunState, RunType, TaskState, Timestamp};
use tradewind_store::read::{GridCell, OrderBy, Page, RUN_COLUMNS, RunFilter, Span};

use crate::api::v2::dags;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;
use crate::ui::shared;

/// The grid.
#[derive(Serialize)]
pub struct Grid {
    runs: Vec<Run>,
    task_instances: BTreeMap<String, BTreeMap<String, Cell>>,
}

#[derive(Serialize)]
struct Run {
    run_id: String,
    state: RunState,
    run_type: RunType,
    run_after: Timestamp,
    logical_date: Option<Timestamp>,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    dag_version_number: Option<i32>,
}

#[derive(Serialize)]
struct Cell {
    state: Option<TaskState>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    r#try: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<BTreeMap<String, i64>>,
}

/// What the cell of a mapped task shows: the state that matters most to who looks.
const LOUDEST: [Option<TaskState>; 14] = [
    Some(TaskState::Running),
    Some(TaskState::Restarting),
    Some(TaskState::Failed),
    Some(TaskState::UpForRetry),
    Some(TaskState::Queued),
    Some(TaskState::AwaitingInput),
    Some(TaskState::Deferred),
    Some(TaskState::UpForReschedule),
    Some(TaskState::Scheduled),
    Some(TaskState::UpstreamFailed),
    None,
    Some(TaskState::Success),
    Some(TaskState::Skipped),
    Some(TaskState::Removed),
];

/// Answers the newest runs, or those before an instant, or one.
pub async fn handle(
    State(app): State<App>,
    Path(dag_id): Path<String>,
    uri: Uri,
    params: Params,
) -> ApiResult<Response> {
    shared::answer(&app, &uri, || grid(&app, dag_id, params)).await
}

async fn grid(app: &App, dag_id: String, params: Params) -> ApiResult<Grid> {
    dags::must_exist(app, &dag_id).await?;
    let limit = params.int("limit")?.unwrap_or(25).clamp(1, i64::from(app.config.maximum_page_limit));
    let before = params.instant("before")?.map(|at| at.as_micros());
    let filter = RunFilter {
        dag_ids: vec![dag_id.clone()],
        run_ids: params.text("run_id").map(ToOwned::to_owned).into_iter().collect(),
        run_after: Span { lt: before, ..Span::default() },
        ..RunFilter::default()
    };
    let order = OrderBy::parse(RUN_COLUMNS, &["-run_after"]).map_err(|e| ApiError::bad_request(e.to_string()))?;
    let found = app.store.list_runs(&filter, &order, Page { limit, offset: 0 }).await?.rows;
    let names: HashMap<i64, String> = found.iter().map(|run| (run.id, run.run_id.clone())).collect();
    let keys: Vec<i64> = found.iter().map(|run| run.id).collect();
    let mut task_instances: BTreeMap<String, BTreeMap<String, Cell>> =
        found.iter().map(|run| (run.run_id.clone(), BTreeMap::new())).collect();
    for cell in app.store.grid_cells(&keys).await? {
        if let Some(of_run) = names.get(&cell.run_key).and_then(|run_id| task_instances.get_mut(run_id)) {
            add(of_run, cell);
        }
    }
    let runs = found.into_iter().map(|run| Run {
        run_id: run.run_id,
        state: run.state,
        run_type: run.run_type,
        run_after: run.run_after,
        logical_date: run.logical_date,
        start_date: run.start_date,
        end_date: run.end_date,
        dag_version_number: run.version_number,
    });
    Ok(Grid { runs: runs.collect(), task_instances })
}

/// Adds the instances of a task in one state to the cell of the task.
fn add(cells: &mut BTreeMap<String, Cell>, more: GridCell) {
    let mapped = more.map_index >= 0;
    let name = more.state.map_or("none", TaskState::as_str).to_owned();
    match cells.get_mut(&more.task_id) {
        None => {
            let counts = mapped.then(|| BTreeMap::from([(name, more.instances)]));
            let cell =
                Cell { state: more.state, start: more.start_date, end: more.end_date, r#try: more.try_number, counts };
            cells.insert(more.task_id, cell);
        }
        Some(cell) => {
            let rank = |state| LOUDEST.iter().position(|s| *s == state);
            if rank(more.state) < rank(cell.state) {
                cell.state = more.state;
            }
            cell.start = match (cell.start, more.start_date) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            cell.end = cell.end.max(more.end_date);
            cell.r#try = cell.r#try.max(more.try_number);
            *cell.counts.get_or_insert_default().entry(name).or_default() += more.instances;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_task_is_one_cell_with_its_loudest_state() {
        let cell = |state, instances, start: i64| GridCell {
            run_key: 1,
            task_id: "t".into(),
            state,
            instances,
            map_index: 0,
            start_date: Some(Timestamp::from_secs(start)),
            end_date: None,
            try_number: 1,
        };
        let mut cells = BTreeMap::new();
        add(&mut cells, cell(Some(TaskState::Success), 5, 10));
        add(&mut cells, cell(Some(TaskState::Failed), 1, 4));
        add(&mut cells, cell(None, 2, 9));
        let t = &cells["t"];
        assert_eq!((t.state, t.start), (Some(TaskState::Failed), Some(Timestamp::from_secs(4))));
        let counts = t.counts.as_ref().unwrap();
        assert_eq!(
            counts.iter().map(|(s, n)| format!("{s}:{n}")).collect::<Vec<_>>(),
            ["failed:1", "none:2", "success:5"]
        );
    }

    #[test]
    fn every_state_has_a_rank() {
        assert!(TaskState::ALL.iter().all(|state| LOUDEST.contains(&Some(*state))));
    }
}
