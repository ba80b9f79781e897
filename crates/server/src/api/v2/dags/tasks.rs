//! `GET /api/v2/dags/{dag_id}/tasks` and `…/tasks/{task_id}`: what the file says about its tasks.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Map, Value, json};
use tradewind_core::{Duration, WeightRule};
use tradewind_protocol::{SerializedDag, SerializedTask};

use super::{must_exist, structure};
use crate::config::ServerConfig;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Answers all tasks.
pub async fn list(State(app): State<App>, Path(dag_id): Path<String>, params: Params) -> ApiResult<Json<Value>> {
    let dag = newest(&app, &dag_id).await?;
    let asked = params.text("order_by").unwrap_or("task_id");
    let (field, descending) = asked.strip_prefix('-').map_or((asked, false), |field| (field, true));
    let mut tasks: Vec<Value> = dag.tasks.iter().map(|task| shape(task, &app.config)).collect();
    if !tasks.iter().all(|task| task.get(field).is_some()) {
        return Err(ApiError::bad_request(format!("tasks have no field '{field}' to order by")));
    }
    tasks.sort_by(|a, b| compare(&a[field], &b[field]));
    if descending {
        tasks.reverse();
    }
    Ok(Json(json!({"total_entries": tasks.len(), "tasks": tasks})))
}

/// Answers one task.
pub async fn get(State(app): State<App>, Path((dag_id, task_id)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    let dag = newest(&app, &dag_id).await?;
    let task = dag.tasks.iter().find(|task| task.task_id == task_id);
    let task = task.ok_or_else(|| ApiError::not_found(format!("DAG '{dag_id}' has no task '{task_id}'")))?;
    Ok(Json(shape(task, &app.config)))
}

async fn newest(app: &App, dag_id: &str) -> ApiResult<SerializedDag> {
    let row = must_exist(app, dag_id).await?;
    structure(app, dag_id, row.latest_version_id).await
}

fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.to_string().cmp(&b.to_string()),
    }
}

/// A duration as clients know it from this API.
fn time_delta(span: Duration) -> Value {
    let micros = span.as_micros();
    json!({
        "__type": "TimeDelta",
        "days": micros.div_euclid(86_400_000_000),
        "seconds": micros.rem_euclid(86_400_000_000) / 1_000_000,
        "microseconds": micros.rem_euclid(1_000_000),
    })
}

fn shape(task: &SerializedTask, config: &ServerConfig) -> Value {
    let defaults = &config.dag_defaults;
    let weight_rule = match (&task.weight_strategy, task.weight_rule) {
        (Some(strategy), _) => strategy,
        (None, WeightRule::Downstream) => "downstream",
        (None, WeightRule::Upstream) => "upstream",
        (None, WeightRule::Absolute) => "absolute",
    };
    let params: Map<String, Value> = task.params.iter().map(|(name, param)| (name.clone(), param.clone())).collect();
    json!({
        "task_id": task.task_id,
        "task_display_name": task.display_name.as_ref().unwrap_or(&task.task_id),
        "owner": task.owner,
        "start_date": task.start_date,
        "end_date": task.end_date,
        "trigger_rule": task.trigger_rule,
        "depends_on_past": task.depends_on_past,
        "wait_for_downstream": task.wait_for_downstream,
        "retries": f64::from(task.retries.unwrap_or(defaults.retries)),
        "queue": task.queue.as_ref().unwrap_or(&defaults.queue),
        "pool": task.pool,
        "pool_slots": f64::from(task.pool_slots),
        "execution_timeout": task.execution_timeout.map(time_delta),
        "retry_delay": time_delta(task.retry_delay.unwrap_or(defaults.retry_delay)),
        "retry_exponential_backoff": task.retry_exponential_backoff,
        "priority_weight": f64::from(task.priority_weight),
        "weight_rule": weight_rule,
        "ui_color": task.ui_color,
        "ui_fgcolor": task.ui_fgcolor,
        "template_fields": task.template_fields,
        "downstream_task_ids": task.downstream,
        "doc_md": task.doc_md,
        "operator_name": task.operator,
        "params": params,
        "class_ref": {"module_path": task.module, "class_name": task.operator},
        "is_mapped": task.mapped.is_some(),
        "extra_links": task.extra_links,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_split_like_pythons() {
        assert_eq!(
            time_delta(Duration::from_secs_f64(90_000.25)),
            json!({"__type": "TimeDelta", "days": 1, "seconds": 3600, "microseconds": 250_000})
        );
    }
}
