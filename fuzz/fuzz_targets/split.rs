//! The splitter on any text: no panic, pieces are parts of the text in order, the checksum is stable.
//!
//! `cargo +nightly fuzz run split -- -max_len=4096`

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass::sql::{Dialect, checksum, names, split};

fuzz_target!(|text: &str| {
    for dialect in [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite] {
        check(dialect, text);
    }
});

fn check(dialect: Dialect, text: &str) {
    let _ = names(dialect, text);
    let found = checksum(dialect, &[text]);
    assert_eq!(found, checksum(dialect, &[text]), "the checksum is not stable");
    let statements = match split(dialect, text) {
        Ok(statements) => statements,
        Err(error) => return assert_eq!(found, Err(error)),
    };
    let mut at = 0;
    for statement in statements {
        let Some(place) = text[at..].find(&statement.sql) else {
            panic!("{:?} is not behind {at}", statement.sql);
        };
        at += place + statement.sql.len();
    }
}
