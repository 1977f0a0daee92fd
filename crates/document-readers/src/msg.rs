//! Messages as Outlook saves them (MS-OXMSG): properties in the streams of a compound file.
use encoding_rs::{
    Encoding, UTF_8, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254,
    WINDOWS_1255, WINDOWS_1256,
};
use passages::{Document, Note, Place};

use crate::{
    Format, Limits, ReadError,
    cleaning::decode,
    composition::{Composition, NOTES_MAX},
    compound::{Compound, PROPERTIES, u32_at, u64_at},
    mail::{Body, Head},
};

const SUBJECT: u16 = 0x0037;
const SENDER: u16 = 0x0c1a;
const SENDER_ADDRESS: [u16; 2] = [0x5d01, 0x0c1f];
const TO: u16 = 0x0e04;
const COPY: u16 = 0x0e03;
const BODY: u16 = 0x1000;
const BODY_RTF: u16 = 0x1009;
const BODY_HTML: u16 = 0x1013;
const FILE_NAMES: [u16; 3] = [0x3707, 0x3704, 0x3001];
/// When it was sent, as the type of a time needs it.
const SENT: u32 = 0x0039_0040;
/// Code pages of the characters: of the page, then of the properties.
const CODE_PAGES: [u32; 2] = [0x3fde_0003, 0x3ffd_0003];

/// Where entries begin in the properties of the message itself.
const TOP_HEADER: usize = 32;
const PROPERTY: usize = 16;

/// Reads a message of Outlook: its head, and the page that its reader saw; plain text where it
/// has no page. Files that it carries are noted and not opened.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`; [`ReadError::Broken`] where the compound file is.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    let format = Format::Msg.name();
    let mut message = Properties::open(Compound::open(format, bytes, limits)?)?;
    let mut composition = Composition::new(format, limits);
    head(&mut message)?.compose(&mut composition)?;
    compose_body(&mut message, &mut composition, limits)?;
    for name in message.file_names()? {
        composition.attachment(&name);
    }
    composition.finish()
}

fn head(message: &mut Properties<'_>) -> Result<Head, ReadError> {
    let name = message.text(None, SENDER)?.unwrap_or_default();
    let mut address = String::new();
    for property in SENDER_ADDRESS {
        // Inside of a company, addresses are paths of a directory, which tell people nothing.
        let found = message.text(None, property)?.filter(|found| found.contains('@'));
        address = if address.is_empty() { found.unwrap_or_default() } else { address };
    }
    let from = match (name.is_empty(), address.is_empty()) {
        (false, false) if name != address => format!("{name} <{address}>"),
        (true, _) => address,
        (false, _) => name,
    };
    Ok(Head {
        subject: message.text(None, SUBJECT)?.unwrap_or_default(),
        from,
        to: message.text(None, TO)?.unwrap_or_default(),
        copy: message.text(None, COPY)?.unwrap_or_default(),
        date: message.sent().unwrap_or_default(),
    })
}

fn compose_body(
    message: &mut Properties<'_>,
    composition: &mut Composition,
    limits: &Limits,
) -> Result<(), ReadError> {
    if let Some(page) = message.text(None, BODY_HTML)?.filter(|page| !page.trim().is_empty()) {
        return Body::Html(&page).compose(composition, limits);
    }
    if let Some(text) = message.text(None, BODY)?.filter(|text| !text.trim().is_empty()) {
        return Body::Plain(&text).compose(composition, limits);
    }
    if message.has(BODY_RTF) {
        composition.note(Note::Unreadable { place: Place::Part("RTF".to_owned()) });
    }
    Ok(())
}

struct Properties<'b> {
    file: Compound<'b>,
    fixed: Vec<u8>,
    encoding: &'static Encoding,
}

impl<'b> Properties<'b> {
    fn open(mut file: Compound<'b>) -> Result<Self, ReadError> {
        let broken = || ReadError::broken(Format::Msg.name(), PROPERTIES);
        let fixed = file.stream(None, PROPERTIES)?.ok_or_else(broken)?;
        let mut encoding = None;
        for property in CODE_PAGES {
            let page = value(&fixed, property).and_then(|raw| u32_at(raw, 0));
            encoding = encoding.or_else(|| page.and_then(by_code_page));
        }
        Ok(Self { file, fixed, encoding: encoding.unwrap_or(WINDOWS_1252) })
    }

    fn has(&self, property: u16) -> bool {
        let prefix = format!("__substg1.0_{property:04X}");
        let named =
            |name: &str| name.to_ascii_uppercase().starts_with(&prefix.to_ascii_uppercase());
        self.file.entries().iter().any(|entry| entry.parent.is_none() && named(&entry.name))
    }

    /// A property as text: UTF-16, characters of a code page, or bytes that are characters.
    fn text(&mut self, of: Option<usize>, property: u16) -> Result<Option<String>, ReadError> {
        if let Some(raw) = self.file.stream(of, &format!("__substg1.0_{property:04X}001F"))? {
            return Ok(Some(utf16(&raw)));
        }
        for kind in ["001E", "0102"] {
            if let Some(raw) = self.file.stream(of, &format!("__substg1.0_{property:04X}{kind}"))? {
                return Ok(Some(self.characters(&raw)));
            }
        }
        Ok(None)
    }

    fn characters(&self, raw: &[u8]) -> String {
        let decoded = decode(raw);
        let text = if decoded.guessed {
            self.encoding.decode_without_bom_handling(raw).0.into_owned()
        } else {
            decoded.text
        };
        text.trim_end_matches('\0').to_owned()
    }

    fn sent(&self) -> Option<String> {
        instant(u64_at(value(&self.fixed, SENT)?, 0)?)
    }

    /// Names of the files that are noted: each is looked for in all entries.
    fn file_names(&mut self) -> Result<Vec<String>, ReadError> {
        let storages: Vec<usize> = (0..self.file.entries().len())
            .filter(|index| self.file.entries().get(*index).is_some_and(is_attachment))
            .take(NOTES_MAX)
            .collect();
        let mut names = Vec::new();
        for storage in storages {
            let mut name = None;
            for property in FILE_NAMES {
                if name.is_none() {
                    name = self.text(Some(storage), property)?;
                }
            }
            names.push(name.unwrap_or_default());
        }
        Ok(names)
    }
}

fn is_attachment(entry: &crate::compound::Entry) -> bool {
    entry.parent.is_none() && !entry.is_stream && entry.name.starts_with("__attach_version1.0_")
}

/// The eight bytes of a property of fixed size.
fn value(fixed: &[u8], property: u32) -> Option<&[u8]> {
    let mut entries = fixed.get(TOP_HEADER..)?.chunks_exact(PROPERTY);
    entries.find(|entry| u32_at(entry, 0) == Some(property))?.get(8..)
}

fn utf16(raw: &[u8]) -> String {
    let units: Vec<u16> =
        raw.chunks_exact(2).filter_map(|pair| crate::compound::u16_at(pair, 0)).collect();
    String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned()
}

fn by_code_page(page: u32) -> Option<&'static Encoding> {
    Some(match page {
        65_001 => UTF_8,
        1250 => WINDOWS_1250,
        1251 => WINDOWS_1251,
        1252 | 20_127 | 28_591 => WINDOWS_1252,
        1253 => WINDOWS_1253,
        1254 => WINDOWS_1254,
        1255 => WINDOWS_1255,
        1256 => WINDOWS_1256,
        _ => return None,
    })
}

/// A time of Windows (hundreds of nanoseconds since 1601) as a date and a time of day.
fn instant(ticks: u64) -> Option<String> {
    const TICKS_A_MINUTE: u64 = 600_000_000;
    const MINUTES_A_DAY: u64 = 24 * 60;
    /// Days from 0000-03-01, with which leap days come last, to 1601-01-01.
    const DAYS_TO_1601: u64 = 584_694;
    let minutes = ticks / TICKS_A_MINUTE;
    let (year, month, day) = civil((minutes / MINUTES_A_DAY).checked_add(DAYS_TO_1601)?);
    let (hour, minute) = (minutes % MINUTES_A_DAY / 60, minutes % 60);
    (year < 10_000).then(|| format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} +00:00"))
}

/// Year, month and day of a number of days since 0000-03-01 (H. Hinnant, `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}
