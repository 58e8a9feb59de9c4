//! `metadata.json`.

use super::Folder;

fn told(json: &str) -> Folder {
    Folder::with([("v1.1.0_01_add_users/up.sql", "SELECT 1"), ("v1.1.0_01_add_users/metadata.json", json)])
}

/// What a user reads, without the place's folder.
fn refused(json: &str) -> String {
    told(json).refused().replace("v1.1.0_01_add_users/", "")
}

#[test]
fn every_field_is_read() {
    let migration = told(
        r#"{
            "version": "1.1.0", "name": "add_users", "description": "Add users", "author": "Ada",
            "created_at": "2024-05-01T14:00:00+02:00", "min_runtime_version": "1.0.0", "max_runtime_version": "",
            "dependencies": [], "critical": false, "transactional": false, "out_of_order": true,
            "lock_timeout": "2s", "statement_timeout": 1500, "supersedes": ["sha256:aa;tokens-v1:bb"]
        }"#,
    )
    .only();

    assert_eq!((migration.description.as_str(), migration.author.as_deref()), ("Add users", Some("Ada")));
    assert_eq!(migration.created_at.expect("a time").to_rfc3339(), "2024-05-01T12:00:00+00:00");
    assert_eq!(migration.min_runtime_version.expect("a bound").to_string(), "1.0.0");
    assert_eq!(migration.max_runtime_version, None);
    assert!(!migration.critical && migration.out_of_order);
    assert_eq!(migration.transactional, Some(false));
    assert_eq!((migration.lock_timeout_ms, migration.statement_timeout_ms), (Some(2000), Some(1500)));
    assert_eq!(migration.supersedes, ["sha256:aa;tokens-v1:bb"]);
}

#[test]
fn runtime_versions_may_stand_under_compatibility() {
    let json = r#"{"compatibility": {"min_runtime_version": "1.0.0", "max_runtime_version": "2.0.0"}}"#;

    let migration = told(json).only();

    let bounds = [migration.min_runtime_version, migration.max_runtime_version];
    assert_eq!(bounds.map(|bound| bound.expect("a bound").to_string()), ["1.0.0", "2.0.0"]);
}

#[test]
fn a_date_is_its_first_moment_and_null_is_nothing() {
    let migration = told(r#"{"created_at": "2024-05-01", "author": null}"#).only();

    assert_eq!(migration.created_at.expect("a time").to_rfc3339(), "2024-05-01T00:00:00+00:00");
    assert_eq!(migration.author, None);
}

#[test]
fn an_unknown_field_is_a_warning_that_names_the_nearest() {
    let json = "{\n\"dependancies\": [],\n\"colour\": 1,\n\"compatibility\": {\"min_runtime\": \"1.0.0\"}}";

    insta::assert_snapshot!(told(json).remarks().join("\n"), @"");
}

#[test]
fn version_and_name_must_agree_with_the_folder() {
    insta::assert_snapshot!(refused(r#"{"version": "1.2.0", "name": "users"}"#), @"");
}

#[test]
fn malformed_json_is_told_with_line_and_column() {
    insta::assert_snapshot!(refused("{\n  \"version\": \"1.1.0\"\n  \"name\": 1\n}"), @"");
    insta::assert_snapshot!(refused("[]"), @"");
}

/// Goal: each field of a wrong type is told, all at once, with its line and what it must be.
#[test]
fn wrong_types_are_told_with_line_and_what_is_right() {
    let json = r#"{
        "version": "1.1",
        "description": 7,
        "created_at": "yesterday",
        "min_runtime_version": "one",
        "dependencies": ["1.0.0", 2],
        "critical": "yes",
        "lock_timeout": "2 parsecs",
        "statement_timeout": -1,
        "supersedes": "all",
        "compatibility": "1.0.0"
    }"#;

    insta::assert_snapshot!(refused(json), @"");
}

#[test]
fn runtime_versions_that_contradict_are_a_fault() {
    let twice = r#"{"min_runtime_version": "1.0.0", "compatibility": {"min_runtime_version": "1.1.0"}}"#;
    insta::assert_snapshot!(refused(twice), @"");
    insta::assert_snapshot!(refused(r#"{"min_runtime_version": "2.0.0", "max_runtime_version": "1.0.0"}"#), @"");
}
