//! A set of keys that somebody else publishes, at an address. Fetched when a service starts, again every so often, and when
//! a token names a key that is not here; the last good one stays whatever happens there.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use reqwest::{Client, StatusCode, Url};
use tokio::sync::Mutex;
use tracing::Instrument;

use super::{
    error::AuthError,
    jwks::{self, SET_BYTES_MAX},
    key::Key,
};
use crate::https;

/// How long one answer may take, from the first byte sent to the last received.
const ANSWER_S_MAX: u64 = 5;
/// The shortest time between two fetches that a token's unknown key asks for.
const ASKED_S_MIN: u64 = 60;

/// Where a set is published, and what was last seen there.
pub(super) struct Far {
    url: Url,
    client: Client,
    seen: ArcSwap<Vec<Key>>,
    fetches: Arc<Mutex<Fetches>>,
}

/// The fetches that somebody waited for; held while one is under way.
#[derive(Default)]
struct Fetches {
    /// When the last one ended.
    last: Option<Instant>,
    /// When the last one ended that a token asked for beyond the first, which is everybody's.
    by_token: Option<Instant>,
}

impl Far {
    /// At this address, which is not asked yet.
    ///
    /// # Errors
    /// [`AuthError::Address`], for one that is not `https:`, nor `http:` on this machine.
    pub fn at(text: &str) -> Result<Self, AuthError> {
        let unfit = |reason| AuthError::Address { reason };
        let url = Url::parse(text).map_err(|_| unfit("it is no URL"))?;
        let is_here = is_here(&url);
        if !(url.scheme() == "https" || url.scheme() == "http" && is_here) {
            return Err(unfit("it must begin with https:// (http:// only for this machine)"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(unfit("it must hold no name and no password"));
        }
        let client = https::client(|| https::to_one_address(is_here).timeout(Duration::from_secs(ANSWER_S_MAX)));
        let client = client.map_err(|_| unfit("no connection can be made from this machine"))?;
        Ok(Self { url, client, seen: ArcSwap::default(), fetches: Arc::default() })
    }

    /// What was last seen.
    pub fn seen(&self) -> arc_swap::Guard<Arc<Vec<Key>>> {
        self.seen.load()
    }

    /// Fetches the set. What fails is told, and changes nothing.
    pub async fn fetch(&self) {
        match self.fetched().await {
            Ok(keys) => self.seen.store(keys.into()),
            Err(reason) => {
                let url = &self.url;
                tracing::error!(%url, "the keys at {url} cannot be used, so those from before stay: {reason}");
            }
        }
    }

    /// Fetches it for somebody who found at `looked` that a key is not here, unless a token had it fetched within the last
    /// minute. True when it is worth looking again.
    pub async fn asked_for(self: &Arc<Self>, looked: Instant) -> bool {
        let mut fetches = Arc::clone(&self.fetches).lock_owned().await;
        if fetches.last.is_some_and(|at| at >= looked) {
            return true;
        }
        if fetches.by_token.is_some_and(|at| at.elapsed() < Duration::from_secs(ASKED_S_MIN)) {
            return false;
        }
        let far = Arc::clone(self);
        let fetching = async move {
            far.fetch().await;
            let ended = Some(Instant::now());
            fetches.by_token = fetches.last.and(ended);
            fetches.last = ended;
        };
        // On a task of its own: it is done, and counted, also when whoever asked hangs up.
        tokio::spawn(fetching.in_current_span()).await.is_ok()
    }

    async fn fetched(&self) -> Result<Vec<Key>, String> {
        let answer = self.client.get(self.url.clone()).header("accept", "application/json").send().await;
        // Its own words would repeat the address.
        let mut answer = answer.map_err(|error| error.without_url().to_string())?;
        if answer.status() != StatusCode::OK {
            return Err(format!("the answer has the status {}", answer.status().as_u16()));
        }
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| error.without_url().to_string())? {
            if bytes.len() + piece.len() > SET_BYTES_MAX {
                return Err("the answer is larger than 64 KiB".to_owned());
            }
            bytes.extend(piece);
        }
        jwks::keys(&bytes).map_err(|error| error.to_string())
    }
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
