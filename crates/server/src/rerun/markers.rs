//! `ExternalTaskMarker`: clearing one clears the task of another DAG that it names and what follows from that, also
//! through further markers.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use tradewind_core::Timestamp;
use tradewind_protocol::SerializedDag;
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_store::Store;
use tradewind_store::read::{RunFilter, Span, TiView};

use super::select::{self, Reach, TaskRef, Which};
use crate::http::error::{ApiError, ApiResult};

/// Task instances of another DAG that are cleared as well.
#[derive(Debug)]
pub struct Followed {
    /// The DAG's newest version.
    pub dag: SerializedDag,
    /// The instances.
    pub tis: Vec<TiView>,
}

/// What a marker names.
struct Marked {
    dag_id: String,
    task_id: String,
    date: Timestamp,
}

/// Task instances of other DAGs that are to be cleared with these, because there are markers among them. `dag` is the
/// structure of the first ones' DAG. What a marker means is known once it has run: its templates are rendered then.
///
/// # Errors
/// The database's; 409 when markers lead further than the first one's `recursion_depth`.
pub async fn follow(
    store: &Store,
    defaults: &DagDefaults,
    dag: &SerializedDag,
    tis: &[TiView],
    which: &Which,
) -> ApiResult<Vec<Followed>> {
    let mut found: Vec<Followed> = Vec::new();
    let mut known: BTreeSet<i64> = tis.iter().map(|ti| ti.id).collect();
    let mut dags: HashMap<String, Option<SerializedDag>> = HashMap::new();
    let mut to_look: Vec<(Marked, String, u32, u32)> = Vec::new();
    let note = |dag: &SerializedDag, tis: &[TiView], depth: u32, most: Option<u32>, to_look: &mut Vec<_>| {
        for (marked, of, own) in marks(dag, tis) {
            to_look.push((marked, of, depth + 1, most.unwrap_or(own)));
        }
    };
    note(dag, tis, 0, None, &mut to_look);
    while let Some((marked, marker, depth, most)) = to_look.pop() {
        let filter = RunFilter {
            dag_ids: vec![marked.dag_id.clone()],
            logical_date: Span {
                gte: Some(marked.date.as_micros()),
                lte: Some(marked.date.as_micros()),
                ..Span::default()
            },
            ..RunFilter::default()
        };
        let runs = select::run_keys(store, &filter).await?;
        if runs.is_empty() {
            continue;
        }
        if depth > most {
            return Err(ApiError::conflict(format!(
                "clearing follows more than {most} markers from ExternalTaskMarker '{marker}' (its recursion_depth): \
                 too many tasks are meant, or they depend on each other in a circle"
            )));
        }
        if !dags.contains_key(&marked.dag_id) {
            // A DAG that is gone is left as it is.
            let newest = super::newest(store, &marked.dag_id).await.ok();
            dags.insert(marked.dag_id.clone(), newest);
        }
        let Some(Some(child)) = dags.get(&marked.dag_id) else { continue };
        let named = [TaskRef::Task(marked.task_id.clone())];
        let reach = Reach { downstream: true, ..Reach::default() };
        let Ok(tasks) = select::spread(child, defaults, &named, reach, true) else { continue };
        let mut more = select::in_runs(store, runs, &tasks, which).await?;
        more.retain(|ti| ti.state.is_some() && known.insert(ti.id));
        if more.is_empty() {
            continue;
        }
        note(child, &more, depth, Some(most), &mut to_look);
        match found.iter_mut().find(|followed| followed.dag.dag_id == child.dag_id) {
            Some(followed) => followed.tis.extend(more),
            None => found.push(Followed { dag: child.clone(), tis: more }),
        }
    }
    Ok(found)
}

/// Clears what [`follow`] found. `how`: as for the first ones, but each DAG says itself which version its runs use.
///
/// # Errors
/// The database's.
pub async fn clear(
    store: &Store,
    defaults: &DagDefaults,
    followed: &[Followed],
    how: select::Clearing,
) -> ApiResult<()> {
    for Followed { dag, tis } in followed {
        let latest_version = super::latest_version(None, dag, defaults, false);
        let how = select::Clearing { latest_version, also_run: None, ..how };
        select::clear(store, defaults, tis, how).await?;
    }
    Ok(())
}

/// What the markers among these name, with the task and its `recursion_depth`.
fn marks(dag: &SerializedDag, tis: &[TiView]) -> Vec<(Marked, String, u32)> {
    let markers: HashMap<&str, u32> =
        dag.tasks.iter().filter_map(|task| Some((task.task_id.as_str(), task.recursion_depth?))).collect();
    if markers.is_empty() {
        return Vec::new();
    }
    let of = |ti: &TiView| {
        let depth = *markers.get(ti.task_id.as_str())?;
        let fields: Value = serde_json::from_str(ti.rendered_fields.as_deref()?).ok()?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
        // The field of Airflow 1.10 and 2 was called execution_date.
        let date = text("logical_date").or_else(|| text("execution_date"))?;
        let marked =
            Marked { dag_id: text("external_dag_id")?, task_id: text("external_task_id")?, date: date.parse().ok()? };
        Some((marked, ti.task_id.clone(), depth))
    };
    tis.iter().filter_map(of).collect()
}
