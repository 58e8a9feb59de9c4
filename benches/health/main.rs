//! What a look at health costs: windlass beside a bare axum handler that answers the same bytes, and beside one that asks the
//! database each time, in one run on one machine.
//!
//!     cargo bench --bench health -- [--connections 1,16,64] [--seconds 1] [--rounds 15] [--requests 1000000]
//!
//! `docs/BENCHMARKS.md` says what is compared with what, and what came out.

mod contender;
#[expect(dead_code, reason = "the other benchmarks take their engines from the command line")]
#[path = "../apply/engine.rs"]
mod engine;
#[expect(dead_code, reason = "the other benchmarks feed whole scripts and count rows")]
#[path = "../apply/ground.rs"]
mod ground;
mod load;
#[expect(dead_code, reason = "the other benchmarks measure whole processes")]
#[path = "../apply/measure.rs"]
mod measure;
#[path = "../apply/servers.rs"]
mod servers;
mod service;
mod simple;
mod table;
mod words;

use std::{
    env,
    error::Error,
    io::{Write, stderr, stdout},
    thread,
    time::Duration,
};

use self::{
    contender::{Contender, Harbour},
    engine::Engine,
    ground::Ground,
    load::Load,
    servers::Servers,
    service::Service,
    table::{Row, Table},
    words::Words,
};

/// Before the idle memory is read: what a service does behind its first answers (windlass opens its control store then) is part of it.
const UNTIL_IDLE: Duration = Duration::from_millis(500);

/// What a benchmark that cannot go on says.
type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    if let Some(how) = env::var_os(simple::VARIABLE) {
        return simple::serve(&how);
    }
    let words = Words::of_command_line()?;
    let servers = Servers::start(&[Engine::Postgres])?;
    let scratch = tempfile::tempdir()?;
    let ground = Ground::new(Engine::Postgres, &servers, scratch.path());
    let harbour = Harbour::ready(&ground)?;
    let mut table = Table::default();
    for round in 0..words.rounds {
        // They take turns, so that a disturbance meets them all.
        for contender in Contender::ALL {
            writeln!(stderr(), "round {}: {}", round + 1, contender.name())?;
            table.add(turn(contender, &harbour, &words)?);
        }
    }
    harbour.clear(&ground)?;
    writeln!(stdout(), "{table}")?;
    Ok(())
}

/// One contender from its start to its end.
fn turn(contender: Contender, harbour: &Harbour, words: &Words) -> Fallible<Row> {
    let service = Service::start(contender.command(harbour)?)?;
    thread::sleep(UNTIL_IDLE);
    let (first, first_good, idle) = (service.first, service.first_good, service.memory()?);
    let mut row = Row { contender, first, first_good, idle, loads: Vec::new(), loaded: idle };
    for connections in &words.connections {
        let before = service.cpu()?;
        let load = Load::of(service.address, *connections, words.enough())?;
        row.loads.push((load, service.cpu()?.saturating_sub(before)));
    }
    row.loaded = service.memory()?;
    Ok(row)
}
