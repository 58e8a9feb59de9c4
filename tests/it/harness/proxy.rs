//! A way to a server that a test can cut.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Passes on every connection to a server while it is open.
pub struct Proxy {
    pub address: SocketAddr,
    is_open: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (is_open, seen) = watch::channel(true);
        let accepting = tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                if *seen.borrow() {
                    tokio::spawn(pass_on(caller, server.clone(), seen.clone()));
                }
            }
        });
        Self { address, is_open, accepting }
    }

    /// Cuts every connection, and lets none through.
    pub fn cut(&self) {
        self.is_open.send_replace(false);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.is_open.send_replace(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.accepting.abort();
    }
}

async fn pass_on(mut caller: TcpStream, server: String, mut is_open: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut caller, &mut server) => {}
        _ = is_open.wait_for(|is_open| !is_open) => {}
    }
}
