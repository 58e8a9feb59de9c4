//! The command `windlass`.

use std::{io, process::ExitCode};

use tokio::runtime::{Builder, Runtime};
use windlass::{
    api,
    cli::{self, HttpDoor, arguments::Arguments, exit::Exit},
};

fn main() -> ExitCode {
    // Err means that it is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let arguments = match cli::read(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let Ok(runtime) = runtime(&arguments) else {
        return Exit::Unavailable.into();
    };
    let http = HttpDoor { doors: api::doors, openapi: api::openapi_json };
    let code = runtime.block_on(cli::run(arguments, http));
    // work that blocks is not waited for: the command has ended, or was told to end at once
    runtime.shutdown_background();
    code
}

/// A command asks one thing after the other, and every answer would have to wake another thread.
fn runtime(arguments: &Arguments) -> io::Result<Runtime> {
    let mut runtime = if arguments.serves() { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    runtime.enable_all().build()
}
