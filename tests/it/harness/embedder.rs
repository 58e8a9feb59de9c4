//! An application of another origin, that shows windlass's banner under a strict policy.

use axum::{Router, http::header, response::Html, routing::get};
use tokio::{net::TcpListener, task::JoinHandle};

/// One page, served until this is dropped.
pub struct Embedder {
    pub url: String,
    serving: JoinHandle<()>,
}

impl Embedder {
    /// A page in `language` (none: it does not say) with `<system-alert …attributes>`, and `windlass` as the only place that
    /// scripts may come from and questions may go to.
    pub async fn of(windlass: &str, language: &str, attributes: &str) -> Self {
        let lang = if language.is_empty() { String::new() } else { format!(" lang=\"{language}\"") };
        let page = format!(
            "<!doctype html><html{lang}><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">\
             <title>An application</title><link rel=\"icon\" href=\"data:,\">\
             <script src=\"{windlass}/system-alert.js\" crossorigin defer></script></head>\
             <body><system-alert {attributes}></system-alert><main><h1>An application</h1><p>At work.</p></main></body></html>"
        );
        let policy = format!(
            "default-src 'none'; script-src {windlass}; connect-src {windlass}; img-src data:; base-uri 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'"
        );
        let headers = [
            (header::CONTENT_SECURITY_POLICY.as_str(), policy),
            ("cross-origin-embedder-policy", "require-corp".into()),
        ];
        let answer = move || {
            let (headers, page) = (headers.clone(), page.clone());
            async move { (headers, Html(page)) }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("its address"));
        let serving = tokio::spawn(async move {
            axum::serve(listener, Router::new().route("/", get(answer))).await.expect("the application serves");
        });
        Self { url, serving }
    }
}

impl Drop for Embedder {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
