//! Writes many conversations as turns that begin and end, as fast as the store takes them.

use std::sync::Arc;

use anyhow::ensure;
use assistant::ports::{Begun, ConversationStore as _};
use store::Conversations;
use testkit::Random;
use tokio::task::JoinSet;

use crate::sample::Talks;

/// As many as the store writes in one transaction.
const WRITERS: u64 = 128;

pub(crate) async fn fill(
    conversations: &Conversations,
    talks: Talks,
    count: u64,
) -> anyhow::Result<()> {
    let talks = Arc::new(talks);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (conversations, talks) = (conversations.clone(), Arc::clone(&talks));
        let share = count / WRITERS + u64::from(writer < count % WRITERS);
        writers.spawn(async move { write(&conversations, &talks, writer, share).await });
    }
    while let Some(written) = writers.join_next().await {
        written??;
    }
    Ok(())
}

async fn write(
    store: &Conversations,
    talks: &Talks,
    writer: u64,
    count: u64,
) -> anyhow::Result<()> {
    let mut random = Random::new(writer + 1);
    for _ in 0..count {
        let (begin, finished) = talks.turn(&mut random);
        let begun = store.begin_turn(&begin, &talks.audit()).await?;
        ensure!(begun == Begun::Started, "{begun:?}");
        store.finish_turn(&finished).await?;
    }
    Ok(())
}
