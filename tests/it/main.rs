//! Every test that drives windlass through a public face: one binary, one start-up.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod adopt;
mod archive;
mod audit;
mod auth;
mod backfill;
mod browser;
mod catalog;
mod cli_parse;
mod cli_remote;
mod cli_run;
mod config;
mod declared;
mod deploy;
mod engine;
mod failpoints;
mod formats;
mod guides;
mod harness;
mod house;
mod http_door;
mod http_run;
mod library;
mod metrics;
mod own_tests;
mod readme;
mod real_histories;
mod rehearsal;
mod risk;
mod run_log;
mod snapshot;
mod sql;
mod telemetry;
mod traces;
