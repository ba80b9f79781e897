//! The log of a try: JSON lines at Airflow's path below the log folder.

mod lines;
mod mask;
mod ship;
mod try_log;

pub use lines::{Line, LineSplitter, decode};
pub use mask::Masker;
pub use ship::Shipper;
pub use try_log::{Stream, TryLog};
