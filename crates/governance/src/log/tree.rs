//! The tree: taken up from the store, grown over new entries, signed.

use transparency_log::{Checkpoint, TreeBuilder, leaf_hash};

use super::{Keeper, LogError};
use crate::{LogReader, log_reader::store_error, ports::LogExtension};

/// Entries under one checkpoint at most: bounds the memory of a long backlog.
const GROWTH_MAX: u64 = 65_536;

/// Entries that are read at a time.
const PAGE: u32 = 4_096;

/// The tree as it was signed last, checked against what is stored.
pub(super) async fn recover(
    reader: &LogReader,
) -> Result<(TreeBuilder, Option<Checkpoint>), LogError> {
    let Some((_, checkpoint)) = reader.checkpoint().await? else {
        return Ok((TreeBuilder::new(), None));
    };
    let size = checkpoint.size;
    let entries = reader.entry_count().await?;
    if entries < size {
        return Err(LogError::Truncated { entries, signed_size: size });
    }
    let edge = reader.edge(size).await?;
    let tree = TreeBuilder::resume(size, &edge).map_err(|_| LogError::Altered { size })?;
    if tree.root() != checkpoint.root {
        return Err(LogError::Altered { size });
    }
    Ok((tree, Some(checkpoint)))
}

impl Keeper {
    /// Signs everything that is durable now.
    pub(super) async fn extend(&self) -> Result<(), LogError> {
        let mut tree = self.tree.lock().await;
        loop {
            let old_size = tree.size();
            let entries = self.reader.entry_count().await?;
            if entries < old_size {
                return Err(LogError::Truncated { entries, signed_size: old_size });
            }
            if entries == old_size {
                return Ok(());
            }
            let mut next = tree.clone();
            self.grow(&mut next, entries.min(old_size + GROWTH_MAX)).await?;
            if let Some(checkpoint) = self.keep(old_size, &mut next).await? {
                *tree = next;
                self.note(checkpoint);
            } else {
                // Another process has signed in the meantime; the entries were the same.
                let (recovered, checkpoint) = recover(&self.reader).await?;
                *tree = recovered;
                if let Some(checkpoint) = checkpoint {
                    self.note(checkpoint);
                }
            }
        }
    }

    async fn grow(&self, tree: &mut TreeBuilder, size: u64) -> Result<(), LogError> {
        while tree.size() < size {
            let index = tree.size();
            let limit = u32::try_from(size - index).unwrap_or(PAGE).min(PAGE);
            let entries = self.reader.entries(index, limit).await?;
            if entries.is_empty() {
                return Err(LogError::Gap { index });
            }
            for entry in &entries {
                tree.push(leaf_hash(entry));
            }
        }
        Ok(())
    }

    async fn keep(
        &self,
        old_size: u64,
        tree: &mut TreeBuilder,
    ) -> Result<Option<Checkpoint>, LogError> {
        let checkpoint = self.describe(tree);
        let note = checkpoint.sign(&self.signer).map_err(|source| LogError::Sign { source })?;
        let extension = LogExtension {
            old_size,
            new_size: tree.size(),
            tiles: tree.take_changed(),
            note: note.to_string(),
            at: self.clock.now(),
        };
        let kept = self.store.extend(&extension).await.map_err(store_error)?;
        Ok(kept.then_some(checkpoint))
    }

    pub(super) fn describe(&self, tree: &TreeBuilder) -> Checkpoint {
        Checkpoint { origin: self.signer.name().to_owned(), size: tree.size(), root: tree.root() }
    }

    fn note(&self, checkpoint: Checkpoint) {
        let mut newest = self.checkpoint.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        *newest = Some(checkpoint);
        drop(newest);
        self.grown.notify_one();
    }
}
