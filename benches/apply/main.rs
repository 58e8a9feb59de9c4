//! How long a run takes: windlass beside the engine's own client and sqlx-cli, in one run on one machine.
//!
//!     cargo bench --bench apply -- [postgres|mariadb|sqlite ...] [--sizes 10,100,1000] [--rounds 5] [--without-sqlx]
//!
//! `docs/BENCHMARKS.md` says what is compared with what, and what came out.

mod catalog;
mod contender;
mod engine;
mod floor;
mod ground;
mod measure;
mod servers;
mod sqlx_cli;
mod table;
mod words;

use std::{
    error::Error,
    io::{Write, stderr, stdout},
};

use self::{
    catalog::Catalog,
    contender::Contender,
    engine::Engine,
    ground::Ground,
    measure::Spent,
    servers::Servers,
    table::{Row, Table},
    words::Words,
};

/// What a benchmark that cannot go on says.
type Fallible<T> = Result<T, Box<dyn Error>>;

/// How often "nothing to do" is asked in each round: it is short, and so is easily disturbed.
const AGAIN_TIMES: usize = 5;

fn main() -> Fallible<()> {
    let words = Words::of_command_line()?;
    let contenders = contenders(words.with_sqlx);
    let servers = Servers::start(&words.engines)?;
    let mut table = Table::default();
    for engine in &words.engines {
        for size in &words.sizes {
            let scratch = tempfile::tempdir()?;
            let ground = Ground::new(*engine, &servers, scratch.path());
            let catalog = Catalog::write(*size, scratch.path())?;
            floor::write(&ground, &catalog)?;
            writeln!(stderr(), "{}: {size} migrations, {} rounds", engine.name(), words.rounds)?;
            let (applied, again) = compare(&ground, &catalog, &contenders, words.rounds)?;
            table.add(*engine, *size, "apply", applied);
            table.add(*engine, *size, "nothing to do", again);
        }
    }
    writeln!(stdout(), "{table}")?;
    Ok(())
}

/// Everybody who can take part.
fn contenders(with_sqlx: bool) -> Vec<Contender> {
    let mut all = vec![Contender::Client, Contender::Windlass, Contender::Defaults];
    if !with_sqlx {
        return all;
    }
    match sqlx_cli::installed() {
        Ok(program) => all.push(Contender::Sqlx(program)),
        Err(reason) => _ = writeln!(stderr(), "sqlx-cli takes no part: {reason}"),
    }
    all
}

/// Lets each contender have its turn in every round, each on a database of its own.
fn compare(
    ground: &Ground,
    catalog: &Catalog,
    contenders: &[Contender],
    rounds: usize,
) -> Fallible<(Vec<Row>, Vec<Row>)> {
    let mut applied: Vec<Vec<Spent>> = vec![Vec::new(); contenders.len()];
    let mut again = applied.clone();
    for _ in 0..rounds {
        let mut places = Vec::new();
        for (contender, spent) in contenders.iter().zip(&mut applied) {
            let place = ground.fresh()?;
            spent.push(measure::run(contender.applies(ground, catalog, &place)?)?);
            ground.must_have(&place, contender.history(), catalog.size)?;
            places.push(place);
        }
        for _ in 0..AGAIN_TIMES {
            for ((contender, place), spent) in contenders.iter().zip(&places).zip(&mut again) {
                spent.push(measure::run(contender.finds_nothing(ground, catalog, place)?)?);
            }
        }
        for place in places {
            ground.remove(place)?;
        }
    }
    let rows =
        |all: Vec<Vec<Spent>>| contenders.iter().zip(all).map(|(who, spent)| Row::of(who.name(), spent)).collect();
    Ok((rows(applied), rows(again)))
}
