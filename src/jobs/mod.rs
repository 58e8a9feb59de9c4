//! Who runs what, and when. The doors speak to [`Desk`] and [`Enquiry`] alone, so that a pipeline and a person see one truth.

mod admission;
mod breaking;
mod caretaker;
mod desk;
mod enquiry;
mod loss;
mod refused;
mod run_log;
mod runner;
mod slot;
mod turn;

pub use self::{
    caretaker::Caretaker,
    desk::Desk,
    enquiry::Enquiry,
    refused::Refused,
    slot::Slot,
    turn::{LockWatch, pause},
};
