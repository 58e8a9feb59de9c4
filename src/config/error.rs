//! Why settings cannot be used.

use std::{io, path::PathBuf};

use super::secret_file::SecretFileError;

/// Why settings cannot be used. No variant holds the value of a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was asked for is not there.
    #[error("the configuration file {} does not exist", .path.display())]
    NoFile {
        /// Which.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("the configuration file {} cannot be read", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not TOML.
    #[error("{}, line {line}, is not valid TOML: {reason}", .path.display())]
    Syntax {
        /// Which.
        path: PathBuf,
        /// Where; the first line is 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// An environment's name cannot be part of a file's name.
    #[error("the environment {name:?} may consist of letters, digits, '-' and '_' only")]
    EnvironmentName {
        /// What was given.
        name: String,
    },
    /// There are files for environments, and none for this one.
    #[error("there is no {} for the environment {name:?}{}", .path.display(), suggestion(.nearest.as_deref()))]
    NoEnvironment {
        /// The environment.
        name: String,
        /// The file that is missing.
        path: PathBuf,
        /// The environment that was perhaps meant.
        nearest: Option<String>,
    },
    /// A variable's value is not Unicode.
    #[error("the variable {variable} is not valid Unicode")]
    NotUnicode {
        /// Which.
        variable: String,
    },
    /// A variable has one underscore where two belong.
    #[error("the variable {variable} is not read by anybody; write {meant}")]
    Slip {
        /// Which.
        variable: String,
        /// How it is written.
        meant: String,
    },
    /// A setting that does not exist.
    #[error("{origin} sets {key}, which is no setting; {}", .nearest.as_ref().map_or_else(
        || format!("there are: {}", .known.join(", ")),
        |nearest| format!("did you mean {nearest}?")))]
    UnknownKey {
        /// The whole path of the key.
        key: String,
        /// The file, variable or flag.
        origin: String,
        /// The whole path of the key that was perhaps meant.
        nearest: Option<String>,
        /// The keys there are in its place.
        known: &'static [&'static str],
    },
    /// A setting that may not be left out.
    #[error("{origin} leaves out {key}")]
    MissingKey {
        /// The whole path of the key.
        key: String,
        /// The file, variable or flag that sets its neighbours.
        origin: String,
    },
    /// A setting with a value it cannot have.
    #[error("{origin} sets {key} to {found}; expected: {expected}")]
    Wrong {
        /// The whole path of the key.
        key: String,
        /// The file, variable or flag.
        origin: String,
        /// What stands there; never a secret.
        found: String,
        /// What could stand there.
        expected: String,
    },
    /// A secret is given twice by one layer.
    #[error("{origin} sets {key} and {key}_file; only one of them can hold")]
    Twice {
        /// The whole path of the key.
        key: String,
        /// The file, variable or flag.
        origin: String,
    },
    /// A secret's file cannot be used.
    #[error("{origin} sets {key} to a file that cannot be used")]
    Secret {
        /// The whole path of the key.
        key: String,
        /// The file, variable or flag.
        origin: String,
        /// Why.
        source: SecretFileError,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"))
}
