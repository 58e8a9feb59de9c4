//! `releases.toml`: the versions of a numbered history.
//!
//! ```toml
//! [releases]
//! "1.1.0" = 20240301090000
//! "1.2.0" = 20240501120000
//! ```
//!
//! Each line says: this version holds every migration after the version before, up to and including this number. With
//! the file, a number after the last one is a fault, because it would belong to no version; without it, every
//! migration is a version of its own, `0.0.<number>`.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::Deserialize;

use super::{
    draft::Draft,
    folder::{Entry, Kind},
    reader::{RELEASES, Reader},
    words::toml_fault,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Releases {
    releases: BTreeMap<Version, u64>,
}

/// Gives each numbered migration the version that holds it, and its place within that version.
///
/// Does nothing for migrations that carry their version, and without the file.
pub fn assign(reader: &mut Reader, drafts: &mut [Draft], entries: &[Entry]) {
    let told = entries.iter().any(|entry| entry.kind == Kind::File && entry.name == RELEASES);
    if !told || drafts.iter().all(|draft| draft.number.is_none()) {
        return;
    }
    let Some(releases) = read(reader) else { return };
    drafts.sort_by_key(|draft| draft.number);
    let held = hold(&releases, drafts);
    after_the_last(reader, &releases, &drafts[held..]);
}

fn read(reader: &mut Reader) -> Option<Vec<(Version, u64)>> {
    let source = reader.source(RELEASES)?;
    match toml::from_str::<Releases>(&source.text) {
        Ok(Releases { releases }) => ascending(reader, releases.into_iter().collect()),
        Err(error) => {
            let remedy = "write a table [releases] with lines such as \"1.2.0\" = 20240501120000";
            reader.findings.push(toml_fault(RELEASES, &source.text, &error, remedy));
            None
        }
    }
}

/// A later version must end at a later number.
fn ascending(reader: &mut Reader, releases: Vec<(Version, u64)>) -> Option<Vec<(Version, u64)>> {
    let pairs = releases.iter().zip(releases.iter().skip(1));
    let wrong: Vec<_> = pairs.filter(|(earlier, later)| earlier.1 >= later.1).collect();
    for (earlier, later) in &wrong {
        let message = format!("{} ends at {} and the later {} at {}", earlier.0, earlier.1, later.0, later.1);
        reader.fault("releases", RELEASES, message, "let each version end at a higher number than the one before");
    }
    wrong.is_empty().then_some(releases)
}

/// Names the drafts, which come by number, and answers how many of them a release holds. A name that is taken within
/// its version gets the number added, for a history tells migrations by version and name.
fn hold(releases: &[(Version, u64)], drafts: &mut [Draft]) -> usize {
    let mut rest = drafts;
    let mut held = 0;
    for (version, last) in releases {
        let count = rest.partition_point(|draft| draft.number.is_some_and(|number| number <= *last));
        let (these, others) = rest.split_at_mut(count);
        let mut names = BTreeSet::new();
        for (draft, sequence) in these.iter_mut().zip(1..) {
            draft.identity.version = version.clone();
            draft.identity.sequence = sequence;
            // Ends, because the name grows and only so many are taken.
            while !names.insert(draft.identity.name.clone()) {
                draft.identity.name = format!("{}_{}", draft.identity.name, draft.number.unwrap_or_default());
            }
        }
        held += count;
        rest = others;
    }
    held
}

fn after_the_last(reader: &mut Reader, releases: &[(Version, u64)], drafts: &[Draft]) {
    let (Some(first), Some(last)) = (drafts.first(), drafts.last()) else { return };
    let these = match drafts.len() - 1 {
        0 => format!("{} belongs", first.place),
        n => format!("{} and {n} more migration{} belong", first.place, if n == 1 { "" } else { "s" }),
    };
    let until = releases.last().map_or_else(
        || "no release is listed".to_owned(),
        |(version, number)| format!("the last release, {version}, ends at {number}"),
    );
    let message = format!("{these} to no release: {until}");
    let remedy = format!("add the release: \"<version>\" = {}", last.number.unwrap_or_default());
    reader.fault("beyond-last-release", RELEASES, message, remedy);
}
