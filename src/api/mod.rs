//! The HTTP door: it translates, and decides nothing.
//!
//! A request passes, from the outside in: [`mod@log`] (request id, one line), [`headers`], [`finish`] (every failure
//! becomes a problem), compression, panics, [`deadline`], [`body`] (bounded), [`guard`] (who may come in, how often),
//! and then the one file of its endpoint.

pub mod address;
mod at_once;
mod body;
mod conditional;
mod deadline;
mod docs;
mod finish;
mod front;
pub mod guard;
mod headers;
mod health;
mod limit;
mod log;
mod metrics;
mod migration;
mod negotiate;
mod nested;
mod openapi;
mod order;
mod pages;
mod patterns;
mod press;
mod probes;
pub mod problem;
mod query;
mod router;
mod stream;
mod system;
mod whole;

pub use self::{
    metrics::metrics_router,
    nested::nestable,
    openapi::openapi_json,
    router::{doors, router},
};
