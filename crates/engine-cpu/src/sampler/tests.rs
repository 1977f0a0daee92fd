use std::cmp::Reverse;

use proptest::prelude::*;

use super::*;

fn greedy() -> Sampling {
    Sampling { temperature: 0.0, ..Sampling::default() }
}

fn sample(settings: &Sampling, logits: &[f32]) -> Choice {
    Sampler::new(settings, 1).sample(&mut logits.to_vec())
}

/// How often each token is chosen in a thousand draws.
fn counts(settings: &Sampling, logits: &[f32]) -> Vec<u32> {
    let mut sampler = Sampler::new(settings, 42);
    let mut counts = vec![0; logits.len()];
    for _ in 0..1_000 {
        counts[sampler.sample(&mut logits.to_vec()).token as usize] += 1;
    }
    counts
}

/// Logits of a vocabulary of a realistic size, deterministic and without order.
fn many_logits(count: u32) -> Vec<f32> {
    let mut state = 12_345_u32;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 16).unwrap()) / 8_192.0 - 4.0
        })
        .collect()
}

#[test]
fn temperature_zero_takes_the_largest_logit_and_the_lowest_id() {
    for (logits, expected) in [
        (&[1.0, 3.0, 2.0][..], 1),
        (&[2.0, 5.0, 5.0, 5.0], 1),
        (&[f32::NAN, -1.0, f32::NAN], 1),
        (&[f32::NEG_INFINITY, f32::NEG_INFINITY, -9.0], 2),
        (&[0.0, f32::INFINITY], 1),
        (&[f32::NAN], 0),
        (&[], 0),
    ] {
        assert_eq!(sample(&greedy(), logits).token, expected, "{logits:?}");
    }
}

#[test]
fn unusable_logits_are_never_drawn() {
    let settings = Sampling { temperature: 1.0, ..Sampling::default() };
    for restricted in [
        settings.clone(),
        Sampling { top_k: Some(3), ..settings.clone() },
        Sampling { top_p: 0.99, ..settings.clone() },
        Sampling { min_p: 0.01, ..settings },
    ] {
        let counts = counts(&restricted, &[f32::NAN, 1.0, f32::NEG_INFINITY, 1.0]);
        assert_eq!((counts[0], counts[2]), (0, 0), "{restricted:?}");
        assert!(counts[1] > 400 && counts[3] > 400, "{restricted:?}");
        assert_eq!(sample(&restricted, &[f32::NAN, f32::NEG_INFINITY]).token, 0);
        assert_eq!(sample(&restricted, &[0.0, f32::INFINITY]).token, 1);
        assert_eq!(sample(&restricted, &[]).token, 0);
    }
}

#[test]
fn draws_follow_the_probabilities() {
    // Probabilities 1/8, 5/8, 2/8.
    let logits = [0.0, 5.0_f32.ln(), 2.0_f32.ln()];
    let check = |settings: Sampling, expected: [u32; 3]| {
        let counts = counts(&settings, &logits);
        for (count, expected) in counts.iter().zip(expected) {
            let tolerance = if expected == 0 { 0 } else { 50 };
            assert!(count.abs_diff(expected) <= tolerance, "{settings:?}: {counts:?}");
        }
    };
    let settings = Sampling { temperature: 1.0, ..Sampling::default() };
    check(settings.clone(), [125, 625, 250]);
    check(Sampling { temperature: 0.5, ..settings.clone() }, [33, 833, 133]);
    check(Sampling { temperature: 100.0, ..settings.clone() }, [333, 333, 333]);
    check(Sampling { temperature: 1e-30, ..settings.clone() }, [0, 1_000, 0]);
    check(Sampling { top_k: Some(2), ..settings.clone() }, [0, 714, 286]);
    check(Sampling { top_k: Some(0), ..settings.clone() }, [125, 625, 250]);
    check(Sampling { top_k: Some(99), ..settings.clone() }, [125, 625, 250]);
    check(Sampling { top_p: 0.8, ..settings.clone() }, [0, 714, 286]);
    check(Sampling { top_p: 0.6, ..settings.clone() }, [0, 1_000, 0]);
    check(Sampling { top_p: 0.0, ..settings.clone() }, [0, 1_000, 0]);
    check(Sampling { min_p: 0.3, ..settings.clone() }, [0, 714, 286]);
    check(Sampling { min_p: 1.0, ..settings.clone() }, [0, 1_000, 0]);
    // Of the two that top-k leaves, the first has 5/7 of the probability.
    check(Sampling { top_k: Some(2), top_p: 0.7, ..settings.clone() }, [0, 1_000, 0]);
    check(Sampling { top_k: Some(2), top_p: 0.72, ..settings }, [0, 714, 286]);
}

#[test]
fn penalties_lower_what_was_said() {
    let check = |settings: Sampling, expected: u32| {
        let mut sampler = Sampler::new(&settings, 1);
        sampler.accept_prompt(&[0, 0, 7_000]);
        sampler.accept(1);
        sampler.accept(1);
        assert_eq!(sampler.sample(&mut [4.0, 3.0, 1.5, -2.0]).token, expected, "{settings:?}");
    };
    check(greedy(), 0);
    check(Sampling { repetition_penalty: 1.2, ..greedy() }, 0);
    check(Sampling { repetition_penalty: 3.0, ..greedy() }, 2);
    check(Sampling { repetition_penalty: 0.5, presence_penalty: 9.0, ..greedy() }, 0);
    // Presence and frequency count the answer, not the prompt.
    check(Sampling { presence_penalty: 5.0, frequency_penalty: 5.0, ..greedy() }, 0);
    check(Sampling { logit_bias: vec![(0, -2.0)], ..greedy() }, 1);
    check(Sampling { logit_bias: vec![(0, -2.0)], presence_penalty: 1.1, ..greedy() }, 0);
    check(Sampling { logit_bias: vec![(0, -9.0)], frequency_penalty: 0.8, ..greedy() }, 2);
    check(Sampling { logit_bias: vec![(3, 99.0), (99_999, 1.0)], ..greedy() }, 3);
    let mut sampler = Sampler::new(&Sampling { repetition_penalty: 2.0, ..greedy() }, 1);
    sampler.accept_prompt(&[0]);
    assert_eq!(sampler.sample(&mut [-1.0, -1.5]).token, 1, "negative logits are multiplied");
}

#[test]
fn forbidden_tokens_are_not_chosen_until_allowed() {
    let biased = Sampling { logit_bias: vec![(1, 100.0)], ..greedy() };
    let mut sampler = Sampler::new(&biased, 1);
    sampler.forbid(&[1, 2, 99_999]);
    assert_eq!(sampler.sample(&mut [0.0, 5.0, 4.0, 3.0]).token, 3);
    sampler.forbid(&[]);
    assert_eq!(sampler.sample(&mut [0.0, 5.0, 4.0, 3.0]).token, 1);
}

#[test]
fn reported_probabilities_are_the_models_own() {
    let logits = [0.0, 5.0_f32.ln(), 2.0_f32.ln()];
    let settings =
        Sampling { temperature: 0.0, logit_bias: vec![(0, 50.0)], ..Sampling::default() };
    let mut sampler = Sampler::new(&settings, 1);
    let close = |choice: Choice, token, probability: f32| {
        assert_eq!(choice.token, token);
        assert!((choice.logprob - probability.ln()).abs() < 1e-5, "{choice:?}");
    };
    let best = sampler.most_likely(&logits, 2).to_vec();
    assert_eq!(best.len(), 2);
    close(best[0], 1, 0.625);
    close(best[1], 2, 0.25);
    assert_eq!(sampler.most_likely(&logits, 0), []);
    assert_eq!(sampler.most_likely(&logits, 10).len(), 3);
    close(sampler.sample(&mut logits.to_vec()), 0, 0.125);
}

#[test]
fn a_seed_fixes_the_draws() {
    let settings = Sampling { temperature: 1.0, top_p: 0.95, ..Sampling::default() };
    let logits = many_logits(49_152);
    let draw = |seed| {
        let mut sampler = Sampler::new(&settings, seed);
        (0..8).map(|_| sampler.sample(&mut logits.clone()).token).collect::<Vec<_>>()
    };
    // Recorded: other tokens here mean that old seeds give other texts.
    assert_eq!(draw(1), [33_741, 9_372, 20_611, 25_768, 28_785, 6_662, 17_895, 15_929]);
    assert_ne!(draw(1), draw(2));
}

proptest! {
    #[test]
    fn the_head_equals_a_full_sort(
        picks in proptest::collection::vec(-50_i8..50, 1..400),
        count in 0_usize..420,
        share in 0.01_f32..1.0,
    ) {
        let logits: Vec<f32> = picks.iter().map(|&pick| f32::from(pick) / 8.0).collect();
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by_key(|&place| (Reverse(picks[place]), place));
        let tokens = |kept: &[Candidate]| {
            kept.iter().map(|one| one.token as usize).collect::<Vec<_>>()
        };
        let mut head = Head::default();
        let kept = tokens(head.select(&logits, count));
        prop_assert_eq!(kept, &order[..count.min(logits.len())]);

        let largest = maximum(&logits);
        let weight = |place: &usize| f64::from(exp(logits[*place] - largest));
        let all: f64 = order.iter().map(weight).sum();
        let kept = head.select_share(&logits, largest, share);
        let reached = |count: usize| order[..count].iter().map(weight).sum::<f64>() / all;
        prop_assert!(reached(kept) >= f64::from(share) - 1e-5);
        prop_assert!(kept == 1 || reached(kept - 1) <= f64::from(share) + 1e-5);
    }
}
