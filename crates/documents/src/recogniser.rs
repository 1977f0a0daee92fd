//! The processes that look at pictures: a program of the system, for one page, or models, for all
//! pages of a document.

use std::{
    convert::Infallible,
    ffi::{OsStr, OsString},
    io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use confine::{Confinement, Worker, WorkerError};

use crate::{
    boundaries::{self, PROGRAM},
    frame::Kind,
    keeper::{Talk, enough},
    ocr::{as_file, decode_picture, of_tesseract},
    settings::{KeeperSettings, Recogniser},
};

/// For one page.
const PAGE_DEADLINE: Duration = Duration::from_mins(2);
/// For all pages of a document: less than the server waits for its companion.
const PAGES_DEADLINE: Duration = Duration::from_mins(8);
/// The table of a page.
const TABLE_BYTES_MAX: usize = 4 << 20;

/// What such a process is told by its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecogniserArguments {
    /// To become this program.
    Tesseract {
        program: PathBuf,
        data: PathBuf,
        /// With `+` between them.
        languages: OsString,
        dots_per_inch: OsString,
    },
    /// To run the models of this folder.
    Models { folder: PathBuf },
}

/// Why a recogniser gave no answer; who asked sees that it ended.
#[derive(Debug, thiserror::Error)]
pub enum RecogniserError {
    #[error("the recogniser was not confined")]
    Confine(#[source] WorkerError),
    #[error("{} could not be started", program.display())]
    Start { program: PathBuf, source: io::Error },
    #[error("the models could not be used: {reason}")]
    Models { reason: String },
    #[error("the recogniser could not speak")]
    Speak(#[from] io::Error),
}

const TESSERACT: &str = "tesseract";
const MODELS: &str = "models";

impl RecogniserArguments {
    /// What follows `worker recogniser`.
    pub fn parse(words: &[OsString]) -> Option<Self> {
        match words {
            [what, program, data, languages, dots_per_inch] if what == TESSERACT => {
                Some(Self::Tesseract {
                    program: program.into(),
                    data: data.into(),
                    languages: languages.clone(),
                    dots_per_inch: dots_per_inch.clone(),
                })
            }
            [what, folder] if what == MODELS => Some(Self::Models { folder: folder.into() }),
            _ => None,
        }
    }

    fn words(&self) -> Vec<OsString> {
        let first = ["worker", "recogniser"].map(OsString::from);
        let rest = match self {
            Self::Tesseract { program, data, languages, dots_per_inch } => vec![
                TESSERACT.into(),
                program.into(),
                data.into(),
                languages.clone(),
                dots_per_inch.clone(),
            ],
            Self::Models { folder } => vec![MODELS.into(), folder.into()],
        };
        first.into_iter().chain(rest).collect()
    }
}

/// In a recogniser: confines the process, and looks at what is sent.
pub fn answer_recogniser(arguments: &RecogniserArguments) -> Result<(), RecogniserError> {
    confine::enter_dialogue().map_err(RecogniserError::Confine)?;
    match arguments {
        RecogniserArguments::Tesseract { program, data, languages, dots_per_inch } => {
            match become_tesseract(program, data, languages, dots_per_inch) {
                Ok(never) => match never {},
                Err(source) => Err(RecogniserError::Start { program: program.clone(), source }),
            }
        }
        RecogniserArguments::Models { folder } => look_with_models(folder),
    }
}

/// From here on the process is that program, with its input and its output, and as confined.
fn become_tesseract(
    program: &Path,
    data: &Path,
    languages: &OsStr,
    dots_per_inch: &OsStr,
) -> io::Result<Infallible> {
    Err(Command::new(program)
        .args(["-", "-", "--tessdata-dir"])
        .arg(data)
        .arg("-l")
        .arg(languages)
        .arg("--dpi")
        .arg(dots_per_inch)
        .arg("tsv")
        .env_clear()
        .env("LC_ALL", "C")
        // It may make no threads.
        .env("OMP_THREAD_LIMIT", "1")
        .exec())
}

#[cfg(not(feature = "pp-ocr"))]
fn look_with_models(_: &Path) -> Result<(), RecogniserError> {
    Err(RecogniserError::Models { reason: "this program was built without `pp-ocr`".to_owned() })
}

#[cfg(feature = "pp-ocr")]
fn look_with_models(folder: &Path) -> Result<(), RecogniserError> {
    use pdf_reader::Ocr as _;

    use crate::{frame, ocr};

    let reason = |error: String| RecogniserError::Models { reason: error };
    let mut models = ocr::PpOcr::load(folder).map_err(reason)?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    while let Some(frame) = frame::read(&mut input)? {
        let picture = decode_picture(&frame.bytes).filter(|_| frame.kind == Kind::Picture);
        let picture = picture.ok_or_else(|| frame::unexpected(frame.kind))?;
        let seen = models.recognise(&picture).unwrap_or_default();
        let lines = ocr::of_models(&seen).map_err(io::Error::from)?;
        frame::write(&mut output, Kind::Lines, &lines)?;
    }
    Ok(())
}

/// In the companion: whom pictures of a document are shown to.
pub(crate) struct Recognisers<'s> {
    settings: &'s KeeperSettings,
    /// Started with the first picture.
    models: Option<Talk>,
}

impl<'s> Recognisers<'s> {
    pub(crate) fn new(settings: &'s KeeperSettings) -> Self {
        Self { settings, models: None }
    }

    /// What is seen in a picture; nothing where nobody could look at it.
    pub(crate) fn look(&mut self, picture: &[u8]) -> Option<Vec<u8>> {
        match self.settings.recogniser.as_ref()? {
            Recogniser::Tesseract { program, data, languages } => {
                let picture = decode_picture(picture)?;
                let arguments = RecogniserArguments::Tesseract {
                    program: program.clone(),
                    data: data.clone(),
                    languages: languages.join("+").into(),
                    dots_per_inch: picture.dots_per_inch.to_string().into(),
                };
                let confinement = boundaries::tesseract(program, data);
                let mut talk = self.start(&arguments, &confinement, PAGE_DEADLINE)?;
                talk.0.send(&as_file(&picture)).ok()?;
                talk.0.end_input();
                let table = talk.0.receive_all(TABLE_BYTES_MAX).ok()?;
                Some(of_tesseract(&table))
            }
            Recogniser::PpOcr { models } => {
                let mut talk = if let Some(talk) = self.models.take() {
                    talk
                } else {
                    let arguments = RecogniserArguments::Models { folder: models.clone() };
                    self.start(&arguments, &boundaries::models(models), PAGES_DEADLINE)?
                };
                talk.send(Kind::Picture, picture).ok()?;
                let lines = talk.receive().ok().filter(|frame| frame.kind == Kind::Lines)?;
                // One that has failed is not asked again.
                self.models = Some(talk);
                Some(lines.bytes)
            }
        }
    }

    fn start(
        &self,
        arguments: &RecogniserArguments,
        confinement: &Confinement,
        deadline: Duration,
    ) -> Option<Talk> {
        let words = arguments.words();
        let words: Vec<&OsStr> = words.iter().map(OsString::as_os_str).collect();
        let program = Path::new(PROGRAM);
        let worker = Worker { program, arguments: &words, deadline, answer_bytes_max: 0 };
        let started = worker.start(confinement).ok()?;
        enough(self.settings.required, started.granted()).ok()?;
        Some(Talk(started))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_arrive_as_they_were_sent() {
        for sent in [
            RecogniserArguments::Tesseract {
                program: "/usr/bin/tesseract".into(),
                data: "/data".into(),
                languages: "fra+ara".into(),
                dots_per_inch: "200".into(),
            },
            RecogniserArguments::Models { folder: "/models".into() },
        ] {
            let words = sent.words();
            assert_eq!(words[..2], ["worker", "recogniser"].map(OsString::from));
            assert_eq!(RecogniserArguments::parse(&words[2..]), Some(sent));
        }
        assert_eq!(RecogniserArguments::parse(&["models".into()]), None);
    }
}
