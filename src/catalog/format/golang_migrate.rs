//! golang-migrate: `<number>_<name>.up.sql` and `.down.sql`.
//!
//! A file's own `BEGIN` and `COMMIT` round everything are taken for the transaction windlass opens anyway.

use super::{
    Format,
    numbered::{self, Way, file_name},
};
use crate::catalog::{
    draft::Draft,
    folder::{Entry, Kind},
    reader::Reader,
};

/// Numbered files in pairs.
pub static FORMAT: Format =
    Format { name: "golang-migrate", recognises: |_, entries| entries.iter().any(is_one_of_a_pair), read, opt_out: "" };

fn is_one_of_a_pair(entry: &Entry) -> bool {
    entry.kind == Kind::File && file_name(&entry.name).is_some_and(|name| name.way != Way::Simple)
}

/// golang-migrate passes over a file that says no direction, so nobody knows whether it was ever applied.
fn read(reader: &mut Reader, entries: &[Entry]) -> Vec<Draft> {
    let is_simple =
        |entry: &Entry| entry.kind == Kind::File && file_name(&entry.name).is_some_and(|name| name.way == Way::Simple);
    let (simple, others): (Vec<_>, Vec<_>) = entries.iter().cloned().partition(is_simple);
    for file in simple {
        let message = "the file's name says neither .up.sql nor .down.sql";
        reader.fault("file-name", file.name, message, "rename it, or set catalog.format to \"sqlx\"");
    }
    numbered::read(reader, &others)
}
