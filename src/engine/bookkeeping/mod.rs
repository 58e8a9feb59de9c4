//! Our tables in the target.
