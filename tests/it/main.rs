//! Every test that drives windlass through a public face: one binary, one start-up.

mod harness;
mod sql;
