//! What is so, asked with SQL of this program's own.

use std::{fs::File, path::Path, time::Duration};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::time::sleep;

use crate::{
    database::{Database, On},
    eye::Eye,
    place::Place,
    program::With,
};

/// How often, and how long apart, a lock that is just being let go is looked at.
const LOOKS_MAX: u32 = 200;
const LOOK_MS: u64 = 10;

/// How the lines begin that differ from run to run.
const OWN_RULES: [&str; 3] = ["row of posts:", "row of effects:", "CREATE TABLE `effects`"];

/// What is so in a target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Truth {
    /// The application's schema and rows, one line each.
    pub everything: Vec<String>,
    /// The history: number, version, name, whether it succeeded.
    pub history: Vec<String>,
    /// Each change of version, in order.
    pub versions: Vec<String>,
    /// Statements that the journal holds as begun.
    pub in_flight: i64,
    /// The names of the migrations in the history.
    pub applied: Vec<String>,
    pub epoch: i64,
}

impl Truth {
    pub async fn of(place: &Place) -> Self {
        Self::of_database(&place.database).await
    }

    pub async fn of_database(database: &Database) -> Self {
        let mut eye = Eye::on(database).await;
        let mut truth = Self { everything: everything(&mut eye).await, ..Self::default() };
        if eye.tables().await.iter().any(|table| table == "windlass_lock") {
            let text = if database.on == On::MariaDb { "CHAR" } else { "TEXT" };
            let number = |column: &str| format!("CAST({column} AS {text})");
            let (n, success) = (number("migration_number"), number("success"));
            truth.history = eye
                .texts(&format!(
                    "SELECT {n}, version, name, {success} FROM migration_history ORDER BY migration_number"
                ))
                .await;
            truth.versions = eye.texts(&format!("SELECT {n}, version, name FROM schema_version ORDER BY id")).await;
            truth.applied =
                eye.texts("SELECT name FROM migration_history WHERE name IS NOT NULL ORDER BY migration_number").await;
            truth.in_flight = eye.number("SELECT COUNT(*) FROM windlass_journal WHERE statement > 0").await;
            truth.epoch = eye.number("SELECT COALESCE(MAX(epoch), 0) FROM windlass_lock WHERE id = 1").await;
        }
        close(eye).await;
        truth
    }

    /// Where this differs from what an undisturbed run leaves; the epoch may be any.
    pub fn against(&self, golden: &Self) -> Option<String> {
        let differs = |what: &str, now: &[String], then: &[String]| {
            let only = |here: &[String], there: &[String]| -> Vec<String> {
                here.iter().filter(|line| !there.contains(line)).cloned().collect()
            };
            (now != then).then(|| {
                format!(
                    "{what} differs: new {:?}, gone {:?}, {} not {} lines",
                    only(now, then),
                    only(then, now),
                    now.len(),
                    then.len()
                )
            })
        };
        differs("what the application has", &self.everything, &golden.everything)
            .or_else(|| differs("the history", &self.history, &golden.history))
            .or_else(|| differs("the versions", &self.versions, &golden.versions))
            .or_else(|| (self.in_flight != 0).then(|| format!("{} statements are in flight", self.in_flight)))
    }
}

/// What the application has, its triggers and routines among it. Not the rows that it writes meanwhile, and those of which
/// each run has its own: they have rules of their own.
async fn everything(eye: &mut Eye) -> Vec<String> {
    let mut all = eye.everything().await;
    let more: &[&str] = match eye {
        Eye::Sqlite(_) => &[],
        Eye::Postgres(_) => &[
            "SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
            "SELECT 'routine ' || pg_get_functiondef(p.oid) FROM pg_proc p LEFT JOIN pg_depend d ON d.objid = p.oid \
             AND d.deptype = 'e' WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p') AND d.objid IS NULL",
        ],
        Eye::MariaDb(_) => &[
            "SELECT CONCAT('trigger ', trigger_name, ' ', action_timing, ' ', event_manipulation, ' ', event_object_table, \
             ' ', CAST(action_statement AS CHAR)) FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
            "SELECT CONCAT('routine ', routine_type, ' ', routine_name, ' ', CAST(routine_definition AS CHAR)) \
             FROM information_schema.routines WHERE routine_schema = DATABASE()",
        ],
    };
    for sql in more {
        all.extend(eye.texts(sql).await);
    }
    all.retain(|line| !OWN_RULES.iter().any(|beginning| line.starts_with(beginning)));
    all.sort();
    all
}

async fn close(eye: Eye) {
    let _ = match eye {
        Eye::Sqlite(connection) => connection.close().await,
        Eye::Postgres(connection) => connection.close().await,
        Eye::MariaDb(connection) => connection.close().await,
    };
}

/// What is left behind although all is over: a lock, a holder, a job that is still open, epochs that fall, files on their way.
pub async fn left_behind(place: &Place) -> Option<String> {
    if let Some(held) = lock_is_held(&place.database).await {
        return Some(held);
    }
    let mut eye = Eye::on(&place.database).await;
    let found = in_our_tables(&mut eye).await;
    close(eye).await;
    let folder = place.database.folder.path();
    match found {
        Some(found) => Some(found),
        None => open_jobs(place).await.or_else(|| files_on_their_way(folder)),
    }
}

async fn in_our_tables(eye: &mut Eye) -> Option<String> {
    let tables = eye.tables().await;
    if !tables.iter().any(|table| table == "effects") {
        return None;
    }
    // Each was written in the transaction of what it tells of, and nobody ever removes one: in their order, epochs never fall.
    let falling = "SELECT COUNT(*) FROM effects a JOIN effects b ON a.seq < b.seq AND a.epoch > b.epoch";
    let falling = eye.number(falling).await;
    (falling != 0).then(|| format!("{falling} times an effect came under a lower epoch than one before it"))
}

/// A process that has just ended may have a session for a moment yet.
async fn lock_is_held(database: &Database) -> Option<String> {
    for _ in 0..LOOKS_MAX {
        if !is_held(database).await {
            return None;
        }
        sleep(Duration::from_millis(LOOK_MS)).await;
    }
    Some("the target's lock is held by nobody".to_owned())
}

async fn is_held(database: &Database) -> bool {
    let sql = match database.on {
        On::Sqlite => {
            let path = format!("{}.windlass-lock", database.url.trim_start_matches("sqlite:"));
            return File::open(path).is_ok_and(|file| file.try_lock().is_err());
        }
        On::Postgres => {
            "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
             (SELECT oid FROM pg_database WHERE datname = current_database())"
        }
        On::MariaDb => {
            "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        }
    };
    let mut eye = Eye::on(database).await;
    let held = eye.number(sql).await > 0;
    close(eye).await;
    held
}

/// A job whose process died when all was done is found by whoever asks.
async fn open_jobs(place: &Place) -> Option<String> {
    let store = place.database.folder.path().join("windlass.db");
    if !store.exists() || number_of_open_jobs(&store).await == 0 {
        return None;
    }
    let said = place.run(&["status"], With::default()).await;
    let open = number_of_open_jobs(&store).await;
    (open != 0 || said.exit != Some(0)).then(|| format!("{open} jobs are open although nothing runs: {}", said.stderr))
}

async fn number_of_open_jobs(store: &Path) -> i64 {
    let options = SqliteConnectOptions::new().filename(store).busy_timeout(Duration::from_secs(30));
    let mut store = SqliteConnection::connect_with(&options).await.expect("the control store");
    let open = "SELECT COUNT(*) FROM job WHERE state IN ('queued', 'running', 'pausing')";
    let open: i64 = sqlx::query_scalar(open).fetch_one(&mut store).await.expect("the jobs");
    let _ = store.close().await;
    open
}

fn files_on_their_way(folder: &Path) -> Option<String> {
    let names = std::fs::read_dir(folder.join("snapshots")).into_iter().flatten().flatten();
    let mut names = names.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .find(|name| name.split('.').any(|part| part == "part") || name.starts_with(".scratch-"))
        .map(|name| format!("{name} was left"))
}
