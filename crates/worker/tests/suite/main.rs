//! The worker as a whole: real processes, a real python host, an in-memory server.

mod bash_lane;
mod callbacks;
mod parse;
mod python_lane;
mod support;
mod worker;
