//! The public answers of the frontend: from memory, printed by the press once for each look at the target.

pub mod health;
pub mod version;
