//! The little that lists and triggers need to know of versions of DAGs, remembered: versions never change.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::{Map, Value};
use tradewind_protocol::LaneSpec;
use tradewind_store::{Error, Store};

use crate::redact::redact;

/// Longer commands are not kept here.
const LONGEST_SHOWN: usize = 4_096;

/// So many versions are remembered before the memory is emptied. An entry is small.
const MOST: usize = 20_000;

/// Facts of one version.
#[derive(Debug, Default)]
pub struct Facts {
    /// Task id to display name, where they differ.
    pub display_names: HashMap<String, String>,
    /// Some task limits how many of it run at once.
    pub has_task_limits: bool,
    /// What runs may be given.
    pub params: BTreeMap<String, Value>,
    /// Tasks whose return values are given to those who wait for a run's end.
    pub results: Vec<String>,
    /// Task id to the fields of shell commands without templates, as JSON: nothing has to be rendered, so their tries
    /// report nothing.
    commands: HashMap<String, String>,
}

impl Facts {
    /// The display name of a task.
    pub fn display_name<'a>(&'a self, task_id: &'a str) -> &'a str {
        self.display_names.get(task_id).map_or(task_id, String::as_str)
    }

    /// What the template fields of a task are that has none to render: JSON.
    pub fn plain_fields(&self, task_id: &str) -> Option<&str> {
        self.commands.get(task_id).map(String::as_str)
    }
}

/// Remembers facts.
#[derive(Default)]
pub struct Versions(Mutex<HashMap<i64, Arc<Facts>>>);

#[derive(Default, Deserialize)]
struct Dag<'a> {
    #[serde(borrow, default)]
    tasks: Vec<Task<'a>>,
    #[serde(default)]
    params: BTreeMap<String, Value>,
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
    #[serde(default)]
    lane: LaneSpec,
    #[serde(default)]
    returns_dag_result: bool,
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
    let Dag { tasks, params } = serde_json::from_str(data).unwrap_or_default();
    Facts {
        params,
        results: tasks.iter().filter(|task| task.returns_dag_result).map(|task| task.task_id.to_string()).collect(),
        has_task_limits: tasks
            .iter()
            .any(|task| task.max_active_tis_per_dag.is_some() || task.max_active_tis_per_dagrun.is_some()),
        commands: tasks
            .iter()
            .filter_map(|task| Some((task.task_id.clone().into_owned(), plain_command(&task.lane)?)))
            .collect(),
        display_names: tasks
            .into_iter()
            .filter_map(|task| task.display_name.map(|name| (task.task_id.into_owned(), name)))
            .collect(),
    }
}

/// The fields of a shell command, if none of them has a template and none is too long to be shown whole.
fn plain_command(lane: &LaneSpec) -> Option<String> {
    let LaneSpec::Bash { command, env, cwd, .. } = lane else { return None };
    let plain = |text: &str| !["{{", "{%", "{#"].iter().any(|opens| text.contains(opens));
    let texts = env.iter().flat_map(|env| env.values()).chain([command]).chain(cwd);
    if !texts.into_iter().all(|text| plain(text)) || command.chars().count() > LONGEST_SHOWN {
        return None;
    }
    let mut fields = Map::new();
    fields.insert("bash_command".into(), command.clone().into());
    if let Some(env) = env.as_ref().filter(|env| !env.is_empty()) {
        let env = env.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect();
        fields.insert("env".into(), redact(Value::Object(env)));
    }
    if let Some(cwd) = cwd.as_ref().filter(|cwd| !cwd.is_empty()) {
        fields.insert("cwd".into(), cwd.clone().into());
    }
    Some(Value::Object(fields).to_string())
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

    #[test]
    fn fields_of_commands_without_templates_are_known() {
        let facts = read(
            r#"{"tasks":[
                {"task_id":"a","lane":{"kind":"bash","command":"echo 1","env":{"A":"b","API_KEY":"c"},"cwd":"/"}},
                {"task_id":"b","lane":{"kind":"bash","command":"echo {{ ds }}"}},
                {"task_id":"c","lane":{"kind":"bash","command":"x","env":{"A":"{% if %}"}}},
                {"task_id":"d"}]}"#,
        );
        let fields: Value = serde_json::from_str(facts.plain_fields("a").unwrap()).unwrap();
        assert_eq!(
            fields,
            serde_json::json!({"bash_command": "echo 1", "env": {"A": "b", "API_KEY": "***"}, "cwd": "/"})
        );
        assert_eq!(["b", "c", "d"].map(|task| facts.plain_fields(task)), [None; 3]);
    }
}
