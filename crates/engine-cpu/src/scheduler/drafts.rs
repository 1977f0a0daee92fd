//! Guesses of the tokens that come next, to be checked in one step.
//!
//! An answer often repeats what was said before: a name, a passage of the prompt, a line of code.
//! When its last tokens occurred earlier, the tokens that followed there are computed together with
//! the next one. A guess costs a fraction of a step, since the weights are read once for all. Each
//! position's token is then chosen as if alone: guesses change how soon an answer comes, and never
//! what it says.

/// So many last tokens must have occurred before.
const PATTERN: usize = 3;

/// Most guesses at a time: with the token they follow, they fill a group of the kernels.
pub(super) const GUESSES_MAX: usize = 7;

/// Steps without guesses after several that were all wrong.
const PAUSE_MAX: u32 = 64;

/// How far guesses of one answer have proved right.
#[derive(Debug)]
pub(super) struct Drafts {
    length: usize,
    pause: u32,
    misses: u32,
}

impl Default for Drafts {
    fn default() -> Self {
        Self { length: 3, pause: 0, misses: 0 }
    }
}

impl Drafts {
    /// Up to `most` tokens that may follow `tokens`.
    pub(super) fn guess(&mut self, tokens: &[u32], most: usize) -> Vec<u32> {
        if self.pause > 0 {
            self.pause -= 1;
            return Vec::new();
        }
        follows(tokens, most.min(self.length))
    }

    /// Tells how many of `guessed` tokens were right.
    pub(super) fn learn(&mut self, guessed: usize, right: usize) {
        if guessed == 0 {
            return;
        }
        if right == 0 {
            self.misses = (self.misses + 1).min(PAUSE_MAX.ilog2());
            self.pause = (1 << self.misses) - 1;
            self.length = 1;
            return;
        }
        self.misses = 0;
        self.length = if right == guessed { 2 * guessed + 1 } else { right + 1 }.min(GUESSES_MAX);
    }
}

/// `count` tokens from where the last ones occurred before. When these run into the end they go on
/// with themselves: what was repeated is repeated again.
fn follows(tokens: &[u32], count: usize) -> Vec<u32> {
    let Some((earlier, pattern)) = tokens.split_last_chunk::<PATTERN>() else { return Vec::new() };
    // An occurrence may reach into the pattern itself, as in a word repeated.
    let end = earlier.len() + PATTERN - 1;
    let Some(at) = tokens[..end].windows(PATTERN).rposition(|window| window == pattern) else {
        return Vec::new();
    };
    tokens[at + PATTERN..].iter().copied().cycle().take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tokens: &[u32], expected: &[u32]) {
        assert_eq!(follows(tokens, 5), expected, "{tokens:?}");
    }

    #[test]
    fn what_followed_last_time_is_guessed() {
        check(&[], &[]);
        check(&[1, 2, 3], &[]);
        check(&[1, 2, 3, 4, 5], &[]);
        check(&[1, 2, 3, 9, 8, 7, 6, 1, 2, 3], &[9, 8, 7, 6, 1]);
        check(&[1, 2, 3, 8, 1, 2, 3, 9, 1, 2, 3], &[9, 1, 2, 3, 9]);
        check(&[1, 2, 3, 8, 0, 2, 3], &[]);
        check(&[7, 7, 7, 7], &[7, 7, 7, 7, 7]);
        check(&[0, 5, 6, 5, 6, 5, 6], &[5, 6, 5, 6, 5]);
    }

    #[test]
    fn guesses_grow_while_right_and_pause_while_wrong() {
        let tokens: Vec<u32> = (0..20).chain(0..10).collect();
        let mut drafts = Drafts::default();
        let guess = |drafts: &mut Drafts, right: usize| {
            let guessed = drafts.guess(&tokens, GUESSES_MAX).len();
            drafts.learn(guessed, right.min(guessed));
            guessed
        };
        let right: Vec<usize> = (0..3).map(|_| guess(&mut drafts, 7)).collect();
        assert_eq!(right, [3, 7, 7]);
        let partly: Vec<usize> = (0..2).map(|_| guess(&mut drafts, 2)).collect();
        assert_eq!(partly, [7, 3]);
        let wrong: Vec<usize> = (0..12).map(|_| guess(&mut drafts, 0)).collect();
        assert_eq!(wrong, [3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
        let long: usize = (0..2000).map(|_| guess(&mut drafts, 0)).sum();
        assert!((20..40).contains(&long), "a hopeless answer is hardly slowed: {long}");
        drafts.pause = 0;
        assert_eq!([guess(&mut drafts, 7), guess(&mut drafts, 7)], [1, 3]);
        assert_eq!(drafts.guess(&tokens, 2).len(), 2, "no more than asked for");
    }
}
