//! What the sections about the service and about runs say when nobody says anything.

use std::{net::SocketAddr, time::Duration};

use super::settings::{Auth, Backfill, Health, Metrics, Run, Server};

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8182)),
            tls_certificate: None,
            tls_key: None,
            trusted_proxies: Vec::new(),
            rate_limit_exempt: Vec::new(),
            rate_limit_per_second: 1,
            rate_limit_burst: 10,
            connections_per_address_max: 256,
            body_bytes_max: 64 * 1024,
            request_timeout: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(25),
        }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            issuer: "windlass".to_owned(),
            audience: "windlass".to_owned(),
            lifetime_max: Duration::from_hours(1),
            keys: Vec::new(),
            jwks: None,
            jwks_refresh: Duration::from_mins(5),
            deny_list: None,
            signing_key: None,
        }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self { interval: Duration::from_secs(5) }
    }
}

impl Default for Run {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(2),
            statement_timeout: Duration::ZERO,
            lock_retry: Duration::from_mins(2),
            lock_wait: Duration::from_secs(10),
        }
    }
}

impl Default for Backfill {
    fn default() -> Self {
        Self { target_ms: 75, max_rows_per_second: 0, health_query: None, health_max: 0 }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self { enabled: true, listen: None }
    }
}
