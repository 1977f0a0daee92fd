//! The port `Parser`, on companions that were started before the server was confined.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use companion::Pipes;
use knowledge::ports::{PageImage, ParseError, Parser, Resolution, Source};
use passages::Document;
use tokio::{
    sync::{Mutex, mpsc, mpsc::error::TrySendError, oneshot},
    task::spawn_blocking,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    encoding::decode,
    message::{Task, Wanted, shown},
    settings::ReaderLimits,
    slot::{Answer, Job, Piece, Slot},
};

/// Documents that wait, for each companion; the next one is refused.
const WAITING_PER_SLOT: usize = 4;
/// Pieces of a document that wait for its reader.
const PIECES_WAITING: usize = 4;
/// How a file in PNG begins, and where it says its sides.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const PNG_SIDES: usize = 16;
/// Of the processes that have documents read, those that are there.
const READERS: &str = "galerne_document_readers";

/// Has documents read by processes beside the server. They stay as many as they were: one that is
/// gone is not started again, since a confined server starts nothing.
#[derive(Debug)]
pub struct Documents {
    waiting: mpsc::Sender<Job>,
    limits: ReaderLimits,
    left: Arc<AtomicUsize>,
}

/// The server cannot speak with a companion.
#[derive(Debug, thiserror::Error)]
#[error("could not speak with a process that has documents read")]
pub struct StartError(#[from] io::Error);

impl Documents {
    /// Begins to have documents read, with a task for each companion. To be called in a runtime
    /// with its input and output.
    ///
    /// # Errors
    /// [`StartError`]: what was given is no pipe.
    pub fn start(
        companions: Vec<Pipes>,
        limits: ReaderLimits,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Self, StartError> {
        let room = companions.len().max(1) * WAITING_PER_SLOT;
        let (waiting, jobs) = mpsc::channel(room);
        let jobs = Arc::new(Mutex::new(jobs));
        let left = Arc::new(AtomicUsize::new(0));
        metrics::describe_gauge!(READERS, "processes beside the server that have documents read");
        for pipes in companions {
            let slot = Slot::connect(pipes, limits.seconds_max)?;
            let running = slot.run(Arc::clone(&jobs), stop.clone());
            let left = Arc::clone(&left);
            metrics::gauge!(READERS).increment(1.0);
            left.fetch_add(1, Ordering::Relaxed);
            tasks.spawn(async move {
                running.await;
                left.fetch_sub(1, Ordering::Relaxed);
                metrics::gauge!(READERS).decrement(1.0);
            });
        }
        Ok(Self { waiting, limits, left })
    }

    /// How many companions are there, for whoever shows it. With none, no document is read.
    pub fn left(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.left)
    }

    async fn ask(&self, source: Source<'_>, wanted: Wanted) -> Result<Answer, ParseError> {
        let max = self.limits.bytes_max.min(ReaderLimits::BYTES_MAX);
        if source.bytes > max {
            return Err(ParseError::TooLarge { what: "bytes of the file".to_owned(), max });
        }
        let (sender, pieces) = mpsc::channel(PIECES_WAITING);
        let (answer, answered) = oneshot::channel();
        let task = Task {
            bytes: source.bytes,
            name: source.name.map(shown),
            media_type: source.media_type.map(shown),
            wanted,
        };
        self.waiting.try_send(Job { task, pieces, answer }).map_err(|error| match error {
            TrySendError::Full(_) => ParseError::Busy,
            TrySendError::Closed(_) => gone(),
        })?;
        give(source, sender).await?;
        answered.await.map_err(|_| gone())?
    }
}

fn gone() -> ParseError {
    let source = "the processes that have documents read are gone".into();
    ParseError::Unavailable { source }
}

/// Hands the bytes on as they come. Who reads them may have seen enough.
async fn give(source: Source<'_>, pieces: mpsc::Sender<Piece>) -> Result<(), ParseError> {
    let (mut given, told) = (0_u64, source.bytes);
    while let Some(bytes) = source.content.next().await.map_err(ParseError::Content)? {
        given = given.saturating_add(bytes.len() as u64);
        if given > told || pieces.send(Piece::Bytes(bytes)).await.is_err() {
            return Ok(());
        }
    }
    if given == told {
        pieces.send(Piece::End).await.ok();
    }
    Ok(())
}

#[async_trait]
impl Parser for Documents {
    async fn read(&self, source: Source<'_>) -> Result<Document, ParseError> {
        match self.ask(source, Wanted::Reading).await? {
            Answer::Reading(bytes) => {
                let limits = self.limits;
                // It may take as long as other requests would have to wait.
                let decoded = spawn_blocking(move || decode(&bytes, &limits)).await;
                let reason = match decoded {
                    Ok(Ok(document)) => return Ok(document),
                    Ok(Err(error)) => error.to_string(),
                    Err(error) => error.to_string(),
                };
                Err(ParseError::NotRead { reason })
            }
            Answer::Image { .. } => Err(unasked()),
        }
    }

    async fn page_image(
        &self,
        source: Source<'_>,
        page: u32,
        resolution: Resolution,
    ) -> Result<PageImage, ParseError> {
        let wanted = Wanted::PageImage { page, dots_per_inch: resolution.dots_per_inch() };
        match self.ask(source, wanted).await? {
            Answer::Image { png, width, height } if is_png(&png, width, height) => {
                Ok(PageImage { png, width, height })
            }
            Answer::Image { .. } | Answer::Reading(_) => Err(unasked()),
        }
    }
}

fn unasked() -> ParseError {
    ParseError::NotRead { reason: "its reader answered something else".to_owned() }
}

/// Whether the head is that of a picture of this size: a worker that was taken over may have
/// written something else that a browser would show.
fn is_png(png: &[u8], width: u32, height: u32) -> bool {
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    png.starts_with(PNG) && png.get(PNG_SIDES..PNG_SIDES + sides.len()) == Some(sides.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_fake_does_what_every_parser_does() {
        testkit::parser_suite(Arc::new(testkit::FakeParser::default())).await;
    }

    #[tokio::test]
    async fn nobody_reads_where_there_are_no_companions() {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let parser = Documents::start(Vec::new(), ReaderLimits::default(), &tasks, &stop).unwrap();
        let mut content = knowledge::ports::WholeContent::new(b"text".to_vec());
        let source = Source { name: None, media_type: None, bytes: 4, content: &mut content };
        let refused = parser.read(source).await.unwrap_err();
        assert_eq!(refused.code(), "document.unavailable");
    }

    #[test]
    fn only_pictures_of_the_size_that_was_told_are_pictures() {
        let head = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x03";
        assert!(is_png(head, 2, 3));
        assert!(!is_png(head, 3, 2));
        assert!(!is_png(b"<svg onload=...>", 2, 3));
    }
}
