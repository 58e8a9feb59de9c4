//! x
use super::{DumpSource, EngineError, Place, Session};
use crate::model::snapshot::Manifest;
use std::path::Path;
pub(super) async fn restore(
    _: &Place,
    _: &mut dyn Session,
    _: &Path,
    _: DumpSource,
    _: &Manifest,
) -> Result<(), EngineError> {
    unimplemented!()
}
