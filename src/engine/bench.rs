//! An empty database beside the target, for work that nobody may see.

use std::sync::Arc;

use async_trait::async_trait;

use super::Engine;

/// An empty database of its own. One that is not removed (its process died) is removed by the next.
#[async_trait]
pub trait Bench: Send + Sync {
    /// The engine, pointed at it.
    fn engine(&self) -> Arc<dyn Engine>;

    /// Removes it. Where that fails it costs room, and is told of in the log.
    async fn remove(self: Box<Self>);
}
