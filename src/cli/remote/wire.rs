//! Requests and answers. Each has a deadline and a bound; what breaks on the way is tried again, a few times.

use std::time::Duration;

use reqwest::{
    Client, Request, RequestBuilder, Response, StatusCode,
    header::{self, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::sleep;

use super::{address::Address, problem};
use crate::{
    cli::{
        failure::{Failure, with_causes},
        known::{SERVER_UNREACHABLE, SERVER_UNUSABLE},
    },
    https,
};

/// How long to wait for a connection.
const CONNECT_S_MAX: u64 = 10;
/// How long to wait for an answer: longer than a service takes by default (`server.request_timeout`, 30 s).
const ANSWER_S_MAX: u64 = 60;
/// How often a request is sent at most.
const TRIES_MAX: u32 = 4;
/// The time before the second try; each later one waits twice as long.
const RETRY_MS: u64 = 250;
/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The way to a service. Cheap to clone.
#[derive(Clone)]
pub(super) struct Wire {
    client: Client,
    address: Address,
    /// `Bearer` and the token.
    authorization: HeaderValue,
}

/// Why there is no answer.
enum Unanswered {
    /// Nobody knows whether the request arrived; it may be sent again.
    Broken(Failure),
    /// The service said why.
    Refused(Failure),
}

impl Wire {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// When this machine cannot speak TLS, or the token holds what no header can.
    pub fn to(address: Address, token: &SecretString) -> Result<Self, Failure> {
        // Redirects are not followed: the token is for this address alone.
        let client = https::client(|| {
            https::to_one_address(address.is_here())
                .connect_timeout(Duration::from_secs(CONNECT_S_MAX))
                .timeout(Duration::from_secs(ANSWER_S_MAX))
        });
        let client = client.map_err(|error| Failure::known(SERVER_UNREACHABLE, with_causes(&error)))?;
        let authorization = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
        let mut authorization =
            authorization.map_err(|_| Failure::known("unauthenticated", "the token holds what no token can"))?;
        authorization.set_sensitive(true);
        Ok(Self { client, address, authorization })
    }

    pub fn address(&self) -> &Address {
        &self.address
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, String)]) -> Result<T, Failure> {
        let mut url = self.address.route(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.answer(self.client.get(url)).await
    }

    /// Sends an order; however often it is sent, the service takes it once.
    pub async fn post<T: DeserializeOwned>(&self, path: &[&str], body: &Value, key: &str) -> Result<T, Failure> {
        let url = self.address.route(path);
        self.answer(self.client.post(url).header(IDEMPOTENCY_KEY, key).json(body)).await
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        let request = request.header(header::AUTHORIZATION, self.authorization.clone());
        let unsendable = || Failure::known(SERVER_UNUSABLE, "the request cannot be made");
        let request = request.header(header::ACCEPT, "application/json").build().map_err(|_| unsendable())?;
        let mut pause = Duration::from_millis(RETRY_MS);
        let mut tries = 1;
        let body = loop {
            let this = request.try_clone().ok_or_else(unsendable)?;
            match self.once(this).await {
                Ok(body) => break body,
                Err(Unanswered::Broken(_)) if tries < TRIES_MAX => sleep(pause).await,
                Err(Unanswered::Broken(failure) | Unanswered::Refused(failure)) => return Err(failure),
            }
            tries += 1;
            pause *= 2;
        };
        serde_json::from_slice(&body).map_err(|error| {
            let detail = format!("the answer of {} is not understood: {error}", self.address);
            Failure::known(SERVER_UNUSABLE, detail)
        })
    }

    async fn once(&self, request: Request) -> Result<Vec<u8>, Unanswered> {
        let response = self.client.execute(request).await.map_err(|error| self.broken(error))?;
        let (status, is_problem) = (response.status(), is_problem(&response));
        let body = self.read(response).await?;
        if status.is_success() {
            return Ok(body);
        }
        match is_problem.then(|| problem::failure(status, &body)).flatten() {
            Some(failure) if failure.is("timed-out") => Err(Unanswered::Broken(failure)),
            Some(failure) => Err(Unanswered::Refused(failure)),
            None if is_between(status) => {
                let detail =
                    format!("the server {} cannot be reached: what stands before it says {status}", self.address);
                Err(Unanswered::Broken(Failure::known(SERVER_UNREACHABLE, detail)))
            }
            None => Err(Unanswered::Refused(problem::foreign(&self.address.to_string(), status))),
        }
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, Unanswered> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(error))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                let detail = format!("the answer of {} is larger than {ANSWER_BYTES_MAX} bytes", self.address);
                return Err(Unanswered::Refused(Failure::known(SERVER_UNUSABLE, detail)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn broken(&self, error: reqwest::Error) -> Unanswered {
        let error = error.without_url();
        let detail = format!("the server {} does not answer: {}", self.address, with_causes(&error));
        Unanswered::Broken(Failure::known(SERVER_UNREACHABLE, detail))
    }
}

fn is_problem(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.and_then(|value| value.split(';').next()).is_some_and(|name| name.trim() == problem::MEDIA_TYPE)
}

/// What a proxy says when it cannot reach the service behind it.
fn is_between(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
}
