//! Whole-output tests of the commands: what a person types, and everything that they see.

mod admin;
mod command;
mod config;
mod db;
mod state_store;
mod upkeep;
mod why;
mod words;
