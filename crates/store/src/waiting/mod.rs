//! Waiting without a worker: tries that defer, the triggers that wake them, triggerers' leases, questions to people.

mod awaited;
mod defer;
mod fire;
mod hitl;
mod lease;
mod native;
mod resume;

pub(crate) use defer::Deferred;
pub use fire::Firing;
pub use hitl::{Answer, HitlDetail, HitlFilter, Question};
pub use lease::{LeasedTrigger, TriggerOwner};
pub use native::{DueTrigger, ExternalTrigger};
