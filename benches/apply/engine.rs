//! The engines that a benchmark can be asked for.

/// An engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Postgres,
    MariaDb,
    Sqlite,
}

impl Engine {
    /// As it is written on the command line and in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MariaDb => "mariadb",
            Self::Sqlite => "sqlite",
        }
    }

    /// The engine of this name.
    pub fn called(name: &str) -> Option<Self> {
        [Self::Postgres, Self::MariaDb, Self::Sqlite].into_iter().find(|engine| engine.name() == name)
    }
}
