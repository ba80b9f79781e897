//! Questions to people: `…/hitlDetails` lists and shows them, and takes the answer.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tradewind_store::read::TiView;
use tradewind_store::{Answer, HitlDetail, HitlFilter};

use super::task_instances::{must_exist, shapes};
use crate::auth::Identity;
use crate::clock::now;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::routes::Routes;
use crate::state::App;

const OF_ONE: &str = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails";

type Names = (String, String, String, i32);

/// An answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    chosen_options: Vec<String>,
    #[serde(default)]
    params_input: Map<String, Value>,
}

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails", list)
        .get(OF_ONE, get)
        .patch(OF_ONE, patch)
        .get(
            "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails/tries/{try_number}",
            of_try,
        )
}

async fn list(
    State(app): State<App>,
    Path((dag_id, run_id)): Path<(String, String)>,
    params: Params,
) -> ApiResult<Json<Value>> {
    let page = super::paging::page(&app, &params)?;
    let any = |id: String| (id != "~").then_some(id);
    let created = super::paging::instants(&params, "created_at")?;
    let prefix = |name: &str| params.text(name).filter(|prefix| !prefix.is_empty()).map(ToOwned::to_owned);
    let filter = HitlFilter {
        dag_id: any(dag_id),
        run_id: any(run_id),
        responded: params.flag("response_received")?,
        task_id: params.text("task_id").map(ToOwned::to_owned),
        dag_id_pattern: params.text("dag_id_pattern").map(ToOwned::to_owned),
        task_id_pattern: params.text("task_id_pattern").map(ToOwned::to_owned),
        dag_id_prefix: prefix("dag_id_prefix_pattern"),
        task_id_prefix: prefix("task_id_prefix_pattern"),
        subject: params.text("subject_search").map(ToOwned::to_owned),
        body: params.text("body_search").map(ToOwned::to_owned),
        map_index: params.int("map_index")?,
        states: params.list("state"),
        responders: params.list("responded_by_user_id"),
        responder_names: params.list("responded_by_user_name"),
        created_from: [created.gte, created.gt.map(|at| at + 1)].into_iter().flatten().max(),
        created_to: [created.lte, created.lt.map(|at| at - 1)].into_iter().flatten().min(),
    };
    let order = params.list("order_by");
    let descending = order.first().is_some_and(|first| first.starts_with('-'));
    let key = order.first().map_or("ti_id", |first| first.trim_start_matches('-'));
    let found =
        app.store.list_hitl(&filter, key, descending, page.limit, page.offset).await.map_err(|error| match error {
            tradewind_store::Error::Invalid(what) => ApiError::bad_request(what),
            error => error.into(),
        })?;
    let mut details = Vec::with_capacity(found.rows.len());
    for detail in found.rows {
        if let Some(ti) = app.store.find_ti_by_id(detail.ti_id).await? {
            details.push(shape(&app, detail, ti).await?);
        }
    }
    Ok(Json(json!({"hitl_details": details, "total_entries": found.total})))
}

async fn get(State(app): State<App>, Path(names): Path<Names>) -> ApiResult<Json<Value>> {
    let (ti, detail) = find(&app, names, None).await?;
    Ok(Json(shape(&app, detail, ti).await?))
}

async fn of_try(
    State(app): State<App>,
    Path((dag_id, run_id, task_id, map_index, number)): Path<(String, String, String, i32, i32)>,
) -> ApiResult<Json<Value>> {
    let (ti, detail) = find(&app, (dag_id, run_id, task_id, map_index), Some(number)).await?;
    Ok(Json(shape(&app, detail, ti).await?))
}

/// Records an answer; the first one counts.
async fn patch(
    State(app): State<App>,
    who: Identity,
    Path(names): Path<Names>,
    Body(given): Body<Given>,
) -> ApiResult<Json<Value>> {
    let (ti, detail) = find(&app, names, None).await?;
    let taken = || {
        ApiError::conflict(format!(
            "Human-in-the-loop detail has already been updated for Task Instance with id {} and is not allowed to write \
             again.",
            ti.id
        ))
    };
    if detail.is_answered() {
        return Err(taken());
    }
    let assigned = detail.assigned_users.as_array().cloned().unwrap_or_default();
    let may = assigned.is_empty() || assigned.iter().any(|user| user["id"] == who.name.as_str());
    if !may {
        return Err(ApiError::forbidden(format!(
            "User={} (id={}) is not a respondent for the task.",
            who.name, who.name
        )));
    }
    check(&detail, &given)?;
    let answer = Answer {
        responder: Some((who.name.clone(), who.name.clone())),
        chosen_options: given.chosen_options,
        params_input: given.params_input,
        at: now(),
    };
    if !app.store.answer(detail.ti_id, detail.try_number, &answer).await? {
        return Err(taken());
    }
    let event = Event::new("update_hitl_detail", &who).ti(&ti.dag_id, &ti.run_id, &ti.task_id, Some(ti.map_index));
    app.record(event.extra(json!({"chosen_options": answer.chosen_options}))).await?;
    Ok(Json(json!({
        "responded_by": {"id": who.name, "name": who.name},
        "responded_at": answer.at,
        "chosen_options": answer.chosen_options,
        "params_input": answer.params_input,
    })))
}

fn check(detail: &HitlDetail, given: &Given) -> ApiResult<()> {
    let mut invalid: Vec<&String> =
        given.chosen_options.iter().filter(|option| !detail.options.contains(option)).collect();
    if !invalid.is_empty() {
        invalid.sort();
        return Err(ApiError::bad_request(format!(
            "Invalid options {invalid:?}; allowed options are {:?}.",
            detail.options
        )));
    }
    if given.chosen_options.is_empty() {
        return Err(ApiError::bad_request(format!("Choose at least one of {:?}.", detail.options)));
    }
    if !detail.multiple && given.chosen_options.len() > 1 {
        return Err(ApiError::bad_request(
            "Multiple options chosen but this Human-in-the-loop task accepts only a single option.",
        ));
    }
    Ok(())
}

async fn find(app: &App, names: Names, try_number: Option<i32>) -> ApiResult<(TiView, HitlDetail)> {
    let (dag_id, run_id, task_id, map_index) = names;
    let ti = must_exist(app, &dag_id, &run_id, &task_id, map_index).await?;
    let detail = app.store.hitl_detail(ti.id, try_number.unwrap_or(ti.try_number)).await?;
    let missing =
        || ApiError::not_found(format!("Human-in-the-loop detail does not exist for Task Instance with id {}", ti.id));
    let detail = detail.ok_or_else(missing)?;
    Ok((ti, detail))
}

async fn shape(app: &App, detail: HitlDetail, ti: TiView) -> ApiResult<Value> {
    let responder = detail.responder_id.as_ref().map(|id| {
        let name = detail.responder_name.as_ref().unwrap_or(id);
        json!({"id": id, "name": name})
    });
    Ok(json!({
        "task_instance": shapes(app, vec![ti]).await?.pop(),
        "options": detail.options,
        "subject": detail.subject,
        "body": detail.body,
        "defaults": detail.defaults,
        "multiple": detail.multiple,
        "params": detail.params,
        "assigned_users": detail.assigned_users,
        "created_at": detail.created_at,
        "responded_by_user": responder,
        "responded_at": detail.responded_at,
        "chosen_options": detail.chosen_options,
        "params_input": detail.params_input.clone().unwrap_or_else(|| json!({})),
        "response_received": detail.is_answered(),
    }))
}
