//! The process that reads one document.

use std::{
    cell::OnceCell,
    io::{self, Read, Write},
    path::Path,
    time::{Duration, Instant},
};

use confine::WorkerError;
use passages::{CountTokens, Document};
use pdf_reader::{Ocr, OcrError, PageImage, PdfiumLibrary, Picture, SeenLine};
use serde::de::DeserializeOwned;

use crate::{
    encoding,
    frame::{self, Kind, unexpected},
    message::{Outcome, Refusal, Task, Wanted},
    ocr::{decode_lines, encode_picture},
    reading::{self, Tools},
    settings::{ReaderLimits, WorkerSettings},
};

/// Makes a counter of tokens from the file of a model, or nothing where that is none.
pub type MakeCounter<'a> = &'a dyn Fn(&Path) -> Option<Box<dyn CountTokens>>;

/// Why a worker gave no answer; who asked sees that it ended.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    #[error("the worker was not confined")]
    Confine(#[source] WorkerError),
    #[error("the worker could not speak")]
    Speak(#[from] io::Error),
}

/// In a worker: confines the process, reads the document that is sent, and sends what it says.
///
/// The library is loaded before that, since it is no document: `pdfium` is its path.
pub fn answer_document(
    pdfium: Option<&Path>,
    make_counter: MakeCounter<'_>,
) -> Result<(), AnswerError> {
    let (pdfium, complaints) = match pdfium.map(PdfiumLibrary::load) {
        Some(Ok(library)) => (Some(library), Vec::new()),
        Some(Err(reason)) => (None, vec![format!("libpdfium could not be loaded: {reason}")]),
        None => (None, Vec::new()),
    };
    confine::enter_dialogue().map_err(AnswerError::Confine)?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let task: Task = words(&mut input, Kind::Task)?;
    let settings: WorkerSettings = words(&mut input, Kind::Settings)?;
    let Some(bytes) = frame::read_pieces(&mut input, task.bytes)? else { return Ok(()) };
    let mut pipes = Pipes { input: &mut input, output: &mut output };
    let begun = Begun { settings, pdfium, complaints, make_counter, at: Instant::now() };
    match task.wanted {
        Wanted::Reading => {
            let read = begun.read(&task, bytes, &mut pipes);
            tell_reading(pipes.output, read, begun.complaints)?;
        }
        Wanted::PageImage { page, dots_per_inch } => {
            let limits = begun.settings.limits;
            tell_image(pipes.output, reading::draw(&task, bytes, (page, dots_per_inch), &limits))?;
        }
    }
    Ok(())
}

/// One message of words.
fn words<T: DeserializeOwned>(input: &mut impl Read, wanted: Kind) -> io::Result<T> {
    let frame = frame::expect(input)?;
    if frame.kind != wanted {
        return Err(unexpected(frame.kind));
    }
    Ok(serde_json::from_slice(&frame.bytes)?)
}

fn tell(output: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    frame::write(output, Kind::Outcome, &serde_json::to_vec(outcome)?)
}

fn tell_reading(
    output: &mut impl Write,
    read: Result<Document, Refusal>,
    complaints: Vec<String>,
) -> io::Result<()> {
    match read {
        Ok(document) => {
            tell(output, &Outcome::Read { complaints })?;
            frame::write_pieces(output, &encoding::encode(&document))
        }
        Err(refusal) => tell(output, &Outcome::Refused(refusal)),
    }
}

fn tell_image(output: &mut impl Write, drawn: Result<PageImage, Refusal>) -> io::Result<()> {
    match drawn {
        Ok(PageImage { png, width, height }) => {
            tell(output, &Outcome::Drawn { width, height })?;
            frame::write_pieces(output, &png)
        }
        Err(refusal) => tell(output, &Outcome::Refused(refusal)),
    }
}

/// What is there before a document is read.
struct Begun<'a> {
    settings: WorkerSettings,
    pdfium: Option<PdfiumLibrary>,
    complaints: Vec<String>,
    make_counter: MakeCounter<'a>,
    at: Instant,
}

impl Begun<'_> {
    fn read<R: Read, W: Write>(
        &self,
        task: &Task,
        bytes: Vec<u8>,
        pipes: &mut Pipes<'_, R, W>,
    ) -> Result<Document, Refusal> {
        let WorkerSettings { limits, tokenizer, recognises } = &self.settings;
        let counter = tokenizer.as_deref().map(|file| LateCounter {
            file,
            make: self.make_counter,
            made: OnceCell::new(),
        });
        let soon = soon(limits);
        let is_late = || self.at.elapsed() > soon;
        let tools = Tools {
            limits: *limits,
            pdfium: self.pdfium.as_ref(),
            counter: counter.as_ref().map(|counter| counter as &dyn CountTokens),
            ocr: recognises.then_some(pipes as &mut dyn Ocr),
            is_late: &is_late,
        };
        reading::read(task, bytes, tools)
    }
}

/// So that what was read until then is still told in time.
fn soon(limits: &ReaderLimits) -> Duration {
    Duration::from_secs(limits.seconds_max) * 4 / 5
}

/// Hands pictures back, to whoever may look at them.
struct Pipes<'a, R, W> {
    input: &'a mut R,
    output: &'a mut W,
}

impl<R: Read, W: Write> Ocr for Pipes<'_, R, W> {
    fn recognise(&mut self, picture: &Picture) -> Result<Vec<SeenLine>, OcrError> {
        let failed = |reason: String| OcrError { reason };
        frame::write(self.output, Kind::Picture, &encode_picture(picture))
            .map_err(|error| failed(error.to_string()))?;
        let frame = frame::expect(self.input).map_err(|error| failed(error.to_string()))?;
        let lines = decode_lines(&frame.bytes).filter(|_| frame.kind == Kind::Lines);
        lines.ok_or_else(|| failed("nobody looked at the picture".to_owned()))
    }
}

/// A vocabulary takes longer to load than most documents to read, and few need it.
struct LateCounter<'a> {
    file: &'a Path,
    make: MakeCounter<'a>,
    made: OnceCell<Option<Box<dyn CountTokens>>>,
}

impl CountTokens for LateCounter<'_> {
    /// Without a vocabulary both readings of a page have as many tokens as bytes.
    fn tokens(&self, text: &str) -> usize {
        let counter = self.made.get_or_init(|| (self.make)(self.file));
        counter.as_ref().map_or(text.len(), |counter| counter.tokens(text))
    }
}
