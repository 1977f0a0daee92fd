//! A process beside this one that is asked in lines of JSON.
//!
//! The server confines itself before its first thread, and can start nothing afterwards. What needs
//! files, programs or sockets that it gives up is done by a companion, which it starts before:
//!
//! ```text
//! server  --{"number":7,"task":…}-->  companion
//! server  <--{"number":7,"outcome":…}--
//! ```
//!
//! [`Pipes::start`] starts it without a runtime; [`Companion`] asks it from one. The companion reads
//! its input with [`read_line`] and ends when there is no more: it does not outlive who asks.
//! **Never here:** what is asked.

use std::{
    io,
    os::{fd::OwnedFd, unix::process::CommandExt as _},
    process::{Command, Stdio},
    time::Duration,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::unix::pipe::{Receiver, Sender},
    sync::Mutex,
    time::timeout,
};
use zeroize::Zeroizing;

/// No question is longer: a pipe takes so much whole or not at all.
pub const QUESTION_BYTES_MAX: usize = 4096;

/// A question as a line.
#[derive(Debug, Deserialize, Serialize)]
pub struct Request<T> {
    /// Tells the answer that is waited for from those that nobody waits for any more.
    pub number: u64,
    pub task: T,
}

/// An answer as a line.
#[derive(Debug, Deserialize, Serialize)]
pub struct Reply<T> {
    pub number: u64,
    pub outcome: T,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CompanionError {
    #[error("the question has more than {QUESTION_BYTES_MAX} bytes")]
    Long,
    #[error("it did not answer within {} s", .after.as_secs())]
    Late { after: Duration },
    #[error("it has ended")]
    Ended,
    #[error("its answer was none")]
    Garbled { source: serde_json::Error },
}

/// The ends of the pipes to a companion, which ends when they are closed.
#[derive(Debug)]
pub struct Pipes {
    input: OwnedFd,
    output: OwnedFd,
}

impl Pipes {
    /// Starts it in a process group of its own, so that a Ctrl-C does not end it before the server.
    pub fn start(mut command: Command) -> io::Result<Self> {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the process has no pipes"));
        };
        Ok(Self { input: input.into(), output: output.into() })
    }

    /// Its input and its output, for whoever speaks with it otherwise than in lines.
    pub fn into_ends(self) -> (OwnedFd, OwnedFd) {
        (self.input, self.output)
    }
}

/// One question at a time; others wait.
#[derive(Debug)]
pub struct Companion {
    line: Mutex<Line>,
    answer_bytes_max: u64,
}

#[derive(Debug)]
struct Line {
    input: Sender,
    output: BufReader<Receiver>,
    /// Of an answer that came in part before whoever waited for it gave up.
    partial: Zeroizing<Vec<u8>>,
    number: u64,
}

impl Companion {
    /// To be called in a runtime with its input and output.
    pub fn connect(pipes: Pipes, answer_bytes_max: u64) -> io::Result<Self> {
        let line = Line {
            input: Sender::from_owned_fd(pipes.input)?,
            output: BufReader::new(Receiver::from_owned_fd(pipes.output)?),
            partial: Zeroizing::default(),
            number: 0,
        };
        Ok(Self { line: Mutex::new(line), answer_bytes_max })
    }

    /// Writes a line that is not answered: what the companion has to know first.
    pub async fn tell(&self, message: &impl Serialize) -> Result<(), CompanionError> {
        let bytes = line(message, QUESTION_BYTES_MAX)?;
        let mut place = self.line.lock().await;
        place.input.write_all(&bytes).await.map_err(|_| CompanionError::Ended)
    }

    /// Asks, and waits so long at most, with the wait for questions before this one.
    pub async fn ask<T: Serialize, A: DeserializeOwned>(
        &self,
        task: T,
        deadline: Duration,
    ) -> Result<A, CompanionError> {
        let asked = async { self.line.lock().await.exchange(task, self.answer_bytes_max).await };
        timeout(deadline, asked).await.map_err(|_| CompanionError::Late { after: deadline })?
    }
}

impl Line {
    async fn exchange<T: Serialize, A: DeserializeOwned>(
        &mut self,
        task: T,
        bytes_max: u64,
    ) -> Result<A, CompanionError> {
        self.number += 1;
        let request = line(&Request { number: self.number, task }, QUESTION_BYTES_MAX)?;
        // A line is taken whole or not at all: whoever gives up leaves none by half.
        self.input.write_all(&request).await.map_err(|_| CompanionError::Ended)?;
        loop {
            let left = bytes_max.saturating_sub(self.partial.len() as u64);
            let mut output = (&mut self.output).take(left);
            let read = output.read_until(b'\n', &mut self.partial).await;
            if read.is_err() || self.partial.last() != Some(&b'\n') {
                return Err(CompanionError::Ended);
            }
            let bytes = std::mem::take(&mut self.partial);
            let garbled = |source| CompanionError::Garbled { source };
            let Numbered { number } = serde_json::from_slice(&bytes).map_err(garbled)?;
            // Others are for who gave up waiting.
            if number == self.number {
                let reply: Reply<A> = serde_json::from_slice(&bytes).map_err(garbled)?;
                return Ok(reply.outcome);
            }
        }
    }
}

#[derive(Deserialize)]
struct Numbered {
    number: u64,
}

/// As a line, with its end.
pub fn line(
    message: &impl Serialize,
    bytes_max: usize,
) -> Result<Zeroizing<Vec<u8>>, CompanionError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(QUESTION_BYTES_MAX));
    serde_json::to_writer(&mut *bytes, message)
        .map_err(|source| CompanionError::Garbled { source })?;
    bytes.push(b'\n');
    if bytes.len() > bytes_max { Err(CompanionError::Long) } else { Ok(bytes) }
}

/// In the companion: a line of the input, or `None` at its end.
pub fn read_line(input: &mut impl io::BufRead) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(QUESTION_BYTES_MAX));
    let mut limited = io::Read::take(input, QUESTION_BYTES_MAX as u64);
    io::BufRead::read_until(&mut limited, b'\n', &mut bytes)?;
    Ok((bytes.last() == Some(&b'\n')).then_some(bytes))
}
