//! How it all stops.
