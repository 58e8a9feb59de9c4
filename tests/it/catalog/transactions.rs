//! Scripts that control transactions themselves.

use super::{Folder, statements};

fn script(text: &str) -> Folder {
    Folder::with([("v1.0.0_t/up.sql", text)])
}

/// Goal: a transaction round the whole script is the one windlass opens anyway, so it is dropped.
#[test]
fn begin_and_commit_round_everything_are_dropped() {
    let folder = script("BEGIN;\nCREATE TABLE t (a INT);\nINSERT INTO t VALUES (1);\nCOMMIT;\n");

    assert_eq!(statements(&folder.only()), ["CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)"]);
    assert_eq!(folder.only().up.statements[0].line, 2);
    assert_eq!(folder.remarks(), [""; 0]);
}

#[test]
fn the_way_back_is_treated_alike() {
    let folder = script("SELECT 1").and("v1.0.0_t/down.sql", "BEGIN; SELECT 2; COMMIT;");

    assert_eq!(folder.only().down.expect("a way back").statements.len(), 1);
}

#[test]
fn any_other_transaction_control_is_a_fault_with_its_lines() {
    insta::assert_snapshot!(script("BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 2;").refused(), @r#"v1.0.0_t/up.sql:1: the script controls transactions itself, on the lines 1, 3; remove that, for windlass opens the transaction itself; or set "transactional": false in metadata.json to run the statements one by one as written"#);
    insta::assert_snapshot!(script("SELECT 1;\nCOMMIT;").refused(), @r#"v1.0.0_t/up.sql:2: the script controls transactions itself; remove that, for windlass opens the transaction itself; or set "transactional": false in metadata.json to run the statements one by one as written"#);
    insta::assert_snapshot!(script("BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;").refused(), @r#"v1.0.0_t/up.sql:1: the script controls transactions itself, on the lines 1, 3, 4, 6; remove that, for windlass opens the transaction itself; or set "transactional": false in metadata.json to run the statements one by one as written"#);
    let back = script("SELECT 1").and("v1.0.0_t/down.sql", "SELECT 1;\nROLLBACK");
    insta::assert_snapshot!(back.refused(), @r#"v1.0.0_t/down.sql:2: the script controls transactions itself; remove that, for windlass opens the transaction itself; or set "transactional": false in metadata.json to run the statements one by one as written"#);
}

/// Goal: each layout names its own way to have a script run as written.
#[test]
fn the_remedy_is_one_that_the_layout_knows() {
    insta::assert_snapshot!(Folder::with([("1_a.sql", "COMMIT")]).refused(), @"1_a.sql:1: the script controls transactions itself; remove that, for windlass opens the transaction itself; or begin the forward script with -- no-transaction to run the statements one by one as written");
    insta::assert_snapshot!(Folder::with([("1_a/up.sql", "COMMIT")]).refused(), @"1_a/up.sql:1: the script controls transactions itself; remove that, for windlass opens the transaction itself; or set run_in_transaction = false in metadata.toml to run the statements one by one as written");
    let golang = Folder::with([("1_a.up.sql", "COMMIT")]);
    insta::assert_snapshot!(golang.refused_as(windlass::config::CatalogFormat::GolangMigrate), @"1_a.up.sql:1: the script controls transactions itself; remove that, for windlass opens the transaction itself");
}

#[test]
fn without_a_transaction_of_ours_the_script_stays_as_written() {
    let folder =
        script("BEGIN; SELECT 1; COMMIT; SELECT 2").and("v1.0.0_t/metadata.json", r#"{"transactional": false}"#);

    assert_eq!(statements(&folder.only()), ["BEGIN", "SELECT 1", "COMMIT", "SELECT 2"]);
}

#[test]
fn sql_that_cannot_be_cut_is_told_with_file_and_line() {
    let folder = script("SELECT 1;\nSELECT 'open").and("v1.0.0_t/down.sql", "/* open");

    let refused = folder.refused();

    let places: Vec<_> = refused.lines().filter_map(|line| line.split_once(": ")).map(|(place, _)| place).collect();
    assert_eq!(places, ["v1.0.0_t/down.sql:1", "v1.0.0_t/up.sql:2"]);
}
