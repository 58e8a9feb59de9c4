//! Version directories with manifests, as Temporal and Cadence have them: `v<version>/manifest.json` with `CurrVersion`,
//! `MinCompatibleVersion`, `Description` and, in order, `SchemaUpdateCqlFiles` (Temporal, `tools/common/schema`).
//!
//! Each file is a migration, and all of a directory lead to its version. There is no way back, and no transaction there;
//! here it is as the engine can. `MinCompatibleVersion` is about programs by the schema they were built for, not by their
//! version, so it is read and decides nothing.

use semver::Version;
use serde::Deserialize;

use super::{Format, numbered::plain};
use crate::{
    catalog::{
        draft::{Draft, Metadata, Numbering},
        folder::{Entry, Kind},
        reader::Reader,
        words::is_sql,
    },
    model::{finding::Finding, migration::Identity},
};

const MANIFEST: &str = "manifest.json";

/// Folders named by their version, with a manifest.
pub static FORMAT: Format = Format {
    name: "temporal",
    recognises: |folder, entries| {
        let is_one =
            |entry: &Entry| version(&entry.name).is_some() && folder.has(&format!("{}/{MANIFEST}", entry.name));
        entries.iter().any(|entry| entry.kind == Kind::Folder && is_one(entry))
    },
    read,
    opt_out: "",
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    curr_version: String,
    min_compatible_version: String,
    #[serde(default)]
    description: String,
    schema_update_cql_files: Vec<String>,
}

/// `v1.10` or `1.10` is version 1.10.0.
fn version(text: &str) -> Option<Version> {
    let numbers: Option<Vec<u64>> =
        text.strip_prefix('v').unwrap_or(text).split('.').map(|part| part.parse().ok()).collect();
    match *numbers?.as_slice() {
        [major, minor] => Some(Version::new(major, minor, 0)),
        [major, minor, patch] => Some(Version::new(major, minor, patch)),
        _ => None,
    }
}

fn read(reader: &mut Reader, entries: &[Entry]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for Entry { name, kind } in entries {
        match version(name).filter(|_| *kind == Kind::Folder && name.starts_with('v')) {
            Some(version) => {
                if let Some(earlier) = drafts.iter().find(|draft| draft.identity.version == version) {
                    let message = format!("it leads to version {version}, and so does {}", earlier.place);
                    reader.fault("duplicate-migration", name, message, "give one of them another version");
                }
                drafts.extend(migrations(reader, name, &version));
            }
            None if reader.folder.has(&format!("{name}/{MANIFEST}")) => {
                let message = "the folder's name does not name a version";
                reader.fault("folder-name", name, message, "rename it, such as to v1.2");
            }
            None => reader.stray(name),
        }
    }
    drafts
}

/// The migrations of a directory, in the manifest's order.
fn migrations(reader: &mut Reader, place: &str, version: &Version) -> Vec<Draft> {
    let Some(manifest) = manifest(reader, place, version) else { return Vec::new() };
    let listed = manifest.schema_update_cql_files;
    for file in reader.list(place).into_iter().filter(|file| file.name != MANIFEST && !listed.contains(&file.name)) {
        let whole = format!("{place}/{}", file.name);
        if is_sql(&file.name) {
            let message = format!("{MANIFEST} does not list it, so it is not run");
            let finding = Finding::warning("not-in-manifest", whole, message);
            reader.findings.push(finding.remedy("list it, or remove it"));
        } else {
            reader.stray(&whole);
        }
    }
    let description = Some(manifest.description).filter(|text| !text.is_empty());
    (1..)
        .zip(listed)
        .filter_map(|(sequence, file)| draft(reader, place, (version, sequence), &file, description.clone()))
        .collect()
}

fn draft(
    reader: &mut Reader,
    place: &str,
    (version, sequence): (&Version, u32),
    file: &str,
    description: Option<String>,
) -> Option<Draft> {
    let whole = format!("{place}/{file}");
    if file.contains(['/', '\\']) || file.starts_with('.') || !is_sql(file) {
        let message = format!("it lists {file:?}, which is no SQL file of this folder");
        reader.fault("manifest", format!("{place}/{MANIFEST}"), message, "list the names of files that lie beside it");
        return None;
    }
    let identity = Identity { version: version.clone(), sequence, name: plain(file.trim_end_matches(".sql")) };
    let up = reader.source(&whole);
    let metadata = Metadata { description, ..Metadata::default() };
    let numbering = Numbering::Sole;
    Some(Draft { identity, number: None, numbering, place: whole.into(), metadata, up, backfill: None, down: None })
}

/// The manifest, when it can be used: its versions are versions, the first is the folder's, and it lists something.
fn manifest(reader: &mut Reader, place: &str, own: &Version) -> Option<Manifest> {
    let file = format!("{place}/{MANIFEST}");
    if !reader.folder.has(&file) {
        let message = format!("it has no {MANIFEST}");
        reader.fault("manifest", place, message, "write one that lists the folder's files");
        return None;
    }
    let source = reader.source(&file)?;
    let manifest: Manifest = match serde_json::from_str(&source.text) {
        Ok(manifest) => manifest,
        Err(error) => {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            reader.fault("manifest", format!("{file}:{}", error.line()), message, "correct it");
            return None;
        }
    };
    let fault = if version(&manifest.curr_version).as_ref() != Some(own) {
        Some(format!("CurrVersion is {:?}, and the folder is {place}", manifest.curr_version))
    } else if version(&manifest.min_compatible_version).is_none() {
        Some(format!("MinCompatibleVersion is {:?}, which is no version", manifest.min_compatible_version))
    } else if manifest.schema_update_cql_files.is_empty() {
        Some("SchemaUpdateCqlFiles lists no file".to_owned())
    } else {
        None
    };
    match fault {
        Some(message) => {
            reader.fault("manifest", file, message, "correct it");
            None
        }
        None => Some(manifest),
    }
}
