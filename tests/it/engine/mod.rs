//! What the engines promise: one contract for all, and what each one adds.

mod contract;
mod copies;
mod fencing;
mod lookout;
mod mariadb;
mod overtaken;
mod postgres;
mod sensitivity;
mod sqlite;
mod sqlite_schema;
mod target;
