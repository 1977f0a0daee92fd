//! Many conversations for `make bench-web`, and how long the store alone takes to find them.
//!
//! ```text
//! seed_conversations fill FILE COUNT   fills the database of an installation that was founded
//! seed_conversations ask FILE ROUNDS   times lists and searches, without a server in between
//! ```
//!
//! Each prints one line of JSON. Times are in milliseconds.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "seed_conversations/filling.rs"]
mod filling;
#[path = "seed_conversations/sample.rs"]
mod sample;
#[path = "seed_conversations/searches.rs"]
mod searches;
#[path = "seed_conversations/words.rs"]
mod words;

use std::{
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail};
use assistant::{ListQuery, Scope, ports::ConversationStore as _};
use custody::KeyFile;
use domain::Timestamp;
use governance::ports::AccessStore as _;
use serde_json::{Value, json};
use store::{Conversations, Store};
use testkit::{SeededSecrets, operator_of, vault_of};
use tokio::time::Instant;

use sample::Talks;

const PAGE_LENGTH: u32 = 100;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["fill", file, count] => fill(Path::new(file), count.parse()?).await?,
        ["ask", file, rounds] => ask(Path::new(file), rounds.parse()?).await?,
        _ => bail!("see the head of crates/store/examples/seed_conversations.rs"),
    };
    println!("{result}");
    Ok(())
}

async fn fill(file: &Path, count: u64) -> anyhow::Result<Value> {
    let (store, conversations, scope) = open(file).await?;
    let talks = Talks::new(scope, now()?);
    let begun = Instant::now();
    filling::fill(&conversations, talks, count).await?;
    let seconds = begun.elapsed().as_secs_f64();
    store.close().await;
    let bytes = std::fs::metadata(file)?.len();
    Ok(json!({ "conversations": count, "entries": count * 2, "seconds": seconds, "bytes": bytes }))
}

/// What the page asks for, in the same words.
async fn ask(file: &Path, rounds: usize) -> anyhow::Result<Value> {
    let (store, conversations, scope) = open(file).await?;
    let list = |archived| ListQuery {
        search: None,
        archived: Some(archived),
        limit: PAGE_LENGTH,
        offset: 0,
    };
    let mut asked = vec![
        timed(&conversations, scope, ("list", ""), &list(false), rounds).await?,
        timed(&conversations, scope, ("archived", ""), &list(true), rounds).await?,
    ];
    for (name, text) in searches::searches() {
        let query = ListQuery { search: Some(text.clone()), ..list(false) };
        asked.push(timed(&conversations, scope, (name, &text), &query, rounds).await?);
    }
    store.close().await;
    Ok(Value::Array(asked))
}

async fn timed(
    store: &Conversations,
    scope: Scope,
    (name, text): (&str, &str),
    query: &ListQuery,
    rounds: usize,
) -> anyhow::Result<Value> {
    let total = store.list(scope, query).await?.total;
    let mut samples = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let begun = Instant::now();
        store.list(scope, query).await?;
        samples.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(json!({ "name": name, "text": text, "total": total, "ms": samples }))
}

async fn open(file: &Path) -> anyhow::Result<(Store, Conversations, Scope)> {
    let store = Store::open(file).await?;
    let (organisation, _) = store.home().await?.context("the installation has not been founded")?;
    let owner = store.owner(organisation.id).await?.context("the organisation has no owner")?;
    // The wrapping key lies beside the database unless the settings say otherwise.
    let key = KeyFile::new(file.with_file_name("wrapping.key"), Arc::new(SeededSecrets::new(1)));
    if key.id().is_err_and(|error| error.is_missing()) {
        key.create()?;
    }
    let vault = vault_of(&Arc::new(store.clone()), Arc::new(key), 1);
    vault.found(operator_of(&owner)).await?;
    let conversations = store.conversations(Arc::new(vault));
    Ok((store, conversations, Scope { organisation: organisation.id, account: owner.id }))
}

fn now() -> anyhow::Result<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Timestamp::from_micros(i64::try_from(since.as_micros())?))
}
