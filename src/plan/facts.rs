//! Everything a plan is made of, and which row of the history is of which migration.

use std::collections::{BTreeMap, HashMap};

use semver::Version;

use crate::{
    model::{
        backfill::TableKeys,
        catalog::Catalog,
        checksum::{Checksum, Edit},
        compatibility::CompatibilityPolicy,
        history::{Applied, History},
        migration::{DdlScope, Migration},
        order::{PathPolicy, RollbackPolicy},
        rehearsal::Rehearsed,
        risk::Blocking,
        schema::Schema,
        server::Server,
        trust::Trust,
    },
    sql::Dialect,
};

/// What the application needs, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// The application's version.
    pub backend: Version,
    /// The database version it requires.
    pub required: Version,
    /// `exact` or `range`.
    pub compatibility: CompatibilityPolicy,
    /// `next` or `through`.
    pub path: PathPolicy,
    /// Which risks block.
    pub blocking_risks: Vec<Blocking>,
    /// `any` or `proven`.
    pub rollback: RollbackPolicy,
}

/// Which target is planned for.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// Its name.
    pub target: &'a str,
    /// How its SQL is read.
    pub dialect: Dialect,
    /// What a transaction of its engine can hold.
    pub scope: DdlScope,
}

/// Everything a plan is made of.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Which target is planned for.
    pub site: Site<'a>,
    /// The migrations on disk.
    pub catalog: &'a Catalog,
    /// What the target says of itself.
    pub history: &'a History,
    /// Its schema, for sizes; `None` when nobody needs an estimate.
    pub schema: Option<&'a Schema>,
    /// The server that answers; `None` when nobody asked.
    pub server: Option<&'a Server>,
    /// What the application needs.
    pub needs: &'a Needs,
    /// The keys of the tables that pending backfills cut; `None` when nobody looked.
    pub keys: Option<&'a TableKeys>,
    /// What of the target cannot be relied on; `None` when nobody looked.
    pub trust: Option<&'a Trust>,
    /// How long each migration took when it ran here before, in milliseconds, by identity.
    pub durations: Option<&'a BTreeMap<String, u64>>,
    /// What rehearsals brought that still holds, by identity; `None` when nobody looked.
    pub rehearsed: Option<&'a BTreeMap<String, Rehearsed>>,
    /// Each migration's place in the catalog, by its identity as text.
    names: HashMap<String, usize>,
    /// For each row of the history, its migration's place in the catalog.
    places: Vec<Option<usize>>,
    /// The highest of them.
    last: Option<usize>,
    /// The places of what is pending.
    pending: Vec<usize>,
}

/// Whether a row, the newest of its migration so far, tells that there is nothing to run of it.
fn is_current(row: &Applied, migration: &Migration) -> bool {
    let has_changed = |then: &Checksum| migration.checksum.edit_since(then) == Edit::Meaningful;
    !is_repeatable(migration) || row.success && !row.checksum.as_ref().is_some_and(has_changed)
}

fn is_repeatable(migration: &Migration) -> bool {
    migration.identity.is_repeatable()
}

impl<'a> Facts<'a> {
    /// Matches the history with the catalog, in one pass over each.
    #[must_use]
    pub fn of(site: Site<'a>, catalog: &'a Catalog, history: &'a History, needs: &'a Needs) -> Self {
        let names: HashMap<String, usize> =
            catalog.migrations.iter().enumerate().map(|(place, m)| (m.identity.to_string(), place)).collect();
        let by_version = |version: &Version| catalog.migrations.iter().position(|m| m.identity.version == *version);
        let places: Vec<Option<usize>> = history
            .applied
            .iter()
            .map(|row| match &row.name {
                Some(name) => names.get(name).copied(),
                None => by_version(&row.version),
            })
            .collect();
        let mut applied = vec![false; catalog.migrations.len()];
        for (row, place) in history.applied.iter().zip(&places) {
            let Some(place) = *place else { continue };
            applied[place] = is_current(row, &catalog.migrations[place]);
        }
        let last = places.iter().flatten().filter(|&&place| !is_repeatable(&catalog.migrations[place])).max().copied();
        let pending = (0..applied.len()).filter(|&place| !applied[place]).collect();
        Self {
            site,
            catalog,
            history,
            schema: None,
            server: None,
            needs,
            keys: None,
            trust: None,
            durations: None,
            rehearsed: None,
            names,
            places,
            last,
            pending,
        }
    }

    /// The same facts with the target's sizes.
    #[must_use]
    pub fn sized(mut self, schema: &'a Schema) -> Self {
        self.schema = Some(schema);
        self
    }

    /// The same facts with the server that answers.
    #[must_use]
    pub fn on(mut self, server: &'a Server) -> Self {
        self.server = Some(server);
        self
    }

    /// The same facts with the keys of the tables that pending backfills cut.
    #[must_use]
    pub fn keyed(mut self, keys: &'a TableKeys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// The same facts with what of the target cannot be relied on.
    #[must_use]
    pub fn trusting(mut self, trust: &'a Trust) -> Self {
        self.trust = Some(trust);
        self
    }

    /// The same facts with how long each migration took when it ran here before.
    #[must_use]
    pub fn timed(mut self, durations: &'a BTreeMap<String, u64>) -> Self {
        self.durations = Some(durations);
        self
    }

    /// The same facts with what rehearsals brought that still holds; `None` when nobody looked.
    #[must_use]
    pub fn rehearsed_if(mut self, rehearsed: Option<&'a BTreeMap<String, Rehearsed>>) -> Self {
        self.rehearsed = rehearsed;
        self
    }

    /// The migrations that are in the catalog and not in the history, in order.
    pub fn pending(&self) -> impl Iterator<Item = &'a Migration> + '_ {
        self.pending.iter().map(|&place| &self.catalog.migrations[place])
    }

    /// The pending migrations up to the required version, in order.
    pub fn required(&self) -> impl Iterator<Item = &'a Migration> + '_ {
        self.pending().filter(|migration| migration.identity.version <= self.needs.required)
    }

    /// The rows of the history, by number, each with its migration where the catalog has it.
    #[must_use]
    pub fn applied(&self) -> impl DoubleEndedIterator<Item = (&'a Applied, Option<&'a Migration>)> + '_ {
        self.history
            .applied
            .iter()
            .zip(&self.places)
            .map(|(row, place)| (row, place.map(|place| &self.catalog.migrations[place])))
    }

    /// The applied migration that stands last in the catalog's order, when `migration` stands before it.
    #[must_use]
    pub fn applied_after(&self, migration: &Migration) -> Option<&'a Migration> {
        let last = self.last?;
        let place = self.names.get(&migration.identity.to_string())?;
        (*place < last).then(|| &self.catalog.migrations[last])
    }
}
