//! Logs: to standard error, since standard output belongs to results; and for each run a file of its own (`run_log.rs`, `run_logs.rs`).

mod otlp;
mod parent;
mod run_log;
mod run_logs;
mod writer;

use std::{
    fmt::{self, Write},
    io::IsTerminal,
    sync::OnceLock,
};

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    field::MakeExt,
    filter::filter_fn,
    fmt::format::{Writer, debug_fn},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

pub use self::otlp::{Sending, TRACE};
pub use self::parent::hang_under;
pub use self::run_log::{Entry, RUN_LOG_BYTES_MAX, RUN_LOG_LINES_BYTES_MAX, RunLog};
pub use self::run_logs::RunLogs;
use crate::config::{Log, LogFormat};

/// Why logs cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log.filter` is not understood.
    #[error("log.filter {filter:?} is not understood; expected words such as info or windlass=debug,sqlx=warn")]
    Filter {
        /// What it says.
        filter: String,
        /// Why.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Traces cannot be sent where `log.otlp` says.
    #[error("log.otlp cannot be used: {reason}")]
    Collector {
        /// Why.
        reason: String,
    },
    /// Something in this process listens already.
    #[error("logs are already written")]
    Started(#[source] tracing_subscriber::util::TryInitError),
}

/// What sends traces, if anything does.
static SENDING: OnceLock<Sending> = OnceLock::new();

/// Begins to write logs to standard error, as one JSON object a line or for a person; and with `log.otlp`, on a runtime, to send
/// traces.
///
/// For a person, control characters in whatever is told are escaped: text from outside can neither begin a line nor
/// steer a terminal. Colours appear on a terminal only, and not with `NO_COLOR`.
///
/// # Errors
/// [`TelemetryError`]; nothing was begun.
pub fn start(log: &Log) -> Result<(), TelemetryError> {
    let filter_error = |source| TelemetryError::Filter { filter: log.filter.clone(), source };
    // What is sent is not told a second time.
    let unsent = format!("{TRACE}=off").parse().map_err(filter_error)?;
    let filter = EnvFilter::try_new(&log.filter).map_err(filter_error)?.add_directive(unsent);
    let sending = Sending::to_collector(log)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
        LogFormat::Human => {
            let fields =
                debug_fn(|writer: &mut Writer<'_>, field, value| field_for_a_person(writer, field.name(), value));
            lines.with_ansi(colours()).fmt_fields(fields.delimited(" ")).with_filter(filter).boxed()
        }
    };
    // A layer that is none would have every event asked about that no other one wants.
    let started = match &sending {
        Some(sending) => tracing_subscriber::registry().with(lines).with(spans(sending)).try_init(),
        None => tracing_subscriber::registry().with(lines).try_init(),
    };
    started.map_err(TelemetryError::Started)?;
    if let Some(sending) = sending {
        // Nobody else has started.
        let _ = SENDING.set(sending);
    }
    Ok(())
}

/// Sends what of the traces was not sent yet, within a bound. Nothing happens without `log.otlp`.
pub async fn end() {
    if let Some(sending) = SENDING.get() {
        sending.end().await;
    }
}

fn spans<S: Subscriber + for<'a> LookupSpan<'a>>(sending: &Sending) -> impl Layer<S> + use<S> {
    tracing_opentelemetry::layer()
        .with_tracer(sending.tracer())
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|metadata| metadata.target() == TRACE))
}

fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
}

fn field_for_a_person(writer: &mut Writer<'_>, name: &str, value: &dyn fmt::Debug) -> fmt::Result {
    if name != "message" {
        write!(writer, "{name}=")?;
    }
    write!(Escaping(writer), "{value:?}")
}

/// Passes text on with every control character written out, and every character that turns the direction of a line.
struct Escaping<'a, W: Write>(&'a mut W);

impl<W: Write> Write for Escaping<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars()
            .try_for_each(|c| if steers(c) { write!(self.0, "{}", c.escape_default()) } else { self.0.write_char(c) })
    }
}

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` as a person may see it: control characters written out, line breaks among them.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let _ = Escaping(&mut out).write_str(text);
    out
}
