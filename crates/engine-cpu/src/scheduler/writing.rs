//! The text of one answer, and the calls in it.

use inference::FunctionCall;
use llguidance::Matcher;

use crate::{
    grammar::{Constraint, Masks},
    served::Served,
    text_stream::TextStream,
    tokenizer::{SpecialTokens, Tokenizer},
    tools::CallReader,
};

/// What a token made certain.
#[derive(Default)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) calls: Vec<FunctionCall>,
    /// A stop string was met, or no further call may come.
    pub(super) is_complete: bool,
}

/// Calls that an answer may have.
pub(crate) struct CallWriting {
    pub(crate) reader: CallReader,
    /// What a call is kept to once it has begun; forced ones are kept from the start.
    pub(crate) begun: Option<(Matcher, Masks)>,
    /// The answer ends with its first call.
    pub(crate) ends_with_first: bool,
}

pub(super) struct Writing {
    /// Text that is shown, until a stop string.
    shown: TextStream,
    calls: Option<Calls>,
}

struct Calls {
    /// Whole characters for the reader.
    characters: TextStream,
    writing: CallWriting,
    /// The number of the call that was last kept, or could not be.
    seen: usize,
}

impl Writing {
    pub(super) fn new(stop: Vec<String>, calls: Option<CallWriting>) -> Self {
        let calls = calls.map(|writing| Calls {
            characters: TextStream::new(Vec::new()),
            writing,
            seen: 0,
        });
        Self { shown: TextStream::new(stop), calls }
    }

    pub(super) fn push(&mut self, token: u32, served: &Served) -> Written {
        let tokenizer = &served.tokenizer;
        let mark = self.calls.as_ref().and_then(|_| served.marks.text(token));
        let bytes = match mark {
            Some(mark) => mark.as_bytes(),
            None if tokenizer.is_control(token) => return Written::default(),
            None => tokenizer.token_bytes(token),
        };
        let Some(calls) = &mut self.calls else {
            let piece = self.shown.push(bytes);
            return Written { text: piece.text, calls: Vec::new(), is_complete: piece.stopped };
        };
        let mut read = calls.writing.reader.push(&calls.characters.push(bytes).text);
        let piece = self.shown.push(read.text.as_bytes());
        let is_last = calls.writing.ends_with_first && calls.writing.reader.calls_read() > 0;
        if is_last {
            read.calls.truncate(1);
        }
        Written { text: piece.text, calls: read.calls, is_complete: piece.stopped || is_last }
    }

    /// The rest, when no more tokens come.
    pub(super) fn finish(&mut self) -> Written {
        let mut written = Written { is_complete: true, ..Written::default() };
        if let Some(calls) = &mut self.calls {
            let reader = &mut calls.writing.reader;
            for read in [reader.push(&calls.characters.finish()), reader.finish()] {
                written.text.push_str(&self.shown.push(read.text.as_bytes()).text);
                written.calls.extend(read.calls);
            }
        }
        written.text.push_str(&self.shown.finish());
        written
    }

    /// Whether tokens wait for what follows them, because they may be part of a call.
    pub(super) fn is_holding(&self) -> bool {
        self.calls.as_ref().is_some_and(|calls| calls.writing.reader.is_holding())
    }

    pub(super) fn has_calls(&self) -> bool {
        self.calls.as_ref().is_some_and(|calls| calls.writing.reader.calls_read() > 0)
    }

    /// What keeps the call that has just begun. One that already differs from what models of its
    /// kind write is left alone.
    pub(super) fn begun_call(&mut self, tokenizer: &Tokenizer) -> Option<Constraint> {
        let calls = self.calls.as_mut()?;
        let (matcher, masks) = calls.writing.begun.as_ref()?;
        let (number, text) = calls.writing.reader.writing()?;
        if number == calls.seen {
            return None;
        }
        calls.seen = number;
        let tokens = tokenizer.encode(text, SpecialTokens::AsText);
        let mut matcher = matcher.deep_clone();
        let fits = matcher.validate_tokens(&tokens).is_ok_and(|fit| fit == tokens.len());
        let is_open = fits && matcher.consume_tokens(&tokens).is_ok() && !matcher.is_stopped();
        is_open.then(|| Constraint::begin(matcher, masks.clone()))
    }
}
