//! Whole runs over HTTP, against the real program and a real database of every engine.

mod archived;
mod bad_input;
mod concurrent;
mod crash;
mod drift;
mod evidence;
mod failures;
mod ghost;
mod health;
mod heard;
mod in_doubt;
mod lock_queue;
mod loss;
mod marks;
mod not_undone;
mod path;
mod plan_digest;
mod retry;
mod session;
mod settings;
mod snapshots;
mod stepwise;
mod stop;
mod trust;
mod under_load;
mod within;
