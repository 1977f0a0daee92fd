//! The models of PP-OCR: one finds lines of letters in a picture, one reads a line.

mod detection;
mod recognition;

use std::path::Path;

use pdf_reader::{Ocr, OcrError, Picture, SeenLine};
use rten::{Model, Value};

use self::recognition::Alphabet;

/// Files of the models, in a folder.
const DETECTION: &str = "ppocrv6_det.onnx";
const RECOGNITION: &str = "ppocrv6_rec.onnx";
/// More lines have no place on a page.
const LINES_MAX: usize = 500;

/// The models, loaded.
pub(crate) struct PpOcr {
    detection: Model,
    recognition: Model,
    alphabet: Alphabet,
}

impl PpOcr {
    /// # Errors
    /// Why they are not the models, in words.
    pub(crate) fn load(folder: &Path) -> Result<Self, String> {
        let load = |name: &str| {
            let path = folder.join(name);
            Model::load_file(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let (detection, recognition) = (load(DETECTION)?, load(RECOGNITION)?);
        let letters = recognition.metadata().fields().find(|(name, _)| *name == "character");
        let (_, letters) = letters.ok_or("the model does not say which letters it reads")?;
        let alphabet = Alphabet::new(letters);
        Ok(Self { detection, recognition, alphabet })
    }
}

impl Ocr for PpOcr {
    fn recognise(&mut self, picture: &Picture) -> Result<Vec<SeenLine>, OcrError> {
        let (scaled, values) = detection::input(picture);
        let likely = run(&self.detection, [1, 3, scaled.height, scaled.width], values)?;
        let (shape, likely) = likely.into_shape_vec::<f32, 4>().map_err(failed)?;
        let areas = detection::areas(&likely, (shape[3], shape[2]), &scaled);
        let mut lines = Vec::new();
        for area in areas.into_iter().take(LINES_MAX) {
            let Some((width, values)) = recognition::input(picture, area) else { continue };
            let told = run(&self.recognition, [1, 3, recognition::HEIGHT, width], values)?;
            let (shape, told) = told.into_shape_vec::<f32, 3>().map_err(failed)?;
            let line = recognition::words(&told, (shape[1], shape[2]), &self.alphabet, area);
            lines.extend(line.filter(|line: &SeenLine| !line.words.is_empty()));
        }
        Ok(lines)
    }
}

fn run(model: &Model, shape: [usize; 4], values: Vec<f32>) -> Result<Value, OcrError> {
    let input = Value::from_shape(shape, values).map_err(failed)?;
    model.run_one(input.into(), None).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> OcrError {
    OcrError { reason: error.to_string() }
}

/// A count as a number to calculate with; counts that large are calculated with as less.
fn number(count: usize) -> f32 {
    u16::try_from(count).map_or(f32::from(u16::MAX), f32::from)
}

/// A place in dots, cut to whole dots.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is below 0 or too large is set to the ends"
)]
fn dot(place: f32, end: usize) -> usize {
    (place.max(0.0) as usize).min(end)
}
