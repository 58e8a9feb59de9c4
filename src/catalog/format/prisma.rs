//! Prisma: `<timestamp>_<name>/migration.sql`, in the order of the folders' names, and `migration_lock.toml`, which says
//! for which provider they were written (Prisma's documentation, "About migration histories").
//!
//! There is no way back. Prisma sends a file as it is and opens no transaction of its own; on PostgreSQL the server then
//! takes all of it as one, unless the file says otherwise (PostgreSQL manual, "Multiple Statements in a Simple Query").

use super::{
    Format,
    numbered::{self, identity},
};
use crate::{
    catalog::{
        draft::Draft,
        folder::{Entry, Folder, Kind},
        name::is_digits,
        reader::Reader,
        words::toml_fault,
    },
    sql::Dialect,
};

const SCRIPT: &str = "migration.sql";
const LOCK: &str = "migration_lock.toml";

/// Numbered folders with a `migration.sql`.
pub static FORMAT: Format = Format { name: "prisma", recognises, read, opt_out: "" };

fn recognises(folder: &Folder, entries: &[Entry]) -> bool {
    entries.iter().any(|entry| match entry.kind {
        Kind::File => entry.name == LOCK,
        Kind::Folder => parts(&entry.name).is_some() && folder.has(&format!("{}/{SCRIPT}", entry.name)),
    })
}

fn parts(folder: &str) -> Option<(&str, &str)> {
    folder.split_once('_').filter(|(number, _)| is_digits(number))
}

fn read(reader: &mut Reader, entries: &[Entry]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for Entry { name, kind } in entries {
        match (kind, parts(name)) {
            (Kind::File, _) if name == LOCK => provider(reader),
            (Kind::Folder, Some((number, words))) => {
                let Some(identity) = identity(reader, name, number, words) else { continue };
                drafts.push(migration(reader, name, numbered::draft(identity, name, None)));
            }
            (Kind::Folder, None) if reader.folder.has(&format!("{name}/{SCRIPT}")) => {
                let message = "the folder's name does not name a migration";
                reader.fault(
                    "folder-name",
                    name,
                    message,
                    "rename it to <timestamp>_<name>, such as 20240501120000_add_users",
                );
            }
            _ => reader.stray(name),
        }
    }
    numbered::in_parts(reader, &mut drafts);
    drafts
}

fn migration(reader: &mut Reader, place: &str, mut draft: Draft) -> Draft {
    let script = format!("{place}/{SCRIPT}");
    for file in reader.list(place).into_iter().filter(|file| file.name != SCRIPT) {
        reader.stray(&format!("{place}/{}", file.name));
    }
    if reader.folder.has(&script) {
        draft.up = reader.source(&script);
    } else {
        reader.fault("missing-up-script", place, "it has no migration.sql", "write it, or remove the folder");
    }
    draft
}

/// A history that was written for another server is not run on this one.
fn provider(reader: &mut Reader) {
    let Some(source) = reader.source(LOCK) else { return };
    let remedy = "write provider = \"postgresql\", \"mysql\" or \"sqlite\"";
    let told = match source.text.parse::<toml::Table>() {
        Ok(table) => table.get("provider").and_then(toml::Value::as_str).map(str::to_owned),
        Err(error) => return reader.findings.push(toml_fault(LOCK, &source.text, &error, remedy)),
    };
    let wanted = match reader.dialect {
        Dialect::Postgres => "postgresql",
        Dialect::MySql => "mysql",
        Dialect::Sqlite => "sqlite",
    };
    match told.as_deref() {
        Some(told) if told == wanted => {}
        Some(told) => {
            let message = format!("these migrations were written for {told}, and the target is read as {wanted}");
            reader.fault(
                "provider",
                LOCK,
                message,
                "point target.url at such a server, or catalog.path at its migrations",
            );
        }
        None => reader.fault("provider", LOCK, "it names no provider", remedy),
    }
}
