//! `windlass init`

use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{call::Call, exit::Exit, failure::Failure};
use crate::{
    auth,
    config::{OwnSecretError, own_secret, own_secret_is_there},
    snapshot,
};

/// Write the settings of an environment, with secrets of their own: --environment development, staging or production
#[derive(Debug, Args)]
pub struct Init {
    /// In this folder
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub folder: PathBuf,
}

/// The settings that are written for each environment.
const ENVIRONMENTS: [(&str, &str); 3] = [
    ("development", include_str!("environments/development.toml")),
    ("staging", include_str!("environments/staging.toml")),
    ("production", include_str!("environments/production.toml")),
];

/// What they have in common.
const BASE: &str = include_str!("environments/base.toml");

/// Where the database is, to be put right by whoever knows.
const TARGET_URL: &str = include_str!("environments/target_url.txt");

/// The folder of the secrets, which no version control is to see.
const SECRETS: &str = "secrets";

/// What was done. Nothing that is there already is ever written over.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    environment: String,
    made: Vec<PathBuf>,
    kept: Vec<PathBuf>,
}

pub(super) fn run(init: &Init, call: &Call) -> Result<Exit, Failure> {
    call.only_here("windlass init")?;
    let names: Vec<&str> = ENVIRONMENTS.iter().map(|(name, _)| *name).collect();
    let wanted = call.global.environment.as_deref();
    let Some((name, settings)) = ENVIRONMENTS.iter().find(|(name, _)| Some(*name) == wanted) else {
        let detail = format!("say which environment: --environment {}", names.join(", --environment "));
        return Err(Failure::usage(detail));
    };
    let mut outcome = Outcome { environment: (*name).to_owned(), ..Outcome::default() };
    write(&init.folder, name, settings, &mut outcome)?;
    call.output.result(&outcome, |page| {
        let page = outcome.made.iter().fold(page, |page, path| page.line(format!("written  {}", path.display())));
        outcome.kept.iter().fold(page, |page, path| page.line(format!("kept     {}", path.display())))
    });
    call.output.note(&format!("use it with --environment {name}, or WINDLASS_ENVIRONMENT={name}"));
    Ok(Exit::Fine)
}

fn write(folder: &Path, name: &str, settings: &str, outcome: &mut Outcome) -> Result<(), Failure> {
    let secrets = folder.join(SECRETS).join(name);
    let text = |text: &str| Ok(text.to_owned().into());
    // Made first: what is in them is for nobody else, and so are their folders.
    keep(secrets.join("auth.key"), outcome, auth::fresh_secret)?;
    keep(secrets.join("snapshot.key"), outcome, || Ok(snapshot::fresh_identity()))?;
    if settings.contains("target_url") {
        keep(secrets.join("target_url"), outcome, target_url)?;
    }
    keep(folder.join(SECRETS).join(".gitignore"), outcome, || text("*"))?;
    keep(folder.join("windlass.toml"), outcome, || text(BASE))?;
    keep(folder.join(format!("windlass.{name}.toml")), outcome, || text(settings))
}

/// Writes a file, for its owner alone, where there is none.
fn keep(
    path: PathBuf,
    outcome: &mut Outcome,
    make: impl FnOnce() -> Result<SecretString, auth::AuthError>,
) -> Result<(), Failure> {
    let failed = |error: OwnSecretError| {
        let detail = super::failure::with_causes(&error);
        Failure::of(
            Exit::Configuration,
            "configuration",
            detail,
            "see to the folder, or name another one with --folder",
        )
    };
    if own_secret_is_there(&path).map_err(failed)? {
        outcome.kept.push(path);
        return Ok(());
    }
    own_secret(&path, make)?;
    outcome.made.push(path);
    Ok(())
}

/// A URL to put the host into, with a password for the account that is to be made.
fn target_url() -> Result<SecretString, auth::AuthError> {
    let password = auth::fresh_secret()?;
    Ok(TARGET_URL.replace("{password}", password.expose_secret()).into())
}
