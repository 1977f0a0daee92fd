//! Attention for NEON.

use super::{AttentionBlocks, AttentionScratch, Queries, layout::Codes, scalar, wide};
use crate::isa::Neon;

#[target_feature(enable = "neon,dotprod")]
pub(super) fn attend(
    queries: &Queries,
    blocks: &AttentionBlocks,
    scratch: &mut AttentionScratch,
    out: &mut [f32],
) {
    // SAFETY: this function has the instructions, so it is only reached with them.
    let isa = unsafe { Neon::assume() };
    wide::attend::<Neon, 4>(isa, queries, blocks, scratch, out);
}

#[target_feature(enable = "neon,dotprod")]
pub(super) fn store_codes(vector: &[f32], codes: &Codes) -> f32 {
    scalar::store_codes(vector, codes)
}
