//! One companion, as the server sees it: it reads one document after the other.

use std::{io, os::fd::OwnedFd, sync::Arc, time::Duration};

use companion::Pipes;
use knowledge::ports::ParseError;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::unix::pipe::{Receiver, Sender},
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    frame::{Frame, HEAD_BYTES, Kind, PIECE_BYTES, head, read_head, unexpected},
    keeper::ANSWER_BYTES_MAX,
    message::{Outcome, Refusal, Task},
};

/// Whoever gives the bytes of a document gives the next ones within this, or no more.
const PIECE_PATIENCE: Duration = Duration::from_mins(1);
/// A companion takes what is sent, and has its workers ended in time. One that does not is no use.
const SPARE: Duration = Duration::from_mins(10);

/// A document that waits to be read.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) task: Task,
    pub(crate) pieces: mpsc::Receiver<Piece>,
    pub(crate) answer: oneshot::Sender<Result<Answer, ParseError>>,
}

/// Of the bytes of a document. Where the end is missing, they were given up.
#[derive(Debug)]
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    End,
}

/// What came back, as a worker wrote it.
#[derive(Debug)]
pub(crate) enum Answer {
    Reading(Vec<u8>),
    Image { png: Vec<u8>, width: u32, height: u32 },
}

/// Jobs that no companion has taken yet.
pub(crate) type Waiting = Arc<Mutex<mpsc::Receiver<Job>>>;

/// The pipes to a companion.
#[derive(Debug)]
pub(crate) struct Slot {
    input: Sender,
    output: BufReader<Receiver>,
    /// What a document may take, at most.
    patience: Duration,
}

impl Slot {
    /// To be called in a runtime with its input and output.
    pub(crate) fn connect(pipes: Pipes, seconds_max: u64) -> io::Result<Self> {
        let (input, output): (OwnedFd, OwnedFd) = pipes.into_ends();
        Ok(Self {
            input: Sender::from_owned_fd(input)?,
            output: BufReader::new(Receiver::from_owned_fd(output)?),
            // The time of a reader, that of a recogniser beside it, and what passes in between.
            patience: Duration::from_secs(seconds_max.saturating_mul(3)) + SPARE,
        })
    }

    /// Takes jobs until `stop`, or until the companion is gone.
    pub(crate) async fn run(mut self, waiting: Waiting, stop: CancellationToken) {
        loop {
            let next = async { waiting.lock().await.recv().await };
            let job = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                // Whatever it says unasked, its end above all: nothing can be read by it.
                _said = self.output.fill_buf() => return tell(&io::ErrorKind::BrokenPipe.into()),
                job = next => job,
            };
            let Some(job) = job else { return };
            if job.answer.is_closed() {
                // Whoever sent it has left.
                continue;
            }
            let Job { task, mut pieces, answer } = job;
            let played = self.play(&task, &mut pieces);
            let Some(played) = stop.run_until_cancelled(played).await else { return };
            match played {
                Ok(outcome) => {
                    answer.send(outcome.map_err(ParseError::from)).ok();
                }
                Err(error) => {
                    tell(&error);
                    answer.send(Err(ParseError::Unavailable { source: error.into() })).ok();
                    return;
                }
            }
        }
    }

    /// One document from its task to its outcome: nothing of it is left in the pipes.
    async fn play(
        &mut self,
        task: &Task,
        pieces: &mut mpsc::Receiver<Piece>,
    ) -> io::Result<Result<Answer, Refusal>> {
        self.send(Kind::Task, &serde_json::to_vec(task)?).await?;
        self.feed(pieces).await?;
        let patience = self.patience;
        match timeout(patience, self.outcome()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    async fn feed(&mut self, pieces: &mut mpsc::Receiver<Piece>) -> io::Result<()> {
        loop {
            match timeout(PIECE_PATIENCE, pieces.recv()).await {
                Ok(Some(Piece::Bytes(bytes))) => {
                    for piece in bytes.chunks(PIECE_BYTES) {
                        self.send(Kind::Piece, piece).await?;
                    }
                }
                Ok(Some(Piece::End)) => return self.send(Kind::End, &[]).await,
                Ok(None) | Err(_) => return self.send(Kind::GivenUp, &[]).await,
            }
        }
    }

    async fn outcome(&mut self) -> io::Result<Result<Answer, Refusal>> {
        let Frame { kind, bytes } = self.receive().await?;
        if kind != Kind::Outcome {
            return Err(unexpected(kind));
        }
        let given_up = || Refusal::not_read("its reader ended while it told what it read");
        // What the companion hands on was written by a worker.
        let outcome: Outcome = match serde_json::from_slice(&bytes) {
            Ok(outcome) => outcome,
            Err(error) => return Ok(Err(Refusal::not_read(error.to_string()))),
        };
        match outcome {
            Outcome::Read { complaints } => {
                for complaint in complaints.iter().take(4) {
                    let complaint = crate::message::shown(complaint);
                    tracing::warn!(complaint, "a document was read with less than is set");
                }
                Ok(self.pieces().await?.map(Answer::Reading).ok_or_else(given_up))
            }
            Outcome::Drawn { width, height } => {
                let png = self.pieces().await?;
                Ok(png.map(|png| Answer::Image { png, width, height }).ok_or_else(given_up))
            }
            Outcome::Refused(refusal) => Ok(Err(refusal)),
        }
    }

    /// Up to the end; nothing where they were given up.
    async fn pieces(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut all = Vec::new();
        loop {
            let Frame { kind, bytes } = self.receive().await?;
            match kind {
                Kind::Piece if (all.len() + bytes.len()) as u64 <= ANSWER_BYTES_MAX => {
                    all.extend_from_slice(&bytes);
                }
                Kind::End => return Ok(Some(all)),
                Kind::GivenUp => return Ok(None),
                Kind::Piece
                | Kind::Task
                | Kind::Settings
                | Kind::Picture
                | Kind::Lines
                | Kind::Outcome => return Err(unexpected(kind)),
            }
        }
    }

    async fn send(&mut self, kind: Kind, bytes: &[u8]) -> io::Result<()> {
        let patience = self.patience;
        let sent = async {
            self.input.write_all(&head(kind, bytes.len())?).await?;
            self.input.write_all(bytes).await
        };
        // A companion that takes nothing waits for a worker that takes nothing.
        timeout(patience, sent).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    async fn receive(&mut self) -> io::Result<Frame> {
        let mut head = [0; HEAD_BYTES];
        self.output.read_exact(&mut head).await?;
        let (kind, length) = read_head(head)?;
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes).await?;
        Ok(Frame { kind, bytes })
    }
}

fn tell(error: &io::Error) {
    tracing::error!(
        code = "document.unavailable",
        error = error as &dyn std::error::Error,
        "a process that has documents read is gone; others go on, if there are any"
    );
}
