//! What a statement does to what is stored: what a schema change drops or calls otherwise, and whose rows are changed.

pub(super) mod words;

use self::words::Words;
use super::Dialect;

/// What a schema change does to what is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// The tables and columns that go with their contents, by their names without schema.
    pub drops: Vec<String>,
    /// The tables and columns that are called otherwise: their names before and after.
    pub renames: Vec<String>,
}

/// What moves rows, or more than this database, under a word that else changes the schema alone.
const MORE: [&str; 5] = ["truncate", "exchange", "discard", "import", "cascade"];

/// What concerns accounts, the server and other databases is in no schema of this database.
pub(super) const ELSEWHERE: [&str; 7] = ["user", "role", "server", "database", "schema", "plugin", "soname"];

/// What has a definition and no contents.
const DEFINED: [&str; 8] = ["index", "view", "trigger", "procedure", "function", "event", "policy", "rule"];

/// What is done to a table as a whole without a change of its definition, or without any trace.
const UPKEEP: [&str; 9] =
    ["analyze", "check", "checksum", "flush", "optimize", "reindex", "vacuum", "cluster", "comment"];

/// How a clause of ALTER TABLE begins that leaves what is stored alone.
const HARMLESS: [&str; 8] = ["add", "validate", "enable", "disable", "comment", "algorithm", "lock", "force"];

/// What a schema change does to what is stored; `None` where its words do not tell, where rows may come, go or change, and
/// where not all of it shows in the schema.
pub fn of(dialect: Dialect, sql: &str) -> Option<Effect> {
    let mut words = Words::of(dialect, sql)?;
    if words.has_any(&MORE) {
        return None;
    }
    let first = words.next_word()?;
    match first.as_str() {
        word if UPKEEP.contains(&word) => Some(Effect::default()),
        "create" => created(&mut words),
        "drop" => dropped(&mut words),
        "rename" => renamed(&mut words),
        "alter" => altered(&mut words),
        _ => None,
    }
}

fn created(words: &mut Words) -> Option<Effect> {
    let replaces = words.take("or");
    let kind = if replaces { words.nth(1)? } else { words.nth(0)? };
    let has_contents = replaces && ["table", "sequence"].contains(&kind.as_str());
    (!has_contents && !ELSEWHERE.contains(&kind.as_str())).then(Effect::default)
}

fn dropped(words: &mut Words) -> Option<Effect> {
    let kind = words.next_word()?;
    if DEFINED.contains(&kind.as_str()) {
        return Some(Effect::default());
    }
    ["table", "tables"].contains(&kind.as_str()).then_some(())?;
    words.take_all(&["if", "exists"]);
    let mut drops = vec![words.name()?];
    while words.take(",") {
        drops.push(words.name()?);
    }
    words.take("restrict");
    words.is_at_end().then_some(Effect { drops, renames: Vec::new() })
}

fn renamed(words: &mut Words) -> Option<Effect> {
    (words.take("table") || words.take("tables")).then_some(())?;
    words.take_all(&["if", "exists"]);
    let mut renames = Vec::new();
    loop {
        renames.push(words.name()?);
        words.take("to").then_some(())?;
        renames.push(words.name()?);
        if !words.take(",") {
            break;
        }
    }
    words.is_at_end().then_some(Effect { drops: Vec::new(), renames })
}

fn altered(words: &mut Words) -> Option<Effect> {
    words.take("online");
    let kind = words.next_word()?;
    if DEFINED.contains(&kind.as_str()) {
        return Some(Effect::default());
    }
    (kind == "table").then_some(())?;
    words.take_all(&["if", "exists"]);
    words.take("only");
    let table = words.name()?;
    let mut effect = Effect::default();
    loop {
        clause(&mut words.clause(), &table, &mut effect)?;
        if !words.take(",") {
            break;
        }
    }
    Some(effect)
}

/// One clause of ALTER TABLE.
fn clause(words: &mut Words, table: &str, effect: &mut Effect) -> Option<()> {
    let first = words.next_word()?;
    match first.as_str() {
        word if HARMLESS.contains(&word) => Some(()),
        "set" | "reset" => words.take("(").then_some(()),
        "rename" => renamed_in(words, table, effect),
        "drop" => {
            let is_rule = ["index", "key", "constraint", "foreign", "primary", "check"];
            if is_rule.iter().any(|kind| words.take(kind)) {
                return Some(());
            }
            words.take("column");
            words.take_all(&["if", "exists"]);
            effect.drops.push(words.name()?);
            words.take("restrict");
            words.is_at_end().then_some(())
        }
        "alter" => {
            if ["index", "constraint", "check"].iter().any(|kind| words.take(kind)) {
                return Some(());
            }
            words.take("column");
            words.name()?;
            let verb = words.next_word()?;
            let what = words.next_word()?;
            (["set", "drop"].contains(&verb.as_str()) && ["default", "not", "statistics"].contains(&what.as_str()))
                .then_some(())
        }
        _ => None,
    }
}

/// `RENAME INDEX a TO b`, `RENAME [TO] table`, `RENAME [COLUMN] a TO b`.
fn renamed_in(words: &mut Words, table: &str, effect: &mut Effect) -> Option<()> {
    if ["index", "key", "constraint"].iter().any(|kind| words.take(kind)) {
        return Some(());
    }
    if words.take("to") || words.take("as") {
        effect.renames.extend([table.to_owned(), words.name()?]);
        return words.is_at_end().then_some(());
    }
    words.take("column");
    let first = words.name()?;
    let (old, new) = if words.take("to") { (first, words.name()?) } else { (table.to_owned(), first) };
    effect.renames.extend([old, new]);
    words.is_at_end().then_some(())
}

/// The kinds of index that have a word of their own.
const KINDS_OF_INDEX: [&str; 3] = ["unique", "fulltext", "spatial"];

/// Whether the words of the schema tell by themselves if a statement took effect: it makes a table or an index, which takes
/// nothing's place.
pub fn shows_in_schema(dialect: Dialect, sql: &str) -> bool {
    let Some(mut words) = Words::of(dialect, sql) else { return false };
    words.take("create")
        && !words.has_any(&["concurrently"])
        && (words.take("table") || {
            let _ = KINDS_OF_INDEX.iter().any(|kind| words.take(kind));
            words.take("index")
        })
}

/// How else rows are changed.
const WRITING: [&str; 4] = ["insert", "update", "delete", "merge"];

/// The table, called by its plain name, whose rows a statement changes, where its words leave no doubt that it changes no
/// other's; triggers and foreign keys aside, and what a routine does that it names.
pub fn only_table_written(dialect: Dialect, sql: &str) -> Option<String> {
    let mut words = Words::of(dialect, sql)?;
    let first = words.next_word()?;
    let table = match first.as_str() {
        "insert" | "replace" => {
            words.take("ignore");
            words.take("into");
            words.name()?
        }
        "update" => words.name().filter(|_| words.nth(0).as_deref() == Some("set"))?,
        "delete" if words.take("from") => {
            words.name().filter(|_| words.is_at_end() || words.nth(0).as_deref() == Some("where"))?
        }
        _ => return None,
    };
    (!words.was_qualified && !words.has_any(&WRITING) && !words.calls_by_schema()).then_some(table)
}
