//! What holds for any text.

use std::ffi::CString;

use proptest::{
    prelude::*,
    sample::{Index, select},
};
use windlass::{
    model::checksum::Edit,
    sql::{
        Dialect::{self, MySql, Postgres, Sqlite},
        checksum, names, split,
    },
};

/// What texts are made of here: everything that opens, closes, ends or escapes.
pub const FRAGMENTS: [&str; 44] = [
    "'",
    "\"",
    "`",
    "[",
    "]",
    "$$",
    "$a$",
    "a$b$",
    "$1",
    "E'",
    "U&'",
    "x'",
    "--",
    "-- ",
    "#",
    "/*",
    "*/",
    "/*!50003 ",
    "/*M!",
    "\\",
    ";",
    ";\n",
    "\n",
    "\r\n",
    " ",
    "(",
    ")",
    "CREATE ",
    " TRIGGER ",
    " TEMP ",
    " FUNCTION ",
    " BEGIN ",
    " ATOMIC ",
    " END",
    " CASE ",
    " IF ",
    " THEN ",
    " ROW ",
    "DELIMITER //\n",
    "//",
    "é",
    "1.5e-3",
    ".",
    "SELECT a",
];

/// Statements as tokens, so that anything may stand between two of them.
const TOKENS: [&[&str]; 3] = [
    &["SELECT", "'a;b'", ",", "\"we;ird\"", "FROM", "acct", "WHERE", "a", ">=", "-", "1.5e-3", ";"],
    &["CREATE", "TABLE", "acct", "(", "id", "INTEGER", "PRIMARY", "KEY", ",", "x", "CHAR", "(", "3", ")", ")", ";"],
    &["INSERT", "INTO", "acct", "VALUES", "(", "1", ",", "'it''s'", ")", ";"],
];

/// What may stand between two tokens.
const GAPS: [&str; 7] = [" ", "\n", "\r\n", "\t ", " /* ; ' */ ", " -- it's;\n", "\n-- \"\r\n"];

fn dialects() -> impl Strategy<Value = Dialect> {
    select(&[Postgres, MySql, Sqlite][..])
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(select(&FRAGMENTS[..]), 0..40).prop_map(|fragments| fragments.concat()),
        any::<String>(),
    ]
}

fn keyword_case(token: &str, upper: bool) -> String {
    let is_keyword = token.len() > 1 && token.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_keyword && !upper { token.to_ascii_lowercase() } else { token.to_owned() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Goal: nothing is made up, moved or split within a character.
    #[test]
    fn pieces_are_parts_of_the_text_in_order(dialect in dialects(), text in texts()) {
        let _ = names(dialect, &text);
        let Ok(statements) = split(dialect, &text) else { return Ok(()) };
        let mut at = 0;
        for statement in statements {
            let found = text[at..].find(&statement.sql);
            prop_assert!(found.is_some(), "{:?} is not behind {at}", statement.sql);
            prop_assert!(!statement.sql.is_empty());
            at += found.unwrap_or_default() + statement.sql.len();
        }
    }

    /// Goal: a text is judged the same by all that read it.
    #[test]
    fn a_checksum_exists_exactly_where_statements_do(dialect in dialects(), text in texts()) {
        prop_assert_eq!(split(dialect, &text).err(), checksum(dialect, &[&text]).err());
    }

    /// Goal: what was cut once stays whole.
    /// Method: join the statements of a text again, and cut that.
    #[test]
    fn statements_joined_again_are_cut_the_same(dialect in select(&[Postgres, Sqlite][..]), text in texts()) {
        let cut = |text: &str| split(dialect, text).map(|found| found.into_iter().map(|one| one.sql).collect::<Vec<_>>());
        if let Ok(statements) = cut(&text) {
            prop_assert_eq!(cut(&statements.join(";\n")), Ok(statements));
        }
    }

    /// Goal: the token checksum lets go of everything between tokens, and of the case of keywords.
    #[test]
    fn anything_between_tokens_keeps_the_checksum(
        dialect in dialects(),
        gaps in prop::collection::vec((select(&GAPS[..]), any::<bool>()), 40),
    ) {
        let plain = TOKENS.concat().join(" ");
        let tokens = TOKENS.concat().into_iter().zip(gaps);
        let spaced: String = tokens.map(|(token, (gap, upper))| gap.to_owned() + &keyword_case(token, upper)).collect();
        let (one, other) = (checksum(dialect, &[&plain]).unwrap(), checksum(dialect, &[&spaced]).unwrap());
        prop_assert_ne!(one.edit_since(&other), Edit::Meaningful, "{}", spaced);
    }

    /// Goal: no literal can change unseen.
    #[test]
    fn a_changed_literal_changes_the_checksum(dialect in dialects(), one in "[a-zA-Z0-9 ;\n-]*", other in "[a-zA-Z0-9 ;\n-]*") {
        prop_assume!(one != other);
        let of = |literal: &str| checksum(dialect, &[&format!("SELECT '{literal}'")]).unwrap().tokens;
        prop_assert_ne!(of(&one), of(&other));
    }

    /// Goal: a changed token is a changed checksum.
    #[test]
    fn a_missing_token_changes_the_checksum(dialect in dialects(), at in any::<Index>()) {
        let mut tokens = TOKENS.concat();
        let whole = checksum(dialect, &[&tokens.join(" ")]).unwrap().tokens;
        let last = tokens.len() - 1;
        tokens.remove(at.index(last));
        if let Ok(less) = checksum(dialect, &[&tokens.join(" ")]) {
            prop_assert_ne!(less.tokens, whole);
        }
    }

    /// Goal: SQLite itself agrees where statements end.
    /// Method: a text that ends in `;` is complete for `sqlite3_complete` exactly if it can be cut.
    #[test]
    fn sqlite_agrees(text in texts()) {
        let text = format!("{}\n;", text.replace('\0', ""));
        let cut = split(Sqlite, &text);
        if matches!(&cut, Err(error) if error.message.contains("command of")) {
            return Ok(());
        }
        prop_assert_eq!(cut.is_ok(), is_complete(&text), "{:?}", cut);
    }
}

#[expect(unsafe_code, reason = "the oracle is a C function")]
fn is_complete(text: &str) -> bool {
    let text = CString::new(text).unwrap();
    // SAFETY: the pointer is to a string that ends in NUL and outlives the call.
    unsafe { libsqlite3_sys::sqlite3_complete(text.as_ptr()) == 1 }
}
