//! What all endpoints share: errors in FastAPI's shape, query parameters, JSON bodies.

pub mod body;
pub mod contract;
pub mod error;
pub mod params;
mod store_error;

pub use body::Body;
pub use error::ApiError;
pub use params::Params;
