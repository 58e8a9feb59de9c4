//! popx, Ory's: `<number>_<name>[.<dialect>][.autocommit].{up,down}.sql`; a dialect's own file goes before the one for all
//! (popx, `ParseMigrationFilename`; `Migrations.SortAndFilter`).
//!
//! A number has 14 digits and, where a change has several parts, more: popx takes the first 14 for the number of its
//! legacy. Here those are the version and the rest the place within it. `autocommit` runs a file without a transaction. A
//! number that has files for other dialects only is passed over, as popx does. Fizz is refused.

use std::collections::BTreeMap;

use super::{
    Format,
    numbered::{self, Way},
};
use crate::{
    catalog::{
        draft::{Draft, Numbering},
        folder::{Entry, Kind},
        name::is_digits,
        reader::Reader,
        words::is_sql,
    },
    sql::Dialect,
};

/// How many digits of a number are its version.
const VERSION_DIGITS: usize = 14;

/// Numbered files in pairs, some of them for one dialect.
pub static FORMAT: Format = Format {
    name: "popx",
    recognises: |_, entries| entries.iter().any(|entry| entry.kind == Kind::File && is_marked(&entry.name)),
    read,
    opt_out: "; or end its name in .autocommit.up.sql to run the statements one by one as written",
};

/// `20240501120000_add_users.mysql.autocommit.up.sql`, taken apart.
struct FileName<'a> {
    number: &'a str,
    name: &'a str,
    dialect: Option<&'a str>,
    is_autocommit: bool,
    way: Way,
    is_fizz: bool,
}

fn file_name(file: &str) -> Option<FileName<'_>> {
    let (number, rest) = file.split_once('_').filter(|(number, _)| is_digits(number))?;
    let (rest, ending) = rest.rsplit_once('.').filter(|(_, ending)| matches!(*ending, "sql" | "fizz"))?;
    let (rest, way) = rest.rsplit_once('.')?;
    let way = match way {
        "up" => Way::Up,
        "down" => Way::Down,
        _ => return None,
    };
    let (rest, is_autocommit) = rest.strip_suffix(".autocommit").map_or((rest, false), |rest| (rest, true));
    let (name, dialect) = rest.split_once('.').map_or((rest, None), |(name, dialect)| (name, Some(dialect)));
    Some(FileName { number, name, dialect, is_autocommit, way, is_fizz: ending == "fizz" })
}

/// Whose files a dialect's are.
enum Whose {
    /// Those of an engine of windlass's.
    Ours(Dialect),
    /// Those of a database that windlass does not know.
    Others,
}

/// Every name by which pop calls a dialect (pop, `CanonicalDialect`).
fn whose(dialect: &str) -> Option<Whose> {
    Some(match dialect {
        "postgres" | "postgresql" | "pg" => Whose::Ours(Dialect::Postgres),
        "mysql" => Whose::Ours(Dialect::MySql),
        "sqlite" | "sqlite3" => Whose::Ours(Dialect::Sqlite),
        "cockroach" | "cockroachdb" | "crdb" => Whose::Others,
        _ => return None,
    })
}

/// Whether a name holds what no other layout's does.
fn is_marked(file: &str) -> bool {
    file_name(file).is_some_and(|it| it.is_fizz || it.is_autocommit || it.dialect.is_some_and(|it| whose(it).is_some()))
}

/// The files of one number for this engine: forward and back.
#[derive(Default)]
struct Chosen<'a> {
    up: Option<(&'a str, FileName<'a>)>,
    down: Option<(&'a str, FileName<'a>)>,
}

fn read(reader: &mut Reader, entries: &[Entry]) -> Vec<Draft> {
    let mut numbers: BTreeMap<(usize, &str), Chosen<'_>> = BTreeMap::new();
    for Entry { name: file, kind } in entries {
        match file_name(file).filter(|_| *kind == Kind::File) {
            Some(name) if name.is_fizz => {
                let message = "it is written in fizz, which windlass cannot read";
                reader.fault("code-migration", file, message, "write it in SQL, in a file for each dialect");
            }
            Some(name) if is_for(reader, file, &name) => {
                let chosen = numbers.entry((name.number.len(), name.number)).or_default();
                let place = if name.way == Way::Up { &mut chosen.up } else { &mut chosen.down };
                choose(reader, place, file, name);
            }
            Some(_) => {}
            None if *kind == Kind::File && is_sql(file) && file.starts_with(|c: char| c.is_ascii_digit()) => {
                let message = "the file's name does not name a migration";
                reader.fault("file-name", file, message, "rename it to <number>_<name>.up.sql, or .down.sql");
            }
            None => reader.stray(file),
        }
    }
    let mut drafts: Vec<_> = numbers.into_values().filter_map(|chosen| draft(reader, chosen)).collect();
    drafts.sort_by(|a, b| a.identity.cmp(&b.identity));
    drafts
}

/// Whether this engine's popx would take the file; an engine nobody knows is a fault, as it is there.
fn is_for(reader: &mut Reader, file: &str, name: &FileName<'_>) -> bool {
    let Some(dialect) = name.dialect else { return true };
    match whose(dialect) {
        Some(Whose::Ours(dialect)) => dialect == reader.dialect,
        Some(Whose::Others) => false,
        None => {
            let message = format!("no dialect is called {dialect}");
            reader.fault("file-name", file, message, "name postgres, mysql, sqlite3 or cockroach");
            false
        }
    }
}

/// The dialect's own file goes before the one for all; two of a kind are a fault.
fn choose<'a>(reader: &mut Reader, place: &mut Option<(&'a str, FileName<'a>)>, file: &'a str, name: FileName<'a>) {
    match place {
        Some((_, earlier)) if earlier.dialect.is_some() && name.dialect.is_none() => {}
        Some((other, earlier)) if earlier.dialect.is_some() == name.dialect.is_some() => {
            let message = format!("it has the number {}, and so has {other}", name.number);
            reader.fault("duplicate-migration", file, message, "give one of them another number");
        }
        _ => *place = Some((file, name)),
    }
}

fn draft(reader: &mut Reader, Chosen { up, down }: Chosen<'_>) -> Option<Draft> {
    let Some((file, name)) = up else {
        let (file, name) = down?;
        let message = format!("it goes back from number {}, and no file goes there", name.number);
        reader.fault("missing-up-script", file, message, "add the .up.sql file, or remove this one");
        return None;
    };
    let (version, rest) = name.number.split_at(name.number.len().min(VERSION_DIGITS));
    let mut identity = numbered::identity(reader, file, version, name.name)?;
    identity.sequence = match rest {
        "" => 0,
        rest => rest.parse().ok().filter(|_| rest.len() < 10).or_else(|| {
            let message =
                format!("the number {} has more than nine digits behind its first {VERSION_DIGITS}", name.number);
            reader.fault("number", file, message, "give it a shorter number");
            None
        })?,
    };
    let source = reader.source(file);
    let mut draft = numbered::draft(identity, file, source);
    draft.numbering = Numbering::Placed;
    draft.metadata.transactional = name.is_autocommit.then_some(false);
    draft.down = down.and_then(|(file, _)| reader.source(file));
    Some(draft)
}
