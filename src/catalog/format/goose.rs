//! goose: `<number>_<name>.sql` with `-- +goose Up` and, behind it, `-- +goose Down` (goose's documentation, "SQL file
//! annotations"). Annotations begin their line and have no case.
//!
//! Statements end with a semicolon; those that hold semicolons stand between `StatementBegin` and `StatementEnd`, and so
//! do, often, several. Here a block is cut like everything else; what cannot be cut is one statement, as goose has it.
//! `NO TRANSACTION` is for both ways. Migrations in Go, and the environment's variables in SQL (`ENVSUB`), are refused.

use super::{
    Format, numbered,
    sections::{self, Fault, Sections, push},
};
use crate::{
    catalog::{
        draft::Draft,
        folder::{Entry, Kind},
        reader::Reader,
    },
    sql::{self, Dialect},
};

/// Numbered files with sections of goose's.
pub static FORMAT: Format = Format {
    name: "goose",
    recognises: |folder, entries| sections::first_file_has(folder, entries, |line| annotation(line).is_some()),
    read,
    opt_out: "; or write -- +goose NO TRANSACTION to run the statements one by one as written",
};

const WORDS: &str = "write one of: Up, Down, StatementBegin, StatementEnd, NO TRANSACTION";

fn read(reader: &mut Reader, entries: &[Entry]) -> Vec<Draft> {
    let (code, files): (Vec<_>, Vec<_>) = entries.iter().cloned().partition(is_code);
    for file in code {
        let message = "it is a migration in Go, which windlass cannot run";
        reader.fault("code-migration", file.name, message, "write it in SQL, under the same number");
    }
    let drafts = sections::read(reader, &files, |reader, text| File::of(reader.dialect, text).taken_apart());
    for draft in drafts.iter().filter(|draft| draft.number == Some(0)) {
        let message = "goose's numbers begin with 1, and 0 stands for an empty database";
        reader.fault("number", &*draft.place, message, "give it a higher number");
    }
    drafts
}

/// goose takes every Go file with a number for a migration, tests apart.
fn is_code(entry: &Entry) -> bool {
    let stem = entry.name.strip_suffix(".go").filter(|stem| !stem.ends_with("_test"));
    entry.kind == Kind::File && stem.is_some_and(|stem| numbered::file_name(&format!("{stem}.sql")).is_some())
}

/// What stands behind `-- +goose`, in lower case.
fn annotation(line: &str) -> Option<String> {
    let rest = line.strip_prefix("--")?.trim_start().strip_prefix("+goose")?;
    rest.starts_with(char::is_whitespace).then(|| rest.trim().to_ascii_lowercase())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Neither,
    Up,
    Down,
}

/// A file that is being taken apart.
struct File<'a> {
    dialect: Dialect,
    text: &'a str,
    all: Sections,
    way: Way,
    /// A block that is open: the line that opens it, and what it holds so far.
    block: Option<(usize, String)>,
}

impl<'a> File<'a> {
    fn of(dialect: Dialect, text: &'a str) -> Self {
        Self { dialect, text, all: Sections::default(), way: Way::Neither, block: None }
    }

    fn taken_apart(mut self) -> Result<Sections, Fault> {
        for (line, content) in (1..).zip(self.text.lines()) {
            match annotation(content) {
                Some(word) => self.obey(line, &word)?,
                None => self.take(line, content)?,
            }
        }
        if let Some((line, _)) = self.block {
            let message = "this block has no `-- +goose StatementEnd`";
            return Err(Fault::on(line, message, "put that line behind the statement"));
        }
        if self.way == Way::Neither {
            let message = "it has no `-- +goose Up`";
            return Err(Fault::on(1, message, "put that line before the statements that go forward"));
        }
        Ok(self.all)
    }

    fn obey(&mut self, line: usize, word: &str) -> Result<(), Fault> {
        if self.block.is_some() && word != "statementend" {
            let message = format!("`-- +goose {word}` stands inside a block");
            return Err(Fault::on(line, message, "put `-- +goose StatementEnd` before it"));
        }
        match (word, self.way) {
            ("up", Way::Neither) => self.way = Way::Up,
            ("down", Way::Up) => {
                self.way = Way::Down;
                self.all.down = Some("\n".repeat(line - 1));
            }
            ("up", _) => return Err(Fault::on(line, "`-- +goose Up` stands here again", "keep one of them")),
            ("down", Way::Neither) => {
                let message = "`-- +goose Down` stands before `-- +goose Up`";
                return Err(Fault::on(line, message, "put the way forward first"));
            }
            ("down", Way::Down) => {
                return Err(Fault::on(line, "`-- +goose Down` stands here again", "keep one of them"));
            }
            ("statementbegin", Way::Neither) => {
                let message = "`-- +goose StatementBegin` stands before `-- +goose Up`";
                return Err(Fault::on(line, message, "put it behind that line"));
            }
            ("statementbegin", _) => {
                self.block = Some((line, String::new()));
                return Ok(());
            }
            ("statementend", _) => return self.end_block(line),
            ("no transaction", _) => self.all.transactional = Some(false),
            ("envsub off", _) => {}
            ("envsub on", _) => {
                let message = "ENVSUB puts variables of the environment into the SQL, which windlass does not do";
                return Err(Fault::on(line, message, "write what they stand for"));
            }
            _ => return Err(Fault::on(line, format!("`-- +goose {word}` is no annotation"), WORDS)),
        }
        push(self.own(), None);
        Ok(())
    }

    /// What is written goes to its way; goose lets comments and blank lines stand before the first.
    fn take(&mut self, line: usize, content: &str) -> Result<(), Fault> {
        if let Some((_, block)) = &mut self.block {
            push(block, Some(content));
            return Ok(());
        }
        let is_blank = content.trim().is_empty() || content.trim_start().starts_with("--");
        if self.way == Way::Neither && !is_blank {
            let message = "a statement stands before `-- +goose Up`";
            return Err(Fault::on(line, message, "move it behind that line"));
        }
        push(self.own(), Some(content));
        Ok(())
    }

    /// A block that can be cut is cut; one that cannot is marked as one statement.
    fn end_block(&mut self, line: usize) -> Result<(), Fault> {
        let Some((_, block)) = self.block.take() else {
            let message = "`-- +goose StatementEnd` ends a block that none begins";
            return Err(Fault::on(line, message, "put `-- +goose StatementBegin` before the statement"));
        };
        let (begin, end) = match sql::split(self.dialect, &block) {
            Ok(_) => ("", ";"),
            Err(_) => ("-- windlass:statement begin", "-- windlass:statement end"),
        };
        let own = self.own();
        push(own, Some(begin));
        own.push_str(&block);
        push(own, Some(end));
        Ok(())
    }

    fn own(&mut self) -> &mut String {
        match &mut self.all.down {
            Some(down) => down,
            None => &mut self.all.up,
        }
    }
}
