//! Who runs what, and when. The doors speak to [`Desk`] and [`Enquiry`] alone, so that a pipeline and a person see one truth.

mod admission;
mod breaking;
mod desk;
mod enquiry;
mod refused;
mod runner;
mod slot;
mod turn;

pub use self::{desk::Desk, enquiry::Enquiry, refused::Refused, slot::Slot, turn::LockWatch};
