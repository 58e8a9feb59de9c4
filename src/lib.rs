//! windlass takes an application's database from one version to the next, and back.
//!
//! The rooms, from the ground up; a room uses only what stands below it:
//!
//! - [`model`]: every noun and every legal transition; [`sql`]: statements, dialects and checksums;
//!   [`config`]: settings; [`clock`]: time; [`disk`]: room; [`meters`]: what is counted; [`telemetry`]: logs; `failpoint`: places where a test lets the process die.
//! - [`auth`]: tokens; [`catalog`]: migrations on disk; [`plan`]: pure thinking; [`engine`]: the target database;
//!   [`snapshot`]: archives; [`git`]: the source's commit; [`store`]: our own database.
//! - [`procedure`]: how each kind of job is done.
//! - [`jobs`]: who runs what, and when; [`monitor`]: health.
//! - [`app`] and [`lifecycle`]: what lives long, and how it all stops.
//! - [`api`] and [`cli`]: the doors; [`web`]: what a browser shows.
//! - [`library`]: a door for applications that windlass is a part of; begin there, with [`Windlass`].

#[macro_use]
mod failpoint;
mod https;

pub mod api;
pub mod app;
pub mod auth;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod disk;
pub mod engine;
pub mod git;
pub mod jobs;
pub mod library;
pub mod lifecycle;
pub mod meters;
pub mod model;
pub mod monitor;
pub mod plan;
pub mod procedure;
pub mod snapshot;
pub mod sql;
pub mod store;
pub mod telemetry;
pub mod web;

pub use library::{Migrate, MigrateError, Migrated, MigrationHealth, Windlass, router};
