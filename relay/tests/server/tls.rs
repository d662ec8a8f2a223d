//! TLS: devices connect over it, certificates change while the relay runs, and what is no TLS
//! hurts nobody.

use std::{fs, net::SocketAddr, path::Path, process::Command, sync::Arc};

use futures_util::{SinkExt as _, StreamExt as _};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use seqline_protocol::{ClientFrame, Encoded, Encoding, RelayFrame, decode_binary, encode};
use seqline_relay::listener::{ListenerRules, TlsFiles};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tungstenite::Message;

use crate::support::{Client, PATIENCE, Process, Relay, Wish, cannot_serve};

/// A certificate that signs itself, in files.
struct Certificate {
    folder: TempDir,
    der: CertificateDer<'static>,
}

impl Certificate {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let der = write(folder.path());
        Self { folder, der }
    }

    fn files(&self) -> TlsFiles {
        files(self.folder.path())
    }

    /// Another one takes its place.
    fn renew(&mut self) {
        self.der = write(self.folder.path());
    }
}

fn files(folder: &Path) -> TlsFiles {
    TlsFiles {
        cert: folder.join("cert.pem"),
        key: folder.join("key.pem"),
    }
}

fn write(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = files(folder);
    fs::write(files.cert, made.cert.pem()).unwrap();
    fs::write(files.key, made.key_pair.serialize_pem()).unwrap();
    made.cert.der().clone()
}

async fn relay_with(certificate: &Certificate) -> Relay {
    Relay::start_with(Wish {
        tls: Some(certificate.files()),
        ..Wish::default()
    })
    .await
}

/// Shakes hands, if that is the certificate that is served.
async fn connect(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let socket = TcpStream::connect(address).await.unwrap();
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, socket);
    timeout(PATIENCE, connecting)
        .await
        .expect("an end of the handshake")
}

async fn is_alive(address: SocketAddr, trusted: &CertificateDer<'static>) -> bool {
    let Ok(mut stream) = connect(address, trusted).await else {
        return false;
    };
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.starts_with("HTTP/1.1 200") && answer.ends_with("alive\n")
}

/// Sends bytes as they are, and reads what comes until the other side ends it.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ = timeout(PATIENCE, socket.read_to_end(&mut answer))
        .await
        .expect("an end");
    String::from_utf8_lossy(&answer).into_owned()
}

fn binary(frame: &ClientFrame) -> Message {
    match encode(Encoding::Binary, frame) {
        Encoded::Binary(bytes) => Message::Binary(bytes.into()),
        Encoded::Text(text) => Message::Text(text.into()),
    }
}

#[tokio::test]
async fn devices_connect_over_it() {
    let certificate = Certificate::new();
    let relay = relay_with(&certificate).await;
    let address = relay.running.address();
    assert!(is_alive(address, &certificate.der).await);
    let stream = connect(address, &certificate.der).await.unwrap();
    let url = "wss://localhost/v1/socket";
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let hello = Client::hello_of(&relay.token("alice"), "phone", None);
    socket
        .send(binary(&ClientFrame::Hello(hello)))
        .await
        .unwrap();
    let answer = timeout(PATIENCE, socket.next()).await.unwrap().unwrap();
    let frame: RelayFrame = decode_binary(&answer.unwrap().into_data()).unwrap();
    assert!(matches!(frame, RelayFrame::Welcome(_)), "{frame:?}");
    // More than a record of TLS holds, there and back.
    let body = "x".repeat(30_000);
    let send = crate::support::send("bob", "m1", &body);
    socket.send(binary(&send)).await.unwrap();
    let mut has_sent = false;
    while !has_sent {
        let message = timeout(PATIENCE, socket.next()).await.unwrap().unwrap();
        let frame: RelayFrame = decode_binary(&message.unwrap().into_data()).unwrap();
        has_sent = matches!(frame, RelayFrame::Sent { .. });
    }
    relay.running.stop().await;
}

#[tokio::test]
async fn a_new_certificate_is_served_and_one_that_cannot_be_used_is_not() {
    let mut certificate = Certificate::new();
    let relay = relay_with(&certificate).await;
    let address = relay.running.address();
    let first = certificate.der.clone();
    let mut open = connect(address, &first).await.unwrap();

    certificate.renew();
    relay.running.reload_certificate().await;
    assert!(is_alive(address, &certificate.der).await);
    assert!(!is_alive(address, &first).await, "the first is gone");
    // What is connected stays so.
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    open.write_all(request).await.unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let files = certificate.files();
    let whole = fs::read(&files.key).unwrap();
    let foreign = rcgen::KeyPair::generate().unwrap().serialize_pem();
    for bad in ["no key at all", "", &foreign] {
        fs::write(&files.key, bad).unwrap();
        relay.running.reload_certificate().await;
        assert!(is_alive(address, &certificate.der).await);
    }
    assert_eq!(relay.running.counters().tls_reloads_failed.get(), 3);
    fs::write(&files.key, whole).unwrap();
    relay.running.reload_certificate().await;
    assert_eq!(relay.running.counters().tls_reloads.get(), 2);
}

#[tokio::test]
async fn sighup_has_it_read_again() {
    let mut certificate = Certificate::new();
    let folder = tempfile::tempdir().unwrap();
    let TlsFiles { cert, key } = certificate.files();
    let flags = [
        "--tls-cert",
        cert.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
    ];
    let relay = Process::serve_with(folder.path(), &flags);
    assert!(is_alive(relay.address, &certificate.der).await);
    certificate.renew();
    let pid = relay.id().to_string();
    let told = Command::new("kill").args(["-HUP", &pid]).status().unwrap();
    assert!(told.success());
    let renewed = async { while !is_alive(relay.address, &certificate.der).await {} };
    timeout(PATIENCE, renewed)
        .await
        .expect("the new one is served");
}

#[tokio::test]
async fn a_relay_with_a_certificate_that_cannot_be_used_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    fs::write(&files.cert, "nothing").unwrap();
    fs::write(&files.key, "nothing").unwrap();
    let (cert, key) = (files.cert.to_str().unwrap(), files.key.to_str().unwrap());
    let alone = cannot_serve(folder.path(), &["--tls-cert", cert]);
    assert!(String::from_utf8_lossy(&alone.stderr).contains("a certificate needs its key"));
    let both = cannot_serve(folder.path(), &["--tls-cert", cert, "--tls-key", key]);
    assert!(!both.status.success());
    let text = String::from_utf8_lossy(&both.stderr);
    assert!(text.contains("has no certificate in PEM form"), "{text}");
}

#[tokio::test]
async fn plain_http_is_told_to_use_tls() {
    let certificate = Certificate::new();
    let relay = relay_with(&certificate).await;
    let answer = raw(
        relay.running.address(),
        b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains(&format!("content-length: {}", body.len())),
        "{answer}"
    );
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["error"]["code"], "tls_expected");
    assert_eq!(relay.running.counters().visitors_without_tls.get(), 1);
}

#[tokio::test]
async fn what_is_no_tls_hurts_nobody() {
    let certificate = Certificate::new();
    let relay = relay_with(&certificate).await;
    let address = relay.running.address();
    let garbage: [&[u8]; 4] = [
        b"\x16\x03\x01\xff\xff garbage that says it is a handshake",
        b"\x80\x2e\x01\x03\x01",
        b"SSH-2.0-client\r\n",
        &[0; 4096],
    ];
    for bytes in garbage {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = timeout(PATIENCE, socket.read_to_end(&mut answer))
            .await
            .expect("an end");
    }
    assert!(is_alive(address, &certificate.der).await);
    assert_eq!(relay.running.counters().visitors_without_tls.get(), 4);
}

#[tokio::test]
async fn a_handshake_has_so_much_time() {
    let certificate = Certificate::new();
    let relay = Relay::start_with(Wish {
        tls: Some(certificate.files()),
        listener_rules: ListenerRules {
            header_wait_ms: 100,
            ..ListenerRules::default()
        },
        ..Wish::default()
    })
    .await;
    let answer = raw(relay.running.address(), b"\x16").await;
    assert_eq!(answer, "");
    assert_eq!(relay.running.counters().visitors_slow.get(), 1);
}
