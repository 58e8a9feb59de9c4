//! Where a service is.

use std::{fmt, net::IpAddr};

use reqwest::Url;

use crate::cli::{exit::Exit, failure::Failure};

/// The address of a service: one over which a token may be sent.
#[derive(Debug, Clone)]
pub(super) struct Address(Url);

impl Address {
    /// Understands `https://host[:port][/prefix]`, and `http://` for this machine alone.
    ///
    /// # Errors
    /// Another scheme, a name or password inside, or plain HTTP to another machine.
    pub fn of(text: &str) -> Result<Self, Failure> {
        // The text itself is not told: somebody may have put a password into it.
        let url = Url::parse(text.trim()).map_err(|error| refused(&format!("--server is no address: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(refused("--server must be an address such as https://windlass.example.org"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("--server may not hold a name or a password: others see the command line"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("--server must end with its host, or with the path below which the service is"));
        }
        if url.scheme() == "http" && !is_this_machine(&url) {
            return Err(refused(&format!(
                "plain http to {} would show the token to everybody on the way; only https, or http to this machine",
                url.host_str().unwrap_or_default()
            )));
        }
        Ok(Self(url))
    }

    /// The address of a route below `/api/migration`.
    pub fn route(&self, parts: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "migration"]).extend(parts);
        }
        url
    }

    /// Whether requests stay on this machine.
    pub fn is_here(&self) -> bool {
        is_this_machine(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn refused(detail: &str) -> Failure {
    Failure::of(Exit::Usage, "server-address", detail, "windlass status --server https://windlass.example.org")
}
