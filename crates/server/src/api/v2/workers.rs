//! `GET /api/v2/monitor/workers`: how many workers the queues need, for what scales them.
//!
//! The answer's `value` is what KEDA's `metrics-api` scaler reads; `format=prometheus` is for a Prometheus whose
//! adapter gives it to Kubernetes' HorizontalPodAutoscaler as an external metric. Tries that run count as well, so
//! that a worker is not taken away that is needed; nothing queued and nothing running needs none.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, json};
use tradewind_store::read::QueueView;

use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v2/monitor/workers", get)
}

/// Queued and running tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) queued: i64,
    pub(super) running: i64,
}

impl Load {
    pub(super) fn workers(self, concurrency: i64) -> i64 {
        (self.queued + self.running + concurrency - 1) / concurrency
    }
}

async fn get(State(app): State<App>, params: Params) -> ApiResult<Response> {
    let concurrency =
        match params.text("concurrency") {
            None => i64::from(app.config.worker_concurrency.max(1)),
            Some(text) => text.parse().ok().filter(|count| *count > 0).ok_or_else(|| {
                ApiError::bad_request(format!("concurrency is '{text}'; it is a whole number above 0"))
            })?,
        };
    let names = |name: &str| -> Option<Vec<String>> {
        params.text(name).map(|text| text.split(',').map(|name| name.trim().to_owned()).collect())
    };
    let (only, without) = (names("queues"), names("exclude_queues").unwrap_or_default());
    let executor = params.text("executor");
    let default = app.config.executors.iter().map(|(name, _)| name).find(|name| !name.is_empty());
    let loads = app.store.queue_load().await?.into_iter().filter(|load| {
        let of = load.executor.as_ref().or(default);
        only.as_ref().is_none_or(|only| only.contains(&load.queue))
            && !without.contains(&load.queue)
            && executor.is_none_or(|wanted| of.is_some_and(|of| of == wanted))
    });
    let mut queues: Vec<(String, Load)> = Vec::new();
    for QueueView { queue, queued, running, .. } in loads {
        match queues.iter_mut().find(|(known, _)| *known == queue) {
            Some((_, load)) => *load = Load { queued: load.queued + queued, running: load.running + running },
            None => queues.push((queue, Load { queued, running })),
        }
    }
    let all = queues.iter().fold(Load::default(), |all, (_, load)| Load {
        queued: all.queued + load.queued,
        running: all.running + load.running,
    });
    if params.text("format") == Some("prometheus") {
        let kind = [("content-type", "text/plain; version=0.0.4; charset=utf-8")];
        return Ok((kind, prometheus(&queues, all, concurrency)).into_response());
    }
    let by_queue: Map<_, _> = queues
        .iter()
        .map(|(queue, load)| {
            let of = json!({"value": load.workers(concurrency), "queued": load.queued, "running": load.running});
            (queue.clone(), of)
        })
        .collect();
    Ok(Json(json!({
        "value": all.workers(concurrency), "queued": all.queued, "running": all.running,
        "concurrency": concurrency, "queues": by_queue,
    }))
    .into_response())
}

/// The text that Prometheus scrapes.
fn prometheus(queues: &[(String, Load)], all: Load, concurrency: i64) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for (name, help, of) in [
        ("queued", "Task instances that wait for a worker.", (|load, _| load.queued) as fn(Load, i64) -> i64),
        ("running", "Task instances that run.", |load, _| load.running),
        ("workers_desired", "Workers that these need.", Load::workers),
    ] {
        let _ = write!(text, "# HELP tradewind_{name} {help}\n# TYPE tradewind_{name} gauge\n");
        let _ = writeln!(text, "tradewind_{name} {}", of(all, concurrency));
        for (queue, load) in queues {
            let queue = queue.replace('\\', r"\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = writeln!(text, "tradewind_{name}{{queue=\"{queue}\"}} {}", of(*load, concurrency));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_rounded_up_and_none_is_needed_for_nothing() {
        let workers = |queued, running| Load { queued, running }.workers(16);
        assert_eq!([workers(0, 0), workers(1, 0), workers(10, 6), workers(10, 7)], [0, 1, 1, 2]);
    }

    #[test]
    fn prometheus_reads_it() {
        let load = Load { queued: 20, running: 1 };
        let text = prometheus(&[("a\"b".into(), load)], load, 16);
        assert!(text.contains("# TYPE tradewind_workers_desired gauge\ntradewind_workers_desired 2\n"), "{text}");
        assert!(text.contains("tradewind_queued{queue=\"a\\\"b\"} 20\n"), "{text}");
    }
}
