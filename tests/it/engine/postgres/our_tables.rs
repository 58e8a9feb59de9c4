//! Our own tables in PostgreSQL's words.

use super::*;

async fn create(target: &Target, session: &mut Box<dyn Session>) {
    for statement in target.engine.words().create_tables {
        session.execute(statement).await.unwrap_or_else(|failure| panic!("{failure}: {statement}"));
    }
}

/// Goal: the tables are created once, and again changes nothing; none of them is the application's.
#[tokio::test]
async fn the_tables_are_created_once() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    create(&target, &mut session).await;
    create(&target, &mut session).await;

    let words = target.engine.words();
    for table in ["schema_version", "migration_history", "windlass_lock", "windlass_journal"] {
        let rows = session.query(words.count_table, &[table.into()]).await.expect("it works");
        assert_eq!(rows[0].int(0).expect("it works"), Some(1), "{table}");
    }
    assert_eq!(number(&mut session, words.count_foreign_tables).await, 0);
    assert_eq!(number(&mut session, "SELECT epoch FROM windlass_lock WHERE id = 1").await, 0);
    assert_eq!(session.schema(None).await.expect("it works"), windlass::model::schema::Schema::default());
    session.execute("CREATE TABLE app (id INT)").await.expect("it works");
    assert_eq!(number(&mut session, words.count_foreign_tables).await, 1);
}

/// Goal: the clock, the beat and the epoch are in milliseconds.
#[tokio::test]
async fn the_clock_is_in_milliseconds() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    create(&target, &mut session).await;
    let words = target.engine.words();
    let beat = format!("UPDATE windlass_lock SET since = {0}, heartbeat = {0} - INTERVAL '5 seconds'", words.clock);
    assert_eq!(session.write(&beat, &[]).await.expect("it works"), 1);

    let elapsed_ms = number(&mut session, &format!("SELECT {}", words.elapsed_ms)).await;
    assert!((5_000..60_000).contains(&elapsed_ms), "{elapsed_ms}");
    let (before, after) = words.epoch_ms;
    let since_ms = number(&mut session, &format!("SELECT {before}since{after} FROM windlass_lock")).await;
    assert!(since_ms > 1_700_000_000_000, "{since_ms}");
}

/// Goal: tables that an older tool made are taken over, with their rows.
#[tokio::test]
async fn tables_that_were_there_before_gain_what_they_lack() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    session
        .execute(
            "CREATE TABLE schema_version (id SERIAL PRIMARY KEY, version VARCHAR(20) NOT NULL, \
             migration_number INT NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, \
             backend_version VARCHAR(20) NOT NULL, description TEXT, checksum VARCHAR(64))",
        )
        .await
        .expect("it works");
    session
        .execute("INSERT INTO schema_version (version, migration_number, backend_version) VALUES ('0.1.0', 1, '0.1.0')")
        .await
        .expect("it works");
    create(&target, &mut session).await;
    assert_eq!(
        number(&mut session, "SELECT count(*) FROM schema_version WHERE name IS NULL AND run_id IS NULL").await,
        1
    );
    assert_eq!(session.schema(None).await.expect("it works"), windlass::model::schema::Schema::default());
}
