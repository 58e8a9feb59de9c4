//! Obligations that tests call on.

pub mod database;
