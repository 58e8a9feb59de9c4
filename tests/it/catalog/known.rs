//! What was applied and has not changed by a byte is not cut again.

use windlass::{
    catalog::{self, CatalogError, Known},
    model::catalog::Catalog,
    sql::Dialect,
};

use super::{Folder, statements};

const BOTH: [&str; 2] = ["v1.0.0_01_first", "v1.1.0_01_second"];

/// All of a folder, as a database knows it to which it was applied.
fn known(folder: &Folder) -> Known {
    folder.load().migrations.into_iter().map(|it| (it.identity.to_string(), it.checksum)).collect()
}

fn cut(folder: &Folder, known: &Known) -> Result<Catalog, CatalogError> {
    let settings = windlass::config::Catalog { path: folder.path().to_owned(), ..Default::default() };
    catalog::read(&settings, Dialect::Sqlite)?.cut(known)
}

/// Goal: a script that was applied is left uncut exactly as long as not a byte of it changes, and has its checksum all the same.
/// Method: know both of two migrations, then reformat one of them, which changes its bytes and not its tokens.
#[test]
fn only_what_has_not_changed_by_a_byte_is_left_uncut() {
    let folder = Folder::with_migrations(BOTH);
    let known = known(&folder);

    let unchanged = cut(&folder, &known).expect("a catalog").migrations;
    assert!(unchanged.iter().all(|it| it.up.statements.is_empty()));
    assert!(unchanged.iter().all(|it| known[&it.identity.to_string()] == it.checksum));

    let folder = folder.and("v1.1.0_01_second/up.sql", "create table t (a INT);");
    let changed = cut(&folder, &known).expect("a catalog").migrations;
    assert_eq!(statements(&changed[1]), ["create table t (a INT)"]);
    assert_eq!(changed[1].checksum.tokens, known[BOTH[1]].tokens);
    assert_ne!(changed[1].checksum.bytes, known[BOTH[1]].bytes);
}

/// Goal: a look that leaves scripts uncut says what a whole reading says of everything that was not applied as it stands.
/// Method: beside what is known, a way back that is broken, and a script without a statement; compare the words.
#[test]
fn what_there_is_to_say_is_said_of_what_is_known_as_well() {
    let folder = Folder::with_migrations(BOTH).and("v1.1.0_01_second/up.sql", "-- nothing yet\n");
    let before = known(&folder);
    assert_eq!(cut(&folder, &before).expect("a catalog").findings, folder.load().findings);

    let folder = folder.and("v1.0.0_01_first/down.sql", "DROP TABLE 't;");
    let told = cut(&folder, &before).expect_err("must be refused").to_string();
    assert_eq!(told, folder.refused());
    assert!(told.contains("v1.0.0_01_first/down.sql:1"), "{told}");
}

/// Goal: a backfill is read whenever there is one.
/// Method: know a migration that has one.
#[test]
fn a_migration_with_a_backfill_is_always_cut() {
    let folder = Folder::with_migrations(["v1.0.0_01_first"]).and(
        "v1.0.0_01_first/backfill.sql",
        "-- windlass:backfill table=t key=a\nUPDATE t SET a = a WHERE a > :after AND a <= :upto;\n",
    );
    let cut = cut(&folder, &known(&folder)).expect("a catalog").migrations;
    assert_eq!(statements(&cut[0]).len(), 1);
    assert!(cut[0].backfill.is_some());
}
