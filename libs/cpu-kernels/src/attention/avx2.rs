//! Attention for AVX2.

use super::{AttentionBlocks, AttentionScratch, Queries, layout::Codes, scalar, wide};
use crate::isa::Avx2;

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn attend(
    queries: &Queries,
    blocks: &AttentionBlocks,
    scratch: &mut AttentionScratch,
    out: &mut [f32],
) {
    // SAFETY: this function has the instructions, so it is only reached with them.
    let isa = unsafe { Avx2::assume() };
    wide::attend::<Avx2, 2>(isa, queries, blocks, scratch, out);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn store_codes(vector: &[f32], codes: &Codes) -> f32 {
    scalar::store_codes(vector, codes)
}
