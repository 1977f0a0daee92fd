//! Puts a router on a socket: bounded connections, deadlines on slow clients, orderly end.
//!
//! A client that closes its connection ends its request: the answer's body is dropped even while
//! nothing is being written to it. A client that closes only its sending half (`shutdown` after
//! the request) counts as gone too: it cannot be told from one that left, and no client library
//! of the API does so.

use std::{io, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::stall::StallGuard;

/// When the machine has no more file descriptors, the next attempt waits for so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// After so many failures in a row (one minute) the server ends, so that somebody notices.
const ACCEPT_FAILURES_MAX: u32 = 600;

/// Bounds on what clients may hold.
#[derive(Clone, Copy, Debug)]
pub struct ServeLimits {
    /// Further clients wait until a connection ends.
    pub connections_max: usize,
    /// The head of a request must have arrived after so long; an idle connection is closed too.
    pub header_deadline: Duration,
    /// A client that reads nothing for so long is given up.
    pub write_stall: Duration,
    /// Answers may be completed for so long after the server was told to stop.
    pub drain_deadline: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            header_deadline: Duration::from_secs(10),
            write_stall: Duration::from_mins(1),
            drain_deadline: Duration::from_secs(30),
        }
    }
}

/// Serves until `shutdown`, then completes running answers within the drain deadline. Every
/// connection has ended when this returns. Fails when no connection can be accepted any more.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    limits: ServeLimits,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let connections = TaskTracker::new();
    let abort = CancellationToken::new();
    let mut result = Ok(());
    while let Some(accepted) = shutdown.run_until_cancelled(accept(&listener, &places)).await {
        let (socket, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                shutdown.cancel();
                result = Err(error);
                break;
            }
        };
        let connection = Connection {
            router: router.clone(),
            limits,
            shutdown: shutdown.clone(),
            abort: abort.clone(),
        };
        connections.spawn(async move {
            connection.run(socket).await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    if timeout(limits.drain_deadline, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "cutting off answers that take too long");
        abort.cancel();
        connections.wait().await;
    }
    result
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, Option<OwnedSemaphorePermit>)> {
    // The semaphore is never closed.
    let place = Arc::clone(places).acquire_owned().await.ok();
    let mut failures = 0;
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return Ok((socket, place)),
            Err(error) if failures == ACCEPT_FAILURES_MAX => return Err(error),
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, "connection not accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

struct Connection {
    router: Router,
    limits: ServeLimits,
    shutdown: CancellationToken,
    abort: CancellationToken,
}

impl Connection {
    async fn run(self, socket: TcpStream) {
        // Tokens are small writes that should leave at once.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let socket = TokioIo::new(StallGuard::new(socket, self.limits.write_stall));
        let mut protocol = http1::Builder::new();
        protocol.timer(TokioTimer::new()).header_read_timeout(self.limits.header_deadline);
        let serving = protocol.serve_connection(socket, TowerToHyperService::new(self.router));
        let mut serving = pin!(serving);
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = self.shutdown.cancelled() => {
                serving.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = serving.as_mut() => ended,
                    () = self.abort.cancelled() => return,
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended early");
        }
    }
}
