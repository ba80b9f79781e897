//! What every executor must do, over all that `build` makes.

mod tries;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tradewind_celery::{Error, Outbox, Task};
use tradewind_core::TryId;
use tradewind_executors::{AVAILABLE, ByQueue, CeleryExecutor, Executor, Notice, Parts, TryRunner, build};
use tradewind_protocol::Workload;
use tries::{try_id, workload};

/// Where tries end up: the runner of this process, or a worker that claims from the queue when the bell rings.
#[derive(Default)]
struct World {
    /// Tries that are queued and not claimed.
    queued: Mutex<BTreeSet<i64>>,
    /// Tries that somebody runs, in the order in which they were claimed.
    running: Mutex<Vec<i64>>,
    /// Tries whose runner was told to end them.
    ended: Mutex<BTreeSet<i64>>,
}

impl World {
    fn claim(&self, ti_id: i64) {
        if self.queued.lock().unwrap().remove(&ti_id) {
            self.running.lock().unwrap().push(ti_id);
        }
    }

    fn end(&self, ti_id: i64) {
        if self.running.lock().unwrap().contains(&ti_id) {
            self.ended.lock().unwrap().insert(ti_id);
        }
    }
}

/// A broker whose messages reach a worker at once.
struct Post(Arc<World>);

#[async_trait]
impl Outbox for Post {
    fn name(&self) -> &str {
        "post"
    }

    async fn publish(&self, tasks: &[Task]) -> Result<(), Error> {
        assert!(tasks.iter().all(|task| task.queue == "default"));
        tasks.iter().for_each(|task| self.0.claim(task.id.ti_id));
        Ok(())
    }

    async fn waiting(&self, _queue: &str) -> Result<u64, Error> {
        Ok(0)
    }

    async fn revoke(&self, tries: &[TryId]) -> Result<(), Error> {
        tries.iter().for_each(|try_id| self.0.end(try_id.ti_id));
        Ok(())
    }
}

struct Runner(Arc<World>);

impl TryRunner for Runner {
    fn submit(&self, workload: Workload) {
        self.0.claim(workload.try_id.ti_id);
    }

    fn cancel(&self, try_id: TryId) {
        self.0.end(try_id.ti_id);
    }
}

fn parts(world: &Arc<World>) -> Parts {
    let claims = Arc::clone(world);
    Parts {
        parallelism: 4,
        runner: Arc::new(Runner(Arc::clone(world))),
        broker: Some(Arc::new(Post(Arc::clone(world)))),
        kubernetes: None,
        kubernetes_queue: "kubernetes".into(),
        notify: Arc::new(move |notice| match notice {
            Notice::Queued(queues) => {
                assert_eq!(queues, ["default"]);
                let all: Vec<i64> = claims.queued.lock().unwrap().iter().copied().collect();
                all.into_iter().for_each(|ti_id| claims.claim(ti_id));
            }
            Notice::Unwanted(tries) => tries.iter().for_each(|try_id| claims.end(try_id.ti_id)),
        }),
    }
}

/// Runs the check on a fresh world for each executor.
async fn each<F: AsyncFn(&dyn Executor, &World)>(check: F) {
    for name in AVAILABLE {
        let world = Arc::new(World::default());
        let executor = build(name, &parts(&world)).unwrap();
        assert_eq!(executor.name(), name);
        check(executor.as_ref(), &world).await;
    }
}

#[tokio::test]
async fn what_is_submitted_comes_to_run_in_order() {
    each(async |executor, world| {
        world.queued.lock().unwrap().extend([1, 2, 3]);
        executor.submit(vec![workload(1), workload(2), workload(3)]).await;
        assert_eq!(*world.running.lock().unwrap(), [1, 2, 3], "{}", executor.name());
    })
    .await;
}

#[tokio::test]
async fn repeats_are_harmless() {
    each(async |executor, world| {
        world.queued.lock().unwrap().extend([1, 2]);
        executor.submit(vec![workload(1)]).await;
        executor.submit(vec![workload(1), workload(2)]).await;
        executor.submit(vec![]).await;
        assert_eq!(*world.running.lock().unwrap(), [1, 2], "{}", executor.name());
        executor.cancel(vec![try_id(1)]).await;
        executor.cancel(vec![try_id(1)]).await;
        executor.cancel(vec![]).await;
        assert_eq!(*world.ended.lock().unwrap(), BTreeSet::from([1]), "{}", executor.name());
    })
    .await;
}

#[tokio::test]
async fn cancelling_a_stranger_is_harmless() {
    each(async |executor, world| {
        executor.cancel(vec![try_id(99)]).await;
        assert!(world.ended.lock().unwrap().is_empty(), "{}", executor.name());
    })
    .await;
}

#[tokio::test]
async fn slots_are_the_parallelism() {
    let world = Arc::new(World::default());
    let slots = |name, parallelism| build(name, &Parts { parallelism, ..parts(&world) }).unwrap().slots();
    assert_eq!(slots("LocalExecutor", 4), Some(4));
    assert_eq!(slots("LocalExecutor", 0), None);
    assert_eq!(slots("SequentialExecutor", 4), Some(1));
    assert_eq!(slots("EdgeExecutor", 4), None);
    assert_eq!(slots("CeleryExecutor", 4), Some(4));
}

#[tokio::test]
async fn names_of_every_spelling_are_found_and_others_refused() {
    let world = Arc::new(World::default());
    let parts = parts(&world);
    assert_eq!(build(" airflow.executors.local_executor.LocalExecutor", &parts).unwrap().name(), "LocalExecutor");
    assert_eq!(build("airflow.providers.edge3.executors.EdgeExecutor", &parts).unwrap().name(), "EdgeExecutor");
    let celery = "airflow.providers.celery.executors.celery_executor.CeleryExecutor";
    assert_eq!(build(celery, &parts).unwrap().name(), "CeleryExecutor");
    let without = Parts { broker: None, ..parts.clone() };
    assert_eq!(build(celery, &without).err().unwrap().why, "it has no broker");
    for (name, why) in [
        ("airflow.executors.dask_executor.DaskExecutor", "this version of Tradewind does not have it"),
        ("Loca1Executor", "there is no executor of this name"),
        ("", "no name is given"),
    ] {
        let error = build(name, &parts).err().unwrap();
        assert_eq!(error.why, why, "{name}");
        assert!(AVAILABLE.iter().all(|available| error.to_string().contains(available)), "{error}");
    }
}

#[tokio::test]
async fn two_executors_share_the_work_by_queue() {
    let (here, there) = (Arc::new(World::default()), Arc::new(World::default()));
    let local = build("LocalExecutor", &parts(&here)).unwrap();
    let pods = build("SequentialExecutor", &parts(&there)).unwrap();
    let both = ByQueue::new("LocalKubernetesExecutor", local, pods, "pods".into());
    here.queued.lock().unwrap().extend([1, 2]);
    there.queued.lock().unwrap().extend([1, 2]);
    both.submit(vec![workload(1), Workload { queue: "pods".into(), ..workload(2) }]).await;
    assert_eq!((*here.running.lock().unwrap()).as_slice(), [1]);
    assert_eq!((*there.running.lock().unwrap()).as_slice(), [2]);
    both.cancel(vec![try_id(1), try_id(2)]).await;
    assert_eq!(*here.ended.lock().unwrap(), BTreeSet::from([1]));
    assert_eq!(*there.ended.lock().unwrap(), BTreeSet::from([2]));
    assert_eq!((both.name(), both.slots()), ("LocalKubernetesExecutor", Some(4)));
}

/// A broker that forgets everything.
#[derive(Default)]
struct Leaky {
    sent: Mutex<Vec<i64>>,
    waiting: Mutex<u64>,
}

#[async_trait]
impl Outbox for Leaky {
    fn name(&self) -> &str {
        "leaky"
    }

    async fn publish(&self, tasks: &[Task]) -> Result<(), Error> {
        self.sent.lock().unwrap().extend(tasks.iter().map(|task| task.id.ti_id));
        Ok(())
    }

    async fn waiting(&self, _queue: &str) -> Result<u64, Error> {
        Ok(*self.waiting.lock().unwrap())
    }

    async fn revoke(&self, _tries: &[TryId]) -> Result<(), Error> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn lost_messages_are_sent_again_and_no_others() {
    let broker = Arc::new(Leaky::default());
    let celery = CeleryExecutor::new(0, Arc::clone(&broker) as Arc<dyn Outbox>);
    let queued = |ids: std::ops::RangeInclusive<i64>| ids.map(workload).collect::<Vec<_>>();
    let sent = || std::mem::take(&mut *broker.sent.lock().unwrap());
    celery.submit(queued(1..=4)).await;
    assert_eq!(sent(), [1, 2, 3, 4]);
    // All of them wait for a worker: nothing is lost.
    *broker.waiting.lock().unwrap() = 4;
    tokio::time::advance(Duration::from_secs(11)).await;
    celery.remind(queued(1..=4)).await;
    assert!(sent().is_empty());
    // Two are missing: the oldest.
    *broker.waiting.lock().unwrap() = 2;
    celery.remind(queued(1..=4)).await;
    assert_eq!(sent(), [1, 2]);
    // They were just sent.
    celery.remind(queued(1..=4)).await;
    assert!(sent().is_empty());
    // The broker was emptied.
    *broker.waiting.lock().unwrap() = 0;
    tokio::time::advance(Duration::from_secs(21)).await;
    celery.remind(queued(1..=4)).await;
    assert_eq!(sent(), [1, 2, 3, 4]);
}
