//! How a segment is laid out in bytes, before it is sealed.
//!
//! All numbers are little-endian. Parts follow each other without gaps, in the order of
//! [`Part::ALL`]; one that is not there has no bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `GLRN-IDX` |
//! | 4 | version: [`FORMAT_VERSION`] |
//! | 40 a part | its length, `u64`, and its BLAKE3 |
//! | 32 | BLAKE3 of all bytes before |

use std::ops::Range;

use tantivy::{TantivyError, directory::OwnedBytes};
use vector_segments::SegmentError;

use crate::lexical::{LexicalFile, LexicalFiles};

/// The version that is written, and the only one that is read.
const FORMAT_VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"GLRN-IDX";
const DIGEST: usize = blake3::OUT_LEN;
const ENTRY: usize = 8 + DIGEST;
const SIGNED: usize = MAGIC.len() + 4 + ENTRY * Part::COUNT;
const HEADER: usize = SIGNED + DIGEST;

/// A part of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Whose passage has which ordinal.
    Table,
    /// What tantivy says of its files.
    Meta,
    Lexical(LexicalFile),
    Vectors,
}

impl Part {
    const COUNT: usize = 9;

    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::Table,
        Self::Meta,
        Self::Lexical(LexicalFile::Terms),
        Self::Lexical(LexicalFile::Postings),
        Self::Lexical(LexicalFile::Positions),
        Self::Lexical(LexicalFile::FastFields),
        Self::Lexical(LexicalFile::Lengths),
        Self::Lexical(LexicalFile::Store),
        Self::Vectors,
    ];
}

/// Bytes are no segment, or no longer what was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SegmentDamage {
    #[error("these bytes are no segment")]
    NotASegment,
    #[error("the segment has version {found}; only {FORMAT_VERSION} can be read")]
    Version { found: u32 },
    #[error("the segment has {found} bytes, which are not those that it tells of")]
    Length { found: usize },
    #[error("the header of the segment is damaged")]
    Header,
    #[error("a part of the segment is damaged: {part:?}")]
    Part { part: Part },
    #[error("the table of passages does not fit the segment")]
    Table,
    #[error("the words of the segment cannot be read")]
    Lexical(#[source] TantivyError),
    #[error("the vectors of the segment cannot be read")]
    Vectors(#[source] SegmentError),
}

/// The parts of a segment, each of which is what was written.
pub(super) struct Parts(Vec<OwnedBytes>);

impl Parts {
    pub(super) fn read(bytes: &OwnedBytes) -> Result<Self, SegmentDamage> {
        let header = Header::read(bytes)?;
        let mut parts = Vec::with_capacity(Part::COUNT);
        for (part, (range, digest)) in Part::ALL.into_iter().zip(header.parts) {
            let bytes = bytes.slice(range);
            if blake3::hash(&bytes) != digest {
                return Err(SegmentDamage::Part { part });
            }
            parts.push(bytes);
        }
        Ok(Self(parts))
    }

    pub(super) fn part(&self, part: Part) -> &OwnedBytes {
        let place = Part::ALL.iter().position(|other| *other == part);
        &self.0[place.unwrap_or_default()]
    }

    pub(super) fn lexical_files(&self) -> LexicalFiles {
        let files = LexicalFile::ALL.map(|file| self.part(Part::Lexical(file)).clone());
        LexicalFiles { meta: self.part(Part::Meta).clone(), files }
    }
}

/// Where the parts lie, and what they hash to.
struct Header {
    parts: Vec<(Range<usize>, blake3::Hash)>,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, SegmentDamage> {
        let length = SegmentDamage::Length { found: bytes.len() };
        let Some((header, body)) = bytes.split_at_checked(HEADER) else {
            return Err(if bytes.starts_with(MAGIC) { length } else { SegmentDamage::NotASegment });
        };
        let (signed, digest) = header.split_at(SIGNED);
        let Some((version, mut entries)) =
            signed.strip_prefix(MAGIC).and_then(<[u8]>::split_first_chunk)
        else {
            return Err(SegmentDamage::NotASegment);
        };
        let found = u32::from_le_bytes(*version);
        if found != FORMAT_VERSION {
            return Err(SegmentDamage::Version { found });
        }
        if blake3::hash(signed).as_bytes() != digest {
            return Err(SegmentDamage::Header);
        }
        let mut parts = Vec::with_capacity(Part::COUNT);
        let mut start = HEADER;
        while let Some((entry, rest)) = entries.split_first_chunk::<ENTRY>() {
            let (part, digest) = entry_of(entry).ok_or(SegmentDamage::Header)?;
            let end = start.checked_add(part).ok_or(SegmentDamage::Header)?;
            parts.push((start..end, digest));
            (start, entries) = (end, rest);
        }
        if start != HEADER + body.len() {
            return Err(length);
        }
        Ok(Self { parts })
    }
}

fn entry_of(entry: &[u8; ENTRY]) -> Option<(usize, blake3::Hash)> {
    let (length, digest) = entry.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    Some((length, blake3::Hash::from_bytes(*digest.first_chunk()?)))
}

/// What a segment is made of.
pub(super) struct Contents {
    pub(super) table: Vec<u8>,
    /// `None` without passages.
    pub(super) lexical: Option<LexicalFiles>,
    /// Empty without vectors.
    pub(super) vectors: Vec<u8>,
}

impl Contents {
    /// The bytes of the segment.
    pub(super) fn assemble(&self) -> Vec<u8> {
        let parts = Part::ALL.map(|part| self.part(part));
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut bytes = Vec::with_capacity(HEADER + length);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        for part in parts {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(blake3::hash(part).as_bytes());
        }
        let digest = blake3::hash(&bytes);
        bytes.extend_from_slice(digest.as_bytes());
        for part in &parts {
            bytes.extend_from_slice(part);
        }
        bytes
    }

    fn part(&self, part: Part) -> &[u8] {
        let lexical = self.lexical.as_ref();
        match part {
            Part::Table => &self.table,
            Part::Meta => lexical.map(|files| files.meta.as_slice()).unwrap_or_default(),
            Part::Lexical(file) => {
                let place = LexicalFile::ALL.iter().position(|other| *other == file);
                let found = lexical.zip(place).and_then(|(files, place)| files.files.get(place));
                found.map(OwnedBytes::as_slice).unwrap_or_default()
            }
            Part::Vectors => &self.vectors,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents() -> Contents {
        let bytes = |name: &str| OwnedBytes::new(name.as_bytes().to_vec());
        let files = LexicalFile::ALL.map(|file| bytes(&format!("{file:?}")));
        Contents {
            table: b"table".to_vec(),
            lexical: Some(LexicalFiles { meta: bytes("meta"), files }),
            vectors: b"vectors".to_vec(),
        }
    }

    fn read(bytes: &[u8]) -> Result<Parts, SegmentDamage> {
        Parts::read(&OwnedBytes::new(bytes.to_vec()))
    }

    #[test]
    fn parts_come_back_as_they_were() {
        let parts = read(&contents().assemble()).unwrap();
        assert_eq!(parts.part(Part::Table).as_slice(), b"table");
        assert_eq!(parts.part(Part::Vectors).as_slice(), b"vectors");
        let files = parts.lexical_files();
        assert_eq!(files.meta.as_slice(), b"meta");
        assert_eq!(files.files[1].as_slice(), b"Postings");
        let nothing = Contents { table: Vec::new(), lexical: None, vectors: Vec::new() };
        assert!(read(&nothing.assemble()).unwrap().part(Part::Meta).is_empty());
    }

    #[test]
    fn every_bit_and_every_cut_is_noticed() {
        let bytes = contents().assemble();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&damaged).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length} bytes");
        }
        assert!(read(&[bytes, vec![0]].concat()).is_err());
    }
}
