//! `POST /api/v2/backfills`: makes a backfill, or says which dates it would be about.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tradewind_core::{Reprocess, Timestamp};

use super::{Backfill, must_exist};
use crate::auth::Identity;
use crate::clock::now;
use crate::events::Event;
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::rerun::backfill::{self, Request};
use crate::state::App;

/// What to make.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    dag_id: String,
    from_date: Timestamp,
    to_date: Timestamp,
    #[serde(default)]
    run_backwards: bool,
    #[serde(default)]
    dag_run_conf: Option<Map<String, Value>>,
    #[serde(default = "nothing_again")]
    reprocess_behavior: Reprocess,
    #[serde(default = "ten")]
    max_active_runs: i64,
    #[serde(default)]
    run_on_latest_version: Option<bool>,
}

const fn nothing_again() -> Reprocess {
    Reprocess::None
}

const fn ten() -> i64 {
    10
}

impl New {
    fn request(self, who: &Identity) -> ApiResult<Request> {
        let max_active_runs = u32::try_from(self.max_active_runs).ok().filter(|runs| (1..=100_000).contains(runs));
        let max_active_runs = max_active_runs.ok_or_else(|| {
            ApiError::invalid("greater_than_equal", &["body", "max_active_runs"], "it should be between 1 and 100000")
        })?;
        Ok(Request {
            dag_id: self.dag_id,
            from: self.from_date,
            to: self.to_date,
            run_backwards: self.run_backwards,
            reprocess: self.reprocess_behavior,
            conf: self.dag_run_conf,
            max_active_runs,
            run_on_latest_version: self.run_on_latest_version,
            user: Some(who.name.clone()),
        })
    }
}

/// Makes it.
pub async fn handle(State(app): State<App>, who: Identity, Body(new): Body<New>) -> ApiResult<Json<Backfill>> {
    let request = new.request(&who)?;
    let dag_id = request.dag_id.clone();
    let extra = json!({"from_date": request.from, "to_date": request.to, "reprocess_behavior": request.reprocess});
    let id = backfill::create(&app.store, request, &app.config.dag_defaults, now()).await?;
    app.record(Event::new("create_backfill", &who).dag(&dag_id).extra(extra)).await?;
    Ok(Json(must_exist(&app, id).await?.into()))
}

/// Says which dates would get a run, or have theirs run again.
pub async fn dry_run(State(app): State<App>, who: Identity, Body(new): Body<New>) -> ApiResult<Json<Value>> {
    let found = backfill::dry_run(&app.store, &new.request(&who)?, &app.config.dag_defaults, now()).await?;
    let date = |run: &tradewind_core::timetable::NextRun| json!({"logical_date": run.logical_date, "partition_key": null, "partition_date": null});
    let dates: Vec<Value> = found.iter().map(|(run, _)| date(run)).collect();
    Ok(Json(json!({"total_entries": dates.len(), "backfills": dates})))
}
