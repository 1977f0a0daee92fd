//! The generator behind seeded answers: xoshiro256++ by Blackman and Vigna (public domain),
//! its state filled by `SplitMix64` as its authors advise. Part of what a seed promises: never
//! exchange it, or old seeds give other texts.

use super::likelihood::sum;

/// Weights that are added up together, to find a place without adding them one by one.
const RUN: usize = 1_024;

#[derive(Clone, Debug)]
pub(super) struct Random {
    state: [u64; 4],
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        let mut counter = seed;
        let state = std::array::from_fn(|_| {
            counter = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (counter ^ (counter >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        });
        Self { state }
    }

    fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// In [0, 1), with all 53 bits that a double has.
    fn unit(&mut self) -> f64 {
        const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0;
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let bits = (self.next() >> 11) as f64;
        bits * UNIT
    }

    /// A place, as likely as its weight; `None` when the weights have no usable sum.
    /// Takes one number from the generator in any case, so that draws stay in step.
    pub(super) fn weighted(&mut self, weights: &[f32]) -> Option<usize> {
        let unit = self.unit();
        let total: f64 = weights.chunks(RUN).map(sum).sum();
        if !(total > 0.0 && total.is_finite()) {
            return None;
        }
        let point = unit * total;
        let mut before = 0.0;
        for (run, weights) in weights.chunks(RUN).enumerate() {
            let after = before + sum(weights);
            if after > point {
                return Some(run * RUN + place_in(weights, point - before));
            }
            before = after;
        }
        // Rounding may leave the point at the very end.
        weights.iter().rposition(|&weight| weight > 0.0)
    }
}

/// The place whose weight reaches beyond `point`, or the last one with a weight.
fn place_in(weights: &[f32], point: f64) -> usize {
    let mut reached = 0.0;
    let mut last = 0;
    for (place, &weight) in weights.iter().enumerate() {
        if weight > 0.0 {
            reached += f64::from(weight);
            last = place;
            if reached > point {
                break;
            }
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    /// State 1, 2, 3, 4: the first numbers of the authors' C program.
    #[test]
    fn the_generator_is_the_published_one() {
        let mut random = Random { state: [1, 2, 3, 4] };
        let numbers: Vec<u64> = (0..4).map(|_| random.next()).collect();
        assert_eq!(numbers, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
        assert_eq!(Random::new(0).state[0], 0xe220_a839_7b1d_cdaf, "SplitMix64 of 0");
    }

    #[test]
    fn weights_are_respected() {
        let mut random = Random::new(7);
        let mut counts = [0_u32; 4];
        for _ in 0..10_000 {
            counts[random.weighted(&[1.0, 0.0, 2.0, 1.0]).unwrap()] += 1;
        }
        for (count, expected) in counts.into_iter().zip([2_500, 0, 5_000, 2_500]) {
            assert!(count.abs_diff(expected) < 200, "{counts:?}");
        }
        for unusable in [&[][..], &[0.0, 0.0], &[f32::NAN], &[f32::INFINITY]] {
            assert_eq!(random.weighted(unusable), None);
        }
    }
}
