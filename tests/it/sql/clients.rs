//! What the engines' own clients take for statements.

use proptest::{prelude::*, sample::select, strategy::ValueTree, test_runner::TestRunner};
use windlass::sql::{
    Dialect::{self, MySql, Postgres},
    split,
};

use super::{cut, properties::FRAGMENTS};
use crate::harness::database::{On, fresh};

/// How many texts each client is given; a client's start takes about 10 ms.
const TEXTS: usize = 100;

/// Random texts, always the same ones, that can be cut and hold nothing of `without`.
fn texts(dialect: Dialect, without: &[&str]) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let text = prop::collection::vec(select(&FRAGMENTS[..]), 1..40).prop_map(|fragments| fragments.concat());
    let drawn = std::iter::repeat_with(|| text.new_tree(&mut runner).expect("a text").current());
    drawn
        .filter(|text| !without.iter().any(|word| text.contains(word)))
        .filter(|text| split(dialect, text).is_ok_and(|found| found.len() > 1))
        .take(TEXTS)
        .collect()
}

async fn the_client_sends_what_is_cut(on: On, dialect: Dialect, without: &[&str]) {
    let database = fresh(on).await;
    let mut differ = Vec::new();
    for text in texts(dialect, without) {
        let sent = database.sends(&text);
        let sent: Vec<_> =
            sent.iter().filter(|sent| split(dialect, sent).map_or(true, |found| !found.is_empty())).collect();
        if sent.len() != cut(dialect, &text).len() {
            differ.push(format!("{text:?}\n  client: {sent:?}\n  windlass: {:?}", cut(dialect, &text)));
        }
    }
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
}

/// Goal: PostgreSQL's own client agrees where statements end.
#[tokio::test]
async fn psql_agrees() {
    the_client_sends_what_is_cut(On::Postgres, Postgres, &[]).await;
}

/// Goal: MariaDB's own client agrees where statements end.
#[tokio::test]
async fn mariadb_agrees() {
    // The client obeys DELIMITER, rewrites comments of code and knows no bodies: these have tests of their own. And it does
    // not see that a comment ends in `/*/`, as the server does.
    the_client_sends_what_is_cut(On::MariaDb, MySql, &["DELIMITER", "/*!", "/*M!", "/*/", "CASE", "IF", "BEGIN"]).await;
}

/// Goal: a line of dashes that the client passes over does not stop a script here; within a statement it is two signs.
#[test]
fn dashes_before_a_statement_are_a_comment_on_mariadb() {
    assert_eq!(cut(MySql, "--it's old\nSELECT 1;\n-----\nSELECT 2"), ["SELECT 1", "SELECT 2"]);
    assert_eq!(cut(MySql, "SELECT 5--2"), ["SELECT 5--2"]);
}

/// Goal: a quote may follow a number or a parameter at once.
#[test]
fn a_dollar_quote_behind_digits_is_one_on_postgres() {
    assert_eq!(cut(Postgres, "SELECT 1$$;$$; SELECT $1$a$;$a$"), ["SELECT 1$$;$$", "SELECT $1$a$;$a$"]);
}
