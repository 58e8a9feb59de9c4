//! The keys: who can open a payload, and what a manifest is authenticated with.

use std::{
    fmt,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use age::{scrypt, x25519};
use aws_lc_rs::{hkdf, hmac, pbkdf2};
use secrecy::{ExposeSecret, SecretString};

use super::ArchiveError;
use crate::{
    config::{self, OwnSecretError, own_secret, own_secret_is_there, read_secret},
    model::snapshot::{Encryption, PASSPHRASE, Scheme},
};

/// The file in the data folder.
const FILE: &str = "snapshot.key";
/// How often a passphrase is hashed (OWASP, Password Storage: PBKDF2-HMAC-SHA256); about a quarter of a second, once a process.
const PBKDF2_ROUNDS: NonZeroU32 = NonZeroU32::new(600_000).expect("it is not 0");
/// What a passphrase costs within the age file, as a power of two: 2^15 blocks take 32 MB, where age's own 2^18 take 256 MB.
const SCRYPT_LOG_N: u8 = 15;
/// What it may cost at most to open a file: what age's own program writes, and some more.
const SCRYPT_LOG_N_MAX: u8 = 20;
/// How much of a passphrase's key is told as its name, in bytes.
const FINGERPRINT_BYTES: usize = 8;

/// What keys are derived for; one is never used for two things.
const SALT: &[u8] = b"windlass snapshots v1";
const FOR_MANIFESTS: &[u8] = b"manifest";
const FOR_MARKS: &[u8] = b"marks";
const FOR_THE_NAME: &[u8] = b"name";

/// One key.
pub(super) struct Key {
    /// How manifests name it.
    pub id: String,
    /// Authenticates manifests.
    pub manifests: hmac::Key,
    /// Authenticates what was learned since.
    pub marks: hmac::Key,
    secret: Secret,
}

enum Secret {
    Identity(x25519::Identity),
    Passphrase(SecretString),
}

/// All keys that can open; the first one also seals.
pub(super) struct Keys(Vec<Key>);

/// Where the keys come from.
enum Source {
    /// The file that is made on first use.
    Own(PathBuf),
    Configured(Vec<x25519::Identity>),
    Passphrase(SecretString),
}

/// The keys as they are configured; derived, and where need be made, when the first one is needed.
pub(super) struct Keyring {
    scheme: Scheme,
    source: Source,
    others: Vec<x25519::Recipient>,
    loaded: Mutex<Option<Arc<Keys>>>,
}

impl Keyring {
    /// What is configured; the own key would lie in `data_dir`. Touches nothing.
    pub fn of(settings: &config::Snapshots, data_dir: &Path) -> Result<Self, ArchiveError> {
        let unfit = |setting, reason| ArchiveError::Key { setting, reason };
        let others = settings.recipients.iter().map(|text| text.trim().parse::<x25519::Recipient>());
        let others = others.collect::<Result<Vec<_>, _>>().map_err(|_| {
            unfit("snapshots.recipients", "one of them is not the public half of an age identity (age1…)")
        })?;
        let source = match (&settings.identity, &settings.passphrase) {
            (Some(_), Some(_)) => {
                return Err(unfit("snapshots.passphrase", "snapshots.identity is set too; only one of them can hold"));
            }
            (Some(identity), None) => Source::Configured(
                identities(identity)
                    .ok_or_else(|| unfit("snapshots.identity", "it holds no age identity (AGE-SECRET-KEY-1…)"))?,
            ),
            (None, Some(_)) if !others.is_empty() => {
                return Err(unfit(
                    "snapshots.passphrase",
                    "snapshots.recipients is set too, and age seals for a passphrase or for recipients",
                ));
            }
            (None, Some(passphrase)) if passphrase.expose_secret().is_empty() => {
                return Err(unfit("snapshots.passphrase", "it is empty"));
            }
            (None, Some(passphrase)) => Source::Passphrase(passphrase.clone()),
            (None, None) => Source::Own(data_dir.join(FILE)),
        };
        Ok(Self { scheme: settings.encryption, source, others, loaded: Mutex::default() })
    }

    /// How payloads are sealed.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The keys for something new; makes the own one when it is not there.
    pub fn to_seal(&self) -> Result<Arc<Keys>, ArchiveError> {
        if let Some(keys) = self.to_open()? {
            return Ok(keys);
        }
        if let Source::Own(path) = &self.source {
            own_secret(path, || Ok::<_, ArchiveError>(fresh_identity()))?;
        }
        let gone = || ArchiveError::Key { setting: FILE, reason: "it is gone while it was made" };
        self.to_open()?.ok_or_else(gone)
    }

    /// The keys for what is there; `None` when the own one was never made, or is lost.
    pub fn to_open(&self) -> Result<Option<Arc<Keys>>, ArchiveError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = &*loaded {
            return Ok(Some(Arc::clone(keys)));
        }
        let all = match &self.source {
            Source::Own(path) if !own_secret_is_there(path)? => return Ok(None),
            Source::Own(path) => {
                let text = read_secret(path).map_err(OwnSecretError::from)?;
                let unfit =
                    ArchiveError::Key { setting: FILE, reason: "it holds no age identity (AGE-SECRET-KEY-1…)" };
                identities(&text).ok_or(unfit)?.into_iter().map(Key::of_identity).collect()
            }
            Source::Configured(identities) => identities.iter().cloned().map(Key::of_identity).collect(),
            Source::Passphrase(passphrase) => vec![Key::of_passphrase(passphrase)],
        };
        let keys = Arc::new(Keys(all));
        *loaded = Some(Arc::clone(&keys));
        Ok(Some(keys))
    }

    /// Where the own key would lie.
    pub fn own_place(&self) -> String {
        match &self.source {
            Source::Own(path) => path.display().to_string(),
            Source::Configured(_) | Source::Passphrase(_) => FILE.to_owned(),
        }
    }

    /// How something new is sealed.
    pub fn encryption(&self, keys: &Keys) -> Encryption {
        let recipients = match (self.scheme, keys.first().secret.recipient()) {
            (Scheme::Age, Some(own)) => self.recipients(own).iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        Encryption { scheme: self.scheme, key_id: keys.first().id.clone(), recipients }
    }

    /// Begins an age file that all keys open which are to open it; `None` when nothing is to be sealed.
    pub fn encryptor(&self, keys: &Keys) -> Result<Option<age::Encryptor>, ArchiveError> {
        let made = match (self.scheme, &keys.first().secret) {
            (Scheme::None, _) => return Ok(None),
            (Scheme::Age, Secret::Identity(identity)) => {
                let recipients = self.recipients(identity.to_public());
                age::Encryptor::with_recipients(recipients.iter().map(|one| one as &dyn age::Recipient))
            }
            (Scheme::Age, Secret::Passphrase(passphrase)) => {
                let mut recipient = scrypt::Recipient::new(passphrase.clone());
                recipient.set_work_factor(SCRYPT_LOG_N);
                age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
            }
        };
        let unfit = |_| ArchiveError::Key { setting: "snapshots.recipients", reason: "age cannot seal for them" };
        made.map(Some).map_err(unfit)
    }

    fn recipients(&self, own: x25519::Recipient) -> Vec<x25519::Recipient> {
        let name = own.to_string();
        let others = self.others.iter().filter(|other| other.to_string() != name).cloned();
        std::iter::once(own).chain(others).collect()
    }
}

impl Keys {
    /// The key that seals.
    pub fn first(&self) -> &Key {
        &self.0[0]
    }

    /// All that can open.
    pub fn all(&self) -> &[Key] {
        &self.0
    }

    /// The key of this name.
    pub fn named(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }

    /// Their names, for a person.
    pub fn names(&self) -> String {
        self.0.iter().map(|key| key.id.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Key {
    fn of_identity(identity: x25519::Identity) -> Self {
        let id = identity.to_public().to_string();
        let root = extract(identity.to_string().expose_secret().as_bytes());
        Self {
            id,
            manifests: expand(&root, FOR_MANIFESTS),
            marks: expand(&root, FOR_MARKS),
            secret: Secret::Identity(identity),
        }
    }

    /// Blocks for a quarter of a second.
    fn of_passphrase(passphrase: &SecretString) -> Self {
        let mut stretched = [0; 32];
        let text = passphrase.expose_secret().as_bytes();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, PBKDF2_ROUNDS, SALT, text, &mut stretched);
        let root = extract(&stretched);
        let name = hmac::sign(&expand(&root, FOR_THE_NAME), FOR_THE_NAME);
        let id = format!("{PASSPHRASE}:{}", hex(&name.as_ref()[..FINGERPRINT_BYTES]));
        let secret = Secret::Passphrase(passphrase.clone());
        Self { id, manifests: expand(&root, FOR_MANIFESTS), marks: expand(&root, FOR_MARKS), secret }
    }

    /// What age opens a file with.
    pub fn identity(&self) -> Box<dyn age::Identity> {
        match &self.secret {
            Secret::Identity(identity) => Box::new(identity.clone()),
            Secret::Passphrase(passphrase) => {
                let mut identity = scrypt::Identity::new(passphrase.clone());
                identity.set_max_work_factor(SCRYPT_LOG_N_MAX);
                Box::new(identity)
            }
        }
    }
}

impl Secret {
    fn recipient(&self) -> Option<x25519::Recipient> {
        match self {
            Self::Identity(identity) => Some(identity.to_public()),
            Self::Passphrase(_) => None,
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// Whether a key could have this name: a name that a fault changed is told from another key's. A public half has a checksum.
pub(super) fn is_name(id: &str) -> bool {
    match id.strip_prefix(PASSPHRASE).and_then(|rest| rest.strip_prefix(':')) {
        Some(print) => {
            print.len() == 2 * FINGERPRINT_BYTES && print.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        }
        None => id.parse::<x25519::Recipient>().is_ok(),
    }
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The identities in the text of an age key file; `None` when there is none, or something else stands there.
fn identities(text: &SecretString) -> Option<Vec<x25519::Identity>> {
    let lines = text.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let all = lines.map(|line| line.parse().ok()).collect::<Option<Vec<_>>>()?;
    (!all.is_empty()).then_some(all)
}

/// A new identity, as age's own program writes it into a file.
#[must_use]
pub fn fresh_identity() -> SecretString {
    let identity = x25519::Identity::generate();
    format!(
        "# The key of windlass's snapshots, for: age -d -i {FILE}. Keep a copy where the snapshots are not.\n# public key: {}\n{}",
        identity.to_public(),
        identity.to_string().expose_secret()
    )
    .into()
}

fn extract(secret: &[u8]) -> hkdf::Prk {
    hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret)
}

fn expand(root: &hkdf::Prk, purpose: &[u8]) -> hmac::Key {
    let purposes = [purpose];
    let okm = root.expand(&purposes, hmac::HMAC_SHA256).expect("one block is not too long");
    okm.into()
}
