//! What came of the trials, and what that shows.

use std::{collections::BTreeMap, fmt::Write};

use crate::trial::Verdict;

/// The rule of three: no failure in N trials bounds the true rate at 3/N, with 95 % confidence.
const RULE_OF_THREE: f64 = 3.0;

#[derive(Debug, Clone, Copy, Default)]
pub struct Count {
    pub held: u32,
    pub not_reached: u32,
    pub broken: u32,
}

impl Count {
    /// Trials that showed something.
    pub fn trials(&self) -> u32 {
        self.held + self.broken
    }

    pub fn add(&mut self, other: Self) {
        self.held += other.held;
        self.not_reached += other.not_reached;
        self.broken += other.broken;
    }
}

/// What so many trials show of the true rate.
pub fn bound(count: &Count) -> String {
    match (count.trials(), count.broken) {
        (0, _) => "–".to_owned(),
        (trials, 0) => format!("below {:.2} %", 100.0 * RULE_OF_THREE / f64::from(trials)),
        _ => "not bounded".to_owned(),
    }
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
        self.of.values().map(Count::trials).sum()
    }

    /// The sum for each fault.
    pub fn of_faults(&self) -> BTreeMap<&str, Count> {
        let mut of_faults: BTreeMap<&str, Count> = BTreeMap::new();
        for ((_, fault), count) in &self.of {
            of_faults.entry(fault).or_default().add(*count);
        }
        of_faults
    }

    /// A table for a person, with the bound.
    pub fn told(&self, engine: &str, seed: Option<u64>, seconds: f64) -> String {
        let seed = seed.map_or_else(String::new, |seed| format!(", seed {seed}"));
        let mut text = format!("torture: {engine}{seed}, {seconds:.0} s\n");
        let mut all = Count::default();
        for ((scenario, fault), count) in &self.of {
            let _ = writeln!(text, "{}", line(scenario, fault, count));
            all.add(*count);
        }
        for (fault, sum) in self.of_faults() {
            let _ = writeln!(text, "{}", line("all", fault, &sum));
        }
        let _ = write!(text, "  N = {}, {} broken: {} with 95 % confidence", all.trials(), all.broken, bound(&all));
        text
    }
}

fn line(scenario: &str, fault: &str, count: &Count) -> String {
    let Count { held, broken, not_reached } = count;
    format!("  {scenario:<18} {fault:<8} {held:>6} held {broken:>4} broken {not_reached:>4} not reached")
}
