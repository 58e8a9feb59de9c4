//! The result, as a Markdown table.

use std::{
    fmt::{self, Display},
    time::Duration,
};

use super::{Contender, Engine, measure::Spent};

/// What one turn cost.
pub struct Row {
    pub contender: Contender,
    pub spent: Spent,
    /// The size of the copy.
    pub bytes: Option<u64>,
}

/// Everything that was compared.
#[derive(Default)]
pub struct Table(Vec<(Engine, u64, Vec<Row>)>);

impl Table {
    /// Adds what was measured on an engine.
    pub fn add(&mut self, engine: Engine, logical_bytes: u64, turns: Vec<Row>) {
        self.0.push((engine, logical_bytes, turns));
    }
}

/// The turns of one contender, the shortest first.
fn walls(turns: &[Row], contender: Contender) -> Vec<Duration> {
    let mut walls: Vec<Duration> =
        turns.iter().filter(|turn| turn.contender == contender).map(|turn| turn.spent.wall).collect();
    walls.sort_unstable();
    walls
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| engine | MB | | who | median s | least s | median ÷ reference | least ÷ reference | copy MB | copy ÷ data | memory MB |"
        )?;
        writeln!(f, "|---|---:|---|---|---:|---:|---:|---:|---:|---:|---:|")?;
        for (engine, logical, turns) in &self.0 {
            let mut told = Vec::new();
            for turn in turns {
                if told.contains(&turn.contender) {
                    continue;
                }
                told.push(turn.contender);
                line(f, *engine, *logical, turns, turn.contender)?;
            }
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, engine: Engine, logical: u64, turns: &[Row], who: Contender) -> fmt::Result {
    let (own, reference) = (walls(turns, who), walls(turns, who.reference(engine)));
    let at = |walls: &[Duration], place: usize| walls.get(place).copied().unwrap_or_default();
    let (median, least) = (at(&own, own.len() / 2), at(&own, 0));
    let of_this = || turns.iter().filter(|turn| turn.contender == who);
    let copy = match of_this().filter_map(|turn| turn.bytes).max() {
        Some(bytes) => format!("{:.0} | {:.3}", megabytes(bytes), megabytes(bytes) / megabytes(logical)),
        None => "|".to_owned(),
    };
    writeln!(
        f,
        "| {} | {:.0} | {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {copy} | {:.0} |",
        engine.name(),
        megabytes(logical),
        if who.is_back() { "restore" } else { "dump" },
        who.name(engine),
        median.as_secs_f64(),
        least.as_secs_f64(),
        median.div_duration_f64(at(&reference, reference.len() / 2)),
        least.div_duration_f64(at(&reference, 0)),
        megabytes(of_this().map(|turn| turn.spent.rss_bytes).max().unwrap_or_default()),
    )
}
