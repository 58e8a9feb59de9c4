//! Each way back of a published history gets the verdict that the engine's own client and dump come to.
//!
//! The check knows nothing of windlass: the client runs the files on a database of its own, and the dump program says what is
//! there before a migration and behind its way back; and the migration must be applicable once more.

use std::{collections::BTreeMap, fs, path::Path, process::Command, time::Instant};

use serde_json::Value;

use super::{
    history::{
        APALIS_MARIADB, APALIS_POSTGRES, APALIS_SQLITE, CALA_POSTGRES, FANG_MARIADB, FANG_POSTGRES, FANG_SQLITE, Files,
        History, LEMMY_POSTGRES, TORRUST_SQLITE, VOLUNTEERS_MARIADB, VOLUNTEERS_POSTGRES, VOLUNTEERS_SQLITE,
    },
    life::{list, text},
};
use crate::harness::{
    command_line::Windlass,
    database::{Database, fresh},
};

#[tokio::test]
async fn fang_on_postgresql() {
    let verdicts = must_agree(FANG_POSTGRES).await;
    assert_eq!(verdicts, ["proven", "partial"], "its second way back forgets an extension and a type");
}

#[tokio::test]
async fn fang_on_mariadb_and_sqlite() {
    assert_eq!(must_agree(FANG_MARIADB).await, ["proven"]);
    assert_eq!(must_agree(FANG_SQLITE).await, ["proven"]);
}

#[tokio::test]
async fn volunteers() {
    for history in [VOLUNTEERS_POSTGRES, VOLUNTEERS_MARIADB, VOLUNTEERS_SQLITE] {
        assert_eq!(must_agree(history).await, ["proven"; 3]);
    }
}

/// Goal: a history without a way back says so of each.
#[tokio::test]
async fn torrust_has_no_way_back() {
    assert!(must_agree(TORRUST_SQLITE).await.iter().all(|verdict| verdict == "none"));
}

#[tokio::test]
async fn apalis_and_cala_have_no_way_back() {
    for history in [APALIS_POSTGRES, APALIS_SQLITE, CALA_POSTGRES] {
        assert!(must_agree(history).await.iter().all(|verdict| verdict == "none"));
    }
}

/// Its files ask for a collation of MySQL's that only a MariaDB from 11.4 on has: where the client is refused, so is the rehearsal,
/// at the same file. `./test matrix` has servers of both that run all of it.
#[tokio::test]
async fn apalis_on_mysql_has_no_way_back() {
    let (target, client) = (fresh(APALIS_MARIADB.on).await, fresh(APALIS_MARIADB.on).await);
    let files = APALIS_MARIADB.files();
    let Some((ran, words)) = client.runs_all(files.iter().map(|files| files.up.as_path())) else {
        assert!(must_agree(APALIS_MARIADB).await.iter().all(|verdict| verdict == "none"));
        return;
    };
    let said = Windlass::on(&target, APALIS_MARIADB.catalog()).says("rehearse --history");
    let file = files[ran].up.file_name().and_then(|name| name.to_str()).expect("a name");
    assert_eq!(said.exit, 1, "{said:#?}");
    assert!(text(&said.failure, "/detail").contains(file), "{:#}, and not {words}", said.failure);
}

/// Goal: more than three hundred ways back, each with the right verdict, in less than ten minutes.
///
/// Run by `./test rehearsal`, on a server that can run all of them. Method: before the first migration comes the table that Diesel
/// makes for itself, for one of them asks for it.
#[tokio::test]
#[ignore = "takes minutes, and needs PostgreSQL 16: ./test rehearsal"]
async fn lemmy_from_its_first_migration_to_its_last() {
    let copy = tempfile::tempdir().expect("a folder");
    let copied = Command::new("cp").args(["-r", "--"]).arg(LEMMY_POSTGRES.catalog()).arg(copy.path()).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let catalog = copy.path().join("migrations");
    let first = catalog.join("0000-00-00-000001_diesel_table");
    fs::create_dir(&first).expect("a folder");
    let table = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
                 run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);\n";
    fs::write(first.join("up.sql"), table).expect("a script");
    fs::write(first.join("down.sql"), "DROP TABLE __diesel_schema_migrations;\n").expect("a script");

    let verdicts = must_agree_in(LEMMY_POSTGRES, &catalog, LEMMY_POSTGRES.migrations + 1).await;

    assert_eq!(verdicts.len(), LEMMY_POSTGRES.migrations + 1);
}

/// Rehearses a whole history, and compares each verdict with the check's; gives them.
async fn must_agree(history: History) -> Vec<String> {
    must_agree_in(history, &history.catalog(), history.migrations).await
}

/// The same of a copy, which may hold more.
async fn must_agree_in(history: History, catalog: &Path, migrations: usize) -> Vec<String> {
    let target = fresh(history.on).await;
    let begun = Instant::now();
    let said = Windlass::on(&target, catalog).says("rehearse --history");
    let took = begun.elapsed();
    let found = list(&said.result, "/result/migrations");
    assert_eq!(found.len(), migrations, "{:#}", said.failure);
    let verdicts: Vec<String> = found.iter().map(|one| text(one, "/verdict").to_owned()).collect();
    let all_proven = verdicts.iter().all(|verdict| verdict == "proven");
    assert_eq!((said.exit, &said.result["result"]["overall"]), (i32::from(!all_proven), &Value::Bool(all_proven)));

    let checked = checked(history, catalog).await;

    let files = history.files_in(catalog);
    let wrong: Vec<String> = (0..files.len())
        .filter(|place| verdicts[*place] != checked[*place].verdict)
        .map(|place| {
            let Checked { verdict, why } = &checked[place];
            let findings = serde_json::to_string_pretty(&found[place]["findings"]).expect("findings");
            format!("{}: {}, and not {verdict} ({why})\n{findings}", files[place].up.display(), verdicts[place])
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} are wrong: {}", wrong.len(), files.len(), wrong.join("\n"));
    let mut counts = BTreeMap::new();
    for verdict in &verdicts {
        *counts.entry(verdict.as_str()).or_insert(0) += 1;
    }
    eprintln!("{}: {counts:?}, rehearsed in {took:?}", catalog.display());
    verdicts
}

/// What the check comes to.
struct Checked {
    verdict: &'static str,
    why: String,
}

/// The same with the engine's own programs alone.
async fn checked(history: History, catalog: &Path) -> Vec<Checked> {
    let files = history.files_in(catalog);
    let mut database = fresh(history.on).await;
    let mut checked = Vec::new();
    for (place, Files { up, down }) in files.iter().enumerate() {
        let before = what_is_there(&database);
        must_run(&database, up);
        let after = what_is_there(&database);
        let Some(down) = down else {
            checked.push(Checked { verdict: "none", why: "there is no down script".to_owned() });
            continue;
        };
        let why = why_not(&database, up, down, &before);
        checked
            .push(Checked { verdict: if why.is_none() { "proven" } else { "partial" }, why: why.unwrap_or_default() });
        if what_is_there(&database) != after {
            database = fresh(history.on).await;
            files[..=place].iter().for_each(|files| must_run(&database, &files.up));
        }
    }
    checked
}

/// What speaks against a way back; nothing when it restores what was before, and the way up can be gone once more.
fn why_not(database: &Database, up: &Path, down: &Path, before: &[String]) -> Option<String> {
    if let Err(words) = database.runs(down) {
        return Some(words);
    }
    let restored = what_is_there(database);
    if restored != before {
        return Some(format!("behind the way back: {}", differing(before, &restored)));
    }
    database.runs(up).err()
}

fn must_run(database: &Database, file: &Path) {
    database.runs(file).unwrap_or_else(|words| panic!("{}: {words}", file.display()));
}

/// Everything in a database, as its dump has it, without what counters stand at.
fn what_is_there(database: &Database) -> Vec<String> {
    let words = database.in_its_own_words();
    let lines = words.lines().filter(|line| !line.contains("pg_catalog.setval(") && !line.is_empty());
    lines.map(without_counter).collect()
}

fn without_counter(line: &str) -> String {
    let Some((before, after)) = line.split_once(" AUTO_INCREMENT=") else { return line.to_owned() };
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}{rest}")
}

fn differing(then: &[String], now: &[String]) -> String {
    let only = |here: &[String], there: &[String]| -> Vec<String> {
        here.iter().filter(|line| !there.contains(line)).take(5).cloned().collect()
    };
    format!("gone {:?}, new {:?}", only(then, now), only(now, then))
}
