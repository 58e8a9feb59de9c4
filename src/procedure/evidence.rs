//! The schema as a run knows it, kept up as it changes, so that the evidence before a statement costs a look only where
//! an earlier statement has been.

use std::collections::BTreeSet;

use crate::{
    engine::{EngineError, Session},
    model::{
        migration::{Statement, StatementKind},
        schema::Schema,
    },
    sql::{self, Dialect},
};

/// How a digest by a glance begins: with no hexadecimal digit, so that it is never taken for a fingerprint, and as long as one.
const GLANCE: char = 'g';
/// How many of a digest's characters are kept behind it.
const GLANCE_CHARS: usize = 63;

/// The schema as a run knows it.
#[derive(Debug, Default)]
pub struct Evidence {
    known: Option<Schema>,
    /// What earlier statements may have changed since it was looked at.
    touched: BTreeSet<String>,
    /// Which of that by statements of this migration.
    touched_here: BTreeSet<String>,
    /// A migration has set something for the session, which may show in how the server prints a table.
    has_settings: bool,
    named: Vec<String>,
    before: Schema,
}

impl Evidence {
    /// A new migration begins: what is seen from now on is its own.
    pub fn begin(&mut self) {
        self.named.clear();
        self.touched_here.clear();
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

    /// What tells later whether a statement took effect: a fingerprint of everything it names, as it is now; or a glance at
    /// the tables it names, where an earlier statement of the migration has been.
    ///
    /// # Errors
    /// The server's.
    pub async fn before(
        &mut self,
        session: &mut dyn Session,
        dialect: Dialect,
        statement: &str,
    ) -> Result<String, EngineError> {
        let names = sql::names(dialect, statement);
        let changed = sql::changed_names(dialect, statement);
        let is_new = |name: &&String| !self.named.contains(*name);
        let first: Vec<String> = names.iter().filter(is_new).cloned().collect();
        self.look_again(session, &first).await?;
        let known = self.known.get_or_insert_default();
        self.before.replace(&first, known.only(&first));
        self.named.extend(first);
        let glance = match names.iter().any(|name| self.touched_here.contains(name)) && !self.has_settings {
            true => glance(session, dialect, statement).await?,
            false => None,
        };
        let digest = match glance {
            Some(digest) => digest,
            None => {
                self.look_again(session, &names).await?;
                self.known.get_or_insert_default().only(&names).fingerprint()
            }
        };
        self.touch(changed);
        Ok(digest)
    }

    /// Looks at what of the names was changed since it was seen; at everything, the first time.
    async fn look_again(&mut self, session: &mut dyn Session, names: &[String]) -> Result<(), EngineError> {
        let Some(known) = &mut self.known else {
            self.known = Some(session.schema(None).await?);
            return Ok(());
        };
        let again: Vec<String> = names.iter().filter(|name| self.touched.contains(name.as_str())).cloned().collect();
        if !again.is_empty() {
            known.replace(&again, session.schema(Some(&again)).await?);
            self.touched.retain(|name| !again.contains(name));
            self.touched_here.retain(|name| !again.contains(name));
        }
        Ok(())
    }

    /// A statement is about to change this; and with a table its triggers, which tell its name.
    fn touch(&mut self, changed: Vec<String>) {
        let objects = self.known.iter().flat_map(|known| &known.objects);
        let told = objects.filter(|(_, definition)| changed.iter().any(|name| definition.contains(name.as_str())));
        let with: Vec<String> = told.map(|(key, _)| object_name(key).to_owned()).collect();
        self.touched.extend(changed.iter().chain(&with).cloned());
        self.touched_here.extend(changed.into_iter().chain(with));
    }

    /// Everything a statement names, looked at anew.
    ///
    /// # Errors
    /// The server's.
    pub async fn now(session: &mut dyn Session, dialect: Dialect, statement: &str) -> Result<Schema, EngineError> {
        let names = sql::names(dialect, statement);
        Ok(session.schema(None).await?.only(&names))
    }

    /// Whether a digest was taken by a glance: then a glance tells whether the statement took effect, and nothing else does.
    ///
    /// # Errors
    /// The server's.
    pub async fn is_unchanged_at_a_glance(
        session: &mut dyn Session,
        dialect: Dialect,
        statement: &str,
        before: &str,
    ) -> Result<Option<bool>, EngineError> {
        if !before.starts_with(GLANCE) {
            return Ok(None);
        }
        Ok(Some(glance(session, dialect, statement).await?.as_deref() == Some(before)))
    }
}

/// A glance at the tables that a statement may change; `None` when it may change something else, or the engine has none.
async fn glance(session: &mut dyn Session, dialect: Dialect, statement: &str) -> Result<Option<String>, EngineError> {
    if !sql::changes_tables_only(dialect, statement) {
        return Ok(None);
    }
    let digest = session.glance(&sql::changed_names(dialect, statement)).await?;
    Ok(digest.map(|digest| format!("{GLANCE}{}", digest.chars().take(GLANCE_CHARS).collect::<String>())))
}

/// The name in `kind name`.
fn object_name(key: &str) -> &str {
    key.split_once(' ').map_or(key, |(_, name)| name)
}
