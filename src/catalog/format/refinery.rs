//! refinery: `V<number>__<name>.sql`, and `U<number>__<name>.sql`, which is no way back but a migration that may come after
//! newer ones: *unversioned* (refinery's documentation, `Runner`; `Type::Unversioned`). In folders of any depth.
//!
//! There is no way back. Each migration is one transaction with its row of the history, which MySQL does not keep
//! together. Migrations in Rust are refused.

use super::{
    Format,
    versioned::{self, FileName, Whose, every_file, file_name},
};
use crate::catalog::{draft::Draft, folder::Entry, name::is_digits, reader::Reader, words::is_sql};

/// Files named by their number.
pub static FORMAT: Format = Format {
    name: "refinery",
    recognises: |_, entries| versioned::whose(entries) == Some(Whose::Refinery),
    read,
    opt_out: "",
};

fn read(reader: &mut Reader, entries: &[Entry]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for place in every_file(reader, entries) {
        match file_name(&place).filter(|name| matches!(name.prefix, 'V' | 'U') && is_digits(name.version)) {
            Some(name) if name.ending == "sql" => drafts.extend(migration(reader, &place, &name)),
            Some(name) if name.ending == "rs" => {
                let message = "it is a migration in Rust, which windlass cannot run";
                reader.fault("code-migration", place, message, "write it in SQL, under the same number");
            }
            _ if is_sql(&place) => {
                let message = "the file's name does not name a migration";
                reader.fault(
                    "file-name",
                    place,
                    message,
                    "rename it to V<number>__<name>.sql, such as V1__add_users.sql",
                );
            }
            _ => reader.stray(&place),
        }
    }
    versioned::must_differ(reader, &drafts);
    drafts
}

fn migration(reader: &mut Reader, place: &str, name: &FileName<'_>) -> Option<Draft> {
    let mut draft = versioned::draft(reader, place, name)?;
    draft.metadata.out_of_order = name.prefix == 'U';
    draft.up = reader.source(place);
    Some(draft)
}
