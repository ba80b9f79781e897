//! The permission matrix: every route of the server and who may use it. A route without a row is refused, and a
//! test fails for it.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::Method;

use super::role::Role;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without logging in.
    Open,
    /// Users with at least this role.
    Role(Role),
    /// The bearer of the token of the try that the path names.
    Try,
    /// A worker.
    Worker,
}

use Access::{Open, Try, Worker};

const VIEWER: Access = Access::Role(Role::Viewer);
const USER: Access = Access::Role(Role::User);
const OP: Access = Access::Role(Role::Op);

/// Method, path as routed, access. Sorted by area; within it as the router has them.
pub const MATRIX: &[(&str, &str, Access)] = &[
    // Logging in.
    ("POST", "/auth/token", Open),
    ("GET", "/auth/token", Open),
    ("POST", "/auth/token/cli", Open),
    ("POST", "/ui/login", Open),
    ("POST", "/ui/logout", Open),
    // Alive?
    ("GET", "/api/v2/version", Open),
    ("GET", "/api/v2/monitor/health", Open),
    // DAGs.
    ("GET", "/api/v2/dags", VIEWER),
    ("PATCH", "/api/v2/dags", USER),
    ("GET", "/api/v2/dags/{dag_id}", VIEWER),
    ("PATCH", "/api/v2/dags/{dag_id}", USER),
    ("DELETE", "/api/v2/dags/{dag_id}", USER),
    ("GET", "/api/v2/dags/{dag_id}/details", VIEWER),
    ("GET", "/api/v2/dags/{dag_id}/tasks", VIEWER),
    ("GET", "/api/v2/dags/{dag_id}/tasks/{task_id}", VIEWER),
    ("GET", "/api/v2/dags/{dag_id}/dagVersions", VIEWER),
    ("GET", "/api/v2/dags/{dag_id}/dagVersions/{version_number}", VIEWER),
    ("GET", "/api/v2/dagSources/{dag_id}", VIEWER),
    ("GET", "/api/v2/dagStats", VIEWER),
    ("GET", "/api/v2/dagTags", VIEWER),
    ("GET", "/api/v2/dagWarnings", VIEWER),
    // Runs.
    ("GET", "/api/v2/dags/{dag_id}/dagRuns", VIEWER),
    ("POST", "/api/v2/dags/{dag_id}/dagRuns", USER),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns", USER),
    ("POST", "/api/v2/dags/{dag_id}/dagRuns/list", VIEWER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", VIEWER),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", USER),
    ("DELETE", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", USER),
    ("POST", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/clear", USER),
    ("POST", "/api/v2/dags/{dag_id}/clearDagRuns", USER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait", VIEWER),
    // Backfills.
    ("GET", "/api/v2/backfills", VIEWER),
    ("POST", "/api/v2/backfills", USER),
    ("POST", "/api/v2/backfills/dry_run", USER),
    ("GET", "/api/v2/backfills/{backfill_id}", VIEWER),
    ("PUT", "/api/v2/backfills/{backfill_id}/pause", USER),
    ("PUT", "/api/v2/backfills/{backfill_id}/unpause", USER),
    ("PUT", "/api/v2/backfills/{backfill_id}/cancel", USER),
    // Task instances.
    ("POST", "/api/v2/dags/{dag_id}/clearTaskInstances", USER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", VIEWER),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", USER),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}", USER),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}/dry_run", USER),
    ("POST", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list", VIEWER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", VIEWER),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", USER),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dry_run", USER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/listMapped", VIEWER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dependencies", VIEWER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries", VIEWER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries/{try_number}", VIEWER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}", VIEWER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}", VIEWER),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}", USER),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dry_run", USER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dependencies", VIEWER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries", VIEWER),
    (
        "GET",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries/{try_number}",
        VIEWER,
    ),
    // Questions to people.
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails", VIEWER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails", VIEWER),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails", USER),
    (
        "GET",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails/tries/{try_number}",
        VIEWER,
    ),
    // XComs.
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries", VIEWER),
    ("POST", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries", USER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{*xcom_key}", VIEWER),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{*xcom_key}", USER),
    ("DELETE", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{*xcom_key}", USER),
    // State stores.
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store", VIEWER),
    ("DELETE", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store", USER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store/{*key}", VIEWER),
    ("PUT", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store/{*key}", USER),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store/{*key}", USER),
    ("DELETE", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store/{*key}", USER),
    ("GET", "/api/v2/assets/{asset_id}/state-store", VIEWER),
    ("DELETE", "/api/v2/assets/{asset_id}/state-store", USER),
    ("GET", "/api/v2/assets/{asset_id}/state-store/{*key}", VIEWER),
    ("PUT", "/api/v2/assets/{asset_id}/state-store/{*key}", USER),
    ("DELETE", "/api/v2/assets/{asset_id}/state-store/{*key}", USER),
    // Assets.
    ("GET", "/api/v2/assets", VIEWER),
    ("GET", "/api/v2/assets/aliases", VIEWER),
    ("GET", "/api/v2/assets/aliases/{asset_alias_id}", VIEWER),
    ("GET", "/api/v2/assets/events", VIEWER),
    ("POST", "/api/v2/assets/events", USER),
    ("GET", "/api/v2/assets/{asset_id}", VIEWER),
    ("POST", "/api/v2/assets/{asset_id}/materialize", USER),
    ("GET", "/api/v2/assets/{asset_id}/queuedEvents", VIEWER),
    ("DELETE", "/api/v2/assets/{asset_id}/queuedEvents", USER),
    ("GET", "/api/v2/dags/{dag_id}/assets/queuedEvents", VIEWER),
    ("DELETE", "/api/v2/dags/{dag_id}/assets/queuedEvents", USER),
    ("GET", "/api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents", VIEWER),
    ("DELETE", "/api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents", USER),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents", VIEWER),
    // What operators of an installation look after.
    ("GET", "/api/v2/importErrors", VIEWER),
    ("GET", "/api/v2/importErrors/{import_error_id}", VIEWER),
    ("GET", "/api/v2/eventLogs", VIEWER),
    ("GET", "/api/v2/eventLogs/{event_log_id}", VIEWER),
    ("GET", "/api/v2/jobs", VIEWER),
    ("GET", "/api/v2/config", OP),
    ("GET", "/api/v2/config/section/{section}/option/{option}", OP),
    ("GET", "/api/v2/pools", VIEWER),
    ("POST", "/api/v2/pools", OP),
    ("PATCH", "/api/v2/pools", OP),
    ("GET", "/api/v2/pools/{*pool_name}", VIEWER),
    ("PATCH", "/api/v2/pools/{*pool_name}", OP),
    ("DELETE", "/api/v2/pools/{*pool_name}", OP),
    ("GET", "/api/v2/variables", OP),
    ("POST", "/api/v2/variables", OP),
    ("PATCH", "/api/v2/variables", OP),
    ("GET", "/api/v2/variables/{*variable_key}", OP),
    ("PATCH", "/api/v2/variables/{*variable_key}", OP),
    ("DELETE", "/api/v2/variables/{*variable_key}", OP),
    ("GET", "/api/v2/connections", OP),
    ("POST", "/api/v2/connections", OP),
    ("PATCH", "/api/v2/connections", OP),
    ("GET", "/api/v2/connections/{connection_id}", OP),
    ("PATCH", "/api/v2/connections/{connection_id}", OP),
    ("DELETE", "/api/v2/connections/{connection_id}", OP),
    // The web interface's own.
    ("GET", "/ui/me", VIEWER),
    ("GET", "/ui/events", VIEWER),
    ("GET", "/ui/dags", VIEWER),
    ("GET", "/ui/grid/{dag_id}", VIEWER),
    ("GET", "/ui/structure/{dag_id}", VIEWER),
    ("GET", "/ui/dags/{dag_id}/dagRuns/{dag_run_id}/deadlines", VIEWER),
    ("GET", "/ui/dags/{dag_id}/deadlineAlerts", VIEWER),
    ("GET", "/ui/next_runs/{dag_id}", VIEWER),
    ("GET", "/ui/why/{dag_id}/{run_id}/{task_id}/{map_index}", VIEWER),
    // Workers and running tries.
    ("POST", "/task-api/v1/register", Worker),
    ("POST", "/task-api/v1/claim", Worker),
    ("POST", "/task-api/v1/heartbeat", Worker),
    ("POST", "/task-api/v1/tries/{try_id}/start", Try),
    ("POST", "/task-api/v1/tries/{try_id}/finish", Try),
    ("POST", "/task-api/v1/tries/{try_id}/call", Try),
    ("POST", "/task-api/v1/tries/{try_id}/rendered", Try),
    ("POST", "/task-api/v1/tries/{try_id}/log", Try),
];

/// The access of a route, `None` if the matrix lacks it. `HEAD` is `GET`.
pub fn access(method: &Method, path: &str) -> Option<Access> {
    static BY_ROUTE: LazyLock<HashMap<(&str, &str), Access>> =
        LazyLock::new(|| MATRIX.iter().map(|(method, path, access)| ((*method, *path), *access)).collect());
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    BY_ROUTE.get(&(method, path)).copied()
}
