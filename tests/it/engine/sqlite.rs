//! What holds on SQLite alone.
