//! The result, as a Markdown table.

use std::{
    fmt::{self, Display},
    time::Duration,
};

use super::{Company, Engine, Means};

/// The aims: how much longer than one UPDATE the whole may take, and how long a writer may wait.
const TOTAL_MAX: f64 = 1.10;
const WAIT_MS_MAX: f64 = 150.0;
const WAIT_BATCHES_MAX: f64 = 2.0;

/// What one change of every row cost.
pub struct Row {
    pub means: Means,
    pub company: Company,
    /// From the start of its process to its end.
    pub wall: Duration,
    /// How long the writer beside it took for each write, the longest last.
    pub waits: Vec<Duration>,
    /// How long each batch took; none in a single statement.
    pub batches: Vec<Duration>,
}

/// Everything that was compared.
#[derive(Default)]
pub struct Table(Vec<(Engine, usize, Vec<Row>)>);

impl Table {
    /// Adds what an engine did.
    pub fn add(&mut self, engine: Engine, rows: usize, turns: Vec<Row>) {
        self.0.push((engine, rows, turns));
    }
}

/// Times in order.
struct Times(Vec<Duration>);

impl Times {
    fn of(turns: &[&Row], which: impl Fn(&Row) -> Vec<Duration>) -> Self {
        let mut times: Vec<Duration> = turns.iter().flat_map(|turn| which(turn)).collect();
        times.sort_unstable();
        Self(times)
    }

    /// The time that so many of a hundred do not exceed.
    fn at(&self, share: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get((self.0.len() * share / 100).min(last)).copied().unwrap_or_default()
    }
}

/// All that a means cost on an engine, in one company.
struct Sum {
    wall: Times,
    waits: Times,
    batches: Times,
}

impl Sum {
    fn of(turns: &[Row], means: Means, company: Company) -> Self {
        let turns: Vec<&Row> = turns.iter().filter(|turn| turn.means == means && turn.company == company).collect();
        Self {
            wall: Times::of(&turns, |turn| vec![turn.wall]),
            waits: Times::of(&turns, |turn| turn.waits.clone()),
            batches: Times::of(&turns, |turn| turn.batches.clone()),
        }
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn cell(times: &Times, share: usize) -> String {
    if times.0.is_empty() { "–".to_owned() } else { format!("{:.1}", ms(times.at(share))) }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| engine | rows | beside | how | median s | least s | median ÷ one | least ÷ one | batches | median batch ms | longest batch ms | \
             writes | median write ms | 99 % ms | longest ms |"
        )?;
        writeln!(f, "|---|---:|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        for (engine, rows, turns) in &self.0 {
            for company in [Company::Alone, Company::Writer] {
                let single = Sum::of(turns, Means::Single, company);
                for means in [Means::Single, Means::Backfill] {
                    write!(f, "| {} | {rows} | {} | {} ", engine.name(), company.name(), means.name())?;
                    line(f, &Sum::of(turns, means, company), &single)?;
                }
            }
        }
        writeln!(f)?;
        self.0.iter().try_for_each(|(engine, _, turns)| aims(f, *engine, turns))
    }
}

/// The figures of a line, beside those of the single statement.
fn line(f: &mut fmt::Formatter<'_>, sum: &Sum, single: &Sum) -> fmt::Result {
    let (median, least) = (sum.wall.at(50), sum.wall.at(0));
    writeln!(
        f,
        "| {:.2} | {:.2} | {:.2} | {:.2} | {} | {} | {} | {} | {} | {} | {} |",
        median.as_secs_f64(),
        least.as_secs_f64(),
        median.div_duration_f64(single.wall.at(50)),
        least.div_duration_f64(single.wall.at(0)),
        sum.batches.0.len(),
        cell(&sum.batches, 50),
        cell(&sum.batches, 100),
        sum.waits.0.len(),
        cell(&sum.waits, 50),
        cell(&sum.waits, 99),
        cell(&sum.waits, 100),
    )
}

/// What was aimed at, beside what came of it.
fn aims(f: &mut fmt::Formatter<'_>, engine: Engine, turns: &[Row]) -> fmt::Result {
    let alone = |means| Sum::of(turns, means, Company::Alone).wall.at(50);
    let total = alone(Means::Backfill).div_duration_f64(alone(Means::Single));
    let single = Sum::of(turns, Means::Single, Company::Writer);
    let backfill = Sum::of(turns, Means::Backfill, Company::Writer);
    let (wait, batch) = (backfill.waits.at(100), backfill.batches.at(100));
    let of_a_batch = if batch.is_zero() { 0.0 } else { wait.div_duration_f64(batch) };
    let is_met = total <= TOTAL_MAX && ms(wait) <= WAIT_MS_MAX && of_a_batch <= WAIT_BATCHES_MAX;
    writeln!(
        f,
        "- {}: total {total:.2} (aim {TOTAL_MAX:.2}); the longest write waited {:.0} ms (aim {WAIT_MS_MAX:.0} ms), {of_a_batch:.1} \
         of the longest batch (aim {WAIT_BATCHES_MAX:.0}), and {:.0} ms beside one UPDATE: {}",
        engine.name(),
        ms(wait),
        ms(single.waits.at(100)),
        if is_met { "as aimed" } else { "not as aimed" }
    )
}
