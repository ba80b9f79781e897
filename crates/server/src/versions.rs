//! The little that lists need to know of versions of DAGs, remembered: versions never change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use tradewind_store::{Error, Store};

/// So many versions are remembered before the memory is emptied. An entry is small.
const MOST: usize = 20_000;

/// Facts of one version.
#[derive(Debug, Default)]
pub struct Facts {
    /// Task id to display name, where they differ.
    pub display_names: HashMap<String, String>,
    /// Some task limits how many of it run at once.
    pub has_task_limits: bool,
}

impl Facts {
    /// The display name of a task.
    pub fn display_name<'a>(&'a self, task_id: &'a str) -> &'a str {
        self.display_names.get(task_id).map_or(task_id, String::as_str)
    }
}

/// Remembers facts.
#[derive(Default)]
pub struct Versions(Mutex<HashMap<i64, Arc<Facts>>>);

#[derive(Deserialize)]
struct Tasks<'a> {
    #[serde(borrow)]
    tasks: Vec<Task<'a>>,
}

#[derive(Deserialize)]
struct Task<'a> {
    task_id: std::borrow::Cow<'a, str>,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    max_active_tis_per_dag: Option<u32>,
    #[serde(default)]
    max_active_tis_per_dagrun: Option<u32>,
}

impl Versions {
    /// Facts of a version; nothing special for one that is gone.
    ///
    /// # Errors
    /// The database's.
    pub async fn facts(&self, store: &Store, version_id: i64) -> Result<Arc<Facts>, Error> {
        if let Some(facts) = self.lock().get(&version_id) {
            return Ok(Arc::clone(facts));
        }
        let data = store.version_data(version_id).await?.unwrap_or_default();
        let facts = Arc::new(read(&data));
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(version_id, Arc::clone(&facts));
        Ok(facts)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Arc<Facts>>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn read(data: &str) -> Facts {
    let tasks = serde_json::from_str::<Tasks<'_>>(data).map(|dag| dag.tasks).unwrap_or_default();
    Facts {
        has_task_limits: tasks
            .iter()
            .any(|task| task.max_active_tis_per_dag.is_some() || task.max_active_tis_per_dagrun.is_some()),
        display_names: tasks
            .into_iter()
            .filter_map(|task| task.display_name.map(|name| (task.task_id.into_owned(), name)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_only_what_is_special() {
        let facts =
            read(r#"{"dag_id":"d","tasks":[{"task_id":"a","display_name":"Ä"},{"task_id":"b\"","retries":2}]}"#);
        assert_eq!((facts.display_name("a"), facts.display_name("b"), facts.has_task_limits), ("Ä", "b", false));
        assert!(read(r#"{"tasks":[{"task_id":"a","max_active_tis_per_dag":1}]}"#).has_task_limits);
        assert!(!read("").has_task_limits);
    }
}
