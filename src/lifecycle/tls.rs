//! TLS at the listeners, with a certificate that is renewed under the running service.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::{interval, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::config::{SecretFileError, Server, read_secret};

/// How often the files are looked at.
const LOOK_S: u64 = 5;

/// A caller that has not come to terms after this time is let go.
const HANDSHAKE_S_MAX: u64 = 10;

/// What a caller hears that does not speak TLS.
const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nThis address speaks TLS: use https.\n";

/// The certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file with the certificates.
    #[error("server.tls_certificate: {path} cannot be used: {source}")]
    Certificate {
        /// Which.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// It has none in it.
    #[error("server.tls_certificate: {path} holds no certificate in PEM")]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// The key's file.
    #[error("server.tls_key")]
    KeyFile(#[from] SecretFileError),
    /// What is in it.
    #[error("server.tls_key: {path} holds no private key in PEM: {source}")]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// They are not a pair.
    #[error("server.tls_key does not belong to the first certificate of server.tls_certificate: {0}")]
    Pair(rustls::Error),
    /// What the protocol is to be cannot be.
    #[error("TLS cannot be spoken on this machine")]
    Protocol(#[source] rustls::Error),
}

/// Takes callers in over TLS. Cheap to clone.
#[derive(Clone)]
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
}

impl Tls {
    /// As configured; `None` where it is not. Blocks for two small files.
    ///
    /// # Errors
    /// [`TlsError`] when the files cannot be used.
    pub fn of(server: &Server) -> Result<Option<Self>, TlsError> {
        let Some((certificate, key)) = server.tls_certificate.as_deref().zip(server.tls_key.as_deref()) else {
            return Ok(None);
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let certificate = Arc::new(Certificate::at(certificate, key, &provider)?);
        let builder = ServerConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().map_err(TlsError::Protocol)?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(certificate.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate }))
    }

    /// Comes to terms with a caller. One that speaks plain HTTP is told so; every other failure ends the connection.
    ///
    /// # Errors
    /// Why it came to none.
    pub async fn shake<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let shaking = self.acceptor.accept(stream).into_fallible();
        match timeout(Duration::from_secs(HANDSHAKE_S_MAX), shaking).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err((error, mut stream))) => {
                if is_plain(&error) {
                    let _ = stream.write_all(SPEAK_TLS).await;
                    let _ = stream.shutdown().await;
                }
                Err(error)
            }
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Keeps the certificate as its files have it, for ever. One that cannot be used leaves the one before in its place.
    pub async fn keep(&self) {
        let mut tick = interval(Duration::from_secs(LOOK_S));
        let mut told = String::new();
        loop {
            tick.tick().await;
            let certificate = Arc::clone(&self.certificate);
            let renewed = tokio::task::spawn_blocking(move || certificate.renew()).await;
            let Ok(renewed) = renewed else { continue };
            match renewed {
                Ok(is_new) => {
                    told.clear();
                    if is_new {
                        tracing::info!("the certificate was renewed");
                    }
                }
                Err(error) if error.to_string() == told => {}
                Err(error) => {
                    tracing::error!("the certificate is not renewed, the one before stays: {error}");
                    told = error.to_string();
                }
            }
        }
    }
}

/// The certificate with its key, and where they come from.
#[derive(Debug)]
struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    newest: ArcSwap<CertifiedKey>,
}

impl Certificate {
    fn at(chain: &Path, key: &Path, provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let newest = ArcSwap::from_pointee(load(chain, key, provider)?);
        Ok(Self { chain: chain.to_owned(), key: key.to_owned(), provider: Arc::clone(provider), newest })
    }

    /// Whether it is another one now.
    fn renew(&self) -> Result<bool, TlsError> {
        let fresh = load(&self.chain, &self.key, &self.provider)?;
        let is_new = fresh.cert != self.newest.load().cert;
        if is_new {
            self.newest.store(Arc::new(fresh));
        }
        Ok(is_new)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.newest.load_full())
    }
}

fn load(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let unusable = |source| TlsError::Certificate { path: certificate.to_owned(), source };
    let chain = CertificateDer::pem_file_iter(certificate).map_err(unusable)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(unusable)?;
    if chain.is_empty() {
        return Err(TlsError::Empty { path: certificate.to_owned() });
    }
    let secret = read_secret(key)?;
    let private = PrivateKeyDer::from_pem_slice(secret.expose_secret().as_bytes());
    let private = private.map_err(|source| TlsError::Key { path: key.to_owned(), source })?;
    CertifiedKey::from_der(chain, private, provider).map_err(TlsError::Pair)
}

/// Whether a handshake failed because the caller did not begin one.
fn is_plain(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidMessage(_)))
}
