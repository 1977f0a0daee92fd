//! What a file is, by its bytes; what its sender says only has to agree.
use crate::{
    Format, Limits, ReadError,
    archive::Archive,
    cleaning::{Decoded, decode},
    compound::{self, Compound},
};

/// Bytes that are looked at to tell texts apart.
const BEGINNING: usize = 4096;

/// Says what `bytes` are. `name` and `media_type` are what the sender declares, if anything.
///
/// # Errors
/// [`ReadError::TypeMismatch`] where the content is not what the name or the media type says;
/// [`ReadError::Encrypted`] for locked office files; [`ReadError::Unsupported`] for anything that
/// is no [`Format`]; [`ReadError::Broken`] for containers that cannot be opened.
pub fn detect(
    bytes: &[u8],
    name: Option<&str>,
    media_type: Option<&str>,
) -> Result<Format, ReadError> {
    let declared = Declared::new(name, media_type);
    match by_container(bytes)? {
        Some(found) => declared.agree(found),
        None => by_characters(bytes, &declared),
    }
}

/// What the sender says of a file, in the order of how much it says.
struct Declared {
    promises: Vec<(Format, String)>,
}

impl Declared {
    fn new(name: Option<&str>, media_type: Option<&str>) -> Self {
        let extension = name.and_then(|name| Some(name.rsplit_once('.')?.1));
        let by_name = extension.and_then(|extension| {
            Some((Format::of_extension(extension)?, format!("a file of type `.{extension}`")))
        });
        let by_type = media_type
            .and_then(|said| Some((Format::of_media_type(said)?, format!("`{}`", said.trim()))));
        let promises = by_name.into_iter().chain(by_type);
        Self { promises: promises.map(|(format, words)| (format, shortened(&words))).collect() }
    }

    /// Nothing declared contradicts `found`.
    fn agree(&self, found: Format) -> Result<Format, ReadError> {
        match self.promises.iter().find(|(format, _)| *format != found) {
            Some((_, words)) => Err(mismatch(words, found)),
            None => Ok(found),
        }
    }
}

fn shortened(words: &str) -> String {
    const SHOWN: usize = 100;
    words.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

fn mismatch(declared: &str, found: Format) -> ReadError {
    ReadError::TypeMismatch { declared: declared.to_owned(), found: found.name() }
}

fn by_container(bytes: &[u8]) -> Result<Option<Format>, ReadError> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return by_archive(bytes).map(Some);
    }
    if bytes.starts_with(&compound::MAGIC) {
        return by_compound(bytes).map(Some);
    }
    if bytes.starts_with(b"%PDF-") {
        return Ok(Some(Format::Pdf));
    }
    if is_image(bytes) {
        return Ok(Some(Format::Image));
    }
    match foreign(bytes) {
        Some(found) => Err(ReadError::Unsupported { found }),
        None => Ok(None),
    }
}

fn is_image(bytes: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 6] =
        [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"GIF87a", b"GIF89a"];
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP".as_slice());
    let bitmap = bytes.starts_with(b"BM") && bytes.get(6..10) == Some([0_u8; 4].as_slice());
    webp || bitmap || BEGINNINGS.iter().any(|beginning| bytes.starts_with(beginning))
}

fn foreign(bytes: &[u8]) -> Option<&'static str> {
    const BEGINNINGS: [(&[u8], &str); 7] = [
        (b"{\\rtf", "RTF document"),
        (b"\x1f\x8b", "gzip archive"),
        (b"7z\xbc\xaf\x27\x1c", "7z archive"),
        (b"Rar!\x1a\x07", "RAR archive"),
        (b"\x7fELF", "program"),
        (b"MZ", "program"),
        (b"%!PS", "PostScript document"),
    ];
    let (_, found) = BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning))?;
    // Two letters are also the beginning of words.
    let is_word = *found == "program" && !bytes.contains(&0);
    (!is_word).then_some(*found)
}

fn by_archive(bytes: &[u8]) -> Result<Format, ReadError> {
    const MAIN: [(&str, Format); 3] = [
        ("word/document.xml", Format::Docx),
        ("ppt/presentation.xml", Format::Pptx),
        ("xl/workbook.xml", Format::Xlsx),
    ];
    // Only small parts are unpacked here, so the size of the file is for the reader to judge.
    let limits = Limits { bytes_in: u64::MAX, ..Limits::default() };
    let mut archive = Archive::open("ZIP archive", bytes, &limits)?;
    if let Some(format) = by_media_type_part(&mut archive)? {
        return Ok(format);
    }
    if let Some((_, format)) = MAIN.iter().find(|(part, _)| archive.has(part)) {
        return Ok(*format);
    }
    let found = if archive.has("xl/workbook.bin") { "XLSB workbook" } else { "ZIP archive" };
    Err(ReadError::Unsupported { found })
}

/// `OpenDocument` files say what they are in a part of their own.
fn by_media_type_part(archive: &mut Archive<'_>) -> Result<Option<Format>, ReadError> {
    let Some(said) = archive.part("mimetype")? else { return Ok(None) };
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    let Some(format) = Format::of_media_type(said.trim_end_matches("-template")) else {
        let found = if said == "application/epub+zip" { "EPUB book" } else { "ZIP archive" };
        return Err(ReadError::Unsupported { found });
    };
    let manifest = archive.part("META-INF/manifest.xml")?.unwrap_or_default();
    if String::from_utf8_lossy(&manifest).contains("encryption-data") {
        return Err(ReadError::Encrypted { format: format.name() });
    }
    Ok(Some(format))
}

fn by_compound(bytes: &[u8]) -> Result<Format, ReadError> {
    const KINDS: [(&str, &str); 4] = [
        ("WordDocument", "DOC document"),
        ("Workbook", "XLS workbook"),
        ("Book", "XLS workbook"),
        ("PowerPoint Document", "PPT presentation"),
    ];
    let limits = Limits { bytes_in: u64::MAX, ..Limits::default() };
    let file = Compound::open("compound file", bytes, &limits)?;
    if file.has("EncryptedPackage") {
        return Err(ReadError::Encrypted { format: "office document" });
    }
    if file.has(compound::PROPERTIES) {
        return Ok(Format::Msg);
    }
    let found = KINDS.iter().find(|(stream, _)| file.has(stream));
    Err(ReadError::Unsupported { found: found.map_or("compound file", |(_, found)| *found) })
}

fn by_characters(bytes: &[u8], declared: &Declared) -> Result<Format, ReadError> {
    let Decoded { text, .. } = decode(bytes.get(..BEGINNING).unwrap_or(bytes));
    let is_marked = encoding_rs::Encoding::for_bom(bytes).is_some();
    if !is_marked && bytes.contains(&0) {
        return Err(match declared.promises.first() {
            Some((_, words)) => {
                ReadError::TypeMismatch { declared: words.clone(), found: "binary data" }
            }
            None => ReadError::Unsupported { found: "binary data" },
        });
    }
    let looks = looks_like(&text);
    let Some((format, words)) = declared.promises.first() else { return Ok(looks) };
    if let Some((_, words)) = declared.promises.iter().find(|(format, _)| !format.is_text()) {
        return Err(mismatch(words, looks));
    }
    match (format, looks) {
        // Read as anything else, a page would show what it hides.
        (Format::Plain | Format::Csv | Format::Eml, Format::Html)
        | (Format::Eml, Format::Plain) => Err(mismatch(words, looks)),
        _ => Ok(*format),
    }
}

/// What characters look like without a declaration: a page, a message, or just text.
fn looks_like(text: &str) -> Format {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let lower: String = start.chars().take(200).collect::<String>().to_ascii_lowercase();
    let is_page = ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|beginning| lower.starts_with(beginning))
        || (lower.starts_with("<?xml") && lower.contains("<html"));
    if is_page {
        Format::Html
    } else if is_message(start) {
        Format::Eml
    } else {
        Format::Plain
    }
}

/// Two fields that only messages have, before the first empty line, and nothing but fields.
fn is_message(text: &str) -> bool {
    const FIELDS: [&str; 9] = [
        "from",
        "to",
        "date",
        "subject",
        "received",
        "return-path",
        "mime-version",
        "message-id",
        "delivered-to",
    ];
    let mut known = 0;
    for line in text.lines().take_while(|line| !line.is_empty()) {
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((field, _)) = line.split_once(':') else { return false };
        if field.contains(char::is_whitespace) {
            return false;
        }
        known += usize::from(FIELDS.contains(&field.to_ascii_lowercase().as_str()));
    }
    known >= 2
}
