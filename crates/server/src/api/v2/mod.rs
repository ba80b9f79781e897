//! `/api/v2`: one file per resource. Shapes, names and defaults are those of Airflow 3.3's public API.

pub mod assets;
pub mod backfills;
pub mod bulk;
pub mod cluster;
pub mod config;
pub mod connection_tests;
pub mod connections;
pub mod dag_parsing;
pub mod dag_runs;
pub mod dag_stats;
pub mod dag_versions;
pub mod dag_warnings;
pub mod dags;
pub mod default_connections;
pub mod environment;
pub mod event_logs;
pub mod health;
pub mod hitl;
pub mod import_errors;
pub mod jobs;
pub mod login;
pub mod paging;
pub mod pools;
pub mod state_store;
pub mod task_instances;
pub mod variables;
pub mod version;
pub mod workers;
pub mod xcoms;

use crate::routes::Routes;

/// Adds all routes.
pub fn routes(routes: Routes) -> Routes {
    let routes = version::routes(routes);
    let routes = health::routes(routes);
    let routes = workers::routes(routes);
    let routes = dags::routes(routes);
    let routes = dag_runs::routes(routes);
    let routes = backfills::routes(routes);
    let routes = assets::routes(routes);
    let routes = dag_stats::routes(routes);
    let routes = dag_warnings::routes(routes);
    let routes = dag_versions::routes(routes);
    let routes = task_instances::routes(routes);
    let routes = hitl::routes(routes);
    let routes = xcoms::routes(routes);
    let routes = import_errors::routes(routes);
    let routes = event_logs::routes(routes);
    let routes = jobs::routes(routes);
    let routes = cluster::routes(routes);
    let routes = config::routes(routes);
    let routes = pools::routes(routes);
    let routes = state_store::routes(routes);
    let routes = variables::routes(routes);
    let routes = connection_tests::routes(routes);
    let routes = environment::routes(routes);
    let routes = dag_parsing::routes(routes);
    let routes = login::routes(routes);
    connections::routes(routes)
}
