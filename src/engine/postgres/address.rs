//! Where the server is: a URL read once, with its secrets kept apart from what people are shown.

use std::{net::IpAddr, str::FromStr};

use reqwest::Url;
use secrecy::SecretString;
use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgSslMode},
};

use crate::engine::EngineError;

/// The parameters that are understood. Another one is refused: the driver would print it, value and all, into the log.
const PARAMETERS: [&str; 12] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// What the operating system trusts; used by the client programs, which trust nothing unless told.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A target's address, in the two forms that are needed: for the driver and for PostgreSQL's own client programs.
#[derive(Clone)]
pub(super) struct Address {
    /// For the driver.
    pub(super) options: PgConnectOptions,
    /// For people: no password, no parameters.
    pub(super) shown: String,
    /// The database's name.
    pub(super) database: String,
    /// The password, wherever it came from; `None` leaves it to the client's own password file.
    pub(super) password: Option<SecretString>,
    /// The environment of a client program, without the database and without a secret.
    pub(super) environment: Vec<(&'static str, String)>,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`EngineError::Address`], never with a part of the URL that may be secret.
    pub(super) fn read(text: &str) -> Result<Self, EngineError> {
        let url = Url::parse(text).map_err(|error| unusable(error.to_string()))?;
        for (key, _) in url.query_pairs() {
            if !PARAMETERS.contains(&&*key) && !key.starts_with("options[") {
                return Err(unusable(format!("the parameter {key} is not understood")));
            }
        }
        let options = PgConnectOptions::from_str(text).map_err(|error| unusable(error.to_string()))?;
        let options = protected(options, &url)
            .application_name("windlass")
            .statement_cache_capacity(0)
            .disable_statement_logging();
        let database = options.get_database().unwrap_or(options.get_username()).to_owned();
        Ok(Self {
            shown: shown(&options, &database),
            environment: environment(&options, &url),
            password: password(&url).map(SecretString::from),
            options: options.database(&database),
            database,
        })
    }

    /// Whether the server is on this machine, as far as the address tells.
    pub(super) fn is_here(&self) -> bool {
        is_here(&self.options)
    }

    /// The same server, another database.
    pub(super) fn within(&self, database: &str) -> Self {
        let mut there = self.clone();
        there.options = there.options.database(database);
        there.shown = shown(&there.options, database);
        database.clone_into(&mut there.database);
        there
    }
}

fn unusable(reason: String) -> EngineError {
    EngineError::Address { reason }
}

/// The driver's default encrypts without checking who answers, so that a server elsewhere is checked in full
/// unless the URL or `PGSSLMODE` says otherwise (PostgreSQL manual, "SSL Mode Descriptions").
fn protected(options: PgConnectOptions, url: &Url) -> PgConnectOptions {
    let chosen = url.query_pairs().any(|(key, _)| key == "sslmode") || std::env::var_os("PGSSLMODE").is_some();
    if chosen || is_here(&options) { options } else { options.ssl_mode(PgSslMode::VerifyFull) }
}

/// Whether the server is on this machine, by socket or loopback.
fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host().trim_matches(['[', ']']);
    folder(options).is_some()
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The folder of the server's socket, when it is reached by one.
fn folder(options: &PgConnectOptions) -> Option<String> {
    match options.get_socket() {
        Some(path) => Some(path.display().to_string()),
        None => options.get_host().starts_with('/').then(|| options.get_host().to_owned()),
    }
}

fn shown(options: &PgConnectOptions, database: &str) -> String {
    let user = options.get_username();
    match folder(options) {
        Some(folder) => format!("postgres://{user}@:{}/{database}?host={folder}", options.get_port()),
        None => format!("postgres://{user}@{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

/// The password of the URL, of its parameters, or of `PGPASSWORD`: the driver's own order.
fn password(url: &Url) -> Option<String> {
    url.query_pairs()
        .find(|(key, _)| key == "password")
        .map(|(_, value)| value.into_owned())
        .or_else(|| url.password().map(unescaped))
        .or_else(|| std::env::var("PGPASSWORD").ok())
}

/// Undoes percent-encoding.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let escaped = pair.filter(|_| first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What libpq reads (PostgreSQL manual, "Environment Variables" of libpq).
fn environment(options: &PgConnectOptions, url: &Url) -> Vec<(&'static str, String)> {
    let host = folder(options).unwrap_or_else(|| options.get_host().trim_matches(['[', ']']).to_owned());
    let mut found = vec![
        ("PGHOST", host),
        ("PGPORT", options.get_port().to_string()),
        ("PGUSER", options.get_username().to_owned()),
        ("PGSSLMODE", mode(options.get_ssl_mode()).to_owned()),
    ];
    if let Some(settings) = options.get_options() {
        found.push(("PGOPTIONS", settings.to_owned()));
    }
    for (parameter, variable) in [("sslrootcert", "PGSSLROOTCERT"), ("sslcert", "PGSSLCERT"), ("sslkey", "PGSSLKEY")] {
        let given = url.query_pairs().find(|(key, _)| key == parameter).map(|(_, value)| value.into_owned());
        if let Some(value) = given.or_else(|| std::env::var(variable).ok()) {
            found.push((variable, value));
        }
    }
    let verifies = matches!(options.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    if verifies && !found.iter().any(|(variable, _)| *variable == "PGSSLROOTCERT") {
        found.push(("PGSSLROOTCERT", SYSTEM_ROOTS.to_owned()));
    }
    found
}

fn mode(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    }
}
