//! Whether the schema can prove that a migration was taken back: nothing that was stored may have gone, come or changed
//! places where the schema does not tell of it.

use super::apply::Change;
use crate::{
    model::{
        migration::{Statement, StatementKind},
        schema::Schema,
    },
    sql::{self, Dialect},
};

/// What there was, what there is, and what was done between.
pub(super) struct Proof<'a> {
    dialect: Dialect,
    /// What the migration has named.
    named: &'a [String],
    /// All that is called so, before the migration.
    before: &'a Schema,
    /// And now.
    now: Schema,
    /// Everything there is now.
    all: &'a Schema,
    /// The texts of what was done.
    done: Vec<String>,
    /// What of it is called otherwise now, by both names.
    renamed: Vec<String>,
}

impl<'a> Proof<'a> {
    /// Of the first `done` statements of a migration; `None` where the schema proves nothing.
    pub(super) fn of(
        dialect: Dialect,
        (named, before): (&'a [String], &'a Schema),
        all: &'a Schema,
        change: &Change<'_>,
        done: &[Statement],
    ) -> Option<Self> {
        let texts = done.iter().map(|statement| change.sql(statement)).collect();
        let now = all.only(named);
        let mut proof = Self { dialect, named, before, now, all, done: texts, renamed: Vec::new() };
        let texts = done.iter().map(|statement| (statement.kind, change.sql(statement)));
        let changes = texts.clone().filter(|(kind, _)| !matches!(kind, StatementKind::Rows | StatementKind::Session));
        for (_, text) in changes.clone() {
            proof.renamed.extend(sql::effect(dialect, &text)?.renames);
        }
        let is_provable = changes.clone().all(|(_, text)| proof.is_kept_by(&text))
            && proof.renamed.iter().all(|name| !(is_called(before, name) && is_called(&proof.now, name)))
            && texts.clone().filter(|(kind, _)| *kind == StatementKind::Rows).all(|(_, text)| proof.is_within(&text))
            && proof.is_ours_alone();
        is_provable.then_some(proof)
    }

    /// Everything that was named, as it is now.
    pub(super) fn now(&self) -> &Schema {
        &self.now
    }

    /// The schema changes of the down script, when it names nothing but what the migration named, and when nothing goes by
    /// them but what the migration has made.
    pub(super) fn down_script(&self, change: &Change<'_>) -> Option<Vec<String>> {
        let down = change.migration.down.as_ref()?;
        let changes = down.statements.iter().filter(|statement| statement.kind != StatementKind::Rows);
        let mut written: Vec<&str> =
            changes.map(|statement| statement.part.as_ref().map_or(statement.sql.as_str(), |part| &part.of)).collect();
        // What is run as several steps was written as one statement.
        written.dedup();
        written.iter().all(|text| self.is_kept_by(text)).then(|| written.into_iter().map(str::to_owned).collect())
    }

    /// Whether a schema change names nothing but what was looked at before, and whether all that was stored before is still
    /// stored behind it: what it drops was made by the migration.
    fn is_kept_by(&self, text: &str) -> bool {
        let is_new = |name: &String| !is_called(self.before, name) && !has(&self.renamed, name);
        sql::names(self.dialect, text).iter().all(|name| self.named.contains(name))
            && sql::effect(self.dialect, text).is_some_and(|effect| effect.drops.iter().all(is_new))
    }

    /// Whether a change of rows stays within a table that the migration has made: one that is named alone, without triggers,
    /// without keys that carry the change on, and without routines at work.
    fn is_within(&self, text: &str) -> bool {
        let Some(table) = sql::only_table_written(self.dialect, text) else { return false };
        let is_called_so = |name: &String| unqualified(name).eq_ignore_ascii_case(&table);
        let is_made_here = self.now.tables.keys().any(is_called_so) && !self.before.tables.keys().any(is_called_so);
        let has_triggers = self.done.iter().any(|done| acts_by_itself(done))
            || self.all.objects.iter().any(|(key, words)| {
                let names = sql::names(self.dialect, words);
                ["trigger ", "rule "].iter().any(|kind| key.starts_with(kind)) && has(&names, &table)
            });
        let is_pointed_to = self.all.tables.iter().any(|(name, other)| {
            !is_called_so(name)
                && other.foreign_keys.values().any(|key| unqualified(&key.references).eq_ignore_ascii_case(&table))
        });
        let is_at_work = sql::names(self.dialect, text).iter().any(|name| {
            let mut objects = self.all.objects.keys().filter_map(|key| key.split_once(' '));
            objects.any(|(kind, object)| kind != "index" && unqualified(object).eq_ignore_ascii_case(name))
        });
        is_made_here && !has_triggers && !is_pointed_to && !is_at_work
    }

    /// Whether every column that came to a table that was there before is one that the migration has named; what somebody
    /// else has added meanwhile is not the migration's to take out.
    fn is_ours_alone(&self) -> bool {
        let tables = self.now.tables.iter().filter_map(|(name, now)| Some((self.before.tables.get(name)?, now)));
        tables.into_iter().all(|(before, now)| {
            let is_new = |name: &String| before.columns.iter().all(|column| column.name != *name);
            now.columns.iter().map(|column| &column.name).filter(|name| is_new(name)).all(|name| has(self.named, name))
        })
    }
}

/// Whether a table, or a column of one, is called so.
fn is_called(schema: &Schema, name: &str) -> bool {
    schema.tables.iter().any(|(table, it)| {
        unqualified(table).eq_ignore_ascii_case(name)
            || it.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
    })
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

fn unqualified(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Whether a statement may make something that acts by itself when rows change.
fn acts_by_itself(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("trigger") || text.contains(" rule ")
}
