//! What every command is handed: the words for all of them, where to print, and how to get at the application.

use std::{env, os::unix::fs::MetadataExt};

use super::{HttpDoor, arguments::Global, failure::Failure, output::Output};
use crate::{
    app::App,
    clock::Clock,
    config::{self, Config, Options},
    model::order::{Door, Requester},
    telemetry,
};

/// What a command tells of its inner life unless the settings ask for something else than their default.
const FILTER: &str = "warn";
/// The longest name of an account that is kept.
const ACCOUNT_CHARS_MAX: usize = 64;

/// One call of the command.
pub(super) struct Call {
    pub global: Global,
    pub output: Output,
    pub http: HttpDoor,
}

impl Call {
    /// The settings, with `more` above the flags that every command has. Begins to write the log.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn config(&self, more: &[(&str, String)]) -> Result<Config, Failure> {
        let mut config = self.settings(more)?;
        if config.log.filter == Config::default().log.filter {
            FILTER.clone_into(&mut config.log.filter);
        }
        telemetry::start(&config.log)?;
        Ok(config)
    }

    /// The settings, and nothing begun.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn settings(&self, more: &[(&str, String)]) -> Result<Config, Failure> {
        let mut options = Options::of_this_process();
        options.file.clone_from(&self.global.config);
        options.environment.clone_from(&self.global.environment);
        options.overrides.clone_from(&self.global.set);
        options.overrides.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        Ok(config::load(&options)?)
    }

    /// The application, opened with the settings as they are.
    ///
    /// # Errors
    /// As [`Self::config`]; a target that has no usable address.
    pub fn app(&self) -> Result<App, Failure> {
        open(self.config(&[])?)
    }
}

/// The application, opened with these settings.
///
/// # Errors
/// A target that has no usable address.
pub(super) fn open(config: Config) -> Result<App, Failure> {
    Ok(App::open(config, Clock::system())?)
}

/// Who asks: the account that runs the command.
pub(super) fn requester() -> Requester {
    let word = |name| env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
    let uid = || std::fs::metadata("/proc/self").map(|own| format!("uid {}", own.uid())).ok();
    let name = word("USER").or_else(|| word("LOGNAME")).or_else(uid).unwrap_or_else(|| "unknown".to_owned());
    let name = telemetry::harmless(name.trim()).chars().take(ACCOUNT_CHARS_MAX).collect();
    Requester { name, door: Door::Cli }
}
