//! What tells whether a statement took effect is sensitive to every kind of change, and to nothing else.
//!
//! The corpus is in `tests/fixtures/ddl`: a statement on a line, each building on those before it. A line that begins with
//! `~` prepares, `*` makes a table or index anew without a change of the schema's words, `--` is a heading.

use std::{collections::BTreeSet, fs, path::Path};

use windlass::{
    engine::Session,
    model::schema::Schema,
    sql::{self, Dialect},
};

use super::target::target;
use crate::harness::database::On;

/// How many distinct statements there are at least, for each engine.
const STATEMENTS_MIN: usize = 300;

/// How often a schema that nobody changes is looked at; `WINDLASS_TEST_LOOKS` says otherwise.
const LOOKS: usize = 50;

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

/// What is to be seen of a statement before and after it: the whole schema, and what a run keeps as evidence.
#[derive(PartialEq, Eq)]
struct Look {
    whole: String,
    named: String,
    glance: Option<String>,
    generation: Option<String>,
}

async fn look(session: &mut dyn Session, dialect: Dialect, statement: &str) -> Look {
    let names = sql::names(dialect, statement);
    let schema: Schema = session.schema(None).await.expect("a schema");
    let named = session.schema(Some(&names)).await.expect("a part of it").only(&names).fingerprint();
    let glance = match sql::changes_tables_only(dialect, statement) {
        true => session.glance(&sql::changed_names(dialect, statement)).await.expect("a glance"),
        false => None,
    };
    let generation = session.generation(&names).await.expect("a generation");
    assert_eq!(schema.only(&names).fingerprint(), named, "seen from afar and from near: {statement}");
    Look { whole: schema.fingerprint(), named, glance, generation }
}

/// Goal: no change goes unseen, neither by the schema's fingerprint nor by the evidence of an intent.
async fn every_statement_is_seen(on: On) {
    let target = target(on).await;
    let dialect = target.engine.dialect();
    let mut session = target.open().await;
    let (mut distinct, mut faults) = (BTreeSet::new(), Vec::new());
    for (what, statement) in corpus(on) {
        if what == What::Prepares {
            if let Err(error) = session.execute(&statement).await {
                faults.push(format!("{error:?}: {statement}"));
            }
            continue;
        }
        let before = look(session.as_mut(), dialect, &statement).await;
        if let Err(error) = session.execute(&statement).await {
            faults.push(format!("{error:?}: {statement}"));
            continue;
        }
        let after = look(session.as_mut(), dialect, &statement).await;
        let is_seen = match what {
            What::MakesAnew => before.whole == after.whole && before.generation != after.generation,
            _ => before.whole != after.whole && before.named != after.named,
        };
        if !is_seen {
            faults.push(format!("unseen: {statement}"));
        }
        if what == What::Changes && before.glance.is_some() && before.glance == after.glance {
            faults.push(format!("unseen at a glance: {statement}"));
        }
        distinct.insert(statement.to_lowercase());
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), distinct.len(), faults.join("\n"));
    assert!(distinct.len() >= STATEMENTS_MIN, "only {} distinct statements", distinct.len());
}

/// Goal: what nobody changes is never seen as changed, by however many sessions it is looked at.
async fn looking_changes_nothing(on: On) {
    let target = target(on).await;
    let dialect = target.engine.dialect();
    let mut session = target.open().await;
    for (_, statement) in corpus(on) {
        session.execute(&statement).await.unwrap_or_else(|error| panic!("{error:?}: {statement}"));
    }
    session.close().await;
    let looks = std::env::var("WINDLASS_TEST_LOOKS").ok().and_then(|text| text.parse().ok()).unwrap_or(LOOKS);
    let mut first = None;
    for _ in 0..looks {
        let mut session = target.open().await;
        let seen = look(session.as_mut(), dialect, "ALTER TABLE t ADD probe INT").await;
        session.close().await;
        assert!(
            *first.get_or_insert_with(|| (seen.whole.clone(), seen.generation.clone()))
                == (seen.whole, seen.generation)
        );
    }
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
