//! Filters of task instances that only the DAGs' structure can answer: task groups, and the names that people see.

use tradewind_store::read::{DAG_COLUMNS, DagFilter, Match, OrderBy, Page, TiFilter};

use crate::api::v2::{dags, paging};
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// `task_group_id`: only tasks of that group and of the groups in it.
///
/// # Errors
/// 404 for a group that the DAG does not have, 400 without a DAG.
pub async fn by_group(app: &App, dag_id: &str, params: &Params, filter: &mut TiFilter) -> ApiResult<()> {
    let Some(group) = params.text("task_group_id").filter(|group| !group.is_empty()) else { return Ok(()) };
    if dag_id == "~" {
        return Err(ApiError::bad_request("task_group_id names a group of one DAG: the path should name it"));
    }
    dags::must_exist(app, dag_id).await?;
    let dag = dags::structure(app, dag_id, None).await?;
    if !dag.task_groups.contains_key(group) {
        return Err(ApiError::not_found(format!("DAG '{dag_id}' has no task group '{group}'")));
    }
    let mut tasks = dag.tasks_of_group(group);
    if let [task] = filter.task_ids.as_slice() {
        tasks.retain(|id| id == task);
    }
    // A group without tasks has no task instances; no id is the empty text.
    filter.task_ids = if tasks.is_empty() { vec![String::new()] } else { tasks };
    Ok(())
}

/// `task_display_name_pattern` and its prefix form: by the author's name for a task, which is the id where there is
/// none.
///
/// # Errors
/// The database's.
pub async fn by_display_name(app: &App, dag_id: &str, params: &Params, filter: &mut TiFilter) -> ApiResult<()> {
    let by = paging::matching(params, "task_display_name");
    if by.pattern.is_none() && by.prefix.is_none() {
        return Ok(());
    }
    let which = DagFilter { include_stale: true, ..DagFilter::default() };
    let order = OrderBy::parse(DAG_COLUMNS, &["dag_id"]).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let found = match dag_id {
        "~" => app.store.list_dags(&which, &order, Page { limit: i64::MAX, offset: 0 }).await?.rows,
        one => app.store.find_dag(one).await?.into_iter().collect(),
    };
    for dag in found {
        let Some(version) = dag.latest_version_id else { continue };
        let facts = app.versions.facts(&app.store, version).await?;
        let names = facts.display_names.iter();
        filter.display_names.extend(names.map(|(task, name)| (format!("{}/{task}", dag.dag_id), fits(&by, name))));
    }
    filter.task_display_name = by;
    Ok(())
}

fn fits(by: &Match, name: &str) -> bool {
    let pattern = by.pattern.as_deref().is_none_or(|pattern| {
        pattern.split('|').map(str::trim).any(|one| one == "~" || like(&format!("%{one}%"), name))
    });
    let prefix = by.prefix.as_deref().is_none_or(|prefix| {
        let ends = |c: char| !c.is_alphanumeric();
        prefix.split('|').map(|one| one.trim().trim_end_matches(ends)).any(|one| name.starts_with(one))
    });
    pattern && prefix
}

/// SQL's `ILIKE`.
fn like(pattern: &str, text: &str) -> bool {
    let mut regex = String::from("(?is)^");
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            '\\' => regex.push_str(&regex::escape(&rest.next().unwrap_or(c).to_string())),
            c => regex.push_str(&regex::escape(&c.to_string())),
        }
    }
    regex.push('$');
    regex::Regex::new(&regex).is_ok_and(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_sql() {
        assert!(like("%load_a%", "Load a table") && like("%", ""));
        assert!(!like("a.c", "abc") && like("a\\%", "A%"));
        let by = Match { pattern: Some("x | lo_d".into()), prefix: Some("Load -".into()) };
        assert!(fits(&by, "Load it") && !fits(&by, "load it"));
    }
}
