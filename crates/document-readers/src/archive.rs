//! Parts of a ZIP file, unpacked one at a time and never past the limits.
use std::io::{Cursor, Read};

use zip::{ZipArchive, result::ZipError};

use crate::{
    Excess, Limits, ReadError,
    limits::{length, within},
};

/// Bytes unpacked between two checks.
const STEP: usize = 64 * 1024;

pub(crate) struct Archive<'b> {
    format: &'static str,
    zip: ZipArchive<Cursor<&'b [u8]>>,
    names: Vec<String>,
    limits: Limits,
    bytes_in: u64,
    bytes_out: u64,
}

impl<'b> Archive<'b> {
    pub(crate) fn open(
        format: &'static str,
        bytes: &'b [u8],
        limits: &Limits,
    ) -> Result<Self, ReadError> {
        limits.admit(bytes)?;
        within(Excess::Entries, directory_entries(bytes), limits.entries)?;
        let mut zip = ZipArchive::new(Cursor::new(bytes))
            .map_err(|_| ReadError::broken(format, "archive"))?;
        within(Excess::Entries, length(zip.len()), limits.entries)?;
        let names = names(&mut zip);
        let bytes_in = length(bytes.len());
        Ok(Self { format, zip, names, limits: *limits, bytes_in, bytes_out: 0 })
    }

    /// Names of the parts, as the archive lists them.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// A part that the format needs.
    pub(crate) fn required(&mut self, name: &str) -> Result<Vec<u8>, ReadError> {
        let format = self.format;
        self.part(name)?.ok_or_else(|| ReadError::broken(format, name))
    }

    /// A part, if the archive has it.
    pub(crate) fn part(&mut self, name: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let Some(index) = self.position(name) else { return Ok(None) };
        let mut kept = Vec::new();
        self.unpack(index, |step| kept.extend_from_slice(step))?;
        Ok(Some(kept))
    }

    /// Names in archives differ in case and in a leading slash, depending on the writer.
    fn position(&self, name: &str) -> Option<usize> {
        let wanted = name.trim_start_matches('/');
        self.names.iter().position(|held| held == wanted).or_else(|| {
            self.names
                .iter()
                .position(|held| held.trim_start_matches('/').eq_ignore_ascii_case(wanted))
        })
    }

    fn unpack(&mut self, index: usize, mut keep: impl FnMut(&[u8])) -> Result<(), ReadError> {
        let format = self.format;
        let name = self.names.get(index).cloned().unwrap_or_default();
        let mut part = match self.zip.by_index(index) {
            Ok(part) => part,
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => {
                return Err(ReadError::Encrypted { format });
            }
            Err(_) => return Err(ReadError::broken(format, &name)),
        };
        let mut step = vec![0_u8; STEP];
        loop {
            let read = part.read(&mut step).map_err(|_| ReadError::broken(format, &name))?;
            if read == 0 {
                return Ok(());
            }
            self.bytes_out = self.bytes_out.saturating_add(length(read));
            within(Excess::BytesOut, self.bytes_out, self.limits.bytes_out)?;
            within_expansion(self.bytes_in, self.bytes_out, self.limits.expansion)?;
            keep(step.get(..read).unwrap_or_default());
        }
    }
}

/// Entries of the directory of an archive, by their marks: it is read as a whole. Marks in parts
/// of an archive count as well, so that no end record can say less.
fn directory_entries(bytes: &[u8]) -> u64 {
    const MARK: &[u8; 4] = b"PK\x01\x02";
    /// Bytes of an entry without its name.
    const ENTRY: usize = 46;
    let (mut found, mut at) = (0, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= ENTRY) {
        if rest.starts_with(MARK) {
            found += 1;
            at += ENTRY;
        } else {
            at += 1;
        }
    }
    found
}

fn names(zip: &mut ZipArchive<Cursor<&[u8]>>) -> Vec<String> {
    (0..zip.len()).map(|index| name_of(zip, index)).collect()
}

fn name_of(zip: &mut ZipArchive<Cursor<&[u8]>>, index: usize) -> String {
    zip.by_index_raw(index)
        .map(|part| String::from_utf8_lossy(part.name_raw()).into_owned())
        .unwrap_or_default()
}

fn within_expansion(bytes_in: u64, bytes_out: u64, max: u64) -> Result<(), ReadError> {
    let honest = bytes_in.saturating_mul(max).max(Limits::EXPANSION_FREE);
    if bytes_out > honest {
        return Err(ReadError::TooMuch { what: Excess::Expansion, max });
    }
    Ok(())
}
