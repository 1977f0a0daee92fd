//! How many tokens of each sequence a step computes.

/// What a running sequence still has to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    /// 1 for an answer that is being written, more for a prompt.
    pub(super) tokens: usize,
    pub(super) ready: bool,
}

/// How much a step may take on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Tokens of prompts while no answer is being written.
    pub(super) prompt_tokens_alone: usize,
    /// Tokens of prompts while answers wait for their next token: bounds the time between two
    /// tokens of an answer when others arrive.
    pub(super) prompt_tokens_beside: usize,
}

impl Limits {
    pub(super) const DEFAULT: Self = Self { prompt_tokens_alone: 512, prompt_tokens_beside: 128 };
}

/// One number for each of `pending`: its tokens in the next step. Prompts are read in the order
/// of admission.
pub(super) fn compose(pending: &[Pending], limits: Limits) -> Vec<usize> {
    let writes = |one: &Pending| one.ready && one.tokens == 1;
    let mut budget = if pending.iter().any(writes) {
        limits.prompt_tokens_beside
    } else {
        limits.prompt_tokens_alone
    };
    let share = |one: &Pending| {
        if !one.ready {
            return 0;
        }
        if one.tokens <= 1 {
            return one.tokens;
        }
        let tokens = one.tokens.min(budget);
        budget -= tokens;
        tokens
    };
    pending.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { prompt_tokens_alone: 100, prompt_tokens_beside: 10 };

    /// Negative numbers are paused sequences.
    fn check(pending: &[i32], expected: &[usize]) {
        let pending: Vec<Pending> = pending
            .iter()
            .map(|&tokens| Pending { tokens: tokens.unsigned_abs() as usize, ready: tokens > 0 })
            .collect();
        assert_eq!(compose(&pending, LIMITS), expected, "{pending:?}");
    }

    #[test]
    fn prompts_alone_fill_the_step_in_order() {
        check(&[], &[]);
        check(&[40], &[40]);
        check(&[140], &[100]);
        check(&[40, 30, 50, 7], &[40, 30, 30, 0]);
    }

    #[test]
    fn answers_always_advance_and_prompts_take_little_beside_them() {
        check(&[1, 1, 1], &[1, 1, 1]);
        check(&[1, 140, 1, 20], &[1, 10, 1, 0]);
        check(&[4, 1, 140], &[4, 1, 6]);
    }

    #[test]
    fn paused_sequences_neither_advance_nor_hold_up_others() {
        check(&[-1, 140], &[0, 100]);
        check(&[-40, 1, -1, 30], &[0, 1, 0, 10]);
        check(&[-1, -20], &[0, 0]);
    }
}
