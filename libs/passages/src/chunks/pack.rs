//! How many sentences go into one chunk.

use super::{ChunkLimits, Unit};

/// Splits the units of a section into chunks. `context` counts the tokens of what a chunk that
/// begins with a unit repeats from before it.
pub(super) fn pack(
    units: &[Unit],
    limits: ChunkLimits,
    context: impl Fn(&Unit) -> usize,
) -> Vec<&[Unit]> {
    let mut packed = Vec::new();
    let mut rest = units;
    let mut left = tokens(units);
    while let Some(first) = rest.first() {
        let repeated = context(first).min(limits.max / 2);
        let length = length(rest, repeated, limits, enough(left + repeated, limits));
        let Some((chunk, after)) = rest.split_at_checked(length) else { break };
        packed.push(chunk);
        left = left.saturating_sub(tokens(chunk));
        rest = after;
    }
    packed
}

/// Tokens after which a chunk is closed. What is too much for one chunk and too little for two
/// full ones is shared by two, so that no chunk of a sentence or two is left over.
fn enough(left: usize, limits: ChunkLimits) -> usize {
    let shared = left > limits.max && left < limits.min.saturating_add(limits.max);
    if shared { left.div_ceil(2) } else { limits.max }
}

/// How many of `units` the next chunk takes: at least one.
fn length(units: &[Unit], repeated: usize, limits: ChunkLimits, enough: usize) -> usize {
    let mut held = repeated;
    let mut previous = None;
    for (index, unit) in units.iter().enumerate() {
        if let Some(block) = previous {
            let full = held >= enough || held.saturating_add(unit.tokens) > limits.max;
            if full || (block != unit.block && is_split(units, index, held, limits)) {
                return index;
            }
        }
        held = held.saturating_add(unit.tokens);
        previous = Some(unit.block);
    }
    units.len()
}

/// Whether the block that begins at `index` would be split although the chunk is long enough
/// without it.
fn is_split(units: &[Unit], index: usize, held: usize, limits: ChunkLimits) -> bool {
    if held < limits.min {
        return false;
    }
    let rest = units.get(index..).unwrap_or_default();
    let block = rest.first().map(|unit| unit.block);
    let mut total = held;
    for unit in rest.iter().take_while(|unit| Some(unit.block) == block) {
        total = total.saturating_add(unit.tokens);
        if total > limits.max {
            return true;
        }
    }
    false
}

fn tokens(units: &[Unit]) -> usize {
    units.iter().fold(0, |sum, unit| sum.saturating_add(unit.tokens))
}
