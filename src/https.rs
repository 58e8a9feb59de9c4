//! Clients for what is asked over HTTP, on machines with a CA store and without one.

use std::sync::Arc;

use reqwest::{Client, ClientBuilder, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

/// A client as `builder` has it. On a machine without a CA store it trusts Mozilla's roots as of this build.
///
/// # Errors
/// When this machine cannot speak TLS at all.
pub fn client(builder: impl Fn() -> ClientBuilder) -> reqwest::Result<Client> {
    // Without a CA store the first fails, even where no TLS is spoken.
    builder().build().or_else(|error| match built_in_roots() {
        Ok(roots) => builder().tls_backend_preconfigured(roots).build(),
        Err(_) => Err(error),
    })
}

/// What a client begins with that asks one address and nobody else: redirects are not followed. What is on this machine is not
/// asked for by way of a proxy, which would see what is sent; everything else speaks TLS. The deadlines are the caller's.
pub fn to_one_address(is_here: bool) -> ClientBuilder {
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")));
    if is_here { builder.no_proxy() } else { builder.https_only(true) }
}

/// By a provider of our own: an application that windlass is a part of may have chosen none, or several.
fn built_in_roots() -> Result<ClientConfig, rustls::Error> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}
