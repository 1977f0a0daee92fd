//! Quantised matrix kernels, attention and vector functions for CPUs.
//!
//! Weights are repacked once into tiles of 16 rows ([`PackedMatrix`]), inputs are quantised to
//! eight bits in groups of 32 ([`Activations`]), and [`multiply`] produces single-precision
//! outputs. [`attend`] computes attention over paged keys and values, in half precision or in 8 bits;
//! the other functions are the element-wise steps between the products.
//!
//! Every function takes the instruction set to use as a [`Path`]. A `Path` can only be obtained
//! for instructions that this processor has, so safe code cannot reach an illegal instruction.
//!
//! ```
//! use cpu_kernels::{ActivationKind, Activations, BlockFormat, PackedMatrix, Path, multiply};
//!
//! // One row: the scale 0.5 in half precision, then 32 signed bytes.
//! let mut row = vec![0x00, 0x38];
//! row.extend([2_u8; 32]);
//! let mut packer = PackedMatrix::packer(1, 32, BlockFormat::Q8_0)?;
//! packer.push_rows(&row)?;
//! let matrix = packer.finish()?;
//!
//! let path = Path::best();
//! let mut input = Activations::new(ActivationKind::Int8, 1, 32);
//! input.set_rows(1);
//! input.quantize_row(path, 0, &[1.0; 32]);
//!
//! let mut out = [0.0];
//! // SAFETY: there is room for one row and one token, and no other thread uses it.
//! unsafe { multiply(path, &matrix, 0..matrix.tiles(), &input, 0..1, out.as_mut_ptr(), 1) };
//! assert!((out[0] - 32.0).abs() < 1e-5);
//! # Ok::<(), cpu_kernels::PackError>(())
//! ```
//!
//! **Never here:** models, threads, input or output, environment variables.
#![deny(missing_docs)]

mod activations;
mod aligned_bytes;
mod attention;
mod block_format;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod isa;
mod multiply;
mod packed_matrix;
mod packer;
mod path;
mod sub_block;
mod vector;

pub use activations::{ActivationKind, Activations};
pub use attention::{
    AttentionBlocks, AttentionScratch, CHUNK_POSITIONS, KvLayout, KvPrecision, attend,
};
pub use block_format::BlockFormat;
pub use multiply::{multiply, multiply_add};
pub use packed_matrix::{PackedMatrix, TILE_LAYOUT};
pub use packer::{PackError, Packer, PackerPart};
pub use path::{Path, PathKind};
pub use vector::{
    RopeStyle, add_in_place, arg_max, geglu, gelu, layer_norm, log_sum_exp, rms_norm, rope, swiglu,
    to_f16,
};
