//! The same work on many things, shared out among the machine's cores.

use std::{num::NonZero, thread};

/// So few things are not worth a thread, whose start costs about as much as reading one migration.
const SHARE_MIN: usize = 32;

/// More threads than this wait for the file system rather than for a core.
const THREADS_MAX: usize = 8;

/// Does `work` on shares of `all`, side by side, and gives the answers in the order of the shares. Blocks until all are
/// there; a panic in one of them goes on here.
pub fn in_shares<T: Send, R: Send>(mut all: Vec<T>, work: impl Fn(Vec<T>) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX);
    let share = all.len().div_ceil(cores).max(SHARE_MIN);
    thread::scope(|scope| {
        let mut others = Vec::new();
        while all.len() > share {
            let last = all.split_off((all.len() - 1) / share * share);
            others.push(scope.spawn(|| work(last)));
        }
        let first = work(all);
        let rest = others.into_iter().rev();
        let joined = rest.map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        std::iter::once(first).chain(joined).collect()
    })
}
