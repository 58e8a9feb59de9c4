//! What a branch does to the migrations of the branch it is to be merged into.

use std::collections::HashMap;

use crate::model::{
    catalog::Catalog,
    checksum::Edit,
    finding::Finding,
    migration::{Identity, Migration},
};

/// The migrations of a branch, of its base, and of the commit where they parted.
#[derive(Debug, Clone, Copy)]
pub struct Branch<'a> {
    /// What the base is called: `origin/main`.
    pub base_name: &'a str,
    /// The branch's.
    pub ours: &'a Catalog,
    /// The base's.
    pub base: &'a Catalog,
    /// Those of the commit where they parted.
    pub fork: &'a Catalog,
}

/// What merging the branch would bring: numbers given twice, migrations that come before what the base has already, and
/// migrations of the base that the branch changed or took out.
#[must_use]
pub fn against_base(branch: &Branch<'_>) -> Vec<Finding> {
    let (ours, base, fork) = (branch.ours.by_id(), branch.base.by_id(), branch.fork.by_id());
    let added = once(branch.ours).filter(|migration| {
        let id = migration.identity.to_string();
        !base.contains_key(&id) && !fork.contains_key(&id)
    });
    let mut found: Vec<Finding> = added.flat_map(|migration| of_added(branch, migration)).collect();
    let shared = once(branch.base).filter_map(|migration| {
        let id = migration.identity.to_string();
        of_shared(branch, migration, fork.get(&id).copied(), &ours)
    });
    found.extend(shared);
    found
}

/// The migrations that run once. The others have no number, come last wherever they stand, and are there to be changed.
fn once(catalog: &Catalog) -> impl Iterator<Item = &Migration> {
    catalog.migrations.iter().filter(|migration| !migration.identity.is_repeatable())
}

fn of_added(branch: &Branch<'_>, added: &Migration) -> Vec<Finding> {
    let Branch { base_name, base, .. } = branch;
    let mut found = Vec::new();
    if let Some(other) = base.migrations.iter().find(|other| have_one_number(added, other)) {
        let message = format!("it has the number of {}, which {base_name} has", other.place);
        found.push(Finding::critical("duplicate-number", &*added.place, message).remedy("give it a later number"));
        return found;
    }
    let newest = once(base).max_by_key(|migration| &migration.identity);
    if let Some(newest) = newest.filter(|newest| newest.identity > added.identity && !added.out_of_order) {
        let message = format!("it comes before {}, which {base_name} has already", newest.place);
        let remedy =
            format!("give it a later number, or allow it: \"out_of_order\": true in {}", added.metadata_in_words());
        found.push(Finding::critical("out-of-order", &*added.place, message).remedy(remedy));
    }
    found
}

/// Of several migrations that lead to one version, those are numbered that have a place among them, and those whose
/// version was made of a number.
fn have_one_number(one: &Migration, other: &Migration) -> bool {
    let number = |Identity { version, sequence, .. }: &Identity| (version.clone(), *sequence);
    let is_numbered =
        |migration: &Migration| migration.identity.sequence > 0 || *migration.place != *migration.identity.to_string();
    number(&one.identity) == number(&other.identity) && is_numbered(one) && is_numbered(other)
}

/// A migration of the base that was there where the branches parted: what the base has won since is not the branch's doing.
fn of_shared(
    branch: &Branch<'_>,
    base: &Migration,
    fork: Option<&Migration>,
    ours: &HashMap<String, &Migration>,
) -> Option<Finding> {
    let (fork, base_name) = (fork?, branch.base_name);
    let Some(ours) = ours.get(&base.identity.to_string()) else {
        let message = format!("{base_name} has it, and the branch took it out");
        let remedy = "restore it; what is in a database already can only be taken back by a new migration";
        return Some(Finding::critical("removed-since-base", &*base.place, message).remedy(remedy));
    };
    let replaces = |old: &String| *old == base.checksum.to_string() || *old == base.checksum.bytes;
    let is_edited = ours.checksum.edit_since(&fork.checksum) == Edit::Meaningful
        && ours.checksum.edit_since(&base.checksum) == Edit::Meaningful
        && !ours.supersedes.iter().any(replaces);
    is_edited.then(|| {
        let message = format!("its statements were changed, and {base_name} has it already");
        let remedy = format!(
            "put the change into a new migration, or approve it: \"supersedes\": [\"{}\"] in {}",
            base.checksum,
            ours.metadata_in_words()
        );
        Finding::critical("changed-since-base", ours.up.file.to_string(), message).remedy(remedy)
    })
}
