//! `GET /ui/dags`: the list of DAGs with their newest runs, in one answer.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use tradewind_core::{RunState, RunType, Timestamp};
use tradewind_store::read::{DAG_COLUMNS, DagFilter, DagView, RunDot};

use crate::api::v2::paging;
use crate::http::Params;
use crate::http::error::ApiResult;
use crate::state::App;
use crate::ui::shared;

/// So many runs of each DAG.
const RUNS: i64 = 14;

/// A page of DAGs.
#[derive(Serialize)]
pub struct Dags {
    dags: Vec<Row>,
    total_entries: i64,
}

#[derive(Serialize)]
struct Row {
    dag_id: String,
    dag_display_name: String,
    description: Option<String>,
    is_paused: bool,
    is_stale: bool,
    tags: Vec<String>,
    owners: Vec<String>,
    timetable_summary: Option<String>,
    timetable_description: Option<String>,
    next_dagrun_run_after: Option<Timestamp>,
    has_import_errors: bool,
    fileloc: String,
    relative_fileloc: String,
    recent_runs: Vec<Run>,
    active_runs: Active,
}

/// How many runs are not over.
#[derive(Clone, Copy, Default, Serialize)]
struct Active {
    queued: i64,
    running: i64,
}

#[derive(Serialize)]
struct Run {
    run_id: String,
    state: RunState,
    run_after: Timestamp,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    run_type: RunType,
}

/// Answers the page.
pub async fn handle(State(app): State<App>, uri: Uri, params: Params) -> ApiResult<Response> {
    shared::answer(&app, &uri, || page(&app, params)).await
}

async fn page(app: &App, params: Params) -> ApiResult<Dags> {
    let filter = DagFilter {
        search: params.text("q").map(str::trim).filter(|text| !text.is_empty()).map(ToOwned::to_owned),
        tags: params.list("tags"),
        all_tags: true,
        paused: params.flag("paused")?,
        last_run_state: params.name::<RunState>("state")?.map(|state| state.to_string()),
        ..DagFilter::default()
    };
    let order = paging::order(&params, DAG_COLUMNS, &["dag_id"])?;
    let found = app.store.list_dags(&filter, &order, paging::page(app, &params)?).await?;
    let ids: Vec<String> = found.rows.iter().map(|dag| dag.dag_id.clone()).collect();
    let store = &app.store;
    let (mut tags, newest, counts) =
        tokio::try_join!(store.tags_of(&ids), store.newest_runs(&ids, RUNS), store.active_run_counts(&ids))?;
    let mut runs: HashMap<String, Vec<RunDot>> = HashMap::new();
    for run in newest {
        runs.entry(run.dag_id.clone()).or_default().push(run);
    }
    let mut active: HashMap<String, Active> = HashMap::new();
    for (dag_id, state, count) in counts {
        let of_dag = active.entry(dag_id).or_default();
        *(if state == RunState::Queued { &mut of_dag.queued } else { &mut of_dag.running }) = count;
    }
    let row = |dag: DagView| Row {
        tags: tags.remove(&dag.dag_id).unwrap_or_default(),
        recent_runs: runs.remove(&dag.dag_id).unwrap_or_default().into_iter().map(Run::from).collect(),
        active_runs: active.remove(&dag.dag_id).unwrap_or_default(),
        owners: serde_json::from_str(&dag.owners).unwrap_or_default(),
        dag_display_name: dag.display_name.unwrap_or_else(|| dag.dag_id.clone()),
        dag_id: dag.dag_id,
        description: dag.description,
        is_paused: dag.is_paused,
        is_stale: dag.is_stale,
        timetable_summary: dag.timetable_summary,
        timetable_description: dag.timetable_description,
        next_dagrun_run_after: dag.next_run_after,
        has_import_errors: dag.has_import_errors,
        fileloc: dag.fileloc,
        relative_fileloc: dag.relative_fileloc,
    };
    Ok(Dags { dags: found.rows.into_iter().map(row).collect(), total_entries: found.total })
}

impl From<RunDot> for Run {
    fn from(run: RunDot) -> Self {
        Self {
            run_id: run.run_id,
            state: run.state,
            run_after: run.run_after,
            start_date: run.start_date,
            end_date: run.end_date,
            run_type: run.run_type,
        }
    }
}
