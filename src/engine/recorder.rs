//! Recorder.
/// Recorder.
pub struct Recorder;
