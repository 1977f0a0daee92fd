//! A server on the loopback device that does what a good one never does.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinSet,
};

/// What the server does after it has read a request.
#[derive(Clone, Debug)]
pub(crate) enum Reaction {
    /// Sends these bytes and closes.
    Answer(Vec<u8>),
    /// Sends these bytes and then nothing until the client leaves.
    Stall(Vec<u8>),
    /// Sends these bytes again and again until the client leaves, after the head.
    Endless { head: Vec<u8>, piece: Vec<u8> },
}

/// Ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(reaction: Reaction) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::default();
        let mut tasks = JoinSet::new();
        let seen = Arc::clone(&requests);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                connections.spawn(serve(stream, Arc::clone(&seen), reaction.clone()));
            }
        });
        Self { address, requests, _tasks: tasks }
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The requests so far, each with its head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

/// Reads one request and reacts. A client that leaves early is no failure of the server.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    requests: Arc<Mutex<Vec<String>>>,
    reaction: Reaction,
) {
    let Some(request) = read_request(&mut stream).await else { return };
    requests.lock().expect("not poisoned").push(request);
    match reaction {
        Reaction::Answer(bytes) => {
            drop(stream.write_all(&bytes).await);
            drop(stream.shutdown().await);
        }
        Reaction::Stall(bytes) => {
            drop(stream.write_all(&bytes).await);
            drop(stream.read(&mut [0]).await);
        }
        Reaction::Endless { head, piece } => {
            drop(stream.write_all(&head).await);
            while stream.write_all(&piece).await.is_ok() {}
        }
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer).await.ok().filter(|&count| count > 0)?;
        read.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().expect("a length"));
        if body.len() >= length {
            return Some(text);
        }
    }
}

/// A whole answer with a length.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}
