//! Every test that drives windlass through a public face: one binary, one start-up.

mod auth;
mod catalog;
mod cli_parse;
mod cli_remote;
mod cli_run;
mod config;
mod engine;
mod harness;
mod http_door;
mod http_run;
mod real_histories;
mod snapshot_folder;
mod sql;
mod telemetry;
