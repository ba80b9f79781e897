//! Whether anybody would do what a command waits for.

use tradewind_store::read::{JOB_COLUMNS, JobFilter};

use super::lookup::{ALL, order};
use super::session::Session;
use crate::config::options;
use crate::error::CliError;
use crate::roles;

/// Waiting for a scheduler that is not there would never end.
///
/// # Errors
/// None was heard of lately. `so`: what follows from that; `instead`: what to do other than starting one.
pub async fn must_run(session: &Session, so: &str, instead: Option<&str>) -> Result<(), CliError> {
    let by = JobFilter { kind: Some("SchedulerJob".into()), state: Some("running".into()), ..JobFilter::default() };
    let jobs = session.store.list_jobs(&by, &order(JOB_COLUMNS, "id")?, ALL).await?.rows;
    let patience = session.config.seconds(&options::SCHEDULER_HEALTH_CHECK_THRESHOLD);
    let since = roles::now().as_micros() - i64::try_from(patience.as_micros()).unwrap_or(i64::MAX);
    if jobs.iter().any(|job| job.heartbeat_at.as_micros() >= since) {
        return Ok(());
    }
    let hint = match instead {
        Some(other) => format!("start one, or {other}"),
        None => "start one".to_owned(),
    };
    Err(CliError::failed(format!("no scheduler runs, so {so}")).hint(hint))
}
