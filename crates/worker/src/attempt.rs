//! One try from its claim to its recorded end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use tradewind_core::{Resume, TaskState, Timestamp};
use tradewind_protocol::task_api::{ErrorCode, FinishOutcome, FinishTry, LogPart, StartOutcome, StartTry};
use tradewind_protocol::{LaneSpec, Workload, log_path};

use crate::backoff::Backoff;
use crate::clock::now;
use crate::host::Answerer;
use crate::lane::{self, Ended, Lane, Outcome};
use crate::log::{Shipper, TryLog};
use crate::orphans::end_orphans;
use crate::repositories::Root;
use crate::token::Token;
use crate::worker::{Inner, News, Phase, Place};

/// How long an end that is denied waits for a new token.
const TOKEN_PATIENCE: Duration = Duration::from_secs(120);

/// Runs a try, if it is still to be had.
pub(crate) async fn attempt(worker: &Arc<Inner>, workload: Arc<Workload>, place: &Place) {
    let stop = &place.stop;
    let _slot = match place.refusal {
        Some(_) => None,
        None => tokio::select! {
            slot = worker.slots.acquire() => match slot {
                Ok(slot) => Some(slot),
                Err(_) => return,
            },
            () = stop.asked() => return,
        },
    };
    let worker_id = tokio::select! {
        id = worker.id() => id,
        () = stop.asked() => return,
    };
    if workload.try_number > 1 {
        // The try before may have been a command whose worker was killed, and may still run.
        let _ = tokio::task::spawn_blocking(end_orphans).await;
    }
    let Some((started, resume)) = start(worker, worker_id, &workload, place).await else { return };
    let workload = match resume {
        Some(resume) => {
            // The limit counts the whole try: its parts and the waiting between them.
            let spent = resume.started_at.map_or(Duration::ZERO, |at| started.saturating_since(at).to_std());
            let limit = workload.execution_timeout.map(|limit| limit.to_std().saturating_sub(spent));
            let execution_timeout = limit.map(|left| tradewind_core::Duration::from_secs_f64(left.as_secs_f64()));
            Arc::new(Workload { resume: Some(resume), execution_timeout, ..(*workload).clone() })
        }
        None => workload,
    };
    place.enter(Phase::Running);
    worker.tell(workload.try_id, News::Started);
    let (outcome, log_end, child) = run(worker, &workload, started, place).await;
    let ended_at = now();
    worker.tell(
        workload.try_id,
        News::Ended {
            state: outcome.state,
            reason: outcome.reason.clone(),
            took: (ended_at - started).as_micros() as f64 / 1e6,
        },
    );
    let finish = FinishTry {
        try_id: workload.try_id,
        state: outcome.state,
        at: ended_at,
        reason: outcome.reason,
        xcoms: outcome.xcoms,
        map_length: outcome.map_length,
        reschedule_at: outcome.reschedule_at,
        retry_at: outcome.retry_at,
        called_back: outcome.called_back,
        skip: outcome.skip,
        asset_updates: outcome.asset_updates,
        deferral: outcome.deferral,
        max_rss_kb: outcome.max_rss_kb,
        cpu_ms: outcome.cpu_ms,
        log: log_end,
    };
    if let Some((child, log)) = child {
        tokio::spawn(child.finish(log));
    }
    place.enter(Phase::Ending);
    record(worker, &place.token, finish).await;
}

/// Claims the try: `None` if it is not to be had.
async fn start(
    worker: &Inner,
    worker_id: i64,
    workload: &Workload,
    place: &Place,
) -> Option<(Timestamp, Option<Box<Resume>>)> {
    // The same words at every attempt, so that the server can tell a repetition from a rival.
    let start = StartTry {
        try_id: workload.try_id,
        worker_id,
        hostname: worker.config.hostname.clone(),
        pid: std::process::id(),
        at: now(),
    };
    let mut backoff = Backoff::for_requests();
    loop {
        if place.stop.reason().is_some() {
            return None;
        }
        match worker.api.start(&workload.token, start.clone()).await {
            Ok(StartOutcome::Started) => return Some((start.at, None)),
            Ok(StartOutcome::Resumed(resume)) => return Some((start.at, Some(resume))),
            Ok(StartOutcome::Refused(why)) => {
                tracing::info!(try_id = %workload.try_id, why, "not started");
                return None;
            }
            Err(error) if error.code == ErrorCode::Unavailable => {
                tracing::warn!(try_id = %workload.try_id, %error, "cannot start a try; trying again");
                tokio::select! {
                    () = backoff.wait() => {}
                    () = place.stop.asked() => return None,
                }
            }
            Err(error) => {
                tracing::warn!(try_id = %workload.try_id, %error, "not started");
                return None;
            }
        }
    }
}

type Rest = Option<(lane::Lingering, TryLog)>;

/// Runs a claimed try and writes its log. Answers what the server does not have of the log, if that is for its end.
async fn run(
    worker: &Inner,
    workload: &Arc<Workload>,
    started: Timestamp,
    place: &Place,
) -> (Outcome, Option<LogPart>, Rest) {
    let w = workload;
    let path = log_path(&w.dag_id, &w.run.run_id, &w.task_id, w.map_index, w.try_number);
    let path = worker.config.base_log_folder.join(path);
    // A sensor looks again, or a try that has waited goes on: maybe after other parts of it, on other workers.
    let is_later = w.resume.is_some() || w.reschedule_count > 0 || worker.config.shares_logs;
    let later_part = is_later.then(|| std::fs::metadata(&path).map_or(0, |file| file.len()));
    let mut log = match TryLog::open(&path) {
        Ok(log) => log,
        Err(error) => {
            let reason =
                format!("cannot write the try's log {}: {error}; check [logging] base_log_folder", path.display());
            tracing::error!(try_id = %w.try_id, "{reason}");
            return (Outcome::failed(reason), None, None);
        }
    };
    log.add_secrets(worker.config.secrets.clone());
    log.say(
        started,
        "info",
        &format!(
            "Try {} of {} {} on {}",
            w.try_number,
            w.max_tries.max(w.try_number),
            if w.resume.is_some() { "goes on" } else { "starts" },
            worker.config.hostname
        ),
        &[
            ("try_id", json!(w.try_id)),
            ("lane", json!(lane_name(&w.lane))),
            ("operator", json!(w.operator)),
            ("queued_ms", json!((started - w.queued_at).as_micros() / 1000)),
        ],
    );
    log.flush();
    let shipper = worker
        .config
        .ship_logs
        .then(|| Shipper::start(Arc::clone(&worker.api), place.token.clone(), w.try_id, path, later_part));
    let ended = match root_of(worker, w, place).await {
        Ok(Root { path: root, held: _held }) => {
            let lane = Lane {
                api: Arc::clone(&worker.api),
                hosts: worker.hosts.of(&w.bundle).clone(),
                token: place.token.clone(),
                workload: Arc::clone(w),
                root,
                cleanup: worker.config.killed_task_cleanup_time,
                callbacks: worker.config.callback_timeout,
                timeout_grace: worker.config.timeout_grace,
                native: worker.config.native_bash,
                oom: Arc::clone(&worker.oom),
            };
            lane::run(&lane, &mut log, &place.stop).await
        }
        Err(reason) => Ended { outcome: Outcome::failed(reason), child: None },
    };
    let Ended { outcome, child } = ended;
    close(&mut log, &outcome, started);
    let log_end = match shipper {
        Some(shipper) => shipper.finish(worker.log_ends.load(Ordering::Relaxed)).await,
        None => None,
    };
    (outcome, log_end, child.map(|child| (child, log)))
}

/// The folder of the try's DAG file, of the commit that its run stays with; an error if the try is not to run.
async fn root_of(worker: &Inner, workload: &Workload, place: &Place) -> Result<Root, String> {
    if let Some(refusal) = &place.refusal {
        return Err(refusal.clone());
    }
    if let Some(repositories) = &worker.config.repositories {
        let (api, token, try_id) = (Arc::clone(&worker.api), place.token.clone(), workload.try_id);
        let ask: Answerer = Arc::new(move |call| {
            let (api, token) = (Arc::clone(&api), token.clone());
            Box::pin(async move { api.call(&token.now(), try_id, call).await })
        });
        let found = tokio::select! {
            found = repositories.root(&workload.bundle, workload.bundle_version.as_deref(), &ask) => found,
            () = place.stop.asked() => return Err("it was ended while its files were fetched".to_owned()),
        };
        if let Some(found) = found {
            return found.map_err(|why| format!("the files of the bundle '{}' can't be had: {why}", workload.bundle));
        }
    }
    match worker.config.bundles.get(&workload.bundle) {
        Some(path) => Ok(Root { path: path.clone(), held: None }),
        None => {
            let known: Vec<&str> = worker.config.bundles.keys().map(String::as_str).collect();
            Err(format!("this worker has no bundle '{}'; it has: {}", workload.bundle, known.join(", ")))
        }
    }
}

/// The last line: how the try ended and what it took.
fn close(log: &mut TryLog, outcome: &Outcome, started: Timestamp) {
    let at = now();
    let level = match outcome.state {
        TaskState::Failed | TaskState::UpForRetry => "error",
        _ => "info",
    };
    let end = match outcome.state {
        // Whether it is tried again is for the server to say.
        TaskState::UpForRetry => "failed",
        state => state.as_str(),
    };
    let reason = outcome.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    log.say(
        at,
        level,
        &format!("Try ends: {end}{reason}"),
        &[
            ("duration_ms", json!((at - started).as_micros() / 1000)),
            ("cpu_ms", json!(outcome.cpu_ms)),
            ("max_rss_kb", json!(outcome.max_rss_kb)),
        ],
    );
    log.flush();
}

/// Records the end, however long the server is away: a result is never dropped.
async fn record(worker: &Inner, token: &Token, finish: FinishTry) {
    let mut backoff = Backoff::for_requests();
    let mut denied_since = None;
    loop {
        match worker.api.finish(&token.now(), finish.clone()).await {
            Ok(FinishOutcome::Recorded) => return,
            Ok(FinishOutcome::Stale) => {
                tracing::info!(try_id = %finish.try_id, state = %finish.state, "the try was not ours any more");
                return;
            }
            Err(error) if error.code == ErrorCode::Unavailable => {
                tracing::warn!(try_id = %finish.try_id, %error, "cannot record the end of a try; trying again");
            }
            // The token ran out while the server was away; a heartbeat brings a new one.
            Err(error)
                if error.code == ErrorCode::Denied
                    && denied_since.get_or_insert_with(Instant::now).elapsed() < TOKEN_PATIENCE =>
            {
                tracing::warn!(try_id = %finish.try_id, %error, "the end of a try was denied; trying again");
            }
            Err(error) => {
                // Trying again cannot help. The server fails the try for its missing heartbeat, with this in our log.
                tracing::error!(try_id = %finish.try_id, state = %finish.state, %error, "the end of a try was refused");
                return;
            }
        }
        backoff.wait().await;
    }
}

const fn lane_name(lane: &LaneSpec) -> &'static str {
    match lane {
        LaneSpec::Bash { .. } => "bash",
        LaneSpec::Python => "python",
        LaneSpec::Empty => "empty",
    }
}
