//! What came of all trials of this run, as a table that can be pasted; written anew after each test, so that the last one
//! tells of them all.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::{
    database::On,
    program::ENGINES,
    tally::{Count, Tally, bound},
};

#[derive(Default)]
struct Total {
    of: BTreeMap<String, [Count; ENGINES.len()]>,
    seed: Option<u64>,
    begun: Option<Instant>,
    acknowledged: usize,
    /// What was left out, and missed.
    missed: Vec<String>,
    notes: Vec<String>,
}

static TOTAL: Mutex<Option<Total>> = Mutex::new(None);

fn with(change: impl FnOnce(&mut Total)) {
    let mut total = TOTAL.lock().unwrap_or_else(PoisonError::into_inner);
    let total = total.get_or_insert_with(Total::default);
    change(total);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("torture.md");
    fs::write(&path, total.told()).expect("the table");
}

/// Adds what one test has tried on an engine since `begun`.
pub fn add(on: On, tally: &Tally, seed: u64, begun: Instant) {
    with(|total| {
        total.seed = Some(seed);
        total.begun = Some(total.begun.map_or(begun, |first| first.min(begun)));
        let column = ENGINES.iter().position(|one| *one == on).expect("an engine");
        for (fault, count) in tally.of_faults() {
            total.of.entry(fault.to_owned()).or_default()[column].add(count);
        }
    });
}

/// Adds rows that the application knew were kept, in a trial that looked for them at its end.
pub fn acknowledged(rows: usize) {
    with(|total| total.acknowledged += rows);
}

/// Adds a guarantee that was left out, and missed.
pub fn missed(guarantee: String) {
    with(|total| total.missed.push(guarantee));
}

/// Adds a line below the table.
pub fn note(line: String) {
    eprintln!("torture: {line}");
    with(|total| total.notes.push(line));
}

impl Total {
    fn told(&self) -> String {
        let mut text = if self.of.is_empty() { String::new() } else { self.table() };
        let missed = format!("left out, and missed as it must be: {}", self.missed.join("; "));
        for note in self.notes.iter().chain((!self.missed.is_empty()).then_some(&missed)) {
            let _ = write!(text, "\n- {note}");
        }
        text.trim().to_owned() + "\n"
    }

    fn table(&self) -> String {
        let mut text = "| fault | SQLite | PostgreSQL | MariaDB | all |\n|---|---:|---:|---:|---:|\n".to_owned();
        let mut sums = [Count::default(); ENGINES.len() + 1];
        for (fault, counts) in &self.of {
            let mut all = Count::default();
            for count in counts {
                all.add(*count);
            }
            let cells: Vec<String> = counts.iter().chain([&all]).map(|count| number(count.trials())).collect();
            let _ = writeln!(text, "| {fault} | {} |", cells.join(" | "));
            for (sum, count) in sums.iter_mut().zip(counts.iter().chain([&all])) {
                sum.add(*count);
            }
        }
        let row = |what: &str, of: &dyn Fn(&Count) -> String| {
            format!("| {what} | {} |\n", sums.iter().map(of).collect::<Vec<_>>().join(" | "))
        };
        text += &row("**trials**", &|sum| format!("**{}**", number(sum.trials())));
        text += &row("**broken promises**", &|sum| format!("**{}**", sum.broken));
        text += &row("true rate with 95 % confidence", &|sum| bound(sum));
        text + &self.remarks(&sums[ENGINES.len()])
    }

    fn remarks(&self, sum: &Count) -> String {
        let seconds = self.begun.map_or(0, |begun| begun.elapsed().as_secs());
        let seed = self.seed.map_or_else(String::new, |seed| format!("Seed {seed}; "));
        let rows = u32::try_from(self.acknowledged).unwrap_or(u32::MAX);
        format!(
            "\n{seed}{} min. {} more trials never came to their fault, or lost their server, and are not counted. The application \
             was told of {} rows that they are kept.\n",
            seconds.div_ceil(60),
            number(sum.not_reached),
            number(rows)
        )
    }
}

/// With a comma between thousands.
fn number(number: u32) -> String {
    let digits = number.to_string();
    let commas = |(at, digit): (usize, char)| {
        let is_first_of_three = at > 0 && (digits.len() - at).is_multiple_of(3);
        if is_first_of_three { format!(",{digit}") } else { String::from(digit) }
    };
    digits.chars().enumerate().map(commas).collect()
}
