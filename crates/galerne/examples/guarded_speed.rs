//! Measures what identity, rules, audit, receipts and encryption add to a request: the same router
//! and the same model that answers at once, with them and without, in one run and in turn.
//! `make bench-guarded` runs it and records the figures.
//!
//! ```text
//! guarded_speed DIR ROUNDS PAIRS    ROUNDS of PAIRS requests to each; DIR is made, then removed
//! ```
//!
//! It prints one line of JSON. Times are in milliseconds.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

#[path = "guarded_speed/application.rs"]
mod application;
#[path = "guarded_speed/bare.rs"]
mod bare;
#[path = "guarded_speed/busy_engine.rs"]
mod busy_engine;
#[path = "guarded_speed/client.rs"]
mod client;
#[path = "guarded_speed/figures.rs"]
mod figures;
#[path = "guarded_speed/guarded.rs"]
mod guarded;
#[path = "guarded_speed/libraries.rs"]
mod libraries;
#[path = "guarded_speed/shares.rs"]
mod shares;
#[path = "../src/system.rs"]
mod system;
#[path = "guarded_speed/timed_ledger.rs"]
mod timed_ledger;

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context as _, bail, ensure};
use inference::ports::Engine;
use serde_json::{Value, json};
use testkit::FakeEngine;

use crate::{
    application::Application,
    busy_engine::BusyEngine,
    client::{ANSWER, Asking, QUESTION, Times},
    figures::{Pair, compared, summary},
    guarded::Guarded,
};

/// Requests to each that are not counted.
const WARM_UP: usize = 200;

/// Of a model that takes its time there are fewer pairs: they take longer and say the same.
const BUSY_SHARE: usize = 4;

/// As many async threads as the server has.
const ASYNC_THREADS: usize = 2;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [dir, rounds, pairs] = words[..] else {
        bail!("see the head of crates/galerne/examples/guarded_speed.rs");
    };
    let (dir, rounds, pairs) = (Path::new(dir).to_owned(), rounds.parse()?, pairs.parse()?);
    ensure!(!dir.exists(), "{} exists already", dir.display());
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(ASYNC_THREADS)
        .enable_all()
        .build()?;
    let work = dir.clone();
    // On a thread of the runtime, as requests of a server are.
    let measured = runtime.block_on(runtime.spawn(async move { run(&work, rounds, pairs).await }));
    fs::remove_dir_all(&dir).with_context(|| dir.display().to_string())?;
    println!("{}", measured??);
    Ok(())
}

async fn run(dir: &Path, rounds: usize, pairs: usize) -> anyhow::Result<Value> {
    let metrics = api::recorder()?;
    let bare = bare::ports().await?;
    let guarded = Guarded::open(dir).await?;
    let applications = |engine: fn() -> Arc<dyn Engine>| {
        anyhow::Ok(Both {
            bare: Application::new(&bare, &engine(), &metrics)?,
            guarded: Application::new(guarded.ports(), &engine(), &metrics)?,
        })
    };
    let (instant, busy) = (applications(instant)?, applications(busy)?);
    guarded.refuses_strangers(&instant.guarded).await?;

    let alone = instant.alone(Asking::Chat, pairs).await?;
    let chat = instant.rounds(Asking::Chat, rounds, pairs).await?;
    let [opened, settled] = guarded.ledger().take();
    let turn = instant.rounds(Asking::Turn, rounds, pairs).await?;
    let busy = busy.rounds(Asking::Chat, rounds, pairs.div_ceil(BUSY_SHARE)).await?;
    guarded.ledger().take();

    let shares = shares::measure(&guarded, dir, pairs).await?;
    let receipts = guarded.receipts(&instant.guarded, pairs.min(500)).await?;
    let entries = guarded.close().await?;
    Ok(json!({
        "rounds": rounds, "pairs": pairs, "busy_pairs": pairs.div_ceil(BUSY_SHARE),
        "busy_ms": busy_engine::PREFILL.as_secs_f64() * 1e3,
        "entries": entries,
        "bare_alone_ms": {
            "first_byte": summary(&of(&alone, Times::first_byte_ms)),
            "end": summary(&of(&alone, Times::end_ms)),
        },
        "chat": told(&chat), "turn": told(&turn), "chat_busy": told(&busy),
        "shares_ms": {
            "row_and_entry_made_durable": summary(&opened),
            "usage_settled": summary(&settled),
            "alone": shares,
            "receipt_read_afterwards": summary(&receipts),
        },
    }))
}

/// Says its answer as fast as it is taken.
fn instant() -> Arc<dyn Engine> {
    Arc::new(scripted(FakeEngine::new()))
}

/// Keeps every core busy for a while before it answers, as a model does that reads a prompt.
fn busy() -> Arc<dyn Engine> {
    let (engine, stepper) = FakeEngine::new().stepped();
    Arc::new(BusyEngine::new(scripted(engine), stepper))
}

fn scripted(engine: FakeEngine) -> FakeEngine {
    engine.answer(QUESTION, &ANSWER);
    engine
}

/// Two applications that differ in what they are guarded by.
struct Both {
    bare: Application,
    guarded: Application,
}

impl Both {
    /// With nothing beside it: what the bare one takes when the other one does nothing either.
    async fn alone(&self, asking: Asking, count: usize) -> anyhow::Result<Vec<Times>> {
        let mut times = Vec::with_capacity(count);
        for number in 0..WARM_UP + count {
            let one = self.bare.ask(asking).await?;
            if number >= WARM_UP {
                times.push(one);
            }
        }
        Ok(times)
    }

    /// A B B A and so on: whatever the machine does meanwhile, it does to both.
    async fn rounds(
        &self,
        asking: Asking,
        rounds: usize,
        pairs: usize,
    ) -> anyhow::Result<Vec<Vec<Pair<Times>>>> {
        for _ in 0..WARM_UP {
            self.pair(asking, true).await?;
        }
        let mut all = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            let mut round = Vec::with_capacity(pairs);
            for number in 0..pairs {
                round.push(self.pair(asking, number % 2 == 0).await?);
            }
            all.push(round);
        }
        Ok(all)
    }

    async fn pair(&self, asking: Asking, bare_first: bool) -> anyhow::Result<Pair<Times>> {
        if bare_first {
            let bare = self.bare.ask(asking).await?;
            Ok(Pair { bare, guarded: self.guarded.ask(asking).await? })
        } else {
            let guarded = self.guarded.ask(asking).await?;
            Ok(Pair { bare: self.bare.ask(asking).await?, guarded })
        }
    }
}

/// Milliseconds from the request to something of its answer.
type Moment = fn(&Times) -> f64;

/// Each moment of an answer, with and without.
fn told(rounds: &[Vec<Pair<Times>>]) -> Value {
    let moments: [(&str, Moment); 3] = [
        ("first_byte", Times::first_byte_ms),
        ("first_text", Times::first_text_ms),
        ("end", Times::end_ms),
    ];
    let figures = moments.map(|(name, of)| {
        let moment = |pair: &Pair<Times>| Pair { bare: of(&pair.bare), guarded: of(&pair.guarded) };
        let rounds: Vec<Vec<_>> =
            rounds.iter().map(|round| round.iter().map(moment).collect()).collect();
        (name.to_owned(), compared(&rounds))
    });
    Value::Object(figures.into_iter().collect())
}

fn of(times: &[Times], moment: Moment) -> Vec<f64> {
    times.iter().map(moment).collect()
}
