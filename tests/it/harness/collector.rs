//! A collector of traces, as OpenTelemetry has it, on this machine.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;
use tokio::net::TcpListener;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Takes,
    Refuses,
    Hangs,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Got {
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// A collector that listens until the test ends.
#[derive(Clone)]
pub struct Collector {
    pub address: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Collector {
    pub async fn that(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}/v1/traces", listener.local_addr().expect("an address"));
        let got = Arc::<Mutex<Vec<Got>>>::default();
        let takes = async move |State(got): State<Arc<Mutex<Vec<Got>>>>, headers: HeaderMap, body: Bytes| {
            got.lock().unwrap_or_else(PoisonError::into_inner).push(Got { headers, body });
            match manner {
                Manner::Takes => StatusCode::OK,
                Manner::Refuses => StatusCode::SERVICE_UNAVAILABLE,
                Manner::Hangs => std::future::pending().await,
            }
        };
        let router = Router::new().route("/v1/traces", post(takes)).with_state(Arc::clone(&got));
        tokio::spawn(async move { axum::serve(listener, router).await.expect("a collector") });
        Self { address, got }
    }

    /// All requests so far.
    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All spans so far.
    pub fn spans(&self) -> Vec<Span> {
        let requests = self.got().into_iter().map(|got| ExportTraceServiceRequest::decode(got.body).expect("protobuf"));
        let resources = requests.flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// The one span of this name.
    pub fn span(&self, name: &str) -> Span {
        let spans = self.spans();
        let mut found = spans.iter().filter(|span| span.name == name);
        match (found.next(), found.next()) {
            (Some(span), None) => span.clone(),
            _ => panic!("not one span {name} in {spans:#?}"),
        }
    }
}

/// What a span says of `key`, as text.
pub fn said(span: &Span, key: &str) -> String {
    let is_it = |attribute: &&KeyValue| attribute.key == key;
    match span.attributes.iter().find(is_it).and_then(|attribute| attribute.value.clone()?.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{key} is {other:?} in {span:#?}"),
    }
}
