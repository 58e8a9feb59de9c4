//! Health for an orchestrator, in three parts: all of it, the database, the migrations. From memory, like `api/system/`, and
//! printed by the same press. Nothing is told of what is in the database: tables are counted, not named.

pub mod application;
pub mod database;
pub mod migrations;
