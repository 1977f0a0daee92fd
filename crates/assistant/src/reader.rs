//! What clients see of a turn.

use std::sync::Arc;

use domain::{ConversationId, EntryId, ModelId, RequestId, Timestamp};
use tokio::sync::watch;

use crate::{
    AssistantError, EntryState, TurnUsage,
    turn::{Live, Turn},
};

/// A reader copies at most so much at once, so that the turn never waits long for it.
const PIECE_BYTES_MAX: usize = 16 * 1024;

/// What happens in a turn, each byte of its text once.
#[derive(Clone, Debug, PartialEq)]
pub enum TurnEvent {
    /// Left out when a reader goes on from an offset.
    Started(TurnStarted),
    /// `offset`: bytes of the answer that are known with this piece.
    Text { text: String, offset: u64 },
    /// The last event.
    Ended(TurnEnd),
}

/// What is known of a turn when it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnStarted {
    pub conversation: ConversationId,
    /// `None` when a question is answered again or an answer is continued.
    pub question: Option<EntryId>,
    /// The answer.
    pub entry: EntryId,
    /// What the answer follows: the question, if there is one.
    pub parent: Option<EntryId>,
    pub model: ModelId,
    pub at: Timestamp,
}

/// How a turn ended.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnEnd {
    /// Never `Running`.
    pub state: EntryState,
    /// Stable code if the state is `Failed` or `Interrupted`, else `None`.
    pub error: Option<String>,
    pub usage: Option<TurnUsage>,
    pub request: Option<RequestId>,
    pub at: Timestamp,
}

/// Reads a turn. Dropping it changes nothing for the turn.
#[derive(Debug)]
pub struct TurnReader {
    turn: Arc<Turn>,
    live: watch::Receiver<Live>,
    /// Bytes of the text that were handed out or known before.
    sent: usize,
    next: Next,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Start,
    Text,
    Nothing,
}

/// A turn that was read to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnRead {
    /// `None` if the turn was refused before it began, or was read from an offset.
    pub started: Option<TurnStarted>,
    pub text: String,
    pub end: TurnEnd,
}

impl TurnReader {
    pub(crate) fn new(turn: Arc<Turn>) -> Self {
        let live = turn.subscribe();
        Self { turn, live, sent: 0, next: Next::Start }
    }

    pub fn conversation(&self) -> ConversationId {
        self.turn.conversation
    }

    /// The answer.
    pub fn entry(&self) -> EntryId {
        self.turn.entry
    }

    /// What [`TurnEvent::Started`] tells, once it is known.
    pub fn started(&self) -> Option<TurnStarted> {
        self.live.borrow().started.clone()
    }

    /// The chat request that makes the answer, once it is known.
    pub fn request(&self) -> Option<RequestId> {
        self.live.borrow().request
    }

    /// The same turn from byte `offset` of its text, without [`TurnEvent::Started`].
    ///
    /// # Errors
    /// [`AssistantError::Invalid`] if no character of a running answer begins there.
    pub fn after(mut self, offset: u64) -> Result<Self, AssistantError> {
        self.sent = text_offset(&self.live.borrow(), offset)?;
        self.next = Next::Text;
        Ok(self)
    }

    /// The next event; `None` after the last one.
    pub async fn next(&mut self) -> Option<TurnEvent> {
        loop {
            if self.next == Next::Nothing {
                return None;
            }
            if let Some(event) = self.look() {
                return Some(event);
            }
            // Cannot fail: the turn holds the sender, and `self` the turn.
            self.live.changed().await.ok()?;
        }
    }

    /// Reads on to the end: the rest of the text, and how it ended.
    ///
    /// # Errors
    /// [`AssistantError::BrokenOff`] if the end was read already.
    pub async fn read_to_end(mut self) -> Result<TurnRead, AssistantError> {
        let (mut begun, mut whole) = (None, String::new());
        loop {
            match self.next().await {
                Some(TurnEvent::Started(started)) => begun = Some(started),
                Some(TurnEvent::Text { text, .. }) => whole.push_str(&text),
                Some(TurnEvent::Ended(end)) => {
                    return Ok(TurnRead { started: begun, text: whole, end });
                }
                None => return Err(AssistantError::BrokenOff),
            }
        }
    }

    /// What is there to be told now.
    fn look(&mut self) -> Option<TurnEvent> {
        let live = self.live.borrow_and_update();
        if self.next == Next::Start
            && let Some(started) = &live.started
        {
            self.next = Next::Text;
            return Some(TurnEvent::Started(started.clone()));
        }
        if self.sent < live.text.len() {
            let end = piece_end(&live.text, self.sent);
            let text = live.text[self.sent..end].to_owned();
            self.sent = end;
            return Some(TurnEvent::Text { text, offset: end as u64 });
        }
        let end = live.end.clone()?;
        self.next = Next::Nothing;
        Some(TurnEvent::Ended(end))
    }
}

/// Where the next piece ends: on a character's boundary.
fn piece_end(text: &str, start: usize) -> usize {
    text.floor_char_boundary(text.len().min(start + PIECE_BYTES_MAX))
}

/// A client may know more of an answer than was saved before a crash: it has all there is.
fn text_offset(live: &Live, after: u64) -> Result<usize, AssistantError> {
    let at = usize::try_from(after).unwrap_or(usize::MAX);
    if at >= live.text.len() && live.end.is_some() {
        return Ok(live.text.len());
    }
    if live.text.is_char_boundary(at) {
        return Ok(at);
    }
    let reason = format!(
        "no character of the answer begins at byte {after}; leave the header out to read it whole"
    );
    Err(AssistantError::Invalid { parameter: "Last-Event-ID", reason })
}
