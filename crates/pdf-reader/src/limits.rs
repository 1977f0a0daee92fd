/// How much one document may ask for. Memory and time are bounded by whoever calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes_in: u64,
    /// Pages that are read; what follows is noted.
    pub pages: u32,
    /// Letters of one page; what follows is noted.
    pub letters_per_page: usize,
    /// Bytes of the text that comes out; never more than `u32::MAX`, which spans can say.
    pub text_bytes: u64,
    /// Pages whose letters are recognised in a picture; of others it is noted that they have none.
    pub recognised_pages: u32,
    /// Dots of a picture, drawn or read. Larger pages are drawn smaller; larger pictures refused.
    pub pixels: u64,
}

impl Default for Limits {
    /// For files of office work: 64 MiB, 2,000 pages.
    fn default() -> Self {
        Self {
            bytes_in: 64 << 20,
            pages: 2000,
            letters_per_page: 100_000,
            text_bytes: 32 << 20,
            recognised_pages: 200,
            pixels: 20_000_000,
        }
    }
}

/// A length in memory as a number of bytes.
pub(crate) fn length(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// A count as a number to calculate with; counts that large are calculated with as less.
pub(crate) fn number(count: usize) -> f32 {
    u16::try_from(count).map_or(f32::from(u16::MAX), f32::from)
}
