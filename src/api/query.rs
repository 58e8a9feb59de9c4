//! Query parameters: typed and strict.

use axum::{
    extract::{self, FromRequestParts},
    http::request::Parts,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::problem::{Problem, kinds};

/// The query of a request. A type that denies unknown fields makes an unknown parameter a 400.
pub struct Query<T>(pub T);

/// No parameter at all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match extract::Query::try_from_uri(&parts.uri) {
            Ok(extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::of(&kinds::BAD_PARAMETER, rejection.body_text())),
        }
    }
}
