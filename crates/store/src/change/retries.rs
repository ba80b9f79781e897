//! How many retries task instances get when they are cleared: those of their task in the version of the DAG that they
//! run with next.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

use crate::sql::{Statement, ids};
use crate::{Error, Tx};

/// The next version: that of the folder, unless the run's bundle has versions and the run stays with its own.
static NEXT_VERSIONS: Statement = Statement::new(
    "SELECT t.id, t.task_id, CASE WHEN $2 OR r.bundle_version IS NULL
        THEN COALESCE(d.latest_version_id, t.dag_version_id) ELSE COALESCE(r.dag_version_id, t.dag_version_id) END
     FROM task_instance AS t JOIN dag_run AS r ON r.id = t.run_key LEFT JOIN dag AS d ON d.dag_id = t.dag_id
     WHERE t.id IN {ids}",
);
static DATA: Statement = Statement::new("SELECT id, data FROM dag_version WHERE id IN {ids}");

/// The little that matters of a serialized DAG.
#[derive(Deserialize)]
struct Tasks<'a> {
    #[serde(borrow, default)]
    tasks: Vec<Task<'a>>,
}

#[derive(Deserialize)]
struct Task<'a> {
    task_id: Cow<'a, str>,
    #[serde(default)]
    retries: Option<u32>,
}

impl Tx {
    /// Retries by task instance. `None`: that version has no such task. `default`: for tasks that leave it open.
    pub(super) async fn retries_of(
        &mut self,
        tis: &[i64],
        latest_version: bool,
        default: u32,
    ) -> Result<HashMap<i64, Option<u32>>, Error> {
        let rows = NEXT_VERSIONS
            .bind(ids(tis.iter().copied()))
            .bind(latest_version)
            .all::<(i64, String, Option<i64>)>(self)
            .await?;
        let mut versions: Vec<i64> = rows.iter().filter_map(|(_, _, version)| *version).collect();
        versions.sort_unstable();
        versions.dedup();
        let mut known: HashMap<i64, HashMap<String, u32>> = HashMap::new();
        for (version, data) in DATA.bind(ids(versions)).all::<(i64, String)>(self).await? {
            known.insert(version, retries(&data, default));
        }
        let of = |version: Option<i64>, task_id: &str| known.get(&version?)?.get(task_id).copied();
        Ok(rows.into_iter().map(|(id, task_id, version)| (id, of(version, &task_id))).collect())
    }
}

fn retries(data: &str, default: u32) -> HashMap<String, u32> {
    let tasks = serde_json::from_str::<Tasks<'_>>(data).map(|dag| dag.tasks).unwrap_or_default();
    tasks.into_iter().map(|task| (task.task_id.into_owned(), task.retries.unwrap_or(default))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_that_say_nothing_have_the_default() {
        let found = retries(r#"{"dag_id":"d","tasks":[{"task_id":"a","retries":4},{"task_id":"b\"","pool":"p"}]}"#, 2);
        assert_eq!((found["a"], found["b\""], found.len()), (4, 2, 2));
        assert!(retries("nothing", 2).is_empty());
    }
}
