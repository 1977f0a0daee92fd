//! A worker that is spoken with more than once, and told more than an order holds.
//!
//! After the order and the report, both sides send what they like; what it means is theirs to know.
//! The child has confined itself before it gets the first byte of what nobody vouches for.

use std::{
    io::{self, BufRead as _, Read as _, Write as _},
    os::fd::{AsFd as _, BorrowedFd},
    process::{ChildStdin, ChildStdout},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{END, REPORT_BYTES_MAX, Running, Worker, WorkerError, head, obey};
use crate::{Confinement, Granted};

/// A pipe that says that it takes something takes so much without making anybody wait.
const WRITTEN_AT_ONCE: usize = 4096;
/// A head holds paths.
const HEAD_BYTES_MAX: u64 = 1 << 20;

/// A confined process that is spoken with. It ends when this is dropped.
///
/// The deadline of its [`Worker`] counts the time that is waited for the process, all in all, and
/// not what passes between two calls.
#[derive(Debug)]
pub struct Dialogue {
    granted: Granted,
    ends: Ends,
    /// Ends the process when all else is dropped.
    _running: Running,
}

/// Of the pipes to the process.
#[derive(Debug)]
struct Ends {
    input: Option<ChildStdin>,
    output: ChildStdout,
    left: Duration,
    deadline: Duration,
}

impl Worker<'_> {
    /// Starts the process and has it confine itself. Blocks; the thread must live as long as the
    /// dialogue, since the process is killed with it.
    pub fn start(&self, confinement: &Confinement) -> Result<Dialogue, WorkerError> {
        let speak = |source| WorkerError::Speak { source };
        let order = head(confinement)?;
        let mut running = self.spawn()?;
        let pipes = (running.0.stdin.take(), running.0.stdout.take());
        let (Some(input), Some(output)) = pipes else {
            return Err(speak(io::Error::other("it has no pipes")));
        };
        let (left, deadline) = (self.deadline, self.deadline);
        let mut ends = Ends { input: Some(input), output, left, deadline };
        ends.send(&order)?;
        let report = ends.line()?;
        let granted =
            serde_json::from_slice(&report).map_err(|source| WorkerError::Unreported { source })?;
        Ok(Dialogue { granted, ends, _running: running })
    }
}

impl Dialogue {
    /// What the kernel granted it.
    pub fn granted(&self) -> &Granted {
        &self.granted
    }

    /// Gives it bytes.
    ///
    /// # Errors
    /// [`WorkerError::Ended`] where it has closed its input, [`WorkerError::Late`].
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), WorkerError> {
        self.ends.send(bytes)
    }

    /// It is given nothing more.
    pub fn end_input(&mut self) {
        self.ends.input = None;
    }

    /// So many bytes of what it says, neither more nor fewer.
    ///
    /// # Errors
    /// [`WorkerError::Ended`] where it says less, [`WorkerError::Late`].
    pub fn receive(&mut self, bytes: &mut [u8]) -> Result<(), WorkerError> {
        self.ends.receive(bytes)
    }

    /// All that it still says.
    ///
    /// # Errors
    /// [`WorkerError::Long`] for more than so many bytes, [`WorkerError::Late`].
    pub fn receive_all(&mut self, bytes_max: usize) -> Result<Vec<u8>, WorkerError> {
        self.ends.receive_all(bytes_max)
    }
}

impl Ends {
    fn send(&mut self, bytes: &[u8]) -> Result<(), WorkerError> {
        let Some(mut input) = self.input.take() else { return Err(WorkerError::Ended) };
        for piece in bytes.chunks(WRITTEN_AT_ONCE) {
            self.wait(input.as_fd(), PollFlags::OUT)?;
            input.write_all(piece).map_err(|source| match source.kind() {
                io::ErrorKind::BrokenPipe => WorkerError::Ended,
                _ => WorkerError::Speak { source },
            })?;
        }
        self.input = Some(input);
        Ok(())
    }

    fn receive(&mut self, bytes: &mut [u8]) -> Result<(), WorkerError> {
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest)? {
                0 => return Err(WorkerError::Ended),
                count => filled += count,
            }
        }
        Ok(())
    }

    fn receive_all(&mut self, bytes_max: usize) -> Result<Vec<u8>, WorkerError> {
        let (mut all, mut chunk) = (Vec::new(), vec![0; super::CHUNK_BYTES]);
        loop {
            let count = self.read(&mut chunk)?;
            if count == 0 {
                return Ok(all);
            }
            all.extend_from_slice(chunk.get(..count).unwrap_or_default());
            if all.len() > bytes_max {
                return Err(WorkerError::Long { bytes_max });
            }
        }
    }

    /// Byte by byte: what follows is for others to read.
    fn line(&mut self) -> Result<Vec<u8>, WorkerError> {
        let mut line = Vec::new();
        let mut byte = [0];
        while line.len() < REPORT_BYTES_MAX {
            self.receive(&mut byte)?;
            if byte == [END] {
                return Ok(line);
            }
            line.push(byte[0]);
        }
        Err(WorkerError::Long { bytes_max: REPORT_BYTES_MAX })
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, WorkerError> {
        loop {
            let spent = wait(self.output.as_fd(), PollFlags::IN, self.left);
            self.left = self.after(spent)?;
            match self.output.read(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(WorkerError::Speak { source }),
                Ok(count) => return Ok(count),
            }
        }
    }

    fn wait(&mut self, pipe: BorrowedFd<'_>, wanted: PollFlags) -> Result<(), WorkerError> {
        let spent = wait(pipe, wanted, self.left);
        self.left = self.after(spent)?;
        Ok(())
    }

    fn after(&self, spent: io::Result<Option<Duration>>) -> Result<Duration, WorkerError> {
        match spent {
            Ok(Some(spent)) => Ok(self.left.saturating_sub(spent)),
            Ok(None) => Err(WorkerError::Late { seconds: self.deadline.as_secs() }),
            Err(source) => Err(WorkerError::Speak { source }),
        }
    }
}

/// How long it took until the pipe was ready, or nothing where that took longer than `patience`.
fn wait(
    pipe: BorrowedFd<'_>,
    wanted: PollFlags,
    patience: Duration,
) -> io::Result<Option<Duration>> {
    let began = Instant::now();
    loop {
        let left = patience.saturating_sub(began.elapsed());
        let left = Timespec::try_from(left)
            .map_err(|_| io::Error::other("the deadline is too far away"))?;
        let mut waiting = [PollFd::from_borrowed_fd(pipe, wanted)];
        match poll(&mut waiting, Some(&left)) {
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(began.elapsed())),
        }
    }
}

/// In the child: confines the process as the order says and reports what was granted. What follows
/// the order on the input is left for the caller, who reads it from [`io::stdin`].
///
/// # Errors
/// Whoever gets one ends the process: it may be confined by half.
pub fn enter_dialogue() -> Result<Granted, WorkerError> {
    let mut line = Vec::new();
    io::stdin()
        .lock()
        .take(HEAD_BYTES_MAX)
        .read_until(END, &mut line)
        .map_err(|source| WorkerError::Speak { source })?;
    match line.split_last() {
        Some((&END, order)) => obey(order),
        Some(_) | None => Err(WorkerError::Speak { source: io::ErrorKind::UnexpectedEof.into() }),
    }
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, path::Path};

    use super::*;
    use crate::{Descriptors, Limits, Network, Programs};

    const GRANTED: &str = concat!(
        r#"{"no_new_privileges":{"state":"whole"},"files":{"state":"whole"},"landlock":7,"#,
        r#""system_calls":{"state":"whole"},"network_namespace":{"state":"unasked"},"#,
        r#""capabilities":{"state":"whole"},"limits":{"state":"unasked"},"#,
        r#""descriptors":{"state":"unasked"}}"#
    );
    const LONG: Duration = Duration::from_mins(5);

    fn start(script: &str, deadline: Duration) -> Result<Dialogue, WorkerError> {
        let arguments = [OsStr::new("-c"), OsStr::new(script)];
        let program = Path::new("/bin/sh");
        let worker = Worker { program, arguments: &arguments, deadline, answer_bytes_max: 0 };
        worker.start(&Confinement {
            network: Network::None,
            descriptors: Descriptors::Standard,
            read: Vec::new(),
            write: Vec::new(),
            writes_as_root: false,
            limits: Limits::default(),
            programs: Programs::None,
        })
    }

    fn granting(rest: &str) -> String {
        format!("read head; echo '{GRANTED}'; {rest}")
    }

    #[test]
    fn both_sides_speak_in_turn_and_more_than_a_pipe_holds() {
        let script = granting("while read line; do echo \"$line, too\"; done; echo end");
        let mut dialogue = start(&script, LONG).unwrap();
        assert!(dialogue.granted().is_enough());
        for name in ["one", "two"] {
            dialogue.send(format!("{name}\n").as_bytes()).unwrap();
            let mut answer = vec![0; name.len() + 6];
            dialogue.receive(&mut answer).unwrap();
            assert_eq!(answer, format!("{name}, too\n").into_bytes());
        }
        dialogue.end_input();
        assert_eq!(dialogue.receive_all(100).unwrap(), b"end\n");

        let mut dialogue = start(&granting("exec /bin/cat > /dev/null"), LONG).unwrap();
        dialogue.send(&vec![b'x'; 1 << 20]).unwrap();
        dialogue.end_input();
        assert_eq!(dialogue.receive_all(0).unwrap(), b"");
    }

    #[test]
    fn what_a_process_does_instead_is_told() {
        let told = |result: Result<Dialogue, WorkerError>| result.unwrap_err().to_string();
        assert!(told(start("exit 0", LONG)).contains("ended before"));
        assert!(told(start("echo '{}'; cat", LONG)).contains("did not say"));
        assert!(told(start("exec sleep 3600", Duration::ZERO)).contains("took longer"));

        let mut short = start(&granting("printf part"), LONG).unwrap();
        assert!(matches!(short.receive(&mut [0; 8]), Err(WorkerError::Ended)));
        let mut endless = start(&granting("while :; do echo more; done"), LONG).unwrap();
        let long = endless.receive_all(1000);
        assert!(matches!(long, Err(WorkerError::Long { bytes_max: 1000 })));
    }
}
