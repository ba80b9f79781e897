//! What crosses a process border: serialized DAGs, workloads, the task API and the frames spoken with python hosts.
//!
//! Only data (serde) and the [`TaskApi`] trait live here. Unknown fields are ignored on reading, so that an old
//! worker and a new server understand each other; fields are only ever added, with a default.

pub mod callback;
pub mod frames;
pub mod log_path;
pub mod serialized_dag;
pub mod task_api;
pub mod task_call;
pub mod triggers;
pub mod workload;

pub use callback::{CallbackJob, Called};
pub use log_path::log_path;
pub use serialized_dag::{LaneSpec, SerializedDag, SerializedTask};
pub use task_api::{TaskApi, TaskApiError, TaskReply};
pub use task_call::TaskCall;
pub use tradewind_core::{Deferral, Ends, Resume, WaitOutcome};
pub use workload::Workload;
