//! Statements that MariaDB does not carry out as one step, as statements that it does.
//!
//! `DROP TABLE a, b` drops one table after the other, a table that is dropped while the server dies may leave a file that
//! makes its name unusable, and `CREATE OR REPLACE TABLE` may lose the old table without making the new one (MariaDB
//! manual, "Atomic DDL", and seen under kill -9). A rename is one step whatever it names. So each table is dropped by
//! itself, under a throw-away name that it is given first; and what replaces a table is made under another name first.
//!
//! Only the script is looked at, so that the same script is the same statements everywhere.

mod words;

use self::words::{Words, quoted};
use super::{Dialect, digest, scanner::Scanner, token::TokenKind};
use crate::model::migration::{Part, Statement, StatementKind};

/// How the throw-away names of tables begin.
pub const TRASH: &str = "_wl_trash_";
/// How the names of tables begin that wait to take another's place.
pub const COMING: &str = "_wl_new_";

/// How many characters of a digest make a throw-away name one of its own.
const DIGEST_CHARACTERS: usize = 12;

/// A script's statements, with those rewritten that are not one step. `salt` tells scripts with equal statements apart.
pub fn of(dialect: Dialect, salt: &str, statements: Vec<Statement>) -> Vec<Statement> {
    if dialect != Dialect::MySql || !statements.iter().any(|statement| may_be_several(&statement.sql)) {
        return statements;
    }
    let may_rename = !statements.iter().any(|statement| forbids_renaming(&statement.sql));
    let rewritten = statements.into_iter().enumerate().flat_map(|(place, statement)| {
        let mark = digest::of_bytes(&[salt, &place.to_string(), &statement.sql]);
        let names = Names { mark: mark.chars().take(DIGEST_CHARACTERS).collect(), may_rename, count: 0 };
        Some(&statement.sql)
            .filter(|sql| may_be_several(sql))
            .and_then(|sql| names.rewritten(sql))
            .map_or_else(|| vec![statement.clone()], |parts| made_of(&statement, parts))
    });
    rewritten.collect()
}

/// Whether a statement begins like one of those that are rewritten.
fn may_be_several(sql: &str) -> bool {
    let mut words = sql.split_ascii_whitespace().map(str::to_ascii_lowercase);
    match words.next().as_deref() {
        Some("drop") => true,
        Some("create") => words.next().is_some_and(|word| word == "or"),
        _ => false,
    }
}

/// A part of a statement with throw-away names that are the run's own: what a server that died left of one is in no other
/// run's way.
pub fn of_run(sql: &str, run: &str) -> String {
    let own = |name: &str| format!("{name}{run}_");
    sql.replace(TRASH, &own(TRASH)).replace(COMING, &own(COMING))
}

/// While foreign keys are not checked, a rename takes what points to the table along, and a drop does not; and a temporary
/// table cannot be told from another by its name.
fn forbids_renaming(sql: &str) -> bool {
    let mut words = Scanner::over(Dialect::MySql, sql).filter(|token| token.kind == TokenKind::Word);
    words.any(|word| ["foreign_key_checks", "temporary"].iter().any(|other| word.text(sql).eq_ignore_ascii_case(other)))
}

/// A statement of which there are several now.
struct Step {
    sql: String,
    undo: Option<String>,
}

impl Step {
    fn plain(sql: String) -> Self {
        Self { sql, undo: None }
    }
}

fn made_of(statement: &Statement, steps: Vec<Step>) -> Vec<Statement> {
    let of = statement.sql.clone();
    let made = steps.into_iter().map(|Step { sql, undo }| Statement {
        sql,
        line: statement.line,
        kind: StatementKind::ImplicitCommit,
        part: Some(Part { of: of.clone(), undo }),
    });
    made.collect()
}

/// The throw-away names of one statement.
struct Names {
    mark: String,
    may_rename: bool,
    count: usize,
}

impl Names {
    fn fresh(&mut self, beginning: &str) -> String {
        self.count += 1;
        format!("{beginning}{}_{}", self.mark, self.count)
    }

    /// The steps of a statement; `None` for one that is a step.
    fn rewritten(mut self, sql: &str) -> Option<Vec<Step>> {
        let mut words = Words::of(sql)?;
        if words.take("drop") {
            let kind = words.one_of(&["table", "tables", "view", "sequence"])?;
            return self.dropped(&mut words, if kind == "tables" { "table" } else { kind });
        }
        (words.take("create") && words.take("or") && words.take("replace")).then_some(())?;
        if words.take("table") {
            return self.table_replaced(&mut words);
        }
        words.take("sequence").then_some(())?;
        let (name, rest) = (words.name()?, words.rest());
        let steps = [format!("DROP SEQUENCE IF EXISTS {name}"), format!("CREATE SEQUENCE {name}{rest}")];
        Some(steps.map(Step::plain).into())
    }

    /// `DROP … a, b`: one after the other.
    fn dropped(&mut self, words: &mut Words<'_>, kind: &str) -> Option<Vec<Step>> {
        let if_exists = words.take("if") && words.take("exists");
        let mut names = vec![words.name()?];
        while words.take(",") {
            names.push(words.name()?);
        }
        let rest = words.rest();
        let is_step = names.len() == 1 && (kind != "table" || !self.may_rename);
        if is_step || !rest.is_empty() && !words::is_drop_option(rest) {
            return None;
        }
        let condition = if if_exists { "IF EXISTS " } else { "" };
        let kind_words = kind.to_ascii_uppercase();
        let steps = names.into_iter().flat_map(|name| match kind {
            "table" if self.may_rename => self.thrown_away(name, if_exists, rest),
            _ => vec![Step::plain(format!("DROP {kind_words} {condition}{name}{rest}"))],
        });
        Some(steps.collect())
    }

    /// A table that gets a throw-away name, and is dropped under it. MySQL knows no `RENAME TABLE IF EXISTS`, and drops a
    /// table as one step by itself: what only one of them reads stands in the comments that only that one reads.
    fn thrown_away(&mut self, name: &str, if_exists: bool, rest: &str) -> Vec<Step> {
        let trash = beside(name, &self.fresh(TRASH));
        if if_exists {
            let renamed = format!(
                "/*M! RENAME TABLE IF EXISTS {name} TO {trash} */ /*!80000 DROP TABLE IF EXISTS {name}{rest} */"
            );
            let undo = Some(format!("RENAME TABLE {trash} TO {name}"));
            return vec![Step { sql: renamed, undo }, Step::plain(format!("DROP TABLE IF EXISTS {trash}{rest}"))];
        }
        vec![
            Step {
                sql: format!("RENAME TABLE {name} TO {trash}"),
                undo: Some(format!("RENAME TABLE {trash} TO {name}")),
            },
            Step::plain(format!("DROP TABLE {trash}{rest}")),
        ]
    }

    /// A table that takes another's place: made under a name of its own, then both are renamed at once. Not where it has
    /// foreign keys: their names would be taken, and one to itself would follow the old table.
    fn table_replaced(&mut self, words: &mut Words<'_>) -> Option<Vec<Step>> {
        let name = words.name()?;
        let has_keys = words.has_any(&["references"]);
        let rest = words.rest();
        if has_keys || !self.may_rename {
            let mut steps = if self.may_rename {
                self.thrown_away(name, true, "")
            } else {
                vec![Step::plain(format!("DROP TABLE IF EXISTS {name}"))]
            };
            steps.push(Step::plain(format!("CREATE TABLE {name}{rest}")));
            return Some(steps);
        }
        let (coming, trash) = (beside(name, &self.fresh(COMING)), beside(name, &self.fresh(TRASH)));
        Some(vec![
            Step { sql: format!("CREATE TABLE {coming}{rest}"), undo: Some(format!("DROP TABLE IF EXISTS {coming}")) },
            Step {
                sql: format!("RENAME TABLE IF EXISTS {name} TO {trash}, {coming} TO {name}"),
                undo: Some(format!("RENAME TABLE {name} TO {coming}, {trash} TO {name}")),
            },
            Step::plain(format!("DROP TABLE IF EXISTS {trash}")),
        ])
    }
}

/// Another name in the database that `name` is in.
fn beside(name: &str, other: &str) -> String {
    match words::database_of(name) {
        Some(database) => format!("{database}.{}", quoted(other)),
        None => quoted(other),
    }
}
