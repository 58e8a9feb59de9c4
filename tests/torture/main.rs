//! The real program is killed, stopped, refused and cut off at every named place, against real servers and on real histories,
//! and must come to the end it would have come to anyway: by itself, and with the truth about itself.
//!
//! Everything is looked at with SQL of this program's own. `./test torture` runs it for as long as one likes;
//! `docs/RELIABILITY.md` says what it shows.

#[path = "../it/harness/crate_source.rs"]
mod crate_source;
#[path = "../it/harness/database.rs"]
mod database;
#[path = "../it/harness/eye.rs"]
#[expect(dead_code, reason = "shared with the other tests, which need more of it")]
mod eye;
#[path = "../it/harness/own_server.rs"]
#[expect(dead_code, reason = "shared with the other tests, which need more of it")]
mod own_server;

mod ablations;
mod application;
mod backfill;
mod budget;
mod chance;
mod effects;
mod ghosts;
mod kill_points;
mod only;
mod orders;
mod place;
mod program;
mod restores;
mod scenario;
mod schedules;
mod servers;
mod service;
mod tally;
mod total;
mod trial;
mod truth;
