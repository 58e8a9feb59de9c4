//! The floor: what windlass sends, as a script for the engine's own client.
//!
//! The statements of the migrations, their transactions and their bookkeeping are taken from a dry run, so that they are
//! what this windlass sends and nobody has to write them twice. What comes before the first migration (our own tables,
//! and the planned rows of the journal) is written here.

use std::{fmt::Write, fs, path::PathBuf};

use windlass::engine::{self, DdlScope};

use super::{Catalog, Engine, Fallible, Ground, catalog, contender, measure::output};

/// What the client asks when there is nothing to do.
pub const HISTORY: &str =
    "SELECT migration_number, version, name, checksum, success FROM migration_history ORDER BY migration_number";

/// The digits of a SHA-256 and of a pair of them, for rows that only have to be as long as the real ones.
const SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// Before the run's identifier in the statements of a dry run.
const BEFORE_RUN: &str = "run_id = '";
/// The characters of a ULID.
const ULID_CHARS: usize = 26;
/// Planned rows in one statement, as windlass sends them.
const ROWS_AT_ONCE: usize = 50;

/// Where the script is.
pub fn path(ground: &Ground) -> PathBuf {
    ground.folder.join("floor.sql")
}

/// Writes the script.
///
/// # Errors
/// When the dry run fails.
pub fn write(ground: &Ground, catalog: &Catalog) -> Fallible<()> {
    let place = ground.fresh()?;
    let statements = output(&mut contender::windlass(catalog, &place, &["up", "--dry-run", "--through"]))?;
    let target = engine::at(&place.url.clone().into())?;
    let words = target.words();
    ground.remove(place)?;
    let run = statements.split_once(BEFORE_RUN).and_then(|(_, rest)| rest.get(..ULID_CHARS)).ok_or("no run in it")?;
    let mut script = String::from(match ground.engine {
        // As windlass sets them for a file of its own making.
        Engine::Sqlite => "PRAGMA journal_mode = WAL;\nPRAGMA synchronous = FULL;\n",
        Engine::Postgres | Engine::MariaDb => "",
    });
    let (begin, commit) = match target.ddl_scope() {
        DdlScope::Transaction => ("BEGIN;\n", "COMMIT;\n"),
        DdlScope::Statement => ("", ""),
    };
    script.push_str(begin);
    for statement in words.create_tables {
        writeln!(script, "{statement};")?;
    }
    script.push_str(commit);
    let clock = words.clock;
    writeln!(script, "UPDATE windlass_lock SET epoch = 1, since = {clock}, heartbeat = {clock} WHERE id = 1;")?;
    for first in (1..=catalog.size).step_by(ROWS_AT_ONCE) {
        let last = catalog.size.min(first + ROWS_AT_ONCE - 1);
        let rows: Vec<String> = (first..=last).map(|number| planned(run, number)).collect();
        writeln!(
            script,
            "INSERT INTO windlass_journal (run_id, seq, statement, direction, state, name, number, version, description, \
             checksum, bytes_sha256, rollback_available, backend_version, applied_by, epoch, connection_id) VALUES {};",
            rows.join(", ")
        )?;
    }
    script.push_str(&statements);
    script.push_str("UPDATE windlass_lock SET holder = NULL WHERE id = 1;\n");
    Ok(fs::write(path(ground), script)?)
}

fn planned(run: &str, number: usize) -> String {
    format!(
        "('{run}', {number}, 0, 'up', 'planned', '{}', {number}, '{}', '{}', 'sha256:{SHA256}:{SHA256}', '{SHA256}', TRUE, \
         '1.0.0', 'bench (cli)', 1, '1')",
        catalog::identity(number),
        catalog::version(number),
        catalog::description(number)
    )
}
