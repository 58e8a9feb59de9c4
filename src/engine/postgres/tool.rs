//! PostgreSQL's own client programs: which one, and how it is told where to go without a word on its command line.

use std::{
    ffi::OsStr,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use tokio::{io::AsyncReadExt, process::Command, time::timeout};
use ulid::Ulid;

use super::address::Address;
use crate::engine::EngineError;

/// Where Debian and its kin keep each major version's programs, in a folder by its number.
const INSTALLED: &str = "/usr/lib/postgresql";

/// How long a program may take to say its version.
const VERSION_MS_MAX: u64 = 10_000;

/// As much of a program's complaints is kept.
const COMPLAINT_BYTES_MAX: u64 = 16 * 1024;

/// A client program that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tool {
    path: PathBuf,
    /// Its own words: `pg_dump (PostgreSQL) 15.18`.
    pub(super) version: String,
}

/// Finds `program` for a server of version `major`: the same version if there is one, else the nearest later; of two
/// equal ones the installed before the one on the PATH. An older one is of no use: "[it] cannot dump from PostgreSQL
/// servers newer than its own major version" (PostgreSQL manual, Client Applications). A later one is second best:
/// `pg_restore` sets what it knows itself, `transaction_timeout` from 17 on, and an older server does not.
///
/// # Errors
/// [`EngineError::Tool`], with the package to install.
pub(super) async fn find(program: &'static str, major: u32) -> Result<Tool, EngineError> {
    let on_path = version_of(Path::new(program)).await;
    let number = on_path.as_ref().ok().and_then(|version| major_of(version)).filter(|number| *number >= major);
    for (installed, folder) in folders(major).await {
        if number.is_some_and(|number| number < installed) {
            break;
        }
        if let Ok(version) = version_of(&folder.join(program)).await {
            return Ok(Tool { path: folder.join(program), version });
        }
    }
    let missing = |found: &str| EngineError::Tool {
        program: program.to_owned(),
        reason: format!("of version {major} or later is needed, {found}: install postgresql-client-{major}"),
    };
    match (on_path, number) {
        (Ok(version), Some(_)) => Ok(Tool { path: program.into(), version }),
        (Ok(version), None) => Err(missing(&format!("and {version} is on the PATH"))),
        (Err(_), _) => Err(missing("and none was found")),
    }
}

/// The installed versions from `major` up with their folders, the nearest first.
async fn folders(major: u32) -> Vec<(u32, PathBuf)> {
    let mut found = Vec::new();
    if let Ok(mut entries) = tokio::fs::read_dir(INSTALLED).await {
        while let Ok(Some(entry)) = entries.next_entry().await {
            let number = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
            found.extend(number.filter(|number| *number >= major).map(|number| (number, entry.path().join("bin"))));
        }
    }
    found.sort();
    found
}

async fn version_of(program: &Path) -> Result<String, std::io::Error> {
    let asked = Command::new(program).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(Duration::from_millis(VERSION_MS_MAX), asked).await??;
    if !output.status.success() {
        return Err(std::io::Error::other("it cannot say its version"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The major version in a program's words, `pg_dump (PostgreSQL) 15.18 (Debian …)`.
pub(super) fn major_of(version: &str) -> Option<u32> {
    let number = version.split(' ').find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    number.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

impl Tool {
    /// The program with the way to the database in its environment, which is otherwise empty. The password file must
    /// outlive the program.
    ///
    /// # Errors
    /// [`EngineError::File`] when the password file cannot be written.
    pub(super) fn command<'a>(
        &self,
        address: &Address,
        scratch: &Path,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Result<(Command, Option<PasswordFile>), EngineError> {
        let secret = address.password.as_ref().map(|password| PasswordFile::write(scratch, password)).transpose()?;
        let mut command = Command::new(&self.path);
        command.env_clear().envs(address.environment.iter().map(|(name, value)| (*name, value)));
        for name in ["PATH", "HOME"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.env("PGDATABASE", &address.database).env("PGAPPNAME", "windlass").env("LC_ALL", "C.UTF-8");
        command.env("PGCONNECT_TIMEOUT", "10");
        let file = secret.as_ref().map(|secret| secret.0.clone().into_os_string());
        command.envs(file.or_else(|| std::env::var_os("PGPASSFILE")).map(|file| (OsStr::new("PGPASSFILE"), file)));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        Ok((command, secret))
    }

    /// What went wrong with the program.
    pub(super) fn failed(&self, reason: impl Into<String>) -> EngineError {
        let program = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        EngineError::Tool { program, reason: reason.into() }
    }
}

/// Reads what a program complains of, to its end; the first part is kept.
pub(super) async fn complaint(stderr: Option<tokio::process::ChildStderr>) -> String {
    let Some(mut stderr) = stderr else { return String::new() };
    let mut kept = Vec::new();
    // What cannot be read is not told; the program's exit status still is.
    let _ = (&mut stderr).take(COMPLAINT_BYTES_MAX).read_to_end(&mut kept).await;
    let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&kept).trim().replace('\n', "; ")
}

/// A password where only we and libpq can read it, gone with this value. libpq refuses a file that others may read
/// (PostgreSQL manual, "The Password File").
pub(super) struct PasswordFile(PathBuf);

impl PasswordFile {
    fn write(scratch: &Path, password: &SecretString) -> Result<Self, EngineError> {
        let path = scratch.join(format!(".pgpass-{}", Ulid::generate()));
        let escaped = password.expose_secret().replace('\\', "\\\\").replace(':', "\\:");
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let kept = Self(path);
        file.and_then(|mut file| file.write_all(format!("*:*:*:*:{escaped}\n").as_bytes()))
            .map_err(|source| EngineError::File { path: kept.0.display().to_string(), source })?;
        Ok(kept)
    }
}

impl Drop for PasswordFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.0.display(), %error, "the password file {} is left behind", self.0.display());
        }
    }
}
