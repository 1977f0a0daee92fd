//! The process that starts workers: one document after the other.

use std::{
    ffi::OsStr,
    io::{self, Read, Write},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use confine::{ApplyError, Dialogue, Granted, Worker, WorkerError};
use rustix::event::{PollFd, PollFlags, poll};

use crate::{
    boundaries::{PROGRAM, keeper_confinement, reader},
    frame::{self, Frame, HEAD_BYTES, Kind, unexpected},
    message::{Outcome, Refusal, Task, Wanted},
    recogniser::Recognisers,
    settings::{KeeperSettings, WorkerSettings},
};

/// Of what comes back, a reading or a picture.
pub(crate) const ANSWER_BYTES_MAX: u64 = 192 << 20;

/// For a picture of a page, at most: whoever asked for it has left by then.
const PAGE_IMAGE_SECONDS_MAX: u64 = 20;

/// Why a companion ended.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    #[error("the process that starts readers was not confined")]
    Apply(#[source] ApplyError),
    #[error("the kernel does not grant what is required of it: {missing}")]
    NotGranted { missing: String },
    #[error("the process that starts readers could not speak")]
    Speak(#[from] io::Error),
}

/// In a companion: gives up all but starting workers, and has documents read until there is nobody
/// who sends any.
pub fn keep(settings: &KeeperSettings) -> Result<(), KeepError> {
    let granted = keeper_confinement(settings).apply().map_err(KeepError::Apply)?;
    if settings.required && !granted.is_enough() {
        return Err(KeepError::NotGranted { missing: granted.missing() });
    }
    thread::spawn(end_with_the_server);
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    while let Some(frame) = frame::read(&mut input)? {
        if frame.kind != Kind::Task {
            return Err(unexpected(frame.kind).into());
        }
        let task: Task = serde_json::from_slice(&frame.bytes).map_err(io::Error::from)?;
        serve(settings, &task, &mut input, &mut output)?;
    }
    Ok(())
}

/// Nobody waits for a document any more once the other end of the input is closed, and this may be
/// in the middle of one.
fn end_with_the_server() {
    let input = io::stdin();
    loop {
        let mut waiting = [PollFd::new(&input, PollFlags::empty())];
        match poll(&mut waiting, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            // Then the end of the input is seen by who reads it.
            Err(_) => return,
        }
        let ended = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        if waiting.iter().any(|one| one.revents().intersects(ended)) {
            #[expect(
                clippy::exit,
                reason = "the other thread may wait for a worker, which ends too"
            )]
            std::process::exit(0);
        }
    }
}

/// Reads all that belongs to a task, whatever becomes of it, and answers once.
fn serve(
    settings: &KeeperSettings,
    task: &Task,
    input: &mut impl Read,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut job = Job::begin(settings, task);
    let refusal = match feed(&mut job, task, input)? {
        None => match job.and_then(|job| job.converse(output)) {
            Ok(written) => return written,
            Err(refusal) => refusal,
        },
        Some(refusal) => refusal,
    };
    frame::write(output, Kind::Outcome, &serde_json::to_vec(&Outcome::Refused(refusal))?)
}

/// Hands the document to its worker. Returns why there is nothing to wait for, if so.
fn feed(
    job: &mut Result<Job<'_>, Refusal>,
    task: &Task,
    input: &mut impl Read,
) -> io::Result<Option<Refusal>> {
    let mut bytes = 0_u64;
    loop {
        let Frame { kind, bytes: piece } = frame::expect(input)?;
        match kind {
            Kind::Piece => {
                bytes = bytes.saturating_add(piece.len() as u64);
                if bytes > task.bytes {
                    *job = Err(other_length(task.bytes));
                }
            }
            Kind::End if bytes != task.bytes => return Ok(Some(other_length(task.bytes))),
            Kind::End => {}
            Kind::GivenUp => return Ok(Some(Refusal::not_read("it was not sent to its end"))),
            Kind::Task | Kind::Settings | Kind::Picture | Kind::Lines | Kind::Outcome => {
                return Err(unexpected(kind));
            }
        }
        if let Ok(open) = job
            && let Err(error) = open.worker.send(kind, &piece)
        {
            *job = Err(told(&error));
        }
        if kind == Kind::End {
            return Ok(None);
        }
    }
}

fn other_length(bytes: u64) -> Refusal {
    Refusal::not_read(format!("it does not have the {bytes} bytes that were told"))
}

fn deadline(seconds_max: u64, wanted: Wanted) -> Duration {
    Duration::from_secs(match wanted {
        Wanted::Reading => seconds_max,
        Wanted::PageImage { .. } => seconds_max.min(PAGE_IMAGE_SECONDS_MAX),
    })
}

/// A worker that has been started for a document.
struct Job<'s> {
    worker: Talk,
    recognisers: Recognisers<'s>,
    pictures_left: u32,
    /// When nothing is looked at any more. A reader keeps its own limits, but whoever took it over
    /// must not keep the companion until the server gives that up.
    looks_until: Instant,
}

impl<'s> Job<'s> {
    fn begin(settings: &'s KeeperSettings, task: &Task) -> Result<Self, Refusal> {
        let max = settings.limits.bytes_max;
        if task.bytes > max {
            return Err(Refusal::TooLarge { what: "bytes of the file".to_owned(), max });
        }
        let path = settings.pdfium.as_deref().map(Path::as_os_str);
        let mut arguments = ["worker", "document"].map(OsStr::new).to_vec();
        arguments.extend(path.into_iter().flat_map(|path| [OsStr::new("--pdfium"), path]));
        let worker = Worker {
            program: Path::new(PROGRAM),
            arguments: &arguments,
            deadline: deadline(settings.limits.seconds_max, task.wanted),
            answer_bytes_max: 0,
        };
        let started = worker.start(&reader(settings, task.bytes)).map_err(|error| told(&error))?;
        enough(settings.required, started.granted())?;
        let mut worker = Talk(started);
        let words = WorkerSettings {
            limits: settings.limits,
            tokenizer: settings.tokenizer.clone(),
            recognises: settings.recogniser.is_some(),
        };
        worker.say(Kind::Task, task)?;
        worker.say(Kind::Settings, &words)?;
        let limits = &settings.limits;
        Ok(Self {
            worker,
            recognisers: Recognisers::new(settings),
            // A file that is a picture asks once, whatever is set.
            pictures_left: limits.recognised_pages_max.max(1),
            looks_until: Instant::now() + Duration::from_secs(limits.seconds_max.saturating_mul(2)),
        })
    }

    /// Shows pictures to recognisers until there is an outcome, and hands that on. The error of the
    /// output ends this process; that of the worker is the outcome.
    fn converse(mut self, output: &mut impl Write) -> Result<io::Result<()>, Refusal> {
        loop {
            let frame = self.worker.receive().map_err(|error| told(&error))?;
            match frame.kind {
                Kind::Picture => {
                    self.count_picture()?;
                    let lines = self.recognisers.look(&frame.bytes).unwrap_or_default();
                    self.worker.send(Kind::Lines, &lines).map_err(|error| told(&error))?;
                }
                Kind::Outcome => {
                    let outcome: Outcome = serde_json::from_slice(&frame.bytes)
                        .map_err(|_| Refusal::not_read("its reader did not say what it read"))?;
                    let has_more = !matches!(outcome, Outcome::Refused(_));
                    let written = frame::write(output, Kind::Outcome, &frame.bytes);
                    return Ok(written.and_then(|()| {
                        if has_more { hand_on(&mut self.worker, output) } else { Ok(()) }
                    }));
                }
                Kind::Task
                | Kind::Settings
                | Kind::Piece
                | Kind::End
                | Kind::GivenUp
                | Kind::Lines => return Err(Refusal::not_read("its reader spoke out of turn")),
            }
        }
    }

    fn count_picture(&mut self) -> Result<(), Refusal> {
        if self.pictures_left == 0 || Instant::now() > self.looks_until {
            return Err(Refusal::not_read("its reader showed more pictures than are looked at"));
        }
        self.pictures_left -= 1;
        Ok(())
    }
}

/// What the worker says up to its end; or that it did not come to an end.
fn hand_on(worker: &mut Talk, output: &mut impl Write) -> io::Result<()> {
    let mut bytes = 0_u64;
    loop {
        let Ok(Frame { kind, bytes: piece }) = worker.receive() else {
            return frame::write(output, Kind::GivenUp, &[]);
        };
        bytes = bytes.saturating_add(piece.len() as u64);
        match kind {
            Kind::Piece if bytes <= ANSWER_BYTES_MAX => frame::write(output, kind, &piece)?,
            Kind::End => return frame::write(output, kind, &[]),
            _ => return frame::write(output, Kind::GivenUp, &[]),
        }
    }
}

/// Whether the process is confined as far as the settings ask for.
pub(crate) fn enough(required: bool, granted: &Granted) -> Result<(), Refusal> {
    if !required || granted.is_enough() {
        return Ok(());
    }
    let missing = granted.missing();
    Err(Refusal::not_read(format!("the kernel does not confine its reader: {missing}")))
}

/// Messages on the pipes to a worker.
pub(crate) struct Talk(pub(crate) Dialogue);

impl Talk {
    pub(crate) fn send(&mut self, kind: Kind, bytes: &[u8]) -> Result<(), WorkerError> {
        let head = frame::head(kind, bytes.len());
        self.0.send(&head.map_err(|source| WorkerError::Speak { source })?)?;
        self.0.send(bytes)
    }

    fn say(&mut self, kind: Kind, words: &impl serde::Serialize) -> Result<(), Refusal> {
        let bytes =
            serde_json::to_vec(words).map_err(|error| Refusal::not_read(error.to_string()))?;
        self.send(kind, &bytes).map_err(|error| told(&error))
    }

    pub(crate) fn receive(&mut self) -> Result<Frame, WorkerError> {
        let mut head = [0; HEAD_BYTES];
        self.0.receive(&mut head)?;
        let read = frame::read_head(head);
        let (kind, length) = read.map_err(|source| WorkerError::Speak { source })?;
        let mut bytes = vec![0; length];
        self.0.receive(&mut bytes)?;
        Ok(Frame { kind, bytes })
    }
}

/// Why a worker is of no use any more, for people.
fn told(error: &WorkerError) -> Refusal {
    match error {
        WorkerError::Ended => Refusal::not_read(
            "its reader ended: the document took too much memory or time, or broke it",
        ),
        WorkerError::Late { seconds } => {
            Refusal::not_read(format!("its reader took longer than {seconds} s and was ended"))
        }
        WorkerError::Start { .. }
        | WorkerError::Speak { .. }
        | WorkerError::Long { .. }
        | WorkerError::Unreported { .. }
        | WorkerError::Apply { .. } => {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
            Refusal::not_read(format!("{error}{}", cause.unwrap_or_default()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_no_more_time_than_whoever_waits_for_it() {
        let picture = Wanted::PageImage { page: 1, dots_per_inch: 96 };
        for (seconds_max, wanted, seconds) in
            [(300, Wanted::Reading, 300), (300, picture, 20), (10, picture, 10)]
        {
            assert_eq!(deadline(seconds_max, wanted), Duration::from_secs(seconds));
        }
    }
}
