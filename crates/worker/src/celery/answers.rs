//! Remote control: what Celery's tools may ask a worker and tell it to do.

use serde_json::{Map, Value, json};
use tradewind_celery::{Request, TASK_NAME, control};
use tradewind_core::TryId;

use super::outbound::{Out, Outbound};
use super::system::{self, now};
use super::{Held, Serving};

/// The most revoked tries that are remembered.
const REVOKED: usize = 10_000;
/// What the log of a try says that somebody revoked.
pub(super) const REVOKED_REASON: &str = "revoked by remote control";

impl Serving {
    /// Does what a request asks, if it is for this worker, and answers if an answer is wanted.
    pub(super) fn control(&mut self, request: &Request, out: &Outbound) {
        if !self.config.remote_control || !request.is_for(&self.config.node, now()) {
            return;
        }
        let Some(answer) = self.answer(request, out) else { return };
        if request.reply_to.is_some() {
            out.send(Out::Reply(Box::new(request.clone()), answer));
        }
    }

    /// `None`: Celery does not answer this either.
    fn answer(&mut self, request: &Request, out: &Outbound) -> Option<Value> {
        let arguments = &request.arguments;
        let text = |name: &str| arguments.get(name).and_then(Value::as_str);
        let number = |name: &str| number(arguments, name);
        let ok = |text: String| Some(json!({"ok": text}));
        let error = |text: &str| Some(json!({"error": text}));
        match request.method.as_str() {
            "ping" => ok("pong".into()),
            "clock" => Some(json!({"clock": self.events.clock()})),
            "stats" => Some(self.stats()),
            "active" | "dump_active" => Some(self.list(|held| held.started.is_some())),
            "reserved" | "dump_reserved" => Some(self.list(|held| held.started.is_none())),
            // No message has a time before which it must not run: the scheduler sends it when it is due.
            "scheduled" | "dump_schedule" => Some(json!([])),
            "registered" | "dump_tasks" => Some(json!([TASK_NAME])),
            "revoked" | "dump_revoked" => Some(json!(self.revoked.iter().map(ToString::to_string).collect::<Vec<_>>())),
            "active_queues" => Some(self.queues()),
            "conf" | "dump_conf" => Some(self.conf()),
            "report" => ok(self.report()),
            "query_task" => Some(self.query(&ids(arguments, "ids"))),
            "memsample" => ok(format!("{} kB", system::usage()["maxrss"])),
            "hello" => self.hello(text("from_node")),
            "heartbeat" => {
                self.say(out, "worker-heartbeat");
                None
            }
            "enable_events" => {
                let before = std::mem::replace(&mut self.task_events, true);
                ok(if before { "task events already enabled" } else { "task events enabled" }.into())
            }
            "disable_events" => {
                let before = std::mem::replace(&mut self.task_events, false);
                ok(if before { "task events disabled" } else { "task events already disabled" }.into())
            }
            "add_consumer" => match text("queue") {
                Some(queue) => {
                    if self.worker.add_queue(queue) {
                        tracing::info!(queue, "told to serve a queue");
                    }
                    ok(format!("add consumer {queue}"))
                }
                None => error("add_consumer needs a queue"),
            },
            "cancel_consumer" => match text("queue") {
                Some(queue) => {
                    tracing::info!(queue, "told to serve a queue no more");
                    self.worker.remove_queue(queue);
                    ok(format!("no longer consuming from {queue}"))
                }
                None => error("cancel_consumer needs a queue"),
            },
            "pool_grow" => self.resize(i64::from(number("n").unwrap_or(1)), "grow", out),
            "pool_shrink" => self.resize(-i64::from(number("n").unwrap_or(1)), "shrink", out),
            "pool_restart" => error("there is no pool to restart: every try has a process of its own"),
            "autoscale" => match &mut self.config.autoscale {
                Some((most, fewest)) => {
                    *most = number("max").unwrap_or(*most).max(1);
                    *fewest = number("min").unwrap_or(*fewest).min(*most);
                    let (most, fewest) = (*most, *fewest);
                    self.set_concurrency(most, out);
                    ok(format!("autoscale now max={most} min={fewest}"))
                }
                None => error("ValueError('Autoscale not enabled')"),
            },
            "rate_limit" => error("a try is started when its DAG and pools allow it: limit the rate with a pool"),
            "time_limit" => error("the limit of a task is its execution_timeout, in the DAG file"),
            "revoke" | "terminate" => {
                let terminate = request.method == "terminate" || arguments.get("terminate") == Some(&json!(true));
                // The scheduler takes tries back that nobody wants any more: those need no end of their own.
                let by_scheduler = arguments.get(control::UNWANTED) == Some(&json!(true));
                self.revoke(&ids(arguments, "task_id"), terminate, by_scheduler)
            }
            "shutdown" => {
                tracing::warn!("told to shut down by remote control");
                self.shutdown.cancel();
                None
            }
            "election" => None,
            method => error(&format!("KeyError('{method}')")),
        }
    }

    fn list(&self, which: impl Fn(&Held) -> bool) -> Value {
        let held = self.held.iter().filter(|(_, held)| which(held));
        Value::Array(held.map(|(try_id, held)| self.info(*try_id, held)).collect())
    }

    fn info(&self, try_id: TryId, held: &Held) -> Value {
        json!({
            "id": try_id.to_string(), "name": TASK_NAME, "type": TASK_NAME, "args": held.delivery.args_repr(),
            "kwargs": "{}", "hostname": self.config.node, "time_start": held.started, "acknowledged": false,
            "delivery_info": {
                "exchange": "", "routing_key": held.delivery.queue, "priority": 0,
                "redelivered": held.delivery.redelivered,
            },
            "worker_pid": std::process::id(),
        })
    }

    fn query(&self, wanted: &[String]) -> Value {
        let found = self.held.iter().filter(|(try_id, _)| wanted.contains(&try_id.to_string()));
        let state = |held: &Held| if held.started.is_some() { "active" } else { "reserved" };
        let found = found.map(|(id, held)| (id.to_string(), json!([state(held), self.info(*id, held)])));
        Value::Object(found.collect())
    }

    fn stats(&self) -> Value {
        let concurrency = self.worker.concurrency();
        let active = u32::try_from(self.worker.0.started().len()).unwrap_or(u32::MAX);
        let mut stats = json!({
            "total": {TASK_NAME: self.processed}, "pid": std::process::id(), "clock": self.events.clock().to_string(),
            "uptime": self.began.elapsed().as_secs(),
            "pool": {
                "implementation": "tradewind: a process a try", "max-concurrency": concurrency,
                "processes": [std::process::id()], "max-tasks-per-child": 1, "put-guarded-by-semaphore": true,
                "timeouts": [0, 0],
            },
            "broker": {"hostname": self.broker.name(), "transport": self.broker.name().split(':').next()},
            "prefetch_count": self.window(), "rusage": system::usage(),
        });
        if let Some((most, fewest)) = self.config.autoscale {
            stats["autoscaler"] =
                json!({"current": active.clamp(fewest, most), "max": most, "min": fewest, "qty": active});
        }
        stats
    }

    fn queues(&self) -> Value {
        let queue = |name: &String| {
            json!({
                "name": name, "routing_key": name, "durable": true, "exclusive": false, "auto_delete": false,
                "no_ack": false, "alias": null, "bindings": [], "queue_arguments": null, "binding_arguments": null,
                "consumer_arguments": null, "no_declare": null, "expires": null, "message_ttl": null,
                "max_length": null, "max_length_bytes": null, "max_priority": null,
                "exchange": {
                    "name": name, "type": "direct", "arguments": null, "durable": true, "passive": false,
                    "auto_delete": false, "delivery_mode": null, "no_declare": false,
                },
            })
        };
        Value::Array(self.worker.queues().iter().map(queue).collect())
    }

    fn conf(&self) -> Value {
        json!({
            "broker_url": self.broker.name(), "worker_concurrency": self.worker.concurrency(),
            "worker_prefetch_multiplier": self.config.prefetch_multiplier, "task_acks_late": true,
            "task_track_started": true, "worker_send_task_events": self.task_events, "result_backend": null,
            "worker_autoscale": self.config.autoscale.map(|(most, fewest)| format!("{most},{fewest}")),
        })
    }

    fn report(&self) -> String {
        format!(
            "\nsoftware -> tradewind:{}\nplatform -> system:Linux arch:{}\nsettings -> transport:{} results:disabled\n",
            self.worker.0.config.version,
            std::env::consts::ARCH,
            self.broker.name()
        )
    }

    fn hello(&self, from: Option<&str>) -> Option<Value> {
        if from == Some(self.config.node.as_str()) {
            return None;
        }
        Some(json!({"revoked": [], "clock": self.events.clock()}))
    }

    fn set_concurrency(&self, wanted: u32, out: &Outbound) {
        self.worker.set_concurrency(wanted);
        out.send(Out::Window(self.window()));
    }

    fn resize(&self, by: i64, how: &str, out: &Outbound) -> Option<Value> {
        if self.config.autoscale.is_some() {
            let text = format!("pool_{how} is not supported with autoscale. Adjust autoscale range instead.");
            return Some(json!({"error": text}));
        }
        let wanted = i64::from(self.worker.concurrency()) + by;
        self.set_concurrency(u32::try_from(wanted.max(1)).unwrap_or(u32::MAX), out);
        tracing::info!(concurrency = self.worker.concurrency(), "told to run another number of tries at once");
        Some(json!({"ok": format!("pool will {how}")}))
    }

    /// Fails tries that have not begun, also those whose message has yet to come; with `terminate` ends those that run.
    fn revoke(&mut self, wanted: &[String], terminate: bool, by_scheduler: bool) -> Option<Value> {
        let tries: Vec<TryId> = wanted.iter().filter_map(|id| id.parse().ok()).collect();
        if self.revoked.len() + tries.len() > REVOKED {
            self.revoked.clear();
        }
        let mut ended = Vec::new();
        for try_id in tries {
            let held = self.held.get(&try_id);
            let runs = held.is_some_and(|held| held.started.is_some());
            if !runs && !by_scheduler {
                self.revoked.insert(try_id);
            }
            if held.is_some() && (terminate || !runs) {
                let reason = if by_scheduler { "no longer wanted" } else { REVOKED_REASON };
                self.worker.end(try_id, reason);
                ended.push(try_id.to_string());
            }
        }
        if !terminate {
            return Some(json!({"ok": format!("tasks {} flagged as revoked", wanted.join(", "))}));
        }
        let text = if ended.is_empty() {
            "terminate: tasks unknown".into()
        } else {
            format!("terminate: {}", ended.join(", "))
        };
        Some(json!({"ok": text}))
    }
}

/// A number, which tools send as one or as its text.
fn number(arguments: &Map<String, Value>, name: &str) -> Option<u32> {
    let value = arguments.get(name)?;
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u32::try_from(number).ok()
}

/// One id or several.
fn ids(arguments: &Map<String, Value>, name: &str) -> Vec<String> {
    match arguments.get(name) {
        Some(Value::String(id)) => vec![id.clone()],
        Some(Value::Array(ids)) => ids.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}
