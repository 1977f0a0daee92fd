//! Settings of how documents are read.

use std::path::PathBuf;

use documents::{KeeperSettings, ReaderLimits, Recogniser};
use domain::ModelId;
use serde::{Deserialize, Serialize};

use crate::{document_vectors::Prefixes, failure::Failure};

const EMBEDDING_MODEL: &str = "multilingual-e5-small";

/// Documents are not read by more processes unless the settings say so.
const WORKERS_USUAL_MAX: usize = 8;

/// How documents of libraries are read, each in a process of its own, and which model makes vectors
/// of them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DocumentSettings {
    /// Documents that are read at the same time, 1 to 64: one a core, up to 8.
    pub(crate) workers: usize,
    /// Size of a document in MiB, 1 to 2048; a larger one is refused.
    pub(crate) size_mib_max: u64,
    /// Pages of a document, 1 to 100000; what follows is left out and noted.
    pub(crate) pages_max: u32,
    /// Seconds for a document, 1 to 3600; what is not read by then is left out and noted.
    pub(crate) seconds_max: u64,
    /// `libpdfium.so`: an absolute path. Without it PDF are read by one engine instead of two.
    pub(crate) pdfium: Option<PathBuf>,
    /// File of a model that embeds, in GGUF: an absolute path. Its tokenizer tells which of two
    /// readings of a page is language.
    pub(crate) tokenizer: Option<PathBuf>,
    /// The model that makes vectors of documents, and of what is looked for in them: one that is
    /// imported here. Until it is, documents are found by their words alone.
    pub(crate) embedding_model: String,
    /// What the model expects before what is looked for. Without it: what its family does, told by
    /// its name.
    pub(crate) query_prefix: Option<String>,
    /// What the model expects before a passage, likewise.
    pub(crate) passage_prefix: Option<String>,
    /// What recognises letters on pages that are pictures.
    pub(crate) ocr: OcrSettings,
}

/// What recognises letters on pages that are pictures. Nothing does where all is left out.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OcrSettings {
    /// The program `tesseract`: an absolute path.
    pub(crate) tesseract: Option<PathBuf>,
    /// The folder with its data, as `fra.traineddata`: an absolute path.
    pub(crate) tessdata: PathBuf,
    /// What documents are written in, as the files of that folder are named.
    pub(crate) languages: Vec<String>,
    /// The folder with the models of PP-OCR, for Latin letters, in the place of `tesseract`: an
    /// absolute path.
    pub(crate) pp_ocr: Option<PathBuf>,
    /// Pages of a document that are looked at, up to 10000.
    pub(crate) pages_max: u32,
}

impl Default for DocumentSettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let limits = ReaderLimits::default();
        Self {
            workers: cores.min(WORKERS_USUAL_MAX),
            size_mib_max: limits.bytes_max >> 20,
            pages_max: limits.pages_max,
            seconds_max: limits.seconds_max,
            pdfium: None,
            tokenizer: None,
            embedding_model: EMBEDDING_MODEL.to_owned(),
            query_prefix: None,
            passage_prefix: None,
            ocr: OcrSettings::default(),
        }
    }
}

impl Default for OcrSettings {
    fn default() -> Self {
        Self {
            tesseract: None,
            tessdata: PathBuf::from("/usr/share/tesseract-ocr/5/tessdata"),
            languages: vec!["eng".to_owned()],
            pp_ocr: None,
            pages_max: ReaderLimits::default().recognised_pages_max,
        }
    }
}

impl DocumentSettings {
    /// What companions are told; `required` is `confinement.required`.
    pub(crate) fn keeper(&self, required: bool) -> KeeperSettings {
        KeeperSettings {
            limits: self.limits(),
            pdfium: self.pdfium.clone(),
            tokenizer: self.tokenizer.clone(),
            recogniser: self.ocr.recogniser(),
            required,
        }
    }

    /// The one that makes vectors.
    pub(crate) fn model(&self) -> Result<ModelId, Failure> {
        self.embedding_model.parse().map_err(|error| {
            let message = format!("`documents.embedding_model`: {error}");
            Failure::message(message).hint("give the name under which the model is imported")
        })
    }

    /// What that model expects before texts.
    pub(crate) fn prefixes(&self, model: &ModelId) -> Prefixes {
        let known = Prefixes::of(model);
        Prefixes {
            query: self.query_prefix.clone().unwrap_or(known.query),
            passage: self.passage_prefix.clone().unwrap_or(known.passage),
        }
    }

    pub(crate) fn limits(&self) -> ReaderLimits {
        ReaderLimits {
            bytes_max: self.size_mib_max << 20,
            pages_max: self.pages_max,
            recognised_pages_max: self.ocr.pages_max,
            seconds_max: self.seconds_max,
            ..ReaderLimits::default()
        }
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        for (name, value, range) in [
            ("workers", self.workers as u64, 1..=64),
            ("size_mib_max", self.size_mib_max, 1..=ReaderLimits::BYTES_MAX >> 20),
            ("pages_max", u64::from(self.pages_max), 1..=100_000),
            ("seconds_max", self.seconds_max, 1..=3600),
            ("ocr.pages_max", u64::from(self.ocr.pages_max), 0..=10_000),
        ] {
            if !range.contains(&value) {
                let (low, high) = range.into_inner();
                return Err(Failure::message(format!("`documents.{name}` is {value}"))
                    .hint(format!("give a number from {low} to {high}")));
            }
        }
        let named = [
            ("pdfium", self.pdfium.as_ref()),
            ("tokenizer", self.tokenizer.as_ref()),
            ("ocr.tesseract", self.ocr.tesseract.as_ref()),
            ("ocr.tessdata", Some(&self.ocr.tessdata)),
            ("ocr.pp_ocr", self.ocr.pp_ocr.as_ref()),
        ];
        for (name, path) in named {
            if let Some(path) = path.filter(|path| !path.is_absolute()) {
                let message = format!("`documents.{name}` is `{}`", path.display());
                return Err(Failure::message(message).hint("give an absolute path"));
            }
        }
        self.model()?;
        self.ocr.check()
    }

    /// For `galerne config check`.
    pub(super) fn describe(&self) -> Vec<(&'static str, String)> {
        let said = |path: Option<&PathBuf>| {
            path.map_or_else(|| "none".to_owned(), |path| path.display().to_string())
        };
        let prefix = |text: Option<&String>| {
            text.map_or_else(|| "that of the model".to_owned(), |text| format!("{text:?}"))
        };
        vec![
            ("documents.workers", self.workers.to_string()),
            ("documents.size_mib_max", self.size_mib_max.to_string()),
            ("documents.pages_max", self.pages_max.to_string()),
            ("documents.seconds_max", self.seconds_max.to_string()),
            ("documents.pdfium", said(self.pdfium.as_ref())),
            ("documents.tokenizer", said(self.tokenizer.as_ref())),
            ("documents.embedding_model", self.embedding_model.clone()),
            ("documents.query_prefix", prefix(self.query_prefix.as_ref())),
            ("documents.passage_prefix", prefix(self.passage_prefix.as_ref())),
            ("documents.ocr.tesseract", said(self.ocr.tesseract.as_ref())),
            ("documents.ocr.tessdata", self.ocr.tessdata.display().to_string()),
            ("documents.ocr.languages", self.ocr.languages.join(", ")),
            ("documents.ocr.pp_ocr", said(self.ocr.pp_ocr.as_ref())),
            ("documents.ocr.pages_max", self.ocr.pages_max.to_string()),
        ]
    }
}

impl OcrSettings {
    fn recogniser(&self) -> Option<Recogniser> {
        if let Some(models) = &self.pp_ocr {
            return Some(Recogniser::PpOcr { models: models.clone() });
        }
        let program = self.tesseract.clone()?;
        let (data, languages) = (self.tessdata.clone(), self.languages.clone());
        Some(Recogniser::Tesseract { program, data, languages })
    }

    fn check(&self) -> Result<(), Failure> {
        if self.tesseract.is_some() && self.pp_ocr.is_some() {
            let message = "`documents.ocr` names both `tesseract` and `pp_ocr`";
            return Err(Failure::message(message)
                .hint("keep `pp_ocr` where all documents are in Latin letters, else `tesseract`"));
        }
        let is_name = |name: &String| {
            let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            !name.is_empty() && name.chars().all(fits)
        };
        match self.languages.iter().find(|name| !is_name(name)) {
            Some(name) => Err(Failure::message(format!("`documents.ocr.languages` has `{name}`"))
                .hint(
                    "give names such as `fra` and `ara`, as `tesseract --list-langs` tells them",
                )),
            None if self.languages.is_empty() => {
                Err(Failure::message("`documents.ocr.languages` is empty")
                    .hint("give at least one name, or leave it out"))
            }
            None => Ok(()),
        }
    }
}
