//! Our own layout: `v<semver>[_<nn>]_<name>/{metadata.json,up.sql,backfill.sql,down.sql}`; instead of each script
//! there may be one for an engine, `up.<engine>.sql`.

use super::Format;
use crate::{
    catalog::{
        draft::{Draft, Metadata, Numbering, Source},
        folder::{Entry, Kind},
        metadata, name,
        reader::{METADATA, Reader},
        shares::in_shares,
        words::{is_sql, nearest},
    },
    model::{finding::Finding, migration::Identity},
};

/// Every script a migration may have.
const SCRIPTS: [&str; 12] = [
    "up.sql",
    "up.postgres.sql",
    "up.mysql.sql",
    "up.sqlite.sql",
    "down.sql",
    "down.postgres.sql",
    "down.mysql.sql",
    "down.sqlite.sql",
    "backfill.sql",
    "backfill.postgres.sql",
    "backfill.mysql.sql",
    "backfill.sqlite.sql",
];

/// A migration's own test, which `catalog/testing.rs` reads.
const TESTS: [&str; 4] = ["test.sql", "test.postgres.sql", "test.mysql.sql", "test.sqlite.sql"];

/// How a file begins that was meant as a script.
const WAYS: [&str; 4] = ["up", "down", "backfill", "test"];

/// Folders that begin with a version.
pub static FORMAT: Format = Format {
    name: "windlass",
    recognises: |_, entries| entries.iter().any(|entry| entry.kind == Kind::Folder && begins_with_version(&entry.name)),
    read,
    opt_out: "; or set \"transactional\": false in metadata.json to run the statements one by one as written",
};

fn begins_with_version(name: &str) -> bool {
    name.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn read(reader: &mut Reader, entries: &[Entry]) -> Vec<Draft> {
    let shares = in_shares(entries.iter().collect(), |entries| {
        let mut reader = reader.beside();
        let drafts = entries.into_iter().filter_map(|entry| draft(&mut reader, entry)).collect::<Vec<_>>();
        (drafts, reader.findings)
    });
    let mut drafts = Vec::with_capacity(entries.len());
    for (some, findings) in shares {
        drafts.extend(some);
        reader.findings.extend(findings);
    }
    drafts
}

fn draft(reader: &mut Reader, Entry { name, kind }: &Entry) -> Option<Draft> {
    match (kind, name::identity(name)) {
        (Kind::File, _) => reader.stray(name),
        (Kind::Folder, Ok(identity)) => return Some(migration(reader, name, identity)),
        (Kind::Folder, Err(fault)) => misnamed(reader, name, &fault),
    }
    None
}

/// A folder without a usable name is a fault when it was meant as a migration: by its version, or by its scripts.
fn misnamed(reader: &mut Reader, place: &str, fault: &name::NotAName) {
    if begins_with_version(place) || reader.list(place).iter().any(|file| SCRIPTS.contains(&file.name.as_str())) {
        let message = format!("the folder's name does not name a migration: {fault}");
        reader.fault("folder-name", place, message, "rename it to v<version>_<nn>_<name>, such as v1.2.0_01_add_users");
    } else {
        reader.stray(place);
    }
}

fn migration(reader: &mut Reader, place: &str, identity: Identity) -> Draft {
    let files = reader.list(place);
    for file in &files {
        judge(reader, place, &file.name);
    }
    let metadata = described(reader, place, &files, &identity);
    let up = script(reader, place, &files, "up");
    if up.is_none() && chosen(reader, &files, "up").is_none() {
        let message = format!("it has neither up.sql nor up.{}.sql", reader.dialect.suffix());
        reader.fault("missing-up-script", place, message, "write one of them");
    }
    let backfill = script(reader, place, &files, "backfill");
    let down = script(reader, place, &files, "down");
    Draft { identity, number: None, numbering: Numbering::Sole, place: place.into(), metadata, up, backfill, down }
}

/// Says what is to be said of a file that is not read.
fn judge(reader: &mut Reader, place: &str, file: &str) {
    let whole = format!("{place}/{file}");
    if file == METADATA || SCRIPTS.contains(&file) || TESTS.contains(&file) {
        return;
    }
    if is_sql(file) && WAYS.iter().any(|way| file.starts_with(way)) {
        let meant = nearest(file, SCRIPTS.into_iter().chain(TESTS)).unwrap_or("up.sql");
        let message = "no engine is called so, and the script is not read";
        let finding = Finding::warning("unknown-script", whole, message);
        reader.findings.push(finding.remedy(format!("did you mean {meant}?")));
    } else {
        reader.stray(&whole);
    }
}

fn described(reader: &mut Reader, place: &str, files: &[Entry], identity: &Identity) -> Metadata {
    let told = files.iter().any(|file| file.name == METADATA);
    let source = if told { reader.source(&format!("{place}/{METADATA}")) } else { None };
    let Some(Source { file, text }) = source else { return Metadata::default() };
    let (metadata, findings) = metadata::read(&file, &text, identity);
    reader.findings.extend(findings);
    metadata
}

fn script(reader: &mut Reader, place: &str, files: &[Entry], way: &str) -> Option<Source> {
    let name = chosen(reader, files, way)?;
    reader.source(&format!("{place}/{name}"))
}

/// The engine's own script, else the one for all.
fn chosen(reader: &Reader, files: &[Entry], way: &str) -> Option<String> {
    let names = [format!("{way}.{}.sql", reader.dialect.suffix()), format!("{way}.sql")];
    names.into_iter().find(|name| files.iter().any(|file| file.kind == Kind::File && file.name == *name))
}
