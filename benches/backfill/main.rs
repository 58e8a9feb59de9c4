//! What a change of every row costs: a backfill beside one single UPDATE, in one run on one machine; each alone, for the total,
//! and while a writer of the application works on the same table, for its waits.
//!
//!     cargo bench --bench backfill -- [postgres|mariadb|sqlite ...] [--rows 1000000] [--rounds 3]
//!
//! `docs/BENCHMARKS.md` says what is compared with what, and what came out.

mod batches;
#[path = "../apply/engine.rs"]
mod engine;
#[expect(dead_code, reason = "the other benchmark needs more of it")]
#[path = "../apply/ground.rs"]
mod ground;
#[expect(dead_code, reason = "the other benchmark measures memory, and needs no log")]
#[path = "../apply/measure.rs"]
mod measure;
#[path = "../apply/servers.rs"]
mod servers;
mod stage;
mod table;
mod words;
mod writer;

use std::{
    error::Error,
    io::{Write, stderr, stdout},
};

use self::{
    engine::Engine,
    ground::Ground,
    servers::Servers,
    stage::{Company, Means, Stage},
    table::{Row, Table},
    words::Words,
    writer::Writer,
};

/// What a benchmark that cannot go on says.
type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    let words = Words::of_command_line()?;
    let servers = Servers::start(&words.engines)?;
    let mut table = Table::default();
    for engine in &words.engines {
        let scratch = tempfile::tempdir()?;
        let ground = Ground::new(*engine, &servers, scratch.path());
        writeln!(stderr(), "{}: {} rows, {} rounds", engine.name(), words.rows, words.rounds)?;
        let mut rows = Vec::new();
        for _ in 0..words.rounds {
            // They take turns, so that a disturbance meets both.
            for company in [Company::Alone, Company::Writer] {
                for means in [Means::Single, Means::Backfill] {
                    rows.push(turn(&ground, words.rows, means, company)?);
                }
            }
        }
        table.add(*engine, words.rows, rows);
    }
    writeln!(stdout(), "{table}")?;
    Ok(())
}

/// One change of every row.
fn turn(ground: &Ground, rows: usize, means: Means, company: Company) -> Fallible<Row> {
    let stage = Stage::set(ground, rows)?;
    let change = stage.change(ground, means)?;
    let writer = match company {
        Company::Alone => None,
        Company::Writer => Some(Writer::begin(ground.engine, stage.url(), rows)?),
    };
    let (wall, log) = batches::run(change)?;
    let waits = writer.map(Writer::end).transpose()?.unwrap_or_default();
    stage.must_be_changed(ground)?;
    stage.clear(ground)?;
    Ok(Row { means, company, wall, waits, batches: batches::told(&log) })
}
