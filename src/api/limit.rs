//! How often one address may ask.

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    num::{NonZeroU32, NonZeroU64},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use itoa::Buffer;

use super::address::neighbourhood;

/// Addresses remembered at once, and a few more until they are counted; further ones share buckets until old ones are forgotten.
const ADDRESSES_MAX: usize = 65_536;

/// Buckets that addresses beyond [`ADDRESSES_MAX`] share: a flood of addresses hurts few others, and takes no memory.
const SHARED_BUCKETS: u64 = 1024;

/// After so many checks, addresses whose allowance is full again are forgotten.
const SWEEP_EVERY_CHECKS: u32 = 1024;

/// After so many, those that are left are counted: to count them is to look through all.
const COUNT_EVERY_CHECKS: u32 = 64;

/// As long as a field gets, mostly.
const FIELD_BYTES: usize = 64;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Bucket {
    Own(IpAddr),
    Shared(u64),
}

type Buckets = RateLimiter<Bucket, DashMapStateStore<Bucket>, DefaultClock, StateInformationMiddleware>;

/// An allowance for each address, in bounded memory.
pub struct Limiter {
    name: &'static str,
    quota: Quota,
    /// What is told of it in every answer.
    policy: HeaderValue,
    buckets: Buckets,
    checks: AtomicU32,
    is_full: AtomicBool,
    hash: RandomState,
}

/// What is left of an address's allowance.
#[derive(Clone, Copy)]
pub struct Allowance<'a> {
    limiter: &'a Limiter,
    remaining: u32,
    /// `Some`: refused, until so many seconds have passed.
    pub retry_after_s: Option<u64>,
}

impl Limiter {
    /// `burst` requests at once, and `per_second` more each second.
    pub fn per_second(name: &'static str, per_second: u32, burst: u32) -> Self {
        Self::of(name, Quota::per_second(at_least_one(per_second)).allow_burst(at_least_one(burst)))
    }

    /// `count` requests at once, and as many more each minute.
    pub fn per_minute(name: &'static str, count: u32) -> Self {
        Self::of(name, Quota::per_minute(at_least_one(count)))
    }

    fn of(name: &'static str, quota: Quota) -> Self {
        let buckets = RateLimiter::dashmap(quota).with_middleware();
        let policy = format!("\"{name}\";q={};w={}", quota.burst_size(), window_s(quota));
        Self {
            name,
            quota,
            policy: HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("")),
            buckets,
            checks: AtomicU32::new(0),
            is_full: AtomicBool::new(false),
            hash: RandomState::new(),
        }
    }

    /// Takes one request out of the allowance of `address`.
    pub fn check(&self, address: IpAddr) -> Allowance<'_> {
        self.count_now_and_then();
        let (remaining, retry_after_s) = match self.buckets.check_key(&self.bucket(address)) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(refused) => {
                let wait = refused.wait_time_from(DefaultClock::default().now());
                (0, Some(whole_seconds(wait)))
            }
        };
        Allowance { limiter: self, remaining, retry_after_s }
    }

    /// What it is called.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Until a full allowance, from what is left.
    fn until_full_s(&self, remaining: u32) -> u64 {
        let burst = self.quota.burst_size();
        window_s(self.quota) * u64::from(burst.get().saturating_sub(remaining)) / NonZeroU64::from(burst)
    }

    fn bucket(&self, address: IpAddr) -> Bucket {
        let address = neighbourhood(address);
        if self.is_full.load(Ordering::Relaxed) {
            Bucket::Shared(self.hash.hash_one(address) % SHARED_BUCKETS)
        } else {
            Bucket::Own(address)
        }
    }

    fn count_now_and_then(&self) {
        let checks = self.checks.fetch_add(1, Ordering::Relaxed);
        if checks % SWEEP_EVERY_CHECKS == SWEEP_EVERY_CHECKS - 1 {
            self.buckets.retain_recent();
            self.buckets.shrink_to_fit();
        }
        if checks % COUNT_EVERY_CHECKS == COUNT_EVERY_CHECKS - 1 {
            self.is_full.store(self.buckets.len() >= ADDRESSES_MAX, Ordering::Relaxed);
        }
    }
}

impl Allowance<'_> {
    /// Of which limiter.
    pub fn name(&self) -> &'static str {
        self.limiter.name
    }

    /// Tells the caller, by the fields of the IETF draft "`RateLimit` header fields for HTTP".
    pub fn tell(&self, headers: &mut HeaderMap) {
        let Self { limiter, remaining, retry_after_s } = *self;
        headers.insert(POLICY, limiter.policy.clone());
        let until_full_s = retry_after_s.unwrap_or_else(|| limiter.until_full_s(remaining));
        // Put together by hand: this is done for every answer, and a format costs more.
        let mut text = String::with_capacity(FIELD_BYTES);
        for part in
            ["\"", limiter.name, "\";r=", Buffer::new().format(remaining), ";t=", Buffer::new().format(until_full_s)]
        {
            text.push_str(part);
        }
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(LIMIT, value);
        }
    }
}

/// Until a full allowance, from none.
fn window_s(quota: Quota) -> u64 {
    whole_seconds(quota.burst_size_replenished_in())
}

fn at_least_one(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)
}

/// Rounded up, and never 0: a caller that waits so long is let in.
fn whole_seconds(duration: std::time::Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0 || duration.as_secs() == 0)
}
