//! `windlass token`

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::{arguments::duration, call::Call, exit::Exit, failure::Failure};
use crate::{
    auth::{ADMIN_LEVEL, ADMIN_PERMISSION, Keys},
    clock::Clock,
};

/// How long a token lives when nobody says, and `auth.lifetime_max` allows it.
const LIFETIME: Duration = Duration::from_hours(1);

/// Print a token for the HTTP API, and nothing else
#[derive(Debug, Args)]
pub struct Token {
    /// Who it speaks for; stands in the audit trail
    #[arg(long, value_name = "NAME")]
    pub subject: String,
    /// Its level; 1 is an administrator
    #[arg(long, value_name = "LEVEL", default_value_t = ADMIN_LEVEL, allow_negative_numbers = true)]
    pub level: i64,
    /// What it may do; can be given more than once
    #[arg(long, value_name = "NAME", default_value = ADMIN_PERMISSION)]
    pub permission: Vec<String>,
    /// How long it lives [default: 1h, or the longest that is allowed]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub lifetime: Option<Duration>,
}

/// The token as JSON.
#[derive(Serialize)]
struct Minted {
    token: String,
}

pub(super) fn run(words: &Token, call: &Call) -> Result<Exit, Failure> {
    let config = call.config(&[])?;
    let keys = Keys::load(&config.auth, config.data_dir())?;
    let lifetime = words.lifetime.unwrap_or(LIFETIME.min(config.auth.lifetime_max));
    let now = Clock::system().now();
    let token = keys.mint(&words.subject, words.level, &words.permission, lifetime, now)?;
    let minted = Minted { token };
    call.output.result(&minted, |page| page.line(&minted.token));
    Ok(Exit::Fine)
}
