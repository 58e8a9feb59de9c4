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

/// What stands in a file that holds both ways, and whose it is then: here it would be run as a whole, there and back.
const BOTH_WAYS: [(&str, &str); 2] = [("-- +goose", "goose"), ("-- migrate:", "dbmate")];

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
        let Some(up) = &draft.up else { continue };
        if up.text.starts_with(NO_TRANSACTION) {
            draft.metadata.transactional = Some(false);
        }
        if let Some((mark, tool)) =
            BOTH_WAYS.iter().find(|(mark, _)| up.text.lines().any(|line| line.starts_with(mark)))
        {
            let message = format!("a line begins with `{mark}`, as in {tool}'s files, which hold both ways");
            reader.fault("file-of-another-tool", &*draft.place, message, format!("set catalog.format to \"{tool}\""));
        }
    }
    drafts
}
