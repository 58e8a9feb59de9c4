//! Every version of the catalog against one application.

use std::collections::BTreeSet;

use semver::Version;

use super::Needs;
use crate::model::{
    catalog::Catalog,
    compatibility::{CompatibilityPolicy, VersionFit},
    migration::Migration,
};

/// Every version of the catalog, oldest first, against the application that `needs` tells of. Empty for an empty catalog.
#[must_use]
pub fn matrix(catalog: &Catalog, needs: &Needs) -> Vec<VersionFit> {
    let versions: BTreeSet<&Version> = catalog.migrations.iter().map(|m| &m.identity.version).collect();
    versions.into_iter().map(|version| fit(catalog, needs, version)).collect()
}

fn fit(catalog: &Catalog, needs: &Needs, version: &Version) -> VersionFit {
    let applied: Vec<&Migration> = catalog.migrations.iter().filter(|m| m.identity.version <= *version).collect();
    let min = applied.iter().filter_map(|m| m.min_runtime_version.as_ref()).max();
    let max = applied.iter().filter_map(|m| m.max_runtime_version.as_ref()).min();
    let compatible = match needs.compatibility {
        CompatibilityPolicy::Exact => *version == needs.required,
        CompatibilityPolicy::Range => {
            min.is_none_or(|min| *min <= needs.backend) && max.is_none_or(|max| needs.backend <= *max)
        }
    };
    VersionFit {
        db_version: version.clone(),
        migrations: applied.iter().filter(|m| m.identity.version == *version).count(),
        min_runtime_version: min.cloned(),
        max_runtime_version: max.cloned(),
        compatible,
    }
}
