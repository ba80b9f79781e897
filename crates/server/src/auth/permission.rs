//! The permission matrix: every route of the server and who may use it. A route without a row is refused, and a
//! test fails for it.
//!
//! To add a row, say what the route does to which resource, in Airflow's words: `read(Run)`, `edit(TaskInstance)`.
//! Which roles may do that is in `role.rs`; own roles and DAGs' `access_control` are looked up. When the path has
//! `{dag_id}` the guard asks for that DAG; otherwise (and for `~`) everything that the store lists or finds by name
//! while the handler runs is limited to the DAGs that the user may do this to.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::Method;

use super::rights::{Action, Resource};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without logging in.
    Open,
    /// Everybody who is logged in.
    LoggedIn,
    /// Users who may do this.
    May(Action, Resource),
    /// Users who may create, edit and delete this: the body says which.
    Bulk(Resource),
    /// The bearer of the token of a try; of the one that the path names, if it names one.
    Try,
    /// A worker.
    Worker,
}

use Access::{Bulk, LoggedIn, Open, Try, Worker};
use Resource::{
    Asset, AssetAlias, AuditLog, Config, Connection, Dag, DagCode, DagVersion, DagWarning, Hitl, ImportError, Job,
    Permissions, Plugin, Pool, Provider, Role, Run, Task, TaskInstance, TaskLog, User, Variable, XCom,
};

const fn read(of: Resource) -> Access {
    Access::May(Action::Read, of)
}

const fn create(of: Resource) -> Access {
    Access::May(Action::Create, of)
}

const fn edit(of: Resource) -> Access {
    Access::May(Action::Edit, of)
}

const fn delete(of: Resource) -> Access {
    Access::May(Action::Delete, of)
}

/// Method, path as routed, access. Sorted by area; within it as the router has them.
pub const MATRIX: &[(&str, &str, Access)] = &[
    // Logging in.
    ("POST", "/auth/token", Open),
    ("GET", "/api/v2/auth/login", Open),
    ("GET", "/api/v2/auth/logout", Open),
    ("GET", "/auth/token", Open),
    ("POST", "/auth/token/cli", Open),
    ("GET", "/auth/logout", Open),
    ("GET", "/auth/token/login", Open),
    ("GET", "/auth/oidc/login", Open),
    ("GET", "/auth/oidc/callback", Open),
    ("GET", "/ui/logins", Open),
    ("POST", "/ui/login", Open),
    ("POST", "/ui/logout", Open),
    // Users and roles.
    ("GET", "/auth/fab/v1/roles", read(Role)),
    ("POST", "/auth/fab/v1/roles", create(Role)),
    ("GET", "/auth/fab/v1/roles/{name}", read(Role)),
    ("PATCH", "/auth/fab/v1/roles/{name}", edit(Role)),
    ("DELETE", "/auth/fab/v1/roles/{name}", delete(Role)),
    ("GET", "/auth/fab/v1/permissions", read(Permissions)),
    ("GET", "/auth/fab/v1/users", read(User)),
    ("POST", "/auth/fab/v1/users", create(User)),
    ("GET", "/auth/fab/v1/users/{username}", read(User)),
    ("PATCH", "/auth/fab/v1/users/{username}", edit(User)),
    ("DELETE", "/auth/fab/v1/users/{username}", delete(User)),
    // What there is to ask.
    ("GET", "/openapi.json", Open),
    ("GET", "/docs", Open),
    ("GET", "/redoc", Open),
    // Alive?
    ("GET", "/api/v2/version", Open),
    ("GET", "/api/v2/monitor/health", Open),
    ("GET", "/api/v2/monitor/workers", read(Job)),
    // DAGs.
    ("GET", "/api/v2/dags", read(Dag)),
    ("PATCH", "/api/v2/dags", edit(Dag)),
    ("GET", "/api/v2/dags/{dag_id}", read(Dag)),
    ("PATCH", "/api/v2/dags/{dag_id}", edit(Dag)),
    ("DELETE", "/api/v2/dags/{dag_id}", delete(Dag)),
    ("GET", "/api/v2/dags/{dag_id}/details", read(Dag)),
    ("GET", "/api/v2/dags/{dag_id}/tasks", read(Task)),
    ("GET", "/api/v2/dags/{dag_id}/tasks/{task_id}", read(Task)),
    ("GET", "/api/v2/dags/{dag_id}/dagVersions", read(DagVersion)),
    ("GET", "/api/v2/dags/{dag_id}/dagVersions/{version_number}", read(DagVersion)),
    ("GET", "/api/v2/dagSources/{dag_id}", read(DagCode)),
    ("GET", "/api/v2/dagStats", read(Run)),
    ("GET", "/api/v2/dagTags", read(Dag)),
    ("GET", "/api/v2/dagWarnings", read(DagWarning)),
    ("POST", "/api/v2/dags/{dag_id}/favorite", read(Dag)),
    ("POST", "/api/v2/dags/{dag_id}/unfavorite", read(Dag)),
    ("PUT", "/api/v2/parseDagFile/{file_token}", edit(Dag)),
    // Runs.
    ("GET", "/api/v2/dags/{dag_id}/dagRuns", read(Run)),
    ("POST", "/api/v2/dags/{dag_id}/dagRuns", create(Run)),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns", Bulk(Run)),
    ("POST", "/api/v2/dags/{dag_id}/dagRuns/list", read(Run)),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", read(Run)),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", edit(Run)),
    ("DELETE", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", delete(Run)),
    ("POST", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/clear", edit(Run)),
    ("POST", "/api/v2/dags/{dag_id}/clearDagRuns", edit(Run)),
    ("POST", "/api/v2/dags/{dag_id}/clearPartitions", edit(Run)),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait", read(Run)),
    // Backfills.
    ("GET", "/api/v2/backfills", read(Run)),
    ("POST", "/api/v2/backfills", create(Run)),
    ("POST", "/api/v2/backfills/dry_run", create(Run)),
    ("GET", "/api/v2/backfills/{backfill_id}", read(Run)),
    ("PUT", "/api/v2/backfills/{backfill_id}/pause", edit(Run)),
    ("PUT", "/api/v2/backfills/{backfill_id}/unpause", edit(Run)),
    ("PUT", "/api/v2/backfills/{backfill_id}/cancel", edit(Run)),
    // Task instances.
    ("POST", "/api/v2/dags/{dag_id}/clearTaskInstances", edit(TaskInstance)),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", read(TaskInstance)),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", Bulk(TaskInstance)),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}", edit(TaskInstance)),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}/dry_run", edit(TaskInstance)),
    ("POST", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list", read(TaskInstance)),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", read(TaskInstance)),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", edit(TaskInstance)),
    ("DELETE", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", delete(TaskInstance)),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/links", read(TaskInstance)),
    (
        "GET",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/externalLogUrl/{try_number}",
        read(TaskLog),
    ),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dry_run", edit(TaskInstance)),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/listMapped", read(TaskInstance)),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dependencies", read(TaskInstance)),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries", read(TaskInstance)),
    (
        "GET",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries/{try_number}",
        read(TaskInstance),
    ),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}", read(TaskLog)),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}", read(TaskInstance)),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}", edit(TaskInstance)),
    (
        "PATCH",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dry_run",
        edit(TaskInstance),
    ),
    (
        "GET",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dependencies",
        read(TaskInstance),
    ),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries", read(TaskInstance)),
    (
        "GET",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries/{try_number}",
        read(TaskInstance),
    ),
    // Questions to people.
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails", read(Hitl)),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails", read(Hitl)),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails", edit(Hitl)),
    (
        "GET",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails/tries/{try_number}",
        read(Hitl),
    ),
    // XComs.
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries", read(XCom)),
    ("POST", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries", create(XCom)),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{*xcom_key}", read(XCom)),
    ("PATCH", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{*xcom_key}", edit(XCom)),
    (
        "DELETE",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{*xcom_key}",
        delete(XCom),
    ),
    // State stores.
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store", read(TaskInstance)),
    ("DELETE", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store", edit(TaskInstance)),
    (
        "GET",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store/{*key}",
        read(TaskInstance),
    ),
    (
        "PUT",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store/{*key}",
        edit(TaskInstance),
    ),
    (
        "PATCH",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store/{*key}",
        edit(TaskInstance),
    ),
    (
        "DELETE",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store/{*key}",
        edit(TaskInstance),
    ),
    ("GET", "/api/v2/assets/{asset_id}/state-store", read(Asset)),
    ("DELETE", "/api/v2/assets/{asset_id}/state-store", create(Asset)),
    ("GET", "/api/v2/assets/{asset_id}/state-store/{*key}", read(Asset)),
    ("PUT", "/api/v2/assets/{asset_id}/state-store/{*key}", create(Asset)),
    ("DELETE", "/api/v2/assets/{asset_id}/state-store/{*key}", create(Asset)),
    // Assets.
    ("GET", "/api/v2/assets", read(Asset)),
    ("GET", "/api/v2/assets/aliases", read(AssetAlias)),
    ("GET", "/api/v2/assets/aliases/{asset_alias_id}", read(AssetAlias)),
    ("GET", "/api/v2/assets/events", read(Asset)),
    ("POST", "/api/v2/assets/events", create(Asset)),
    ("GET", "/api/v2/assets/{asset_id}", read(Asset)),
    ("POST", "/api/v2/assets/{asset_id}/materialize", create(Run)),
    ("GET", "/api/v2/assets/{asset_id}/queuedEvents", read(Asset)),
    ("DELETE", "/api/v2/assets/{asset_id}/queuedEvents", delete(Asset)),
    ("GET", "/api/v2/dags/{dag_id}/assets/queuedEvents", read(Asset)),
    ("DELETE", "/api/v2/dags/{dag_id}/assets/queuedEvents", delete(Asset)),
    ("GET", "/api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents", read(Asset)),
    ("DELETE", "/api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents", delete(Asset)),
    ("GET", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents", read(Asset)),
    // What operators of an installation look after.
    ("GET", "/api/v2/importErrors", read(ImportError)),
    ("GET", "/api/v2/importErrors/{import_error_id}", read(ImportError)),
    ("GET", "/api/v2/eventLogs", read(AuditLog)),
    ("GET", "/api/v2/eventLogs/{event_log_id}", read(AuditLog)),
    ("GET", "/api/v2/jobs", read(Job)),
    ("GET", "/api/v2/cluster", read(Job)),
    ("PUT", "/api/v2/cluster/workers/{worker_id}/maintenance", edit(Job)),
    ("DELETE", "/api/v2/cluster/workers/{worker_id}/maintenance", edit(Job)),
    ("POST", "/api/v2/cluster/workers/{worker_id}/shutdown", edit(Job)),
    ("PUT", "/api/v2/cluster/workers/{worker_id}/queues/{*queue}", edit(Job)),
    ("DELETE", "/api/v2/cluster/workers/{worker_id}/queues/{*queue}", edit(Job)),
    ("GET", "/api/v2/config", read(Config)),
    ("GET", "/api/v2/config/section/{section}/option/{option}", read(Config)),
    ("GET", "/api/v2/pools", read(Pool)),
    ("POST", "/api/v2/pools", create(Pool)),
    ("PATCH", "/api/v2/pools", Bulk(Pool)),
    ("GET", "/api/v2/pools/{*pool_name}", read(Pool)),
    ("PATCH", "/api/v2/pools/{*pool_name}", edit(Pool)),
    ("DELETE", "/api/v2/pools/{*pool_name}", delete(Pool)),
    ("GET", "/api/v2/variables", read(Variable)),
    ("POST", "/api/v2/variables", create(Variable)),
    ("PATCH", "/api/v2/variables", Bulk(Variable)),
    ("GET", "/api/v2/variables/{*variable_key}", read(Variable)),
    ("PATCH", "/api/v2/variables/{*variable_key}", edit(Variable)),
    ("DELETE", "/api/v2/variables/{*variable_key}", delete(Variable)),
    ("GET", "/api/v2/plugins", read(Plugin)),
    ("GET", "/api/v2/plugins/importErrors", read(Plugin)),
    ("GET", "/api/v2/providers", read(Provider)),
    ("POST", "/api/v2/connections/test", create(Connection)),
    ("POST", "/api/v2/connections/enqueue-test", create(Connection)),
    ("GET", "/api/v2/connections/enqueue-test", read(Connection)),
    ("POST", "/api/v2/connections/defaults", create(Connection)),
    ("GET", "/api/v2/connections", read(Connection)),
    ("POST", "/api/v2/connections", create(Connection)),
    ("PATCH", "/api/v2/connections", Bulk(Connection)),
    ("GET", "/api/v2/connections/{connection_id}", read(Connection)),
    ("PATCH", "/api/v2/connections/{connection_id}", edit(Connection)),
    ("DELETE", "/api/v2/connections/{connection_id}", delete(Connection)),
    // The web interface's own.
    ("GET", "/ui/me", LoggedIn),
    ("GET", "/ui/events", LoggedIn),
    ("GET", "/ui/dags", read(Dag)),
    ("GET", "/ui/grid/{dag_id}", read(TaskInstance)),
    ("GET", "/ui/structure/{dag_id}", read(Task)),
    ("GET", "/ui/dags/{dag_id}/dagRuns/{dag_run_id}/deadlines", read(Run)),
    ("GET", "/ui/dags/{dag_id}/deadlineAlerts", read(Dag)),
    ("GET", "/ui/next_runs/{dag_id}", read(Dag)),
    ("GET", "/ui/why/{dag_id}/{run_id}/{task_id}/{map_index}", read(TaskInstance)),
    // Workers and running tries.
    ("POST", "/task-api/v1/register", Worker),
    ("POST", "/task-api/v1/claim", Worker),
    ("POST", "/task-api/v1/heartbeat", Worker),
    ("POST", "/task-api/v1/tries/{try_id}/workload", Try),
    ("POST", "/task-api/v1/tries/{try_id}/register", Try),
    ("POST", "/task-api/v1/tries/{try_id}/heartbeat", Try),
    ("POST", "/task-api/v1/tries/{try_id}/goodbye", Try),
    ("POST", "/task-api/v1/tries/{try_id}/start", Try),
    ("POST", "/task-api/v1/tries/{try_id}/finish", Try),
    ("POST", "/task-api/v1/tries/{try_id}/call", Try),
    ("POST", "/task-api/v1/tries/{try_id}/rendered", Try),
    ("POST", "/task-api/v1/tries/{try_id}/log", Try),
    // Airflow's spelling of it.
    ("GET", "/execution/health", Open),
    ("GET", "/execution/health/ping", Open),
    ("PATCH", "/execution/task-instances/{task_instance_id}/run", Try),
    ("PATCH", "/execution/task-instances/{task_instance_id}/state", Try),
    ("PATCH", "/execution/task-instances/{task_instance_id}/skip-downstream", Try),
    ("PUT", "/execution/task-instances/{task_instance_id}/heartbeat", Try),
    ("PUT", "/execution/task-instances/{task_instance_id}/rtif", Try),
    ("PATCH", "/execution/task-instances/{task_instance_id}/rendered-map-index", Try),
    ("GET", "/execution/task-instances/{task_instance_id}/previous-successful-dagrun", Try),
    ("GET", "/execution/task-instances/{task_instance_id}/validate-inlets-and-outlets", Try),
    ("GET", "/execution/task-instances/count", Try),
    ("GET", "/execution/task-instances/states", Try),
    ("GET", "/execution/task-instances/breadcrumbs", Try),
    ("GET", "/execution/task-instances/previous/{dag_id}/{task_id}", Try),
    ("GET", "/execution/task-reschedules/{task_instance_id}/start_date", Try),
    ("GET", "/execution/xcoms/{dag_id}/{run_id}/{task_id}/{*key}", Try),
    ("POST", "/execution/xcoms/{dag_id}/{run_id}/{task_id}/{*key}", Try),
    ("DELETE", "/execution/xcoms/{dag_id}/{run_id}/{task_id}/{*key}", Try),
    ("GET", "/execution/variables/keys", Try),
    ("GET", "/execution/variables/{*variable_key}", Try),
    ("PUT", "/execution/variables/{*variable_key}", Try),
    ("DELETE", "/execution/variables/{*variable_key}", Try),
    ("GET", "/execution/connections/{connection_id}", Try),
    ("GET", "/execution/dag-runs/{dag_id}/{run_id}", Try),
    ("POST", "/execution/dag-runs/{dag_id}/{run_id}", Try),
    ("POST", "/execution/dag-runs/{dag_id}/{run_id}/clear", Try),
    ("GET", "/execution/dag-runs/{dag_id}/{run_id}/state", Try),
    ("GET", "/execution/dag-runs/count", Try),
    ("GET", "/execution/dag-runs/previous", Try),
    ("GET", "/execution/dags/{dag_id}", Try),
    ("GET", "/execution/assets/by-name", Try),
    ("GET", "/execution/assets/by-uri", Try),
    ("GET", "/execution/assets/by-alias", Try),
    ("GET", "/execution/asset-events/by-asset", Try),
    ("GET", "/execution/asset-events/by-asset-alias", Try),
    ("POST", "/execution/hitlDetails/{task_instance_id}", Try),
    ("GET", "/execution/hitlDetails/{task_instance_id}", Try),
    ("GET", "/execution/store/ti/{task_instance_id}/{*key}", Try),
    ("PUT", "/execution/store/ti/{task_instance_id}/{*key}", Try),
    ("DELETE", "/execution/store/ti/{task_instance_id}/{*key}", Try),
    ("DELETE", "/execution/store/ti/{task_instance_id}", Try),
    ("GET", "/execution/store/asset/by-name/value", Try),
    ("PUT", "/execution/store/asset/by-name/value", Try),
    ("DELETE", "/execution/store/asset/by-name/value", Try),
    ("DELETE", "/execution/store/asset/by-name/clear", Try),
    ("GET", "/execution/store/asset/by-uri/value", Try),
    ("PUT", "/execution/store/asset/by-uri/value", Try),
    ("DELETE", "/execution/store/asset/by-uri/value", Try),
    ("DELETE", "/execution/store/asset/by-uri/clear", Try),
];

/// The access of a route, `None` if the matrix lacks it. `HEAD` is `GET`.
pub fn access(method: &Method, path: &str) -> Option<Access> {
    static BY_ROUTE: LazyLock<HashMap<(&str, &str), Access>> =
        LazyLock::new(|| MATRIX.iter().map(|(method, path, access)| ((*method, *path), *access)).collect());
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    BY_ROUTE.get(&(method, path)).copied()
}
