//! Encryption: whom the client trusts and what it offers.

use std::sync::{Arc, Mutex};

use tempfile::NamedTempFile;
use tokio::{io::AsyncReadExt as _, net::TcpListener, task::JoinSet};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

use crate::{
    child::{self, fixture},
    server::{self, Reaction, Server, answer},
};

/// A server for `localhost` with a certificate of `tests/fixtures`. They were made with
/// `openssl ca -selfsign`, are valid until 2120 and vouch for nothing but themselves.
struct TlsServer {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl TlsServer {
    async fn start(certificate: &str) -> Self {
        let acceptor = acceptor(certificate);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::default();
        let seen = Arc::clone(&requests);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                // A client that does not trust the server ends the handshake.
                let Ok(stream) = acceptor.accept(stream).await else { continue };
                let reaction = Reaction::Answer(answer("200 OK", "", "encrypted"));
                server::serve(stream, Arc::clone(&seen), reaction).await;
            }
        });
        Self { address: format!("https://localhost:{port}/"), requests, _tasks: tasks }
    }

    fn requests(&self) -> usize {
        self.requests.lock().expect("not poisoned").len()
    }
}

fn acceptor(certificate: &str) -> TlsAcceptor {
    let key = PrivateKeyDer::from_pem_file(fixture(&format!("{certificate}.key.pem")));
    let certificate = CertificateDer::from_pem_file(fixture(&format!("{certificate}.pem")));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.expect("a certificate")], key.expect("a key"))
        .expect("a certificate with its key");
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn a_certificate_that_the_machine_trusts_is_accepted() {
    let server = TlsServer::start("trusted").await;
    let outcome = child::ask(&server.address, &fixture("trusted.pem")).await;
    assert_eq!(outcome, "200 encrypted");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn another_certificate_is_refused_before_anything_is_sent() {
    let server = TlsServer::start("untrusted").await;
    let outcome = child::ask(&server.address, &fixture("trusted.pem")).await;
    assert!(outcome.starts_with("Unreachable: "), "{outcome}");
    assert!(outcome.contains("invalid peer certificate: UnknownIssuer"), "{outcome}");
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let server = TlsServer::start("trusted").await;
    let address = server.address.replace("localhost", "127.0.0.1");
    let outcome = child::ask(&address, &fixture("trusted.pem")).await;
    assert!(outcome.contains("certificate not valid for name"), "{outcome}");
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_machine_that_trusts_nobody_reaches_only_what_is_not_encrypted() {
    let nobody = NamedTempFile::new().expect("a file");
    let server = TlsServer::start("trusted").await;
    let outcome = child::ask(&server.address, nobody.path()).await;
    assert!(outcome.starts_with("SetUp: "), "{outcome}");
    assert!(outcome.contains("No CA certificates"), "{outcome}");
    assert_eq!(server.requests(), 0);
    let plain = Server::start(Reaction::Answer(answer("200 OK", "", "plain"))).await;
    assert_eq!(child::ask(&plain.address("/"), nobody.path()).await, "200 plain");
}

/// The greeting of the client is sent in the clear.
#[tokio::test]
async fn a_key_exchange_for_the_future_is_offered_first() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let address = format!("https://localhost:{port}/");
    let greeting = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut record = [0; 5];
        stream.read_exact(&mut record).await.expect("a record");
        let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
        let mut greeting = vec![0; length];
        stream.read_exact(&mut greeting).await.expect("a greeting");
        (record[0], greeting)
    };
    let authorities = fixture("trusted.pem");
    let ((kind, greeting), _) = tokio::join!(greeting, child::ask(&address, &authorities));
    let holds = |wanted: &[u8]| greeting.windows(wanted.len()).any(|bytes| bytes == wanted);
    // RFC 8446: record type 22 is a handshake message, and message type 1 the client's greeting.
    assert_eq!((kind, greeting[0]), (22, 1));
    assert!(holds(b"localhost"));
    // RFC 7301: one protocol is offered, with its length; nothing about HTTP/2.
    assert!(holds(b"\x00\x10\x00\x0b\x00\x09\x08http/1.1"), "{greeting:02x?}");
    // Extension 10, two lengths, and the first group: 0x11ec is X25519MLKEM768.
    let first = greeting.windows(8).find(|bytes| bytes[..3] == [0, 10, 0] && bytes[4] == 0);
    assert_eq!(first.map(|bytes| [bytes[6], bytes[7]]), Some([0x11, 0xec]), "{greeting:02x?}");
}
