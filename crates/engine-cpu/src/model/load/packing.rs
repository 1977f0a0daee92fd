//! Reads tensors and packs them, several threads at the same time.

use std::ops::Range;

use cpu_kernels::{BlockFormat, PackError, PackedMatrix, Packer, PackerPart};

use super::{
    ModelError,
    formats::{format_error, scale_blocks, widen},
    progress::LoadProgress,
    tasks,
};
use crate::{checkpoint::Checkpoint, gguf::TensorInfo, model::quantize::q8_0};

/// Bytes of a tensor that a thread reads at a time. Widened to single precision and quantised
/// again, it has less than a megabyte beside the packed result.
const READ_BYTES: usize = 128 << 10;

/// Bytes of a tensor that one thread packs before it takes others: large matrices are divided,
/// and the last thread to end is not long alone.
const PART_BYTES: usize = 1 << 20;

/// What a thread keeps from one piece to the next.
#[derive(Default)]
struct Scratch {
    stored: Vec<u8>,
    numbers: Vec<f32>,
    /// Rows that were quantised.
    blocks: Vec<u8>,
    widened: Vec<u8>,
}

/// What becomes of the blocks of a matrix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Formats {
    pub(super) stored: BlockFormat,
    /// After floating-point numbers were quantised, where they are.
    pub(super) format: BlockFormat,
    /// Whether four bits become eight then.
    pub(super) widens: bool,
}

impl Formats {
    fn packed(self) -> BlockFormat {
        if self.widens { BlockFormat::Q8_0 } else { self.format }
    }

    /// Numbers that are quantised when they are read are several times the size of the tiles, and
    /// `Q6_K`, whose scales are brought together, is packed more slowly than its tiles are read.
    fn are_costly(self) -> bool {
        self.stored != self.format || self.format == BlockFormat::Q6K
    }
}

/// A matrix to be packed: some rows of a tensor.
pub(super) struct MatrixPlan<'a> {
    rows: Rows<'a>,
    packer: Packer,
}

/// Where the rows of a matrix come from.
struct Rows<'a> {
    tensor: &'a TensorInfo,
    /// The first one, in the tensor.
    first: usize,
    formats: Formats,
    factor: Option<f32>,
}

impl<'a> MatrixPlan<'a> {
    pub(super) fn new(
        tensor: &'a TensorInfo,
        rows: Range<usize>,
        columns: usize,
        formats: Formats,
        factor: Option<f32>,
    ) -> Result<Self, ModelError> {
        let packer = PackedMatrix::packer(rows.len(), columns, formats.packed())
            .map_err(|source| pack_error(tensor, source))?;
        Ok(Self { rows: Rows { tensor, first: rows.start, formats, factor }, packer })
    }

    fn finish(self) -> Result<PackedMatrix, ModelError> {
        self.packer.finish().map_err(|source| pack_error(self.rows.tensor, source))
    }

    fn parts(&mut self) -> impl Iterator<Item = Work<'_>> {
        let rows = PART_BYTES / self.rows.row_bytes().max(1);
        let source = &self.rows;
        self.packer.parts(rows).map(move |part| Work::Rows(source, part))
    }

    fn source_bytes(&self) -> u64 {
        self.packer.outline().rows() as u64 * self.rows.tensor.row_bytes()
    }
}

impl Rows<'_> {
    fn row_bytes(&self) -> usize {
        usize::try_from(self.tensor.row_bytes()).unwrap_or(usize::MAX)
    }

    fn pack(
        &self,
        mut part: PackerPart<'_>,
        file: &Checkpoint,
        scratch: &mut Scratch,
        progress: &LoadProgress,
    ) -> Result<(), ModelError> {
        let Range { start, end } = part.rows();
        let step = (READ_BYTES / self.row_bytes().max(1)).max(1);
        for row in (start..end).step_by(step) {
            let rows = self.first + row..self.first + end.min(row + step);
            let packed = self.read(rows, file, scratch)?;
            part.push_rows(packed).map_err(|source| pack_error(self.tensor, source))?;
            progress.advance(scratch.stored.len())?;
        }
        Ok(())
    }

    /// Some rows of the tensor, in the format of the packer.
    fn read<'s>(
        &self,
        rows: Range<usize>,
        file: &Checkpoint,
        scratch: &'s mut Scratch,
    ) -> Result<&'s [u8], ModelError> {
        let Formats { stored, format, widens } = self.formats;
        read(file, self.tensor, rows, &mut scratch.stored)?;
        let blocks = if stored == format {
            &mut scratch.stored
        } else {
            if !stored.read_floats(&scratch.stored, &mut scratch.numbers) {
                return Err(format_error(self.tensor));
            }
            q8_0(&scratch.numbers, &mut scratch.blocks);
            &mut scratch.blocks
        };
        if let Some(factor) = self.factor {
            scale_blocks(format, blocks, factor);
        }
        if widens {
            widen(blocks, &mut scratch.widened);
            return Ok(&scratch.widened);
        }
        Ok(blocks)
    }
}

/// A vector to be read.
pub(super) struct VectorPlan<'a> {
    pub(super) tensor: &'a TensorInfo,
    pub(super) stored: BlockFormat,
    /// What the file leaves out of every number.
    pub(super) rest: f32,
    pub(super) factor: f32,
}

impl VectorPlan<'_> {
    fn len(&self) -> usize {
        usize::try_from(self.tensor.columns()).unwrap_or(usize::MAX)
    }

    fn read(
        &self,
        file: &Checkpoint,
        scratch: &mut Scratch,
        progress: &LoadProgress,
    ) -> Result<Vec<f32>, ModelError> {
        read(file, self.tensor, 0..1, &mut scratch.stored)?;
        let mut numbers = Vec::new();
        if !self.stored.read_floats(&scratch.stored, &mut numbers) {
            return Err(format_error(self.tensor));
        }
        for number in &mut numbers {
            *number = (*number + self.rest) * self.factor;
        }
        progress.advance(scratch.stored.len())?;
        Ok(numbers)
    }
}

/// Everything that a model is made of, in the order in which it was asked for.
#[derive(Default)]
pub(super) struct Plans<'a> {
    matrices: Vec<MatrixPlan<'a>>,
    /// Each with how many matrices were asked for before it.
    vectors: Vec<(usize, VectorPlan<'a>)>,
}

/// The same, packed.
pub(super) struct Packed {
    pub(super) matrices: Vec<PackedMatrix>,
    pub(super) vectors: Vec<Vec<f32>>,
}

/// What one thread does at a time.
enum Work<'a> {
    Rows(&'a Rows<'a>, PackerPart<'a>),
    Vector(&'a VectorPlan<'a>, &'a mut Vec<f32>),
}

impl<'a> Plans<'a> {
    /// The shape of the matrix to come.
    pub(super) fn matrix(&mut self, plan: MatrixPlan<'a>) -> PackedMatrix {
        let outline = plan.packer.outline();
        self.matrices.push(plan);
        outline
    }

    pub(super) fn vector(&mut self, plan: VectorPlan<'a>) {
        self.vectors.push((self.matrices.len(), plan));
    }

    /// Reads and packs all of it. An error is that of the first tensor in order that fails.
    pub(super) fn pack(
        mut self,
        file: &Checkpoint,
        threads: usize,
        progress: &LoadProgress,
    ) -> Result<Packed, ModelError> {
        progress.begin(self.source_bytes());
        let mut vectors = vec![Vec::new(); self.vectors.len()];
        let work = |scratch: &mut Scratch, work: Work<'_>| match work {
            Work::Rows(rows, part) => rows.pack(part, file, scratch, progress),
            Work::Vector(plan, numbers) => {
                *numbers = plan.read(file, scratch, progress)?;
                Ok(())
            }
        };
        tasks::run(self.work(&mut vectors), threads, Scratch::default, work)?;
        let matrices = self.matrices.into_iter().map(MatrixPlan::finish);
        Ok(Packed { matrices: matrices.collect::<Result<_, _>>()?, vectors })
    }

    /// Whether reading what was packed is faster than packing.
    pub(super) fn are_worth_keeping(&self) -> bool {
        self.matrices.iter().any(|plan| plan.rows.formats.are_costly())
    }

    /// Says what the parts are, and from what they are made.
    pub(super) fn describe(&self, head: &mut Vec<u8>, digest: &str) {
        use std::fmt::Write as _;
        let mut text = format!("{digest}\n");
        for MatrixPlan { rows, packer } in &self.matrices {
            let (name, outline) = (&rows.tensor.name, packer.outline());
            let (count, columns, first) = (outline.rows(), outline.columns(), rows.first);
            writeln!(text, "{name:?} {first} {count} {columns} {:?}", rows.formats).ok();
        }
        for (_, plan) in &self.vectors {
            let VectorPlan { tensor, stored, rest, .. } = plan;
            writeln!(text, "{:?} {} {stored:?} {rest:?}", tensor.name, tensor.columns()).ok();
        }
        head.extend((text.len() as u64).to_le_bytes());
        head.extend(text.into_bytes());
    }

    /// The memory of the matrices, to be filled with tiles that were kept.
    pub(super) fn tiles(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.matrices.iter_mut().map(|plan| plan.packer.restore())
    }

    /// Bytes of the numbers of all vectors.
    pub(super) fn vector_bytes(&self) -> usize {
        self.vectors.iter().map(|(_, plan)| plan.len() * size_of::<f32>()).sum()
    }

    /// With matrices whose tiles were filled in, and the numbers of all vectors.
    pub(super) fn finish(self, numbers: &[u8]) -> Result<Packed, ModelError> {
        let mut rest = numbers.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let vectors = self.vectors.iter();
        let vectors = vectors.map(|(_, plan)| rest.by_ref().take(plan.len()).collect()).collect();
        let matrices = self.matrices.into_iter().map(MatrixPlan::finish);
        Ok(Packed { matrices: matrices.collect::<Result<_, _>>()?, vectors })
    }

    fn work<'s>(&'s mut self, numbers: &'s mut [Vec<f32>]) -> Vec<Work<'s>> {
        let Self { matrices, vectors } = self;
        let mut vectors = vectors.iter().zip(numbers).peekable();
        let mut work = Vec::new();
        for (index, matrix) in matrices.iter_mut().enumerate() {
            while let Some(((_, plan), numbers)) = vectors.next_if(|((at, _), _)| *at <= index) {
                work.push(Work::Vector(plan, numbers));
            }
            work.extend(matrix.parts());
        }
        work.extend(vectors.map(|((_, plan), numbers)| Work::Vector(plan, numbers)));
        work
    }

    fn source_bytes(&self) -> u64 {
        let matrices = self.matrices.iter().map(MatrixPlan::source_bytes);
        let vectors = self.vectors.iter().map(|(_, plan)| plan.tensor.bytes);
        matrices.chain(vectors).fold(0, u64::saturating_add)
    }
}

fn read(
    file: &Checkpoint,
    tensor: &TensorInfo,
    rows: Range<usize>,
    out: &mut Vec<u8>,
) -> Result<(), ModelError> {
    let failed = |source| ModelError::Read { name: tensor.name.clone(), source };
    file.read_rows(tensor, rows.start as u64..rows.end as u64, out).map_err(failed)
}

fn pack_error(tensor: &TensorInfo, source: PackError) -> ModelError {
    ModelError::Pack { name: tensor.name.clone(), source }
}
