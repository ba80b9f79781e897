//! The event log: who did what, when.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::{Value, json};
use tradewind_core::Timestamp;
use tradewind_store::read::{EVENT_COLUMNS, EventFilter, EventView, Span};

use super::paging;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v2/eventLogs", list).get("/api/v2/eventLogs/{event_log_id}", get)
}

/// An event as clients see it.
#[derive(Serialize)]
struct EventLog {
    event_log_id: i64,
    when: Timestamp,
    dag_id: Option<String>,
    task_id: Option<String>,
    run_id: Option<String>,
    map_index: Option<i32>,
    try_number: Option<i32>,
    event: String,
    logical_date: Option<Timestamp>,
    owner: Option<String>,
    extra: Option<String>,
    dag_display_name: Option<String>,
    task_display_name: Option<String>,
}

impl From<EventView> for EventLog {
    fn from(event: EventView) -> Self {
        Self {
            event_log_id: event.id,
            when: event.at,
            dag_id: event.dag_id,
            task_display_name: event.task_id.clone(),
            task_id: event.task_id,
            run_id: event.run_id,
            map_index: event.map_index,
            try_number: event.try_number,
            event: event.event,
            logical_date: event.logical_date,
            owner: event.username,
            extra: event.extra,
            dag_display_name: event.dag_display_name,
        }
    }
}

async fn list(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let text = |name: &str| params.text(name).map(ToOwned::to_owned);
    let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
    let by = EventFilter {
        dag_id: text("dag_id"),
        run_id: text("run_id"),
        task_id: text("task_id"),
        map_index: params.int("map_index")?,
        try_number: params.int("try_number")?,
        username: text("owner"),
        event: text("event"),
        included: params.list("included_events"),
        excluded: params.list("excluded_events"),
        at: Span { gt: micros(params.instant("after")?), lt: micros(params.instant("before")?), ..Span::default() },
        dag_match: paging::matching(&params, "dag_id"),
        run_match: paging::matching(&params, "run_id"),
        task_match: paging::matching(&params, "task_id"),
        user_match: paging::matching(&params, "owner"),
        event_match: paging::matching(&params, "event"),
    };
    let order = paging::order(&params, EVENT_COLUMNS, &["id"])?;
    let found = app.store.list_events(&by, &order, paging::page(&app, &params)?).await?;
    let events: Vec<EventLog> = found.rows.into_iter().map(EventLog::from).collect();
    Ok(Json(json!({"event_logs": events, "total_entries": found.total})))
}

async fn get(State(app): State<App>, Path(id): Path<i64>) -> ApiResult<Json<EventLog>> {
    let found = app.store.find_event(id).await?;
    found.map(|event| Json(event.into())).ok_or_else(|| ApiError::not_found(format!("there is no event {id}")))
}
