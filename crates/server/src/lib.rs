//! The api-server: REST, the task API, logging in, the web interface's files.
//!
//! It meets the engine only in the database and its notifications. Start it with [`serve`].

pub mod api;
pub mod auth;
mod clock;
pub mod config;
pub mod events;
mod execution;
pub mod http;
pub mod logs;
pub mod params;
mod presence;
mod redact;
pub mod rerun;
mod routes;
mod serve;
mod state;
pub mod task_api;
mod ui;
mod users;
mod versions;
pub mod why;

pub use auth::{AuthConfig, Tokens, TryTokens, hash_password};
pub use config::{ExposeConfig, Patience, ServerConfig, ShownOption, StateStoreConfig};
pub use serve::{Bound, ServeError, bind, serve};
pub use state::App;
pub use task_api::{StoreTaskApi, TaskApiConfig};
