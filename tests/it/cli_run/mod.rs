//! Whole runs on the command line, against the real program and a real database of every engine.

mod analytics;
mod break_lock;
mod exit_codes;
mod half_restored;
mod holder;
mod pipelines;
mod plan_base;
mod plan_forms;
mod quiet;
mod session;
mod templates;
mod waiting;
