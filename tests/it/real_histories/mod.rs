//! Migration histories that published crates carry, taken up and back as they are, and compared with what the engine's own
//! client makes of the same files.

mod beyond;
mod edited;
mod fresh;
mod history;
mod life;
mod own_layout;
mod verdicts;
