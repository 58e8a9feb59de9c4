//! Where the target is: its URL, taken apart without ever showing a secret.

use std::{net::IpAddr, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions,
    mysql::{MySqlConnectOptions, MySqlSslMode},
};

use crate::engine::EngineError;

/// MariaDB's and MySQL's registered port (IANA).
const PORT: u16 = 3306;

/// How much the connection is protected.
#[derive(Clone, Default)]
pub(super) struct Tls {
    /// What is asked for; see [`Address::tls_mode`] for what holds when nothing is.
    mode: Option<MySqlSslMode>,
    /// The file with the authorities to trust.
    pub ca: Option<PathBuf>,
    /// The file with our certificate.
    pub cert: Option<PathBuf>,
    /// The file with our key.
    pub key: Option<PathBuf>,
}

/// A target's address.
#[derive(Clone)]
pub(super) struct Address {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Option<SecretString>,
    pub database: String,
    pub socket: Option<PathBuf>,
    pub tls: Tls,
    shown: String,
}

impl Address {
    /// Reads `mariadb://user:password@host:port/database?ssl-mode=…`.
    ///
    /// # Errors
    /// [`EngineError::Address`], whose reason never repeats a part that may hold a secret.
    pub fn parse(url: &str) -> Result<Self, EngineError> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| refused("it lacks ://"))?;
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        let (account, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = account.split_once(':').map_or((account, None), |(user, secret)| (user, Some(secret)));
        let (host, port) = host_and_port(host)?;
        let database = decoded(path.trim_end_matches('/'))?;
        if database.is_empty() {
            return Err(refused("it names no database: mariadb://user@host:3306/database"));
        }
        let user = if user.is_empty() { "root".to_owned() } else { decoded(user)? };
        let mut address = Self {
            shown: format!("{scheme}://{user}@{host}:{port}/{database}"),
            host,
            port,
            user,
            password: password.map(|secret| decoded(secret).map(SecretString::from)).transpose()?,
            database,
            socket: None,
            tls: Tls::default(),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            address.option(key, &decoded(value)?)?;
        }
        Ok(address)
    }

    fn option(&mut self, key: &str, value: &str) -> Result<(), EngineError> {
        match key {
            "ssl-mode" | "sslmode" => {
                let mode = value.replace('-', "_").parse();
                self.tls.mode = Some(mode.map_err(|_| {
                    refused("ssl-mode is one of disabled, preferred, required, verify_ca, verify_identity")
                })?);
            }
            "ssl-ca" | "sslca" => self.tls.ca = Some(value.into()),
            "ssl-cert" | "sslcert" => self.tls.cert = Some(value.into()),
            "ssl-key" | "sslkey" => self.tls.key = Some(value.into()),
            "socket" => self.socket = Some(value.into()),
            _ => return Err(refused("it has an option other than ssl-mode, ssl-ca, ssl-cert, ssl-key, socket")),
        }
        Ok(())
    }

    /// The address for people: no password, no query.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The same server and account, another database.
    pub fn with_database(&self, database: &str) -> Self {
        let shown = self.shown.strip_suffix(&self.database).map(|place| format!("{place}{database}"));
        let shown = shown.unwrap_or_else(|| self.shown.clone());
        Self { database: database.to_owned(), shown, ..self.clone() }
    }

    /// Whether the server is on this machine, as far as the address tells.
    pub fn is_here(&self) -> bool {
        self.socket.is_some()
            || self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// What is asked for, or else: a server on this machine as it likes, any other only with a certificate that names it
    /// (sqlx's own default, PREFERRED, encrypts without looking who answers).
    pub fn tls_mode(&self) -> MySqlSslMode {
        self.tls.mode.unwrap_or(if self.is_here() { MySqlSslMode::Preferred } else { MySqlSslMode::VerifyIdentity })
    }

    /// The driver's options. Everything that sqlx would set in the session beyond the character set is switched off, so
    /// that a script sees the server's own `sql_mode` and `time_zone`, as it would in the server's own client. Statements are never
    /// logged by the driver, for they may hold data.
    pub fn options(&self) -> MySqlConnectOptions {
        let mut options = MySqlConnectOptions::new()
            .host(&self.host)
            .port(self.port)
            .username(&self.user)
            .database(&self.database)
            .charset("utf8mb4")
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .ssl_mode(self.tls_mode())
            .disable_statement_logging();
        if let Some(password) = &self.password {
            options = options.password(password.expose_secret());
        }
        if let Some(socket) = &self.socket {
            options = options.socket(socket);
        }
        if let Some(ca) = &self.tls.ca {
            options = options.ssl_ca(ca);
        }
        if let Some(cert) = &self.tls.cert {
            options = options.ssl_client_cert(cert);
        }
        if let Some(key) = &self.tls.key {
            options = options.ssl_client_key(key);
        }
        options
    }
}

fn refused(reason: &str) -> EngineError {
    EngineError::Address { reason: reason.to_owned() }
}

/// Takes `host`, `host:port` or `[v6]:port` apart.
fn host_and_port(text: &str) -> Result<(String, u16), EngineError> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        None | Some("") => PORT,
        Some(port) => port.parse().map_err(|_| refused("its port is not a number from 1 to 65535"))?,
    };
    let host = decoded(host)?;
    Ok((if host.is_empty() { "localhost".to_owned() } else { host }, port))
}

/// Undoes percent-encoding (RFC 3986, section 2.1).
fn decoded(text: &str) -> Result<String, EngineError> {
    let wrong = || refused("a % in it is not followed by two hexadecimal digits of UTF-8 text; write %25 for a bare %");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2).ok_or_else(wrong)?;
        let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        rest = after;
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    if text.contains('\0') { Err(refused("it holds a NUL")) } else { Ok(text) }
}
