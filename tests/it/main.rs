//! Every test that drives windlass through a public face: one binary, one start-up.

mod catalog;
mod engine;
mod harness;
mod snapshot_folder;
