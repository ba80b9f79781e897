//! `FileTrigger` of the standard provider without Python: one loop looks for the files of all of them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc;
use tradewind_core::WaitOutcome;
use tradewind_protocol::triggers::RunTrigger;

use super::{News, glob};

/// What a `FileTrigger` waits for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FileWait {
    pattern: String,
    recursive: bool,
    every: Duration,
}

/// For the loop.
pub(super) enum Order {
    /// Look for it until it is there.
    Watch(i64, FileWait),
    /// Nobody waits any more.
    Forget(i64),
}

/// Looks that are due within this are done together.
const TOGETHER: Duration = Duration::from_millis(50);

impl FileWait {
    /// Recognizes the trigger by its class and arguments.
    pub(super) fn of(trigger: &RunTrigger) -> Option<Self> {
        let known = ["airflow.providers.standard.triggers.file.FileTrigger", "airflow.triggers.file.FileTrigger"];
        if !trigger.once || !known.contains(&trigger.classpath.as_str()) {
            return None;
        }
        let seconds = trigger.kwargs.get("poke_interval").map_or(Some(5.0), Value::as_f64)?;
        Some(Self {
            pattern: trigger.kwargs.get("filepath")?.as_str()?.to_owned(),
            recursive: trigger.kwargs.get("recursive").and_then(Value::as_bool).unwrap_or(false),
            every: Duration::try_from_secs_f64(seconds).ok()?.max(TOGETHER),
        })
    }

    /// A file, or a folder with a file in it.
    fn is_there(&self) -> bool {
        glob::find(&self.pattern, self.recursive, &mut |path| path.is_file() || holds_files(path)).is_some()
    }
}

fn holds_files(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => holds_files(&entry.path()),
        Ok(kind) => !kind.is_symlink() || !entry.path().is_dir(),
        Err(_) => false,
    })
}

/// Looks until nobody gives orders any more.
pub(super) async fn look(mut orders: mpsc::UnboundedReceiver<Order>, news: mpsc::UnboundedSender<News>) {
    let mut waits: HashMap<i64, FileWait> = HashMap::new();
    let mut due: BTreeMap<(Instant, i64), ()> = BTreeMap::new();
    loop {
        let next = due.first_key_value().map(|((at, _), ())| *at);
        let pause = async {
            match next {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // What nobody awaits any more is not looked for.
            biased;
            order = orders.recv() => match order {
                Some(Order::Watch(id, wait)) => {
                    due.insert((Instant::now(), id), ());
                    waits.insert(id, wait);
                }
                Some(Order::Forget(id)) => {
                    waits.remove(&id);
                }
                None => return,
            },
            () = pause => {
                let later = due.split_off(&(Instant::now() + TOGETHER, i64::MIN));
                let now = std::mem::replace(&mut due, later);
                let looked: Vec<(i64, FileWait)> =
                    now.into_keys().filter_map(|(_, id)| Some((id, waits.get(&id)?.clone()))).collect();
                let look = move || looked.into_iter().map(|(id, wait)| (id, wait.is_there(), wait.every)).collect();
                let answers: Vec<(i64, bool, Duration)> = tokio::task::spawn_blocking(look).await.unwrap_or_default();
                for (id, is_there, every) in answers {
                    if is_there && waits.remove(&id).is_some() {
                        let _ = news.send(News::Said(id, WaitOutcome::Event { payload: Value::Bool(true) }));
                        let _ = news.send(News::Ended { id, failed: false });
                    } else {
                        due.insert((Instant::now() + every, id), ());
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trigger(classpath: &str, kwargs: Value) -> RunTrigger {
        let kwargs = kwargs.as_object().unwrap().clone();
        RunTrigger {
            id: 1,
            classpath: classpath.into(),
            kwargs,
            once: true,
            ti: None,
            assets: vec![],
            bundle: None,
            log: None,
        }
    }

    #[test]
    fn the_standard_class_is_recognized_and_others_are_not() {
        let path = "airflow.providers.standard.triggers.file.FileTrigger";
        let wait = FileWait::of(&trigger(path, json!({"filepath": "/x/*", "recursive": true, "poke_interval": 2})));
        let expected = FileWait { pattern: "/x/*".into(), recursive: true, every: Duration::from_secs(2) };
        assert_eq!(wait, Some(expected));
        assert_eq!(FileWait::of(&trigger("my.FileTrigger", json!({"filepath": "/x"}))), None);
        assert_eq!(FileWait::of(&trigger(path, json!({"filepath": {"__classname__": "pathlib.Path"}}))), None);
    }

    #[tokio::test]
    async fn a_file_that_comes_is_told_once_and_one_that_nobody_awaits_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let wait = |name: &str| {
            let filepath = folder.path().join(name).display().to_string();
            let path = "airflow.triggers.file.FileTrigger";
            FileWait::of(&trigger(path, json!({"filepath": filepath, "poke_interval": 0.01}))).unwrap()
        };
        let (orders, inbox) = mpsc::unbounded_channel();
        let (news, mut heard) = mpsc::unbounded_channel();
        tokio::spawn(look(inbox, news));
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        for (id, name) in [(1, "awaited"), (2, "forgotten"), (3, "empty")] {
            orders.send(Order::Watch(id, wait(name))).unwrap();
        }
        orders.send(Order::Forget(2)).unwrap();
        std::fs::write(folder.path().join("forgotten"), "").unwrap();
        std::fs::write(folder.path().join("awaited"), "").unwrap();
        assert!(matches!(heard.recv().await, Some(News::Said(1, WaitOutcome::Event { payload: Value::Bool(true) }))));
        assert!(matches!(heard.recv().await, Some(News::Ended { id: 1, failed: false })));
        std::fs::write(folder.path().join("empty/now_not"), "").unwrap();
        assert!(matches!(heard.recv().await, Some(News::Said(3, _))));
    }
}
