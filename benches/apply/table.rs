//! The result, as a Markdown table.

use std::{
    fmt::{self, Display},
    time::Duration,
};

use super::{Engine, measure::Spent};

/// What a contender needed.
pub struct Row {
    who: &'static str,
    median: Duration,
    least: Duration,
    rss_bytes: u64,
}

impl Row {
    /// Of all its turns.
    pub fn of(who: &'static str, spent: Vec<Spent>) -> Self {
        let rss_bytes = spent.iter().map(|spent| spent.rss_bytes).max().unwrap_or_default();
        let mut walls: Vec<Duration> = spent.into_iter().map(|spent| spent.wall).collect();
        walls.sort_unstable();
        let at = |place: usize| walls.get(place).copied().unwrap_or_default();
        Self { who, median: at(walls.len() / 2), least: at(0), rss_bytes }
    }
}

/// Everything that was compared.
#[derive(Default)]
pub struct Table(Vec<(Engine, usize, &'static str, Vec<Row>)>);

impl Table {
    /// Adds a comparison; its first row is the floor.
    pub fn add(&mut self, engine: Engine, size: usize, what: &'static str, rows: Vec<Row>) {
        self.0.push((engine, size, what, rows));
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| engine | migrations | | who | median ms | least ms | median ÷ floor | least ÷ floor | memory MB |"
        )?;
        writeln!(f, "|---|---:|---|---|---:|---:|---:|---:|---:|")?;
        for (engine, size, what, rows) in &self.0 {
            let Some(floor) = rows.first() else { continue };
            for Row { who, median, least, rss_bytes } in rows {
                #[expect(clippy::cast_precision_loss, reason = "for people")]
                let memory = *rss_bytes as f64 / 1e6;
                writeln!(
                    f,
                    "| {} | {size} | {what} | {who} | {:.1} | {:.1} | {:.2} | {:.2} | {memory:.1} |",
                    engine.name(),
                    median.as_secs_f64() * 1e3,
                    least.as_secs_f64() * 1e3,
                    median.div_duration_f64(floor.median),
                    least.div_duration_f64(floor.least),
                )?;
            }
        }
        Ok(())
    }
}
