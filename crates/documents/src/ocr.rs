//! Letters in pictures: who sees them, and in which words that is told.

#[cfg(feature = "pp-ocr")]
mod pp_ocr;
mod tesseract;

use passages::Area;
use pdf_reader::{Picture, SeenLine, SeenWord};
use serde::{Deserialize, Serialize};

#[cfg(feature = "pp-ocr")]
pub(crate) use pp_ocr::PpOcr;

/// Width, height and sharpness of a picture.
const HEAD_BYTES: usize = 10;

/// What a recogniser says, behind a letter: which of them it was.
const OF_TESSERACT: u8 = b't';
const OF_MODELS: u8 = b'm';

/// A picture as bytes.
pub(crate) fn encode_picture(picture: &Picture) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES + picture.shades.len());
    bytes.extend_from_slice(&picture.width.to_le_bytes());
    bytes.extend_from_slice(&picture.height.to_le_bytes());
    bytes.extend_from_slice(&picture.dots_per_inch.to_le_bytes());
    bytes.extend_from_slice(&picture.shades);
    bytes
}

/// Nothing where the bytes are no picture.
pub(crate) fn decode_picture(bytes: &[u8]) -> Option<Picture> {
    let (head, shades) = bytes.split_at_checked(HEAD_BYTES)?;
    let number = |at: usize| head.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let dots_per_inch = u16::from_le_bytes(head.get(8..10)?.try_into().ok()?);
    Picture::new(number(0)?, number(4)?, shades.to_vec(), dots_per_inch)
}

/// The same picture as a file that programs read: a line about it, and its dots.
pub(crate) fn as_file(picture: &Picture) -> Vec<u8> {
    let mut file = format!("P5\n{} {}\n255\n", picture.width, picture.height).into_bytes();
    file.extend_from_slice(&picture.shades);
    file
}

/// What a program wrote.
pub(crate) fn of_tesseract(table: &[u8]) -> Vec<u8> {
    [&[OF_TESSERACT], table].concat()
}

/// What models saw.
#[cfg(any(feature = "pp-ocr", test))]
pub(crate) fn of_models(lines: &[SeenLine]) -> serde_json::Result<Vec<u8>> {
    let told: Vec<Vec<Word>> =
        lines.iter().map(|line| line.words.iter().map(Word::of).collect()).collect();
    let mut bytes = vec![OF_MODELS];
    serde_json::to_writer(&mut bytes, &told)?;
    Ok(bytes)
}

/// The lines that a recogniser saw; nothing where that are none.
pub(crate) fn decode_lines(bytes: &[u8]) -> Option<Vec<SeenLine>> {
    match bytes.split_first()? {
        (&OF_TESSERACT, table) => Some(tesseract::lines(&String::from_utf8_lossy(table))),
        (&OF_MODELS, told) => {
            let told: Vec<Vec<Word>> = serde_json::from_slice(told).ok()?;
            let line =
                |words: Vec<Word>| SeenLine { words: words.iter().map(Word::seen).collect() };
            Some(told.into_iter().map(line).collect())
        }
        _ => None,
    }
}

#[derive(Deserialize, Serialize)]
struct Word(String, [f32; 4]);

impl Word {
    #[cfg(any(feature = "pp-ocr", test))]
    fn of(seen: &SeenWord) -> Self {
        let Area { left, top, right, bottom } = seen.area;
        Self(seen.text.clone(), [left, top, right, bottom])
    }

    fn seen(&self) -> SeenWord {
        let Self(text, [left, top, right, bottom]) = self;
        let area = Area { left: *left, top: *top, right: *right, bottom: *bottom };
        SeenWord { text: text.clone(), area }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_and_lines_arrive_as_they_were_sent() {
        let picture = Picture::new(3, 2, vec![0, 1, 2, 3, 4, 5], 200).unwrap();
        assert_eq!(decode_picture(&encode_picture(&picture)), Some(picture.clone()));
        assert!(as_file(&picture).starts_with(b"P5\n3 2\n255\n\0\x01"));
        let area = Area { left: 1.0, top: 2.0, right: 3.0, bottom: 4.0 };
        let words = vec![SeenWord { text: "mot".to_owned(), area }];
        let lines = vec![SeenLine { words }];
        assert_eq!(decode_lines(&of_models(&lines).unwrap()), Some(lines));
    }

    #[test]
    fn what_is_neither_is_nothing() {
        let picture = Picture::new(3, 2, vec![0; 6], 200).unwrap();
        let mut lies = encode_picture(&picture);
        lies[0] = 200;
        assert_eq!(decode_picture(&lies), None);
        assert_eq!(decode_picture(b"short"), None);
        for bytes in [&b""[..], b"?", b"m[", b"m[[1]]"] {
            assert_eq!(decode_lines(bytes), None, "{bytes:?}");
        }
    }
}
