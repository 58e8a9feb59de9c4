//! Rails, as far as its migrations are SQL: `<timestamp>_<name>.up.sql` and `.down.sql` beside the `<timestamp>_<name>.rb`
//! that hands them to the database.
//!
//! Rails itself knows one kind of migration, a Ruby file that begins with a number (Active Record, `MigrationContext`), and
//! one kind of SQL, the dump of everything in `structure.sql` (Rails guides, "Types of Schema Dumps"). The dump is no
//! history: it cannot take an older database further. So what is read here is the convention of those who write SQL: a
//! migration in Ruby that executes the file of its own name. One without that file is refused, because to pass over it
//! would leave another schema than Rails does. `disable_ddl_transaction!` in it counts for the SQL.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Format,
    numbered::{self, file_name},
};
use crate::catalog::{
    draft::Draft,
    folder::{Entry, Kind},
    reader::Reader,
};

/// What a Ruby migration says that needs no transaction (Rails API, `ActiveRecord::Migration`, "Transactional Migrations").
const NO_TRANSACTION: &str = "disable_ddl_transaction!";

/// What lies beside migrations and is none.
const BESIDE: [&str; 2] = ["schema.rb", "structure.sql"];

/// Numbered files in pairs, with Ruby beside them.
pub static FORMAT: Format = Format {
    name: "rails",
    recognises: |_, entries| entries.iter().any(|entry| ruby(entry).is_some()),
    read,
    opt_out: "; or write disable_ddl_transaction! in its .rb file to run the statements one by one as written",
};

/// The number in the name of a migration in Ruby.
fn ruby(entry: &Entry) -> Option<u64> {
    let stem = entry.name.strip_suffix(".rb").filter(|_| entry.kind == Kind::File)?;
    stem.split_once('_')?.0.parse().ok()
}

fn read(reader: &mut Reader, entries: &[Entry]) -> Vec<Draft> {
    let mut code: BTreeMap<u64, &str> = BTreeMap::new();
    let mut files = Vec::new();
    for entry in entries.iter().filter(|entry| !BESIDE.contains(&entry.name.as_str())) {
        match ruby(entry) {
            Some(number) => _ = code.insert(number, &entry.name),
            None => files.push(entry.clone()),
        }
    }
    let drafts = numbered::read(reader, &files);
    in_ruby_alone(reader, &code, &drafts, &files);
    drafts.into_iter().map(|draft| with_its_ruby(reader, &code, draft)).collect()
}

/// Refuses what only Ruby can run. A number whose SQL has a fault was told of already.
fn in_ruby_alone(reader: &mut Reader, code: &BTreeMap<u64, &str>, drafts: &[Draft], files: &[Entry]) {
    let told: BTreeSet<u64> = drafts.iter().filter_map(|draft| draft.number).collect();
    let is_there = |number: &u64| {
        let of = |entry: &Entry| file_name(&entry.name).is_some_and(|name| name.number.parse() == Ok(*number));
        told.contains(number) || files.iter().any(of)
    };
    for (_, file) in code.iter().filter(|(number, _)| !is_there(number)) {
        let message = "it is a migration in Ruby, which windlass cannot run";
        let sql = file.replace(".rb", ".up.sql");
        reader.fault("code-migration", *file, message, format!("write its SQL beside it, as {sql}"));
    }
}

fn with_its_ruby(reader: &mut Reader, code: &BTreeMap<u64, &str>, mut draft: Draft) -> Draft {
    let file = draft.number.and_then(|number| code.get(&number));
    if let Some(source) = file.and_then(|file| reader.source(file))
        && source.text.lines().any(|line| line.trim() == NO_TRANSACTION)
    {
        draft.metadata.transactional = Some(false);
    }
    draft
}
