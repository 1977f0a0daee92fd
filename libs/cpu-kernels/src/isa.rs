//! Vectors of single-precision lanes, so that an algorithm is written once for several
//! instruction sets.
#![expect(unsafe_code, reason = "intrinsics; a value of an `Isa` proves that they exist")]
#![expect(clippy::inline_always, reason = "must melt into a function that has the instructions")]

use crate::block_format::GROUP_COLUMNS;
use crate::vector::QuantizedGroup;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) use neon::Neon;

/// An instruction set that this processor has. Its methods are to be called only from functions
/// that enable its instructions, so that they become one instruction each; anywhere else, in
/// closures that are handed to the standard library too, they are slow but sound.
pub(crate) trait Isa: Copy {
    /// Numbers in a vector.
    const LANES: usize;
    /// A vector of single-precision numbers.
    type Vector: Copy;

    /// The same number in every lane.
    fn splat(self, value: f32) -> Self::Vector;
    /// The first numbers of `from`.
    fn load(self, from: &[f32]) -> Self::Vector;
    /// Writes to the first places of `to`.
    fn store(self, vector: Self::Vector, to: &mut [f32]);
    /// The first half-precision numbers of `from`.
    fn load_halves(self, from: &[u16]) -> Self::Vector;
    /// The first signed bytes of `from`, as numbers.
    fn load_bytes(self, from: &[i8]) -> Self::Vector;
    /// Rounds to half precision and writes to the first places of `to`.
    fn store_halves(self, vector: Self::Vector, to: &mut [u16]);
    /// Reads the half-precision numbers of as many `rows` as there are lanes, from `column` on,
    /// and writes them to `to` so that number `j` of row `i` comes to `to[j * stride + i]`.
    fn transpose_halves(self, rows: &[&[u16]], column: usize, to: &mut [f32], stride: usize);
    /// `left + right`.
    fn add(self, left: Self::Vector, right: Self::Vector) -> Self::Vector;
    /// `left - right`.
    fn subtract(self, left: Self::Vector, right: Self::Vector) -> Self::Vector;
    /// `left * right`.
    fn multiply(self, left: Self::Vector, right: Self::Vector) -> Self::Vector;
    /// `left / right`.
    fn divide(self, left: Self::Vector, right: Self::Vector) -> Self::Vector;
    /// The greater of both; `right` where one of them is NaN.
    fn max(self, left: Self::Vector, right: Self::Vector) -> Self::Vector;
    /// The lesser of both; `right` where one of them is NaN.
    fn min(self, left: Self::Vector, right: Self::Vector) -> Self::Vector;
    /// `left * right + addend` with one rounding.
    fn multiply_add(
        self,
        left: Self::Vector,
        right: Self::Vector,
        addend: Self::Vector,
    ) -> Self::Vector;
    /// The nearest whole numbers.
    fn round(self, vector: Self::Vector) -> Self::Vector;
    /// `vector * 2^power` for whole powers from -126 to 127.
    fn scale_by_power(self, vector: Self::Vector, power: Self::Vector) -> Self::Vector;
    /// The sum of the lanes.
    fn sum_of_lanes(self, vector: Self::Vector) -> f32;
    /// The greatest lane; no lane may be NaN.
    fn max_of_lanes(self, vector: Self::Vector) -> f32;
    /// See [`Activations`](crate::Activations).
    fn quantize_group(self, values: &[f32; GROUP_COLUMNS]) -> QuantizedGroup;

    /// `exp(x)` with a relative error below 2e-7 for `x` from -87 to 88; beyond, the value at
    /// the nearer end. NaN stays NaN.
    #[inline(always)]
    fn exp(self, x: Self::Vector) -> Self::Vector {
        let x = self.min(self.splat(88.0), self.max(self.splat(-87.0), x));
        let power = self.round(self.multiply(x, self.splat(std::f32::consts::LOG2_E)));
        // ln 2 in two parts: the first has few digits, so that its product is exact.
        let rest = self.multiply_add(power, self.splat(-0.693_359_4), x);
        let rest = self.multiply_add(power, self.splat(2.121_944_4e-4), rest);
        // Minimax polynomial of exp on [-ln 2 / 2, ln 2 / 2] (Cephes).
        let coefficients =
            [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5, 1.0, 1.0];
        let mut polynomial = self.splat(1.987_569_1e-4);
        for coefficient in coefficients {
            polynomial = self.multiply_add(polynomial, rest, self.splat(coefficient));
        }
        self.scale_by_power(polynomial, power)
    }
}

/// Methods of [`Isa`] that are a few intrinsics on values.
macro_rules! one_instruction {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty = $body:expr;)*) => {
        $(
            #[inline(always)]
            fn $name(self, $($argument: $type),*) -> $result {
                // SAFETY: `self` proves that the processor has the instructions.
                unsafe { $body }
            }
        )*
    };
}
use one_instruction;
