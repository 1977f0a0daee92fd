//! Measures the log beside a plain hash chain; `make bench-log` runs it and records the figures.
//!
//! ```text
//! log_speed append log|chain DIR RATE SECONDS     what a request waits for, at RATE a second
//! log_speed batches log|chain DIR ENTRIES WAITING  entries a second, WAITING of them at a time
//! log_speed prove DIR LEAVES                       inclusion proofs in a log of so many leaves
//! log_speed export DIR ENTRIES                     a log in the layout of tlog-tiles
//! log_speed chain FILE ENTRIES                     a chain file of the same entries
//! log_speed verify-chain FILE                      reads it again, every hash
//! ```
//!
//! Each prints one line of JSON. Times are in milliseconds.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "log_speed/chain.rs"]
mod chain;
#[path = "log_speed/log.rs"]
mod log;
#[path = "log_speed/synthetic.rs"]
mod synthetic;

use std::{future::Future, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// What is measured: something that keeps an entry and answers when it is durable.
#[async_trait]
trait Keeper: Send + Sync {
    async fn keep(&self);
    async fn close(&self);
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // As many async threads as the server has.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let result = runtime.block_on(run(&words))?;
    println!("{result}");
    Ok(())
}

async fn run(words: &[&str]) -> anyhow::Result<Value> {
    match words {
        ["append", kind, dir, rate, seconds] => {
            let keeper = keeper(kind, Path::new(dir)).await?;
            append(keeper, rate.parse()?, seconds.parse()?).await
        }
        ["batches", kind, dir, entries, waiting] => {
            let keeper = keeper(kind, Path::new(dir)).await?;
            batches(keeper, entries.parse()?, waiting.parse()?).await
        }
        ["prove", dir, leaves] => synthetic::prove(Path::new(dir), leaves.parse()?).await,
        ["export", dir, entries] => synthetic::export(Path::new(dir), entries.parse()?),
        ["chain", file, entries] => chain::write(Path::new(file), entries.parse()?),
        ["verify-chain", file] => chain::verify(Path::new(file)),
        _ => bail!("see the head of crates/galerne/examples/log_speed.rs"),
    }
}

async fn keeper(kind: &str, dir: &Path) -> anyhow::Result<Arc<dyn Keeper>> {
    match kind {
        "log" => Ok(Arc::new(log::Logged::open(dir).await?)),
        "chain" => Ok(Arc::new(chain::Chained::open(dir)?)),
        other => bail!("`{other}` is neither `log` nor `chain`"),
    }
}

/// Open loop: the next request comes whether or not the last one was answered.
async fn append(keeper: Arc<dyn Keeper>, rate: u32, seconds: u32) -> anyhow::Result<Value> {
    for _ in 0..200 {
        keeper.keep().await;
    }
    let gap = Duration::from_secs(1) / rate;
    let count = rate * seconds;
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..count {
        sleep_until(start + gap * number).await;
        let keeper = Arc::clone(&keeper);
        tasks.spawn(async move { timed(keeper.keep()).await });
    }
    let mut times = tasks.join_all().await;
    let wall = start.elapsed();
    keeper.close().await;
    times.sort();
    let at = |share: f64| milliseconds(times[quantile(times.len(), share)]);
    Ok(json!({
        "requests": count,
        "per_second": f64::from(count) / wall.as_secs_f64(),
        "p50_ms": at(0.5), "p90_ms": at(0.9), "p99_ms": at(0.99), "max_ms": at(1.0),
    }))
}

async fn timed(work: impl Future<Output = ()>) -> Duration {
    let start = Instant::now();
    work.await;
    start.elapsed()
}

async fn batches(keeper: Arc<dyn Keeper>, entries: u32, waiting: u32) -> anyhow::Result<Value> {
    let each = entries / waiting;
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..waiting {
        let keeper = Arc::clone(&keeper);
        tasks.spawn(async move {
            for _ in 0..each {
                keeper.keep().await;
            }
        });
    }
    tasks.join_all().await;
    let durable = start.elapsed();
    // The last checkpoint signs them all.
    keeper.close().await;
    let signed = start.elapsed();
    let count = f64::from(each * waiting);
    Ok(json!({
        "entries": each * waiting,
        "waiting": waiting,
        "entries_per_second": count / durable.as_secs_f64(),
        "signed_per_second": count / signed.as_secs_f64(),
    }))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Index of a share of a sorted list, the last one for 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "lists are short and shares lie between 0 and 1"
)]
fn quantile(length: usize, share: f64) -> usize {
    ((length as f64 * share) as usize).min(length - 1)
}

/// An empty directory of this name.
fn fresh(dir: &Path) -> anyhow::Result<()> {
    if dir.exists() {
        std::fs::remove_dir_all(dir).with_context(|| dir.display().to_string())?;
    }
    std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())
}
