//! What a scratch copy holds at one moment, and how two moments differ.

use std::collections::BTreeMap;

use crate::{
    engine::{EngineError, Session},
    model::{
        difference::differences,
        finding::Finding,
        rehearsal::{LockHeld, TableRows},
        schema::Schema,
        snapshot::TableDigest,
    },
    sql::{self, Dialect},
};

/// What a scratch copy holds at one moment.
#[derive(Debug, Clone)]
pub(in crate::procedure) struct State {
    pub schema: Schema,
    pub rows: BTreeMap<String, TableDigest>,
}

impl State {
    /// Now.
    ///
    /// # Errors
    /// The server's.
    pub async fn seen(session: &mut dyn Session) -> Result<Self, EngineError> {
        Ok(Self { schema: session.schema(None).await?, rows: session.digests().await? })
    }

    /// Whether another moment holds the same, estimates left out.
    pub fn is_as(&self, other: &Self) -> bool {
        self.rows == other.rows && self.schema.fingerprint() == other.schema.fingerprint()
    }

    /// The tables whose rows are not the same later. One that holds no row where the other has no table is left out.
    pub fn rows_changed(&self, later: &Self) -> Vec<TableRows> {
        let mut names: Vec<&String> = self.rows.keys().chain(later.rows.keys()).collect();
        names.sort();
        names.dedup();
        let changed = names.into_iter().filter(|name| self.rows.get(*name) != later.rows.get(*name));
        let told = changed.map(|name| TableRows {
            table: name.clone(),
            before: self.rows.get(name).map(|digest| digest.rows),
            after: later.rows.get(name).map(|digest| digest.rows),
        });
        told.filter(|table| table.before.unwrap_or(0) > 0 || table.after.unwrap_or(0) > 0).collect()
    }

    /// What the way back did not restore: `now` is the state behind it, `self` the one before its migration.
    pub fn not_restored(&self, now: &Self) -> Vec<Finding> {
        let schema = differences(&self.schema, &now.schema).into_iter();
        let schema = schema
            .map(|one| Finding::warning("not-restored", one.object, format!("it {} after the way back", one.what)));
        let rows = self.in_both(now).map(|(table, then, now)| {
            let place = format!("table {table}");
            Finding::warning("rows-not-restored", place, in_words(then, now, "after the way back"))
        });
        schema.chain(rows).collect()
    }

    /// What is other than it was after the first time, when the same migration is applied once more: it comes of the clock or
    /// of chance, or of what the way back has left, which is told by itself.
    pub fn not_repeated(&self, now: &Self) -> Vec<Finding> {
        let schema = differences(&self.schema, &now.schema).into_iter();
        let schema = schema.map(|one| {
            Finding::info("other-definition", one.object, format!("it {} when applied once more", one.what))
        });
        let rows = self.in_both(now).map(|(table, then, now)| {
            let place = format!("table {table}");
            Finding::info("other-values", place, in_words(then, now, "when applied once more"))
        });
        schema.chain(rows).collect()
    }

    /// The tables of both moments whose rows differ. Where the columns differ, the rows do by that alone, and only another
    /// number of them is told.
    fn in_both<'a>(
        &'a self,
        now: &'a Self,
    ) -> impl Iterator<Item = (&'a String, &'a TableDigest, &'a TableDigest)> + 'a {
        let both = self.rows.iter().filter_map(|(name, then)| Some((name, then, now.rows.get(name)?)));
        both.filter(move |(name, then, later)| {
            let [columns_then, columns_now] =
                [self, now].map(|state| state.schema.tables.get(*name).map(|table| &table.columns));
            then.rows != later.rows || columns_then == columns_now && then != later
        })
    }

    /// The name by which the schema knows a table or index, of its full name, written as a statement may; the whole database is
    /// what it is.
    pub fn known(&self, dialect: Dialect, full: &str) -> Option<String> {
        if full == LockHeld::WHOLE {
            return Some(full.to_owned());
        }
        let (_, name) = full.split_once('.').unwrap_or(("", full));
        let is_index = |name: &str| self.schema.tables.values().any(|table| table.indexes.contains_key(name));
        let known = [full, name].into_iter().find(|name| self.schema.tables.contains_key(*name));
        let known = known.or_else(|| [full, name].into_iter().find(|name| is_index(name))).map(str::to_owned);
        known.or_else(|| self.schema.tables.keys().find(|table| sql::is_same_name(dialect, table, name)).cloned())
    }

    /// The locks of what was there at this moment, each object and mode once.
    pub fn locks_of_what_was_there(&self, dialect: Dialect, locks: Vec<LockHeld>) -> Vec<LockHeld> {
        let mut longest: BTreeMap<(String, String), u64> = BTreeMap::new();
        for LockHeld { object, mode, held_ms } in locks {
            if let Some(object) = self.known(dialect, &object) {
                let most = longest.entry((object, mode)).or_default();
                *most = held_ms.max(*most);
            }
        }
        longest.into_iter().map(|((object, mode), held_ms)| LockHeld { object, mode, held_ms }).collect()
    }
}

fn in_words(then: &TableDigest, now: &TableDigest, when: &str) -> String {
    if then.rows == now.rows {
        format!("its {} rows are not the same {when}", now.rows)
    } else {
        format!("it has {} rows {when}, and had {}", now.rows, then.rows)
    }
}
