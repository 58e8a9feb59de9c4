//! `windlass serve`

use super::{
    call::{Call, open},
    exit::Exit,
    failure::Failure,
};
use crate::{lifecycle, telemetry};

/// Serves until a signal asks to stop. A service tells of its inner life as the settings say.
pub(super) async fn run(call: &Call) -> Result<Exit, Failure> {
    call.only_here("windlass serve")?;
    let config = call.settings(&[])?;
    telemetry::start(&config.log)?;
    Ok(lifecycle::serve(open(config)?, call.http.doors).await?.into())
}
