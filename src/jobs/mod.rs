//! Who runs what, and when. The doors speak to [`Desk`] and [`Enquiry`] alone, so that a pipeline and a person see one truth.

mod desk;
mod enquiry;
mod refused;

pub use self::{desk::Desk, enquiry::Enquiry, refused::Refused};
