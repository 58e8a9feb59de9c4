//! Whose layout a catalog has. One file for each: whether a folder looks like it, and how it is read.

mod dbmate;
mod diesel;
mod flyway;
mod golang_migrate;
mod goose;
mod numbered;
mod popx;
mod prisma;
mod rails;
mod refinery;
mod sections;
mod sqlx;
mod temporal;
mod versioned;
mod windlass;

use super::{
    draft::Draft,
    folder::{Entry, Folder, Kind},
    reader::Reader,
    words::is_sql,
};
use crate::config::CatalogFormat;

/// A layout of migrations on disk.
pub struct Format {
    /// What it is called.
    pub name: &'static str,
    /// Whether a folder with these entries looks like it.
    pub recognises: fn(&Folder, &[Entry]) -> bool,
    /// Reads the migrations, in any order. What is wrong is left with the reader.
    pub read: fn(&mut Reader, &[Entry]) -> Vec<Draft>,
    /// How a person has a script run as it is written, without a transaction round it; the end of a sentence.
    pub opt_out: &'static str,
}

impl Format {
    /// Whether each migration has a `metadata.json` of its own; else one beside them all tells of each.
    pub fn has_own_metadata(&self) -> bool {
        self.name == windlass::FORMAT.name
    }
}

/// In the order in which they are asked; the first that recognises a folder reads it.
///
/// A layout with marks of its own goes before one whose files look like a part of it. Reversible migrations of sqlx and
/// those of golang-migrate look the same and are read the same, so it does not matter that sqlx is asked first and
/// golang-migrate is only ever reached by its name in `catalog.format`; the same holds for refinery's behind Flyway's, but
/// for what only one of them has.
static FORMATS: [&Format; 12] = [
    &temporal::FORMAT,
    &windlass::FORMAT,
    &diesel::FORMAT,
    &prisma::FORMAT,
    &rails::FORMAT,
    &goose::FORMAT,
    &dbmate::FORMAT,
    &popx::FORMAT,
    &flyway::FORMAT,
    &refinery::FORMAT,
    &sqlx::FORMAT,
    &golang_migrate::FORMAT,
];

/// The layout that looks like this folder.
pub fn recognise(folder: &Folder, entries: &[Entry]) -> Option<&'static Format> {
    FORMATS.into_iter().find(|format| (format.recognises)(folder, entries))
}

/// The layout that was asked for. In `Auto`, a folder that no layout fits is read as our own; should there be SQL in it,
/// that is a fault, because an empty catalog would be taken for a database that is up to date.
pub fn choose(asked: CatalogFormat, reader: &mut Reader, entries: &[Entry]) -> &'static Format {
    match asked {
        CatalogFormat::Windlass => &windlass::FORMAT,
        CatalogFormat::Sqlx => &sqlx::FORMAT,
        CatalogFormat::Diesel => &diesel::FORMAT,
        CatalogFormat::GolangMigrate => &golang_migrate::FORMAT,
        CatalogFormat::Dbmate => &dbmate::FORMAT,
        CatalogFormat::Goose => &goose::FORMAT,
        CatalogFormat::Flyway => &flyway::FORMAT,
        CatalogFormat::Prisma => &prisma::FORMAT,
        CatalogFormat::Refinery => &refinery::FORMAT,
        CatalogFormat::Popx => &popx::FORMAT,
        CatalogFormat::Rails => &rails::FORMAT,
        CatalogFormat::Temporal => &temporal::FORMAT,
        CatalogFormat::Auto => recognise(&reader.folder, entries).unwrap_or_else(|| {
            unknown_layout(reader, entries);
            &windlass::FORMAT
        }),
    }
}

fn unknown_layout(reader: &mut Reader, entries: &[Entry]) {
    let sql = |entry: &&Entry| entry.kind == Kind::File && is_sql(&entry.name);
    if let Some(entry) = entries.iter().find(sql) {
        let known: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
        let message = format!("the folder holds SQL in no layout that windlass knows ({})", known.join(", "));
        let remedy = "make it a folder such as v1.0.0_01_name with an up.sql, or set catalog.format";
        reader.fault("unknown-layout", entry.name.as_str(), message, remedy);
    }
}
