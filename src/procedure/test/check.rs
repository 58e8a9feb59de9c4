//! The statements of one test at one moment.

use super::{Short, Testing};
use crate::{
    engine::{EngineError, Row, Value},
    model::testing::{MigrationTest, Moment, TestFailure, TestStatement, Tested},
    procedure::problem::no_scratch,
};

impl Testing<'_> {
    /// Runs what a test has for this moment; whether every statement could be run. An assertion that does not hold is told, and the
    /// next one is made.
    pub(super) async fn holds(
        &mut self,
        test: &MigrationTest,
        moment: Moment,
        tested: &mut Tested,
    ) -> Result<bool, Short> {
        let mut is_run = true;
        for one in test.statements.iter().filter(|one| one.moment == moment) {
            let failure = match self.asked(one).await {
                Ok(rows) if one.asserts => {
                    tested.assertions += 1;
                    against(rows.first()).map(|message| (message, in_words(rows.first())))
                }
                Ok(_) => None,
                Err(error @ (EngineError::Refused { .. } | EngineError::Shape { .. } | EngineError::Unfit { .. })) => {
                    is_run = false;
                    Some((error.to_string(), Vec::new()))
                }
                Err(EngineError::Cancelled) => return Err(Short::Paused),
                Err(error) => return Err(no_scratch(&error).into()),
            };
            if let Some((message, values)) = failure {
                let place = format!("{}:{}", test.file, one.statement.line);
                let statement = one.statement.sql.clone();
                tested.failures.push(TestFailure { place, moment, statement, message, values });
            }
            if !is_run {
                break;
            }
        }
        self.scene.own_settings().await.map_err(|error| no_scratch(&error))?;
        Ok(is_run)
    }

    async fn asked(&mut self, one: &TestStatement) -> Result<Vec<Row>, EngineError> {
        if one.asserts {
            return self.scene.ask(&one.statement.sql).await;
        }
        self.scene.execute(&one.statement.sql).await.map(|()| Vec::new())
    }
}

/// What speaks against an assertion: its first value is not true, or it gave no row.
fn against(row: Option<&Row>) -> Option<String> {
    let Some(Row(values)) = row else { return Some("it gave no row, and its first value must be true".to_owned()) };
    let first = values.first().unwrap_or(&Value::Null);
    (!is_true(first)).then(|| format!("it gave {}, and its first value must be true", in_words(row).join(" | ")))
}

/// A number that is not 0, and a truth that is one.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Int(number) => *number != 0,
        Value::Bool(truth) => *truth,
        Value::Text(text) => {
            let text = text.trim();
            text.eq_ignore_ascii_case("true") || text == "t" || text.parse::<f64>().is_ok_and(|number| number != 0.0)
        }
    }
}

fn in_words(row: Option<&Row>) -> Vec<String> {
    let words = |value: &Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Text(text) => format!("'{text}'"),
    };
    row.map(|Row(values)| values.iter().map(words).collect()).unwrap_or_default()
}
