//! A server that sends what it is told, byte for byte.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What is sent back to a request.
pub(crate) enum Reply {
    /// These bytes; then the connection ends.
    Whole(Vec<u8>),
    /// These bytes, then nothing; the connection stays open until the client closes it.
    Silent(Vec<u8>),
}

/// Serves one connection after another: one answer each.
pub(crate) struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
    closed: watch::Receiver<bool>,
    stop: CancellationToken,
}

impl Server {
    pub(crate) async fn start(answers: Vec<Vec<u8>>) -> Self {
        let mut answers = answers.into_iter();
        Self::run(move |_| answers.next().map(Reply::Whole)).await
    }

    /// Sends these bytes, then nothing, and leaves the connection open.
    pub(crate) async fn silent_after(bytes: Vec<u8>) -> Self {
        let mut answers = std::iter::once(bytes);
        Self::run(move |_| answers.next().map(Reply::Silent)).await
    }

    /// Replies to what is asked, until there is no reply.
    pub(crate) async fn run(mut reply: impl FnMut(&str) -> Option<Reply> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (told, closed) = watch::channel(false);
        let stop = CancellationToken::new();
        let (seen, until) = (Arc::clone(&requests), stop.clone());
        let serve = async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let request = read_request(&mut stream).await;
                let reply = reply(&request);
                seen.lock().expect("no panic").push(request);
                match reply {
                    None => return,
                    Some(Reply::Whole(bytes)) => drop(stream.write_all(&bytes).await),
                    Some(Reply::Silent(bytes)) => {
                        stream.write_all(&bytes).await.ok();
                        // Ends when the client closes the connection.
                        let mut rest = [0; 1];
                        stream.read_exact(&mut rest).await.ok();
                        told.send(true).ok();
                    }
                }
            }
        };
        TaskTracker::new().spawn(async move { until.run_until_cancelled(serve).await });
        Self { address, requests, closed, stop }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }

    /// Returns when the client has closed its connection.
    pub(crate) async fn closed(&self) {
        self.closed.clone().wait_for(|closed| *closed).await.expect("the server lives");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_lowercase();
            let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |text| text.parse().expect("a number"));
            if body.len() >= length {
                return text;
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return text,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

pub(crate) fn json_answer(status: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         location: http://127.0.0.1:1/\r\nconnection: close\r\n\r\n"
    );
    format!("{head}{body}").into_bytes()
}

/// The events of a stream, with the line after the last.
pub(crate) fn chunks(parts: &[&str]) -> Vec<u8> {
    let parts = parts.iter().chain(&["[DONE]"]);
    parts.flat_map(|part| format!("data: {part}\n\n").into_bytes()).collect()
}

/// The beginning of a stream that would be longer.
pub(crate) fn begun(part: &str) -> Vec<u8> {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 99999\r\n\r\n";
    format!("{head}data: {part}\n\n").into_bytes()
}

/// A stream in transfer chunks of so many bytes.
pub(crate) fn stream_of(events: &[u8], size: usize) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let mut bytes = head.as_bytes().to_vec();
    for piece in events.chunks(size) {
        bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}
