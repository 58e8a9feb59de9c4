//! What came of the trials, and what that shows.

use std::{collections::BTreeMap, fmt::Write};

use crate::trial::Verdict;

/// The rule of three: no failure in N trials bounds the true rate at 3/N, with 95 % confidence.
const RULE_OF_THREE: f64 = 3.0;

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    held: u32,
    not_reached: u32,
    broken: u32,
}

/// What came of the trials of one engine.
#[derive(Debug, Default)]
pub struct Tally {
    of: BTreeMap<(String, String), Count>,
    /// Each broken promise, with the words that repeat it.
    pub broken: Vec<String>,
}

impl Tally {
    pub fn count(&mut self, scenario: &str, fault: &str, repeat: &str, verdict: Verdict) {
        let count = self.of.entry((scenario.to_owned(), fault.to_owned())).or_default();
        match verdict {
            Verdict::Held => count.held += 1,
            Verdict::NotReached => count.not_reached += 1,
            Verdict::Broken(how) => {
                count.broken += 1;
                eprintln!("BROKEN {repeat}\n  {how}");
                self.broken.push(format!("{repeat}\n  {how}"));
            }
        }
    }

    /// Trials that showed something.
    pub fn trials(&self) -> u32 {
        self.of.values().map(|count| count.held + count.broken).sum()
    }

    /// A table for a person, with the bound.
    pub fn told(&self, engine: &str, seed: u64, seconds: f64) -> String {
        let mut text = format!("torture: {engine}, seed {seed}, {seconds:.0} s\n");
        let mut of_faults: BTreeMap<&str, Count> = BTreeMap::new();
        for ((scenario, fault), count) in &self.of {
            let _ = writeln!(
                text,
                "  {scenario:<18} {fault:<6} {:>6} held {:>4} broken {:>4} not reached",
                count.held, count.broken, count.not_reached
            );
            let sum = of_faults.entry(fault).or_default();
            sum.held += count.held;
            sum.broken += count.broken;
        }
        for (fault, sum) in of_faults {
            let _ = writeln!(text, "  {:<18} {fault:<6} {:>6} held {:>4} broken", "all", sum.held, sum.broken);
        }
        let trials = self.trials();
        let bound = 100.0 * RULE_OF_THREE / f64::from(trials.max(1));
        let _ = match self.broken.len() {
            0 => write!(text, "  N = {trials}, 0 broken: below {bound:.2} % with 95 % confidence"),
            broken => write!(text, "  N = {trials}, {broken} broken"),
        };
        text
    }
}
