//! What is done about the try of a pod that is over, missing or stuck.

use std::time::Duration;

use tradewind_core::{Timestamp, TryId};

use super::requests::{Key, Requests};
use crate::{DeskError, Standing};

/// A pod about whose try something has to be decided.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub key: Key,
    pub try_id: TryId,
    pub queued_at: Timestamp,
    pub end: End,
}

/// What became of the pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Its container ended: nothing of it runs any more. In words, and why, if it ended badly. `deleted`: somebody
    /// deletes the pod.
    Ended { words: String, reason: Option<String>, deleted: bool },
    /// It is not there any more, since then; its processes may or may not be.
    Gone { since: Timestamp },
    /// It waits for something that will not come.
    Stuck { words: String },
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing about the try.
    Over,
    /// The try is as it was: another pod may run it. `again`: if that could help at all.
    NotBegun { words: String, again: bool },
    /// It is not known yet.
    LookAgain(Duration),
}

/// Looks at the try, and ends it if it ran in that pod.
pub(super) async fn settle(requests: &Requests, case: &Case) -> Verdict {
    match decide(requests, case).await {
        Ok(verdict) => verdict,
        Err(error) => {
            tracing::warn!(pod = %case.key, %error, "cannot look at a pod's try; trying again");
            Verdict::LookAgain(Duration::from_secs(5))
        }
    }
}

async fn decide(requests: &Requests, case: &Case) -> Result<Verdict, DeskError> {
    let desk = &requests.desk;
    let key = &case.key;
    match desk.standing(case.try_id).await? {
        Standing::Queued { at } if at == case.queued_at => {
            let (words, again) = match &case.end {
                End::Stuck { words } => (format!("the pod {key} could not begin: {words}"), false),
                End::Gone { .. } | End::Ended { deleted: true, .. } => {
                    (format!("the pod {key} was deleted before the try began"), true)
                }
                End::Ended { words, reason, .. } => {
                    if let Some(printed) = requests.last_words(key).await {
                        desk.say(case.try_id, "error", &format!("The pod {key} printed:\n{}", printed.trim_end()))
                            .await;
                    }
                    let excluded = &requests.config.launch_failure_excluded_reasons;
                    let again = reason.as_ref().is_some_and(|reason| !excluded.contains(reason));
                    (format!("the pod {key} ended before the try began: {words}"), again)
                }
            };
            Ok(Verdict::NotBegun { words, again })
        }
        Standing::Running { hostname } if hostname == key.name => {
            let (silent_since, reason) = match &case.end {
                // It has begun after all.
                End::Stuck { .. } => return Ok(Verdict::LookAgain(requests.config.heartbeat)),
                End::Ended { words, deleted, .. } => {
                    let deleted = if *deleted { "was deleted and " } else { "" };
                    (None, format!("the pod {key} {deleted}ended without reporting a result: {words}"))
                }
                End::Gone { since } => {
                    // A pod may be gone from the list and its processes not, on a node that is cut off. Then the
                    // worker still heartbeats, or is silent for long.
                    let heartbeat = micros(requests.config.heartbeat);
                    let sure = *since + heartbeat + heartbeat + heartbeat;
                    let left = sure.saturating_since(desk.now()).to_std();
                    if !left.is_zero() {
                        return Ok(Verdict::LookAgain(left));
                    }
                    let reason = format!("the pod {key} was deleted while the try ran in it");
                    (Some(*since + heartbeat), reason)
                }
            };
            match desk.lost(case.try_id, silent_since, &reason).await? {
                true => {
                    desk.say(case.try_id, "error", &capital(&reason)).await;
                    Ok(Verdict::Over)
                }
                // It ended, or it lives.
                false => Ok(Verdict::LookAgain(requests.config.heartbeat * 2)),
            }
        }
        _ => Ok(Verdict::Over),
    }
}

fn micros(duration: Duration) -> tradewind_core::Duration {
    tradewind_core::Duration::from_secs_f64(duration.as_secs_f64())
}

/// A sentence for a log.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
