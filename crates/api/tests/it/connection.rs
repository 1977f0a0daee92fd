//! Real sockets: clients that leave, that are slow, that are many, and the end of the server.

use std::{net::SocketAddr, time::Duration};

use api::ServeLimits;
use serde_json::json;
use testkit::{FakeEngine, Stepper};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::server::{HANG, Server, Setting, hello};

struct Served {
    server: Server,
    stepper: Stepper,
    address: SocketAddr,
    shutdown: CancellationToken,
    tasks: JoinSet<std::io::Result<()>>,
}

impl Served {
    async fn new(limits: ServeLimits) -> Self {
        let (engine, stepper) = FakeEngine::new().stepped();
        let server = Server::with(Setting { engine, ..Setting::default() }).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(api::serve(listener, server.router.clone(), shutdown.clone(), limits));
        Self { server, stepper, address, shutdown, tasks }
    }

    async fn connect(&self) -> TcpStream {
        TcpSocket::new_v4().unwrap().connect(self.address).await.unwrap()
    }

    async fn ask(&self, stream: bool) -> TcpStream {
        let mut socket = self.connect().await;
        let body = hello(json!({"stream": stream}));
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            self.server.key,
            body.len()
        );
        socket.write_all((head + &body).as_bytes()).await.unwrap();
        socket
    }

    async fn ended(mut self) {
        self.shutdown.cancel();
        let ended = timeout(HANG, self.tasks.join_next()).await.unwrap();
        ended.unwrap().unwrap().unwrap();
    }
}

async fn read_until(socket: &mut TcpStream, wanted: &str) -> String {
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains(wanted) {
        let some = timeout(HANG, socket.read_buf(&mut read)).await.unwrap().unwrap();
        assert_ne!(some, 0, "{}", String::from_utf8_lossy(&read));
    }
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn a_client_that_leaves_a_silent_stream_cancels_it() {
    let served = Served::new(ServeLimits::default()).await;
    let mut socket = served.ask(true).await;
    read_until(&mut socket, r#""role":"assistant""#).await;
    drop(socket);
    // No token is said: only the end of the connection can tell.
    let cancelled = served.server.engine.reached(|counts| counts.cancelled == 1);
    timeout(HANG, cancelled).await.unwrap();
    served.ended().await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_stream_cancels_it() {
    let served = Served::new(ServeLimits::default()).await;
    let mut socket = served.ask(true).await;
    served.stepper.step(2);
    read_until(&mut socket, " tout").await;
    drop(socket);
    let cancelled = served.server.engine.reached(|counts| counts.cancelled == 1);
    timeout(HANG, cancelled).await.unwrap();
    let Served { server, .. } = &served;
    assert_eq!(server.audit(), [("chat.complete".to_owned(), "ok".to_owned())]);
    assert_eq!(server.store.usage_records().len(), 1);
    served.ended().await;
}

#[tokio::test]
async fn a_client_that_leaves_before_a_complete_answer_cancels_it() {
    let served = Served::new(ServeLimits::default()).await;
    let socket = served.ask(false).await;
    timeout(HANG, served.server.engine.reached(|counts| counts.started == 1)).await.unwrap();
    drop(socket);
    let cancelled = served.server.engine.reached(|counts| counts.cancelled == 1);
    timeout(HANG, cancelled).await.unwrap();
    served.ended().await;
}

#[tokio::test]
async fn running_answers_are_completed_when_the_server_stops() {
    let served = Served::new(ServeLimits::default()).await;
    let mut socket = served.ask(true).await;
    read_until(&mut socket, r#""role":"assistant""#).await;
    served.shutdown.cancel();
    served.stepper.release();
    let rest = read_until(&mut socket, "data: [DONE]").await;
    assert!(rest.contains(r#""finish_reason":"stop""#), "{rest}");
    served.ended().await;
}

#[tokio::test]
async fn answers_that_take_too_long_are_cut_off_when_the_server_stops() {
    let drain_deadline = Duration::from_millis(20);
    let served = Served::new(ServeLimits { drain_deadline, ..ServeLimits::default() }).await;
    let mut socket = served.ask(true).await;
    read_until(&mut socket, r#""role":"assistant""#).await;
    let engine = served.server.engine.clone();
    served.ended().await;
    timeout(HANG, engine.reached(|counts| counts.cancelled == 1)).await.unwrap();
}

#[tokio::test]
async fn a_client_that_never_ends_its_head_is_disconnected() {
    let header_deadline = Duration::from_millis(50);
    let served = Served::new(ServeLimits { header_deadline, ..ServeLimits::default() }).await;
    let mut socket = served.connect().await;
    socket.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nHost: loc").await.unwrap();
    let mut rest = Vec::new();
    timeout(HANG, socket.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    served.ended().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let served = Served::new(ServeLimits { connections_max: 1, ..ServeLimits::default() }).await;
    let mut first = served.ask(true).await;
    read_until(&mut first, r#""role":"assistant""#).await;
    let mut second = served.connect().await;
    let health = format!("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", served.address);
    second.write_all(health.as_bytes()).await.unwrap();
    let mut byte = [0];
    let early = timeout(Duration::from_millis(50), second.read(&mut byte)).await;
    assert!(early.is_err(), "answered without a place");
    drop(first);
    read_until(&mut second, r#"{"status":"ok","reasons":[]}"#).await;
    served.ended().await;
}

#[tokio::test]
async fn what_is_not_http_is_refused_and_the_server_lives_on() {
    let served = Served::new(ServeLimits::default()).await;
    for garbage in [&b"\x16\x03\x01\x02\x00"[..], b"\0\0\0\0\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"] {
        let mut socket = served.connect().await;
        socket.write_all(garbage).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut rest = Vec::new();
        // Refused or reset, either is an end.
        timeout(HANG, socket.read_to_end(&mut rest)).await.unwrap().ok();
    }
    let mut socket = served.connect().await;
    let health = format!("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", served.address);
    socket.write_all(health.as_bytes()).await.unwrap();
    read_until(&mut socket, r#"{"status":"ok","reasons":[]}"#).await;
    served.ended().await;
}

#[tokio::test]
async fn a_large_body_is_answered_even_to_a_client_that_sends_all_of_it_first() {
    let served = Served::new(ServeLimits::default()).await;
    let mut socket = served.connect().await;
    let body = vec![b' '; 6 * 1024 * 1024];
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Length: {}\r\n\r\n",
        served.address,
        served.server.key,
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    timeout(HANG, socket.write_all(&body)).await.unwrap().unwrap();
    let answer = read_until(&mut socket, "request.too_large").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    served.ended().await;
}
