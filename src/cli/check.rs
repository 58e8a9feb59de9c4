//! `windlass check`

use super::{call::Call, exit::Exit, failure::Failure};
use crate::model::compatibility::Compatibility;

pub(super) async fn run(call: &Call) -> Result<Exit, Failure> {
    let fit = call.place()?.compatibility().await?;
    if call.output.is_json() || !call.output.is_quiet() {
        call.output.result(&fit, |page| page.line(&fit.reason));
    }
    Ok(Exit::from(&fit))
}

impl From<&Compatibility> for Exit {
    /// 0 when they fit, 1 when a migration makes them fit, 2 when nothing here does.
    fn from(fit: &Compatibility) -> Self {
        match (fit.compatible, fit.migration_needed) {
            (true, _) => Self::Fine,
            (false, true) => Self::No,
            (false, false) => Self::Critical,
        }
    }
}
