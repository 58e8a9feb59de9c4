//! What there is, and what is no snapshot any more.

use std::collections::BTreeSet;

use super::{
    ArchiveError, document,
    key::Keyring,
    names::{self, Kind},
    store::Store,
};
use crate::model::{
    finding::Finding,
    snapshot::{Listed, Manifest, Marks, SnapshotId},
};

/// What lies in an archive.
#[derive(Debug, Default)]
pub struct Listing {
    /// The snapshots, newest first.
    pub snapshots: Vec<Listed>,
    /// What is there and cannot be used: manifests of snapshots that one may have counted on, and marks.
    pub unusable: Vec<Unusable>,
}

/// Something that is there and cannot be used.
#[derive(Debug)]
pub struct Unusable {
    /// Of which snapshot.
    pub id: SnapshotId,
    /// Why.
    pub error: ArchiveError,
}

impl Unusable {
    /// Whether the snapshot itself can be used all the same.
    #[must_use]
    pub fn is_of_marks(&self) -> bool {
        matches!(self.error, ArchiveError::Marks { .. })
    }

    /// In the words of a listing.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let (rule, remedy) = match &self.error {
            ArchiveError::WrongKey { .. } | ArchiveError::KeyMissing { .. } => {
                ("snapshot-key-missing", "name its key in snapshots.identity_file or snapshots.passphrase_file")
            }
            ArchiveError::Marks { .. } => {
                ("snapshot-marks", "windlass snapshot verify learns anew whether it is whole")
            }
            _ => ("snapshot-damaged", "count on another snapshot, and look after the disk it lies on"),
        };
        Finding::warning(rule, self.id.to_string(), self.error.to_string()).remedy(remedy)
    }
}

/// The files of ours.
fn files(store: &dyn Store) -> Result<Vec<(SnapshotId, Kind, String)>, ArchiveError> {
    let names = store.names()?.into_iter();
    Ok(names.filter_map(|name| names::read(&name).map(|(id, kind)| (id, kind, name))).collect())
}

pub(super) fn list(store: &dyn Store, keyring: &Keyring) -> Result<Listing, ArchiveError> {
    let files = files(store)?;
    let of = |wanted| -> Vec<SnapshotId> {
        files.iter().filter(|(_, kind, _)| *kind == wanted).map(|(id, _, _)| *id).collect()
    };
    let (published, marked) = (of(Kind::Manifest), of(Kind::Marks).into_iter().collect::<BTreeSet<_>>());
    let (keys, own_place) = (keyring.to_open()?, keyring.own_place());
    let mut listing = Listing::default();
    let names: Vec<String> = published.iter().map(|id| names::manifest(*id)).collect();
    for (id, bytes) in published.into_iter().zip(store.small(&names)) {
        let read = bytes.and_then(|bytes| {
            bytes.map(|bytes| document::manifest(id, &bytes, keys.as_deref(), &own_place)).transpose()
        });
        match read {
            Ok(Some(manifest)) => listing.snapshots.push(Listed { manifest, marks: Marks::default() }),
            Ok(None) => {} // Removed since the names were read.
            Err(error) => listing.unusable.push(Unusable { id, error }),
        }
    }
    let with_marks: Vec<&mut Listed> =
        listing.snapshots.iter_mut().filter(|listed| marked.contains(&listed.manifest.id)).collect();
    let names: Vec<String> = with_marks.iter().map(|listed| names::marks(listed.manifest.id)).collect();
    for (listed, bytes) in with_marks.into_iter().zip(store.small(&names)) {
        let id = listed.manifest.id;
        let read = bytes.and_then(|bytes| match (bytes, keys.as_deref()) {
            (Some(bytes), Some(keys)) => document::marks(id, &bytes, keys),
            _ => Ok(Marks::default()), // Removed since the names were read.
        });
        match read {
            Ok(marks) => listed.marks = marks,
            Err(error) => listing.unusable.push(Unusable { id, error }),
        }
    }
    listing.snapshots.sort_by_key(|listed| std::cmp::Reverse((listed.manifest.created_at, listed.manifest.id)));
    Ok(listing)
}

/// One small file.
fn one(store: &dyn Store, name: String) -> Result<Option<Vec<u8>>, ArchiveError> {
    store.small(&[name]).pop().unwrap_or(Ok(None))
}

pub(super) fn find(store: &dyn Store, keyring: &Keyring, id: SnapshotId) -> Result<Manifest, ArchiveError> {
    let bytes = one(store, names::manifest(id))?.ok_or(ArchiveError::Missing(id))?;
    document::manifest(id, &bytes, keyring.to_open()?.as_deref(), &keyring.own_place())
}

pub(super) fn marks(store: &dyn Store, keyring: &Keyring, id: SnapshotId) -> Result<Marks, ArchiveError> {
    let Some(bytes) = one(store, names::marks(id))? else { return Ok(Marks::default()) };
    let no_key = || ArchiveError::Marks { id: id.to_string(), reason: "their key is not there".to_owned() };
    document::marks(id, &bytes, &*keyring.to_open()?.ok_or_else(no_key)?)
}

pub(super) fn remove(store: &dyn Store, id: SnapshotId) -> Result<(), ArchiveError> {
    let mut own: Vec<_> = files(store)?.into_iter().filter(|(owner, _, _)| *owner == id).collect();
    if own.is_empty() {
        return Err(ArchiveError::Missing(id));
    }
    // Without its manifest it is no snapshot any more, wherever this is interrupted.
    own.sort_by_key(|(_, kind, _)| *kind != Kind::Manifest);
    store.delete(&own.into_iter().map(|(_, _, name)| name).collect::<Vec<_>>())
}

pub(super) fn sweep(store: &dyn Store) -> Result<Vec<String>, ArchiveError> {
    let mut swept = store.sweep()?;
    let files = files(store)?;
    let published: BTreeSet<_> =
        files.iter().filter(|(_, kind, _)| *kind == Kind::Manifest).map(|(id, _, _)| *id).collect();
    let left: Vec<String> = files
        .into_iter()
        .filter(|(id, kind, _)| *kind == Kind::Part || !published.contains(id))
        .map(|(_, _, name)| name)
        .collect();
    store.delete(&left)?;
    swept.extend(left);
    Ok(swept)
}
