//! What the target keeps of each migration that was applied, so that a release without it can take it back.

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{
    checksum::Checksum,
    migration::{Identity, Migration, Script, Statement},
};

/// The form in which this release writes.
const FORM: u32 = 1;

/// A migration as it was when it was applied, without its forward script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    form: u32,
    version: Version,
    sequence: u32,
    name: String,
    place: String,
    description: String,
    transactional: Option<bool>,
    lock_timeout_ms: Option<u64>,
    statement_timeout_ms: Option<u64>,
    min_runtime_version: Option<Version>,
    max_runtime_version: Option<Version>,
    checksum: String,
    down: Option<Down>,
    /// Those of its statements that go forward, one after the other, each as long as the others; an older release kept none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prints: Option<String>,
}

/// The way back, cut into statements by the release that knew how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Down {
    file: String,
    statements: Vec<Statement>,
}

/// Only the form, which is read before anything else is believed.
#[derive(Deserialize)]
struct Form {
    form: u32,
}

/// Why what was kept cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// A newer release wrote it.
    #[error("it was kept in form {0}, which a newer windlass writes")]
    Newer(u32),
    /// Somebody changed it.
    #[error("what was kept of it is damaged")]
    Damaged(#[source] serde_json::Error),
    /// Its checksum is none.
    #[error("what was kept of it has no checksum")]
    NoChecksum,
}

impl Archived {
    /// What is kept of a migration; the prints are those of its statements that go forward, one after the other.
    #[must_use]
    pub fn of(migration: &Migration, prints: Option<String>) -> Self {
        let Identity { version, sequence, name } = migration.identity.clone();
        let down = migration.down.as_ref();
        Self {
            form: FORM,
            version,
            sequence,
            name,
            place: migration.place.to_string(),
            description: migration.description.clone(),
            transactional: migration.transactional,
            lock_timeout_ms: migration.lock_timeout_ms,
            statement_timeout_ms: migration.statement_timeout_ms,
            min_runtime_version: migration.min_runtime_version.clone(),
            max_runtime_version: migration.max_runtime_version.clone(),
            checksum: migration.checksum.to_string(),
            down: down.map(|script| Down { file: script.file.to_string(), statements: script.statements.clone() }),
            prints,
        }
    }

    /// The prints of its statements that go forward, of so many digits each, if this is the text that was applied: what was
    /// interrupted may have been finished with another one.
    #[must_use]
    pub fn prints(&self, applied: &Checksum, digits: usize) -> Option<Vec<String>> {
        let prints = self.prints.as_ref().filter(|_| self.checksum == applied.to_string())?.as_bytes();
        Some(prints.chunks(digits).map(|print| String::from_utf8_lossy(print).into_owned()).collect())
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let Form { form } = serde_json::from_str(text).map_err(Unreadable::Damaged)?;
        if form > FORM { Err(Unreadable::Newer(form)) } else { serde_json::from_str(text).map_err(Unreadable::Damaged) }
    }

    /// The migration, with a forward script that holds nothing.
    ///
    /// # Errors
    /// [`Unreadable::NoChecksum`]
    pub fn migration(self) -> Result<Migration, Unreadable> {
        let checksum: Checksum = self.checksum.parse().map_err(|_| Unreadable::NoChecksum)?;
        let place: std::sync::Arc<str> = self.place.into();
        Ok(Migration {
            identity: Identity { version: self.version, sequence: self.sequence, name: self.name },
            place: place.clone(),
            metadata: place.clone(),
            description: self.description,
            author: None,
            created_at: None,
            min_runtime_version: self.min_runtime_version,
            max_runtime_version: self.max_runtime_version,
            dependencies: Vec::new(),
            critical: true,
            transactional: self.transactional,
            out_of_order: false,
            lock_timeout_ms: self.lock_timeout_ms,
            statement_timeout_ms: self.statement_timeout_ms,
            supersedes: Vec::new(),
            allow: Vec::new(),
            up: Script { file: place, statements: Vec::new(), waivers: Vec::new() },
            backfill: None,
            down: self.down.map(|down| Script {
                file: down.file.into(),
                statements: down.statements,
                waivers: Vec::new(),
            }),
            checksum,
        })
    }
}
