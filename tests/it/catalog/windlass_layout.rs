//! Our own layout.

use windlass::{
    config::CatalogFormat,
    sql::{self, Dialect},
};

use super::{Folder, statements};

/// Goal: a migration is read with its scripts and with sensible defaults for what nobody told.
#[test]
fn a_folder_with_a_script_is_a_migration() {
    let folder = Folder::with([
        ("v0.5.0_02_learning_category/up.sql", "\n\nCREATE TABLE category (id INT);\n"),
        ("v0.5.0_02_learning_category/down.sql", "DROP TABLE category;"),
    ]);

    let migration = folder.only();

    assert_eq!(migration.identity.to_string(), "v0.5.0_02_learning_category");
    assert_eq!(&*migration.place, "v0.5.0_02_learning_category");
    assert_eq!(migration.description, "learning category");
    assert_eq!(&*migration.up.file, "v0.5.0_02_learning_category/up.sql");
    assert_eq!(statements(&migration), ["CREATE TABLE category (id INT)"]);
    assert_eq!(migration.up.statements[0].line, 3);
    assert_eq!(&*migration.down.expect("a way back").file, "v0.5.0_02_learning_category/down.sql");
    assert!(migration.critical && !migration.out_of_order);
    assert_eq!((migration.transactional, migration.lock_timeout_ms, migration.author), (None, None, None));
}

#[test]
fn the_checksum_is_that_of_the_forward_script() {
    let text = "CREATE TABLE t (a INT);\n-- done\n";
    let folder = Folder::with([("v1.0.0_t/up.sql", text), ("v1.0.0_t/down.sql", "DROP TABLE t;")]);

    assert_eq!(folder.only().checksum, sql::checksum(Dialect::Sqlite, &[text]).expect("a checksum"));
}

#[test]
fn an_empty_folder_is_an_empty_catalog() {
    assert_eq!(Folder::empty().load(), windlass::model::catalog::Catalog::default());
}

#[test]
fn a_missing_folder_is_told_with_the_setting_to_change() {
    let folder = Folder::empty();
    let path = folder.path().join("nowhere");

    let error = windlass::catalog::load(&path, CatalogFormat::Auto, Dialect::Sqlite).expect_err("must be refused");

    let expected =
        format!("the catalog {} cannot be read; set catalog.path to the folder of your migrations", path.display());
    assert_eq!(error.to_string(), expected);
    assert!(std::error::Error::source(&error).is_some());
}

/// Goal: versions are ordered as versions, then by number, then by name; never as text.
#[test]
fn the_order_is_that_of_version_number_and_name() {
    let folder = Folder::with_migrations([
        "v0.10.0_a",
        "v0.9.0_10_b",
        "v0.9.0_9_c",
        "v0.9.0_x",
        "v1.0.0_a",
        "v1.0.0-rc.1_a",
        "v0.9.0_09_b",
    ]);

    let expected = ["v0.9.0_x", "v0.9.0_09_b", "v0.9.0_09_c", "v0.9.0_10_b", "v0.10.0_a", "v1.0.0-rc.1_a", "v1.0.0_a"];
    // `b` is called so twice in 0.9.0, which is another rule's affair.
    assert!(folder.refused().contains("v0.9.0_10_b: it is called b in version 0.9.0, and so is v0.9.0_09_b"));
    let folder = Folder::with_migrations([
        "v0.10.0_a",
        "v0.9.0_10_d",
        "v0.9.0_9_c",
        "v0.9.0_x",
        "v1.0.0_a",
        "v1.0.0-rc.1_a",
        "v0.9.0_09_b",
    ]);
    assert_eq!(folder.order(), expected.map(|name| name.replace("10_b", "10_d")));
}

/// Goal: an engine's own script beats the common one, both ways.
#[test]
fn the_script_of_the_engine_beats_the_common_one() {
    let folder = Folder::with([
        ("v1.0.0_t/up.sql", "SELECT 'all'"),
        ("v1.0.0_t/up.mysql.sql", "SELECT 'mysql'"),
        ("v1.0.0_t/up.postgres.sql", "SELECT 'postgres'"),
        ("v1.0.0_t/down.sql", "SELECT 'all'"),
        ("v1.0.0_t/down.sqlite.sql", "SELECT 'sqlite'"),
    ]);

    let scripts = |dialect| {
        let catalog = folder.load_as(CatalogFormat::Auto, dialect).expect("a catalog");
        assert_eq!(catalog.findings, []);
        let migration = &catalog.migrations[0];
        let down = migration.down.as_ref().expect("a way back");
        (migration.up.statements[0].sql.clone(), down.statements[0].sql.clone())
    };

    assert_eq!(scripts(Dialect::MySql), ("SELECT 'mysql'".into(), "SELECT 'all'".into()));
    assert_eq!(scripts(Dialect::Postgres), ("SELECT 'postgres'".into(), "SELECT 'all'".into()));
    assert_eq!(scripts(Dialect::Sqlite), ("SELECT 'all'".into(), "SELECT 'sqlite'".into()));
}

#[test]
fn a_migration_without_a_script_for_this_engine_is_a_fault() {
    let folder = Folder::with([("v1.0.0_t/up.mysql.sql", "SELECT 1"), ("v1.0.0_u/down.sql", "SELECT 1")]);

    insta::assert_snapshot!(folder.refused(), @r"
    v1.0.0_t: it has neither up.sql nor up.sqlite.sql; write one of them
    v1.0.0_u: it has neither up.sql nor up.sqlite.sql; write one of them
    ");
}

#[test]
fn a_folder_that_was_meant_as_a_migration_must_have_a_proper_name() {
    let name = |name: &str| {
        let text = Folder::with_migrations(["v1.0.0_fine", name]).refused();
        text.replace("; rename it to v<version>_<nn>_<name>, such as v1.2.0_01_add_users", "")
    };

    let lead = "the folder's name does not name a migration: ";
    let case = "is not in snake case (lower-case letters, digits and single underscores; not digits alone)";
    assert_eq!(name("v1.0_x"), format!("v1.0_x: {lead}\"1.0\" is not a semantic version"));
    assert_eq!(name("v1.0.0"), format!("v1.0.0: {lead}it is not of the form v<version>_<nn>_<name>"));
    assert_eq!(name("v1.0.0_01"), format!("v1.0.0_01: {lead}\"01\" {case}"));
    assert_eq!(name("v1.0.0_01_02_x"), format!("v1.0.0_01_02_x: {lead}\"02_x\" {case}"));
    assert_eq!(name("v1.0.0_AddUsers"), format!("v1.0.0_AddUsers: {lead}\"AddUsers\" {case}"));
    assert_eq!(name("v1.0.0_add-users"), format!("v1.0.0_add-users: {lead}\"add-users\" {case}"));
    assert_eq!(
        name("v1.0.0+7_x"),
        format!("v1.0.0+7_x: {lead}1.0.0+7 has build metadata, which has no place in the order of versions")
    );
    assert_eq!(name("v1.0.0_4294967296_x"), format!("v1.0.0_4294967296_x: {lead}4294967296 is larger than 4294967295"));
    assert_eq!(name("1.0.1_x"), format!("1.0.1_x: {lead}it is not of the form v<version>_<nn>_<name>"));
}

#[test]
fn a_name_may_have_two_hundred_characters_and_no_more() {
    let name = |length: usize| format!("v1.0.0_{}", "a".repeat(length));
    let longest = windlass::catalog::NAME_CHARS_MAX;

    assert_eq!(Folder::with_migrations([&name(longest)]).order(), [name(longest)]);
    let refused = Folder::with_migrations([&name(longest + 1)]).refused();
    assert!(refused.contains("the name has 201 characters, more than 200"), "{refused}");
}

#[test]
fn two_folders_of_one_identity_are_a_fault_that_names_both() {
    let folder = Folder::with_migrations(["v1.0.0_1_users", "v1.0.0_01_users", "v1.0.0_2_users", "v1.1.0_01_users"]);

    insta::assert_snapshot!(folder.refused(), @r"
    v1.0.0_1_users: it is called users in version 1.0.0, and so is v1.0.0_01_users; rename one of them
    v1.0.0_2_users: it is called users in version 1.0.0, and so is v1.0.0_01_users; rename one of them
    ");
}

/// Goal: what is not read is told of, but for what belongs in a catalog.
#[test]
fn stray_files_are_told_of_and_those_at_home_are_not() {
    let folder = Folder::with_migrations(["v1.0.0_t"])
        .and("README.md", "")
        .and("releases.toml", "")
        .and(".gitkeep", "")
        .and("notes.txt", "")
        .and("docs/readme.txt", "")
        .and("v1.0.0_t/.keep", "")
        .and("v1.0.0_t/plan.png", "")
        .and("v1.0.0_t/up.postgresql.sql", "");

    insta::assert_snapshot!(folder.remarks().join("\n"), @r"
    info stray-file docs: it is not part of any migration and is not read
    info stray-file notes.txt: it is not part of any migration and is not read
    info stray-file v1.0.0_t/plan.png: it is not part of any migration and is not read
    warning unknown-script v1.0.0_t/up.postgresql.sql: no engine is called so, and the script is not read; did you mean up.postgres.sql?
    ");
}

#[test]
fn a_script_without_statements_is_told_of_and_is_no_way_back() {
    let folder = Folder::with([("v1.0.0_t/up.sql", "-- later\n"), ("v1.0.0_t/down.sql", "\n")]);

    assert_eq!(folder.only().down, None);
    insta::assert_snapshot!(folder.remarks().join("\n"), @r"
    warning empty-script v1.0.0_t/up.sql: the script holds no statement and changes nothing; write what it is to change
    info empty-script v1.0.0_t/down.sql: the script holds no statement, so the migration counts as having no way back; write the way back, or SELECT 1 where there is nothing to undo
    ");
}

/// Goal: SQL in no known layout is never taken for an empty catalog, which would read as a database up to date.
#[test]
fn sql_in_no_known_layout_is_a_fault() {
    insta::assert_snapshot!(Folder::with([("init.sql", "SELECT 1")]).refused(), @"init.sql: the folder holds SQL in no layout that windlass knows (temporal, windlass, diesel, prisma, rails, goose, dbmate, popx, flyway, refinery, sqlx, golang-migrate); make it a folder such as v1.0.0_01_name with an up.sql, or set catalog.format");
}

/// Goal: every fault is told at once.
/// Method: one fault of each stage in one catalog.
#[test]
fn all_faults_are_told_at_once() {
    let folder = Folder::with([
        ("v1.0.0_a/up.sql", "SELECT 'open"),
        ("v1.0.0_a/metadata.json", "{"),
        ("v1.1.0_b/up.sql", "SELECT 1"),
        ("v1.1.0_b/metadata.json", r#"{"dependencies": ["3.0.0"], "critical": 1}"#),
        ("v1.2.0_c/down.sql", "SELECT 1"),
    ]);

    let refused = folder.refused();

    let places: Vec<_> = refused.lines().filter_map(|line| line.split_once(": ")).map(|(place, _)| place).collect();
    assert_eq!(
        places,
        ["v1.0.0_a/metadata.json:1:1", "v1.1.0_b/metadata.json:1", "v1.2.0_c", "v1.1.0_b", "v1.0.0_a/up.sql:1",]
    );
}
