//! Obligations that tests call on.

pub mod client;
pub mod command_line;
pub mod crate_source;
pub mod database;
