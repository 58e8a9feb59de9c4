//! Traces for an OpenTelemetry collector, over OTLP. Without `log.otlp` there is nothing of this: no thread, no span.
//!
//! Spans wait in a bounded queue, and a thread of its own sends them: a collector that is away or hangs costs spans, never a
//! run's time. Only spans of [`TRACE`] are sent, and of those nothing but what they name themselves: no event, no log line.

use std::{
    error::Error,
    iter,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use opentelemetry::{Context, KeyValue, trace::TracerProvider};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{
        BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, Span, SpanData, SpanProcessor,
    },
};
use reqwest::{
    Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::ExposeSecret;
use tokio::{runtime::Handle, sync::watch};

use super::TelemetryError;
use crate::{config::Log, https};

/// The target of every span that is sent.
pub const TRACE: &str = "windlass::trace";
/// What is sent. It is not compressed, whatever the environment says: nothing that could is built in.
const PROTOBUF: &str = "application/x-protobuf";
/// How long one request to the collector may take.
const EXPORT_MS_MAX: u64 = 2_000;
/// How long the end of the process waits for what was not sent yet.
const END_MS_MAX: u64 = 2_000;
/// How long it waits before that for spans that have not ended: a driver's thread may hold one for a moment longer than the
/// work took.
const OPEN_MS_MAX: u64 = 500;
/// How long spans are gathered for one request.
const GATHER_MS: u64 = 1_000;
/// Spans that wait to be sent; what comes then is dropped.
const WAITING_MAX: usize = 8_192;
/// Spans in one request.
const AT_ONCE_MAX: usize = 512;

/// What sends the spans.
#[derive(Debug)]
pub struct Sending {
    provider: SdkTracerProvider,
    /// How many spans have begun and not ended.
    open: watch::Receiver<usize>,
}

impl Sending {
    /// To the collector that the settings name; `None` when they name none. Must be called on a runtime, which sends.
    ///
    /// # Errors
    /// An address or headers that cannot be used.
    pub fn to_collector(log: &Log) -> Result<Option<Self>, TelemetryError> {
        let Some(address) = &log.otlp else { return Ok(None) };
        let unfit = |reason: String| TelemetryError::Collector { reason };
        let url = Url::parse(address).map_err(|error| unfit(error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(unfit("it has a name or a password in it; log.otlp_headers is the place for those".to_owned()));
        }
        let headers = match &log.otlp_headers {
            Some(headers) => pairs(headers.expose_secret()).map_err(unfit)?,
            None => HeaderMap::new(),
        };
        let is_plain = match url.scheme() {
            "https" => false,
            "http" if headers.is_empty() || is_here(&url) => true,
            "http" => return Err(unfit("headers are sent over https only, but to this machine".to_owned())),
            _ => return Err(unfit("it is not an address with http or https".to_owned())),
        };
        let limit = Duration::from_millis(EXPORT_MS_MAX);
        let client = https::client(|| {
            let builder = https::to_one_address(is_plain);
            builder.timeout(limit).connect_timeout(limit)
        });
        let client = client.map_err(|error| unfit(error.to_string()))?;
        let runtime = Handle::try_current().map_err(|error| unfit(error.to_string()))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector { runtime, client, headers, is_silent: AtomicBool::new(false) })
            .with_endpoint(url.to_string())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(limit)
            .with_retry_policy(RetryPolicy::disabled())
            .build()
            .map_err(|error| unfit(error.to_string()))?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING_MAX)
            .with_max_export_batch_size(AT_ONCE_MAX)
            .with_scheduled_delay(Duration::from_millis(GATHER_MS))
            .build();
        let itself = Resource::builder_empty()
            .with_service_name("windlass")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let batches = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
        let (counting, open) = watch::channel(0);
        let all = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOn).with_resource(itself);
        // In this order: a span that no longer counts as open waits to be sent.
        let all = all.with_span_processor(batches).with_span_processor(Open(counting));
        Ok(Some(Self { provider: all.build(), open }))
    }

    /// What makes spans.
    #[must_use]
    pub fn tracer(&self) -> SdkTracer {
        self.provider.tracer("windlass")
    }

    /// Sends what was not sent yet, for as long as [`END_MS_MAX`]; what is left then is dropped. Spans that are open are waited
    /// for before, for as long as [`OPEN_MS_MAX`].
    pub async fn end(&self) {
        let mut open = self.open.clone();
        let _ = tokio::time::timeout(Duration::from_millis(OPEN_MS_MAX), open.wait_for(|open| *open == 0)).await;
        let (provider, limit) = (self.provider.clone(), Duration::from_millis(END_MS_MAX));
        // It blocks, and the requests need this runtime.
        let ending = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(limit));
        let _ = tokio::time::timeout(limit, ending).await;
    }
}

/// Counts the spans that have begun and not ended.
#[derive(Debug)]
struct Open(watch::Sender<usize>);

impl SpanProcessor for Open {
    fn on_start(&self, _: &mut Span, _: &Context) {
        self.0.send_modify(|open| *open += 1);
    }

    fn on_end(&self, _: SpanData) {
        self.0.send_modify(|open| *open = open.saturating_sub(1));
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `name=value`, with commas between. What is wrong is told without a value.
fn pairs(text: &str) -> Result<HeaderMap, String> {
    let all = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    all.map(|pair| {
        let (name, value) = pair.split_once('=').ok_or("log.otlp_headers is not name=value, with commas between")?;
        let unfit = |what| format!("log.otlp_headers has a {what} that no header can have");
        let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| unfit("name"))?;
        let mut value = HeaderValue::from_str(value.trim()).map_err(|_| unfit("value"))?;
        // It is not told by the libraries below, however much they are asked to tell.
        value.set_sensitive(true);
        Ok((name, value))
    })
    .collect()
}

/// The way to the collector. The thread that sends has no reactor, so each request is made on the process's runtime.
#[derive(Debug)]
struct Collector {
    runtime: Handle,
    client: reqwest::Client,
    /// Those of the settings.
    headers: HeaderMap,
    /// Whether the last request failed, which is told once.
    is_silent: AtomicBool,
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, own) = (self.client.clone(), self.headers.clone());
        let answer = self.runtime.spawn(async move {
            let mut request = reqwest::Request::try_from(request)?;
            // The exporter adds what OTEL_EXPORTER_OTLP_HEADERS says, which may be a secret between this machine and somebody else.
            let headers = request.headers_mut();
            headers.clear();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROTOBUF));
            headers.extend(own);
            client.execute(request).await?.error_for_status()
        });
        let answer = answer.await?.map_err(reqwest::Error::without_url);
        self.tell(answer.as_ref().err());
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answer?.status();
        Ok(response)
    }
}

impl Collector {
    fn tell(&self, error: Option<&reqwest::Error>) {
        let was_silent = self.is_silent.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) if !was_silent => {
                // The outer ones only say that it could not be sent.
                let causes = iter::successors(Some(error as &(dyn Error + 'static)), |&error| error.source());
                let reason = causes.last().map(ToString::to_string).unwrap_or_default();
                tracing::warn!(
                    "the collector of traces (log.otlp) does not take them, and runs go on without: {reason}"
                );
            }
            None if was_silent => tracing::info!("the collector of traces (log.otlp) takes them again"),
            _ => {}
        }
    }
}
