//! A seeded world in which the planners of `core` are put to the test.
//!
//! Several schedulers and workers share a [`Model`] of the database. Time is simulated and every move is a
//! [`Step`] of a [`Scenario`]: a scheduler goes one phase further, a message arrives, is lost or arrives twice, a
//! process dies or stalls, a clock jumps, a commit's answer is lost. After the steps comes a calm time without faults, in
//! which every run must end. After every change the [`laws`] are checked.
//!
//! A scenario is made of a seed ([`generate`]) and is plain JSON: one that breaks a law is made as small as
//! possible ([`minimise`]) and becomes a file in `cases/`, which the tests play again for ever.
//!
//! The schedulers here are small: the same phases as the engine's around the same planners. What ties them to the
//! product are two tests: `tests/differential.rs` holds the model against the real store on both databases, and
//! `tests/engine.rs` plays scenarios with the engine's own scheduler.

mod generate;
pub mod laws;
mod minimise;
mod model;
mod rng;
mod scenario;
mod scheduler;
mod shape;
mod workers;
mod world;

pub use generate::generate;
pub use laws::Breach;
pub use minimise::minimise;
pub use model::{
    BackfillRow, Consumed, DagRow, EventRow, Finish, Fire, InboxRow, JobRow, Model, NewBackfill, NewTi, RunRow,
    RunWrite, TiRow, TiWrite, TriggerRow, UsageRow,
};
pub use rng::Rng;
pub use scenario::{Outcome, Scenario, Step};
pub use shape::{DagShape, MapShape, TaskShape, asset};
pub use world::{Report, World, play};
