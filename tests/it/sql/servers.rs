//! What the servers themselves count as statements.
//!
//! A script goes to a server in one message, which the server cuts by its own grammar, and answers statement by statement.
//! Where it takes the whole script, windlass must count as many. Nothing is compared where the server refuses: then it has
//! not cut to the end.

use futures_util::StreamExt;
use proptest::{
    prelude::*,
    sample::{Index, select},
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, RngSeed, TestRng, TestRunner},
};
use sqlx::{AssertSqlSafe, Either};
use windlass::{
    model::migration::Statement,
    sql::{
        Dialect::{self, MySql, Postgres},
        split,
    },
};

use super::properties::FRAGMENTS;
use crate::harness::{
    database::{On, fresh},
    eye::Eye,
};

/// How many scripts a server is given; `WINDLASS_TEST_SCRIPTS` says otherwise.
const SCRIPTS: usize = 1_500;
/// The scripts are always the same, unless `WINDLASS_TEST_SEED` says otherwise.
const SEED: u64 = 1;

/// What a dialect's scripts are made of.
struct Grammar {
    /// Expressions that a statement may select.
    values: &'static [&'static str],
    /// What may stand between two of them, and around a statement.
    gaps: &'static [&'static str],
    /// Whole statements, most with a `;` that does not end them.
    statements: &'static [&'static str],
}

const POSTGRES: Grammar = Grammar {
    values: &[
        "1",
        "'a;b'",
        "'it''s;'",
        "E'\\';'",
        "e'a''b;\\\\'",
        "$$;$$",
        "$a$ ; $$ ' $a$",
        "$a$$b$;$a$",
        "1 AS \"we;ird\"",
        "1 AS \"q\"\"u;\"",
        "U&'\\0041;'",
        "B'1'",
        "x'1F'",
        "'\\'",
        "'a'\n'b;'",
        "(SELECT ';')",
        "-1",
        "1--;\n",
        "1/*;*/",
        "/*/*;*/;*/2",
        "CASE WHEN true THEN ';' END",
        "1.5e-3",
        "ARRAY[';']",
        "'--'",
        "'/*'",
        "$_é$;$_é$",
        "1::text",
        "N'n;'",
        "(1) - -1",
        "'a' || $q$;$q$",
        "E'\\\\'",
        "1 <> 2",
        "7 AS begin",
        "7 AS \"end\"",
        "1 AS a$b",
    ],
    gaps: &[
        " ",
        "\n",
        "\t",
        "\r\n",
        " /* ; */ ",
        " -- ;\n",
        " -- it's\n",
        " /* /* ; */ ' $$ */ ",
        "\u{c}",
        " --\n",
        " /**/ ",
    ],
    statements: &[
        "DO $$ BEGIN NULL; END $$",
        "DO $x$ BEGIN PERFORM ';$$'; END $x$ LANGUAGE plpgsql",
        "CREATE OR REPLACE FUNCTION f1() RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT 2'",
        "CREATE OR REPLACE FUNCTION f2() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END",
        "CREATE OR REPLACE FUNCTION f3(begin int) RETURNS int LANGUAGE sql RETURN (CASE begin WHEN 1 THEN 2 END)",
        "CREATE OR REPLACE PROCEDURE p1() LANGUAGE sql BEGIN ATOMIC; INSERT INTO t VALUES (1); DELETE FROM t; END",
        "CREATE OR REPLACE PROCEDURE p2() BEGIN ATOMIC END",
        "CREATE OR REPLACE PROCEDURE p3() LANGUAGE plpgsql AS $p$ BEGIN IF true THEN NULL; END IF; END $p$",
        "CREATE OR REPLACE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM t WHERE a = 1; DELETE FROM t WHERE a = 2)",
        "CREATE OR REPLACE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM t; ;)",
        "CREATE OR REPLACE VIEW v AS SELECT ';'::text AS a",
        "INSERT INTO t VALUES (1), (2)",
        "COMMENT ON TABLE t IS 'a;b'",
        "SET application_name TO 'a;b'",
        "EXPLAIN SELECT ';'",
        "VALUES (';'), ($$;$$)",
        "BEGIN; COMMIT",
        "PREPARE atomic AS SELECT $1::int; DEALLOCATE atomic",
    ],
};

const MARIADB: Grammar = Grammar {
    values: &[
        "1",
        "'a;b'",
        "'it''s;'",
        "'\\';'",
        "\"dq;\"",
        "\"it\"\"s;\"",
        "\"\\\";\"",
        "1 AS `we;ird`",
        "1 AS `q``u;`",
        "x'1F'",
        "0x1F",
        "b'1'",
        "_utf8mb4'a;b'",
        "N'n;'",
        "(SELECT ';')",
        "-1",
        "1 -- ;\n",
        "1 # ;\n",
        "1/*;*/",
        "CASE WHEN 1 THEN ';' END",
        "IF(1, ';', 2)",
        "1.5e-3",
        "'--'",
        "'/*'",
        "'a' 'b;'",
        "1--1",
        "5 - -1",
        "/*! 1 + */ 1",
        "/*!50003 1 + */ 1",
        "/*M! 1 + */ 1",
        "/*!999999 ' + */ 1",
        "@a",
        "@`a;b`",
        "7 AS `begin`",
        "1 AS end",
        "'\\\\'",
        "@@sql_mode",
        "1 AS case_",
        "REPEAT('a', 2)",
        "'\\n;'",
        "/**/1",
        "(1) /*/ ; */",
    ],
    gaps: &[
        " ",
        "\n",
        "\t",
        "\r\n",
        " /* ; */ ",
        " -- ;\n",
        " -- it's\n",
        " # ; '\n",
        " /* ' ` \" */ ",
        " --\n",
        "\u{b}",
    ],
    statements: &[
        "CREATE OR REPLACE PROCEDURE p1() BEGIN SET @a = 1; SET @b = ';'; END",
        "CREATE OR REPLACE PROCEDURE p2() BEGIN IF @a THEN SET @a = 1; ELSEIF @b THEN SET @a = 2; ELSE SET @a = 3; END IF; END",
        "CREATE OR REPLACE PROCEDURE p3() BEGIN CASE @a WHEN 1 THEN SET @b = CASE 1 WHEN 1 THEN 2 END; ELSE SET @b = 1; END CASE; END",
        "CREATE OR REPLACE PROCEDURE p4() l: LOOP SET @a = 1; LEAVE l; END LOOP l",
        "CREATE OR REPLACE PROCEDURE p5() IF @a THEN SET @a = IF(1, 2, 3); END IF",
        "CREATE OR REPLACE PROCEDURE p6() b: BEGIN DECLARE i INT DEFAULT 0; WHILE i < 3 DO SET i = i + 1; END WHILE; REPEAT SET i = i - 1; UNTIL i = 0 END REPEAT; END b",
        "CREATE OR REPLACE PROCEDURE p7() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN SET @a = 1; END; SET @b = 2; END",
        "CREATE OR REPLACE PROCEDURE p8() BEGIN FOR i IN 1..3 DO SET @a = i; END FOR; END",
        "CREATE OR REPLACE PROCEDURE p9() SET @a = 1",
        "CREATE OR REPLACE FUNCTION f1() RETURNS INT DETERMINISTIC RETURN CASE 1 WHEN 1 THEN 2 END",
        "CREATE OR REPLACE FUNCTION f2(a INT) RETURNS INT DETERMINISTIC BEGIN RETURN IF(a, 1, 2); END",
        "CREATE OR REPLACE TRIGGER r1 BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.a = 1; SET @a = 2; END",
        "CREATE OR REPLACE TRIGGER r2 BEFORE UPDATE ON t FOR EACH ROW SET NEW.a = 1",
        "CREATE OR REPLACE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO BEGIN SET @a = 1; SET @b = 2; END",
        "CREATE OR REPLACE VIEW v AS SELECT ';' AS a",
        "BEGIN NOT ATOMIC SET @a = 1; SET @b = 2; END",
        "IF 1 THEN SET @a = 1; END IF",
        "INSERT INTO t VALUES (1), (2)",
        "BEGIN; COMMIT",
        "START TRANSACTION; ROLLBACK",
        "SET @a = ';', @b = \"x;\"",
        "ALTER TABLE t COMMENT 'a;b'",
        "PREPARE s FROM 'SELECT 1'; DEALLOCATE PREPARE s",
        "XA BEGIN 'a'; XA END 'a'; XA ROLLBACK 'a'",
    ],
};

impl Grammar {
    fn selects(&'static self) -> impl Strategy<Value = String> {
        let value = (select(self.gaps), select(self.values));
        prop::collection::vec(value, 1..5).prop_map(|values| {
            let values: Vec<String> = values.into_iter().map(|(gap, value)| format!("{gap}{value}")).collect();
            format!("SELECT{}", values.join(","))
        })
    }

    /// Statements with anything around them; half of the scripts with something put in or taken out at any place.
    fn scripts(&'static self) -> impl Strategy<Value = String> {
        let statement = prop_oneof![4 => self.selects(), 3 => select(self.statements).prop_map(str::to_owned)];
        let part = (select(self.gaps), statement, select(self.gaps));
        let parts = prop::collection::vec(part, 1..6);
        let change = (any::<Index>(), 0..4_usize, select(&FRAGMENTS[..]));
        (parts, prop::option::of(change), any::<bool>()).prop_map(|(parts, change, is_ended)| {
            let parts: Vec<String> =
                parts.iter().map(|(before, one, behind)| format!("{before}{one}{behind}")).collect();
            let script = parts.join(";") + if is_ended { ";" } else { "" };
            let Some((at, gone, fragment)) = change else { return script };
            let letters: Vec<char> = script.chars().collect();
            let at = at.index(letters.len());
            let end = (at + gone).min(letters.len());
            letters[..at].iter().copied().chain(fragment.chars()).chain(letters[end..].iter().copied()).collect()
        })
    }
}

/// How many statements the server answers; `None` where it refuses one, or the message.
async fn answers(eye: &mut Eye, script: &str) -> Option<usize> {
    macro_rules! count {
        ($connection:expr) => {{
            let mut answers = sqlx::raw_sql(AssertSqlSafe(script.to_owned())).fetch_many($connection);
            let mut count = 0;
            while let Some(answer) = answers.next().await {
                count += usize::from(matches!(answer.ok()?, Either::Left(_)));
            }
            Some(count)
        }};
    }
    match eye {
        Eye::Sqlite(_) => None,
        Eye::Postgres(connection) => count!(connection),
        Eye::MariaDb(connection) => count!(connection),
    }
}

/// The script with another statement in the place of each that windlass finds; nothing where one is not where it should be.
fn stood_in(script: &str, found: &[Statement], stand_in: &str) -> Option<String> {
    let (mut rest, mut text) = (script, String::new());
    for statement in found {
        let (before, behind) = rest.split_once(&statement.sql)?;
        text.extend([before, stand_in]);
        rest = behind;
    }
    Some(text + rest)
}

/// Whether `END` stands where a value must, and so is a name: what the splitter says that it cannot know in a body.
fn names_end(script: &str) -> bool {
    let words: Vec<&str> = script.split_whitespace().collect();
    words.windows(2).any(|pair| pair[0].ends_with(['=', '+', '<', '>', ',']) && pair[1].starts_with("END"))
}

/// How windlass and the server differ about a script, to which the server gave so many answers.
async fn difference(eye: &mut Eye, dialect: Dialect, script: &str, answered: usize) -> Option<String> {
    let found = match split(dialect, script) {
        Ok(found) => found,
        // The server takes the end of a message for the end of such a comment; and what such a comment holds for a later
        // version is a comment there, and code for the server of that version. Both are refused, and cut wrong by neither.
        Err(error) if error.message.contains("comment of code is never closed") => return None,
        Err(_) if script.contains("/*!9") => return None,
        Err(error) => return Some(format!("windlass: {error:?}")),
    };
    if found.len() == answered || names_end(script) {
        return None;
    }
    // MariaDB answers nothing but a comment, too: then it must answer as often where each statement is another one.
    let stand_in = stood_in(script, &found, "DO 0").filter(|_| dialect == MySql);
    let again = match &stand_in {
        Some(text) => answers(eye, text).await,
        None => None,
    };
    (again != Some(answered)).then(|| format!("windlass: {found:?}"))
}

/// Goal: the server finds as many statements in a script as windlass.
async fn the_server_counts_the_same(on: On, dialect: Dialect, grammar: &'static Grammar) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let scripts = number("WINDLASS_TEST_SCRIPTS").map_or(SCRIPTS, |number| usize::try_from(number).expect("a number"));
    let seed = number("WINDLASS_TEST_SEED").unwrap_or(SEED);
    let config = Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() };
    let bytes = std::array::from_fn::<u8, 32, _>(|at| seed.to_le_bytes()[at % 8]);
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let drawn = grammar.scripts();
    let database = fresh(on).await;
    let mut eye = Eye::on(&database).await;
    eye.run("CREATE TABLE t (a INTEGER)").await;
    let values = grammar.values.iter().map(|value| format!("SELECT {value}"));
    let gaps = grammar.gaps.iter().map(|gap| format!("SELECT{gap} 1"));
    for part in values.chain(gaps).chain(grammar.statements.iter().map(|text| (*text).to_owned())) {
        assert!(answers(&mut eye, &part).await.is_some(), "{on:?} refuses {part:?}: {:?}", eye.try_run(&part).await);
    }
    let (mut compared, mut differ) = (0, Vec::new());
    for _ in 0..scripts {
        let script = drawn.new_tree(&mut runner).expect("a script").current();
        let answered = answers(&mut eye, &script).await;
        // Half of an XA transaction is ended by nothing but the end of its session.
        if eye.try_run("ROLLBACK").await.is_err() {
            eye = Eye::on(&database).await;
        }
        let Some(answered) = answered else { continue };
        compared += 1;
        if let Some(difference) = difference(&mut eye, dialect, &script, answered).await {
            differ.push(format!("{script:?}\n  the server: {answered}\n  {difference}"));
        }
    }
    eprintln!("{on:?}: {scripts} scripts of seed {seed}, {compared} taken by the server, {} differ", differ.len());
    assert!(differ.is_empty(), "{} of {compared} differ:\n{}", differ.len(), differ.join("\n"));
    assert!(compared > scripts / 3, "the server took only {compared} of {scripts}");
}

#[tokio::test]
async fn postgres_counts_the_same() {
    the_server_counts_the_same(On::Postgres, Postgres, &POSTGRES).await;
}

#[tokio::test]
async fn mariadb_counts_the_same() {
    the_server_counts_the_same(On::MariaDb, MySql, &MARIADB).await;
}
