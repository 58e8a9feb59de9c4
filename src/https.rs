//! Clients for what is asked over HTTP, on machines with a CA store and without one.

use reqwest::{Client, ClientBuilder, redirect};
use rustls::{ClientConfig, RootCertStore};

/// A client as `builder` has it. On a machine without a CA store it trusts Mozilla's roots as of this build.
///
/// # Errors
/// When this machine cannot speak TLS at all.
pub fn client(builder: impl Fn() -> ClientBuilder) -> reqwest::Result<Client> {
    // Without a CA store the first fails, even where no TLS is spoken.
    builder().build().or_else(|_| builder().tls_backend_preconfigured(built_in_roots()).build())
}

/// What a client begins with that asks one address and nobody else: redirects are not followed. What is on this machine is not
/// asked for by way of a proxy, which would see what is sent; everything else speaks TLS. The deadlines are the caller's.
pub fn to_one_address(is_here: bool) -> ClientBuilder {
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")));
    if is_here { builder.no_proxy() } else { builder.https_only(true) }
}

fn built_in_roots() -> ClientConfig {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}
