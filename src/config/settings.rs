//! Every setting, with its default. With no file at all everything works.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use secrecy::SecretString;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{CatalogFormat, KeyAlgorithm};
use crate::model::{
    compatibility::CompatibilityPolicy,
    loss::LossPolicy,
    order::{PathPolicy, RollbackPolicy, SafetyNet, SnapshotPolicy, SpacePolicy},
    risk::Blocking,
    snapshot::Scheme,
};

/// All settings. What is written of them holds no secret.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The application whose database this is.
    pub app: App,
    /// Its database.
    pub target: Target,
    /// The migrations.
    pub catalog: Catalog,
    /// The HTTP service.
    pub server: Server,
    /// Tokens.
    pub auth: Auth,
    /// The health check.
    pub health: Health,
    /// What is allowed.
    pub policy: Policy,
    /// How a run behaves.
    pub run: Run,
    /// How a backfill behaves.
    pub backfill: Backfill,
    /// Where copies go.
    pub snapshots: Snapshots,
    /// Where migrations are tried.
    pub rehearsal: Rehearsal,
    /// Our own database.
    pub store: Store,
    /// What is counted.
    pub metrics: Metrics,
    /// What is told.
    pub log: Log,
}

/// `[app]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct App {
    /// The application's version. Default: the required database version.
    pub version: Option<Version>,
    /// The database version it requires. Default: the catalog's highest.
    pub required_db_version: Option<Version>,
    /// The environment, as snapshots tell it. Default: the one whose file is read.
    pub environment: Option<String>,
}

/// `[target]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Target {
    /// Its name in answers and logs.
    pub name: String,
    /// `sqlite:data/app.db`, `postgres://…`, `mysql://…`.
    #[serde(skip_serializing)]
    pub url: SecretString,
    /// A URL that goes round a connection pooler; used instead of `url` when set.
    #[serde(skip_serializing)]
    pub direct_url: Option<SecretString>,
}

/// `[catalog]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Catalog {
    /// The folder.
    pub path: PathBuf,
    /// Whose layout it has.
    pub format: CatalogFormat,
    /// What `${name}` stands for in a layout that has such names, by name.
    pub placeholders: BTreeMap<String, String>,
    /// The declared schema: what a fresh installation runs. Default: the folder's `schema.<engine>.sql`, else its `schema.sql`.
    pub schema: Option<PathBuf>,
}

/// `[server]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The certificate, with those that lead to its root behind it, in PEM. With it, every listener speaks TLS.
    pub tls_certificate: Option<PathBuf>,
    /// Its private key, in PEM.
    pub tls_key: Option<PathBuf>,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks that no rate limit applies to.
    pub rate_limit_exempt: Vec<IpNet>,
    /// Requests a second for each client address on the public routes.
    pub rate_limit_per_second: u32,
    /// How many may come at once before that counts.
    pub rate_limit_burst: u32,
    /// Connections at once for each client address.
    pub connections_per_address_max: usize,
    /// The largest request body, in bytes.
    pub body_bytes_max: usize,
    /// How long a request may take, but for streams and waits.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// How long a stop may wait for a safe edge.
    #[serde(with = "humantime_serde")]
    pub shutdown_grace: Duration,
}

/// `[auth]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must be.
    pub audience: String,
    /// The longest life of a token.
    #[serde(with = "humantime_serde")]
    pub lifetime_max: Duration,
    /// The keys. Without one, a secret is made on first start in the data folder.
    pub keys: Vec<Key>,
    /// A set of public keys (JWKS) beside them: a file, or where it is published: `https://…`.
    pub jwks: Option<String>,
    /// How often a published set is fetched again.
    #[serde(with = "humantime_serde")]
    pub jwks_refresh: Duration,
    /// A file that names tokens that are not believed any more.
    pub deny_list: Option<PathBuf>,
    /// The key `windlass token` signs with; default: the first that can sign.
    pub signing_key: Option<String>,
}

/// `[[auth.keys]]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its name in a token's `kid`.
    pub id: String,
    /// Its algorithm.
    pub algorithm: KeyAlgorithm,
    /// The file that holds it: a secret (HS256), a PEM private or public key (`EdDSA`), or a PEM public key (ES256, RS256).
    pub file: Option<PathBuf>,
    /// The secret itself (HS256); better from the environment.
    #[serde(skip_serializing)]
    pub secret: Option<SecretString>,
}

/// `[health]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Health {
    /// One look at the target in this time, whatever the load.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
}

/// `[policy]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// `exact` or `range`.
    pub compatibility: CompatibilityPolicy,
    /// `next` or `through`.
    pub path: PathPolicy,
    /// `always`, `required` or `never`.
    pub snapshot: SnapshotPolicy,
    /// `any` or `proven`: which ways back a run may rely on.
    pub rollback: RollbackPolicy,
    /// `refuse` or `warn`: what becomes of work that will not fit on the disks, as far as can be seen.
    pub space: SpacePolicy,
    /// The rules about risks whose findings block a run, by name; `all`: every one that warns.
    pub blocking_risks: Vec<Blocking>,
    /// `digest` or `accept`: whether an order that takes away something that is stored needs the digest of the list of it.
    pub loss: LossPolicy,
    /// `off`, `report` or `add`: what becomes, behind the migrations of a run, of what the declared schema has and the database has
    /// not. Nothing where none is declared.
    pub safety_net: SafetyNet,
}

/// `[run]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// How long a statement may wait for a lock.
    #[serde(with = "humantime_serde")]
    pub lock_timeout: Duration,
    /// How long a statement may take; 0: as long as it needs.
    #[serde(with = "humantime_serde")]
    pub statement_timeout: Duration,
    /// How long all tries of a statement, or of a transaction, may take while others keep a lock it needs; 0: one try.
    #[serde(with = "humantime_serde")]
    pub lock_retry: Duration,
    /// How long the CLI, or an application at its start, waits while another run holds the lock.
    #[serde(with = "humantime_serde")]
    pub lock_wait: Duration,
}

/// `[backfill]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backfill {
    /// How long a batch should take, in milliseconds.
    pub target_ms: u64,
    /// At most so many rows a second; 0: as many as the database takes.
    pub max_rows_per_second: u64,
    /// A query that answers one number; batches wait while it is above `health_max`.
    pub health_query: Option<String>,
    /// See `health_query`.
    pub health_max: u64,
}

/// Whether payloads are made smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Zstandard.
    #[default]
    Zstd,
    /// Not at all: for data that does not compress.
    None,
}

/// `[snapshots]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Snapshots {
    /// The folder: of the snapshots, unless `url` says otherwise, and of what is needed in between.
    pub path: PathBuf,
    /// Where the snapshots are instead: `file:///absolute/path`, `s3://bucket/prefix`.
    pub url: Option<String>,
    /// Whether payloads are compressed.
    pub compression: Compression,
    /// How payloads are sealed.
    pub encryption: Scheme,
    /// Who else can open payloads: public halves of age identities, `age1…`.
    pub recipients: Vec<String>,
    /// The age identity that opens payloads, or several: then the first one seals. Without one, it is made on first use in the
    /// data folder.
    #[serde(skip_serializing)]
    pub identity: Option<SecretString>,
    /// A passphrase, instead of an identity.
    #[serde(skip_serializing)]
    pub passphrase: Option<SecretString>,
    /// How long snapshots are kept, in days; 0: however old they are.
    pub keep_days: u32,
    /// How many of the newest are kept however old they are.
    pub keep_count: u32,
    /// How often a service takes one by itself; 0: never.
    #[serde(with = "humantime_serde")]
    pub every: Duration,
    /// How often a service restores one into a scratch database and compares; 0: never.
    #[serde(with = "humantime_serde")]
    pub verify_every: Duration,
    /// The Git work tree of the application. Default: the one that the catalog lies in.
    pub work_tree: Option<PathBuf>,
    /// The object store, for a `url` that begins with `s3:`.
    pub s3: S3,
}

/// `[snapshots.s3]`; what is not set is taken from the usual `AWS_…` variables.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3 {
    /// The server, where it is not Amazon's.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// The name of the access key.
    pub access_key_id: Option<String>,
    /// The access key itself.
    #[serde(skip_serializing)]
    pub secret_access_key: Option<SecretString>,
    /// Whether a server is spoken to that has no TLS.
    pub allow_http: bool,
}

/// `[rehearsal]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rehearsal {
    /// A database of another server, beside which scratch copies are made; without it, beside the target.
    #[serde(skip_serializing)]
    pub url: Option<SecretString>,
}

/// `[store]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// The file.
    pub path: PathBuf,
}

/// `[metrics]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Whether `/metrics` is served.
    pub enabled: bool,
    /// Where it is served instead of at `server.listen`.
    pub listen: Option<SocketAddr>,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For a person.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// `[log]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// What is told, in `tracing`'s filter syntax: `info`, `windlass=debug`.
    pub filter: String,
    /// Where traces are sent, by OTLP over HTTP: `http://127.0.0.1:4318/v1/traces`.
    pub otlp: Option<String>,
    /// Headers for that, `name=value` with commas between.
    #[serde(skip_serializing)]
    pub otlp_headers: Option<SecretString>,
    /// How many runs keep the file that tells of each; with 0 none is written.
    pub keep_runs: usize,
}

impl Default for Target {
    fn default() -> Self {
        Self { name: "default".to_owned(), url: "sqlite:data/app.db".to_owned().into(), direct_url: None }
    }
}

impl Default for Catalog {
    fn default() -> Self {
        Self { path: "migrations".into(), format: CatalogFormat::Auto, placeholders: BTreeMap::new(), schema: None }
    }
}

impl Default for Snapshots {
    fn default() -> Self {
        Self {
            path: "data/snapshots".into(),
            url: None,
            compression: Compression::Zstd,
            encryption: Scheme::Age,
            recipients: Vec::new(),
            identity: None,
            passphrase: None,
            keep_days: 30,
            keep_count: 0,
            every: Duration::ZERO,
            verify_every: Duration::ZERO,
            work_tree: None,
            s3: S3::default(),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { path: "data/windlass.db".into() }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Human, filter: "info".to_owned(), otlp: None, otlp_headers: None, keep_runs: 100 }
    }
}
