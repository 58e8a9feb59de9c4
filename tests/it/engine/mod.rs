//! The engines: rules that hold on each of them, and what is particular to one.

mod contract;
mod sqlite;
mod sqlite_schema;
mod target;
