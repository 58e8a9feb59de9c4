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

    insta::assert_snapshot!(told(json).remarks().join("\n"), @r"
    warning unknown-field v1.1.0_01_add_users/metadata.json:4: the field `min_runtime` is not known and has no effect; did you mean `min_runtime_version`?
    warning unknown-field v1.1.0_01_add_users/metadata.json:2: the field `dependancies` is not known and has no effect; did you mean `dependencies`?
    warning unknown-field v1.1.0_01_add_users/metadata.json:3: the field `colour` is not known and has no effect; remove it; the known fields are version, name, min_runtime_version, max_runtime_version, compatibility, description, author, created_at, dependencies, critical, transactional, out_of_order, lock_timeout, statement_timeout, supersedes, allow
    ");
}

#[test]
fn version_and_name_must_agree_with_the_folder() {
    insta::assert_snapshot!(refused(r#"{"version": "1.2.0", "name": "users"}"#), @r#"
    metadata.json:1: `version` must be "1.1.0", as in the folder's name, not "1.2.0"; correct it
    metadata.json:1: `name` must be "add_users", as in the folder's name, not "users"; correct it
    "#);
}

#[test]
fn malformed_json_is_told_with_line_and_column() {
    insta::assert_snapshot!(refused("{\n  \"version\": \"1.1.0\"\n  \"name\": 1\n}"), @"metadata.json:3:3: it is not a JSON object: expected `,` or `}`; correct it, or remove the file: it is optional");
    insta::assert_snapshot!(refused("[]"), @"metadata.json:1:1: it is not a JSON object: invalid type: sequence, expected a map; correct it, or remove the file: it is optional");
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

    insta::assert_snapshot!(refused(json), @r#"
    metadata.json:2: `version` must be "1.1.0", as in the folder's name, not "1.1"; correct it
    metadata.json:3: `description` must be a text in quotes, not 7; correct it
    metadata.json:4: `created_at` must be a time such as "2024-05-01T12:00:00Z", or a date, not "yesterday"; correct it
    metadata.json:5: `min_runtime_version` must be a semantic version such as "1.2.0", not "one"; correct it
    metadata.json:6: `dependencies` must be a list of texts in quotes, not ["1.0.0", 2]; correct it
    metadata.json:7: `critical` must be true or false, not "yes"; correct it
    metadata.json:8: `lock_timeout` must be a duration such as "2s", or milliseconds, not "2 parsecs"; correct it
    metadata.json:9: `statement_timeout` must be a duration such as "2s", or milliseconds, not -1; correct it
    metadata.json:10: `supersedes` must be a list of texts in quotes, not "all"; correct it
    metadata.json:11: `compatibility` must be an object, not "1.0.0"; correct it
    "#);
}

/// Goal: a wrong value is repeated up to sixty characters and no further.
#[test]
fn a_long_wrong_value_is_cut() {
    let value = |chars: usize| format!("\"{}\"", "é".repeat(chars - 2));
    let critical = |value: &str| refused(&format!("{{\"critical\": {value}}}"));

    let said = |value: &str| format!("metadata.json:1: `critical` must be true or false, not {value}; correct it");
    assert_eq!(critical(&value(60)), said(&value(60)));
    assert_eq!(critical(&value(61)), said(&value(61).replace("é\"", "é…")));
}

#[test]
fn runtime_versions_that_contradict_are_a_fault() {
    let twice = r#"{"min_runtime_version": "1.0.0", "compatibility": {"min_runtime_version": "1.1.0"}}"#;
    insta::assert_snapshot!(refused(twice), @"metadata.json: `min_runtime_version` is told twice, and differently under `compatibility`; keep one of them");
    insta::assert_snapshot!(refused(r#"{"min_runtime_version": "2.0.0", "max_runtime_version": "1.0.0"}"#), @"metadata.json: no application version lies between 2.0.0 and 1.0.0; exchange min and max_runtime_version");
}

/// Goal: what another tool's folder has no place for is told beside it, by the place of each migration, with the same words.
#[test]
fn beside_another_tools_migrations_one_file_tells_of_each() {
    let folder = Folder::with([
        ("1_users.sql", "SELECT 1"),
        ("2_index.sql", "-- no-transaction\nSELECT 1"),
        (
            "metadata.json",
            r#"{"1_users.sql": {"author": "Ada", "critical": false}, "2_index.sql": {"supersedes": ["sha256:aa"]}}"#,
        ),
    ]);

    let [users, index] = folder.load().migrations.try_into().expect("two migrations");

    assert_eq!((users.author.as_deref(), users.critical), (Some("Ada"), false));
    assert_eq!((index.supersedes.as_slice(), index.transactional), (["sha256:aa".to_owned()].as_slice(), Some(false)));
    assert_eq!(index.metadata_in_words(), "metadata.json under \"2_index.sql\"");
    assert_eq!(told("{}").only().metadata_in_words(), "v1.1.0_01_add_users/metadata.json");
}

#[test]
fn what_is_wrong_with_that_file_is_told_with_its_line() {
    let with = |json: &str| Folder::with([("1_users.sql", "SELECT 1"), ("metadata.json", json)]);

    insta::assert_snapshot!(with("{\n\"1_user.sql\": {},\n\"1_users.sql\": {\n\"authr\": \"Ada\"}}").remarks().join("\n"), @r#"
    warning unknown-migration metadata.json:2: no migration is called "1_user.sql" here, and what is told of it has no effect; did you mean "1_users.sql"?
    warning unknown-field metadata.json:4: the field `authr` is not known and has no effect; did you mean `author`?
    "#);
    insta::assert_snapshot!(with("{\n\"1_users.sql\": 7}").refused(), @"metadata.json:2: `1_users.sql` must be an object, not 7; correct it");
    insta::assert_snapshot!(with("{\n\"1_users.sql\": {\n\"critical\": 7}}").refused(), @"metadata.json:3: `critical` must be true or false, not 7; correct it");
    insta::assert_snapshot!(with("[]").refused(), @"metadata.json:1:1: it is not a JSON object: invalid type: sequence, expected a map; correct it, or remove the file: it is optional");
    let stray = Folder::with([("v1.0.0_01_a/up.sql", "SELECT 1"), ("metadata.json", "{}")]).remarks();
    assert_eq!(stray, ["info stray-file metadata.json: it is not part of any migration and is not read"]);
}
