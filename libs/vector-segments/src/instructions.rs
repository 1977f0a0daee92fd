//! Which instructions the kernels may use.

/// Proof that this processor has certain instructions.
///
/// All find the same hits and the same scores, some of them sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instructions(InstructionSet);

/// An instruction set that the kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum InstructionSet {
    /// Plain Rust, for every processor; also the reference for the others.
    Scalar,
    /// x86-64 with AVX2 and POPCNT.
    Avx2,
}

impl InstructionSet {
    #[cfg(target_arch = "x86_64")]
    fn is_supported(self) -> bool {
        match self {
            InstructionSet::Scalar => true,
            InstructionSet::Avx2 => {
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt")
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_supported(self) -> bool {
        matches!(self, InstructionSet::Scalar)
    }
}

impl Instructions {
    /// Those that every processor has.
    pub const SCALAR: Instructions = Instructions(InstructionSet::Scalar);

    /// All that this processor has, slowest first; never empty.
    pub fn available() -> Vec<Instructions> {
        let all = [InstructionSet::Scalar, InstructionSet::Avx2];
        all.into_iter().filter(|set| set.is_supported()).map(Instructions).collect()
    }

    /// The fastest that this processor has.
    pub fn best() -> Instructions {
        Instructions::available().pop().unwrap_or(Instructions::SCALAR)
    }

    /// A short stable name: `scalar` or `avx2`.
    pub fn name(self) -> &'static str {
        match self.0 {
            InstructionSet::Scalar => "scalar",
            InstructionSet::Avx2 => "avx2",
        }
    }

    /// What the kernels are chosen by.
    pub(crate) fn set(self) -> InstructionSet {
        self.0
    }
}
