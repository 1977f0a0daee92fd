//! What limits decoding on this machine: how many bytes of weights each token reads, and how fast
//! memory can be read. Prints one line of JSON; `conformance/bench/` compares the two.
//!
//! `bandwidth MODEL.gguf [--threads N]`
#![expect(clippy::print_stdout, reason = "a command-line program")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded for printing")]

use std::{hint::black_box, path::Path, thread, time::Instant};

use anyhow::{Context as _, bail};
use engine_cpu::{Model, checkpoint::Checkpoint};
use serde_json::json;

/// Far larger than any cache that two cores have.
const STREAM_BYTES: usize = 512 << 20;
/// The best pass counts: a neighbour can only make one slower.
const PASSES: usize = 9;
/// Places of its part at which a thread reads in turn; which number is best depends on the
/// processor's prefetchers.
const PLACES: [usize; 3] = [1, 2, 4];
/// Words that are read in one place before the next: eight cache lines.
const RUN_WORDS: usize = 64;
const LANES: usize = 8;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().context("usage: bandwidth MODEL.gguf [--threads N]")?;
    let mut threads = 2;
    while let Some(name) = arguments.next() {
        let value = arguments.next().context("an option needs a value")?;
        match name.as_str() {
            "--threads" => threads = value.parse::<usize>()?.max(1),
            _ => bail!("unknown option {name}"),
        }
    }
    let weights = Model::load(&Checkpoint::open(Path::new(&model))?)?.weight_bytes();
    let answer = json!({
        "weight_bytes_per_token": weights,
        "stream_bytes": STREAM_BYTES,
        "stream_bytes_per_s": best_rate(STREAM_BYTES, threads).round(),
        // As large as the weights and read again and again, as they are: caches keep a part.
        "again_bytes_per_s": best_rate(weights, threads).round(),
    });
    println!("{answer}");
    Ok(())
}

/// Bytes a second when `threads` threads read a buffer together, each its own part.
fn best_rate(bytes: usize, threads: usize) -> f64 {
    // Written once: pages that were never written may all be one page of zeroes.
    let words = vec![1_u64; bytes / size_of::<u64>()];
    let part = words.len().div_ceil(threads);
    let pass = |places: usize| {
        let start = Instant::now();
        thread::scope(|scope| {
            for part in words.chunks(part) {
                scope.spawn(move || black_box(sum(black_box(part), places)));
            }
        });
        bytes as f64 / start.elapsed().as_secs_f64()
    };
    let passes = PLACES.into_iter().flat_map(|places| [places; PASSES]);
    passes.map(pass).fold(0.0, f64::max)
}

/// Reads every word once; the sum keeps the compiler from leaving that out.
fn sum(words: &[u64], places: usize) -> u64 {
    let mut lanes = [0_u64; LANES];
    let apart = (words.len() / places).next_multiple_of(RUN_WORDS);
    for at in (0..apart).step_by(RUN_WORDS) {
        for place in 0..places {
            let begin = (place * apart + at).min(words.len());
            let end = (begin + RUN_WORDS).min(words.len());
            for line in words[begin..end].chunks_exact(LANES) {
                for (lane, word) in lanes.iter_mut().zip(line) {
                    *lane = lane.wrapping_add(*word);
                }
            }
        }
    }
    lanes.iter().fold(0, |total, lane| total.wrapping_add(*lane))
}
