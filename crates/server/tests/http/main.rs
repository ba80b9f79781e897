//! The whole server over HTTP, on both databases.

mod access;
mod admin;
mod assets;
mod auth;
mod backfills;
mod dag_runs;
mod dags;
mod hostile;
mod logs;
mod reruns;
mod rest;
mod roles;
mod server;
mod slow;
mod task_api;
mod task_instances;
mod ui;
mod why;
