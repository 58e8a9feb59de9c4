//! What is known of keys at one moment: all that the files said.

use std::{
    fs,
    io::Read,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{
    deny::{DenyList, LIST_BYTES_MAX},
    error::AuthError,
    jwks::{self, NoSet, SET_BYTES_MAX},
    key::Key,
    own_secret,
};
use crate::config::{self, open_regular};

/// The mode bits by which others could change a file.
const OTHERS_WRITE: u32 = 0o022;

/// When a file was changed: its time, its size, its place on the disk; `None` while it is missing.
type Stamp = Option<(i64, i64, u64, u64)>;

/// The stamps of all files whose change is looked for.
pub(super) type Stamps = Vec<(PathBuf, Stamp)>;

/// What the files said.
#[derive(Debug, Default)]
pub(super) struct Ring {
    pub all: Vec<Key>,
    pub signing: Option<usize>,
    pub denied: DenyList,
    stamps: Stamps,
}

impl Ring {
    /// Loads the configured keys, the set and the deny list; without any key, the secret in `data_dir`, which is made when it
    /// is missing. Blocks for a few small files.
    ///
    /// # Errors
    /// [`AuthError`].
    pub fn load(settings: &config::Auth, data_dir: &Path) -> Result<Self, AuthError> {
        // Before a file is read: what is written meanwhile is read the next time.
        let stamps = files(settings).map(|path| (path.to_owned(), stamp(path))).collect();
        let (all, signing) = keys(settings, data_dir)?;
        Ok(Self { all, signing, denied: denied(settings)?, stamps })
    }

    /// Reads the files again, which have these stamps now. Where some cannot be used, what they said before stays, and of the others the
    /// safer half comes into force: whatever is denied now, and without a deny list the keys that are left, but no new one. Gives
    /// what cannot be used as well.
    pub fn again(&self, settings: &config::Auth, data_dir: &Path, stamps: Stamps) -> (Self, Vec<AuthError>) {
        let mut faults = Vec::new();
        let denied = denied(settings).map_err(|error| faults.push(error)).ok();
        let (all, signing) = match (keys(settings, data_dir), &denied) {
            (Ok(fresh), Some(_)) => fresh,
            (Ok((fresh, signing)), None) => self.left_of(fresh, signing),
            (Err(error), _) => {
                faults.push(error);
                (self.all.clone(), self.signing)
            }
        };
        (Self { all, signing, denied: denied.unwrap_or_else(|| self.denied.clone()), stamps }, faults)
    }

    /// Those of the keys that were here before.
    fn left_of(&self, fresh: Vec<Key>, signing: Option<usize>) -> (Vec<Key>, Option<usize>) {
        let signs = signing.and_then(|index| fresh.get(index)).map(|key| key.id.clone());
        let was_here = |key: &Key| self.all.iter().any(|known| known.is(key));
        let left: Vec<Key> = fresh.into_iter().filter(was_here).collect();
        let signing = left.iter().position(|key| Some(&key.id) == signs.as_ref());
        (left, signing)
    }

    /// The stamps of the same files, as they are now.
    pub fn stamps_now(&self) -> Stamps {
        self.stamps.iter().map(|(path, _)| (path.clone(), stamp(path))).collect()
    }

    /// Whether a file has other stamps than when this was read.
    pub fn is_older_than(&self, stamps: &[(PathBuf, Stamp)]) -> bool {
        self.stamps != stamps
    }
}

/// The configured keys and those of the set, and which of them signs; without any, our own.
fn keys(settings: &config::Auth, data_dir: &Path) -> Result<(Vec<Key>, Option<usize>), AuthError> {
    let mut all: Vec<Key> = Vec::new();
    for key in settings.keys.iter().map(Key::load) {
        add(&mut all, key?)?;
    }
    if let Some(path) = set_file(settings) {
        set(path)?.into_iter().try_for_each(|key| add(&mut all, key))?;
    }
    if all.is_empty() && settings.jwks.is_none() {
        all.push(Key::hs256(own_secret::KEY_ID, &own_secret::load_or_make(data_dir)?)?);
    }
    let signing = match &settings.signing_key {
        None => all.iter().position(Key::can_sign),
        Some(id) => match all.iter().position(|key| key.id == *id && key.can_sign()) {
            None => return Err(AuthError::SigningKey { id: id.clone() }),
            found => found,
        },
    };
    Ok((all, signing))
}

fn denied(settings: &config::Auth) -> Result<DenyList, AuthError> {
    settings.deny_list.as_deref().map_or_else(|| Ok(DenyList::default()), deny_list)
}

/// Whether a set of keys is published at an address, rather than in a file.
pub(super) fn is_address(text: &str) -> bool {
    text.contains("://")
}

fn set_file(settings: &config::Auth) -> Option<&Path> {
    settings.jwks.as_deref().filter(|text| !is_address(text)).map(Path::new)
}

/// Every file whose change is looked for.
fn files(settings: &config::Auth) -> impl Iterator<Item = &Path> {
    let keys = settings.keys.iter().filter_map(|key| key.file.as_deref());
    keys.chain(set_file(settings)).chain(settings.deny_list.as_deref())
}

fn stamp(path: &Path) -> Stamp {
    let found = fs::metadata(path).ok()?;
    Some((found.mtime(), found.mtime_nsec(), found.len(), found.ino()))
}

fn add(all: &mut Vec<Key>, key: Key) -> Result<(), AuthError> {
    if all.iter().any(|other| other.id == key.id) {
        return Err(AuthError::KeyTwice { id: key.id });
    }
    all.push(key);
    Ok(())
}

/// An empty one is taken at its word: so the last key is taken away.
fn set(path: &Path) -> Result<Vec<Key>, AuthError> {
    match jwks::keys(&public_file(path, "auth.jwks", SET_BYTES_MAX)?) {
        Err(NoSet::Empty) => {
            let path = path.display();
            tracing::warn!(%path, "auth.jwks: {path} has no keys at all, so no token is believed by it");
            Ok(Vec::new())
        }
        read => read.map_err(|error| AuthError::Set { path: path.to_owned(), reason: error.to_string() }),
    }
}

fn deny_list(path: &Path) -> Result<DenyList, AuthError> {
    let bytes = public_file(path, "auth.deny_list", LIST_BYTES_MAX)?;
    let text = String::from_utf8(bytes).map_err(|_| unfit(path, "auth.deny_list", "it is not UTF-8"))?;
    DenyList::of(&text).map_err(|line| AuthError::DenyList { path: path.to_owned(), line })
}

fn unfit(path: &Path, setting: &'static str, reason: impl Into<String>) -> AuthError {
    AuthError::Public { setting, path: path.to_owned(), reason: reason.into() }
}

/// A file that holds no secret, and that nobody else may change.
fn public_file(path: &Path, setting: &'static str, bytes_max: usize) -> Result<Vec<u8>, AuthError> {
    let unreadable = |error: std::io::Error| unfit(path, setting, error.to_string());
    let file = open_regular(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & OTHERS_WRITE != 0 {
        return Err(unfit(path, setting, format!("others may change it (mode {mode:o}); chmod go-w makes it safe")));
    }
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > bytes_max {
        return Err(unfit(path, setting, format!("it is larger than {} KiB", bytes_max / 1024)));
    }
    Ok(bytes)
}
