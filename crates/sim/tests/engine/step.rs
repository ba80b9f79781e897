//! One thing happens.

use std::sync::atomic::Ordering;

use tradewind_core::{Duration, TaskState};
use tradewind_engine::Clock as _;
use tradewind_sim::Step;
use tradewind_store::ClearTis;

use crate::{Message, World};

impl World {
    pub(crate) async fn step(&mut self, step: Step) {
        let (schedulers, workers) = (self.schedulers.len(), self.workers.len());
        let mut person = false;
        match step {
            Step::Trigger(dag) => self.trigger(dag).await,
            Step::Phase(nth) | Step::Tick(nth) => {
                self.tick(nth % schedulers).await;
            }
            Step::Unknown { scheduler: nth, .. } | Step::Crash(nth) => {
                // Somewhere in its tick: what is done then is anybody's guess.
                let nth = nth % schedulers;
                let fresh = self.scheduler().await;
                let (mut dying, clock) = std::mem::replace(&mut self.schedulers[nth], fresh);
                let mut tick = Box::pin(async move { dying.tick(clock.now()).await.map(|_| ()) });
                for _ in 0..self.started % 23 {
                    if futures_poll_once(&mut tick).await {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            }
            Step::Skew { scheduler, seconds } => {
                let skew = Duration::from_secs(i64::from(seconds)).as_micros();
                self.schedulers[scheduler % schedulers].1.skew.store(skew, Ordering::SeqCst);
            }
            Step::Deliver { message, worker } => {
                if !self.workers[worker % workers].silent
                    && let Some(message) = self.message(message)
                {
                    self.deliver(message, worker % workers).await;
                }
            }
            Step::Lose(nth) => {
                self.message(nth);
            }
            Step::Double(nth) => {
                if let Some(message) = self.message(nth) {
                    self.messages.lock().unwrap().extend([message, message]);
                }
            }
            Step::StartUnheard { message, worker } => {
                if let Some(Message::Submit(try_id)) = self.message(message) {
                    self.start(try_id, worker % workers, false).await;
                }
            }
            Step::Poll(nth) => self.poll(nth % workers).await,
            Step::Finish { worker, nth, outcome, unheard } => {
                self.finish(worker % workers, nth, outcome, unheard).await;
            }
            Step::Beat(nth) => self.beat(nth % workers).await,
            Step::Silence(nth) => self.workers[nth % workers].silent = true,
            Step::Return(nth) => self.workers[nth % workers].silent = false,
            Step::WorkerDies(nth, seen) => {
                let fresh = self.worker().await;
                let old = std::mem::replace(&mut self.workers[nth % workers], fresh);
                if seen {
                    self.store.end_job(old.job, self.now()).await.unwrap();
                }
            }
            Step::Wait(seconds) => self.advance(Duration::from_secs(i64::from(seconds))),
            Step::Clear { first, count } => {
                person = true;
                let ids = self.ti_ids();
                let clear = ClearTis {
                    tis: (0..count.min(ids.len())).map(|n| ids[(first + n) % ids.len()]).collect(),
                    reopen_runs: true,
                    also_runs: Vec::new(),
                    latest_version: false,
                    default_retries: 1,
                    at: self.now(),
                };
                self.store.clear_tis(&clear).await.unwrap();
            }
            Step::Mark { nth, success } => {
                person = true;
                let ids = self.ti_ids();
                if !ids.is_empty() {
                    let state = if success { TaskState::Success } else { TaskState::Failed };
                    self.store.set_ti_state(&[ids[nth % ids.len()]], state, self.now()).await.unwrap();
                }
            }
            Step::Pause { dag, paused } => {
                let dag_id = format!("d{}", dag % self.scenario.dags.len().max(1));
                self.store.set_paused(&[dag_id], paused).await.unwrap();
            }
            Step::Fire { nth, fire } => {
                self.fire(nth, fire).await;
            }
            Step::Backfill { .. } | Step::PauseBackfill { .. } | Step::CancelBackfill(_) => {
                person = true;
                self.backfill(step).await;
            }
            Step::Resize { pool, slots } => {
                let names: Vec<String> = self.scenario.pools.keys().cloned().collect();
                if !names.is_empty() {
                    self.put_pool(&names[pool % names.len()], slots).await;
                }
            }
        }
        self.laws(person).await;
    }
}

/// Polls once; answers whether it is done.
async fn futures_poll_once(future: &mut (impl Future + Unpin)) -> bool {
    std::future::poll_fn(|context| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_ready()))
        .await
}
