//! `releases.toml`: versions of a numbered history.

use super::Folder;

fn released(releases: &str) -> Folder {
    Folder::with([
        ("releases.toml", releases),
        ("1_a.sql", "SELECT 1"),
        ("2_fix.sql", "SELECT 1"),
        ("3_fix.sql", "SELECT 1"),
        ("10_c.sql", "SELECT 1"),
    ])
}

/// Goal: a release holds what comes after the one before, in the order of the numbers; a name that is taken within a
/// version gets its number added.
#[test]
fn a_release_holds_every_migration_up_to_its_number() {
    let folder = released("[releases]\n\"1.10.0\" = 10\n\"1.9.0\" = 4\n\"1.11.0\" = 20\n");

    assert_eq!(folder.order(), ["v1.9.0_01_a", "v1.9.0_02_fix", "v1.9.0_03_fix_3", "v1.10.0_01_c"]);
    assert_eq!(folder.remarks(), [""; 0]);
}

#[test]
fn without_the_file_every_number_is_a_version() {
    let folder = released("");
    std::fs::remove_file(folder.path().join("releases.toml")).expect("removed");

    assert_eq!(folder.order(), ["v0.0.1_a", "v0.0.2_fix", "v0.0.3_fix", "v0.0.10_c"]);
}

#[test]
fn a_migration_after_the_last_release_is_a_fault() {
    insta::assert_snapshot!(released("[releases]\n\"1.0.0\" = 9").refused(), @r#"releases.toml: 10_c.sql belongs to no release: the last release, 1.0.0, ends at 9; add the release: "<version>" = 10"#);
    insta::assert_snapshot!(released("[releases]\n\"1.0.0\" = 1").refused(), @r#"releases.toml: 2_fix.sql and 2 more migrations belong to no release: the last release, 1.0.0, ends at 1; add the release: "<version>" = 10"#);
    insta::assert_snapshot!(released("[releases]").refused(), @r#"releases.toml: 1_a.sql and 3 more migrations belong to no release: no release is listed; add the release: "<version>" = 10"#);
}

#[test]
fn a_file_that_cannot_be_understood_is_a_fault_with_its_line() {
    insta::assert_snapshot!(released("[releases]\n\"1.0\" = 10").refused(), @r#"releases.toml:2: unexpected end of input while parsing minor version number; write a table [releases] with lines such as "1.2.0" = 20240501120000"#);
    insta::assert_snapshot!(released("[releases]\n\"1.0.0\" = 10\n\"1.1.0\" = \"x\"").refused(), @r#"releases.toml:3: invalid type: string "x", expected u64; write a table [releases] with lines such as "1.2.0" = 20240501120000"#);
    insta::assert_snapshot!(released("[release]\n\"1.0.0\" = 10").refused(), @r#"releases.toml:1: unknown field `release`, expected `releases`; write a table [releases] with lines such as "1.2.0" = 20240501120000"#);
    insta::assert_snapshot!(released("[releases\n").refused(), @r#"releases.toml:1: unclosed table, expected `]`; write a table [releases] with lines such as "1.2.0" = 20240501120000"#);
}

#[test]
fn later_versions_must_end_at_higher_numbers() {
    insta::assert_snapshot!(released("[releases]\n\"1.0.0\" = 10\n\"1.1.0\" = 10").refused(), @"releases.toml: 1.0.0 ends at 10 and the later 1.1.0 at 10; let each version end at a higher number than the one before");
}

#[test]
fn a_name_made_unlike_another_is_unlike_all() {
    let folder = Folder::with([
        ("releases.toml", "[releases]\n\"1.0.0\" = 9"),
        ("1_fix_3.sql", "SELECT 1"),
        ("2_fix.sql", "SELECT 1"),
        ("3_fix.sql", "SELECT 1"),
    ]);

    assert_eq!(folder.order(), ["v1.0.0_01_fix_3", "v1.0.0_02_fix", "v1.0.0_03_fix_3_3"]);
}

/// Goal: the file means nothing to migrations that carry their version.
#[test]
fn migrations_with_versions_do_not_need_it() {
    let folder = Folder::with_migrations(["v1.0.0_a"]).and("releases.toml", "[[[");

    assert_eq!(folder.order(), ["v1.0.0_a"]);
}
