//! Takes parts off bytes, and nothing where they are not there.

use passages::Span;

/// What is left.
pub(super) struct Reader<'b>(pub(super) &'b [u8]);

impl<'b> Reader<'b> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    pub(super) fn side(&mut self) -> Option<f32> {
        self.take(4)?.try_into().ok().map(f32::from_le_bytes)
    }

    pub(super) fn span(&mut self) -> Option<Span> {
        Some(Span::new(self.number()?, self.number()?))
    }

    pub(super) fn text(&mut self) -> Option<String> {
        let length = self.number()? as usize;
        std::str::from_utf8(self.take(length)?).ok().map(str::to_owned)
    }

    /// As many parts as are told, each of which has so many bytes at least.
    pub(super) fn list<T>(
        &mut self,
        bytes_min: usize,
        take: fn(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = self.number()? as usize;
        if count > self.0.len() / bytes_min {
            return None;
        }
        (0..count).map(|_| take(self)).collect()
    }
}
