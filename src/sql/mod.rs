//! Statements, dialects and checksums: text in, text out, no I/O.

mod dialect;

pub use dialect::Dialect;
