//! What tells whether a statement took effect: how what it names looked before it.
//!
//! Each statement gets a digest of its own, taken just before it: of the schema of everything it names, or, where a server
//! has something cheaper and the statement changes nothing but tables, of a glance at those. With it goes the generation,
//! which a statement moves that leaves the schema's words alone.

use std::collections::BTreeSet;

use crate::{
    engine::{EngineError, Session, bookkeeping::journal::sha256},
    model::{
        finding::Finding,
        migration::{Statement, StatementKind},
        schema::Schema,
    },
    sql::{self, Dialect, Doubt},
};

/// What a digest is of; its first letter says so, and none of them is a hexadecimal digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    is_glance: bool,
    has_generation: bool,
}

/// How many characters a digest has, its first letter among them.
const DIGEST_CHARACTERS: usize = 64;

impl Kind {
    const ALL: [(char, Self); 4] = [
        ('g', Self { is_glance: true, has_generation: false }),
        ('m', Self { is_glance: true, has_generation: true }),
        ('n', Self { is_glance: false, has_generation: true }),
        ('s', Self { is_glance: false, has_generation: false }),
    ];

    fn of(digest: &str) -> Option<Self> {
        Self::ALL.iter().find(|(letter, _)| digest.starts_with(*letter)).map(|(_, kind)| *kind)
    }

    fn letter(self) -> char {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or('s', |(letter, _)| *letter)
    }
}

/// What is known of a statement whose end nobody saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Everything is as it was before it.
    AsBefore,
    /// Something it names is not as it was before it.
    Changed,
    /// It cannot be seen now what was seen before.
    Hidden,
}

/// The schema as a run knows it, and what its migration has named of it.
#[derive(Debug, Default)]
pub struct Evidence {
    known: Option<Schema>,
    /// What earlier statements may have changed since it was looked at.
    touched: BTreeSet<String>,
    /// A migration has set something for the session, which may show in how the server prints a table.
    has_settings: bool,
    named: Vec<String>,
    before: Schema,
    lacks_generation: bool,
    /// What the report of the run is to tell of it.
    pub notes: Vec<Finding>,
}

impl Evidence {
    /// A new migration begins: what is seen from now on is its own.
    pub fn begin(&mut self) {
        self.named.clear();
        self.before = Schema::default();
    }

    /// A migration with these statements is about to run; what it sets for the session stays set.
    pub fn sees(&mut self, statements: &[Statement]) {
        self.has_settings |= statements.iter().any(|statement| statement.kind == StatementKind::Session);
    }

    /// Everything the migration's statements have named so far, as it was before the migration, with the names.
    #[must_use]
    pub fn of_migration(&self) -> (&[String], &Schema) {
        (&self.named, &self.before)
    }

    /// What tells later whether a statement took effect.
    ///
    /// # Errors
    /// The server's.
    pub async fn before(
        &mut self,
        session: &mut dyn Session,
        dialect: Dialect,
        statement: &str,
    ) -> Result<String, EngineError> {
        self.look(session, dialect, statement).await?;
        let glance = sql::changes_tables_only(dialect, statement) && !self.has_settings;
        let wanted = Kind { is_glance: glance, has_generation: !sql::shows_in_schema(dialect, statement) };
        let digest = digest(session, dialect, statement, wanted).await?;
        let lacks_generation = wanted.has_generation && !Kind::of(&digest).is_some_and(|kind| kind.has_generation);
        if lacks_generation && !self.lacks_generation {
            self.lacks_generation = true;
            self.notes.push(lacks_process());
        }
        self.touch(dialect, statement);
        Ok(digest)
    }

    /// Keeps how everything looks that a statement names whose mark tells by itself whether it took effect.
    ///
    /// # Errors
    /// The server's.
    pub async fn meets(
        &mut self,
        session: &mut dyn Session,
        dialect: Dialect,
        statement: &str,
    ) -> Result<(), EngineError> {
        self.look(session, dialect, statement).await?;
        self.touch(dialect, statement);
        Ok(())
    }

    /// Looks at what a statement names, and keeps what its migration names for the first time.
    async fn look(&mut self, session: &mut dyn Session, dialect: Dialect, statement: &str) -> Result<(), EngineError> {
        let names = sql::names(dialect, statement);
        let is_new = |name: &&String| !self.named.contains(*name);
        let first: Vec<String> = names.iter().filter(is_new).cloned().collect();
        self.look_again(session, &first).await?;
        let known = self.known.get_or_insert_default();
        self.before.replace(&first, known.only(&first));
        self.named.extend(first);
        Ok(())
    }

    /// A statement may change what it names.
    fn touch(&mut self, dialect: Dialect, statement: &str) {
        match sql::doubt(dialect, statement) {
            Doubt::Opaque => self.known = None,
            _ => self.touched.extend(sql::changed_names(dialect, statement)),
        }
    }

    /// Looks at what of the names was changed since it was seen; at everything, the first time.
    async fn look_again(&mut self, session: &mut dyn Session, names: &[String]) -> Result<(), EngineError> {
        let Some(known) = &mut self.known else {
            self.known = Some(session.schema(None).await?);
            self.touched.clear();
            return Ok(());
        };
        // With a table come its triggers, whose definitions tell its name.
        let told = |key: &str| {
            let definition = known.objects.iter().find(|(other, _)| object_name(other) == key);
            definition.is_some_and(|(_, words)| self.touched.iter().any(|name| words.contains(name.as_str())))
        };
        let again: Vec<String> =
            names.iter().filter(|name| self.touched.contains(name.as_str()) || told(name)).cloned().collect();
        if !again.is_empty() {
            known.replace(&again, session.schema(Some(&again)).await?);
            self.touched.retain(|name| !again.contains(name));
        }
        Ok(())
    }
}

fn lacks_process() -> Finding {
    let message = "this account lacks PROCESS: whether a TRUNCATE, OPTIMIZE or other rebuild took effect cannot be seen, so that \
                   it is run again where it was interrupted";
    Finding::info("lacks-process", "target.url", message).remedy("give the account PROCESS: GRANT PROCESS ON *.* TO …")
}

/// What is to be seen of a statement whose digest before it was `before`.
///
/// # Errors
/// The server's.
pub async fn seen(
    session: &mut dyn Session,
    dialect: Dialect,
    statement: &str,
    before: &str,
) -> Result<Seen, EngineError> {
    let Some(kind) = Kind::of(before) else {
        // A row of a windlass that kept the schema's fingerprint alone.
        let now = session.schema(None).await?.only(&sql::names(dialect, statement)).fingerprint();
        return Ok(if now == before { Seen::AsBefore } else { Seen::Changed });
    };
    let now = digest(session, dialect, statement, kind).await?;
    Ok(match Kind::of(&now) {
        Some(now_of) if now_of != kind => Seen::Hidden,
        _ if now == before => Seen::AsBefore,
        _ => Seen::Changed,
    })
}

/// The digest of a statement, as much of `wanted` as there is.
async fn digest(
    session: &mut dyn Session,
    dialect: Dialect,
    statement: &str,
    wanted: Kind,
) -> Result<String, EngineError> {
    let names = sql::names(dialect, statement);
    let glance = if wanted.is_glance { session.glance(&sql::changed_names(dialect, statement)).await? } else { None };
    let is_glance = glance.is_some();
    let told = match glance {
        Some(glance) => glance,
        None if sql::doubt(dialect, statement) == Doubt::Opaque => session.schema(None).await?.fingerprint(),
        None => session.schema(Some(&names)).await?.only(&names).fingerprint(),
    };
    let generation = if wanted.has_generation { session.generation(&names).await? } else { None };
    let kind = Kind { is_glance, has_generation: generation.is_some() };
    let hex = sha256(&format!("{told} {}", generation.unwrap_or_default()));
    Ok(std::iter::once(kind.letter()).chain(hex.chars()).take(DIGEST_CHARACTERS).collect())
}

/// The name in `kind name`.
fn object_name(key: &str) -> &str {
    key.split_once(' ').map_or(key, |(_, name)| name)
}
