//! Compound files (MS-CFB), which hold a tree of streams: Outlook messages and old office files.
//!
//! Written here rather than taken from a crate, because sizes and links in these files lie: each
//! chain is bounded by the file, each size by what the file can hold, and the tree is walked
//! without recursion.
use crate::{
    Excess, Limits, ReadError,
    limits::{length, within},
};

pub(crate) const MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/// The stream that every Outlook message has.
pub(crate) const PROPERTIES: &str = "__properties_version1.0";

const ENTRY: usize = 128;
const SHORT_SECTOR_SHIFT: usize = 6;
const NONE: u32 = 0xffff_ffff;
/// Sectors from here on are marks, not places.
const SECTOR_MAX: u32 = 0xffff_fffa;

pub(crate) struct Compound<'b> {
    format: &'static str,
    bytes: &'b [u8],
    sector_shift: usize,
    short_below: u64,
    table: Vec<u32>,
    short_table: Vec<u32>,
    short_sectors: Vec<u8>,
    entries: Vec<Entry>,
    bytes_out: u64,
    bytes_out_max: u64,
}

/// A storage or a stream, and the storage it lies in.
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Index of the storage around it; none for those at the top.
    pub(crate) parent: Option<usize>,
    pub(crate) is_stream: bool,
    start: u32,
    size: u64,
}

/// An entry as it stands in the file, before the tree is walked.
struct Record {
    entry: Entry,
    kind: u8,
    left: u32,
    right: u32,
    child: u32,
}

impl<'b> Compound<'b> {
    pub(crate) fn open(
        format: &'static str,
        bytes: &'b [u8],
        limits: &Limits,
    ) -> Result<Self, ReadError> {
        limits.admit(bytes)?;
        let broken = || ReadError::broken(format, "header");
        let sector_shift = usize::from(u16_at(bytes, 30).ok_or_else(broken)?);
        if !bytes.starts_with(&MAGIC) || !matches!(sector_shift, 9 | 12) {
            return Err(broken());
        }
        let mut file = Self {
            format,
            bytes,
            sector_shift,
            short_below: u64::from(u32_at(bytes, 56).ok_or_else(broken)?),
            table: Vec::new(),
            short_table: Vec::new(),
            short_sectors: Vec::new(),
            entries: Vec::new(),
            bytes_out: 0,
            bytes_out_max: limits.bytes_out,
        };
        file.table = file.read_table().ok_or_else(broken)?;
        let entries_max = usize::try_from(limits.entries.saturating_add(1)).unwrap_or(usize::MAX);
        let directory_max = entries_max.saturating_mul(ENTRY);
        let directory = file.chained(u32_at(bytes, 48).ok_or_else(broken)?, directory_max);
        within(Excess::Entries, length(directory.len() / ENTRY), limits.entries)?;
        let short = file.chained(u32_at(bytes, 60).ok_or_else(broken)?, usize::MAX);
        file.short_table = numbers(&short);
        file.walk(&directory)?;
        Ok(file)
    }

    /// Whether the top of the tree has a stream or storage of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.parent.is_none() && entry.name == name)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The bytes of the stream `name` in the storage `parent`, if it is there.
    pub(crate) fn stream(
        &mut self,
        parent: Option<usize>,
        name: &str,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        let wanted = |entry: &&Entry| {
            entry.is_stream && entry.parent == parent && entry.name.eq_ignore_ascii_case(name)
        };
        let Some(entry) = self.entries.iter().find(wanted) else { return Ok(None) };
        let (start, size) = (entry.start, entry.size);
        if size > length(self.bytes.len()) {
            return Err(ReadError::broken(self.format, name));
        }
        self.bytes_out = self.bytes_out.saturating_add(size);
        within(Excess::BytesOut, self.bytes_out, self.bytes_out_max)?;
        let bytes_max = usize::try_from(size).unwrap_or(usize::MAX);
        Ok(Some(if size < self.short_below {
            self.short_chained(start, bytes_max)
        } else {
            self.chained(start, bytes_max)
        }))
    }

    /// The allocation table: its sectors are named in the header, and in a chain behind it.
    fn read_table(&self) -> Option<Vec<u32>> {
        let per_sector = (1_usize << self.sector_shift) / 4;
        let sectors_max = self.bytes.len() >> self.sector_shift;
        let mut places: Vec<u32> =
            (0..109).filter_map(|i| u32_at(self.bytes, 76 + 4 * i)).collect();
        let mut next = u32_at(self.bytes, 68)?;
        let mut visited = 0;
        while next < SECTOR_MAX && visited <= sectors_max {
            let sector = numbers(self.sector(next)?);
            let (more, link) = sector.split_at_checked(per_sector.checked_sub(1)?)?;
            places.extend_from_slice(more);
            next = link.first().copied().unwrap_or(NONE);
            visited += 1;
        }
        let mut table = Vec::new();
        for place in places.into_iter().filter(|place| *place < SECTOR_MAX).take(sectors_max) {
            table.extend(numbers(self.sector(place)?));
        }
        Some(table)
    }

    fn sector(&self, number: u32) -> Option<&'b [u8]> {
        let index = usize::try_from(number).ok()?.checked_add(1)?;
        let start = index.checked_mul(1 << self.sector_shift)?;
        let end = start.checked_add(1 << self.sector_shift)?.min(self.bytes.len());
        self.bytes.get(start..end).filter(|sector| !sector.is_empty())
    }

    /// The first bytes of a chain of sectors, not more than the file has: a cycle is cut.
    fn chained(&self, start: u32, bytes_max: usize) -> Vec<u8> {
        let bytes_max = bytes_max.min(self.bytes.len());
        let mut bytes = Vec::new();
        let mut next = start;
        while bytes.len() < bytes_max {
            let Some(sector) = self.sector(next) else { break };
            bytes.extend_from_slice(sector);
            next = link(&self.table, next);
        }
        bytes.truncate(bytes_max);
        bytes
    }

    /// The same for small streams, which share sectors.
    fn short_chained(&self, start: u32, bytes_max: usize) -> Vec<u8> {
        let bytes_max = bytes_max.min(self.short_sectors.len());
        let mut bytes = Vec::new();
        let mut next = start;
        while bytes.len() < bytes_max {
            let Some(offset) = usize::try_from(next).ok().filter(|_| next < SECTOR_MAX) else {
                break;
            };
            let offset = offset << SHORT_SECTOR_SHIFT;
            let end = offset.saturating_add(1 << SHORT_SECTOR_SHIFT).min(self.short_sectors.len());
            let Some(sector) = self.short_sectors.get(offset..end) else { break };
            if sector.is_empty() {
                break;
            }
            bytes.extend_from_slice(sector);
            next = link(&self.short_table, next);
        }
        bytes.truncate(bytes_max);
        bytes
    }

    /// Lists the entries that hang on the tree. Each is visited once, whatever the links say.
    fn walk(&mut self, directory: &[u8]) -> Result<(), ReadError> {
        let mut records: Vec<Option<Record>> = directory.chunks(ENTRY).map(record).collect();
        let root = records
            .first_mut()
            .and_then(Option::take)
            .ok_or_else(|| ReadError::broken(self.format, "directory"))?;
        self.short_sectors = self.chained(root.entry.start, usize::MAX);
        let mut open = vec![(root.child, None)];
        while let Some((id, parent)) = open.pop() {
            let slot = usize::try_from(id).ok().and_then(|id| records.get_mut(id));
            let Some(found) = slot.and_then(Option::take) else { continue };
            open.push((found.left, parent));
            open.push((found.right, parent));
            if found.kind == 1 {
                open.push((found.child, Some(self.entries.len())));
            }
            self.entries.push(Entry { parent, ..found.entry });
        }
        Ok(())
    }
}

fn record(raw: &[u8]) -> Option<Record> {
    let kind = *raw.get(66)?;
    if !matches!(kind, 1 | 2 | 5) {
        return None;
    }
    let bytes = usize::from(u16_at(raw, 64)?).saturating_sub(2).min(62);
    let units: Vec<u16> =
        raw.get(..bytes)?.chunks_exact(2).filter_map(|pair| u16_at(pair, 0)).collect();
    let size = u64::from(u32_at(raw, 120)?);
    let entry = Entry {
        name: String::from_utf16_lossy(&units),
        parent: None,
        is_stream: kind == 2,
        start: u32_at(raw, 116)?,
        size,
    };
    let (left, right, child) = (u32_at(raw, 68)?, u32_at(raw, 72)?, u32_at(raw, 76)?);
    Some(Record { entry, kind, left, right, child })
}

fn link(table: &[u32], from: u32) -> u32 {
    usize::try_from(from).ok().and_then(|from| table.get(from)).copied().unwrap_or(NONE)
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).filter_map(|four| u32_at(four, 0)).collect()
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at.checked_add(2)?)?;
    two.try_into().ok().map(u16::from_le_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    four.try_into().ok().map(u32::from_le_bytes)
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..at.checked_add(8)?)?;
    eight.try_into().ok().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::Compound;

    #[test]
    fn a_chain_in_a_circle_is_copied_as_far_as_it_is_wanted() {
        let bytes = vec![0; 1024 * 1024];
        let file = Compound {
            format: "",
            bytes: &bytes,
            sector_shift: 9,
            short_below: 0,
            table: vec![0],
            short_table: vec![0],
            short_sectors: bytes.clone(),
            entries: Vec::new(),
            bytes_out: 0,
            bytes_out_max: 0,
        };
        for chain in [file.chained(0, 700), file.short_chained(0, 700)] {
            assert_eq!(chain.len(), 700);
            assert!(chain.capacity() < 10_000);
        }
    }
}
