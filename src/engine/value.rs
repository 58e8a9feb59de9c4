//! The few kinds of value that our own tables hold.

use super::EngineError;

/// A value that is bound, or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// Any integer; a boolean is read as 0 or 1.
    Int(i64),
    /// Any text.
    Text(String),
    /// A truth; bound only.
    Bool(bool),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of our own tables, read by position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The integer at `column`; `None` for NULL.
    ///
    /// # Errors
    /// [`EngineError::Shape`] when it is no integer.
    pub fn int(&self, column: usize) -> Result<Option<i64>, EngineError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            Some(Value::Int(number)) => Ok(Some(*number)),
            Some(Value::Bool(truth)) => Ok(Some(i64::from(*truth))),
            other => Err(EngineError::Shape { column, expected: "an integer", found: format!("{other:?}") }),
        }
    }

    /// The text at `column`; `None` for NULL.
    ///
    /// # Errors
    /// [`EngineError::Shape`] when it is no text.
    pub fn text(&self, column: usize) -> Result<Option<&str>, EngineError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            other => Err(EngineError::Shape { column, expected: "text", found: format!("{other:?}") }),
        }
    }
}
