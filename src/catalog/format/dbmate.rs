//! dbmate: `<number>_<name>.sql` with `-- migrate:up` and, behind it, `-- migrate:down`; before the first stand comments
//! only, and both must be there (dbmate's README, "Creating Migrations").
//!
//! A section is sent to the server as it is, and runs in a transaction unless its line says `transaction:false` (README,
//! "Migration Options"). Here the forward section's option is that of both: what refuses transactions in a way back is
//! seen by itself.

use super::{
    Format,
    sections::{self, Fault, Sections, push},
};
use crate::catalog::{draft::Draft, folder::Entry, reader::Reader};

/// Numbered files with sections of dbmate's.
pub static FORMAT: Format = Format {
    name: "dbmate",
    recognises: |folder, entries| sections::first_file_has(folder, entries, |line| directive(line).is_some()),
    read,
    opt_out: "; or write -- migrate:up transaction:false to run the statements one by one as written",
};

/// The one option that means something.
const TRANSACTION: &str = "transaction";

enum Directive<'a> {
    Up(&'a str),
    Down,
}

fn read(reader: &mut Reader, entries: &[Entry]) -> Vec<Draft> {
    sections::read(reader, entries, |_, text| sections_of(text))
}

/// `-- migrate:up transaction:false`. It begins its line, and a blank follows it.
fn directive(line: &str) -> Option<Directive<'_>> {
    let rest = line.strip_prefix("--")?.trim_start().strip_prefix("migrate:")?;
    let (word, options) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    match word {
        "up" => Some(Directive::Up(options)),
        "down" => Some(Directive::Down),
        _ => None,
    }
}

fn sections_of(text: &str) -> Result<Sections, Fault> {
    let mut all = Sections::default();
    let (mut up_at, mut down_at) = (None, None);
    for (line, content) in (1..).zip(text.lines()) {
        let mut own = Some(content);
        match directive(content) {
            Some(Directive::Up(options)) => {
                in_its_place(line, up_at, down_at)?;
                up_at = Some(line);
                all.transactional = transactional(line, options)?;
                own = None;
            }
            Some(Directive::Down) => {
                if let Some(earlier) = down_at {
                    return Err(twice(line, "down", earlier));
                }
                down_at = Some(line);
                all.down = Some("\n".repeat(line - 1));
                own = None;
            }
            None if up_at.is_none() && !is_blank(content) => {
                let message = "a statement stands before `-- migrate:up`, and dbmate refuses the file for it";
                return Err(Fault::on(line, message, "move it behind that line"));
            }
            None => {}
        }
        match &mut all.down {
            Some(down) => push(down, own),
            None => push(&mut all.up, own),
        }
    }
    match (up_at, down_at) {
        (None, _) => {
            Err(Fault::on(1, "it has no `-- migrate:up`", "put that line before the statements that go forward"))
        }
        (_, None) => {
            Err(Fault::on(1, "it has no `-- migrate:down`", "end it with that line, and the way back behind it"))
        }
        _ => Ok(all),
    }
}

fn in_its_place(line: usize, up_at: Option<usize>, down_at: Option<usize>) -> Result<(), Fault> {
    if let Some(earlier) = up_at {
        return Err(twice(line, "up", earlier));
    }
    let message = "`-- migrate:up` stands behind `-- migrate:down`";
    down_at.map_or(Ok(()), |_| Err(Fault::on(line, message, "put the way forward first")))
}

fn twice(line: usize, way: &str, earlier: usize) -> Fault {
    let message = format!("`-- migrate:{way}` stands here again, after line {earlier}");
    Fault::on(line, message, "keep one of the two")
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with("--")
}

/// dbmate passes over every other option. It takes every other value for true, too, which would be a slip of the pen.
fn transactional(line: usize, options: &str) -> Result<Option<bool>, Fault> {
    let mut transactional = None;
    for option in options.split_whitespace() {
        match option.split_once(':') {
            Some((TRANSACTION, "false")) => transactional = Some(false),
            Some((TRANSACTION, value)) if value != "true" => {
                let message = format!("`{option}` says neither true nor false");
                return Err(Fault::on(line, message, "write transaction:false, or nothing"));
            }
            _ => {}
        }
    }
    Ok(transactional)
}
