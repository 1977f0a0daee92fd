//! A witness as C2SP tlog-witness describes it, and servers that are none.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
    routing::post,
};
use governance::ports::{Addition, Witness as _, WitnessError};
use testkit::MemoryWitness;
use tokio::{net::TcpListener, task::JoinSet};
use transparency_log::{Checkpoint, Cosigner, Hash, SignedNote, Verifier};

/// Ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(routes: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, routes).await.expect("served") });
        Self { address, _tasks: tasks }
    }

    pub(crate) fn prefix(&self) -> String {
        format!("http://{}/prefix", self.address)
    }
}

/// A server that answers every submission in the same way.
pub(crate) async fn answering(
    answer: impl Fn() -> Response + Clone + Send + Sync + 'static,
) -> Server {
    Server::start(Router::new().route("/prefix/add-checkpoint", post(async move || answer()))).await
}

/// What the witness knows.
#[derive(Clone)]
pub(crate) struct Watched {
    verifier: Verifier,
    pub(crate) memory: MemoryWitness,
    /// Whether the next answer gets lost on its way.
    pub(crate) loses_answer: Arc<AtomicBool>,
}

impl Watched {
    pub(crate) fn new(verifier: Verifier) -> Self {
        let memory = MemoryWitness::new(verifier.clone());
        Self { verifier, memory, loses_answer: Arc::default() }
    }

    pub(crate) async fn serve(&self) -> Server {
        let route = post(add_checkpoint).with_state(self.clone());
        Server::start(Router::new().route("/prefix/add-checkpoint", route)).await
    }
}

async fn add_checkpoint(State(watched): State<Watched>, body: String) -> Response {
    let Some(addition) = parse(&body) else { return StatusCode::BAD_REQUEST.into_response() };
    let origin = addition.checkpoint.text().lines().next();
    if origin != Some(watched.verifier.name()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Ok(checkpoint) = Checkpoint::open(&addition.checkpoint, &watched.verifier) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    if addition.old_size > checkpoint.size {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let added = watched.memory.add(&addition).await;
    if watched.loses_answer.swap(false, Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    match added {
        Ok(()) => cosignatures(&addition.checkpoint).into_response(),
        Err(WitnessError::OtherSize { size }) => {
            let headers = [(CONTENT_TYPE, "text/x.tlog.size")];
            (StatusCode::CONFLICT, headers, format!("{size}\n")).into_response()
        }
        Err(WitnessError::Refused { reason }) => {
            (StatusCode::UNPROCESSABLE_ENTITY, reason).into_response()
        }
        Err(WitnessError::Unavailable { .. }) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn parse(body: &str) -> Option<Addition> {
    let (head, checkpoint) = body.split_once("\n\n")?;
    let mut lines = head.lines();
    let size = lines.next()?.strip_prefix("old ")?;
    let old_size: u64 = size.parse().ok()?;
    let proof: Option<Vec<Hash>> = lines.map(|line| Hash::parse_base64(line).ok()).collect();
    let proof = proof.filter(|proof| proof.len() <= 63 && old_size.to_string() == size)?;
    Some(Addition { old_size, proof, checkpoint: SignedNote::parse(checkpoint).ok()? })
}

/// The signature lines of two witnesses whom the log does not know.
fn cosignatures(checkpoint: &SignedNote) -> String {
    let known = checkpoint.signatures().len();
    let mut note = checkpoint.clone();
    for (name, seed) in [("witness.example/w1", [1; 32]), ("witness.example/w2", [2; 32])] {
        let cosigner = Cosigner::from_seed(name, seed).expect("a key");
        note.cosign(&cosigner, 1_767_225_600).expect("cosigned");
    }
    let lines = note.signatures()[known..].iter().map(|signature| format!("{signature}\n"));
    lines.collect::<Vec<_>>().concat()
}
