//! The schema as a run knows it, kept up as it changes, so that the evidence before a statement costs a look only where
//! an earlier statement has been.

use std::collections::BTreeSet;

use crate::{
    engine::{EngineError, Session},
    model::schema::Schema,
    sql::{self, Dialect},
};

/// The schema as a run knows it.
#[derive(Debug, Default)]
pub struct Evidence {
    known: Option<Schema>,
    /// What earlier statements may have changed since it was looked at.
    touched: BTreeSet<String>,
    named: Vec<String>,
    before: Schema,
}

impl Evidence {
    /// A new migration begins: what is seen from now on is its own.
    pub fn begin(&mut self) {
        self.named.clear();
        self.before = Schema::default();
    }

    /// Everything the migration's statements have named so far, as it was before the migration, with the names.
    #[must_use]
    pub fn of_migration(&self) -> (&[String], &Schema) {
        (&self.named, &self.before)
    }

    /// The scoped fingerprint of everything a statement names, as it is now.
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
        let mut known = match self.known.take() {
            Some(known) => known,
            None => session.schema(None).await?,
        };
        let again: Vec<String> = names.iter().filter(|name| self.touched.contains(name.as_str())).cloned().collect();
        if !again.is_empty() {
            let fresh = session.schema(Some(&again)).await?;
            known.replace(&again, fresh);
            self.touched.retain(|name| !again.contains(name));
        }
        let scoped = known.only(&names);
        let first: Vec<String> = names.iter().filter(|name| !self.named.contains(name)).cloned().collect();
        self.before.replace(&first, known.only(&first));
        self.named.extend(first);
        let changed = sql::changed_names(dialect, statement);
        self.touched.extend(tables_of_indexes(&known, &changed));
        self.touched.extend(changed);
        self.known = Some(known);
        Ok(scoped.fingerprint())
    }

    /// Everything a statement names, looked at anew.
    ///
    /// # Errors
    /// The server's.
    pub async fn now(session: &mut dyn Session, dialect: Dialect, statement: &str) -> Result<Schema, EngineError> {
        let names = sql::names(dialect, statement);
        Ok(session.schema(None).await?.only(&names))
    }
}

/// The tables that have an index called so: DROP INDEX changes one that it does not name.
fn tables_of_indexes(known: &Schema, names: &[String]) -> Vec<String> {
    let has_one = known.tables.iter().filter(|(_, table)| table.indexes.keys().any(|index| names.contains(index)));
    has_one.map(|(name, _)| name.rsplit('.').next().unwrap_or(name).to_owned()).collect()
}
