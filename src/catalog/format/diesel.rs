//! Diesel: `<number>_<name>/{up.sql,down.sql,metadata.toml}`, the number with or without `-` in it.
//!
//! `metadata.toml` may say `run_in_transaction = false` (Diesel, `MigrationMetadata`).

use super::{
    Format,
    numbered::{self, identity},
};
use crate::{
    catalog::{
        draft::{Draft, Source},
        folder::{Entry, Folder, Kind},
        reader::Reader,
        words::{toml_fault, unknown_field},
    },
    model::finding::Finding,
};

const METADATA: &str = "metadata.toml";
const RUN_IN_TRANSACTION: &str = "run_in_transaction";

/// Numbered folders with an `up.sql`.
pub static FORMAT: Format = Format {
    name: "diesel",
    recognises,
    read,
    opt_out: "; or set run_in_transaction = false in metadata.toml to run the statements one by one as written",
};

fn recognises(folder: &Folder, entries: &[Entry]) -> bool {
    let is_migration = |entry: &Entry| {
        entry.kind == Kind::Folder && parts(&entry.name).is_some() && folder.has(&format!("{}/up.sql", entry.name))
    };
    entries.iter().any(is_migration)
}

/// `2024-05-01-120000_add_users`: the number without its dashes, and the name.
fn parts(folder: &str) -> Option<(String, &str)> {
    let (number, name) = folder.split_once('_').unwrap_or((folder, ""));
    let is_number = |c: char| c.is_ascii_digit() || c == '-';
    let is_one = number.starts_with(|c: char| c.is_ascii_digit()) && number.chars().all(is_number);
    is_one.then(|| (number.replace('-', ""), name))
}

fn read(reader: &mut Reader, entries: &[Entry]) -> Vec<Draft> {
    entries
        .iter()
        .filter_map(|Entry { name, kind }| {
            let Some((number, words)) = parts(name).filter(|_| *kind == Kind::Folder) else {
                passed_over(reader, name, *kind);
                return None;
            };
            let identity = identity(reader, name, &number, words)?;
            Some(migration(reader, name, numbered::draft(identity, name, None)))
        })
        .collect()
}

/// A folder with scripts was meant as a migration.
fn passed_over(reader: &mut Reader, place: &str, kind: Kind) {
    if kind == Kind::Folder && reader.folder.has(&format!("{place}/up.sql")) {
        let message = "the folder's name does not name a migration";
        let remedy = "rename it to <number>_<name>, such as 2024-05-01-120000_add_users";
        reader.fault("folder-name", place, message, remedy);
    } else {
        reader.stray(place);
    }
}

fn migration(reader: &mut Reader, place: &str, mut draft: Draft) -> Draft {
    let mut has_up = false;
    for file in reader.list(place) {
        let whole = format!("{place}/{}", file.name);
        match file.name.as_str() {
            "up.sql" => {
                has_up = true;
                draft.up = reader.source(&whole);
            }
            "down.sql" => draft.down = reader.source(&whole),
            METADATA => draft.metadata.transactional = reader.source(&whole).and_then(|it| transactional(reader, &it)),
            _ => reader.stray(&whole),
        }
    }
    if !has_up {
        reader.fault("missing-up-script", place, "it has no up.sql", "write it");
    }
    draft
}

/// `Some(false)` when the file says so. `true` is Diesel's default, and leaves it to the engine and the statements.
fn transactional(reader: &mut Reader, source: &Source) -> Option<bool> {
    let table = match source.text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => {
            reader.findings.push(toml_fault(&source.file, &source.text, &error, "correct it, or remove the file"));
            return None;
        }
    };
    for field in table.keys().filter(|field| *field != RUN_IN_TRANSACTION) {
        reader.findings.push(unknown_field(source.file.to_string(), field, &[RUN_IN_TRANSACTION]));
    }
    let said = table.get(RUN_IN_TRANSACTION)?;
    if !said.is_bool() {
        let message =
            format!("`{RUN_IN_TRANSACTION}` must be true or false, not a value of the type {}", said.type_str());
        reader.findings.push(Finding::critical("metadata-field", &*source.file, message).remedy("correct it"));
    }
    (said.as_bool() == Some(false)).then_some(false)
}
