//! Seeded damage to files, for tests.

/// `SplitMix64`.
pub(crate) struct Mutations(pub(crate) u64);

impl Mutations {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    pub(crate) fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const SIZES: [u64; 8] = [0, 1, 255, 1 << 16, 1 << 31, 1 << 32, 1 << 63, u64::MAX];
        let at = self.below(bytes.len());
        match self.below(6) {
            0 => bytes.truncate(at.max(1)),
            1 => bytes[at] = self.next().to_le_bytes()[0],
            2 => bytes[at] ^= 1 << self.below(8),
            3 => {
                let size = SIZES[self.below(SIZES.len())].to_le_bytes();
                let end = bytes.len().min(at + 8);
                bytes[at..end].copy_from_slice(&size[..end - at]);
            }
            4 => {
                let end = bytes.len().min(at + self.below(40));
                let copied = bytes[at..end].to_vec();
                let to = self.below(bytes.len());
                bytes.splice(to..to, copied);
            }
            _ => {
                let end = bytes.len().min(at + self.below(40));
                bytes.drain(at..end.min(at + bytes.len() - 1));
            }
        }
    }
}
