//! A new, empty migration.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, SecondsFormat, Utc};
use semver::Version;
use serde::Serialize;
use ulid::Ulid;

use super::{
    error::CatalogError,
    folder::{Entry, Folder},
    format, name,
    template::Files,
};
use crate::model::migration::Identity;

/// What a new migration is to be.
#[derive(Debug, Clone)]
pub struct Scaffold<'a> {
    /// The version the database has after it.
    pub version: &'a Version,
    /// Its name, in snake case.
    pub name: &'a str,
    /// For a person; the name in words when there is none.
    pub description: Option<&'a str>,
    /// Its scripts; without any, empty ones with a word on what is to be in them.
    pub scripts: Files,
    /// When it was written.
    pub now: DateTime<Utc>,
}

/// `metadata.json` as it is first written.
#[derive(Serialize)]
struct Metadata<'a> {
    version: &'a Version,
    name: &'a str,
    description: &'a str,
    created_at: String,
    dependencies: [&'a str; 0],
}

/// Writes `v<version>_<nn>_<name>/` with `metadata.json` and its scripts, and returns its path.
///
/// `nn` is one above the highest of that version. A catalog that does not exist yet is created. The folder appears complete or not at all: it is written under
/// a hidden name, brought to disk, and renamed. Blocks on the file system.
///
/// # Errors
/// A name that is none, a name that the version has already, a catalog in another tool's layout, and whatever the file
/// system refuses.
pub fn scaffold(path: &Path, wanted: &Scaffold<'_>) -> Result<PathBuf, CatalogError> {
    let Scaffold { version, name, .. } = *wanted;
    let named = |fault| CatalogError::Name { name: name.to_owned(), fault };
    let first = name::identity(&format!("v{version}_01_{name}")).map_err(named)?;
    fs::create_dir_all(path).map_err(|source| unwritable(path, source))?;
    let identity = next(path, first)?;
    let files = files(&identity, wanted).map_err(|source| unwritable(path, source.into()))?;
    let folder = path.join(identity.to_string());
    let hidden = path.join(format!(".{identity}.{}", Ulid::generate()));
    let written = publish(&hidden, &folder, &files);
    written.map_err(|source| {
        // What is left of an attempt is hidden and harmless; the first error is the one to tell.
        let _ = fs::remove_dir_all(&hidden);
        unwritable(&folder, source)
    })?;
    Ok(folder)
}

/// `wanted`, with the next free number of its version.
fn next(path: &Path, mut wanted: Identity) -> Result<Identity, CatalogError> {
    let unreadable = |source| CatalogError::Folder { path: path.display().to_string(), source };
    let folder = Folder::open(path).map_err(unreadable)?;
    // Faults of what is there already are told when the catalog is loaded; they are no reason to write nothing.
    let entries = folder.list("", &mut Vec::new()).map_err(unreadable)?;
    if let Some(foreign) = format::recognise(&folder, &entries).filter(|format| format.name != "windlass") {
        return Err(CatalogError::Foreign { path: path.display().to_string(), format: foreign.name });
    }
    let mut highest = 0;
    for Entry { name, .. } in entries {
        let Ok(identity) = name::identity(&name) else { continue };
        if identity.version == wanted.version {
            if identity.name == wanted.name {
                return Err(CatalogError::Exists { existing: path.join(name).display().to_string() });
            }
            highest = highest.max(identity.sequence);
        }
    }
    wanted.sequence = highest.checked_add(1).ok_or_else(|| CatalogError::Name {
        name: wanted.name.clone(),
        fault: name::NotAName::Number(format!("the number after {highest}")),
    })?;
    Ok(wanted)
}

/// Name and content of each file.
fn files(identity: &Identity, wanted: &Scaffold<'_>) -> serde_json::Result<Files> {
    let words = identity.name.replace('_', " ");
    let metadata = serde_json::to_string_pretty(&Metadata {
        version: &identity.version,
        name: &identity.name,
        description: wanted.description.unwrap_or(&words),
        created_at: wanted.now.to_rfc3339_opts(SecondsFormat::Secs, true),
        dependencies: [],
    })?;
    let mut files = wanted.scripts.clone();
    if files.is_empty() {
        files.push(("up.sql", format!("-- {identity}: what is to change.\n")));
        files.push(("down.sql", format!("-- {identity}: the way back. Left without a statement, there is none.\n")));
    }
    files.push(("metadata.json", metadata + "\n"));
    Ok(files)
}

/// Writes the files into `hidden`, brings them to disk, and gives the folder its name. To rename onto a folder that
/// somebody else has filled meanwhile fails.
fn publish(hidden: &Path, folder: &Path, files: &[(&str, String)]) -> io::Result<()> {
    fs::create_dir(hidden)?;
    for (name, content) in files {
        let mut file = OpenOptions::new().write(true).create_new(true).open(hidden.join(name))?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
    }
    File::open(hidden)?.sync_all()?;
    fs::rename(hidden, folder)?;
    folder.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

fn unwritable(path: &Path, source: io::Error) -> CatalogError {
    CatalogError::Write { path: path.display().to_string(), source }
}
