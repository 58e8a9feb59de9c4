//! Settings: `windlass.toml`, `windlass.<environment>.toml`, `WINDLASS__SECTION__KEY`, flags.
//!
//! Each layer lays itself over the one before, key by key; a list is replaced as a whole. Relative paths are
//! relative to the working folder, whichever file they stand in. An empty variable counts as not set.

mod catalog_format;
mod defaults;
mod error;
mod key_algorithm;
mod layers;
mod limits;
mod load;
mod own_secret;
mod regular;
mod secret_file;
mod settings;
mod tree;
mod typed;

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::model::archive::PruneRule;

pub use self::{
    catalog_format::CatalogFormat,
    error::ConfigError,
    key_algorithm::KeyAlgorithm,
    load::{Options, load},
    own_secret::{OwnSecretError, own_secret, own_secret_is_there},
    regular::open_regular,
    secret_file::{SecretFileError, read_secret},
    settings::*,
};

/// The folder of our own files when the control store has none above it.
const DATA_DIR: &str = ".";

impl Snapshots {
    /// Which snapshots the settings let go.
    #[must_use]
    pub fn retention(&self) -> PruneRule {
        let older_than_days = (self.keep_days > 0).then_some(self.keep_days);
        PruneRule { older_than_days, keep: older_than_days.map(|_| self.keep_count), tag: None }
    }
}

impl Config {
    /// SHA-256 of all settings as they are in force, in lower-case hex; secrets do not count.
    #[must_use]
    pub fn digest(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The folder of our own files: the one the control store lies in.
    #[must_use]
    pub fn data_dir(&self) -> &std::path::Path {
        match self.store.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => std::path::Path::new(DATA_DIR),
        }
    }
}
