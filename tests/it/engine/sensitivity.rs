//! What tells whether a statement took effect is sensitive to every kind of change, and to nothing else.
//!
//! The corpus is in `tests/fixtures/ddl`: a statement on a line, each building on those before it. A line that begins with
//! `~` prepares, `*` makes a table or index anew without a change of the schema's words, `--` is a heading.

use std::{collections::BTreeSet, fs, path::Path};

use windlass::{
    engine::Session,
    model::migration::StatementKind,
    sql::{self, Dialect},
};

use super::target::{Target, fingerprint, target};
use crate::harness::{
    database::{On, fresh},
    own_server::OwnServer,
};

/// How many distinct statements there are at least, for each engine.
const STATEMENTS_MIN: usize = 300;

/// How often a schema that nobody changes is looked at; `WINDLASS_TEST_LOOKS` says otherwise.
const LOOKS: usize = 50;

/// How often its server is killed and started again meanwhile.
const RESTARTS: usize = 3;

#[derive(PartialEq, Eq)]
enum What {
    Prepares,
    Changes,
    MakesAnew,
}

fn corpus(on: On) -> Vec<(What, String)> {
    let name = match on {
        On::Sqlite => "sqlite.sql",
        On::Postgres => "postgres.sql",
        On::MariaDb => "mariadb.sql",
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ddl").join(name);
    let text = fs::read_to_string(path).expect("the corpus");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("-- "));
    lines
        .map(|line| match line.split_at(1) {
            ("~", rest) => (What::Prepares, rest.trim().to_owned()),
            ("*", rest) => (What::MakesAnew, rest.trim().to_owned()),
            _ => (What::Changes, line.to_owned()),
        })
        .collect()
}

/// What a run keeps as evidence for a statement.
#[derive(PartialEq, Eq)]
struct Near {
    named: String,
    glance: Option<String>,
    generation: Option<String>,
}

async fn near(session: &mut dyn Session, dialect: Dialect, statement: &str) -> Near {
    let names = sql::names(dialect, statement);
    let schema = session.schema(Some(&names)).await.expect("a part of it").only(&names);
    let changed = sql::changed_names(dialect, statement);
    let is_plain = sql::changes_tables_only(dialect, statement);
    let glance = if is_plain { session.glance(&changed).await.expect("a glance") } else { None };
    Near { named: schema.fingerprint(), glance, generation: session.generation(&names).await.expect("a generation") }
}

/// Whether a run keeps evidence for a statement: elsewhere its mark shares its transaction.
fn keeps_evidence(dialect: Dialect, statement: &str) -> bool {
    let kinds = [StatementKind::ImplicitCommit, StatementKind::OutsideTransaction];
    sql::split(dialect, statement).is_ok_and(|all| all.iter().any(|one| kinds.contains(&one.kind)))
}

/// Goal: no change goes unseen, neither by the schema's fingerprint nor by the evidence of an intent.
async fn every_statement_is_seen(on: On) {
    let target = target(on).await;
    let dialect = target.engine.dialect();
    let mut session = target.open().await;
    let (mut distinct, mut faults) = (BTreeSet::new(), Vec::new());
    let mut whole = fingerprint(session.as_mut()).await;
    for (what, statement) in corpus(on) {
        if what == What::Prepares {
            if let Err(error) = session.execute(&statement).await {
                faults.push(format!("{error:?}: {statement}"));
            }
            whole = fingerprint(session.as_mut()).await;
            continue;
        }
        let keeps_evidence = what == What::MakesAnew || keeps_evidence(dialect, &statement);
        let before = if keeps_evidence { Some(near(session.as_mut(), dialect, &statement).await) } else { None };
        if let Err(error) = session.execute(&statement).await {
            faults.push(format!("{error:?}: {statement}"));
            continue;
        }
        let now = session.schema(None).await.expect("a schema");
        if (now.fingerprint() == whole) != (what == What::MakesAnew) {
            faults.push(format!("unseen: {statement}"));
        }
        whole = now.fingerprint();
        if let Some(before) = before {
            let after = near(session.as_mut(), dialect, &statement).await;
            let names = sql::names(dialect, &statement);
            assert_eq!(now.only(&names).fingerprint(), after.named, "seen from afar and from near: {statement}");
            let is_seen = match what {
                What::MakesAnew => before.generation != after.generation,
                _ => before.named != after.named && (before.glance.is_none() || before.glance != after.glance),
            };
            if !is_seen {
                faults.push(format!("unseen by its evidence: {statement}"));
            }
        }
        distinct.insert(statement.to_lowercase());
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), distinct.len(), faults.join("\n"));
    assert!(distinct.len() >= STATEMENTS_MIN, "only {} distinct statements", distinct.len());
}

/// Goal: what nobody changes is never seen as changed, by however many sessions it is looked at, and by whichever server has
/// read it from its files again. Method: on a server of its own, which is killed a few times meanwhile; a file of SQLite is
/// read anew by each session.
async fn looking_changes_nothing(on: On) {
    let mut server = if on == On::Sqlite { None } else { Some(OwnServer::begins(on).await) };
    let database = match &server {
        Some(server) => server.fresh().await,
        None => fresh(on).await,
    };
    let target = Target::at(database);
    let mut session = target.open().await;
    for (_, statement) in corpus(on) {
        session.execute(&statement).await.unwrap_or_else(|error| panic!("{error:?}: {statement}"));
    }
    session.close().await;
    let asked = std::env::var("WINDLASS_TEST_LOOKS").ok();
    let looks = asked.map_or(LOOKS, |text| text.parse().expect("WINDLASS_TEST_LOOKS is a number"));
    let mut first = None;
    for look in 1..=looks {
        let mut session = target.open().await;
        let names: Vec<String> = schema_names(session.as_mut()).await;
        let seen = (fingerprint(session.as_mut()).await, session.generation(&names).await.expect("a generation"));
        let glance = session.glance(&names).await.expect("a glance");
        session.close().await;
        let seen = (seen, glance);
        assert!(*first.get_or_insert_with(|| seen.clone()) == seen, "nobody changed anything before look {look}");
        if let Some(server) = server.as_mut().filter(|_| look % (looks / RESTARTS).max(1) == 0) {
            server.dies().await;
            assert!(server.comes_back().await, "the server did not come back");
        }
    }
}

/// The names of all tables.
async fn schema_names(session: &mut dyn Session) -> Vec<String> {
    session.schema(None).await.expect("a schema").tables.into_keys().collect()
}

macro_rules! on_each {
    ($($name:ident: $rule:ident on $on:ident;)*) => {
        $(#[tokio::test] async fn $name() { $rule(On::$on).await; })*
    };
}

on_each! {
    every_statement_is_seen_on_sqlite: every_statement_is_seen on Sqlite;
    every_statement_is_seen_on_postgres: every_statement_is_seen on Postgres;
    every_statement_is_seen_on_mariadb: every_statement_is_seen on MariaDb;
    looking_changes_nothing_on_sqlite: looking_changes_nothing on Sqlite;
    looking_changes_nothing_on_postgres: looking_changes_nothing on Postgres;
    looking_changes_nothing_on_mariadb: looking_changes_nothing on MariaDb;
}
