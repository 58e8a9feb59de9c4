//! What holds for one engine alone; the rules of all three are elsewhere, written once.

pub mod postgres;
