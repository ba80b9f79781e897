//! Assets: who refers to them, their events, and who has yet to consume which.
//!
//! An event is written once and queued for every DAG that waits for its asset, in one transaction. It leaves a DAG's
//! queue in the transaction that creates the run which consumes it, or when somebody empties the queue.

mod consume;
mod emit;
mod notices;
mod queue;
mod references;
mod watchers;

pub use consume::{AssetConsumerRow, AssetRunOutcome};
pub use emit::{AssetEventSource, EventRun, NewAssetEvent};
pub use references::{AssetUse, AssetUseKind};
