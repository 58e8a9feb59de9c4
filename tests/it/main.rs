//! Every test that drives windlass through a public face: one binary, one start-up.

mod auth;
mod config;
mod harness;
mod http_door;
mod telemetry;
