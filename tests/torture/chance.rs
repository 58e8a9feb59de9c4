//! Chance that can be repeated: the seed is told with every result.

use std::{
    sync::OnceLock,
    time::{SystemTime, UNIX_EPOCH},
};

/// A stream of numbers that depends on nothing but its seed (the generator `SplitMix64`).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or_default()
    }

    pub fn one_of<'a, T>(&mut self, some: &'a [T]) -> Option<&'a T> {
        some.get(self.below(some.len()))
    }

    pub fn shuffle<T>(&mut self, some: &mut [T]) {
        for at in (1..some.len()).rev() {
            some.swap(at, self.below(at + 1));
        }
    }
}

/// The seed of this run, the same for all its tests: `WINDLASS_TORTURE_SEED`, else one that no run had before.
pub fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| match std::env::var("WINDLASS_TORTURE_SEED") {
        Ok(given) => {
            given.parse().unwrap_or_else(|_| panic!("WINDLASS_TORTURE_SEED is {given:?}, and must be a number"))
        }
        Err(_) => now(),
    })
}

#[expect(clippy::disallowed_methods, reason = "the one thing here that must differ from run to run")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
