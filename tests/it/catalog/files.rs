//! Hostile and broken files.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener},
    time::Instant,
};

use windlass::catalog::FILE_BYTES_MAX;

use super::Folder;

#[test]
fn a_file_that_is_not_utf8_is_a_fault_with_its_line() {
    let folder = Folder::empty().and("v1.0.0_t/up.sql", b"SELECT 1;\nSELECT '\xff';");

    assert_eq!(folder.refused(), "v1.0.0_t/up.sql:2: the file is not UTF-8; save it as UTF-8");
}

/// Goal: no link leads out of the catalog, be it to a file or to a folder; within it, links are followed.
#[test]
fn a_link_out_of_the_catalog_is_a_fault() {
    let outside = Folder::with([("up.sql", "SELECT 1")]);
    let folder = Folder::with_migrations(["v1.0.0_t"]);
    fs::create_dir(folder.path().join("v1.1.0_u")).expect("a folder");
    symlink(outside.path().join("up.sql"), folder.path().join("v1.1.0_u/down.sql")).expect("a link");
    symlink("../v1.0.0_t/up.sql", folder.path().join("v1.1.0_u/up.sql")).expect("a link");
    symlink(outside.path(), folder.path().join("v1.2.0_w")).expect("a link");

    let refused = folder.refused();

    let end = outside.path().canonicalize().expect("a path");
    let expected = [
        format!("v1.2.0_w: the link leads out of the catalog, to {}; copy the file into the catalog", end.display()),
        format!(
            "v1.1.0_u/down.sql: the link leads out of the catalog, to {}/up.sql; copy the file into the catalog",
            end.display()
        ),
    ];
    assert_eq!(refused.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_link_to_nothing_is_a_fault() {
    let folder = Folder::with_migrations(["v1.0.0_t"]);
    symlink("nothing", folder.path().join("v1.0.0_t/down.sql")).expect("a link");

    let refused = folder.refused();

    assert!(refused.starts_with("v1.0.0_t/down.sql: it cannot be read: "), "{refused}");
}

#[test]
fn what_is_neither_file_nor_folder_is_a_fault() {
    let folder = Folder::with_migrations(["v1.0.0_t"]);
    let _socket = UnixListener::bind(folder.path().join("v1.0.0_t/down.sql")).expect("a socket");

    assert_eq!(folder.refused(), "v1.0.0_t/down.sql: it is neither a file nor a folder; remove it");
}

#[test]
fn a_name_that_is_not_utf8_is_a_fault() {
    let folder = Folder::with_migrations(["v1.0.0_t"]);
    fs::write(folder.path().join(OsStr::from_bytes(b"v1.1.0_\xff")), "").expect("a file");

    assert_eq!(folder.refused(), "v1.1.0_\u{fffd}: the name is not UTF-8; rename it");
}

/// Method: a sparse file, one byte too long.
#[test]
fn a_file_over_the_limit_is_a_fault() {
    let folder = Folder::with_migrations(["v1.0.0_t"]);
    let file = fs::File::create(folder.path().join("v1.0.0_t/down.sql")).expect("a file");
    file.set_len(FILE_BYTES_MAX + 1).expect("a length");

    assert_eq!(folder.refused(), "v1.0.0_t/down.sql: the file is larger than 64 MiB; split it into several migrations");
}

/// Method: JSON of exactly the limit, most of it space; SQL of that size would only measure the lexer.
#[test]
fn a_file_at_the_limit_is_read() {
    let length = usize::try_from(FILE_BYTES_MAX).expect("a length");
    let mut json = b"{}".to_vec();
    json.resize(length, b' ');
    let folder = Folder::with_migrations(["v1.0.0_t"]).and("v1.0.0_t/metadata.json", json);

    assert_eq!(folder.order(), ["v1.0.0_t"]);
}

/// Goal: a catalog of a thousand migrations loads in the time of a request; the bound is wide because this is a debug
/// build beside other tests.
#[test]
fn a_thousand_migrations_load_quickly() {
    let folder = (0..1000).fold(Folder::empty(), |folder, n| {
        folder
            .and(&format!("v1.{n}.0_01_t{n}/up.sql"), format!("CREATE TABLE t{n} (id INT PRIMARY KEY, name TEXT);"))
            .and(&format!("v1.{n}.0_01_t{n}/down.sql"), format!("DROP TABLE t{n};"))
            .and(&format!("v1.{n}.0_01_t{n}/metadata.json"), format!("{{\"version\": \"1.{n}.0\"}}"))
    });

    let begin = Instant::now();
    let catalog = folder.load();

    assert_eq!(catalog.migrations.len(), 1000);
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}
