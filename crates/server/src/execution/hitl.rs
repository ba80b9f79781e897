//! `/hitlDetails`: a try asks people, and looks for their answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use tradewind_protocol::{TaskApi, TaskCall};

use super::asking::Own;
use super::failure::not_found;
use crate::http::Body;
use crate::http::error::ApiResult;
use crate::routes::Routes;
use crate::state::App;

const ONE: &str = "/execution/hitlDetails/{task_instance_id}";

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.post(ONE, ask).get(ONE, get)
}

async fn ask(
    State(app): State<App>,
    Own(id): Own,
    Body(question): Body<Value>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let of = |name: &str, default: Value| match &question[name] {
        Value::Null => default,
        given => given.clone(),
    };
    let asked = json!({
        "ti_id": id, "options": question["options"], "subject": question["subject"], "body": question["body"],
        "defaults": question["defaults"], "multiple": of("multiple", json!(false)), "params": of("params", json!({})),
        "assigned_users": of("assigned_users", json!([])),
    });
    app.task_api.call("", id, TaskCall::HitlAsk { question: asked.clone() }).await?;
    Ok((StatusCode::CREATED, Json(asked)))
}

async fn get(State(app): State<App>, Own(id): Own) -> ApiResult<Json<Value>> {
    let missing = || not_found("this try has asked nobody anything, or was cleared since");
    let detail = app.store.hitl_detail(id.ti_id, id.try_number).await?.ok_or_else(missing)?;
    let by =
        detail.responder_id.as_ref().map(|id| json!({"id": id, "name": detail.responder_name.as_ref().unwrap_or(id)}));
    Ok(Json(json!({
        "response_received": detail.is_answered(), "responded_by_user": by, "responded_at": detail.responded_at,
        "chosen_options": detail.chosen_options, "params_input": detail.params_input.unwrap_or_else(|| json!({})),
    })))
}
