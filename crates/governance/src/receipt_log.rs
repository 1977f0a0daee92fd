//! What the log proves of one answer, and the signature under a receipt of it.
//!
//! A receipt is a signed note of the log's key whose first line is [`RECEIPT`]. That line has spaces,
//! and the name of a log has none: no receipt is ever a checkpoint of any log, nor the other way
//! round.

use std::{sync::Arc, time::Duration};

use domain::RequestId;
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use transparency_log::{Hash, NoteError, SignedNote, Signer};

use crate::{LogReader, ReadError, ports::EntryRef};

/// The first line of every receipt of this version.
const RECEIPT: &str = "galerne receipt v1";

/// The first line of every erasure certificate of this version.
const ERASURE: &str = "galerne erasure v1";

/// The first line of every evidence record of a citation of this version.
const CITATION: &str = "galerne citation v1";

/// From one look for a checkpoint to the next, while somebody waits for it.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The entry of an answer, and the proof that it is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedAnswer {
    pub index: u64,
    /// The canonical bytes, which are JSON.
    pub entry: String,
    pub action: String,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    pub content: Option<String>,
    /// Entries before the third version name none.
    pub model: Option<String>,
    pub organisation: Option<String>,
    /// Digest of the policy that was in force; entries before the third version name none.
    pub policy: Option<String>,
    /// Hashes in base64, the lowest first.
    pub inclusion: Vec<String>,
    /// The signed checkpoint that the proof leads to.
    pub checkpoint: String,
}

/// What a receipt repeats of an entry.
#[derive(Deserialize)]
struct Logged {
    action: String,
    at: i64,
    content: Option<String>,
    model: Option<String>,
    organisation: Option<String>,
    policy: Option<String>,
}

/// Proves answers and signs receipts with the key of the log. Cheap to clone.
#[derive(Clone)]
pub struct ReceiptLog {
    reader: LogReader,
    signer: Arc<Signer>,
}

impl ReceiptLog {
    pub fn new(reader: LogReader, signer: Signer) -> Self {
        Self { reader, signer: Arc::new(signer) }
    }

    /// The name of the log and of its key.
    pub fn origin(&self) -> &str {
        self.signer.name()
    }

    /// The entry with which a request was admitted. Waits until a checkpoint signs it, but no
    /// longer than `patience`: then it is [`ReadError::NotSigned`].
    pub async fn answer(
        &self,
        request: RequestId,
        patience: Duration,
    ) -> Result<LoggedAnswer, ReadError> {
        self.logged(EntryRef::Request(request), patience).await
    }

    /// As [`Self::answer`], for any entry.
    pub async fn logged(
        &self,
        entry: EntryRef,
        patience: Duration,
    ) -> Result<LoggedAnswer, ReadError> {
        let damaged = || ReadError::Damaged { what: format!("the entry {entry:?}") };
        let found = self.reader.find(entry).await?.ok_or_else(damaged)?;
        let deadline = Instant::now() + patience;
        let evidence = loop {
            match self.reader.prove(found.index).await {
                Err(ReadError::NotSigned { .. }) if Instant::now() < deadline => {
                    sleep(LOOK_EVERY).await;
                }
                proven => break proven?,
            }
        };
        let entry = evidence.extra.ok_or_else(damaged)?;
        let entry = String::from_utf8(entry).map_err(|_| damaged())?;
        let logged: Logged = serde_json::from_str(&entry).map_err(|_| damaged())?;
        let Logged { action, at, content, model, organisation, policy } = logged;
        Ok(LoggedAnswer {
            index: evidence.index,
            entry,
            action,
            at,
            content,
            model,
            organisation,
            policy,
            inclusion: evidence.proof.iter().map(Hash::to_base64).collect(),
            checkpoint: evidence.checkpoint.to_string(),
        })
    }

    /// The receipt: the statement, which is one line, under the signature of the log's key.
    ///
    /// # Errors
    /// [`NoteError`] for a statement that is no line of text.
    pub fn sign(&self, statement: &str) -> Result<String, NoteError> {
        self.signed(RECEIPT, statement)
    }

    /// An erasure certificate, as [`Self::sign`] makes a receipt.
    pub(crate) fn sign_erasure(&self, statement: &str) -> Result<String, NoteError> {
        self.signed(ERASURE, statement)
    }

    /// An evidence record of a citation, as [`Self::sign`] makes a receipt.
    ///
    /// # Errors
    /// [`NoteError`] for a statement that is no line of text.
    pub fn sign_citation(&self, statement: &str) -> Result<String, NoteError> {
        self.signed(CITATION, statement)
    }

    fn signed(&self, header: &str, statement: &str) -> Result<String, NoteError> {
        let text = format!("{header}\n{statement}\n");
        SignedNote::sign(&text, &self.signer).map(|note| note.to_string())
    }
}
