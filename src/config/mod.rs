//! Settings: `windlass.toml`, `windlass.<environment>.toml`, `WINDLASS__SECTION__KEY`, flags.

mod settings;

pub use settings::*;
