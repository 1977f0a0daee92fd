//! The process between the server and the holder: it starts a holder when it is asked, again after
//! one has failed, hung or died, and ends it once nothing was asked for a moment. So the token and
//! the PIN are looked at anew each time the server has its keys unwrapped, and whoever takes either
//! away locks the texts.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read as _, Write as _},
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

use companion::{QUESTION_BYTES_MAX, Reply, Request, line, read_line};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use zeroize::Zeroizing;

use super::{
    TokenError, TokenPlace,
    message::{Outcome, Task},
};

/// Of one task. Modules that speak to a device over a network may take seconds to sign in.
const DEADLINE: Duration = Duration::from_secs(10);
/// Shorter than the server's shortest pause, longer than it takes between two keys.
const IDLE: Duration = Duration::from_millis(500);

/// Reads the place and then tasks from the standard input, and has each carried out, until there
/// are no more. `holder` makes the command that runs [`super::hold`].
pub fn keep(holder: &dyn Fn() -> Command) -> io::Result<()> {
    // Not what the library keeps of it: whether something comes is asked of the kernel.
    let input: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
    let mut input = BufReader::new(File::from(input));
    let Some(place) = read_line(&mut input)? else { return Ok(()) };
    let mut keeper = Keeper {
        pin_file: serde_json::from_slice::<TokenPlace>(&place)?.pin_file,
        place,
        holder,
        running: None,
        refused: None,
    };
    loop {
        let is_idle = input.buffer().is_empty()
            && keeper.running.is_some()
            && !is_readable(input.get_ref(), Instant::now() + IDLE)?;
        if is_idle {
            keeper.running = None;
        }
        let Some(request) = read_line(&mut input)? else { return Ok(()) };
        let reply = keeper.ask(&request)?;
        let mut output = io::stdout().lock();
        output.write_all(&reply)?;
        output.flush()?;
    }
}

/// Whether there is something to read before `until`.
fn is_readable(input: &impl AsFd, until: Instant) -> io::Result<bool> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        let mut waiting = [PollFd::from_borrowed_fd(input.as_fd(), PollFlags::IN)];
        match poll(&mut waiting, Some(&left)) {
            Ok(count) => return Ok(count > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

struct Keeper<'a> {
    pin_file: PathBuf,
    /// As it came.
    place: Zeroizing<Vec<u8>>,
    holder: &'a dyn Fn() -> Command,
    running: Option<Running>,
    /// When the PIN was written that the token has refused.
    refused: Option<SystemTime>,
}

impl Keeper<'_> {
    fn ask(&mut self, request: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        let Request::<Task> { number, .. } = serde_json::from_slice(request)?;
        let outcome = match self.refusal() {
            Some(refusal) => Err(refusal),
            None => self.pass_on(request),
        };
        let error = match outcome {
            Ok(reply) => {
                let read = serde_json::from_slice::<Reply<Outcome>>(&reply);
                if let Ok(read) = read
                    && read.number == number
                {
                    self.remember(read.outcome.as_ref().err());
                    if read.outcome.is_err_and(|error| error.ends_holder()) {
                        self.running = None;
                    }
                    return Ok(reply);
                }
                TokenError::Failed { cause: "its answer was none".to_owned() }
            }
            Err(error) => error,
        };
        self.running = None;
        let outcome: Outcome = Err(error);
        line(&Reply { number, outcome }, QUESTION_BYTES_MAX).map_err(io::Error::other)
    }

    /// Tokens lock themselves after some wrong PINs: one is tried once.
    fn refusal(&self) -> Option<TokenError> {
        let refused = self.refused?;
        let is_same = written_at(&self.pin_file) == Some(refused);
        is_same.then(|| TokenError::Pin { pin_file: self.pin_file.clone() })
    }

    fn remember(&mut self, error: Option<&TokenError>) {
        self.refused = match error {
            Some(TokenError::Pin { .. }) => written_at(&self.pin_file),
            Some(_) | None => None,
        };
    }

    fn pass_on(&mut self, request: &[u8]) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        if self.running.as_mut().is_some_and(Running::has_ended) {
            self.running = None;
        }
        let running = match self.running.take() {
            Some(running) => running,
            None => Running::start((self.holder)(), &self.place)?,
        };
        self.running.insert(running).exchange(request, Instant::now() + DEADLINE)
    }
}

/// Of a file that is not there: nothing.
fn written_at(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// A holder that does not outlive this.
struct Running {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Running {
    fn start(mut command: Command, place: &[u8]) -> Result<Self, TokenError> {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| ended(&error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(TokenError::Ended);
        };
        let mut running = Self { child, input, output };
        running.input.write_all(place).map_err(|error| ended(&error))?;
        Ok(running)
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn exchange(
        &mut self,
        request: &[u8],
        until: Instant,
    ) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        self.input.write_all(request).map_err(|error| ended(&error))?;
        let mut reply = Zeroizing::new(Vec::with_capacity(QUESTION_BYTES_MAX));
        let mut chunk = Zeroizing::new([0; QUESTION_BYTES_MAX]);
        while reply.last() != Some(&b'\n') {
            if !is_readable(&self.output, until).map_err(|error| ended(&error))? {
                return Err(TokenError::Late);
            }
            let count = self.output.read(&mut *chunk).map_err(|error| ended(&error))?;
            let read = chunk.get(..count).unwrap_or_default();
            if count == 0 || reply.len() + count > QUESTION_BYTES_MAX {
                return Err(TokenError::Failed { cause: "its module has crashed".to_owned() });
            }
            reply.extend_from_slice(read);
        }
        Ok(reply)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Whatever it still does is of no use: nothing is kept in it.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn ended(error: &io::Error) -> TokenError {
    TokenError::Failed { cause: format!("the process with its module: {error}") }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::token::Which;

    /// A keeper whose holders run one script after the other, the last one again and again.
    fn check(pin_file: &Path, scripts: &[&str], expected: &[&str]) {
        let started = Cell::new(0);
        let holder = || {
            let script = scripts[started.get().min(scripts.len() - 1)];
            started.set(started.get() + 1);
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]);
            command
        };
        let mut keeper = Keeper {
            pin_file: pin_file.to_owned(),
            place: Zeroizing::new(b"{}\n".to_vec()),
            holder: &holder,
            running: None,
            refused: None,
        };
        for (number, expected) in expected.iter().enumerate() {
            let task = Task::Identify { which: Which::Current };
            let request =
                line(&Request { number: number as u64, task }, QUESTION_BYTES_MAX).unwrap();
            let reply = keeper.ask(&request).unwrap();
            let reply = String::from_utf8_lossy(&reply).into_owned();
            assert!(reply.contains(expected), "{number}: {reply} has no {expected}");
        }
    }

    const ANSWERS: &str = "read place; n=0; while read request; do \
        n=$(echo \"$request\" | tr -dc 0-9); \
        echo \"{\\\"number\\\":$n,\\\"outcome\\\":{\\\"Ok\\\":{\\\"done\\\":\\\"replaced\\\"}}}\"; done";

    #[test]
    fn a_holder_that_fails_is_started_again() {
        let nowhere = Path::new("/nowhere");
        check(nowhere, &[ANSWERS], &["replaced", "replaced", "replaced"]);
        check(nowhere, &["exit 1", ANSWERS], &["failed", "replaced"]);
        check(
            nowhere,
            &["read place; read request; kill -9 $$", ANSWERS],
            &["crashed", "replaced"],
        );
        check(nowhere, &["read place; echo none; cat", ANSWERS], &["was none", "replaced"]);
        let endless = "while :; do printf more; done";
        check(nowhere, &[endless, ANSWERS], &["crashed", "replaced"]);
    }

    #[test]
    fn a_pin_that_was_refused_is_not_tried_again_before_it_is_written_anew() {
        let directory = tempfile::tempdir().unwrap();
        let pin_file = directory.path().join("pin");
        fs::write(&pin_file, "1234").unwrap();
        let refuses = "read place; read request; \
            echo '{\"number\":0,\"outcome\":{\"Err\":{\"kind\":\"pin\",\"pin_file\":\"/p\"}}}'";
        // The second holder would answer.
        check(&pin_file, &[refuses, ANSWERS], &["\"pin\"", "\"pin\"", "\"pin\""]);
        check(Path::new("/nowhere"), &[refuses, ANSWERS], &["\"pin\"", "replaced"]);
    }
}
