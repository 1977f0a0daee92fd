//! Measures the kernels on this machine: `cargo run --release -p cpu-kernels --example speed`.
//!
//! Shapes are those of a model of 135 million parameters: thirty layers of seven 4-bit products
//! and an 8-bit output of 49,152 rows. An argument picks one section: `decode`, `batch`,
//! `prefill`, `attention` or `vector`. Figures are the best of several repetitions.
#![expect(unsafe_code, reason = "threads write disjoint rows of one output")]
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a measuring program")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded for printing")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use cpu_kernels::{
    ActivationKind, Activations, AttentionBlocks, AttentionScratch, BlockFormat, KvLayout,
    KvPrecision, PackedMatrix, Path, attend, log_sum_exp, multiply, rms_norm, swiglu,
};

const HIDDEN: usize = 576;
const INNER: usize = 1536;
const LAYERS: usize = 30;
const VOCABULARY: usize = 49_152;

fn main() {
    let sections: [(&str, Section); 5] = [
        ("decode", decode),
        ("batch", batch),
        ("prefill", prefill),
        ("attention", attention),
        ("vector", vectors),
    ];
    let chosen = std::env::args().nth(1);
    for path in Path::available().into_iter().skip(1).rev() {
        for (name, section) in sections {
            if chosen.as_deref().is_none_or(|chosen| chosen == name) {
                section(path);
            }
        }
    }
}

type Section = fn(Path);

/// A xorshift generator: figures must not depend on chance.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0).collect()
    }
}

fn matrix(rows: usize, columns: usize, format: BlockFormat) -> PackedMatrix {
    let mut noise = Noise(0x9e37_79b9);
    let mut packer = PackedMatrix::packer(rows, columns, format).expect("the shape is valid");
    let mut row = vec![0_u8; packer.row_bytes()];
    for _ in 0..rows {
        for byte in &mut row {
            *byte = noise.next().to_le_bytes()[3];
        }
        for block in row.chunks_exact_mut(format.block_bytes()) {
            block[..2].copy_from_slice(&[0x00, 0x1c]); // 2^-8
            if format == BlockFormat::Q4_1 {
                block[2..4].copy_from_slice(&[0x00, 0xa4]); // -2^-6
            }
        }
        packer.push_rows(&row).expect("a whole row");
    }
    packer.finish().expect("all rows were pushed")
}

fn model() -> Vec<PackedMatrix> {
    let mut matrices = Vec::new();
    for _ in 0..LAYERS {
        for (rows, columns) in [
            (HIDDEN, HIDDEN),
            (HIDDEN / 3, HIDDEN),
            (HIDDEN / 3, HIDDEN),
            (HIDDEN, HIDDEN),
            (INNER, HIDDEN),
            (INNER, HIDDEN),
            (HIDDEN, INNER),
        ] {
            matrices.push(matrix(rows, columns, BlockFormat::Q4_1));
        }
    }
    matrices.push(matrix(VOCABULARY, HIDDEN, BlockFormat::Q8_0));
    matrices
}

fn input(path: Path, tokens: usize, columns: usize) -> Activations {
    let mut input = Activations::new(ActivationKind::Int8, tokens, columns);
    input.set_rows(tokens);
    let row = Noise(7).floats(columns);
    for token in 0..tokens {
        input.quantize_row(path, token, &row);
    }
    input
}

/// Seconds of the fastest of `repetitions`.
fn best_seconds(repetitions: usize, mut work: impl FnMut()) -> f64 {
    let once = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..repetitions).map(once).fold(f64::INFINITY, f64::min)
}

#[derive(Clone, Copy)]
struct Out(*mut f32);
// SAFETY: threads write disjoint tiles.
unsafe impl Send for Out {}
// SAFETY: as above.
unsafe impl Sync for Out {}

/// All products of one step with `tokens` tokens, on `threads` threads that meet after each.
fn step_seconds(path: Path, model: &[PackedMatrix], tokens: usize, threads: usize) -> f64 {
    let (hidden, inner) = (input(path, tokens, HIDDEN), input(path, tokens, INNER));
    let mut out = vec![0.0_f32; tokens * VOCABULARY];
    let out = Out(out.as_mut_ptr());
    best_seconds(20, || {
        let arrived = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let (arrived, hidden, inner) = (&arrived, &hidden, &inner);
                scope.spawn(move || {
                    let out = { out };
                    for (index, matrix) in model.iter().enumerate() {
                        let tiles = matrix.tiles() * thread / threads
                            ..matrix.tiles() * (thread + 1) / threads;
                        let input = if matrix.columns() == HIDDEN { hidden } else { inner };
                        // SAFETY: the output has room for the largest matrix; tiles are
                        // disjoint, and nobody writes the inputs.
                        unsafe {
                            multiply(path, matrix, tiles, input, 0..tokens, out.0, VOCABULARY);
                        }
                        arrived.fetch_add(1, Ordering::AcqRel);
                        while arrived.load(Ordering::Acquire) < (index + 1) * threads {
                            std::hint::spin_loop();
                        }
                    }
                });
            }
        });
    })
}

fn decode(path: Path) {
    let model = model();
    let bytes: usize = model.iter().map(PackedMatrix::bytes).sum();
    for threads in [1, 2] {
        let seconds = step_seconds(path, &model, 1, threads);
        println!(
            "{:12} decode, {threads} threads: {:6.1} tokens/s, {:5.1} GB/s ({:.1} MB a token)",
            path.name(),
            1.0 / seconds,
            bytes as f64 / seconds / 1e9,
            bytes as f64 / 1e6,
        );
    }
}

fn batch(path: Path) {
    let model = model();
    for tokens in [2, 3, 4, 8, 16] {
        let seconds = step_seconds(path, &model, tokens, 2);
        println!(
            "{:12} batch of {tokens:2}, 2 threads: {:6.1} steps/s, {:7.1} tokens/s",
            path.name(),
            1.0 / seconds,
            tokens as f64 / seconds,
        );
    }
}

fn prefill(path: Path) {
    let tokens = 512;
    for (rows, columns, format) in [
        (HIDDEN, HIDDEN, BlockFormat::Q4_1),
        (INNER, HIDDEN, BlockFormat::Q4_1),
        (HIDDEN, INNER, BlockFormat::Q4_1),
        (INNER, HIDDEN, BlockFormat::Q8_0),
        (INNER, HIDDEN, BlockFormat::Q5_1),
    ] {
        let matrix = matrix(rows, columns, format);
        let input = input(path, tokens, columns);
        let mut out = vec![0.0_f32; tokens * rows];
        let seconds = best_seconds(20, || {
            let out = out.as_mut_ptr();
            // SAFETY: the output has room for every token and row, and no other thread runs.
            unsafe { multiply(path, &matrix, 0..matrix.tiles(), &input, 0..tokens, out, rows) };
        });
        println!(
            "{:12} prefill {tokens} x {columns:4} x {rows:4} {format:?}, 1 thread: {:5.1} GMAC/s",
            path.name(),
            (tokens * rows * columns) as f64 / seconds / 1e9,
        );
    }
}

fn attention(path: Path) {
    for precision in KvPrecision::ALL {
        attention_in(path, KvLayout { precision, block_tokens: 16, head_dim: 64 });
    }
}

fn attention_in(path: Path, layout: KvLayout) {
    let (dim, positions) = (layout.head_dim, 8192_u16);
    let planes = usize::from(positions) / layout.block_tokens;
    let plane = |store: Store| {
        let mut plane = vec![0; layout.plane_words()];
        let vectors = Noise(3).floats(layout.block_tokens * dim);
        for (token, vector) in vectors.chunks_exact(dim).enumerate() {
            // SAFETY: the plane has its words, and nobody else uses it.
            unsafe { store(layout, path, vector, token, plane.as_mut_ptr()) };
        }
        vec![plane; planes]
    };
    let (keys, values) = (plane(KvLayout::store_key), plane(KvLayout::store_value));
    let [keys, values] =
        [&keys, &values].map(|planes| planes.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let blocks = AttentionBlocks { keys: &keys, values: &values, layout };
    let mut scratch = AttentionScratch::new();
    for (queries, context) in [(1, 512), (3, 512), (3, positions), (48, 512), (48, positions)] {
        let vectors = Noise(5).floats(queries * dim);
        let mut out = vec![0.0; queries * dim];
        let visible = vec![0..u32::from(context); queries];
        let seconds = best_seconds(50, || {
            attend(path, &vectors, &visible, &blocks, 0.125, &mut scratch, &mut out);
        });
        let bytes = 4 * layout.plane_words() * usize::from(context) / layout.block_tokens;
        println!(
            "{:12} {} attention of {queries:2} queries over {context:4}: {:7.1} us, {:5.1} GB/s, {:5.1} GMAC/s",
            path.name(),
            layout.precision.name(),
            seconds * 1e6,
            bytes as f64 / seconds / 1e9,
            (2 * queries * dim * usize::from(context)) as f64 / seconds / 1e9,
        );
    }
}

/// [`KvLayout::store_key`] or [`KvLayout::store_value`].
type Store = unsafe fn(KvLayout, Path, &[f32], usize, *mut u16);

fn vectors(path: Path) {
    let x = Noise(11).floats(INNER);
    let logits = Noise(13).floats(VOCABULARY);
    let mut out = vec![0.0; INNER];
    let mut input = Activations::new(ActivationKind::Int8, 1, INNER);
    input.set_rows(1);
    let report = |name: &str, seconds: f64| {
        println!("{:12} {name}: {:6.2} us", path.name(), seconds * 1e6);
    };
    let mut total = 0.0;
    report("norm of 1536", best_seconds(99, || rms_norm(path, &x, &x, 1e-5, &mut out)));
    report("gate of 1536", best_seconds(99, || swiglu(path, &x, &x, &mut out)));
    report("quantising 1536", best_seconds(99, || input.quantize_row(path, 0, &x)));
    report("softmax sum of 49152", best_seconds(99, || total += log_sum_exp(path, &logits)));
    assert!(total.is_finite() && out.iter().all(|value| value.is_finite()));
}
