//! Histories with a file that the server at hand cannot run.
