//! How positions turn queries and keys.

use std::f64::consts::TAU;

use cpu_kernels::RopeStyle;

/// The rotary embedding of some layers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rope {
    pub style: RopeStyle,
    /// How many values of each head are rotated, from the first on.
    pub dims: usize,
    pub base: f32,
    pub scaling: PositionScaling,
    /// What turned values are multiplied by.
    pub amplitude: f32,
}

/// How a model reaches further than it was first trained for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PositionScaling {
    None,
    /// Positions are divided by a factor.
    Linear {
        factor: f32,
    },
    Yarn(Yarn),
}

/// `YaRN`: slow frequencies are divided by the factor, fast ones stay, those between are mixed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Yarn {
    pub factor: f32,
    /// The context that the model was first trained for.
    pub original_context: f32,
    /// Turns within that context from which on a frequency stays.
    pub fast_turns: f32,
    /// Turns up to which a frequency is divided.
    pub slow_turns: f32,
}

impl Rope {
    /// How fast each pair turns: `base^(-2i / dims)`, scaled.
    #[expect(clippy::cast_precision_loss, reason = "dimensions are small")]
    pub(super) fn frequencies(&self) -> impl Iterator<Item = f32> {
        let step = f64::from(self.base).powf(-2.0 / self.dims as f64);
        (0..self.dims / 2).map(move |pair| {
            let frequency = step.powi(i32::try_from(pair).unwrap_or(i32::MAX));
            let scaled = match self.scaling {
                PositionScaling::None => frequency,
                PositionScaling::Linear { factor } => frequency / f64::from(factor),
                PositionScaling::Yarn(yarn) => {
                    let kept = yarn.kept(self, pair as f64);
                    frequency * (kept + (1.0 - kept) / f64::from(yarn.factor))
                }
            };
            #[expect(clippy::cast_possible_truncation, reason = "single precision is wanted")]
            let scaled = scaled as f32;
            scaled
        })
    }
}

impl Yarn {
    /// How much of the frequency of a pair stays, from 0 to 1.
    fn kept(&self, rope: &Rope, pair: f64) -> f64 {
        let first = self.pair_of(rope, self.fast_turns).floor().max(0.0);
        #[expect(clippy::cast_precision_loss, reason = "dimensions are small")]
        let last = self.pair_of(rope, self.slow_turns).ceil().min(rope.dims as f64 - 1.0);
        1.0 - ((pair - first) / (last - first).max(0.001)).clamp(0.0, 1.0)
    }

    /// The pair that turns so often within the original context.
    fn pair_of(&self, rope: &Rope, turns: f32) -> f64 {
        let longest = f64::from(self.original_context) / (f64::from(turns) * TAU);
        #[expect(clippy::cast_precision_loss, reason = "dimensions are small")]
        let half = rope.dims as f64 / 2.0;
        half * longest.ln() / f64::from(rope.base).ln()
    }

    /// The amplitude that makes up for the flatter attention over a longer context.
    pub(super) fn amplitude(&self, multiplier: f32) -> f32 {
        let measure = |multiplier: f32| {
            if self.factor <= 1.0 { 1.0 } else { 0.1 * multiplier * self.factor.ln() + 1.0 }
        };
        if multiplier == 0.0 { measure(1.0) } else { measure(1.0) / measure(multiplier) }
    }
}
