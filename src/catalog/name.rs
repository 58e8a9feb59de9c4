//! What a migration may be called: `v<semver>[_<nn>]_<name>`.

use semver::Version;

use crate::model::migration::Identity;

/// The longest name of a migration, in characters: with version and number it must fit into a file name.
pub const NAME_CHARS_MAX: usize = 200;

/// Why a text does not name a migration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAName {
    /// It has no version, or nothing after it.
    #[error("it is not of the form v<version>_<nn>_<name>")]
    Form,
    /// Its version is none.
    #[error("{0:?} is not a semantic version")]
    Version(String),
    /// Its version carries build metadata, which has no place in an order of versions.
    #[error("{0} has build metadata, which has no place in the order of versions")]
    Build(Version),
    /// Its number is too large.
    #[error("{0} is larger than {max}", max = u32::MAX)]
    Number(String),
    /// The name is not in snake case.
    #[error("{0:?} is not in snake case (lower-case letters, digits and single underscores; not digits alone)")]
    Case(String),
    /// The name is longer than [`NAME_CHARS_MAX`].
    #[error("the name has {0} characters, more than {NAME_CHARS_MAX}")]
    Long(usize),
}

/// The identity that a folder's name, or a dependency, spells.
pub fn identity(text: &str) -> Result<Identity, NotAName> {
    let (version, rest) = text.strip_prefix('v').and_then(|rest| rest.split_once('_')).ok_or(NotAName::Form)?;
    let version = Version::parse(version).map_err(|_| NotAName::Version(version.to_owned()))?;
    if !version.build.is_empty() {
        return Err(NotAName::Build(version));
    }
    let (sequence, name) = sequence_and_name(rest)?;
    check(name)?;
    Ok(Identity { version, sequence, name: name.to_owned() })
}

/// `01_add_users` is the first, called `add_users`; without a number the sequence is 0.
fn sequence_and_name(rest: &str) -> Result<(u32, &str), NotAName> {
    match rest.split_once('_') {
        Some((number, name)) if is_digits(number) => {
            Ok((number.parse().map_err(|_| NotAName::Number(number.to_owned()))?, name))
        }
        _ => Ok((0, rest)),
    }
}

/// Whether `name` is one. A first word of digits alone would read as the number, so it is refused.
fn check(name: &str) -> Result<(), NotAName> {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let first = name.split('_').next().unwrap_or_default();
    if is_digits(first) || !name.split('_').all(word) {
        return Err(NotAName::Case(name.to_owned()));
    }
    match name.len() {
        chars if chars > NAME_CHARS_MAX => Err(NotAName::Long(chars)),
        _ => Ok(()),
    }
}

/// Whether a text is digits and nothing else.
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
