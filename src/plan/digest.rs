//! What a plan is made of, in a digest.

use std::fmt::Write;

use semver::Version;
use sha2::{Digest, Sha256};

use super::Facts;
use crate::model::{digest::PlanDigest, migration::Migration, schema::Schema};

/// The digest of the plan that would be made of these facts. Sizes and durations are left out: they change with every row.
#[must_use]
pub fn digest(facts: &Facts<'_>, schema: &Schema, settings: &str, to: Option<&Version>) -> PlanDigest {
    let mut target = Word::of(&schema.fingerprint());
    target.add(&facts.site.target);
    for row in &facts.history.applied {
        let checksum = row.checksum.as_ref().map(ToString::to_string);
        target.add(&(row.number, row.version.to_string(), &row.name, row.success, checksum));
    }
    target.add(&facts.history.version.as_ref().map(ToString::to_string));
    target.add(&facts.history.unfinished.as_ref().map(|left| (&left.migration, left.direction, &left.snapshot)));
    let mut catalog = Word::of("");
    facts.catalog.migrations.iter().for_each(|migration| add(&mut catalog, migration));
    let mut asked = Word::of(settings);
    asked.add(&to.map(ToString::to_string));
    asked.add(&(facts.needs.backend.to_string(), facts.needs.required.to_string()));
    PlanDigest { target: target.word(), catalog: catalog.word(), settings: asked.word() }
}

/// All of a migration that a run goes by: what it is called, its texts, and what its metadata says.
fn add(word: &mut Word, migration: &Migration) {
    word.add(&(migration.identity.to_string(), migration.checksum.to_string()));
    word.add(&(migration.critical, migration.transactional, migration.out_of_order, &migration.dependencies));
    word.add(&migration.allow);
    word.add(&(migration.lock_timeout_ms, migration.statement_timeout_ms, &migration.supersedes));
    let [least, most] = [&migration.min_runtime_version, &migration.max_runtime_version];
    word.add(&[least, most].map(|version| version.as_ref().map(ToString::to_string)));
    let down = migration.down.as_ref().map(|down| down.statements.iter().map(|s| s.sql.as_str()).collect::<Vec<_>>());
    word.add(&down);
}

/// A word on its way.
struct Word(Sha256);

impl Word {
    fn of(text: &str) -> Self {
        Self(Sha256::new_with_prefix(text))
    }

    /// The debug form quotes texts and keeps parts apart.
    fn add(&mut self, part: &impl std::fmt::Debug) {
        self.0.update(format!("\n{part:?}"));
    }

    fn word(self) -> String {
        let bytes = self.0.finalize();
        bytes.iter().take(PlanDigest::WORD_DIGITS / 2).fold(String::new(), |mut word, byte| {
            let _ = write!(word, "{byte:02x}");
            word
        })
    }
}
