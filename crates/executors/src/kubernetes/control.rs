//! The executor's loop: tries that want a pod, pods that are there, and what follows of both.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::{BoxStream, SelectAll, StreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt as _};
use tokio::sync::mpsc;
use tradewind_core::{Timestamp, TryId};
use tradewind_protocol::Workload;

use super::access::{Trouble, deepest};
use super::config::KubernetesConfig;
use super::pod::{DONE, OURS, OWNER, QUEUED_AT, TRY};
use super::record::{self, Said};
use super::requests::{Key, Requests};
use super::settle::{Case, End, Verdict, capital, settle};
use super::sight::{Sight, see};
use crate::PodNote;

/// How often clocks are looked at.
const TICK: Duration = Duration::from_secs(1);
/// How often it is looked who of the other schedulers lives.
const LOOK_AROUND: Duration = Duration::from_secs(10);
/// Longest pause between attempts to make pods while Kubernetes is away.
const LONGEST_HOLD: Duration = Duration::from_secs(10);
/// How long a try waits that exceeded a quota.
const QUOTA_PAUSE: Duration = Duration::from_secs(10);
/// How long a pod whose try is over may take to end by itself.
const LAST_MOMENTS: Duration = Duration::from_secs(5);

/// What the scheduler says.
pub(super) enum Command {
    Run(Vec<Workload>),
    Cancel(Vec<TryId>),
}

/// What tasks of the loop report.
enum Note {
    Created { try_id: TryId, queued_at: Timestamp, launch: u32, answer: Result<Box<Pod>, Trouble> },
    Settled { case: Case, verdict: Verdict },
    Alive { asked_at: Instant, schedulers: HashSet<i64> },
}

/// A try that is to run.
struct Wanted {
    workload: Arc<Workload>,
    /// Which pod it is: 0 for the first.
    launch: u32,
    /// How often a quota was exceeded.
    refused: i64,
    /// Its pod, once there is one.
    pod: Option<Key>,
    /// What its log was told last.
    told: Option<String>,
}

/// A pod that is there, or was.
struct Seen {
    try_id: TryId,
    queued_at: Timestamp,
    sight: Sight,
    owner: i64,
    node: Option<String>,
    created_at: Timestamp,
    /// When this loop saw it first.
    seen_at: Instant,
    watch: usize,
    /// Since when its try is over.
    over_since: Option<Instant>,
    /// Its end is being dealt with, or was.
    settled: bool,
    /// Somebody deletes it.
    deleted: bool,
    /// It is not there any more.
    gone: bool,
    /// What was written down of it last.
    noted: Option<PodNote>,
}

type Watch = BoxStream<'static, (usize, Result<Event<Pod>, watcher::Error>)>;

/// The loop's memory. All of it can be lost: what is wanted comes again from the scheduler, and what is there from
/// Kubernetes.
pub(super) struct Control {
    config: Arc<KubernetesConfig>,
    requests: Requests,
    inbox: mpsc::UnboundedReceiver<Command>,
    scheduler: i64,
    wanted: HashMap<TryId, Wanted>,
    pods: HashMap<Key, Seen>,
    of_try: HashMap<TryId, Key>,
    queue: VecDeque<TryId>,
    later: Vec<(Instant, TryId)>,
    look_again: Vec<(Instant, Case)>,
    creating: usize,
    /// No pod is asked for before this instant.
    hold: Option<(Instant, Duration)>,
    notes: (mpsc::UnboundedSender<Note>, mpsc::UnboundedReceiver<Note>),
    /// By watch: which pods a list that is under way has, and since when.
    listing: HashMap<usize, (Instant, BTreeSet<Key>)>,
    listed: HashSet<usize>,
    looked_around: Option<Instant>,
    /// Who writes down what pods are like, once the loop runs.
    record: Option<mpsc::UnboundedSender<Said>>,
}

impl Control {
    pub(super) fn new(requests: Requests, inbox: mpsc::UnboundedReceiver<Command>) -> Self {
        Self {
            config: Arc::clone(&requests.config),
            requests,
            inbox,
            scheduler: 0,
            wanted: HashMap::new(),
            pods: HashMap::new(),
            of_try: HashMap::new(),
            queue: VecDeque::new(),
            later: Vec::new(),
            look_again: Vec::new(),
            creating: 0,
            hold: None,
            notes: mpsc::unbounded_channel(),
            listing: HashMap::new(),
            listed: HashSet::new(),
            looked_around: None,
            record: None,
        }
    }

    /// Works until the executor is gone.
    pub(super) async fn run(mut self, scheduler: i64) {
        self.scheduler = scheduler;
        self.record = Some(record::start(Arc::clone(&self.requests.desk)));
        let mut watches: SelectAll<Watch> = SelectAll::new();
        let namespaces = self.config.watched();
        let watched = namespaces.len();
        for (index, namespace) in namespaces.into_iter().enumerate() {
            watches.push(self.watch(index, namespace.as_deref()));
        }
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = self.inbox.recv() => match command {
                    Some(Command::Run(workloads)) => workloads.into_iter().for_each(|one| self.want(one)),
                    Some(Command::Cancel(tries)) => tries.into_iter().for_each(|id| self.cancel(id)),
                    None => return,
                },
                Some(note) = self.notes.1.recv() => self.hear(note),
                Some((index, event)) = watches.next() => self.watched(index, event),
                _ = tick.tick() => self.tick(),
            }
            // Before everything was listed, a pod that is there could be asked for again.
            if self.listed.len() == watched {
                self.launch();
            }
        }
    }

    fn watch(&self, index: usize, namespace: Option<&str>) -> Watch {
        let client = self.requests.client.clone();
        let api: Api<Pod> = match namespace {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        };
        let config = watcher::Config::default().labels(&format!("{OURS},{DONE}!=True"));
        watcher(api, config).default_backoff().map(move |event| (index, event)).boxed()
    }

    /// A try is to run. Hearing it again changes nothing.
    fn want(&mut self, workload: Workload) {
        let try_id = workload.try_id;
        if self.wanted.get(&try_id).is_some_and(|wanted| wanted.workload.queued_at == workload.queued_at) {
            return;
        }
        let queued_at = workload.queued_at;
        let there = self.of_try.get(&try_id).and_then(|key| Some((key.clone(), self.pods.get(key)?)));
        let pod = there.and_then(|(key, seen)| (seen.queued_at == queued_at && !seen.settled).then_some(key));
        if pod.is_none() {
            self.queue.push_back(try_id);
        }
        let wanted = Wanted { workload: Arc::new(workload), launch: 0, refused: 0, pod: pod.clone(), told: None };
        self.wanted.insert(try_id, wanted);
        if let Some(key) = pod {
            // Its run came to this scheduler, so its pod does as well.
            self.adopt(&key);
        }
    }

    /// A try is over: its pod reported so itself and is about to end, or somebody marked or cleared it.
    fn cancel(&mut self, try_id: TryId) {
        self.wanted.remove(&try_id);
        let Some(seen) = self.of_try.get(&try_id).and_then(|key| self.pods.get_mut(key)) else { return };
        seen.over_since.get_or_insert_with(Instant::now);
    }

    /// Pods that go on although their try is over. Kubernetes asks their container to end first: the try's own process
    /// has time for on_kill.
    fn remove_what_goes_on(&mut self) {
        for (key, seen) in &mut self.pods {
            let overdue = seen.over_since.is_some_and(|since| since.elapsed() >= LAST_MOMENTS);
            if overdue && !seen.gone && !seen.settled {
                seen.settled = true;
                let (requests, key) = (self.requests.clone(), key.clone());
                tokio::spawn(async move { requests.remove(key).await });
            }
        }
    }

    /// Asks for as many pods as may be asked for at once.
    fn launch(&mut self) {
        if self.hold.is_some_and(|(until, _)| until > Instant::now()) {
            return;
        }
        while self.creating < self.config.creation_concurrency {
            let Some(try_id) = self.queue.pop_front() else { return };
            let Some(wanted) = self.wanted.get(&try_id).filter(|wanted| wanted.pod.is_none()) else { continue };
            let (workload, launch) = (Arc::clone(&wanted.workload), wanted.launch);
            self.creating += 1;
            let (requests, notes, scheduler) = (self.requests.clone(), self.notes.0.clone(), self.scheduler);
            tokio::spawn(async move {
                let answer = requests.create(&workload, scheduler, launch).await.map(Box::new);
                let _ = notes.send(Note::Created { try_id, queued_at: workload.queued_at, launch, answer });
            });
        }
    }

    fn hear(&mut self, note: Note) {
        match note {
            Note::Created { try_id, queued_at, launch, answer } => {
                self.creating -= 1;
                self.created(try_id, queued_at, launch, answer);
            }
            Note::Settled { case, verdict } => self.settled(case, verdict),
            Note::Alive { asked_at, schedulers } => {
                let orphaned = self.pods.iter().filter(|(_, seen)| {
                    seen.owner != self.scheduler && seen.seen_at < asked_at && !schedulers.contains(&seen.owner)
                });
                for key in orphaned.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
                    self.adopt(&key);
                }
            }
        }
    }

    fn created(&mut self, try_id: TryId, queued_at: Timestamp, launch: u32, answer: Result<Box<Pod>, Trouble>) {
        let wanted = self.wanted.get_mut(&try_id);
        let wanted = wanted.filter(|wanted| wanted.workload.queued_at == queued_at && wanted.launch == launch);
        let soon = Instant::now() + TICK;
        match (answer, wanted) {
            (Ok(pod), wanted) => {
                self.hold = None;
                let key = Key::of(&pod);
                let is_wanted = wanted.is_some();
                if let Some(wanted) = wanted {
                    wanted.pod = Some(key.clone());
                }
                // The watch may have told more of it by now.
                if !self.pods.contains_key(&key) {
                    self.observe(&pod);
                }
                if !is_wanted {
                    // Cancelled while it was asked for. Nobody could run anything in it, but why let it begin?
                    self.cancel(try_id);
                } else {
                    self.adopt(&key);
                }
            }
            (Err(_), None) => {}
            (Err(Trouble::Exists | Trouble::Missing), Some(wanted)) => {
                wanted.launch += 1;
                self.queue.push_back(try_id);
            }
            (Err(Trouble::Away(words)), Some(_)) => {
                let pause = self.hold.map_or(TICK / 2, |(_, pause)| (pause * 2).min(LONGEST_HOLD));
                if self.hold.is_none_or(|(until, _)| until <= Instant::now()) {
                    self.hold = Some((Instant::now() + pause, pause));
                    tracing::warn!(words, "Kubernetes cannot be asked for pods; trying again");
                }
                self.later.push((soon, try_id));
                self.tell(try_id, &format!("Kubernetes cannot be asked for a pod ({words}); it is tried again"));
            }
            (Err(Trouble::Quota(words)), Some(wanted)) => {
                wanted.refused += 1;
                let most = self.config.task_publish_max_retries;
                if most >= 0 && wanted.refused > most {
                    let reason = format!(
                        "Kubernetes makes no pod: {words}. [kubernetes_executor] task_publish_max_retries = {most}; -1 waits until there is room"
                    );
                    self.give_up(try_id, reason);
                } else {
                    self.later.push((Instant::now() + QUOTA_PAUSE, try_id));
                    self.tell(try_id, &format!("Kubernetes makes no pod yet: {words}"));
                }
            }
            (Err(Trouble::Refused(words)), Some(_)) => {
                self.give_up(try_id, format!("Kubernetes makes no pod: {words}"))
            }
            (Err(Trouble::Unasked(words)), Some(_)) => self.give_up(try_id, format!("no pod is asked for: {words}")),
        }
    }

    /// Says something in a try's log, unless it was said last.
    fn tell(&mut self, try_id: TryId, line: &str) {
        let Some(wanted) = self.wanted.get_mut(&try_id) else { return };
        if wanted.told.as_deref() == Some(line) {
            return;
        }
        wanted.told = Some(line.to_owned());
        let (desk, line) = (Arc::clone(&self.requests.desk), line.to_owned());
        tokio::spawn(async move { desk.say(try_id, "warning", &line).await });
    }

    /// A queued try cannot be run.
    fn give_up(&mut self, try_id: TryId, reason: String) {
        self.wanted.remove(&try_id);
        let desk = Arc::clone(&self.requests.desk);
        tokio::spawn(async move {
            let mut pause = TICK;
            loop {
                match desk.give_up(try_id, &reason).await {
                    Ok(true) => return desk.say(try_id, "error", &capital(&reason)).await,
                    Ok(false) => return,
                    Err(error) => tracing::warn!(%try_id, %error, "cannot give a try up; trying again"),
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_HOLD);
            }
        });
    }

    fn watched(&mut self, index: usize, event: Result<Event<Pod>, watcher::Error>) {
        match event {
            Ok(Event::Init) => {
                self.listing.insert(index, (Instant::now(), BTreeSet::new()));
            }
            Ok(Event::InitApply(pod)) => {
                if let Some((_, keys)) = self.listing.get_mut(&index) {
                    keys.insert(Key::of(&pod));
                }
                self.observe(&pod);
            }
            Ok(Event::InitDone) => {
                self.listed.insert(index);
                let Some((began, there)) = self.listing.remove(&index) else { return };
                self.listed(index, began, &there);
                let missing = self.pods.iter().filter(|(key, seen)| {
                    seen.watch == index && !seen.gone && seen.seen_at < began && !there.contains(key)
                });
                for key in missing.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
                    self.gone(&key);
                }
            }
            Ok(Event::Apply(pod)) => self.observe(&pod),
            Ok(Event::Delete(pod)) => {
                let key = Key::of(&pod);
                // Gone, or labelled as done and so out of the watch; those are settled.
                self.observe(&pod);
                self.gone(&key);
            }
            Err(error) => {
                tracing::warn!(
                    error = deepest(&error),
                    "cannot watch pods; trying again. The scheduler's account needs get, list and watch on pods"
                );
            }
        }
    }

    /// A pod as it is now.
    fn observe(&mut self, pod: &Pod) {
        let annotation = |name: &str| pod.annotations().get(name);
        let Some(try_id) = annotation(TRY).and_then(|text| text.parse::<TryId>().ok()) else { return };
        let Some(queued_at) = annotation(QUEUED_AT).and_then(|text| text.parse().ok()) else { return };
        let key = Key::of(pod);
        let owner = pod.labels().get(OWNER).and_then(|text| text.parse().ok()).unwrap_or(0);
        let created_at = pod
            .creation_timestamp()
            .map_or_else(|| self.requests.desk.now(), |at| Timestamp::from_micros(at.0.as_microsecond()));
        let is_there = |namespace: &Option<String>| namespace.as_ref().is_none_or(|name| *name == key.namespace);
        let watch = self.config.watched().iter().position(is_there).unwrap_or(0);
        let seen = self.pods.entry(key.clone()).or_insert_with(|| Seen {
            try_id,
            queued_at: Timestamp::from_micros(queued_at),
            sight: Sight::Pending(None),
            owner,
            created_at,
            node: None,
            seen_at: Instant::now(),
            watch,
            over_since: None,
            settled: false,
            deleted: false,
            gone: false,
            noted: None,
        });
        seen.owner = owner;
        seen.sight = see(pod);
        seen.node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
        seen.deleted = pod.metadata.deletion_timestamp.is_some();
        self.of_try.insert(try_id, key.clone());
        self.note(&key);
        self.look(&key);
    }

    /// Writes down what a pod of this scheduler is like, if that has changed.
    fn note(&mut self, key: &Key) {
        let scheduler = self.scheduler;
        let Some(seen) = self.pods.get_mut(key).filter(|seen| seen.owner == scheduler) else { return };
        let (phase, problem) = match &seen.sight {
            Sight::Pending(problem) => ("Pending", problem.as_ref()),
            Sight::Running => ("Running", None),
            Sight::Succeeded => ("Succeeded", None),
            Sight::Failed(problem) => ("Failed", Some(problem)),
        };
        let over = matches!(seen.sight, Sight::Succeeded | Sight::Failed(_));
        let note = PodNote {
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            try_id: seen.try_id,
            scheduler,
            phase: if seen.gone && !over { "Deleted" } else { phase },
            node: seen.node.clone(),
            problem: problem.map(|problem| (problem.reason.clone(), problem.words.clone())),
            created_at: seen.created_at,
        };
        if seen.noted.as_ref() != Some(&note)
            && let Some(record) = &self.record
        {
            seen.noted = Some(note.clone());
            let _ = record.send(Said::Pod(Box::new(note)));
        }
    }

    /// Pods that were noted and are not in a list are gone: their scheduler may not have seen them go.
    fn listed(&self, index: usize, began: Instant, there: &BTreeSet<Key>) {
        let Some(record) = &self.record else { return };
        let ago = tradewind_core::Duration::from_secs_f64(began.elapsed().as_secs_f64());
        let _ = record.send(Said::Listed {
            namespace: self.config.watched().into_iter().nth(index).flatten(),
            there: there.iter().map(|key| format!("{}/{}", key.namespace, key.name)).collect(),
            since: self.requests.desk.now() - ago,
        });
    }

    /// Decides whether something is to be done about a pod of this scheduler.
    fn look(&mut self, key: &Key) {
        let Some(seen) = self.pods.get(key).filter(|seen| seen.owner == self.scheduler && !seen.settled) else {
            return;
        };
        let (try_id, deleted) = (seen.try_id, seen.deleted);
        let end = match &seen.sight {
            Sight::Running | Sight::Pending(None) => return,
            Sight::Succeeded => End::Ended { words: "its container ended well".into(), reason: None, deleted },
            Sight::Failed(problem) => {
                End::Ended { words: problem.words.clone(), reason: Some(problem.reason.clone()), deleted }
            }
            Sight::Pending(Some(problem)) => {
                let passes = problem.reason == "ErrImagePull" && problem.words.contains("pull QPS exceeded");
                if !self.config.fatal_reasons.contains(&problem.reason) || passes {
                    let line = format!("The pod {key} cannot begin yet: {}", problem.words);
                    return self.tell(try_id, &line);
                }
                End::Stuck { words: problem.words.clone() }
            }
        };
        self.settle(key, end);
    }

    fn settle(&mut self, key: &Key, end: End) {
        let Some(seen) = self.pods.get_mut(key) else { return };
        seen.settled = true;
        let case = Case { key: key.clone(), try_id: seen.try_id, queued_at: seen.queued_at, end };
        self.ask(case);
    }

    fn ask(&self, case: Case) {
        let (requests, notes) = (self.requests.clone(), self.notes.0.clone());
        tokio::spawn(async move {
            let verdict = settle(&requests, &case).await;
            let _ = notes.send(Note::Settled { case, verdict });
        });
    }

    /// A pod is not there any more.
    fn gone(&mut self, key: &Key) {
        let Some(seen) = self.pods.get_mut(key) else { return };
        let (was_settled, is_own) = (seen.settled, seen.owner == self.scheduler);
        seen.gone = true;
        self.note(key);
        if was_settled || !is_own {
            return self.forget(key);
        }
        self.settle(key, End::Gone { since: self.requests.desk.now() });
    }

    fn forget(&mut self, key: &Key) {
        let Some(seen) = self.pods.remove(key) else { return };
        if self.of_try.get(&seen.try_id) == Some(key) {
            self.of_try.remove(&seen.try_id);
        }
    }

    fn settled(&mut self, case: Case, verdict: Verdict) {
        let Case { key, try_id, queued_at, end } = case.clone();
        let wanted = self.wanted.get_mut(&try_id).filter(|wanted| {
            wanted.workload.queued_at == queued_at && wanted.pod.as_ref().is_none_or(|pod| *pod == key)
        });
        match verdict {
            Verdict::LookAgain(pause) => return self.look_again.push((Instant::now() + pause, case)),
            Verdict::Over => {
                if wanted.is_some() {
                    self.wanted.remove(&try_id);
                }
            }
            Verdict::NotBegun { words, again } => match wanted {
                Some(wanted) if again && wanted.launch < self.config.pod_launch_failure_retries => {
                    wanted.launch += 1;
                    wanted.pod = None;
                    self.queue.push_back(try_id);
                    self.tell(try_id, &format!("{}; another pod is asked for", capital(&words)));
                }
                Some(_) => self.give_up(try_id, words),
                // The scheduler that owns the run sees the same, and decides.
                None => {}
            },
        }
        let failed = match end {
            End::Gone { .. } => return self.forget(&key),
            End::Stuck { .. } => true,
            End::Ended { reason, .. } => reason.is_some(),
        };
        if self.pods.get(&key).is_none_or(|seen| seen.gone) {
            return self.forget(&key);
        }
        let delete = self.config.delete_worker_pods && (!failed || self.config.delete_worker_pods_on_failure);
        let requests = self.requests.clone();
        tokio::spawn(async move { if delete { requests.remove(key).await } else { requests.let_be(key).await } });
    }

    /// Looks after a pod that another scheduler looked after.
    fn adopt(&mut self, key: &Key) {
        let Some(seen) = self.pods.get_mut(key).filter(|seen| seen.owner != self.scheduler && !seen.gone) else {
            return;
        };
        tracing::info!(pod = %key, from = seen.owner, "a pod is adopted");
        seen.owner = self.scheduler;
        let (requests, scheduler, adopted) = (self.requests.clone(), self.scheduler, key.clone());
        tokio::spawn(async move { requests.adopt(adopted, scheduler).await });
        self.note(key);
        self.look(key);
    }

    fn tick(&mut self) {
        let now = Instant::now();
        let (due, later) = std::mem::take(&mut self.later).into_iter().partition(|(at, _)| *at <= now);
        self.later = later;
        self.queue.extend(Vec::into_iter(due).map(|(_, try_id)| try_id));
        let (due, look_again) = std::mem::take(&mut self.look_again).into_iter().partition(|(at, _)| *at <= now);
        self.look_again = look_again;
        Vec::into_iter(due).for_each(|(_, case)| self.ask(case));
        self.give_up_what_waits_too_long();
        self.remove_what_goes_on();
        if self.looked_around.is_none_or(|at| now.duration_since(at) >= LOOK_AROUND) {
            self.looked_around = Some(now);
            let (desk, notes) = (Arc::clone(&self.requests.desk), self.notes.0.clone());
            tokio::spawn(async move {
                if let Ok(schedulers) = desk.live_schedulers().await {
                    let _ = notes.send(Note::Alive { asked_at: now, schedulers });
                }
            });
        }
    }

    /// `[scheduler] task_queued_timeout`.
    fn give_up_what_waits_too_long(&mut self) {
        let (now, limit) = (self.requests.desk.now(), self.config.queued_timeout);
        let is_late = |seen: &Seen| {
            seen.owner == self.scheduler
                && !seen.settled
                && matches!(seen.sight, Sight::Pending(_))
                && now.saturating_since(seen.created_at).to_std() > limit
        };
        let late = self.pods.iter().filter(|(_, seen)| is_late(seen)).map(|(key, _)| key.clone());
        for key in late.collect::<Vec<_>>() {
            let why = match self.pods.get(&key).map(|seen| &seen.sight) {
                Some(Sight::Pending(Some(problem))) => format!("; {}", problem.words),
                _ => String::new(),
            };
            let words = format!("it did not run within [scheduler] task_queued_timeout = {} s{why}", limit.as_secs());
            self.settle(&key, End::Stuck { words });
        }
    }
}
