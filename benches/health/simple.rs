//! The services that windlass is held against, each a process of this program.

use std::{
    ffi::OsStr,
    fs,
    io::{Write, stderr},
    path::Path,
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use bytes::Bytes;
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::{net::TcpListener, runtime::Builder};

use super::{Fallible, service::PATH};

/// Set for a process that is to serve: the file with the answer, or the URL of the database that is asked for it.
pub const VARIABLE: &str = "WINDLASS_BENCH_ANSWERS";

/// Serves, for ever.
pub fn serve(how: &OsStr) -> Fallible<()> {
    Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let doors = if Path::new(how).is_file() {
            Router::new().route(PATH, get(bare)).with_state(Bytes::from(fs::read(how)?))
        } else {
            let pool = PgPoolOptions::new().connect(how.to_str().ok_or("no URL")?).await?;
            Router::new().route(PATH, get(asks)).with_state(pool)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(stderr(), "listening on http://{}", listener.local_addr()?)?;
        Ok(axum::serve(listener, doors).await?)
    })
}

async fn bare(State(body): State<Bytes>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], body)
}

async fn asks(State(pool): State<PgPool>) -> impl IntoResponse {
    let version = sqlx::query_scalar::<_, String>("SELECT version FROM schema_version").fetch_one(&pool).await;
    match version {
        Ok(version) => {
            ([(header::CONTENT_TYPE, "application/json")], format!(r#"{{"version":"{version}"}}"#)).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}
