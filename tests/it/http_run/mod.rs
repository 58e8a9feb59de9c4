//! Whole runs over HTTP, against the real program and a real database of every engine.

mod session;
