//! A backfill of many rows that is killed again and again: each row is changed once.
//!
//! `./test torture backfill --rows 10000000 --kills 20`

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use tokio::time::sleep;

use crate::{
    budget::given,
    chance::{Chance, seed},
    database::On,
    eye::Eye,
    place::Place,
    program::{Begun, With, word},
    total,
    truth::left_behind,
};

/// Rows and kills, where nobody says how many.
const ROWS: f64 = 60_000.0;
const KILLS: f64 = 5.0;
/// Rows that are not doubled any more to make so many.
const FIRST_ROWS: u64 = 1_000;
/// Below so many rows a limit and small batches see to it that a kill meets it in the middle.
const UNLIMITED_ROWS: u64 = 1_000_000;
/// How long a batch should take then, in milliseconds.
const SMALL_BATCH_MS: &str = "5";
/// How long the rows between two kills take under that limit.
const BETWEEN_MS: u64 = 350;
/// The time between two looks at how far it is.
const LOOK_MS: u64 = 10;
/// How long after the look it is killed, at most.
const LATE_MS_MAX: usize = 80;
/// Longer than the last run takes, whatever there are of rows.
const PATIENCE: Duration = Duration::from_hours(6);

const TABLE: &str = "CREATE TABLE cargo (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, note VARCHAR(40) NOT NULL);";
const COUNTING: &str =
    "-- windlass:backfill table=cargo key=id\nUPDATE cargo SET n = n + 1 WHERE id > :after AND id <= :upto;\n";

#[tokio::test]
async fn sqlite() {
    of(On::Sqlite).await;
}

#[tokio::test]
async fn postgres() {
    of(On::Postgres).await;
}

#[tokio::test]
async fn mariadb() {
    of(On::MariaDb).await;
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers above 0")]
async fn of(on: On) {
    let rows = given("WINDLASS_TORTURE_ROWS").unwrap_or(ROWS) as u64;
    let kills = given("WINDLASS_TORTURE_KILLS").unwrap_or(KILLS) as u64;
    let catalog = tempfile::tempdir().expect("a folder");
    add(catalog.path(), "v1.0.0_01_cargo", &[("up.sql", TABLE)]);
    let place = Place::empty(on, catalog.path().to_owned()).await;
    place.does(&["up"]).await;
    filled(&place, rows).await;
    add(catalog.path(), "v1.1.0_01_counted", &[("up.sql", "SELECT 1;"), ("backfill.sql", COUNTING)]);

    let (seed, begun) = (seed(), Instant::now());
    let (mut chance, mut killed) = (Chance::of(seed), 0);
    let limit = if rows < UNLIMITED_ROWS { (rows * 1_000 / (kills + 1) / BETWEEN_MS).max(1) } else { 0 };
    for nth in 1..=kills {
        let run = begins(&place, limit);
        killed += u64::from(is_killed_at(&place, run, rows * nth / (kills + 1), &mut chance).await);
    }
    let last = begins(&place, 0).ended_within(PATIENCE).await;
    let took = begun.elapsed().as_secs();

    assert_eq!(last.exit, Some(0), "the last run on {on:?}: {}", last.stderr);
    assert!(killed > kills / 2, "only {killed} of {kills} kills met it at work");
    let mut eye = Eye::on(&place.database).await;
    let mut rows_now = Vec::new();
    for what in ["COUNT(*)", "SUM(n)", "MIN(n)", "MAX(n)"] {
        rows_now.push(eye.number(&format!("SELECT {what} FROM cargo")).await.cast_unsigned());
    }
    assert_eq!(
        rows_now,
        [rows, rows, 1, 1],
        "each row is changed once on {on:?}, seed {seed}: count, sum, least, most"
    );
    drop(eye);
    assert_eq!(left_behind(&place).await, None, "on {on:?}");
    total::note(format!("backfill on {}: {rows} rows, {killed} kills, each row changed once, {took} s", word(on)));
    place.gone().await;
}

fn add(catalog: &Path, name: &str, files: &[(&str, &str)]) {
    let folder = catalog.join(name);
    fs::create_dir_all(&folder).expect("a folder");
    for (file, text) in files {
        fs::write(folder.join(file), text).expect("a script");
    }
}

/// So many rows, by doubling those that are there.
async fn filled(place: &Place, rows: u64) {
    let mut eye = Eye::on(&place.database).await;
    let first: Vec<String> = (1..=rows.min(FIRST_ROWS)).map(|id| format!("({id}, 0, 'a row as others are')")).collect();
    eye.run(&format!("INSERT INTO cargo VALUES {}", first.join(", "))).await;
    let mut there = rows.min(FIRST_ROWS);
    while there < rows {
        let more = there.min(rows - there);
        eye.run(&format!("INSERT INTO cargo SELECT id + {there}, n, note FROM cargo WHERE id <= {more}")).await;
        there += more;
    }
}

fn begins(place: &Place, limit: u64) -> Begun {
    let rows = limit.to_string();
    let with =
        [("WINDLASS__BACKFILL__MAX_ROWS_PER_SECOND", rows.as_str()), ("WINDLASS__BACKFILL__TARGET_MS", SMALL_BATCH_MS)];
    place.begin_with(&["up"], With::default(), if limit > 0 { &with } else { &[] })
}

/// Kills the run a moment after so many rows are done; whether it still ran.
async fn is_killed_at(place: &Place, mut run: Begun, wanted: u64, chance: &mut Chance) -> bool {
    let mut eye = Eye::on(&place.database).await;
    let wanted = i64::try_from(wanted).expect("a number of rows");
    while run.is_stopped().is_some() {
        if eye.number("SELECT COALESCE(MAX(rows_done), 0) FROM windlass_backfill").await >= wanted {
            break;
        }
        sleep(Duration::from_millis(LOOK_MS)).await;
    }
    drop(eye);
    sleep(Duration::from_millis(chance.below(LATE_MS_MAX) as u64)).await;
    let is_at_work = run.is_stopped().is_some();
    run.send(Signal::SIGKILL);
    run.ended().await;
    is_at_work
}
