//! An application that writes all the while, and keeps to itself what it was told is kept: no row of it may be lost, none may
//! be made up, and none may be changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{Connection, MySqlConnection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{database::On, eye::Eye, place::Place, scenario::Scenario, total, trial::Verdict};

/// The time between two of its rows.
const PAUSE_MS: u64 = 8;
/// How long it waits for an answer before it connects anew.
const PATIENCE_MS: u64 = 1_500;
/// How long SQLite lets it wait.
const BUSY_MS: u64 = 400;
/// Its first row in a trial; before stand those of the state that the trial begins from.
const FIRST: i64 = 1_000;

/// The application, while it works.
pub struct Application(Option<(Arc<AtomicBool>, JoinHandle<Wrote>)>);

/// What it wrote, as far as it knows.
#[derive(Debug, Default)]
pub struct Wrote {
    attempted: BTreeSet<i64>,
    acknowledged: BTreeSet<i64>,
}

fn body(id: i64) -> String {
    format!("post {id} of the application")
}

fn insert(id: i64) -> String {
    format!("INSERT INTO posts (id, body) VALUES ({id}, '{}')", body(id))
}

/// One row that everybody sees before a trial, where the table is there.
pub async fn writes_before(place: &Place) {
    let mut eye = Eye::on(&place.database).await;
    if eye.tables().await.iter().any(|table| table == "posts") {
        let next = eye.number("SELECT COALESCE(MAX(id), 0) + 1 FROM posts").await;
        eye.run(&insert(next)).await;
    }
}

/// The rows that are there.
pub async fn rows(eye: &mut Eye) -> BTreeMap<i64, String> {
    let text = if matches!(eye, Eye::MariaDb(_)) { "CHAR" } else { "TEXT" };
    let rows = eye.texts(&format!("SELECT CAST(id AS {text}), body FROM posts")).await;
    rows.iter()
        .filter_map(|row| row.split_once(' '))
        .map(|(id, body)| (id.parse().expect("a number"), body.to_owned()))
        .collect()
}

impl Application {
    /// Begins to write, where the scenario has its table.
    pub fn begins(scenario: &Scenario, place: &Place) -> Self {
        if !scenario.has_an_application() {
            return Self(None);
        }
        let must_end = Arc::new(AtomicBool::new(false));
        let (ends, on, url) = (must_end.clone(), place.database.on, place.database.url.clone());
        Self(Some((must_end, tokio::spawn(writes(on, url, ends)))))
    }

    /// Ends, and tells what it wrote.
    pub async fn ends(self) -> Wrote {
        let Some((must_end, task)) = self.0 else { return Wrote::default() };
        must_end.store(true, Ordering::SeqCst);
        task.await.expect("the application")
    }
}

async fn writes(on: On, url: String, must_end: Arc<AtomicBool>) -> Wrote {
    let mut wrote = Wrote::default();
    let mut line = None;
    for id in FIRST.. {
        if must_end.load(Ordering::SeqCst) {
            break;
        }
        sleep(Duration::from_millis(PAUSE_MS)).await;
        if line.is_none() {
            line = connected(on, &url).await;
        }
        let Some(eye) = &mut line else { continue };
        wrote.attempted.insert(id);
        match timeout(Duration::from_millis(PATIENCE_MS), eye.try_run(&insert(id))).await {
            Ok(Ok(())) => drop(wrote.acknowledged.insert(id)),
            // No table yet, or a lock. A session that was ended says so once, and is gone at the next row.
            Ok(Err(sqlx::Error::Database(_))) => {}
            _ => line = None,
        }
    }
    wrote
}

/// As the application of a database that may be away.
async fn connected(on: On, url: &str) -> Option<Eye> {
    let connecting = async {
        match on {
            On::Sqlite => {
                let options = SqliteConnectOptions::new().filename(url.trim_start_matches("sqlite:"));
                let options = options.busy_timeout(Duration::from_millis(BUSY_MS));
                SqliteConnection::connect_with(&options).await.map(Eye::Sqlite)
            }
            On::Postgres => PgConnection::connect(url).await.map(Eye::Postgres),
            On::MariaDb => MySqlConnection::connect(url).await.map(Eye::MariaDb),
        }
    };
    timeout(Duration::from_millis(PATIENCE_MS), connecting).await.ok()?.ok()
}

impl Wrote {
    /// The verdict on a trial, with what became of its rows.
    pub async fn judged(&self, scenario: &Scenario, place: &Place, verdict: Verdict) -> Verdict {
        if !scenario.has_an_application() || matches!(verdict, Verdict::Broken(_)) {
            return verdict;
        }
        total::acknowledged(self.acknowledged.len());
        let mut eye = Eye::on(&place.database).await;
        let found = rows(&mut eye).await;
        self.against(scenario, &found).map_or(verdict, Verdict::Broken)
    }

    /// What is kept is between what it was told is kept and what it tried. A restore leads back to the snapshot, and with it
    /// whatever was written since.
    fn against(&self, scenario: &Scenario, found: &BTreeMap<i64, String>) -> Option<String> {
        let there = |id: &i64| found.contains_key(id);
        let mut must_be: Vec<i64> = scenario.posts.iter().copied().collect();
        if !scenario.leads_back() {
            must_be.extend(&self.acknowledged);
        }
        let lost: Vec<i64> = must_be.into_iter().filter(|id| !there(id)).collect();
        let may_be = |id: &&i64| scenario.posts.contains(*id) || self.attempted.contains(*id);
        let made_up: Vec<i64> = found.keys().filter(|id| !may_be(id)).copied().collect();
        let changed: Vec<&String> =
            found.iter().filter(|(id, told)| body(**id) != **told).map(|(_, told)| told).collect();
        let is_whole = lost.is_empty() && made_up.is_empty() && changed.is_empty();
        (!is_whole).then(|| {
            format!(
                "of {} rows that the application knows are kept, {lost:?} are lost; {made_up:?} are made up, {changed:?} changed",
                self.acknowledged.len()
            )
        })
    }
}
