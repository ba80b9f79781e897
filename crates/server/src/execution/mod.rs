//! Airflow's Execution API below `/execution`, for its own task SDK: another spelling of the task API.
//!
//! Every operation turns a request into what [`crate::task_api`] understands and its answer into Airflow's shape;
//! behaviour is decided there. `docs/execution-api.md` lists what is served, what is not, and where they differ.

mod asking;
mod assets;
mod connections;
mod dag_runs;
mod dags;
mod envelope;
mod failure;
mod finish;
mod health;
mod hitl;
mod kwargs;
mod outlets;
mod standing;
mod start;
mod state_store;
mod task_instances;
mod ti_queries;
mod variables;
mod version;
mod xcoms;

pub use envelope::envelope;
pub use failure::refusal;

use crate::routes::Routes;

/// What all paths of this API begin with.
pub const PREFIX: &str = "/execution/";

/// Adds this folder's routes.
pub fn routes(routes: Routes) -> Routes {
    let routes = health::routes(routes);
    let routes = task_instances::routes(routes);
    let routes = ti_queries::routes(routes);
    let routes = xcoms::routes(routes);
    let routes = variables::routes(routes);
    let routes = connections::routes(routes);
    let routes = dag_runs::routes(routes);
    let routes = dags::routes(routes);
    let routes = assets::routes(routes);
    let routes = hitl::routes(routes);
    state_store::routes(routes)
}
