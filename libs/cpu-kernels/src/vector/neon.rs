//! The functions for NEON.

use super::scalar;
use super::wide::{self, for_isa};
use crate::isa::Neon;

for_isa!(Neon, "neon,dotprod");
