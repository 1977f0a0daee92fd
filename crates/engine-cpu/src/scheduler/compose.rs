//! How many tokens of each sequence a step computes.

use super::fairness::Claim;

/// Up to this many rows a step costs little more than with one: the weights are read once, and a
/// group of the kernels holds them all.
pub(super) const STEP_ROWS_CHEAP: usize = 8;

/// What a running sequence still has to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) claim: Claim,
    /// 1 for an answer that is being written, more for a prompt.
    pub(super) tokens: usize,
    pub(super) ready: bool,
}

impl Pending {
    fn writes(&self) -> bool {
        self.ready && self.tokens == 1
    }

    fn reads(&self) -> bool {
        self.ready && self.tokens > 1
    }
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

/// One number for each of `pending`: its tokens in the next step. Prompts of the highest priority
/// are read first. Organisations share them evenly; what one does not need goes to the others.
/// Prompts of one organisation are read in the order of admission.
pub(super) fn compose(pending: &[Pending], limits: Limits) -> Vec<usize> {
    let mut chunks: Vec<usize> = pending.iter().map(|one| usize::from(one.writes())).collect();
    let mut budget = if pending.iter().any(Pending::writes) {
        limits.prompt_tokens_beside
    } else {
        limits.prompt_tokens_alone
    };
    while budget > 0 {
        let claims = claims_to_serve(pending, &chunks);
        if claims.is_empty() {
            break;
        }
        let share = budget.div_ceil(claims.len());
        for claim in claims {
            let own = |one: &Pending| one.reads() && one.claim == claim;
            let mut share = share.min(budget);
            for (one, chunk) in pending.iter().zip(&mut chunks).filter(|(one, _)| own(one)) {
                let tokens = (one.tokens - *chunk).min(share);
                *chunk += tokens;
                share -= tokens;
                budget -= tokens;
            }
        }
    }
    chunks
}

/// Those of the highest priority whose prompts are not all taken on, each once.
fn claims_to_serve(pending: &[Pending], chunks: &[usize]) -> Vec<Claim> {
    let unread =
        || pending.iter().zip(chunks).filter(|(one, chunk)| one.reads() && **chunk < one.tokens);
    let Some(highest) = unread().map(|(one, _)| one.claim.priority).min() else {
        return Vec::new();
    };
    let mut claims = Vec::new();
    for (one, _) in unread().filter(|(one, _)| one.claim.priority == highest) {
        if !claims.contains(&one.claim) {
            claims.push(one.claim);
        }
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::{super::fairness::tests::claim, *};

    const LIMITS: Limits = Limits { prompt_tokens_alone: 100, prompt_tokens_beside: 10 };

    /// Negative numbers are paused sequences. A letter is an organisation, lower case background.
    fn check_shared(pending: &[(char, i32)], expected: &[usize]) {
        let pending: Vec<Pending> = pending
            .iter()
            .map(|&(letter, tokens)| Pending {
                claim: claim(letter),
                tokens: tokens.unsigned_abs() as usize,
                ready: tokens > 0,
            })
            .collect();
        assert_eq!(compose(&pending, LIMITS), expected, "{pending:?}");
    }

    fn check(pending: &[i32], expected: &[usize]) {
        let pending: Vec<(char, i32)> = pending.iter().map(|&tokens| ('A', tokens)).collect();
        check_shared(&pending, expected);
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

    #[test]
    fn organisations_share_the_step_and_leave_what_they_do_not_need() {
        check_shared(&[('A', 400), ('A', 30), ('B', 400)], &[50, 0, 50]);
        check_shared(&[('A', 400), ('B', 20)], &[80, 20]);
        check_shared(&[('A', 20), ('A', 40), ('B', 400), ('C', 5)], &[20, 28, 47, 5]);
        check_shared(&[('A', 400), ('B', 1), ('C', 400)], &[5, 1, 5]);
    }

    #[test]
    fn background_reads_what_is_left() {
        check_shared(&[('a', 400), ('B', 30), ('c', 400)], &[35, 30, 35]);
        check_shared(&[('a', 400), ('B', 300)], &[0, 100]);
        check_shared(&[('a', 1), ('B', 300)], &[1, 10]);
    }
}
