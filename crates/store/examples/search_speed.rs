//! How long a search takes that looks for keyed tokens of words among sealed conversations.
//!
//! ```text
//! search_speed DIR CONVERSATIONS SEARCHES    DIR is made, then removed
//! ```
//!
//! Fills a new database with conversations of one question and one answer, asks it for words, and
//! prints one line of JSON. Times are in milliseconds.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "seed_conversations/filling.rs"]
mod filling;
#[path = "seed_conversations/sample.rs"]
mod sample;
#[path = "seed_conversations/words.rs"]
mod words;

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail, ensure};
use assistant::{ListQuery, Scope, ports::ConversationStore as _};
use custody::KeyFile;
use domain::Timestamp;
use governance::ports::AccessStore as _;
use serde_json::{Value, json};
use store::{Conversations, Store};
use testkit::{Samples, SeededSecrets, operator_of, vault_of};
use tokio::time::Instant;

use crate::{sample::Talks, words::word};

/// Rows of a page of the list, as the page asks for them.
const PAGE_LENGTH: u32 = 100;

/// Searches that are not counted.
const WARM_UP: usize = 10;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [dir, count, searches] = words[..] else {
        bail!("see the head of crates/store/examples/search_speed.rs");
    };
    let (dir, count, searches) = (Path::new(dir), count.parse()?, searches.parse()?);
    ensure!(!dir.exists(), "{} exists already", dir.display());
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let measured = measure(dir, count, searches).await;
    fs::remove_dir_all(dir).with_context(|| dir.display().to_string())?;
    println!("{}", measured?);
    Ok(())
}

async fn measure(dir: &Path, count: u64, searches: usize) -> anyhow::Result<Value> {
    let file = dir.join("galerne.db");
    let store = Store::open(&file).await?;
    let (conversations, scope) = found(dir, &store).await?;
    let begun = Instant::now();
    filling::fill(&conversations, Talks::new(scope, now()?), count).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let mut asked = Vec::new();
    for (name, text) in questions() {
        asked.push(timed(&conversations, scope, (name, &text), searches).await?);
    }
    let clear = store.clear_texts().await?;
    ensure!(clear.clear == 0, "{} texts lie there in clear", clear.clear);
    store.close().await;
    let bytes = fs::metadata(&file)?.len();
    Ok(json!({
        "conversations": count, "entries": count * 2, "seconds_to_fill": seconds,
        "bytes": bytes, "searches": asked,
    }))
}

/// A name for people, and the words themselves: the most used ones cost most.
fn questions() -> Vec<(&'static str, String)> {
    let [first, second, usual, rare] = [word(0), word(1), word(50), word(30_000)];
    vec![
        ("most used word", first.clone()),
        ("usual word", usual.clone()),
        ("rare word", rare.clone()),
        ("two most used words", format!("{first} {second}")),
        ("usual and rare word", format!("{usual} {rare}")),
        ("no such word", "wywywywy".to_owned()),
    ]
}

async fn timed(
    store: &Conversations,
    scope: Scope,
    (name, text): (&str, &str),
    searches: usize,
) -> anyhow::Result<Value> {
    let query = ListQuery {
        search: Some(text.to_owned()),
        archived: Some(false),
        limit: PAGE_LENGTH,
        offset: 0,
    };
    let mut times = Vec::with_capacity(searches);
    let mut total = 0;
    for number in 0..WARM_UP + searches {
        let begun = Instant::now();
        total = store.list(scope, &query).await?.total;
        if number >= WARM_UP {
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    Ok(json!({ "name": name, "found": total, "p50": at(50), "p99": at(99), "max": at(100) }))
}

/// An installation of one person, whose texts are sealed under a key in a file.
async fn found(dir: &Path, store: &Store) -> anyhow::Result<(Conversations, Scope)> {
    let samples = Samples::new(1);
    let founding = samples.founding();
    let entry = samples.entry(Some(founding.organisation.id));
    ensure!(store.found(&founding, &entry).await?, "the store was founded before");
    let key = KeyFile::new(dir.join("wrapping.key"), Arc::new(SeededSecrets::new(1)));
    key.create()?;
    let vault = vault_of(&Arc::new(store.clone()), Arc::new(key), 1);
    vault.found(operator_of(&founding.owner)).await?;
    let scope = Scope { organisation: founding.organisation.id, account: founding.owner.id };
    Ok((store.conversations(Arc::new(vault)), scope))
}

fn now() -> anyhow::Result<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Timestamp::from_micros(i64::try_from(since.as_micros())?))
}
