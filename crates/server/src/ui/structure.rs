//! `GET /ui/structure/{dag_id}`: tasks, groups and edges of a version of a DAG.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tradewind_protocol::{SerializedDag, SerializedTask};

use crate::api::v2::dags;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Answers the newest version, or the one asked for.
pub async fn handle(State(app): State<App>, Path(dag_id): Path<String>, params: Params) -> ApiResult<Json<Value>> {
    let number = params.int("version")?;
    let version = app.store.find_version(&dag_id, number).await?;
    let version = version.ok_or_else(|| match number {
        Some(number) => ApiError::not_found(format!("DAG '{dag_id}' has no version {number}")),
        None => ApiError::not_found(format!("there is no DAG '{dag_id}'")),
    })?;
    let dag = dags::structure(&app, &dag_id, Some(version.id)).await?;
    let tasks: Vec<Value> = in_order(&dag, &app).into_iter().map(|one| task(&dag, one)).collect();
    let groups: Vec<Value> = dag
        .task_groups
        .iter()
        .map(|(group_id, group)| {
            let label = group.label.clone().unwrap_or_else(|| last_part(group_id).to_owned());
            json!({
                "group_id": group_id,
                "label": label,
                "parent": group.parent,
                "tooltip": group.tooltip,
                "is_mapped": group.mapped.is_some(),
            })
        })
        .collect();
    let labels: Vec<Value> =
        dag.edge_labels.iter().map(|edge| json!({"from": edge.from, "to": edge.to, "label": edge.label})).collect();
    Ok(Json(json!({
        "dag_id": dag.dag_id,
        "version_number": version.version_number,
        "tasks": tasks,
        "groups": groups,
        "edge_labels": labels,
    })))
}

/// Tasks in topological order, which is the planner's.
fn in_order<'a>(dag: &'a SerializedDag, app: &App) -> Vec<&'a SerializedTask> {
    let mut tasks: Vec<&SerializedTask> = dag.tasks.iter().collect();
    if let Ok(core) = dag.to_core(&app.config.dag_defaults) {
        tasks.sort_by_key(|task| core.by_id.get(&task.task_id).copied());
    }
    tasks
}

fn last_part(id: &str) -> &str {
    id.rsplit('.').next().unwrap_or(id)
}

fn task(dag: &SerializedDag, task: &SerializedTask) -> Value {
    // Inside its group a task goes by the last part of its id.
    let label = task.display_name.as_deref().unwrap_or_else(|| match &task.group {
        Some(_) => last_part(&task.task_id),
        None => &task.task_id,
    });
    json!({
        "task_id": task.task_id,
        "label": label,
        "operator": task.operator,
        "trigger_rule": task.trigger_rule,
        "group": task.group,
        "is_mapped": dag.is_expanded(task),
        "ui_color": task.ui_color,
        "ui_fgcolor": task.ui_fgcolor,
        "downstream": task.downstream,
        "doc_md": task.doc_md,
    })
}
