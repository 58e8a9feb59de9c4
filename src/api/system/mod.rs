//! The public answers of the frontend: from memory, printed once for each look at the target.

pub mod health;
mod press;
pub mod version;

pub use self::press::{Press, Prints, status_of};
