//! Every test that drives windlass through a public face: one binary, one start-up.

mod auth;
mod catalog;
mod cli_parse;
mod config;
mod harness;
mod telemetry;
