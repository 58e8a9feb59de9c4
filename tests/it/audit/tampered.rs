//! Every way to change the trail, and the first entry that tells.

use std::fs;

use super::{file, hand, must_be_broken, verified, with_six_lines};
use crate::harness::{database::On, ship::Ship};

/// How many lines the trail has.
const LINES: i64 = 6;

/// A ship whose trail is changed and put back again and again.
struct Sea {
    ship: Ship,
    whole: Vec<u8>,
}

impl Sea {
    async fn calm() -> Self {
        let ship = with_six_lines(On::Sqlite).await;
        verified(&ship, &[]).await.exits(0);
        let mut hand = hand(&ship).await;
        hand.run("PRAGMA wal_checkpoint(TRUNCATE)").await;
        drop(hand);
        let whole = fs::read(file(&ship)).unwrap();
        Self { ship, whole }
    }

    /// After these statements the trail must be found broken at this entry; then it is put back.
    async fn breaks(&self, sql: &str, number: i64) {
        let mut hand = hand(&self.ship).await;
        hand.run(sql).await;
        drop(hand);
        must_be_broken(&verified(&self.ship, &[]).await, number, sql);
        self.put_back();
    }

    fn put_back(&self) {
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(file(&self.ship).with_file_name(format!("windlass.db{end}")));
        }
        fs::write(file(&self.ship), &self.whole).unwrap();
    }
}

fn line(number: i64) -> String {
    format!("(SELECT line FROM audit WHERE number = {number})")
}

/// Goal: no letter of any line can be changed. Method: change each column of each line, and each column of each seal.
#[tokio::test]
async fn every_edit_of_every_line_is_found_where_it_is() {
    let sea = Sea::calm().await;
    for number in 1..=LINES {
        let here = line(number);
        for edit in [
            "at = '2020-01-01T00:00:00+00:00'",
            "at = at || ' '",
            "kind = 'job'",
            "level = 'warning'",
            "job = NULL",
            "job = job || 'x'",
            "actor = 'http:mallory'",
            "actor = NULL",
            "message = message || ' '",
            "message = x'ff'",
            "seq = seq + 1000",
        ] {
            sea.breaks(&format!("UPDATE log SET {edit} WHERE seq = {here}"), number).await;
        }
        for edit in
            ["mac = replace(mac, substr(mac, 1, 1), 'g')", "mac = ''", "before = mac", "mac = upper(mac) || 'A'"]
        {
            sea.breaks(&format!("UPDATE audit SET {edit} WHERE number = {number}"), number).await;
        }
    }
}

#[tokio::test]
async fn every_deletion_is_found_at_the_first_line_that_is_gone() {
    let sea = Sea::calm().await;
    for number in 1..=LINES {
        let (line, seal) = (line(number), format!("DELETE FROM audit WHERE number = {number}"));
        sea.breaks(&format!("DELETE FROM log WHERE seq = {line}"), number).await;
        sea.breaks(&seal, number).await;
        let both = format!("DELETE FROM log WHERE seq = {line};\n{seal}");
        sea.breaks(&both, number).await;
        // The others close up, and the seals are told to be neighbours.
        let close_up = format!(
            "{both};\nUPDATE audit SET number = -number WHERE number > {number};\n\
             UPDATE audit SET number = -number - 1 WHERE number < 0;\n\
             UPDATE audit SET before = COALESCE((SELECT mac FROM audit AS b WHERE b.number = audit.number - 1), before)"
        );
        sea.breaks(&close_up, number).await;
    }
    sea.breaks("DELETE FROM audit;\nDELETE FROM log WHERE kind = 'audit'", 1).await;
    sea.breaks("DROP TABLE audit", 1).await;
}

#[tokio::test]
async fn every_insertion_is_found_where_it_stands() {
    let sea = Sea::calm().await;
    let columns = "(seq, at, kind, level, job, actor, message)";
    let values = "'2026-01-01T00:00:00+00:00', 'audit', 'info', NULL, 'http:mallory', 'ordered nothing'";
    for number in 1..=LINES {
        // Room before the line, by moving all that follow.
        let room = format!(
            "CREATE TEMP TABLE seam AS SELECT line AS l FROM audit WHERE number = {number};\n\
             UPDATE log SET seq = -seq WHERE seq >= (SELECT l FROM seam);\nUPDATE log SET seq = 1 - seq WHERE seq < 0;\n\
             UPDATE audit SET line = -line WHERE number >= {number};\nUPDATE audit SET line = 1 - line WHERE line < 0;\n"
        );
        sea.breaks(&format!("{room}INSERT INTO log {columns} SELECT l, {values} FROM seam"), number).await;
    }
    let behind = format!("INSERT INTO log {columns} SELECT max(seq) + 1, {values} FROM log");
    sea.breaks(&behind, LINES + 1).await;
    let forged = format!(
        "{behind};\nINSERT INTO audit (number, line, before, mac) SELECT number + 1, (SELECT max(seq) FROM log), mac, mac \
         FROM audit WHERE number = {LINES}"
    );
    sea.breaks(&forged, LINES + 1).await;
}

#[tokio::test]
async fn every_exchange_of_two_lines_is_found_at_the_first_of_them() {
    let sea = Sea::calm().await;
    for (one, other) in (1..=LINES).flat_map(|one| (one + 1..=LINES).map(move |other| (one, other))) {
        let (a, b) = (line(one), line(other));
        let lines = format!(
            "CREATE TEMP TABLE places AS SELECT {a} AS a, {b} AS b;\nUPDATE log SET seq = -1 WHERE seq = (SELECT a FROM places);\n\
             UPDATE log SET seq = (SELECT a FROM places) WHERE seq = (SELECT b FROM places);\n\
             UPDATE log SET seq = (SELECT b FROM places) WHERE seq = -1"
        );
        sea.breaks(&lines, one).await;
        let seals = format!(
            "UPDATE audit SET number = -1 WHERE number = {one};\nUPDATE audit SET number = {one} WHERE number = {other};\n\
             UPDATE audit SET number = {other} WHERE number = -1"
        );
        sea.breaks(&seals, one).await;
    }
}

/// Goal: a chain that ends early is whole in itself, and is found all the same. Method: cut off the end, of every length;
/// once held against what is written beside the store, and once, without that, against a head that was noted.
#[tokio::test]
async fn a_tail_that_was_cut_off_is_found_by_the_head_that_was_noted() {
    let sea = Sea::calm().await;
    let head = verified(&sea.ship, &[]).await.exits(0).json()["head"].clone();
    let noted = format!("{}:{}", head["number"], head["mac"].as_str().unwrap());
    let anchor = sea.ship.folder().join("data/audit.head");
    for left in 0..LINES {
        let cut = format!(
            "DELETE FROM log WHERE kind = 'audit' AND seq NOT IN (SELECT line FROM audit WHERE number <= {left});\n\
             DELETE FROM audit WHERE number > {left}"
        );
        sea.breaks(&cut, left + 1).await;

        let beside = fs::read(&anchor).unwrap();
        fs::remove_file(&anchor).unwrap();
        hand(&sea.ship).await.run(&cut).await;
        must_be_broken(&verified(&sea.ship, &["--head", &noted]).await, left + 1, "by the head that was noted");
        fs::write(&anchor, beside).unwrap();
        sea.put_back();
    }
    verified(&sea.ship, &["--head", &noted]).await.exits(0);
}

/// Goal: whoever puts an old store in the place of the new one is found out, also after much else was done on top of it.
#[tokio::test]
async fn an_old_store_in_the_place_of_the_new_one_is_found() {
    let sea = Sea::calm().await;
    sea.ship.cli(&["validate"]).await.exits(0);
    verified(&sea.ship, &[]).await.exits(0);

    sea.put_back();

    must_be_broken(&verified(&sea.ship, &[]).await, LINES + 1, "cut");
    for _ in 0..3 {
        sea.ship.cli(&["validate"]).await.exits(0);
    }
    // One job is two lines: the eighth was noted, and is another now.
    must_be_broken(&verified(&sea.ship, &[]).await, LINES + 2, "another");
}

#[tokio::test]
async fn the_store_itself_refuses_to_change_the_trail() {
    let ship = with_six_lines(On::Sqlite).await;
    let mut eye = crate::harness::eye::Eye::at(On::Sqlite, &format!("sqlite:{}", file(&ship).display())).await;
    for sql in [
        "DELETE FROM audit",
        "UPDATE audit SET mac = ''",
        "DELETE FROM log WHERE kind = 'audit'",
        "UPDATE log SET actor = 'x' WHERE kind = 'audit'",
    ] {
        let refused = eye.try_run(sql).await.expect_err(sql);
        assert!(refused.to_string().contains("the audit trail is kept"), "{refused}");
    }
    verified(&ship, &[]).await.exits(0);
}
