//! Mapping and flow, semantic by semantic, on the run planner: small DAGs, what their tasks do, what comes of it.

mod dates;
mod groups;
mod mapping;
mod scopes;
mod skips;
mod world;
