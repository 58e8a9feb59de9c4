//! The server's own client programs: found, given their credentials in a private file, and listened to.

use std::{
    ffi::OsStr,
    fs::OpenOptions,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use secrecy::ExposeSecret;
use sqlx::mysql::MySqlSslMode;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    time::timeout,
};
use ulid::Ulid;

use super::address::Address;
use crate::engine::EngineError;

/// How long a program may take to say its version.
const VERSION_MS_MAX: u64 = 10_000;

/// How much of what a program complains about is kept.
const COMPLAINT_BYTES_MAX: usize = 4_096;

/// Whose program it is; their options differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    MariaDb,
    MySql,
}

/// A program that was found.
#[derive(Clone)]
pub(super) struct Tool {
    pub name: &'static str,
    pub maker: Maker,
    /// The line that it says for `--version`.
    pub version: String,
    path: PathBuf,
}

impl Tool {
    /// The first of `names` that is in PATH.
    ///
    /// # Errors
    /// [`EngineError::Tool`], which says what to install.
    pub async fn find(names: [&'static str; 2]) -> Result<Self, EngineError> {
        for name in names {
            if let Some(path) = in_path(name).first() {
                return Self::asked(name, path.clone()).await;
            }
        }
        Err(EngineError::Tool {
            program: names[0].to_owned(),
            reason: "is not in PATH; install the package mariadb-client".to_owned(),
        })
    }

    /// The `mysqldump` in PATH that is MySQL's own; MariaDB often has one by that name. MariaDB's writes down the values of
    /// generated columns, which MySQL does not take back (error 3105; MySQL manual, "CREATE TABLE and Generated Columns").
    ///
    /// # Errors
    /// [`EngineError::Tool`], which says what to install.
    pub async fn mysqldump() -> Result<Self, EngineError> {
        let name = "mysqldump";
        let mut found = "none was found".to_owned();
        for path in in_path(name) {
            match Self::asked(name, path).await {
                Ok(tool) if tool.maker == Maker::MySql => return Ok(tool),
                Ok(tool) => found = format!("\"{}\" is MariaDB's, whose dumps MySQL does not take back", tool.version),
                Err(error) => found = error.to_string(),
            }
        }
        let reason = format!("of MySQL itself is needed, and {found}: install MySQL's own client package");
        Err(EngineError::Tool { program: name.to_owned(), reason })
    }

    async fn asked(name: &'static str, path: PathBuf) -> Result<Self, EngineError> {
        let output = clean(&path).arg("--version").output();
        let output = timeout(Duration::from_millis(VERSION_MS_MAX), output).await;
        let output = output.map_err(|_| EngineError::TimedOut(Duration::from_millis(VERSION_MS_MAX)))?;
        let output = output.map_err(|error| complaint(name, &format!("cannot be started: {error}")))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.lines().next().unwrap_or_default().trim().replace(&*path.to_string_lossy(), name);
        let maker = if version.contains("MariaDB") { Maker::MariaDb } else { Maker::MySql };
        Ok(Self { name, maker, version, path })
    }

    /// The program with its credentials; nothing secret is among its arguments or in its environment, and no option file
    /// of the machine or the account is read.
    pub fn command(&self, credentials: &Credentials) -> Command {
        let mut command = clean(&self.path);
        let mut first = std::ffi::OsString::from("--defaults-file=");
        first.push(&credentials.path);
        command.arg(first).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// The error for a program that ended with `words`.
    pub fn failed(&self, words: &str) -> EngineError {
        complaint(self.name, &format!("failed: {}", words.trim()))
    }
}

fn complaint(program: &str, reason: &str) -> EngineError {
    EngineError::Tool { program: program.to_owned(), reason: reason.to_owned() }
}

fn clean(path: &Path) -> Command {
    let mut command = Command::new(path);
    let folders = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", folders).env("LC_ALL", "C").kill_on_drop(true);
    command
}

/// The programs of this name, in the order of PATH.
fn in_path(name: &str) -> Vec<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).map(|folder| folder.join(name)).filter(|path| is_program(path)).collect()
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}

/// Reads what a program complains about to its end, so that it never blocks; the last part is kept.
pub(super) async fn complaints(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let mut kept = Vec::new();
    let mut piece = [0; 1_024];
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        kept.extend_from_slice(&piece[..length]);
        let surplus = kept.len().saturating_sub(COMPLAINT_BYTES_MAX);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// An option file that only this account can read, gone with this value.
pub(super) struct Credentials {
    path: PathBuf,
}

impl Credentials {
    /// Writes the file into `scratch`.
    ///
    /// # Errors
    /// [`EngineError::File`].
    pub fn write(address: &Address, maker: Maker, scratch: &Path) -> Result<Self, EngineError> {
        let path = scratch.join(format!("client-{}.cnf", Ulid::generate()));
        let failed = |source| EngineError::File { path: path.display().to_string(), source };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        let credentials = Self { path: path.clone() };
        file.write_all(options(address, maker).as_bytes()).map_err(failed)?;
        Ok(credentials)
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a file with credentials could not be removed");
        }
    }
}

fn options(address: &Address, maker: Maker) -> String {
    let mut lines = vec!["[client]".to_owned()];
    let mut set = |name: &str, value: &str| lines.push(format!("{name}={}", quoted(value)));
    set("user", &address.user);
    // An empty password is said too, or else the program asks at the terminal.
    set("password", address.password.as_ref().map_or("", |password| password.expose_secret()));
    if let Some(socket) = &address.socket {
        set("socket", &socket.to_string_lossy());
    } else {
        // "localhost" would otherwise mean the socket (MySQL manual, "Connecting to the MySQL Server").
        set("protocol", "tcp");
        set("host", &address.host);
        set("port", &address.port.to_string());
    }
    let mode = address.tls_mode();
    let verified = matches!(mode, MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity);
    match (maker, mode) {
        (Maker::MariaDb, MySqlSslMode::Disabled) => set("ssl", "0"),
        // The client tries TLS by itself and, from 11.4 on, insists on a certificate that it can check.
        (Maker::MariaDb, MySqlSslMode::Preferred) => set("ssl-verify-server-cert", "0"),
        (Maker::MariaDb, _) => {
            set("ssl", "1");
            set("ssl-verify-server-cert", if verified { "1" } else { "0" });
        }
        (Maker::MySql, mode) => set(
            "ssl-mode",
            match mode {
                MySqlSslMode::Disabled => "DISABLED",
                MySqlSslMode::Preferred => "PREFERRED",
                MySqlSslMode::Required => "REQUIRED",
                MySqlSslMode::VerifyCa => "VERIFY_CA",
                MySqlSslMode::VerifyIdentity => "VERIFY_IDENTITY",
            },
        ),
    }
    for (name, file) in [("ssl-ca", &address.tls.ca), ("ssl-cert", &address.tls.cert), ("ssl-key", &address.tls.key)] {
        if let Some(file) = file {
            set(name, &file.to_string_lossy());
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// A value in an option file (MySQL manual, "Using Option Files": escapes).
fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

/// Which program to take first: a server's own maker knows it best.
pub(super) fn preferred(mysql: bool, mariadb_name: &'static str, mysql_name: &'static str) -> [&'static str; 2] {
    if mysql { [mysql_name, mariadb_name] } else { [mariadb_name, mysql_name] }
}

/// Adds arguments that are not secret.
pub(super) fn with<'a>(command: &'a mut Command, arguments: &[&str]) -> &'a mut Command {
    command.args(arguments.iter().map(OsStr::new))
}
