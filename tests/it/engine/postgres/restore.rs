//! Out, changed, and in again.

use bytes::Bytes;
use tokio::sync::mpsc;
use windlass::model::snapshot::Manifest;

use super::*;
use crate::harness::sample;

const MADE: [&str; 7] = [
    "CREATE TYPE mood AS ENUM ('glad', 'sad')",
    "CREATE TABLE p (id INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mood DEFAULT 'glad', note TEXT)",
    "INSERT INTO p (note) SELECT repeat('windlass ', 100) FROM generate_series(1, 2000)",
    "CREATE TABLE c (p INT REFERENCES p ON DELETE CASCADE, CHECK (p > 0))",
    "CREATE VIEW v AS SELECT id, m FROM p WHERE m = 'sad'",
    "CREATE FUNCTION f(a INT) RETURNS INT LANGUAGE plpgsql AS $$ BEGIN RETURN a + 1; END $$",
    "CREATE INDEX i ON p (lower(note)) WHERE id > 5",
];

/// A database with something in it, as it was dumped.
struct Snapshot {
    pieces: Vec<Bytes>,
    manifest: Manifest,
}

async fn snapshot(target: &Target) -> Snapshot {
    let (sink, mut source) = mpsc::channel(2);
    let scratch = tempfile::tempdir().expect("it works");
    let collect = async {
        let mut pieces = Vec::new();
        while let Some(piece) = source.recv().await {
            pieces.push(piece);
        }
        pieces
    };
    let (dumped, pieces) = tokio::join!(target.engine.dump(scratch.path(), sink, None), collect);
    let dumped = dumped.expect("a dump");
    let manifest = Manifest {
        engine: "PostgreSQL".to_owned(),
        tool: dumped.tool,
        schema_fingerprint: dumped.fingerprint,
        tables: dumped.tables,
        ..sample::manifest()
    };
    assert_eq!(std::fs::read_dir(scratch.path()).expect("it works").count(), 0, "no password is left behind");
    Snapshot { pieces, manifest }
}

async fn restore(
    target: &Target,
    session: Box<dyn Session>,
    snapshot: &Snapshot,
    broken: bool,
) -> Result<Box<dyn Session>, windlass::engine::RestoreError> {
    let (sink, source) = mpsc::channel(2);
    let scratch = tempfile::tempdir().expect("it works");
    let pieces = snapshot.pieces.clone();
    let feed = async move {
        let half = if broken { pieces.len() / 2 } else { pieces.len() };
        for piece in pieces.into_iter().take(half) {
            if sink.send(Ok(piece)).await.is_err() {
                return;
            }
        }
        if broken {
            let _ = sink.send(Err(std::io::Error::other("cut short"))).await;
        }
    };
    tokio::join!(target.engine.restore(session, scratch.path(), source, &snapshot.manifest, None), feed).0
}

/// The databases that a restore makes beside this one.
async fn nothing_is_left_over(target: &Target, session: &mut Box<dyn Session>) {
    let live = target.url.rsplit_once('/').expect("it works").1;
    let beside = format!("SELECT count(*) FROM pg_database WHERE datname LIKE '{live}%'");
    assert_eq!(number(session, &beside).await, 1);
}

/// Goal: what was dumped comes back, whatever happened since, with the lock and the database's own settings.
/// Method: dump, change rows and schema while another session looks on, restore.
#[tokio::test]
async fn a_dump_comes_back_as_it_was() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    let live = target.url.rsplit_once('/').expect("it works").1;
    let settings = [
        format!("ALTER DATABASE {live} SET search_path TO public, \"Odd name\""),
        format!("ALTER DATABASE {live} SET statement_timeout TO '7min'"),
        format!("REVOKE CONNECT ON DATABASE {live} FROM PUBLIC"),
        format!("ALTER DATABASE {live} CONNECTION LIMIT 42"),
        format!("COMMENT ON DATABASE {live} IS 'it''s ours'"),
    ];
    migrate(&mut session, &settings.iter().map(String::as_str).collect::<Vec<_>>()).await.expect("it works");
    migrate(&mut session, &MADE).await.expect("it works");
    assert!(session.try_lock().await.expect("it works"));
    let taken = snapshot(&target).await;
    assert!(taken.pieces.len() > 1, "streamed in pieces");
    assert!(taken.manifest.tool.starts_with("pg_dump (PostgreSQL) "), "{}", taken.manifest.tool);

    migrate(&mut session, &["DELETE FROM p WHERE id > 10", "DROP VIEW v", "CREATE TABLE later (id INT)"])
        .await
        .expect("it works");
    let _onlooker = target.session().await;
    let mut session =
        restore(&target, session, &taken, false).await.unwrap_or_else(|failure| panic!("{}", failure.error));

    assert_eq!(session.schema(None).await.expect("it works").fingerprint(), taken.manifest.schema_fingerprint);
    assert_eq!(session.digests().await.expect("it works"), taken.manifest.tables);
    assert!(session.is_locked().await.expect("it works"));
    assert!(!target.session().await.try_lock().await.expect("it works"));
    let carried = "SELECT count(*) FROM pg_database d WHERE d.datname = current_database() AND d.datconnlimit = 42 \
        AND shobj_description(d.oid, 'pg_database') = 'it''s ours' AND current_setting('statement_timeout') = '7min' \
        AND current_setting('search_path') = 'public, \"Odd name\"' \
        AND NOT EXISTS (SELECT 1 FROM aclexplode(d.datacl) a WHERE a.grantee = 0 AND a.privilege_type = 'CONNECT')";
    assert_eq!(number(&mut session, carried).await, 1);
    nothing_is_left_over(&target, &mut session).await;
}

/// Goal: whatever a schema can hold, a restored copy has its fingerprint.
/// Method: every change that the fingerprint sees, made before the dump.
#[tokio::test]
async fn a_rich_schema_comes_back_with_its_fingerprint() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    migrate(&mut session, &fingerprint::BASE).await.expect("a base");
    for change in ["CREATE TABLE p2 (id INT)"].iter().chain(&fingerprint::CHANGES) {
        session.execute(change).await.unwrap_or_else(|failure| panic!("{failure}: {change}"));
    }
    let taken = snapshot(&target).await;
    let before = session.schema(None).await.expect("a schema");
    let restored = restore(&target, session, &taken, false).await;
    let mut session = restored.unwrap_or_else(|failure| panic!("{}: {before:#?}", failure.error));
    assert_eq!(session.schema(None).await.expect("a schema").fingerprint(), before.fingerprint());
}

/// Goal: a dump that is cut short, or is not what its manifest says, changes nothing.
#[tokio::test]
async fn a_dump_that_is_not_right_changes_nothing() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    migrate(&mut session, &MADE).await.expect("it works");
    assert!(session.try_lock().await.expect("it works"));
    let mut taken = snapshot(&target).await;
    migrate(&mut session, &["CREATE TABLE later (id INT)"]).await.expect("it works");

    let Err(failure) = restore(&target, session, &taken, true).await else { panic!("half a dump was taken") };
    assert!(matches!(failure.error, EngineError::Tool { .. }), "{}", failure.error);
    let session = failure.session.expect("the session comes back");

    let told = taken.manifest.tables.get_mut("p").expect("a digest");
    told.rows = 1999;
    let hash = told.hash.clone();
    let Err(failure) = restore(&target, session, &taken, false).await else { panic!("a wrong dump was taken") };
    assert_eq!(
        failure.error.to_string(),
        format!(
            "the restored copy differs from its manifest: table p has 2000 rows of hash {hash}, and 1999 rows of hash {hash} \
             in the manifest"
        )
    );
    let mut session = failure.session.expect("the session comes back");
    assert!(session.try_lock().await.expect("it works"));
    assert_eq!(number(&mut session, "SELECT count(*) FROM later").await, 0);
    nothing_is_left_over(&target, &mut session).await;
}

/// Goal: a role that is no superuser restores what it owns; a session it may not end stops the swap, and changes nothing.
/// Method: a superuser looks on during the first restore, and has gone at the second.
#[tokio::test]
async fn an_owner_restores_unless_somebody_cannot_be_shown_out() {
    let target = Target::empty().await;
    let (server, live) = target.url.rsplit_once('/').expect("it works");
    let mut onlooker = target.session().await;
    onlooker.execute(&format!("CREATE ROLE o_{live} LOGIN CREATEDB PASSWORD 'x:y'")).await.expect("it works");
    onlooker.execute(&format!("ALTER DATABASE {live} OWNER TO o_{live}")).await.expect("it works");
    let url = format!("postgres://o_{live}:x%3Ay@{}/{live}", server.rsplit_once('@').expect("it works").1);
    let target = Target { engine: at(&url), ..target };

    let mut session = target.session().await;
    migrate(&mut session, &MADE).await.expect("it works");
    assert!(session.try_lock().await.expect("it works"));
    let taken = snapshot(&target).await;
    migrate(&mut session, &["CREATE TABLE later (id INT)"]).await.expect("it works");

    let Err(failure) = restore(&target, session, &taken, false).await else { panic!("swapped under a session") };
    assert!(matches!(failure.error, EngineError::Refused { ref code, .. } if code == "55006"), "{}", failure.error);
    let mut session = failure.session.expect("a session comes back");
    assert!(!onlooker.try_lock().await.expect("it works"), "with the lock");
    assert_eq!(number(&mut session, "SELECT count(*) FROM later").await, 0);
    nothing_is_left_over(&target, &mut session).await;

    onlooker.close().await;
    let mut session =
        restore(&target, session, &taken, false).await.unwrap_or_else(|failure| panic!("{}", failure.error));
    assert_eq!(session.schema(None).await.expect("it works").fingerprint(), taken.manifest.schema_fingerprint);
    nothing_is_left_over(&target, &mut session).await;
}

/// Goal: a dump that nobody takes is stopped.
#[tokio::test]
async fn a_dump_ends_when_nobody_takes_it() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    migrate(&mut session, &MADE).await.expect("it works");
    let (sink, source) = mpsc::channel(1);
    drop(source);
    let scratch = tempfile::tempdir().expect("it works");
    let failure = target.engine.dump(scratch.path(), sink, None).await.expect_err("nobody there");
    assert!(failure.to_string().starts_with("pg_dump was stopped"), "{failure}");
}

/// Goal: the longest name of a database leaves room for the two beside it.
/// Method: 63 bytes, cut in the middle of a letter of two.
#[tokio::test]
async fn a_database_with_the_longest_name_comes_back() {
    let target = Target::empty().await;
    let (server, short) = target.url.rsplit_once('/').expect("it works");
    let name = format!("{short:_<29}{}", "é".repeat(17));
    assert_eq!(name.len(), 63);
    target.session().await.execute(&format!("CREATE DATABASE \"{name}\"")).await.expect("it works");
    let url = format!("{server}/{}", name.replace('é', "%C3%A9"));
    let long = Target { engine: at(&url), ..target };

    let mut session = long.session().await;
    migrate(&mut session, &MADE).await.expect("it works");
    assert!(session.try_lock().await.expect("it works"));
    let taken = snapshot(&long).await;
    migrate(&mut session, &["DROP TABLE c"]).await.expect("it works");
    let mut session =
        restore(&long, session, &taken, false).await.unwrap_or_else(|failure| panic!("{}", failure.error));

    assert_eq!(number(&mut session, "SELECT count(*) FROM pg_class WHERE relname = 'c'").await, 1);
    let ours = format!("SELECT count(*) FROM pg_database WHERE datname LIKE '{}%'", &name[..28]);
    assert_eq!(number(&mut session, &ours).await, 2, "the short one and the long one");
}

/// Goal: a password reaches the programs by a private file in libpq's spelling, which goes away with them.
/// Method: look into the scratch folder while nobody takes the dump.
#[tokio::test]
async fn a_password_is_in_a_private_file_as_long_as_it_is_needed() {
    use std::os::unix::fs::PermissionsExt;
    let target = Target::empty().await;
    migrate(&mut target.session().await, &MADE).await.expect("it works");
    let (scheme, rest) = target.url.split_once("://").expect("it works");
    let place = rest.rsplit_once('@').expect("a user").1;
    let engine = at(&format!("{scheme}://postgres:a%3Ab%5Cc@{place}"));
    let scratch = tempfile::tempdir().expect("it works");
    let (sink, mut source) = mpsc::channel(1);

    let look = async {
        source.recv().await.expect("the beginning of the dump");
        let file =
            std::fs::read_dir(scratch.path()).expect("it works").next().expect("a file").expect("it works").path();
        let mode = std::fs::metadata(&file).expect("it works").permissions().mode() & 0o777;
        let line = std::fs::read_to_string(&file).expect("it works");
        drop(source);
        (mode, line)
    };
    let (_, seen) = tokio::join!(engine.dump(scratch.path(), sink, None), look);

    assert_eq!(seen, (0o600, "*:*:*:*:a\\:b\\\\c\n".to_owned()));
    assert_eq!(std::fs::read_dir(scratch.path()).expect("it works").count(), 0);
}
