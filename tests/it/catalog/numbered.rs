//! The layouts of other tools: sqlx, Diesel, golang-migrate.

use windlass::config::CatalogFormat;

use super::{Folder, statements};

const CREATE: &str = "CREATE TABLE t (a INT);";

#[test]
fn sqlx_simple_and_reversible_files_are_migrations() {
    let folder = Folder::with([
        ("20240501120000_add_users.sql", CREATE),
        ("20240502120000_add_roles.up.sql", CREATE),
        ("20240502120000_add_roles.down.sql", "DROP TABLE t;"),
    ]);

    let catalog = folder.load();

    assert_eq!(folder.order(), ["v0.0.20240501120000_add_users", "v0.0.20240502120000_add_roles"]);
    let [simple, reversible] = catalog.migrations.as_slice() else { panic!("two migrations") };
    assert_eq!((simple.description.as_str(), &*simple.place), ("add users", "20240501120000_add_users.sql"));
    assert_eq!((&simple.down, simple.transactional), (&None, None));
    let down = reversible.down.as_ref().expect("a way back");
    assert_eq!(
        (&*reversible.up.file, &*down.file),
        ("20240502120000_add_roles.up.sql", "20240502120000_add_roles.down.sql")
    );
    assert_eq!(catalog.findings, []);
}

#[test]
fn sqlx_runs_without_a_transaction_what_says_so_in_its_first_line() {
    let marked = Folder::with([("1_a.sql", "-- no-transaction\nBEGIN; SELECT 1; COMMIT; SELECT 2")]);
    assert_eq!(marked.only().transactional, Some(false));
    assert_eq!(statements(&marked.only()).len(), 4);

    let too_late = Folder::with([("1_a.sql", "\n-- no-transaction\nSELECT 1")]);
    assert_eq!(too_late.only().transactional, None);
}

#[test]
fn diesel_folders_are_migrations() {
    let folder = Folder::with([
        ("00000000000000_diesel_initial_setup/up.sql", CREATE),
        ("00000000000000_diesel_initial_setup/down.sql", "DROP TABLE t;"),
        ("2024-05-01-120000_add-users/up.sql", CREATE),
        ("2024-05-01-120000_add-users/metadata.toml", "run_in_transaction = false\n"),
        ("20240502_last/up.sql", CREATE),
        ("20240502_last/metadata.toml", "run_in_transaction = true\nrun_in_transactions = true\n"),
    ]);

    let catalog = folder.load();

    assert_eq!(folder.order(), ["v0.0.0_diesel_initial_setup", "v0.0.20240502_last", "v0.0.20240501120000_add_users"]);
    let transactional: Vec<_> = catalog.migrations.iter().map(|migration| migration.transactional).collect();
    assert_eq!(transactional, [None, None, Some(false)]);
    insta::assert_snapshot!(folder.remarks().join("\n"), @"warning unknown-field 20240502_last/metadata.toml: the field `run_in_transactions` is not known and has no effect; did you mean `run_in_transaction`?");
}

#[test]
fn faults_of_a_diesel_folder_are_told() {
    let folder = Folder::with([
        ("1_a/up.sql", CREATE),
        ("1_a/metadata.toml", "run_in_transaction = \"no\""),
        ("2_b/down.sql", CREATE),
        ("2_b/metadata.toml", "\nrun_in_transaction ="),
        ("3/up.sql", CREATE),
        ("c/up.sql", CREATE),
    ]);

    insta::assert_snapshot!(folder.refused(), @r"
    1_a/metadata.toml: `run_in_transaction` must be true or false, not a value of the type string; correct it
    2_b/metadata.toml:2: string values must be quoted, expected literal string; correct it, or remove the file
    2_b: it has no up.sql; write it
    3: there is no name after the number; rename it to <number>_<name>
    c: the folder's name does not name a migration; rename it to <number>_<name>, such as 2024-05-01-120000_add_users
    ");
}

#[test]
fn golang_migrate_pairs_are_migrations() {
    let folder =
        Folder::with([("000002_b.up.sql", CREATE), ("000001_a.up.sql", CREATE), ("000001_a.down.sql", "DROP TABLE t")]);

    for format in [CatalogFormat::Auto, CatalogFormat::GolangMigrate, CatalogFormat::Sqlx] {
        let catalog = folder.load_as(format, windlass::sql::Dialect::Sqlite).expect("a catalog");
        let names: Vec<_> = catalog.migrations.iter().map(|it| (it.identity.to_string(), it.down.is_some())).collect();
        assert_eq!(names, [("v0.0.1_a".to_owned(), true), ("v0.0.2_b".to_owned(), false)]);
    }
}

#[test]
fn golang_migrate_refuses_a_file_without_a_direction() {
    let folder = Folder::with([("1_a.up.sql", CREATE), ("2_b.sql", CREATE)]);

    insta::assert_snapshot!(folder.refused_as(CatalogFormat::GolangMigrate), @r#"2_b.sql: the file's name says neither .up.sql nor .down.sql; rename it, or set catalog.format to "sqlx""#);
}

#[test]
fn one_number_twice_is_a_fault_that_names_both() {
    let files = Folder::with([
        ("1_a.sql", CREATE),
        ("1_b.up.sql", CREATE),
        ("2_c.sql", CREATE),
        ("2_c.down.sql", CREATE),
        ("02_d.down.sql", CREATE),
    ]);
    insta::assert_snapshot!(files.refused(), @r"
    2_c.down.sql: it has the number 2, and so has 02_d.down.sql; give one of them another number
    1_b.up.sql: it has the number 1, and so has 1_a.sql; give one of them another number
    ");

    let folders = Folder::with([("2024-01-01-000000_a/up.sql", CREATE), ("20240101000000_b/up.sql", CREATE)]);
    insta::assert_snapshot!(folders.refused(), @"20240101000000_b: it has the number 20240101000000, and so has 2024-01-01-000000_a; give one of them another number");
}

/// Goal: a change that its authors wrote in several forward files of one number is one hop, in the order of their names.
#[test]
fn forward_files_of_one_number_are_its_parts() {
    let folder = Folder::with([
        ("002_b_replace.sql", CREATE),
        ("003_c.sql", CREATE),
        ("002_a_create.sql", CREATE),
        ("1_z.sql", CREATE),
    ]);

    assert_eq!(folder.order(), ["v0.0.1_z", "v0.0.2_a_create", "v0.0.2_b_replace", "v0.0.3_c"]);
    insta::assert_snapshot!(folder.remarks().join("\n"), @"warning shared-number 002_b_replace.sql: it has the number 2, and so has 002_a_create.sql: they are applied in the order of their names; give one of them another number, unless they are parts of one change");

    let one_name = Folder::with([("1_a.sql", CREATE), ("01_a.sql", CREATE)]);
    insta::assert_snapshot!(one_name.refused(), @"1_a.sql: it is called a in version 0.0.1, and so is 01_a.sql; rename one of them");
}

#[test]
fn a_way_back_without_a_way_there_is_a_fault() {
    insta::assert_snapshot!(Folder::with([("1_a.up.sql", CREATE), ("7_b.down.sql", CREATE)]).refused(), @"7_b.down.sql: it goes back from number 7, and no file goes there; add the .up.sql file, or remove this one");
}

/// Goal: SQL that was meant as a migration is never passed over; what was not is only told of.
#[test]
fn files_with_other_names_are_faults_or_told_of() {
    let meant = Folder::with([
        ("1_a.sql", CREATE),
        ("2-b.sql", CREATE),
        ("3_.sql", CREATE),
        ("18446744073709551616_d.sql", CREATE),
        ("4_e.SQL", CREATE),
    ]);
    insta::assert_snapshot!(meant.refused(), @r"
    18446744073709551616_d.sql: the number 18446744073709551616 is larger than 18446744073709551615; give it a smaller number
    2-b.sql: the file's name does not name a migration; rename it to <number>_<name>.sql, such as 0001_add_users.sql
    3_.sql: there is no name after the number; rename it to <number>_<name>
    4_e.SQL: the file's name does not name a migration; rename it to <number>_<name>.sql, such as 0001_add_users.sql
    ");

    let not_meant = Folder::with([
        ("18446744073709551615_a.sql", CREATE),
        ("seed.sql", CREATE),
        ("README.md", ""),
        ("old/1_x.sql", CREATE),
    ]);
    assert_eq!(not_meant.order(), ["v0.0.18446744073709551615_a"]);
    insta::assert_snapshot!(not_meant.remarks().join("\n"), @r"
    info stray-file old: it is not part of any migration and is not read
    info stray-file seed.sql: it is not part of any migration and is not read
    ");
}

#[test]
fn auto_knows_each_layout_and_prefers_our_own() {
    let ours = Folder::with_migrations(["v1.0.0_a"]).and("2_b/up.sql", "SELECT 1").and("3_c.sql", "SELECT 1");
    assert!(ours.refused().starts_with("2_b: the folder's name does not name a migration"));

    let diesel = Folder::with([("2_b/up.sql", CREATE), ("3_c.sql", CREATE)]);
    assert_eq!(diesel.order(), ["v0.0.2_b"]);
}
