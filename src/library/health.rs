//! How it stands, for a program that ends with it.

use super::Windlass;
use crate::cli::{exit::Exit, failure::Failure};

/// How application and database stand, as `windlass check` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationHealth {
    /// 0: they fit; 1: a migration makes them fit; 2: nothing here does; 69: the database cannot be reached; 78: settings or
    /// catalog cannot be used.
    pub exit: Exit,
    /// In one sentence, with what to do when there is something to do.
    pub message: String,
}

impl Windlass {
    /// How application and database stand now, in an exit code and a message. Only looks; what fails is an answer too.
    pub async fn health(&self) -> MigrationHealth {
        match self.compatibility().await {
            Ok(fit) => MigrationHealth { exit: Exit::from(&fit), message: fit.reason },
            Err(refused) => {
                let Failure { exit, detail, next_step, .. } = refused.into();
                MigrationHealth { exit, message: format!("{detail}; {next_step}") }
            }
        }
    }
}
