//! `PATCH /api/v2/dags/{dag_id}` and `PATCH /api/v2/dags`: pause and unpause.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;
use tradewind_store::read::DAG_COLUMNS;

use super::list::{self, Dags};
use super::{Dag, must_exist};
use crate::api::v2::paging;
use crate::auth::Identity;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::state::App;

/// What may be changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    is_paused: bool,
}

/// `update_mask` can only name the one field that there is.
fn check_mask(params: &Params) -> ApiResult<()> {
    let mask = params.list("update_mask");
    if mask.iter().all(|field| field == "is_paused") {
        return Ok(());
    }
    Err(ApiError::bad_request("only 'is_paused' of a DAG can be changed through the REST API"))
}

/// Changes one DAG.
pub async fn one(
    State(app): State<App>,
    who: Identity,
    Path(dag_id): Path<String>,
    params: Params,
    Body(patch): Body<Patch>,
) -> ApiResult<Json<Option<Dag>>> {
    check_mask(&params)?;
    must_exist(&app, &dag_id).await?;
    app.store.set_paused(std::slice::from_ref(&dag_id), patch.is_paused).await?;
    let event = Event::new("patch_dag", &who).dag(&dag_id).extra(json!({"is_paused": patch.is_paused}));
    app.record(event).await?;
    let dag = must_exist(&app, &dag_id).await?;
    Ok(Json(list::shapes(&app, vec![dag]).await?.pop()))
}

/// Changes all DAGs that fit the filter; answers the page of them that was asked for.
pub async fn many(
    State(app): State<App>,
    who: Identity,
    params: Params,
    Body(patch): Body<Patch>,
) -> ApiResult<Json<Dags>> {
    check_mask(&params)?;
    let page = paging::page(&app, &params)?;
    let mut filter = list::filter(&params, &who.name)?;
    let ids = app.store.dag_ids(&filter).await?;
    app.store.set_paused(&ids, patch.is_paused).await?;
    let extra =
        json!({"is_paused": patch.is_paused, "dags": ids.len(), "dag_id_pattern": params.text("dag_id_pattern")});
    app.record(Event::new("patch_dags", &who).extra(extra)).await?;
    // `paused` chose what to change; afterwards the changed ones would no longer fit it.
    if filter.paused.is_some_and(|paused| paused != patch.is_paused) {
        filter.paused = Some(patch.is_paused);
    }
    let order = paging::order(&params, DAG_COLUMNS, &["dag_id"])?;
    let found = app.store.list_dags(&filter, &order, page).await?;
    let mut answer = Dags::all(list::shapes(&app, found.rows).await?);
    answer.set_total(ids.len() as i64);
    Ok(Json(answer))
}
