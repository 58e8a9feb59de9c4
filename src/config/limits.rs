//! What types alone cannot say: the smallest value that makes sense.

use std::time::Duration;

use super::{ConfigError, load::wrong, settings::Config, tree::Node};

/// The shortest time between two looks at the target.
const HEALTH_INTERVAL_MIN: Duration = Duration::from_millis(100);
/// The shortest time a request is given.
const REQUEST_TIMEOUT_MIN: Duration = Duration::from_secs(1);
/// The shortest time between two fetches of a published set of keys.
const JWKS_REFRESH_MIN: Duration = Duration::from_secs(1);
/// How long a batch of a backfill may be meant to take, in milliseconds: a stop waits for its end.
const BACKFILL_TARGET_MS: std::ops::RangeInclusive<u64> = 1..=1_000;
/// The smallest limit for a request's body, in bytes.
const BODY_BYTES_MIN: usize = 1024;

/// Holds the settings against their limits.
///
/// # Errors
/// [`ConfigError::Wrong`] for the first one that is below its own.
pub(super) fn hold(config: &Config, tree: &Node) -> Result<(), ConfigError> {
    let server = &config.server;
    let backfill = &config.backfill;
    let rules: [(&str, bool, &str); 12] = [
        ("server.rate_limit_per_second", server.rate_limit_per_second >= 1, "1 or more"),
        ("server.rate_limit_burst", server.rate_limit_burst >= 1, "1 or more"),
        ("server.connections_per_address_max", server.connections_per_address_max >= 1, "1 or more"),
        ("server.body_bytes_max", server.body_bytes_max >= BODY_BYTES_MIN, "1024 or more"),
        ("server.request_timeout", server.request_timeout >= REQUEST_TIMEOUT_MIN, "1s or more"),
        (
            "server.tls_key",
            server.tls_key.is_some() || server.tls_certificate.is_none(),
            "a file, as server.tls_certificate is set",
        ),
        (
            "server.tls_certificate",
            server.tls_certificate.is_some() || server.tls_key.is_none(),
            "a file, as server.tls_key is set",
        ),
        ("health.interval", config.health.interval >= HEALTH_INTERVAL_MIN, "100ms or more"),
        ("auth.jwks_refresh", config.auth.jwks_refresh >= JWKS_REFRESH_MIN, "1s or more"),
        ("auth.lifetime_max", !config.auth.lifetime_max.is_zero(), "more than 0s"),
        ("backfill.target_ms", BACKFILL_TARGET_MS.contains(&backfill.target_ms), "from 1 to 1000"),
        ("target.name", !config.target.name.trim().is_empty(), "a name"),
    ];
    match rules.into_iter().find(|(_, holds, _)| !holds) {
        None => Ok(()),
        Some((key, _, expected)) => Err(wrong(tree.nearest(key.split('.')), key.to_owned(), expected.to_owned())),
    }
}
