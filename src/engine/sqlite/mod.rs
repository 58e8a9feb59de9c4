//! sqlite

use std::sync::Arc;

use super::{Engine, EngineError};

pub(super) fn at(url: &str) -> Result<Arc<dyn Engine>, EngineError> {
    let _ = url;
    unimplemented!()
}
