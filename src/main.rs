//! The command `windlass`.

use std::process::ExitCode;

use windlass::{
    api,
    cli::{self, HttpDoor, exit::Exit},
};

fn main() -> ExitCode {
    // Err means that it is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let Ok(runtime) = tokio::runtime::Runtime::new() else {
        return Exit::Unavailable.into();
    };
    let http = HttpDoor { router: api::router, openapi: api::openapi_json };
    let code = runtime.block_on(cli::run(std::env::args_os(), http));
    // work that blocks is not waited for: the command has ended, or was told to end at once
    runtime.shutdown_background();
    code
}
