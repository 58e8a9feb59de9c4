//! What a snapshot costs: windlass beside the engine's own programs, in one run on one machine, on the same generated data.
//!
//!     cargo bench --bench snapshot -- [postgres|mariadb|sqlite ...] [--mb 1024] [--rounds 3]
//!
//! `docs/BENCHMARKS.md` says what is compared with what, and what came out.

mod contender;
#[path = "../apply/engine.rs"]
mod engine;
#[expect(dead_code, reason = "the other benchmarks feed scripts to the client")]
#[path = "../apply/ground.rs"]
mod ground;
#[path = "../apply/measure.rs"]
mod measure;
#[path = "../apply/servers.rs"]
mod servers;
mod stage;
mod table;
mod words;

use std::{
    error::Error,
    io::{Write, stderr, stdout},
};

use self::{
    contender::{Contender, contenders},
    engine::Engine,
    ground::Ground,
    servers::Servers,
    stage::Stage,
    table::{Row, Table},
    words::Words,
};

/// What a benchmark that cannot go on says.
type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    let words = Words::of_command_line()?;
    let servers = Servers::start(&words.engines)?;
    let mut table = Table::default();
    for engine in &words.engines {
        let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let ground = Ground::new(*engine, &servers, scratch.path());
        let stage = Stage::set(&ground, servers.of(*engine).1, words.megabytes)?;
        let logical = stage.logical_bytes(&ground)?;
        writeln!(stderr(), "{}: {} MB, {} rounds", engine.name(), logical / 1_000_000, words.rounds)?;
        let mut rows = Vec::new();
        for _ in 0..words.rounds {
            // They take turns, so that a disturbance meets all of them.
            for contender in contenders(*engine) {
                rows.push(turn(&stage, &ground, contender)?);
            }
            rows.extend(back(&stage, &ground)?);
        }
        table.add(*engine, logical, rows);
        stage.clear(&ground)?;
    }
    writeln!(stdout(), "{table}")?;
    Ok(())
}

/// One snapshot, and nothing of it left.
fn turn(stage: &Stage, ground: &Ground, contender: Contender) -> Fallible<Row> {
    let spent = measure::run(stage.out(ground, contender))?;
    let bytes = stage.taken_bytes()?;
    stage.forget()?;
    Ok(Row { contender, spent, bytes: Some(bytes) })
}

/// Everything is changed and restored, by the engine's own program into an empty database and by windlass over the live one.
fn back(stage: &Stage, ground: &Ground) -> Fallible<Vec<Row>> {
    measure::run(stage.out(ground, Contender::Own))?;
    let own = measure::run(stage.back_by_hand(ground)?)?;
    stage.forget()?;
    measure::run(stage.out(ground, Contender::Windlass))?;
    stage.empty(ground)?;
    let windlass = measure::run(stage.back()?)?;
    stage.must_be_whole(ground)?;
    stage.forget()?;
    Ok(vec![
        Row { contender: Contender::OwnBack, spent: own, bytes: None },
        Row { contender: Contender::WindlassBack, spent: windlass, bytes: None },
    ])
}
