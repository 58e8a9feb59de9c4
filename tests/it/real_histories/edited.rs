//! Edits of every applied migration of a published history: those that mean nothing pass, and of the others each is named.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use super::{
    history::{
        APALIS_POSTGRES, APALIS_SQLITE, ATUIN_POSTGRES, CALA_POSTGRES, FANG_MARIADB, FANG_POSTGRES, FANG_SQLITE,
        History, LEMMY_POSTGRES, MATRIX_CRYPTO, MATRIX_EVENTS, MATRIX_MEDIA, MATRIX_STATE, TORRUST_MARIADB,
        TORRUST_SQLITE, VOLUNTEERS_MARIADB, VOLUNTEERS_POSTGRES, VOLUNTEERS_SQLITE,
    },
    life::{list, text},
};
use crate::harness::{command_line::Windlass, database::fresh};

/// How far the history of Lemmy goes on a PostgreSQL before 16.
const LEMMY_MAX: usize = 247;

#[tokio::test]
async fn on_postgresql() {
    for history in [ATUIN_POSTGRES, APALIS_POSTGRES, CALA_POSTGRES, FANG_POSTGRES, VOLUNTEERS_POSTGRES] {
        edits_of(history).await;
    }
}

#[tokio::test]
async fn of_lemmy_on_postgresql() {
    edits_of(LEMMY_POSTGRES).await;
}

#[tokio::test]
async fn on_mariadb() {
    for history in [TORRUST_MARIADB, FANG_MARIADB, VOLUNTEERS_MARIADB] {
        edits_of(history).await;
    }
}

#[tokio::test]
async fn on_sqlite() {
    let all = [TORRUST_SQLITE, APALIS_SQLITE, FANG_SQLITE, VOLUNTEERS_SQLITE];
    for history in all.into_iter().chain([MATRIX_CRYPTO, MATRIX_EVENTS, MATRIX_MEDIA, MATRIX_STATE]) {
        edits_of(history).await;
    }
}

async fn edits_of(history: History) {
    let (target, copy) = (fresh(history.on).await, tempfile::tempdir().expect("a folder"));
    let copied = Command::new("cp").args(["-rT", "--"]).arg(history.catalog()).arg(copy.path()).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let mut files = history.files_in(copy.path());
    for beyond in files.split_off(files.len().min(LEMMY_MAX)) {
        let place = beyond.up.parent().filter(|folder| *folder != copy.path()).expect("a folder of its own");
        fs::remove_dir_all(place).expect("a folder that goes");
    }
    let windlass = Windlass::on(&target, copy.path());
    let plan = windlass.does("plan --sql");
    let planned: Vec<&Value> = list(&plan, "/hops").iter().flat_map(|hop| list(hop, "/migrations")).collect();
    windlass.does("up --snapshot never");
    let originals: Vec<String> = files.iter().map(|files| read(&files.up)).collect();

    for (files, original) in files.iter().zip(&originals) {
        fs::write(&files.up, without_meaning(original)).expect("an edit");
    }
    let neutral = windlass.does("plan");
    assert_eq!((&neutral["ready"], list(&neutral, "/hops").len()), (&Value::Bool(true), 0));
    assert_eq!(of_rule(&neutral, "reformatted").len(), planned.len(), "{neutral:#}");
    windlass.does("up --snapshot never");

    let mut expected = Vec::new();
    for (files, original) in files.iter().zip(&originals) {
        let (edited, place) = with_meaning(copy.path(), &files.up, original, &planned);
        fs::write(&files.up, edited).expect("an edit");
        expected.push(place);
    }
    let edited = windlass.says("plan");
    assert_eq!((edited.exit, &edited.failure), (2, &Value::Null), "{}", history.folder);
    let mut places: Vec<String> = of_rule(&edited.result, "changed-after-applied")
        .iter()
        .map(|finding| {
            assert_eq!(text(finding, "/message"), "this statement was changed after it was applied", "{finding:#}");
            text(finding, "/place").to_owned()
        })
        .collect();
    places.sort();
    expected.sort();
    assert_eq!(places, expected, "{:?}", history.folder);
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).expect("a script")
}

fn of_rule<'a>(plan: &'a Value, rule: &str) -> Vec<&'a Value> {
    list(plan, "/findings").iter().filter(|finding| finding["rule"] == rule).collect()
}

/// The same script after a check-out on another system and a tidy-up: every line end, a comment at both ends, and where nothing is
/// quoted the case of every keyword and the width of every blank.
fn without_meaning(original: &str) -> String {
    const KEYWORDS: [&str; 9] = ["create", "table", "index", "alter", "drop", "add", "column", "not", "null"];
    let is_plain = !original.contains(['\'', '"', '`', '$', '/', '#']) && !original.contains("--");
    let word = |word: &str| {
        let folded = word.to_ascii_lowercase();
        match KEYWORDS.contains(&folded.as_str()) {
            true if folded == word => word.to_ascii_uppercase(),
            true => folded,
            false => word.to_owned(),
        }
    };
    let line = |line: &str| {
        if is_plain { line.split(' ').map(word).collect::<Vec<_>>().join("  ") } else { line.to_owned() }
    };
    let lines: Vec<String> = original.replace("\r\n", "\n").split('\n').map(line).collect();
    let other_end = if original.contains("\r\n") { "\n" } else { "\r\n" };
    // The first line is where sqlx and others look for their words.
    let text = lines.join(other_end);
    format!("{text}{other_end}-- {other_end}/* tidied up */{other_end}")
}

/// The script with one more word in its last statement, and where that stands: behind its text, or behind its second word where
/// that is the end of a body, or windlass carries it out in parts.
fn with_meaning(root: &Path, file: &Path, original: &str, planned: &[&Value]) -> (String, String) {
    let name = file.strip_prefix(root).expect("a file of the catalog").to_str().expect("a name");
    let mut statements = planned.iter().flat_map(|migration| list(migration, "/statements"));
    let last = statements.rfind(|statement| text(statement, "/place").starts_with(&format!("{name}:")));
    let last = last.unwrap_or_else(|| panic!("no statement of {name} was planned"));
    let place = text(last, "/place");
    let line: usize = place[name.len() + 1..].parse().expect("a line");
    let begin: usize = original.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let sql = text(last, "/sql");
    let second_word = original[begin..].split_ascii_whitespace().nth(1).expect("two words");
    let has_end = original[begin..].contains(sql) && !sql.to_ascii_uppercase().ends_with("END");
    let behind = if has_end { sql } else { second_word };
    let at = begin + original[begin..].find(behind).expect("what is there") + behind.len();
    (format!("{} edited_later{}", &original[..at], &original[at..]), place.to_owned())
}
