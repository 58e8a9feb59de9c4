//! What every command is handed: the words for all of them, where to print, and how to get at the application.

use std::{env, os::unix::fs::MetadataExt};

use super::{HttpDoor, arguments::Global, failure::Failure, output::Output, place::Place, remote::Remote};
use crate::{
    app::App,
    clock::Clock,
    config::{self, Config, Log, Options},
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

    /// Where the work is done: on a server when one is named, else here, with the settings as they are.
    ///
    /// # Errors
    /// As [`Self::server`] and [`Self::config`]; a target that has no usable address.
    pub fn place(&self) -> Result<Place, Failure> {
        match self.server()? {
            Some(remote) => Ok(Place::There(remote)),
            None => Ok(Place::Here(Box::new(open(self.config(&[])?)?))),
        }
    }

    /// The server that is named, if one is. Settings are then the server's own, and none are read here. Begins to write
    /// the log.
    ///
    /// # Errors
    /// An address or a token that cannot be used; settings given beside a server.
    pub fn server(&self) -> Result<Option<Remote>, Failure> {
        let Some(server) = self.server_named() else { return Ok(None) };
        let Global { config, environment, set, .. } = &self.global;
        if config.is_some() || environment.is_some() || !set.is_empty() {
            let detail = "--config, --environment and --set have no effect on a server, which has settings of its own";
            return Err(Failure::usage(detail).next("leave them out, or leave out --server and WINDLASS_SERVER"));
        }
        telemetry::start(&Log { filter: FILTER.to_owned(), ..Log::default() })?;
        Remote::at(server, self.global.token_file.as_deref()).map(Some)
    }

    /// Nothing, for a command that only works on the target itself.
    ///
    /// # Errors
    /// [`Failure::only_here`] when a server is named.
    pub fn only_here(&self, command: &str) -> Result<(), Failure> {
        self.server_named().map_or(Ok(()), |_| Err(Failure::only_here(command)))
    }

    /// An empty variable counts as not set.
    fn server_named(&self) -> Option<&str> {
        self.global.server.as_deref().map(str::trim).filter(|server| !server.is_empty())
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
    Requester { name: account(), door: Door::Cli }
}

/// The account that this process runs under.
pub(crate) fn account() -> String {
    let word = |name| env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
    let uid = || std::fs::metadata("/proc/self").map(|own| format!("uid {}", own.uid())).ok();
    let name = word("USER").or_else(|| word("LOGNAME")).or_else(uid).unwrap_or_else(|| "unknown".to_owned());
    telemetry::harmless(name.trim()).chars().take(ACCOUNT_CHARS_MAX).collect()
}
