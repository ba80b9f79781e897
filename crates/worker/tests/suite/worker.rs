//! The worker itself: claims, places, heartbeats, a server that is away, ends.

use std::time::Duration;

use crate::support::{World, bash};
use tradewind_core::TaskState;
use tradewind_protocol::Workload;

impl World {
    fn command(&self, command: &str) -> Workload {
        Workload { lane: bash(command), ..self.workload("none.py", "d", "t") }
    }
}

#[tokio::test]
async fn a_try_that_somebody_else_has_is_not_run() {
    let world = World::new();
    let workload = world.command("touch ran");
    world.api.with(|state| state.refused.insert(workload.try_id));
    world.worker.submit(workload.clone());
    world.worker.drain().await;
    assert!(!world.log_file(&workload).exists());
}

#[tokio::test]
async fn submitting_twice_runs_once() {
    let world = World::new();
    let workload = world.command("echo once");
    assert!(world.worker.submit(workload.clone()));
    assert!(!world.worker.submit(workload.clone()));
    world.api.end_of(workload.try_id).await;
    world.worker.drain().await;
    assert_eq!(world.events(&workload, "task.stdout"), ["once"]);
    assert!(!world.worker.submit(workload), "a worker that goes takes nothing");
}

#[tokio::test]
async fn no_more_run_at_once_than_there_are_places() {
    let world = World::with(|config| config.concurrency = 2, |_| {});
    let tally = world.folder.path().join("tally");
    std::fs::create_dir(&tally).unwrap();
    let count = format!("cd {}; : > $$; ls | wc -l; sleep 0.05; rm $$", tally.display());
    let tries: Vec<Workload> = (0..8).map(|n| Workload { map_index: n, ..world.command(&count) }).collect();
    for workload in &tries {
        world.worker.submit(workload.clone());
    }
    let mut most = 0;
    for workload in &tries {
        assert_eq!(world.api.end_of(workload.try_id).await.state, TaskState::Success);
        most = most.max(world.events(workload, "task.stdout")[0].parse().unwrap());
    }
    assert_eq!(most, 2);
}

#[tokio::test]
async fn a_server_that_is_away_delays_and_loses_nothing() {
    let world = World::new();
    world.api.with(|state| state.away.extend([("register", 2), ("start", 2), ("finish", 3), ("heartbeat", 2)]));
    let workload = world.command("echo x");
    let end = world.run(workload.clone()).await;
    assert_eq!(end.state, TaskState::Success);
    assert_eq!(world.events(&workload, "task.stdout"), ["x"], "it ran once");
    assert!(world.api.with(|state| ["register", "start", "finish"].iter().all(|kind| state.away[kind] == 0)));
}

#[tokio::test]
async fn heartbeats_name_what_runs_and_end_what_is_not_wanted() {
    let world = World::new();
    let workload = world.command("sleep 1000");
    world.worker.submit(workload.clone());
    let id = workload.try_id;
    let worker_id = world.api.until(|s| s.beats.iter().find(|b| b.tries.contains(&id)).map(|b| b.worker_id)).await;
    assert_eq!(worker_id, world.worker.id().await);
    world.until_logged(&workload, "Running command").await;
    world.api.with(|state| state.terminate.push(id));
    let end = world.api.end_of(id).await;
    assert_eq!(end.state, TaskState::UpForRetry);
    assert!(end.reason.unwrap().starts_with("ended: no longer wanted"));
    world.worker.drain().await;
    assert!(world.worker.tries().is_empty());
}

#[tokio::test]
async fn a_try_that_waits_for_a_place_ends_without_starting() {
    let world = World::with(|config| config.concurrency = 1, |_| {});
    let (first, second) = (world.command("sleep 1000"), world.command("echo never"));
    world.worker.submit(first.clone());
    world.until_logged(&first, "Running command").await;
    world.worker.submit(second.clone());
    assert_eq!(world.worker.free_slots(), 0);
    world.worker.cancel(second.try_id);
    while world.worker.tries().contains(&second.try_id) {
        world.worker.changed().await;
    }
    assert!(!world.api.with(|state| state.started.contains_key(&second.try_id)));
    world.worker.stop("the worker stops").await;
    assert_eq!(world.api.end_of(first.try_id).await.reason.as_deref(), Some("ended: the worker stops"));
}

#[tokio::test]
async fn a_log_that_cannot_be_written_fails_the_try_with_the_place() {
    let world = World::with(|config| config.base_log_folder = "/proc/nowhere".into(), |_| {});
    let end = world.run(world.command("true")).await;
    assert_eq!(end.state, TaskState::UpForRetry);
    assert!(end.reason.as_deref().unwrap().contains("check [logging] base_log_folder"), "{:?}", end.reason);
}

#[tokio::test]
async fn an_unknown_bundle_is_named() {
    let world = World::new();
    let end = world.run(Workload { bundle: "other".into(), ..world.command("true") }).await;
    assert_eq!(end.reason.as_deref(), Some("this worker has no bundle 'other'; it has: dags-folder"));
}

#[tokio::test]
async fn logs_are_shipped_whole_even_when_the_server_is_away() {
    let world = World::with(|config| config.ship_logs = true, |_| {});
    world.api.with(|state| state.away.insert("log", 3));
    let workload = world.command("for i in $(seq 3000); do echo line $i; done; sleep 0.7; echo end");
    world.run(workload.clone()).await;
    let shipped = world.api.with(|state| state.logs[&workload.try_id].clone());
    assert_eq!(shipped, std::fs::read(world.log_file(&workload)).unwrap());
    assert!(shipped.len() > 100_000);
}

#[tokio::test]
async fn what_a_short_try_says_goes_with_its_end() {
    let world = World::with(|config| config.ship_logs = true, |_| {});
    world.api.with(|state| {
        state.takes_log_ends = true;
        state.away.insert("log", u32::MAX)
    });
    let workload = world.command("echo hello");
    let end = world.run(workload.clone()).await;
    let part = end.log.expect("the log");
    assert_eq!(part.offset, 0);
    assert_eq!(part.lines, std::fs::read_to_string(world.log_file(&workload)).unwrap());
    assert!(part.lines.contains("hello") && part.lines.contains("Try ends: success"), "{}", part.lines);
}

#[tokio::test]
async fn a_long_log_is_not_kept_for_the_end() {
    let world = World::with(|config| config.ship_logs = true, |_| {});
    world.api.with(|state| state.takes_log_ends = true);
    let workload = world.command("for i in $(seq 3000); do echo line $i; done");
    let end = world.run(workload.clone()).await;
    assert_eq!(end.log, None);
    let shipped = world.api.with(|state| state.logs[&workload.try_id].clone());
    assert_eq!(shipped, std::fs::read(world.log_file(&workload)).unwrap());
}

/// A sensor that looks again may do so on another worker, which has nothing of what was written before.
#[tokio::test]
async fn a_later_look_of_another_worker_is_put_behind_the_earlier_ones() {
    let world = World::with(|config| config.ship_logs = true, |_| {});
    let look = world.command("echo looked");
    let earlier = b"{\"event\":\"of another worker, and longer than what comes now by a good deal\"}\n".repeat(40);
    world.api.with(|state| state.logs.insert(look.try_id, earlier.clone()));
    world.run(Workload { reschedule_count: 1, ..look.clone() }).await;
    let shipped = world.api.with(|state| state.logs[&look.try_id].clone());
    let mine = std::fs::read(world.log_file(&look)).unwrap();
    assert_eq!(shipped, [earlier, mine].concat());
    assert!(String::from_utf8_lossy(&shipped).contains("looked"));
}

#[tokio::test]
async fn workers_that_pull_claim_run_and_leave_when_they_are_done() {
    let world = World::with(|config| config.concurrency = 2, |_| {});
    let tries: Vec<Workload> = (0..5).map(|_| world.command("sleep 0.05")).collect();
    world.api.with(|state| {
        state.away.insert("claim", 1);
        state.queue = tries.clone();
    });
    let (go, shutdown) = tokio::sync::oneshot::channel::<()>();
    let worker = world.worker.clone();
    let pulling = tokio::spawn(async move {
        let gone = async {
            let _ = shutdown.await;
        };
        worker.pull(gone).await
    });
    for workload in &tries[..4] {
        assert_eq!(world.api.end_of(workload.try_id).await.state, TaskState::Success);
    }
    let _ = go.send(());
    tokio::time::timeout(Duration::from_secs(30), pulling).await.unwrap().unwrap().unwrap();
    assert!(world.worker.tries().is_empty());
}

#[tokio::test]
async fn tries_that_wait_are_not_reported_as_running() {
    let world = World::with(|config| config.concurrency = 1, |_| {});
    let gate = world.folder.path().join("gate");
    let first = world.command(&format!("until [ -e {} ]; do sleep 0.01; done", gate.display()));
    let second = world.command("echo second");
    world.worker.submit(first.clone());
    world.worker.submit(second.clone());
    let id = first.try_id;
    let named = world.api.until(|s| s.beats.iter().find(|b| b.tries.contains(&id)).map(|b| b.tries.clone())).await;
    assert_eq!(named, [id]);
    std::fs::write(gate, "").unwrap();
    assert_eq!(world.api.end_of(second.try_id).await.state, TaskState::Success);
}

#[tokio::test]
async fn a_token_that_ran_out_is_renewed_by_a_heartbeat() {
    let world = World::new();
    let workload = Workload { token: "old".into(), ..world.command("echo x") };
    world.api.with(|state| state.tokens.insert(workload.try_id, "new".into()));
    assert_eq!(world.run(workload).await.state, TaskState::Success);
}
