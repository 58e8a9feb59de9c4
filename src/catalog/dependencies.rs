//! What a migration's `dependencies` mean: `"1.0.0"` is every migration of that version, `"v1.0.0_01_x"` is that one.

use std::collections::BTreeMap;

use semver::Version;

use super::{draft::Draft, name, topology::Needs, words::nearest};
use crate::model::finding::Finding;

/// What each of the drafts (which come in the order of their identities) needs, by position. A dependency that nothing answers to is a fault.
pub fn needs(drafts: &[Draft], findings: &mut Vec<Finding>) -> Needs {
    let mut versions: BTreeMap<&Version, Vec<usize>> = BTreeMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        versions.entry(&draft.identity.version).or_default().push(index);
    }
    let mut all = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let mut needs = Vec::new();
        for dependency in &draft.metadata.dependencies {
            match meant(drafts, &versions, draft, dependency) {
                Ok(found) => needs.extend(found),
                Err(fault) => findings.push(fault),
            }
        }
        needs.sort_unstable();
        needs.dedup();
        all.push(needs);
    }
    all
}

/// The migrations that a dependency means: those of a version, or the one of that name.
fn meant(
    drafts: &[Draft],
    versions: &BTreeMap<&Version, Vec<usize>>,
    draft: &Draft,
    dependency: &str,
) -> Result<Vec<usize>, Finding> {
    if let Ok(version) = Version::parse(dependency.strip_prefix('v').unwrap_or(dependency)) {
        if version == draft.identity.version {
            let message = format!("it depends on {dependency}, its own version");
            return Err(Finding::critical("dependency-cycle", &*draft.place, message)
                .remedy("name the migration that must come before it instead"));
        }
        return versions.get(&version).cloned().ok_or_else(|| missing(drafts, draft, dependency));
    }
    let index = name::identity(dependency)
        .ok()
        .and_then(|identity| drafts.binary_search_by(|other| other.identity.cmp(&identity)).ok());
    index.map(|index| vec![index]).ok_or_else(|| missing(drafts, draft, dependency))
}

fn missing(drafts: &[Draft], draft: &Draft, dependency: &str) -> Finding {
    let message = format!("it depends on {dependency}, which is neither a version nor a migration of this catalog");
    let known: Vec<_> = drafts.iter().map(|draft| draft.identity.to_string()).collect();
    let versions: Vec<_> = drafts.iter().map(|draft| draft.identity.version.to_string()).collect();
    let pool = if dependency.contains('_') { known } else { versions };
    let remedy = nearest(dependency, pool.iter().map(String::as_str)).map_or_else(
        || "correct its dependencies, or add what is missing".to_owned(),
        |it| format!("did you mean {it}?"),
    );
    Finding::critical("missing-dependency", &*draft.place, message).remedy(remedy)
}
