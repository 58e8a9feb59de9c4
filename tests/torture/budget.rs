//! How much is asked for: the bounded slice, or so many hours in all, or so many trials.

use std::time::Instant;

/// How long one engine's kill points take in the bounded slice.
const SLICE_S: f64 = 30.0;
/// Kill points of one engine that are about as much as a slice.
const SLICE_POINTS: f64 = 60.0;
/// What part of the time each test gets, where all of them run.
const SHARES: [(&str, f64); 13] = [
    ("kill_points::sqlite", 15.0),
    ("kill_points::postgres", 20.0),
    ("kill_points::mariadb", 20.0),
    ("restores::sqlite", 2.0),
    ("restores::postgres", 4.0),
    ("restores::mariadb", 4.0),
    ("schedules::sqlite", 5.0),
    ("schedules::postgres", 10.0),
    ("schedules::mariadb", 10.0),
    ("ghosts::postgres", 3.0),
    ("ghosts::mariadb", 3.0),
    ("servers::postgres", 7.0),
    ("servers::mariadb", 7.0),
];

/// Kill points for which there is a schedule: 2 000 of each engine bring 1 002 schedules on all three.
const POINTS_A_SCHEDULE: f64 = 6.0;

/// A number in the environment.
///
/// # Panics
/// What is no number above zero is not taken for one that was not given.
pub fn given(name: &str) -> Option<f64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    Some(number.unwrap_or_else(|| panic!("{name} is {text:?}, and must be a number above 0")))
}

/// What one test may use.
pub struct Budget {
    pub begun: Instant,
    seconds: f64,
    points: f64,
}

impl Budget {
    /// As `WINDLASS_TORTURE_HOURS` (in all) or `WINDLASS_TORTURE_POINTS` (of each engine) say; else the bounded slice.
    pub fn of(test: &str) -> Self {
        let points = given("WINDLASS_TORTURE_POINTS");
        let seconds = match given("WINDLASS_TORTURE_HOURS") {
            Some(hours) => hours * 3600.0 * share(test),
            // So many take as long as they take.
            None if points.is_some() || given("WINDLASS_TORTURE_SCHEDULES").is_some() => f64::INFINITY,
            None => SLICE_S,
        };
        Self { begun: Instant::now(), seconds, points: points.unwrap_or(f64::INFINITY) }
    }

    /// How many trials there are of what has so many in the bounded slice.
    pub fn scaled(&self, in_a_slice: u32) -> u32 {
        let times = (self.points / SLICE_POINTS).min(self.seconds / SLICE_S).max(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number, not below one")]
        let scaled = (f64::from(in_a_slice) * times) as u32;
        scaled
    }

    /// How many schedules there are: as many as were asked for, or a sixth of the points, or those of the bounded slice.
    pub fn schedules(&self, in_a_slice: u32) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number, not below one")]
        let whole = |number: f64| number.ceil().max(1.0) as u32;
        match given("WINDLASS_TORTURE_SCHEDULES") {
            Some(schedules) => whole(schedules),
            None if self.points.is_finite() => whole(self.points / POINTS_A_SCHEDULE),
            None => self.scaled(in_a_slice),
        }
    }

    /// Whether the time is over, or the points.
    pub fn is_over(&self, trials: u32) -> bool {
        f64::from(trials) >= self.points || self.is_late()
    }

    pub fn is_late(&self) -> bool {
        self.begun.elapsed().as_secs_f64() >= self.seconds
    }
}

/// What part of the whole time a test may run, beside those that run with it: the processors are shared out among them.
fn share(test: &str) -> f64 {
    let filters: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_run = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    let all: f64 = SHARES.iter().filter(|(name, _)| is_run(name)).map(|(_, share)| share).sum();
    let own = SHARES.iter().find(|(name, _)| *name == test).map_or(0.0, |(_, share)| *share);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (own / all.max(own) * f64::from(u32::try_from(threads).unwrap_or(1))).min(1.0)
}
