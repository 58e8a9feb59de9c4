//! sqlx: `<number>_<name>.sql`, or `<number>_<name>.up.sql` with `.down.sql`.
//!
//! A file that begins with `-- no-transaction` is run without one (sqlx, `Migrator`). The forward script decides for
//! both ways.

use super::{
    Format,
    numbered::{self, file_name},
};
use crate::catalog::{
    draft::Draft,
    folder::{Entry, Kind},
    reader::Reader,
};

const NO_TRANSACTION: &str = "-- no-transaction";

/// Numbered files, simple or reversible.
pub static FORMAT: Format = Format {
    name: "sqlx",
    recognises: |_, entries| entries.iter().any(|entry| entry.kind == Kind::File && file_name(&entry.name).is_some()),
    read,
    opt_out: "; or begin the forward script with -- no-transaction to run the statements one by one as written",
};

fn read(reader: &mut Reader, entries: &[Entry]) -> Vec<Draft> {
    let mut drafts = numbered::read(reader, entries);
    for draft in &mut drafts {
        if draft.up.as_ref().is_some_and(|up| up.text.starts_with(NO_TRANSACTION)) {
            draft.metadata.transactional = Some(false);
        }
    }
    drafts
}
