//! New migrations.

use chrono::{DateTime, Utc};
use semver::Version;
use windlass::{
    catalog::{CatalogError, Scaffold, scaffold},
    config::CatalogFormat,
};

use super::Folder;

fn noon() -> DateTime<Utc> {
    "2024-05-01T12:00:00.5Z".parse().expect("a time")
}

fn empty<'a>(version: &'a Version, name: &'a str) -> Scaffold<'a> {
    Scaffold { version, name, description: None, scripts: Vec::new(), now: noon() }
}

fn add(folder: &Folder, version: &str, name: &str) -> Result<String, CatalogError> {
    let version: Version = version.parse().expect("a version");
    let path = scaffold(folder.path(), &empty(&version, name))?;
    Ok(path.file_name().expect("a name").to_string_lossy().into_owned())
}

/// What a user reads, without the path of the temporary folder.
fn refused(folder: &Folder, version: &str, name: &str) -> String {
    let error = add(folder, version, name).expect_err("must be refused");
    error.to_string().replace(&format!("{}", folder.path().display()), "<catalog>")
}

#[test]
fn a_new_migration_is_complete_and_loads() {
    let folder = Folder::empty();

    let version = Version::new(1, 2, 0);
    let wanted = Scaffold { description: Some("Users, at last"), ..empty(&version, "add_users") };
    let path = scaffold(&folder.path().join("migrations"), &wanted).expect("a migration");

    assert_eq!(path, folder.path().join("migrations/v1.2.0_01_add_users"));
    let file = |name: &str| std::fs::read_to_string(path.join(name)).expect("a file");
    insta::assert_snapshot!(file("metadata.json"), @r#"
    {
      "version": "1.2.0",
      "name": "add_users",
      "description": "Users, at last",
      "created_at": "2024-05-01T12:00:00Z",
      "dependencies": []
    }
    "#);
    insta::assert_snapshot!(file("up.sql"), @"-- v1.2.0_01_add_users: what is to change.");
    insta::assert_snapshot!(file("down.sql"), @"-- v1.2.0_01_add_users: the way back. Left without a statement, there is none.");
    let left: Vec<_> = std::fs::read_dir(folder.path().join("migrations")).expect("a folder").collect();
    assert_eq!(left.len(), 1);
    let catalog =
        windlass::catalog::load(&folder.path().join("migrations"), CatalogFormat::Auto, windlass::sql::Dialect::Sqlite)
            .expect("a catalog");
    assert_eq!(catalog.migrations[0].description, "Users, at last");
}

#[test]
fn the_number_is_the_next_of_its_version() {
    let folder = Folder::with_migrations(["v1.0.0_x", "v1.1.0_07_y"]);

    assert_eq!(add(&folder, "1.0.0", "a").expect("a migration"), "v1.0.0_01_a");
    assert_eq!(add(&folder, "1.1.0", "a").expect("a migration"), "v1.1.0_08_a");
    assert_eq!(add(&folder, "1.1.0", "b").expect("a migration"), "v1.1.0_09_b");
    assert_eq!(add(&folder, "1.2.0-rc.1", "a").expect("a migration"), "v1.2.0-rc.1_01_a");
}

#[test]
fn a_name_that_is_none_is_refused() {
    for name in ["", "AddUsers", "add users", "../out", "01_x", "a__b", "a_"] {
        let expected = format!(
            "a migration cannot be called {name:?}: {name:?} is not in snake case (lower-case letters, digits and single \
             underscores; not digits alone); use a name in snake case, such as add_users"
        );
        assert_eq!(refused(&Folder::empty(), "1.0.0", name), expected);
    }
    assert!(refused(&Folder::empty(), "1.0.0+1", "a").contains("1.0.0+1 has build metadata"));
}

#[test]
fn a_name_that_the_version_has_already_is_refused() {
    let folder = Folder::with_migrations(["v1.0.0_03_users"]);

    assert_eq!(
        refused(&folder, "1.0.0", "users"),
        "<catalog>/v1.0.0_03_users exists already; choose another name, or another version"
    );
    assert_eq!(add(&folder, "1.1.0", "users").expect("a migration"), "v1.1.0_01_users");
}

#[test]
fn a_catalog_of_another_tool_is_left_alone() {
    let folder = Folder::with([("1_a.sql", "SELECT 1")]);

    assert_eq!(
        refused(&folder, "1.0.0", "users"),
        "the catalog <catalog> is in the layout of sqlx; add to it with that tool, or begin a new folder"
    );
}

#[test]
fn a_catalog_that_cannot_be_written_is_told() {
    let folder = Folder::with([("migrations", "a file")]);

    let error =
        scaffold(&folder.path().join("migrations"), &empty(&Version::new(1, 0, 0), "a")).expect_err("must fail");

    assert!(matches!(error, CatalogError::Write { .. }), "{error:?}");
}
