//! The forward pass alone: however a sequence is cut into batches, the logits are the same.

use cpu_kernels::{KvPrecision, Path, PathKind};
use engine_cpu::{Architecture, Direct, Model, Perturbation, checkpoint::Checkpoint};

use super::tiny_model::{Format, TinyModel, VOCABULARY};

const FORMATS: [Format; 4] = [Format::F32, Format::F16, Format::Q8_0, Format::Q4_1];

fn direct(
    model: &TinyModel,
    threads: usize,
    path: Path,
    perturbation: Option<&Perturbation>,
) -> Direct {
    Direct::new(load(model, perturbation), threads, path).expect("threads start")
}

/// As [`direct`], with keys and values in this precision.
fn keeping(precision: KvPrecision, model: &TinyModel, threads: usize, path: Path) -> Direct {
    let model = load(model, None).with_kv_precision(precision);
    Direct::new(model, threads, path).expect("threads start")
}

fn load(model: &TinyModel, perturbation: Option<&Perturbation>) -> Model {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    std::io::Write::write_all(&mut file, &model.bytes()).expect("written");
    let file = Checkpoint::open(file.path()).expect("a model file");
    Model::load_perturbed(&file, perturbation).expect("loaded")
}

fn tokens(count: u32) -> Vec<u32> {
    (0..count).map(|at| (at * 97 + at * at) % VOCABULARY).collect()
}

/// The logits after each token, computed in batches of these sizes.
fn logits(direct: &mut Direct, batches: &[usize]) -> Vec<f32> {
    let tokens = tokens(u32::try_from(batches.iter().sum::<usize>()).expect("few"));
    let mut rest = &tokens[..];
    let mut all = Vec::new();
    direct.restart();
    for &batch in batches {
        let (now, later) = rest.split_at(batch);
        all.extend_from_slice(direct.append_all(now).expect("computed"));
        rest = later;
    }
    all
}

fn largest_difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    assert!(left.iter().chain(right).all(|logit| logit.is_finite()), "logits are numbers");
    left.iter().zip(right).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max)
}

#[expect(clippy::cast_precision_loss, reason = "small")]
fn root_mean_square_difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    let squares = left.iter().zip(right).map(|(left, right)| (left - right).powi(2));
    (squares.sum::<f32>() / left.len() as f32).sqrt()
}

fn check(left: &[f32], right: &[f32], most: f32, what: &str) {
    let difference = largest_difference(left, right);
    assert!(difference <= most, "{what}: logits differ by {difference}");
}

#[test]
fn batched_equals_token_by_token() {
    for format in FORMATS {
        for everything in [false, true] {
            let model = TinyModel { everything, ..TinyModel::of(format) };
            let mut one = direct(&model, 1, Path::best(), None);
            let expected = logits(&mut one, &[1; 80]);
            for threads in [1, 2, 3] {
                let mut direct = direct(&model, threads, Path::best(), None);
                // Sizes for every way to divide a batch, and cuts inside blocks of the cache.
                for batches in [&[80][..], &[3, 1, 33, 4, 5, 34], &[31, 1, 48], &[64, 2, 14]] {
                    let what = format!("{format:?}, {threads} threads, {batches:?}");
                    check(&logits(&mut direct, batches), &expected, 2e-4, &what);
                }
            }
        }
    }
}

#[test]
fn every_family_is_the_same_in_batches() {
    for architecture in Architecture::ALL.map(Architecture::as_str) {
        // Six layers: with and without a window, with and without a rotary embedding.
        let everything = true;
        let experts = if architecture == "qwen3moe" { 5 } else { 0 };
        let tiny = TinyModel { architecture, experts, everything, ..TinyModel::of(Format::F32) };
        let model = TinyModel { layers: 6, ..tiny };
        let expected = logits(&mut direct(&model, 1, Path::SCALAR, None), &[1; 60]);
        for threads in [1, 2] {
            let mut direct = direct(&model, threads, Path::best(), None);
            // Divided by rows alone, by rows, and by tokens.
            for batches in [&[60][..], &[3, 1, 12, 4, 7, 33]] {
                let what = format!("{architecture}, {threads} threads, {batches:?}");
                check(&logits(&mut direct, batches), &expected, 2e-3, &what);
            }
        }
    }
}

#[test]
fn experts_are_the_same_in_batches() {
    for architecture in ["llama", "qwen3moe"] {
        for format in FORMATS {
            // More experts than a batch has rows, and fewer than a worker has tokens.
            for experts in [2, 40] {
                let model = TinyModel { architecture, experts, ..TinyModel::of(format) };
                let expected = logits(&mut direct(&model, 1, Path::best(), None), &[1; 40]);
                for threads in [1, 2, 3] {
                    let mut direct = direct(&model, threads, Path::best(), None);
                    for batches in [&[40][..], &[3, 1, 12, 4, 20]] {
                        let what = format!("{architecture}, {format:?}, {experts}, {threads}");
                        check(&logits(&mut direct, batches), &expected, 2e-4, &what);
                    }
                }
            }
        }
    }
}

/// More rows than are computed between two barriers.
#[test]
fn rounds_of_experts_add_up() {
    let model = TinyModel { experts: 3, ..TinyModel::of(Format::Q8_0) };
    let expected = logits(&mut direct(&model, 1, Path::best(), None), &[20; 20]);
    for threads in [1, 3] {
        let mut direct = direct(&model, threads, Path::best(), None);
        check(&logits(&mut direct, &[400]), &expected, 2e-4, "400 tokens at once");
    }
}

#[test]
fn every_path_agrees_with_plain_rust() {
    for format in FORMATS {
        let model = TinyModel::of(format);
        let expected = logits(&mut direct(&model, 2, Path::SCALAR, None), &[40, 1, 7]);
        for path in Path::available() {
            let logits = logits(&mut direct(&model, 2, path, None), &[40, 1, 7]);
            let what = format!("{format:?}, {}", path.name());
            match format {
                Format::F32 | Format::F16 => check(&logits, &expected, 1e-3, &what),
                // A sum that differs in its last bit may round an activation to the next of 255
                // codes, so single logits differ more.
                Format::Q8_0 | Format::Q4_1 => {
                    let difference = root_mean_square_difference(&logits, &expected);
                    assert!(difference < 0.03, "{what}: logits differ by {difference}");
                }
            }
        }
    }
    for kind in PathKind::ALL {
        if Path::select(kind).is_none() {
            println!("skipped: this processor lacks {kind:?}");
        }
    }
}

#[test]
fn a_wrong_number_is_seen() {
    let model = TinyModel { everything: true, ..TinyModel::of(Format::Q4_1) };
    let expected = logits(&mut direct(&model, 1, Path::best(), None), &[40]);
    for perturbation in [
        Perturbation::RopeFrequency { pair: 1, factor: 1.3 },
        Perturbation::Tensor { name: "blk.1.ffn_down.weight".to_owned(), factor: 1.1 },
        Perturbation::Tensor { name: "output_norm.weight".to_owned(), factor: 1.1 },
    ] {
        let wrong = logits(&mut direct(&model, 1, Path::best(), Some(&perturbation)), &[40]);
        let difference = largest_difference(&wrong, &expected);
        assert!(difference > 0.1, "{perturbation:?} changes the logits by {difference} only");
    }
}

#[test]
fn a_token_outside_of_the_vocabulary_is_refused() {
    let mut direct = direct(&TinyModel::default(), 1, Path::best(), None);
    direct.append(&[VOCABULARY]).expect_err("no such token");
}

/// What lets guesses of an answer be checked in one step: a token's figures are its own. With
/// attention over all positions, and over a window of some.
#[test]
fn no_bit_depends_on_the_tokens_beside() {
    for precision in KvPrecision::ALL {
        no_bit_depends(precision);
    }
}

fn no_bit_depends(precision: KvPrecision) {
    for (architecture, format) in FORMATS.map(|format| ("llama", format)).into_iter().chain([
        ("gemma3", Format::Q8_0),
        ("gemma3", Format::Q4_1),
        ("qwen3moe", Format::Q4_1),
    ]) {
        let experts = if architecture == "qwen3moe" { 5 } else { 0 };
        let model = TinyModel { architecture, experts, ..TinyModel::of(format) };
        // Plain Rust is slow here, and has no groups of tokens.
        for path in Path::available().into_iter().filter(|path| *path != Path::SCALAR) {
            let mut direct = keeping(precision, &model, 2, path);
            let alone = logits(&mut direct, &[1; 150]);
            for batches in [&[100, 8, 8, 8, 8, 8, 8, 2][..], &[90, 3, 5, 7, 2, 8, 6, 4, 25]] {
                let together = logits(&mut direct, batches);
                let differ = |(left, right): (&f32, &f32)| left.to_bits() != right.to_bits();
                let at = alone.iter().zip(&together).position(differ);
                let token = at.map(|at| at / VOCABULARY as usize);
                let what = format!("{precision:?}, {format:?}, {}, {batches:?}", path.name());
                assert_eq!(token, None, "{what}");
            }
        }
    }
}

/// Rounding keys and values to bytes changes figures, and little.
#[test]
fn eight_bits_stay_near_half_precision() {
    for architecture in ["llama", "gemma3", "qwen3"] {
        let model = TinyModel { architecture, ..TinyModel::of(Format::F32) };
        for path in Path::available() {
            let half = logits(&mut keeping(KvPrecision::F16, &model, 2, path), &[40, 1, 7, 32]);
            let bytes = logits(&mut keeping(KvPrecision::Q8, &model, 2, path), &[40, 1, 7, 32]);
            let difference = root_mean_square_difference(&half, &bytes);
            assert!((1e-4..0.02).contains(&difference), "{architecture}: {difference}");
        }
    }
}
