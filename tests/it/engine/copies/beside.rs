//! Databases beside the live one.

use windlass::engine::{self, Engine};

use super::*;

on_every_engine!(
    what_a_killed_trial_left_is_swept_and_what_is_in_use_is_not,
    a_dump_comes_back_into_another_database,
    the_room_is_told,
);

/// The databases whose name begins with that of the target's, which has letters and digits alone.
async fn beside(target: &Target, session: &mut dyn Session) -> Vec<String> {
    let live = target.database.url.rsplit_once('/').expect("a name").1;
    let query = match target.database.on {
        On::Sqlite => return Vec::new(),
        On::Postgres => format!("SELECT datname::text FROM pg_database WHERE datname LIKE '{live}\\_\\_%'"),
        On::MariaDb => {
            format!("SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '{live}\\_\\_%'")
        }
    };
    let rows = session.query(&query, &[]).await.expect("names");
    rows.iter().map(|row| row.text(0).expect("text").expect("a name").to_owned()).collect()
}

/// Goal: a trial that was killed leaves nothing for long, and nobody takes away what a living one uses.
/// Method: begin a trial of a dump that does not end, sweep, drop the trial as a killed process would, sweep again.
async fn what_a_killed_trial_left_is_swept_and_what_is_in_use_is_not(on: On) {
    let (target, mut session) = with_guests(on).await;
    let dumped = target.dump(session.as_mut()).await;
    let (sink, source) = mpsc::channel(1);
    let (engine, scratch, manifest) = (target.engine.clone(), target.scratch().to_owned(), dumped.manifest.clone());
    let trying = tokio::spawn(async move { engine.trial(&scratch, source, &manifest).await });
    sink.send(Ok(Bytes::copy_from_slice(&dumped.bytes[..1]))).await.expect("a trial");
    sink.reserve().await.expect("it has begun to read").send(Ok(Bytes::new()));
    let used = beside(&target, session.as_mut()).await;
    assert_eq!(used.len(), usize::from(on != On::Sqlite), "{used:?}");

    assert_eq!(target.engine.sweep().await.expect("an answer"), [""; 0], "it is in use");
    trying.abort();
    let _ = trying.await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !beside(&target, session.as_mut()).await.is_empty() {
        // Free once the server has seen that its sessions are gone.
        target.engine.sweep().await.expect("an answer");
        assert!(tokio::time::Instant::now() < deadline, "what nobody uses stays");
    }

    drop(sink);
    target.engine.trial(target.scratch(), pieces(&dumped), &dumped.manifest).await.expect("a trial afterwards");
    assert!(beside(&target, session.as_mut()).await.is_empty());
}

/// Goal: a dump is restored into a database that was not there, under a name that must be quoted; the live one is left alone.
async fn a_dump_comes_back_into_another_database(on: On) {
    let (target, mut session) = with_guests(on).await;
    let dumped = target.dump(session.as_mut()).await;
    execute(session.as_mut(), "DELETE FROM guests").await;
    let name = match on {
        On::Sqlite => target.scratch().join("odd \"näme.db").display().to_string(),
        On::Postgres | On::MariaDb => format!("{} \"`näme'", target.database.url.rsplit_once('/').expect("a name").1),
    };
    let other = target.engine.beside(&name).expect("another database");
    assert!(other.address().contains("näme"), "{}", other.address());

    assert!(other.create().await.expect("it is made"));
    assert!(!other.create().await.expect("it is there"));
    let mut into = other.open().await.expect("a session");
    assert!(into.try_lock().await.expect("an answer"));
    let restored = other.restore(into, target.scratch(), pieces(&dumped), &dumped.manifest, None).await;

    let mut into = restored.unwrap_or_else(|failure| panic!("{}", failure.error));
    assert_eq!(into.digests().await.expect("digests"), dumped.manifest.tables);
    assert!(into.is_locked().await.expect("an answer"));
    assert_eq!(number(session.as_mut(), "SELECT count(*) FROM guests").await, 0, "the live one");
    into.close().await;
    drop_it(on, session.as_mut(), &name).await;
    for bad in ["", "a\0b"] {
        assert!(matches!(target.engine.beside(bad), Err(EngineError::Address { .. })), "{bad:?}");
    }
}

async fn drop_it(on: On, session: &mut dyn Session, name: &str) {
    match on {
        On::Sqlite => {}
        On::Postgres => execute(session, &format!("DROP DATABASE \"{}\"", name.replace('"', "\"\""))).await,
        On::MariaDb => execute(session, &format!("DROP DATABASE `{}`", name.replace('`', "``"))).await,
    }
}

/// Goal: the room that a database takes grows with it, and on this machine the room that is left is told.
async fn the_room_is_told(on: On) {
    let (target, mut session) = with_guests(on).await;
    let before = target.engine.room().await.expect("figures");
    let filler = "x".repeat(4_000);
    for from in 0..20 {
        let rows: Vec<String> = (0..100).map(|row| format!("({}, '{filler}')", from * 100 + row)).collect();
        if from == 0 {
            execute(session.as_mut(), "CREATE TABLE filler (id INTEGER PRIMARY KEY, v TEXT)").await;
        }
        execute(session.as_mut(), &format!("INSERT INTO filler VALUES {}", rows.join(", "))).await;
    }
    if on == On::MariaDb {
        // The server's own figures are as old as its last look.
        session.query("ANALYZE TABLE filler", &[]).await.expect("a look");
    }

    let room = target.engine.room().await.expect("figures");

    assert!(room.database_bytes > before.database_bytes + 100_000, "{before:?} {room:?}");
    assert!(room.free_bytes.is_some_and(|free| free > 0), "{room:?}");
    assert!(room.place.as_deref().is_some_and(|place| std::path::Path::new(place).is_dir()), "{room:?}");
    if on == On::Sqlite {
        let missing = target.scratch().join("not/there/yet.db").display().to_string();
        let missing: std::sync::Arc<dyn Engine> = engine::at(&format!("sqlite:{missing}").into()).expect("an engine");
        let room = missing.room().await.expect("figures");
        assert_eq!(room.database_bytes, 0);
        assert!(room.free_bytes.is_some());
    }
}
