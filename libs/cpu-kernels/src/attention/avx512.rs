//! Attention for AVX-512.

use super::{AttentionBlocks, AttentionScratch, Queries, layout::Codes, scalar, wide};
use crate::isa::Avx512;

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
pub(super) fn attend(
    queries: &Queries,
    blocks: &AttentionBlocks,
    scratch: &mut AttentionScratch,
    out: &mut [f32],
) {
    // SAFETY: this function has the instructions, so it is only reached with them.
    let isa = unsafe { Avx512::assume() };
    wide::attend::<Avx512, 4>(isa, queries, blocks, scratch, out);
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
pub(super) fn store_codes(vector: &[f32], codes: &Codes) -> f32 {
    scalar::store_codes(vector, codes)
}
