//! The parts of a model, asked for by name and shape.

use std::{ops::Range, vec};

use cpu_kernels::{BlockFormat, PackedMatrix};

use super::{
    ModelError, Perturbation,
    formats::{block_format, format_error},
    packing::{Formats, MatrixPlan, Packed, Plans, VectorPlan},
};
use crate::{
    checkpoint::{Checkpoint, Layout},
    gguf::TensorInfo,
    model::{Architecture, weights::Projection},
};

/// How matrices lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// In as many bits as the file has.
    AsStored,
    /// Four bits in eight: nothing is lost, and large batches are faster.
    Bytes,
}

/// The tensors of a file, for a function that [`load`](super::load) calls twice: the first time,
/// matrices have their shape and nothing else, and vectors are zeroes.
pub(crate) struct Source<'a> {
    file: &'a Checkpoint,
    perturbation: Option<&'a Perturbation>,
    packing: Packing,
    parts: Parts<'a>,
}

/// Where what is asked for comes from.
enum Parts<'a> {
    /// It is written down. What is handed out has its shape and nothing else.
    Planned(Plans<'a>),
    /// It was packed, in the order in which it was written down.
    Packed { matrices: vec::IntoIter<PackedMatrix>, vectors: vec::IntoIter<Vec<f32>> },
}

impl<'a> Source<'a> {
    /// Only writes down what is asked for.
    pub(super) fn planning(file: &'a Checkpoint, perturbation: Option<&'a Perturbation>) -> Self {
        Self::with(file, perturbation, Parts::Planned(Plans::default()))
    }

    /// Gives what was planned and packed.
    pub(super) fn packed(
        file: &'a Checkpoint,
        perturbation: Option<&'a Perturbation>,
        Packed { matrices, vectors }: Packed,
    ) -> Self {
        let (matrices, vectors) = (matrices.into_iter(), vectors.into_iter());
        Self::with(file, perturbation, Parts::Packed { matrices, vectors })
    }

    fn with(
        file: &'a Checkpoint,
        perturbation: Option<&'a Perturbation>,
        parts: Parts<'a>,
    ) -> Self {
        Self { file, perturbation, packing: Packing::AsStored, parts }
    }

    /// Whether nothing is there yet but shapes.
    pub(super) fn is_planning(&self) -> bool {
        matches!(self.parts, Parts::Planned(_))
    }

    pub(super) fn into_plans(self) -> Plans<'a> {
        match self.parts {
            Parts::Planned(plans) => plans,
            Parts::Packed { .. } => Plans::default(),
        }
    }

    pub(super) fn file(&self) -> &'a Checkpoint {
        self.file
    }

    pub(super) fn perturbation(&self) -> Option<&'a Perturbation> {
        self.perturbation
    }

    /// Whether the file has a tensor of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.file.tensor(name).is_some()
    }

    /// Rows of the tensor of this name.
    pub(crate) fn rows(&self, name: &str) -> Option<usize> {
        Some(usize::try_from(self.file.tensor(name)?.rows()).unwrap_or(usize::MAX))
    }

    /// Packs the matrices to come in this way.
    pub(crate) fn pack(&mut self, packing: Packing) {
        self.packing = packing;
    }

    /// Three square projections, which some files hold as one: `<name>_qkv`.
    pub(crate) fn query_key_value(
        &mut self,
        name: &str,
        width: usize,
    ) -> Result<[Projection; 3], ModelError> {
        let fused = format!("{name}_qkv");
        let is_fused = self.has(&format!("{fused}.weight"));
        let mut part = |index: usize, own: &str| {
            if is_fused {
                let rows = index * width..(index + 1) * width;
                return self.projection_part(&fused, 3 * width, rows, width);
            }
            self.projection(&format!("{name}_{own}"), width, width)
        };
        Ok([part(0, "q")?, part(1, "k")?, part(2, "v")?])
    }

    pub(crate) fn projection(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Projection, ModelError> {
        self.projection_part(name, rows, 0..rows, columns)
    }

    /// Some of the `all` rows of what the file holds as one projection.
    pub(super) fn projection_part(
        &mut self,
        name: &str,
        all: usize,
        rows: Range<usize>,
        columns: usize,
    ) -> Result<Projection, ModelError> {
        let matrix = self.matrix_part(&format!("{name}.weight"), all, rows.clone(), columns)?;
        let bias = format!("{name}.bias");
        let bias =
            if self.has(&bias) { Some(self.vector(&bias, all)?[rows].to_vec()) } else { None };
        Ok(Projection { matrix, bias })
    }

    pub(crate) fn matrix(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<PackedMatrix, ModelError> {
        self.matrix_part(name, rows, 0..rows, columns)
    }

    /// Scores decide which experts a token uses, so they are never rounded here.
    pub(super) fn router(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<PackedMatrix, ModelError> {
        let tensor = self.tensor(name, &[columns, rows])?;
        self.packed_rows(tensor, 0..rows, columns, block_format(tensor)?)
    }

    /// The matrices of all experts: one tensor with all of them, or one for each.
    pub(super) fn stack(
        &mut self,
        name: &str,
        count: usize,
        rows: usize,
        columns: usize,
    ) -> Result<Vec<PackedMatrix>, ModelError> {
        if self.has(&format!("{name}.0.weight")) {
            let one = |at| self.matrix(&format!("{name}.{at}.weight"), rows, columns);
            return (0..count).map(one).collect();
        }
        let tensor = self.tensor(&format!("{name}_exps.weight"), &[columns, rows, count])?;
        let format = self.packed_format(tensor)?;
        let one = |at| self.packed_rows(tensor, at * rows..(at + 1) * rows, columns, format);
        (0..count).map(one).collect()
    }

    /// Some of the `all` rows of a tensor.
    fn matrix_part(
        &mut self,
        name: &str,
        all: usize,
        rows: Range<usize>,
        columns: usize,
    ) -> Result<PackedMatrix, ModelError> {
        let tensor = self.tensor(name, &[columns, all])?;
        let format = self.packed_format(tensor)?;
        self.packed_rows(tensor, rows, columns, format)
    }

    /// The format in which a matrix is packed: its own, or for safetensors the one that fits the
    /// tiles of the kernels without another rounding.
    fn packed_format(&self, tensor: &TensorInfo) -> Result<BlockFormat, ModelError> {
        let stored = block_format(tensor)?;
        Ok(match self.file.layout() {
            Layout::Gguf => stored,
            Layout::Safetensors => BlockFormat::Q8_0,
        })
    }

    fn packed_rows(
        &mut self,
        tensor: &'a TensorInfo,
        rows: Range<usize>,
        columns: usize,
        format: BlockFormat,
    ) -> Result<PackedMatrix, ModelError> {
        let stored = block_format(tensor)?;
        let widens = self.packing == Packing::Bytes && format == BlockFormat::Q4_0;
        if stored != format && !is_float(stored) {
            return Err(format_error(tensor));
        }
        let factor = self.factor(&tensor.name);
        let formats = Formats { stored, format, widens };
        match &mut self.parts {
            Parts::Planned(plans) => {
                let plan = MatrixPlan::new(tensor, rows, columns, formats, factor)?;
                Ok(plans.matrix(plan))
            }
            Parts::Packed { matrices, .. } => matrices.next().ok_or_else(|| unplanned(tensor)),
        }
    }

    pub(crate) fn vector(&mut self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        let tensor = self.tensor(name, &[len])?;
        let stored = block_format(tensor)?;
        if !is_float(stored) {
            return Err(format_error(tensor));
        }
        let plan = VectorPlan {
            tensor,
            stored,
            rest: self.norm_rest(name),
            factor: self.factor(name).unwrap_or(1.0),
        };
        match &mut self.parts {
            Parts::Planned(plans) => {
                plans.vector(plan);
                Ok(vec![0.0; len])
            }
            Parts::Packed { vectors, .. } => vectors.next().ok_or_else(|| unplanned(tensor)),
        }
    }

    /// One row of a matrix of which nothing else is needed.
    pub(crate) fn row(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
        row: usize,
    ) -> Result<Vec<f32>, ModelError> {
        let matrix = self.matrix(name, rows, columns)?;
        let mut numbers = vec![0.0; columns];
        match &self.parts {
            Parts::Planned(_) => {}
            Parts::Packed { .. } => matrix.dequantize_row(row, &mut numbers),
        }
        Ok(numbers)
    }

    /// Safetensors of Gemma hold its norms less one.
    fn norm_rest(&self, name: &str) -> f32 {
        let is_gemma = self.file.architecture() == Architecture::Gemma3.as_str();
        let holds_less = is_gemma && self.file.layout() == Layout::Safetensors;
        if holds_less && name.ends_with("norm.weight") { 1.0 } else { 0.0 }
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<&'a TensorInfo, ModelError> {
        let file = self.file;
        let tensor =
            file.tensor(name).ok_or_else(|| ModelError::MissingTensor { name: name.to_owned() })?;
        // Trailing dimensions of one are the same tensor.
        let dimensions = tensor.shape.len().max(shape.len());
        let found = (0..dimensions).map(|at| tensor.shape.get(at).copied().unwrap_or(1));
        let wanted = (0..dimensions).map(|at| shape.get(at).map_or(1, |&size| size as u64));
        if found.eq(wanted) {
            Ok(tensor)
        } else {
            Err(ModelError::Shape {
                name: name.to_owned(),
                found: tensor.shape.clone(),
                expected: shape.to_vec(),
            })
        }
    }

    fn factor(&self, wanted: &str) -> Option<f32> {
        match self.perturbation {
            Some(Perturbation::Tensor { name, factor }) if name == wanted => Some(*factor),
            Some(Perturbation::Tensor { .. } | Perturbation::RopeFrequency { .. }) | None => None,
        }
    }
}

fn is_float(format: BlockFormat) -> bool {
    format.read_floats(&[], &mut Vec::new())
}

/// The same function asks both times, so this does not happen.
fn unplanned(tensor: &TensorInfo) -> ModelError {
    ModelError::MissingTensor { name: tensor.name.clone() }
}
