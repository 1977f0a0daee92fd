//! Whatever is asked in whatever order and at whatever times, a limit is passed by one request at
//! most, and what was not used is given back.

use std::{collections::VecDeque, thread};

use domain::{AccountId, KeyId, Permissions, Principal, ProjectId};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{MicroEuros, budget::BudgetId};

const KEY: BudgetScope = BudgetScope::Key(KeyId::from_uuid(Uuid::from_u128(4)));

fn caller() -> Caller {
    Caller {
        organisation: OrganisationId::from_uuid(Uuid::from_u128(1)),
        project: ProjectId::from_uuid(Uuid::from_u128(2)),
        account: AccountId::from_uuid(Uuid::from_u128(3)),
        principal: Principal::Key(KeyId::from_uuid(Uuid::from_u128(4))),
        permissions: Permissions::NONE,
    }
}

fn model() -> ModelId {
    "m".parse().unwrap()
}

fn limit(scope: BudgetScope, quantity: BudgetQuantity, amount: u64) -> Budget {
    let id = BudgetId { scope, quantity };
    Budget { organisation: caller().organisation, id, amount }
}

fn book(limits: &[Budget]) -> Arc<Book> {
    let book = Arc::new(Book::default());
    let begin = (caller().organisation, at(0));
    book.begin(begin, limits, (&[], &Prices::default()));
    book
}

/// 2026-01-01 and so many seconds.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000).plus_seconds(seconds)
}

/// A euro for a million tokens of either kind.
fn price() -> Price {
    let euro = MicroEuros(1_000_000);
    Price { prompt_per_million: euro, completion_per_million: euro }
}

fn reserve(book: &Arc<Book>, tokens: u64, now: Timestamp) -> Result<Reservation, BudgetExceeded> {
    let model = model();
    let wanted = Wanted { model: &model, prompt_tokens: tokens, completion_tokens_max: 0 };
    book.reserve(&caller(), &wanted, (price(), now))
}

/// What [`Reservation::settle`] does, without a footprint.
fn settle(reservation: &Reservation, tokens: u64) {
    let held = reservation.take().unwrap();
    let microeuros = price().of(tokens, 0).0;
    reservation.book.settle(&held, Amounts { tokens, microeuros, millijoules: tokens * 10 });
}

fn standing(book: &Book, budget: Budget, now: Timestamp) -> (u64, u64) {
    let standing = book.standing(budget, now);
    (standing.used, standing.held)
}

#[test]
fn the_last_of_a_limit_may_be_used_and_no_more() {
    let tokens = limit(KEY, BudgetQuantity::TokensPerMonth, 100);
    let book = book(&[tokens]);
    let first = reserve(&book, 99, at(0)).unwrap();
    let second = reserve(&book, 50, at(0)).unwrap();
    let refused = reserve(&book, 1, at(0)).unwrap_err();
    assert_eq!((refused.code(), refused.retry_after_seconds()), ("budget.exceeded", 2));
    assert!(!refused.is_used_up, "what runs may leave something");
    settle(&first, 60);
    settle(&second, 30);
    assert_eq!(standing(&book, tokens, at(0)), (90, 0));
    settle(&reserve(&book, 40, at(0)).unwrap(), 40);
    assert_eq!(standing(&book, tokens, at(0)), (130, 0), "one request over");
    let refused = reserve(&book, 1, at(10)).unwrap_err();
    assert!(refused.is_used_up);
    assert_eq!(refused.resets_at.to_string(), "2026-02-01T00:00:00Z");
    assert_eq!(refused.retry_after_seconds(), 31 * 86_400 - 10);
    reserve(&book, 1, at(31 * 86_400)).expect("another month");
}

#[test]
fn a_refusal_by_one_scope_counts_for_none() {
    let organisation = limit(BudgetScope::Organisation, BudgetQuantity::TokensPerMonth, 0);
    let key = limit(KEY, BudgetQuantity::RequestsPerMinute, 1);
    let book = book(&[organisation, key]);
    for _ in 0..3 {
        let refused = reserve(&book, 10, at(0)).unwrap_err();
        assert_eq!(refused.scope, BudgetScope::Organisation);
    }
    assert_eq!(standing(&book, key, at(0)), (0, 0));
}

#[test]
fn what_never_started_is_given_back() {
    let all = BudgetQuantity::ALL.map(|quantity| limit(KEY, quantity, 1));
    let book = book(&all);
    for second in 0..5 {
        drop(reserve(&book, 10, at(second)).unwrap());
    }
    for budget in all {
        assert_eq!(standing(&book, budget, at(5)), (0, 0), "{}", budget.id);
    }
}

#[test]
fn what_costs_nothing_is_let_through_without_money() {
    let book = book(&[limit(KEY, BudgetQuantity::EurosPerMonth, 0)]);
    let model = model();
    let wanted = Wanted { model: &model, prompt_tokens: 9, completion_tokens_max: 9 };
    let free = book.reserve(&caller(), &wanted, (Price::default(), at(0)));
    free.expect("nothing is paid for it");
    let refused = book.reserve(&caller(), &wanted, (price(), at(0))).unwrap_err();
    assert_eq!(refused.quantity, BudgetQuantity::EurosPerMonth);
}

#[test]
fn all_answers_of_a_request_are_held_and_its_prompts_once() {
    let tokens = limit(KEY, BudgetQuantity::TokensPerMonth, 1_000);
    let book = book(&[tokens]);
    let model = model();
    let short = Wanted::chat(&model, 10, 100, Some(20)).answers(3);
    let whole = Wanted::chat(&model, 5, 100, None).answers(3);
    let wanted = [short, whole].into_iter().fold(Wanted::nothing(&model), Wanted::plus);
    let reservation = book.reserve(&caller(), &wanted, (price(), at(0))).unwrap();
    assert_eq!(standing(&book, tokens, at(0)), (0, 10 + 3 * 20 + 5 + 3 * 95));
    settle(&reservation, 40);
    assert_eq!(standing(&book, tokens, at(0)), (40, 0));
}

#[test]
fn energy_is_expected_as_it_was_seen() {
    let energy = limit(KEY, BudgetQuantity::KilowattHoursPerMonth, 1_000);
    let book = book(&[energy]);
    settle(&reserve(&book, 20, at(0)).unwrap(), 20);
    assert_eq!(standing(&book, energy, at(0)), (200, 0));
    let held = reserve(&book, 79, at(0)).unwrap();
    assert_eq!(standing(&book, energy, at(0)), (200, 790), "ten a token");
    drop(held);
}

#[test]
fn energy_is_expected_as_it_is_declared() {
    let joules = |value| carbon_ledger::Joules::new(value).unwrap();
    let declared = TokenEnergy { prompt: joules(0.02), completion: joules(0.5) };
    let energy = limit(KEY, BudgetQuantity::KilowattHoursPerMonth, 1_000);
    let book = Arc::new(Book::new(HashMap::from([(model(), declared)])));
    book.begin((caller().organisation, at(0)), &[energy], (&[], &Prices::default()));
    let first = reserve(&book, 60, at(0)).unwrap();
    assert_eq!(standing(&book, energy, at(0)), (0, 1_200), "before anything was seen");
    reserve(&book, 1, at(0)).expect_err("all of it is held");
    settle(&first, 20);
    let held = reserve(&book, 10, at(0)).unwrap();
    assert_eq!(
        standing(&book, energy, at(0)),
        (200, 200),
        "ten a token were seen, more is declared"
    );
    drop(held);
}

#[test]
fn a_limit_of_nothing_is_asked_again_after_a_minute() {
    for quantity in [BudgetQuantity::RequestsPerMinute, BudgetQuantity::TokensPerMinute] {
        let refused = reserve(&book(&[limit(KEY, quantity, 0)]), 1, at(0)).unwrap_err();
        assert_eq!((refused.code(), refused.retry_after_seconds()), ("rate.limited", 60));
    }
}

#[test]
fn whoever_has_no_limit_is_forgotten_when_the_month_is_over() {
    let tokens = limit(BudgetScope::Organisation, BudgetQuantity::TokensPerMonth, 100);
    let of_key = limit(KEY, BudgetQuantity::TokensPerMonth, 100);
    let book = book(&[tokens]);
    let organisation = caller().organisation;
    let meters = |seconds: i64| {
        book.put_limits(organisation, at(seconds), &[tokens]);
        book.lock()[&organisation].meters.len()
    };
    settle(&reserve(&book, 7, at(0)).unwrap(), 7);
    drop(reserve(&book, 7, at(0)).unwrap());
    assert_eq!(meters(120), 4, "this month counts for a limit that is set later");
    book.put_limits(organisation, at(240), &[tokens, of_key]);
    assert_eq!(standing(&book, of_key, at(240)), (7, 0));
    let next = 31 * 86_400;
    let running = reserve(&book, 9, at(next)).unwrap();
    assert_eq!(meters(2 * next), 4, "a request runs");
    drop(running);
    assert_eq!(meters(2 * next + 120), 1, "the organisation has a limit");
    assert_eq!(standing(&book, tokens, at(0)), (7, 0), "and keeps its months");
}

#[test]
fn sums_of_rows_count_and_months_end() {
    let tokens = limit(BudgetScope::Organisation, BudgetQuantity::TokensPerMonth, 100);
    let spent = Spent {
        month: Month::of(at(0)),
        project: caller().project,
        account: None,
        key: None,
        model: model(),
        amounts: Amounts { tokens: 70, microeuros: 3, millijoules: 700 },
        unsettled_prompt_tokens: 30,
    };
    let book = Arc::new(Book::default());
    let begin = (caller().organisation, at(0));
    book.begin(begin, &[tokens], (&[spent], &Prices::default()));
    assert_eq!(standing(&book, tokens, at(0)), (100, 0));
    reserve(&book, 1, at(0)).unwrap_err();
    let next = at(31 * 86_400);
    settle(&reserve(&book, 5, next).unwrap(), 5);
    reserve(&book, 1, at(0)).expect_err("a clock that goes back finds the month as it was");
    assert_eq!(standing(&book, tokens, next), (5, 0));
}

#[test]
fn two_hundred_threads_pass_a_limit_by_one_request_at_most() {
    for (quantity, amount) in [
        (BudgetQuantity::TokensPerMonth, 1_000),
        (BudgetQuantity::EurosPerMonth, 1_000),
        (BudgetQuantity::TokensPerMinute, 1_000),
        (BudgetQuantity::RequestsPerMinute, 17),
    ] {
        let budget = limit(KEY, quantity, amount);
        let book = book(&[budget]);
        let let_in = Mutex::new(0_u64);
        thread::scope(|scope| {
            for _ in 0..200 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let Ok(reservation) = reserve(&book, 60, at(0)) else { continue };
                        *let_in.lock().unwrap() += 1;
                        settle(&reservation, 59);
                    }
                });
            }
        });
        let let_in = let_in.into_inner().unwrap();
        let (used, held) = standing(&book, budget, at(0));
        assert_eq!(held, 0);
        if quantity == BudgetQuantity::RequestsPerMinute {
            assert_eq!((let_in, used), (17, 17));
        } else {
            assert_eq!(used, let_in * 59);
            assert!((amount..amount + 60).contains(&used), "{quantity:?}: {used}");
        }
    }
}

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
enum Step {
    Ask {
        tokens: u64,
    },
    /// The oldest request ends after so many percent of its tokens.
    End {
        percent: u64,
    },
    GiveUp,
    Later {
        seconds: i64,
    },
    Earlier {
        seconds: i64,
    },
}

fn steps(earlier: i64) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..500_u64).prop_map(|tokens| Step::Ask { tokens }),
        2 => (0..=100_u64).prop_map(|percent| Step::End { percent }),
        1 => Just(Step::GiveUp),
        2 => (0..100_i64).prop_map(|seconds| Step::Later { seconds }),
        1 => (0..=earlier).prop_map(|seconds| Step::Earlier { seconds }),
    ];
    proptest::collection::vec(step, 0..200)
}

/// What was let in: when, and of how many tokens.
fn play(steps: &[Step], limits: &[Budget]) -> Vec<(i64, u64)> {
    let book = book(limits);
    let (mut now, mut let_in, mut running) = (0_i64, Vec::new(), VecDeque::new());
    for step in steps {
        match *step {
            Step::Ask { tokens } => {
                if let Ok(reservation) = reserve(&book, tokens, at(now)) {
                    let_in.push((now, tokens));
                    running.push_back((reservation, tokens, let_in.len() - 1));
                }
            }
            Step::End { percent } => {
                if let Some((reservation, tokens, index)) = running.pop_front() {
                    let used = tokens * percent / 100;
                    settle(&reservation, used);
                    let_in[index].1 = used;
                }
            }
            Step::GiveUp => {
                if let Some((reservation, _, index)) = running.pop_front() {
                    drop(reservation);
                    // As if it had never been.
                    let_in[index] = (i64::MIN, 0);
                }
            }
            Step::Later { seconds } => now += seconds,
            Step::Earlier { seconds } => now -= seconds,
        }
    }
    drop(running);
    let_in.retain(|(second, _)| *second != i64::MIN);
    let_in
}

proptest! {
    #[test]
    fn a_month_is_passed_by_one_request_at_most(steps in steps(0), amount in 0..3_000_u64) {
        let limits = [limit(KEY, BudgetQuantity::TokensPerMonth, amount)];
        let let_in = play(&steps, &limits);
        let used: u64 = let_in.iter().map(|(_, tokens)| tokens).sum();
        let largest = let_in.iter().map(|(_, tokens)| *tokens).max().unwrap_or(0);
        prop_assert!(used < amount + largest.max(1), "{used} of {amount}");
    }

    #[test]
    fn no_minute_holds_more_requests_than_its_limit(steps in steps(0), amount in 0..8_u64) {
        let let_in = play(&steps, &[limit(KEY, BudgetQuantity::RequestsPerMinute, amount)]);
        for (start, _) in &let_in {
            let within = |second: &i64| (*start..start + 60).contains(second);
            let count = let_in.iter().filter(|(second, _)| within(second)).count() as u64;
            prop_assert!(count <= amount, "{count} of {amount} from {start}");
        }
    }

    /// Going back and forth, a clock gives away one limit for each time that it goes forward by a
    /// minute, as a clock that is right does.
    #[test]
    fn a_clock_that_jumps_gives_no_more_than_time_does(
        steps in steps(10_000),
        amount in 0..8_u64,
    ) {
        let let_in = play(&steps, &[limit(KEY, BudgetQuantity::RequestsPerMinute, amount)]);
        let forward: i64 = steps.iter().map(|step| match step {
            Step::Later { seconds } => *seconds,
            Step::Ask { .. } | Step::End { .. } | Step::GiveUp | Step::Earlier { .. } => 0,
        }).sum();
        let minutes = u64::try_from(forward / 60).unwrap() + 1;
        prop_assert!(let_in.len() as u64 <= amount * minutes);
    }
}
