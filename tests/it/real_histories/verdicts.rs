//! Each way back of a published history gets the verdict that the engine's own client and dump come to.
//!
//! The check knows nothing of windlass: the client runs the files on a database of its own, and the dump program says what is
//! there before a migration and behind its way back; and the migration must be applicable once more.

use std::{collections::BTreeMap, path::Path, time::Instant};

use serde_json::Value;

use super::{
    history::{
        FANG_MARIADB, FANG_POSTGRES, FANG_SQLITE, Files, History, LEMMY_POSTGRES, TORRUST_SQLITE, VOLUNTEERS_MARIADB,
        VOLUNTEERS_POSTGRES, VOLUNTEERS_SQLITE,
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

/// Goal: more than three hundred ways back, each with the right verdict, in less than ten minutes.
///
/// Run by `./test rehearsal`, on a server that can run all of them.
#[tokio::test]
#[ignore = "takes minutes, and needs PostgreSQL 16: ./test rehearsal"]
async fn lemmy_from_its_first_migration_to_its_last() {
    let verdicts = must_agree(LEMMY_POSTGRES).await;
    assert_eq!(verdicts.len(), LEMMY_POSTGRES.migrations);
}

/// Rehearses a whole history, and compares each verdict with the check's; gives them.
async fn must_agree(history: History) -> Vec<String> {
    let target = fresh(history.on).await;
    let begun = Instant::now();
    let said = Windlass::on(&target, history.catalog()).says("rehearse --history");
    let took = begun.elapsed();
    let found = list(&said.result, "/result/migrations");
    assert_eq!(found.len(), history.migrations, "{:#}", said.failure);
    let verdicts: Vec<String> = found.iter().map(|one| text(one, "/verdict").to_owned()).collect();
    let all_proven = verdicts.iter().all(|verdict| verdict == "proven");
    assert_eq!((said.exit, &said.result["result"]["overall"]), (i32::from(!all_proven), &Value::Bool(all_proven)));

    let checked = checked(history).await;

    let files = history.files();
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
    eprintln!("{}: {counts:?}, rehearsed in {took:?}", history.catalog().display());
    verdicts
}

/// What the check comes to.
struct Checked {
    verdict: &'static str,
    why: String,
}

/// The same with the engine's own programs alone.
async fn checked(history: History) -> Vec<Checked> {
    let files = history.files();
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
