//! The functions for AVX-512.

use super::scalar;
use super::wide::{self, for_isa};
use crate::isa::Avx512;

for_isa!(Avx512, "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c");
