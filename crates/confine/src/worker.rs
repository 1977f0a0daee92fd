//! Work on what nobody vouches for, in a process of its own.
//!
//! The parent writes one line, the order, and then the input; the child confines itself as the
//! order says, writes one line, what was granted, and then one line more, the answer. Nothing runs
//! in the child between its making and its program: after a process with threads is copied, hardly
//! a call is safe.
//!
//! What is too big for one order, or is asked more than once, is a [`Dialogue`].

mod dialogue;

use std::{
    ffi::OsStr,
    io::{self, Read as _, Write as _},
    os::fd::AsFd as _,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

pub use self::dialogue::{Dialogue, enter_dialogue};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::{Deserialize, Serialize};

use crate::{ApplyError, Confinement, Granted, system};

const CHUNK_BYTES: usize = 64 << 10;
/// What a report may have, beside the answer.
const REPORT_BYTES_MAX: usize = 16 << 10;
/// An order holds paths; more than a pipe takes at once would wait for a child that may have died.
const ORDER_BYTES_MAX: u64 = 16 << 20;
/// Ends the order and each line of the answer.
const END: u8 = b'\n';

/// How a program is run that calls [`enter`] first.
#[derive(Clone, Copy, Debug)]
pub struct Worker<'a> {
    pub program: &'a Path,
    pub arguments: &'a [&'a OsStr],
    /// Then it is killed.
    pub deadline: Duration,
    /// Of the answer; a longer one is refused.
    pub answer_bytes_max: usize,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub granted: Granted,
    /// Written by a process that may have been taken over: to be read as its input is.
    pub bytes: Vec<u8>,
}

/// What the child was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub granted: Granted,
    pub input: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error("could not start the confined process")]
    Start { source: io::Error },
    #[error("could not speak with the confined process")]
    Speak { source: io::Error },
    #[error("the confined process took longer than {seconds} s and was ended")]
    Late { seconds: u64 },
    #[error("the confined process answered with more than {bytes_max} bytes and was ended")]
    Long { bytes_max: usize },
    /// Its memory or processor time may have been used up, or it did what is denied.
    #[error("the confined process ended before it had answered")]
    Ended,
    #[error("the confined process did not say what was granted")]
    Unreported { source: serde_json::Error },
    #[error("the process could not be confined")]
    Apply { source: ApplyError },
}

#[derive(Serialize, Deserialize)]
struct Head {
    parent: u32,
    confinement: Confinement,
}

impl Worker<'_> {
    /// Has the work done, and ends the process. Blocks; the thread must live as long, since the
    /// process is killed with it.
    pub fn run(&self, confinement: &Confinement, input: &[u8]) -> Result<Answer, WorkerError> {
        let mut order = head(confinement)?;
        order.extend_from_slice(input);
        let mut running = self.spawn()?;
        let answer = self.converse(&mut running.0, &order);
        drop(running);
        answer
    }

    fn spawn(&self) -> Result<Running, WorkerError> {
        let child = Command::new(self.program)
            .args(self.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| WorkerError::Start { source })?;
        Ok(Running(child))
    }

    fn converse(&self, child: &mut Child, order: &[u8]) -> Result<Answer, WorkerError> {
        let speak = |source| WorkerError::Speak { source };
        let until = Instant::now() + self.deadline;
        let (Some(mut input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(speak(io::Error::other("it has no pipes")));
        };
        match input.write_all(order) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written.map_err(speak)?,
        }
        drop(input);
        let mut bytes = Vec::new();
        while self.read_on(&mut output, &mut bytes, until)? {
            if bytes.len() > self.answer_bytes_max.saturating_add(REPORT_BYTES_MAX) {
                return Err(WorkerError::Long { bytes_max: self.answer_bytes_max });
            }
        }
        let Some((report, rest)) = split(&bytes) else { return Err(WorkerError::Ended) };
        let granted =
            serde_json::from_slice(report).map_err(|source| WorkerError::Unreported { source })?;
        let Some((answer, [])) = split(rest) else { return Err(WorkerError::Ended) };
        Ok(Answer { granted, bytes: answer.to_vec() })
    }

    /// False when there is nothing more.
    fn read_on(
        &self,
        output: &mut ChildStdout,
        bytes: &mut Vec<u8>,
        until: Instant,
    ) -> Result<bool, WorkerError> {
        let speak = |source| WorkerError::Speak { source };
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left)
            .map_err(|_| speak(io::Error::other("the deadline is too far away")))?;
        let readable = {
            let mut waiting = [PollFd::from_borrowed_fd(output.as_fd(), PollFlags::IN)];
            match poll(&mut waiting, Some(&left)) {
                Err(rustix::io::Errno::INTR) => return Ok(true),
                polled => polled.map_err(|error| speak(error.into()))?,
            }
        };
        if readable == 0 {
            return Err(WorkerError::Late { seconds: self.deadline.as_secs() });
        }
        let mut chunk = vec![0; CHUNK_BYTES];
        let count = output.read(&mut chunk).map_err(speak)?;
        bytes.extend_from_slice(chunk.get(..count).unwrap_or_default());
        Ok(count > 0)
    }
}

/// The line that says how the child confines itself.
fn head(confinement: &Confinement) -> Result<Vec<u8>, WorkerError> {
    let head = Head { parent: std::process::id(), confinement: confinement.clone() };
    let mut line =
        serde_json::to_vec(&head).map_err(|error| WorkerError::Speak { source: error.into() })?;
    line.push(END);
    Ok(line)
}

/// A process that does not outlive this.
#[derive(Debug)]
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has answered, or never will: what it still does is of no use.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// In the child: confines the process as the order on its input says, reports what was granted, and
/// returns the rest of the order. The answer is one line on the output, without line ends in it.
///
/// # Errors
/// Whoever gets one ends the process: it may be confined by half.
pub fn enter() -> Result<Order, WorkerError> {
    let speak = |source| WorkerError::Speak { source };
    let mut bytes = Vec::new();
    io::stdin().lock().take(ORDER_BYTES_MAX).read_to_end(&mut bytes).map_err(speak)?;
    let (head, input) = split(&bytes).ok_or_else(|| speak(io::ErrorKind::UnexpectedEof.into()))?;
    let granted = obey(head)?;
    Ok(Order { granted, input: input.to_vec() })
}

/// Confines the process as the head of an order says, and reports what was granted.
fn obey(head: &[u8]) -> Result<Granted, WorkerError> {
    let speak = |source| WorkerError::Speak { source };
    let head: Head = serde_json::from_slice(head).map_err(|error| speak(error.into()))?;
    let granted = head.confinement.apply().map_err(|source| WorkerError::Apply { source })?;
    system::end_with_parent(head.parent).map_err(speak)?;
    let mut report = serde_json::to_vec(&granted).map_err(|error| speak(error.into()))?;
    report.push(END);
    let mut output = io::stdout().lock();
    output.write_all(&report).and_then(|()| output.flush()).map_err(speak)?;
    Ok(granted)
}

/// The first line and what follows it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == END)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Descriptors, Limits, Network, Programs};

    fn run(script: &str, deadline: Duration) -> Result<Answer, WorkerError> {
        let arguments = [OsStr::new("-c"), OsStr::new(script)];
        let program = Path::new("/bin/sh");
        let worker = Worker { program, arguments: &arguments, deadline, answer_bytes_max: 1000 };
        let confinement = Confinement {
            network: Network::None,
            descriptors: Descriptors::Standard,
            read: Vec::new(),
            write: Vec::new(),
            writes_as_root: false,
            limits: Limits::default(),
            programs: Programs::None,
        };
        worker.run(&confinement, b"input")
    }

    fn check(script: &str, expected: &str) {
        let found = run(script, Duration::from_mins(5)).unwrap_err().to_string();
        assert!(found.contains(expected), "{script}: {found}");
    }

    #[test]
    fn what_a_process_does_instead_of_answering_is_told() {
        check("exit 0", "ended before it had answered");
        check("kill -9 $$", "ended before it had answered");
        check("printf '{}\\n{}\\n'", "did not say what was granted");
        check("printf 'no line'", "ended before it had answered");
        check("while :; do echo more and more and more; done", "more than 1000 bytes");
        let late = run("exec sleep 3600", Duration::ZERO).unwrap_err().to_string();
        assert!(late.contains("took longer"), "{late}");
    }

    #[test]
    fn it_gets_the_order_and_no_environment() {
        let granted = r#"{"no_new_privileges":{"state":"whole"},"files":{"state":"whole"},
            "landlock":7,"system_calls":{"state":"whole"},"network_namespace":{"state":"unasked"},
            "capabilities":{"state":"whole"},"limits":{"state":"unasked"},
            "descriptors":{"state":"unasked"}}"#;
        let granted = granted.replace(['\n', ' '], "");
        let script = format!(
            "read head; rest=$(/bin/cat); echo '{granted}'; echo \"$rest ${{CARGO_MANIFEST_DIR-none}}\""
        );
        let answer = run(&script, Duration::from_mins(5)).unwrap();
        assert_eq!(answer.bytes, b"input none");
        assert!(answer.granted.is_enough());
    }
}
