//! Runs chosen by their partitions, and `POST …/clearPartitions`: runs forget which partition they are about.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use tradewind_core::Timestamp;
use tradewind_store::read::{OrderBy, Page, RUN_COLUMNS, RunFilter, RunView, Span};

use super::clear::{Affected, Clear, affected, one};
use super::must_exist;
use crate::api::v2::dags;
use crate::auth::Identity;
use crate::events::Event;
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// More runs than this are not changed in one request.
const MOST: i64 = 10_000;

/// Which partitions: one by its key, or those of a stretch of time, both ends included.
#[derive(Debug, Default)]
pub struct Chosen {
    /// The key.
    pub partition_key: Option<String>,
    /// The first instant.
    pub start: Option<Timestamp>,
    /// The last instant.
    pub end: Option<Timestamp>,
}

impl Chosen {
    /// Whether partitions are named at all.
    pub fn is_given(&self) -> bool {
        self.partition_key.is_some() || self.start.is_some() || self.end.is_some()
    }

    /// Runs are chosen in exactly one way.
    ///
    /// # Errors
    /// 422 otherwise.
    pub fn must_be_the_only_way(&self, other: &str, other_is_given: bool) -> ApiResult<()> {
        let window = self.start.is_some() || self.end.is_some();
        if usize::from(other_is_given) + usize::from(self.partition_key.is_some()) + usize::from(window) != 1 {
            let msg = format!("choose by exactly one of {other}, partition_key, or a partition date window");
            return Err(ApiError::invalid("value_error", &["body"], msg));
        }
        if self.start.zip(self.end).is_some_and(|(start, end)| start > end) {
            let msg = "partition_date_start must not be after partition_date_end";
            return Err(ApiError::invalid("value_error", &["body"], msg));
        }
        Ok(())
    }

    /// The runs of these partitions; `~` means of any DAG.
    ///
    /// # Errors
    /// 400 for too many; the database's.
    pub async fn runs(&self, app: &App, dag_id: &str) -> ApiResult<Vec<RunView>> {
        let by = RunFilter {
            dag_ids: if dag_id == "~" { Vec::new() } else { vec![dag_id.to_owned()] },
            partition_key_is: self.partition_key.clone(),
            partition_date: Span {
                gte: self.start.map(Timestamp::as_micros),
                lte: self.end.map(Timestamp::as_micros),
                ..Span::default()
            },
            ..RunFilter::default()
        };
        let order = OrderBy::parse(RUN_COLUMNS, &["id"]).map_err(|error| ApiError::bad_request(error.to_string()))?;
        let found = app.store.list_runs(&by, &order, Page { limit: MOST, offset: 0 }).await?;
        if found.total > MOST {
            let detail = format!("that is {} runs; not more than {MOST} are changed in one request", found.total);
            return Err(ApiError::bad_request(detail));
        }
        Ok(found.rows)
    }
}

/// Which runs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClearPartitions {
    #[serde(default)]
    partition_key: Option<String>,
    #[serde(default)]
    partition_date_start: Option<Timestamp>,
    #[serde(default)]
    partition_date_end: Option<Timestamp>,
    #[serde(default)]
    run_id: Option<String>,
    #[serde(default)]
    clear_task_instances: bool,
    #[serde(default = "yes")]
    dry_run: bool,
}

const fn yes() -> bool {
    true
}

/// Makes them forget their partitions.
pub async fn handle(
    State(app): State<App>,
    who: Identity,
    Path(dag_id): Path<String>,
    Body(body): Body<ClearPartitions>,
) -> ApiResult<Json<Value>> {
    dags::must_exist(&app, &dag_id).await?;
    let chosen =
        Chosen { partition_key: body.partition_key, start: body.partition_date_start, end: body.partition_date_end };
    chosen.must_be_the_only_way("run_id", body.run_id.is_some())?;
    let mut runs = match &body.run_id {
        Some(run_id) => vec![must_exist(&app, &dag_id, run_id).await?],
        None => chosen.runs(&app, &dag_id).await?,
    };
    runs.retain(|run| run.partition_key.is_some() || run.partition_date.is_some());
    let mut instances = 0;
    if body.clear_task_instances {
        for run in &runs {
            if let Affected::Instances(tis) = affected(&app, run, &Clear::all()).await? {
                instances += tis.len();
            }
            if !body.dry_run {
                one(&app, &who, run, &Clear::all()).await?;
            }
        }
    }
    if !body.dry_run {
        app.store.forget_partitions(&runs.iter().map(|run| run.id).collect::<Vec<_>>()).await?;
        let extra = json!({"runs": runs.len(), "task_instances": instances});
        app.record(Event::new("clear_partitions", &who).dag(&dag_id).extra(extra)).await?;
    }
    Ok(Json(json!({
        "dag_runs_cleared": runs.len(),
        "task_instances_cleared": instances,
        "dry_run": body.dry_run,
    })))
}
