//! The order, refined by dependencies.

use super::Folder;

/// Migrations, each with what it depends on.
fn depending<const N: usize>(migrations: [(&str, &str); N]) -> Folder {
    migrations.into_iter().fold(Folder::empty(), |folder, (name, dependencies)| {
        folder
            .and(&format!("{name}/up.sql"), "SELECT 1")
            .and(&format!("{name}/metadata.json"), format!("{{\"dependencies\": [{dependencies}]}}"))
    })
}

#[test]
fn a_dependency_refines_the_order_within_a_version_and_disturbs_nothing_else() {
    let folder = depending([
        ("v1.0.0_01_a", r#""v1.0.0_03_c""#),
        ("v1.0.0_02_b", ""),
        ("v1.0.0_03_c", ""),
        ("v1.0.0_04_d", r#""v1.0.0_01_a", "v1.0.0_01_a""#),
        ("v1.1.0_01_e", r#""1.0.0""#),
    ]);

    assert_eq!(folder.order(), ["v1.0.0_02_b", "v1.0.0_03_c", "v1.0.0_01_a", "v1.0.0_04_d", "v1.1.0_01_e"]);
    assert_eq!(folder.remarks(), [""; 0]);
}

#[test]
fn a_version_as_dependency_means_all_of_its_migrations() {
    let folder = depending([("v1.0.0_01_a", r#""1.1.0""#), ("v1.1.0_01_b", ""), ("v1.1.0_02_c", "")]);

    assert_eq!(folder.order(), ["v1.1.0_01_b", "v1.1.0_02_c", "v1.0.0_01_a"]);
}

/// Goal: a version that has to wait for a later one waits as a whole, and this is told.
#[test]
fn a_version_waits_as_a_whole() {
    let folder = depending([
        ("v1.0.0_01_a", r#""v1.1.0_01_c""#),
        ("v1.0.0_02_b", ""),
        ("v1.1.0_01_c", ""),
        ("v1.1.0_02_d", ""),
        ("v1.2.0_01_e", ""),
    ]);

    assert_eq!(folder.order(), ["v1.1.0_01_c", "v1.1.0_02_d", "v1.0.0_01_a", "v1.0.0_02_b", "v1.2.0_01_e"]);
    insta::assert_snapshot!(folder.remarks().join("\n"), @r"
    warning later-version-first v1.0.0_01_a: because of a dependency it is applied after version 1.1.0, which is later than its own; move it to a later version, or drop the dependency
    warning later-version-first v1.0.0_02_b: because of a dependency it is applied after version 1.1.0, which is later than its own; move it to a later version, or drop the dependency
    ");
}

#[test]
fn dependencies_that_would_take_versions_apart_are_a_fault() {
    let folder = depending([
        ("v1.0.0_01_a", r#""v1.1.0_01_c""#),
        ("v1.0.0_02_b", ""),
        ("v1.1.0_01_c", ""),
        ("v1.1.0_02_d", r#""v1.0.0_02_b""#),
    ]);

    insta::assert_snapshot!(folder.refused(), @"v1.0.0_01_a: its version would have to be taken apart, for v1.0.0_01_a needs v1.1.0_01_c and v1.1.0_02_d needs v1.0.0_02_b; a version is applied as a whole: let migrations depend on earlier versions only");
}

#[test]
fn every_cycle_is_told_with_all_its_members() {
    let folder = depending([
        ("v1.0.0_01_a", r#""v1.0.0_03_c""#),
        ("v1.0.0_02_b", r#""v1.0.0_01_a""#),
        ("v1.0.0_03_c", r#""v1.0.0_02_b""#),
        ("v1.0.0_04_after", r#""v1.0.0_03_c""#),
        ("v1.1.0_01_self", r#""v1.1.0_01_self""#),
    ]);

    insta::assert_snapshot!(folder.refused(), @r"
    v1.0.0_01_a: it depends on itself, by way of v1.0.0_03_c, v1.0.0_02_b; remove one of these dependencies
    v1.1.0_01_self: it depends on itself; remove one of these dependencies
    ");
}

#[test]
fn a_version_cannot_depend_on_itself() {
    insta::assert_snapshot!(depending([("v1.0.0_01_a", r#""1.0.0""#)]).refused(), @"v1.0.0_01_a: it depends on 1.0.0, its own version; name the migration that must come before it instead");
}

#[test]
fn a_missing_dependency_is_told_with_the_nearest_that_exists() {
    let folder = depending([("v1.0.0_01_users", ""), ("v1.1.0_01_b", r#""v1.0.0_01_user", "1.0.1", "soon""#)]);

    insta::assert_snapshot!(folder.refused(), @r"
    v1.1.0_01_b: it depends on v1.0.0_01_user, which is neither a version nor a migration of this catalog; did you mean v1.0.0_01_users?
    v1.1.0_01_b: it depends on 1.0.1, which is neither a version nor a migration of this catalog; did you mean 1.0.0?
    v1.1.0_01_b: it depends on soon, which is neither a version nor a migration of this catalog; correct its dependencies, or add what is missing
    ");
}

/// Goal: a fault in one migration makes no false fault in those that depend on it.
#[test]
fn a_broken_migration_is_still_found_by_its_dependents() {
    let folder = depending([("v1.0.0_01_a", ""), ("v1.1.0_01_b", r#""v1.0.0_01_a""#)]);
    std::fs::remove_file(folder.path().join("v1.0.0_01_a/up.sql")).expect("removed");

    assert_eq!(folder.refused(), "v1.0.0_01_a: it has neither up.sql nor up.sqlite.sql; write one of them");
}
