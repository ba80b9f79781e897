//! Runs tries: python hosts, the native bash lane, supervision, logs. Speaks the task API; never links the store.

pub mod host;
pub mod log;
