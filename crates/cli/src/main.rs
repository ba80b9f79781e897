//! The `tradewind` binary.

mod config;
mod suggest;

fn main() {}
