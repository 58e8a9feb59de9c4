//! The result, as a Markdown table.

use std::{
    fmt::{self, Display},
    time::Duration,
};

use super::{Contender, Load, service::Memory};

/// What one turn of a contender came to.
pub struct Row {
    pub contender: Contender,
    /// From its start to its first answer, whatever it says.
    pub first: Duration,
    /// From its start to its first good answer.
    pub first_good: Duration,
    /// Once nothing is to be done.
    pub idle: Memory,
    /// Each load, with the processor's time that it cost the service.
    pub loads: Vec<(Load, Duration)>,
    /// Behind the last load.
    pub loaded: Memory,
}

/// Everything that was compared.
#[derive(Default)]
pub struct Table(Vec<Row>);

impl Table {
    /// Adds a turn.
    pub fn add(&mut self, row: Row) {
        self.0.push(row);
    }

    /// The middle one of what the contender's turns came to.
    fn median(&self, contender: Contender, of: impl Fn(&Row) -> f64) -> f64 {
        let mut all: Vec<f64> = self.0.iter().filter(|row| row.contender == contender).map(of).collect();
        all.sort_unstable_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or_default()
    }
}

impl Display for Table {
    #[expect(clippy::cast_precision_loss, reason = "megabytes with one digit")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loads = self.0.first().map_or(0, |row| row.loads.len());
        writeln!(f, "| who | connections | answers/s | ÷ floor | CPU µs/answer | ÷ floor |")?;
        writeln!(f, "|---|---:|---:|---:|---:|---:|")?;
        for at in 0..loads {
            let connections = self.0[0].loads[at].0.connections;
            let rate = |contender| self.median(contender, |row| row.loads[at].0.rate());
            let share = |contender| self.median(contender, |row| row.loads[at].0.share_us(row.loads[at].1));
            for contender in Contender::ALL {
                writeln!(
                    f,
                    "| {} | {connections} | {:.0} | {:.2} | {:.1} | {:.2} |",
                    contender.name(),
                    rate(contender),
                    rate(contender) / rate(Contender::Bare),
                    share(contender),
                    share(contender) / share(Contender::Bare),
                )?;
            }
        }
        writeln!(
            f,
            "\n| who | first answer ms | ÷ floor | first good answer ms | ÷ floor | idle MB | own MB | behind the loads MB | own MB |"
        )?;
        writeln!(f, "|---|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        let first = |contender| self.median(contender, |row| row.first.as_secs_f64() * 1e3);
        let first_good = |contender| self.median(contender, |row| row.first_good.as_secs_f64() * 1e3);
        let megabytes = |contender, of: fn(&Row) -> u64| self.median(contender, |row| of(row) as f64 / 1e6);
        for contender in Contender::ALL {
            writeln!(
                f,
                "| {} | {:.1} | {:.2} | {:.1} | {:.2} | {:.1} | {:.1} | {:.1} | {:.1} |",
                contender.name(),
                first(contender),
                first(contender) / first(Contender::Bare),
                first_good(contender),
                first_good(contender) / first_good(Contender::Bare),
                megabytes(contender, |row| row.idle.resident),
                megabytes(contender, |row| row.idle.own),
                megabytes(contender, |row| row.loaded.resident),
                megabytes(contender, |row| row.loaded.own),
            )?;
        }
        Ok(())
    }
}
