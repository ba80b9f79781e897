//! Runs triggers in python children: many in each, with a watchdog that ends a child whose loop is blocked.

mod files;
mod glob;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::Value;
use tokio::sync::mpsc;
use tradewind_core::WaitOutcome;
use tradewind_protocol::frames::{Reply, ReplyResult};
use tradewind_protocol::triggers::{FromTriggers, RunTrigger, ToTriggers, TriggersJob};

use crate::clock::now;
use crate::host::{Answerer, Child, HostPool, Hosts};
use crate::log::TryLog;
use files::FileWait;

/// How triggers are run.
#[derive(Clone, Debug)]
pub struct TriggerConfig {
    /// Names and roots of bundles, where triggers' modules are.
    pub roots: Vec<(String, PathBuf)>,
    /// Triggers in one child at most.
    pub per_child: usize,
    /// A loop that does not answer for so long is blocked: its child is ended.
    pub blocked_after: Duration,
    /// A child that is older takes no more triggers, and ends when its last one has.
    pub child_age: Duration,
    /// What `on_kill` of a trigger may take.
    pub on_kill_timeout: Duration,
    /// `[logging] base_log_folder`
    pub log_folder: PathBuf,
}

/// What comes from triggers.
#[derive(Clone, Debug, PartialEq)]
pub enum TriggerSaid {
    /// A trigger has something to say.
    Said(i64, WaitOutcome),
    /// A trigger that was to go on for ever ended.
    Ended {
        /// Its number.
        id: i64,
        /// It did not end well.
        failed: bool,
    },
}

enum Command {
    Run(Box<RunTrigger>),
    Cancel { id: i64, kill: bool },
    Kept { id: i64, count: usize },
}

enum News {
    Said(i64, WaitOutcome),
    Ended {
        id: i64,
        failed: bool,
    },
    /// A child is gone, with what it was busy with if that is why.
    Gone {
        child: u64,
        why: String,
        culprit: Option<i64>,
    },
}

/// The way to the triggers of this process. Dropping it ends them.
#[derive(Clone)]
pub struct TriggerPool {
    commands: mpsc::UnboundedSender<Command>,
}

impl TriggerPool {
    /// A pool without triggers, and what they say. Triggers of one bundle share processes, in the environment of that
    /// bundle. Needs a running Tokio runtime.
    pub fn new(
        config: TriggerConfig,
        hosts: Hosts,
        answerer: Answerer,
    ) -> (Self, mpsc::UnboundedReceiver<TriggerSaid>) {
        let (commands, inbox) = mpsc::unbounded_channel();
        let (said, heard) = mpsc::unbounded_channel();
        let (news, newsfeed) = mpsc::unbounded_channel();
        let (files, orders) = mpsc::unbounded_channel();
        tokio::spawn(files::look(orders, news.clone()));
        let keeper = Keeper {
            config,
            hosts,
            answerer,
            said,
            news,
            children: BTreeMap::new(),
            place: HashMap::new(),
            files,
            awaited: HashSet::new(),
            next: 0,
        };
        tokio::spawn(keeper.work(inbox, newsfeed));
        (Self { commands }, heard)
    }

    /// Runs a trigger. One that runs already is left alone.
    pub fn run(&self, trigger: RunTrigger) {
        let _ = self.commands.send(Command::Run(Box::new(trigger)));
    }

    /// Ends a trigger. `kill`: a person ended its task.
    pub fn cancel(&self, id: i64, kill: bool) {
        let _ = self.commands.send(Command::Cancel { id, kill });
    }

    /// So many more events of a watcher's trigger are in the database.
    pub fn kept(&self, id: i64, count: usize) {
        let _ = self.commands.send(Command::Kept { id, count });
    }
}

/// A child and what it runs.
struct Kept {
    to: mpsc::UnboundedSender<ToTriggers>,
    triggers: HashMap<i64, RunTrigger>,
    since: Instant,
    /// Runs one trigger that blocked a loop before, and takes no others.
    alone: bool,
    /// Whose triggers it runs.
    bundle: Option<String>,
}

struct Keeper {
    config: TriggerConfig,
    hosts: Hosts,
    answerer: Answerer,
    said: mpsc::UnboundedSender<TriggerSaid>,
    news: mpsc::UnboundedSender<News>,
    children: BTreeMap<u64, Kept>,
    /// Trigger to child.
    place: HashMap<i64, u64>,
    /// Where files are looked for without Python.
    files: mpsc::UnboundedSender<files::Order>,
    /// Triggers that wait there.
    awaited: HashSet<i64>,
    next: u64,
}

impl Keeper {
    async fn work(mut self, mut commands: mpsc::UnboundedReceiver<Command>, mut news: mpsc::UnboundedReceiver<News>) {
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Run(trigger)) => self.run(*trigger, false),
                    Some(Command::Kept { id, count }) => {
                        if let Some(kept) = self.place.get(&id).and_then(|child| self.children.get(child)) {
                            let _ = kept.to.send(ToTriggers::Kept { id, count });
                        }
                    }
                    Some(Command::Cancel { id, .. }) if self.awaited.remove(&id) => {
                        let _ = self.files.send(files::Order::Forget(id));
                    }
                    Some(Command::Cancel { id, kill }) => {
                        if let Some(kept) = self.place.get(&id).and_then(|child| self.children.get(child)) {
                            let _ = kept.to.send(ToTriggers::CancelTrigger { id, kill });
                        }
                    }
                    // Children end when their senders are dropped.
                    None => return,
                },
                Some(news) = news.recv() => self.hear(news),
            }
        }
    }

    fn run(&mut self, trigger: RunTrigger, alone: bool) {
        if self.place.contains_key(&trigger.id) || self.awaited.contains(&trigger.id) {
            return;
        }
        if let Some(wait) = FileWait::of(&trigger) {
            self.awaited.insert(trigger.id);
            let _ = self.files.send(files::Order::Watch(trigger.id, wait));
            return;
        }
        let fits = |kept: &Kept| {
            !kept.alone
                && kept.bundle == trigger.bundle
                && kept.triggers.len() < self.config.per_child
                && kept.since.elapsed() < self.config.child_age
                && !kept.to.is_closed()
        };
        let free =
            if alone { None } else { self.children.iter().find(|(_, kept)| fits(kept)).map(|(child, _)| *child) };
        let child = free.unwrap_or_else(|| self.start(alone, trigger.bundle.clone()));
        self.place.insert(trigger.id, child);
        if let Some(kept) = self.children.get_mut(&child) {
            let _ = kept.to.send(ToTriggers::RunTrigger(Box::new(trigger.clone())));
            kept.triggers.insert(trigger.id, trigger);
        }
    }

    fn start(&mut self, alone: bool, bundle: Option<String>) -> u64 {
        self.next += 1;
        let (to, orders) = mpsc::unbounded_channel();
        self.children.insert(
            self.next,
            Kept { to, triggers: HashMap::new(), since: Instant::now(), alone, bundle: bundle.clone() },
        );
        let conversation = Conversation {
            number: self.next,
            roots: self.roots(bundle.as_deref()),
            config: self.config.clone(),
            answerer: self.answerer.clone(),
            news: self.news.clone(),
            logs: HashMap::new(),
            places: HashMap::new(),
            secrets: Vec::new(),
        };
        let hosts = bundle.map_or_else(|| self.hosts.common(), |bundle| self.hosts.of(&bundle)).clone();
        tokio::spawn(conversation.hold(hosts, orders));
        self.next
    }

    /// Roots for `sys.path`, that of the bundle first.
    fn roots(&self, bundle: Option<&str>) -> Vec<String> {
        let (own, others): (Vec<_>, Vec<_>) =
            self.config.roots.iter().partition(|(name, _)| Some(name.as_str()) == bundle);
        own.into_iter().chain(others).map(|(_, root)| root.to_string_lossy().into_owned()).collect()
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Said(id, outcome) => {
                let _ = self.said.send(TriggerSaid::Said(id, outcome));
            }
            News::Ended { id, failed } => {
                self.awaited.remove(&id);
                let Some(child) = self.place.remove(&id) else { return };
                if let Some(kept) = self.children.get_mut(&child) {
                    let once = kept.triggers.remove(&id).is_none_or(|trigger| trigger.once);
                    let old = kept.since.elapsed() >= self.config.child_age || kept.alone;
                    if kept.triggers.is_empty() && old {
                        self.children.remove(&child);
                    }
                    if !once {
                        let _ = self.said.send(TriggerSaid::Ended { id, failed });
                    }
                }
            }
            News::Gone { child, why, culprit } => {
                let Some(kept) = self.children.remove(&child) else { return };
                if !kept.triggers.is_empty() {
                    tracing::error!(
                        triggers = kept.triggers.len(),
                        culprit =
                            culprit.and_then(|id| kept.triggers.get(&id)).map(|trigger| trigger.classpath.as_str()),
                        "a process that runs triggers {why}; its triggers are run in another one"
                    );
                }
                for (id, trigger) in kept.triggers {
                    self.place.remove(&id);
                    self.run(trigger, culprit == Some(id) || kept.alone);
                }
            }
        }
    }
}

/// One child from its start to its end.
struct Conversation {
    number: u64,
    roots: Vec<String>,
    config: TriggerConfig,
    answerer: Answerer,
    news: mpsc::UnboundedSender<News>,
    logs: HashMap<i64, TryLog>,
    places: HashMap<i64, PathBuf>,
    secrets: Vec<String>,
}

/// Between attempts to start a child.
const PAUSE: Duration = Duration::from_secs(1);

impl Conversation {
    async fn hold(mut self, hosts: HostPool, orders: mpsc::UnboundedReceiver<ToTriggers>) {
        let number = self.number;
        let news = self.news.clone();
        let began = Instant::now();
        let (why, culprit) = match hosts.child().await {
            Ok(child) => self.converse(child, orders).await,
            Err(error) => (format!("could not be started: {error}"), None),
        };
        // One that can't even begin is not tried again as fast as the machine can.
        tokio::time::sleep(PAUSE.saturating_sub(began.elapsed())).await;
        let _ = news.send(News::Gone { child: number, why, culprit });
    }

    async fn converse(
        &mut self,
        mut child: Child,
        mut orders: mpsc::UnboundedReceiver<ToTriggers>,
    ) -> (String, Option<i64>) {
        let job = TriggersJob {
            roots: std::mem::take(&mut self.roots),
            on_kill_timeout: self.config.on_kill_timeout.as_secs_f64(),
        };
        if let Err(error) = child.control.send(&job) {
            child.kill(9);
            return (format!("can't be told its job: {error}"), None);
        }
        let step = (self.config.blocked_after / 4).min(Duration::from_secs(1));
        let mut clock = tokio::time::interval(step);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut alive, mut sent, mut asked) = (Instant::now(), 0u64, false);
        let mut culprit = None;
        let mut calls = FuturesUnordered::new();
        let (mut out, mut err) = (vec![0; 4096], vec![0; 4096]);
        let (mut out_open, mut err_open) = (true, true);
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => {
                        if let ToTriggers::RunTrigger(trigger) = &order
                            && let Some(log) = &trigger.log
                        {
                            self.places.insert(trigger.id, self.config.log_folder.join(log));
                        }
                        if child.control.send(&order).is_err() {
                            child.kill(9);
                        }
                    }
                    // Nobody wants it any more: its socket closes, and it ends its triggers and itself.
                    None => {
                        child.kill(15);
                        return ("was ended".into(), None);
                    }
                },
                frame = child.control.next::<FromTriggers>() => match frame {
                    Ok(Some(FromTriggers::Pong { .. })) => (alive, asked, culprit) = (Instant::now(), false, None),
                    Ok(Some(FromTriggers::Blocked { id, stack })) => {
                        culprit = id;
                        tracing::warn!(trigger = id, "a trigger blocks its loop:\n{stack}");
                        if let Some(log) = id.and_then(|id| self.log_of(id)) {
                            log.say(now(), "error", &format!("This trigger blocks all others of its process:\n{stack}"), &[]);
                            log.flush();
                        }
                    }
                    Ok(Some(FromTriggers::Call { id, call })) => {
                        let answer = (self.answerer)(call);
                        calls.push(async move { (id, answer.await) });
                    }
                    Ok(Some(frame)) => self.hear(frame),
                    Ok(None) => {
                        let how = tokio::time::timeout(PAUSE, &mut child.exit).await;
                        let how = how.ok().and_then(Result::ok).map_or_else(|| "without a word".into(), |exit| exit.how.to_string());
                        child.kill(9);
                        return (format!("ended ({how})"), None);
                    }
                    Err(error) => {
                        child.kill(9);
                        return (format!("can't be understood: {error}"), None);
                    }
                },
                Some((id, answer)) = calls.next() => {
                    let result = answer.map_or_else(ReplyResult::Error, ReplyResult::Ok);
                    if child.control.send(&Reply { id, result }).is_err() {
                        child.kill(9);
                    }
                }
                _ = clock.tick() => {
                    let silent = alive.elapsed();
                    if silent >= self.config.blocked_after {
                        child.kill(9);
                        return (format!("did not answer for {:.1} s and was ended", silent.as_secs_f64()), culprit);
                    }
                    if silent >= self.config.blocked_after / 2 && !asked {
                        asked = true;
                        child.kill(10); // SIGUSR1: what are you doing?
                    }
                    sent += 1;
                    if child.control.send(&ToTriggers::Ping { number: sent }).is_err() {
                        child.kill(9);
                    }
                }
                count = child.stdout.read(&mut out), if out_open => {
                    out_open = printed(&out[..count.unwrap_or(0)]);
                }
                count = child.stderr.read(&mut err), if err_open => {
                    err_open = printed(&err[..count.unwrap_or(0)]);
                }
            }
        }
    }

    fn hear(&mut self, frame: FromTriggers) {
        match frame {
            FromTriggers::TriggerSaid { id, outcome } => {
                let _ = self.news.send(News::Said(id, outcome));
            }
            FromTriggers::TriggerEnded { id, failed } => {
                self.logs.remove(&id);
                self.places.remove(&id);
                let _ = self.news.send(News::Ended { id, failed });
            }
            FromTriggers::Mask { values } => {
                self.logs.values_mut().for_each(|log| log.add_secrets(values.clone()));
                self.secrets.extend(values);
            }
            FromTriggers::Log(mut record) => {
                let of = record.remove("trigger_id").and_then(|id| id.as_i64());
                match of.and_then(|id| self.log_of(id)) {
                    Some(log) => {
                        log.record(record);
                        log.flush();
                    }
                    None => {
                        let event = record.get("event").and_then(Value::as_str).unwrap_or_default();
                        tracing::info!(target: "tradewind::trigger", trigger = of, "{event}");
                    }
                }
            }
            FromTriggers::Pong { .. }
            | FromTriggers::Blocked { .. }
            | FromTriggers::Call { .. }
            | FromTriggers::Unknown => {}
        }
    }

    /// The log of a trigger, next to the one of the try that waits for it.
    fn log_of(&mut self, id: i64) -> Option<&mut TryLog> {
        if !self.logs.contains_key(&id) {
            let path = self.places.get(&id)?;
            match TryLog::open(path) {
                Ok(mut log) => {
                    log.add_secrets(self.secrets.clone());
                    self.logs.insert(id, log);
                }
                Err(error) => {
                    tracing::error!(log = %path.display(), %error, "a trigger's log can't be written");
                    return None;
                }
            }
        }
        self.logs.get_mut(&id)
    }
}

/// What triggers print goes to our own log; false when nothing comes any more.
fn printed(bytes: &[u8]) -> bool {
    for line in String::from_utf8_lossy(bytes).lines() {
        tracing::info!(target: "tradewind::trigger", "{line}");
    }
    !bytes.is_empty()
}
