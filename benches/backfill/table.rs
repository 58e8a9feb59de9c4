//! The result, as a Markdown table.

use std::{
    fmt::{self, Display},
    time::Duration,
};

use super::{Engine, Means};

/// What one change of every row cost.
pub struct Row {
    pub means: Means,
    /// From the start of its process to its end.
    pub wall: Duration,
    /// How long the writer beside it took for each write, the longest last.
    pub waits: Vec<Duration>,
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

fn least(turns: &[Row], means: Means) -> Duration {
    turns.iter().filter(|turn| turn.means == means).map(|turn| turn.wall).min().unwrap_or_default()
}

fn median(turns: &[Row], means: Means) -> Duration {
    let mut walls: Vec<Duration> = turns.iter().filter(|turn| turn.means == means).map(|turn| turn.wall).collect();
    walls.sort_unstable();
    walls.get(walls.len() / 2).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| engine | rows | how | median s | least s | median ÷ one | least ÷ one | writes | median write ms | 99 % ms | longest ms |"
        )?;
        writeln!(f, "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        for (engine, rows, turns) in &self.0 {
            for means in [Means::Single, Means::Backfill] {
                let (name, how) = (engine.name(), means.name());
                let (median, least) = (median(turns, means), least(turns, means));
                let one = (self::median(turns, Means::Single), self::least(turns, Means::Single));
                let mut waits: Vec<Duration> =
                    turns.iter().filter(|turn| turn.means == means).flat_map(|turn| &turn.waits).copied().collect();
                waits.sort_unstable();
                let at = |share: usize| waits.get((waits.len() * share / 100).min(waits.len().max(1) - 1));
                let at = |share| ms(at(share).copied().unwrap_or_default());
                writeln!(
                    f,
                    "| {name} | {rows} | {how} | {:.2} | {:.2} | {:.2} | {:.2} | {} | {:.1} | {:.1} | {:.1} |",
                    median.as_secs_f64(),
                    least.as_secs_f64(),
                    median.div_duration_f64(one.0),
                    least.div_duration_f64(one.1),
                    waits.len(),
                    at(50),
                    at(99),
                    at(100),
                )?;
            }
        }
        Ok(())
    }
}
