//! TLS for clients that do not speak it: what they write without is carried to the relay with it.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::copy_bidirectional_with_sizes,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsConnector;

const CERT_FILE: &str = "cert.pem";
const KEY_FILE: &str = "key.pem";
const BUFFER_BYTES: usize = 8 * 1024;

/// A certificate that signs itself, in a folder.
pub struct Certificate(CertificateDer<'static>);

impl Certificate {
    /// Makes one. With it, the lines of the relay's configuration.
    pub fn make(folder: &Path) -> (Self, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (cert, key) = (folder.join(CERT_FILE), folder.join(KEY_FILE));
        fs::write(&cert, made.cert.pem()).unwrap();
        fs::write(&key, made.key_pair.serialize_pem()).unwrap();
        let settings = format!(
            "tls_cert = \"{}\"\ntls_key = \"{}\"\n",
            cert.display(),
            key.display()
        );
        (Self(made.cert.der().clone()), settings)
    }

    /// Listens for connections without TLS, each of which becomes one with it. Ends with the
    /// runtime.
    pub fn tunnel(&self, relay: SocketAddr) -> SocketAddr {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((plain, _)) = listener.accept().await {
                tokio::spawn(carry(plain, relay, connector.clone()));
            }
        });
        address
    }
}

async fn carry(mut plain: TcpStream, relay: SocketAddr, connector: TlsConnector) {
    let stream = TcpStream::connect(relay).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut secret = connector.connect(name, stream).await.unwrap();
    // Whoever breaks it off, the other side sees it close.
    let _ =
        copy_bidirectional_with_sizes(&mut plain, &mut secret, BUFFER_BYTES, BUFFER_BYTES).await;
}
