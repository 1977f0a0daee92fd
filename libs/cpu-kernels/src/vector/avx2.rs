//! The functions for AVX2.

use super::scalar;
use super::wide::{self, for_isa};
use crate::isa::Avx2;

for_isa!(Avx2, "avx2,fma,f16c");
