//! Settings: `windlass.toml`, `windlass.<environment>.toml`, `WINDLASS__SECTION__KEY`, flags.
//!
//! Each layer lays itself over the one before, key by key; a list is replaced as a whole. Relative paths are
//! relative to the working folder, whichever file they stand in. An empty variable counts as not set.

mod error;
mod layers;
mod limits;
mod load;

mod secret_file;
mod settings;
mod tree;
mod typed;

pub use self::{
    error::ConfigError,
    load::{Options, load},
    secret_file::{SecretFileError, read_secret},
    settings::*,
};

/// The folder of our own files when the control store has none above it.
const DATA_DIR: &str = ".";

impl Config {
    /// The folder of our own files: the one the control store lies in.
    #[must_use]
    pub fn data_dir(&self) -> &std::path::Path {
        match self.store.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => std::path::Path::new(DATA_DIR),
        }
    }
}
