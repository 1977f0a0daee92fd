//! From what a model quoted to the exact place in a document.

use std::collections::BTreeMap;

use inference::{QuoteForm, QuoteRun};
use passages::{Span, find_quote_in};

use super::select::Chosen;
use crate::{VersionKey, ports::SourceVersion};

/// A quote at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Among the passages that the model was shown, from 0.
    pub(super) chosen: usize,
    pub(super) version: VersionKey,
    /// From its first sentence to its last.
    pub(super) span: Span,
}

/// The quotes at their places, in the order of the answer, each place once. A quote that lies
/// inside of an earlier one says nothing new and is left out.
pub(super) fn placed(
    runs: &[QuoteRun],
    form: &QuoteForm,
    chosen: &[Chosen],
    sources: &BTreeMap<VersionKey, SourceVersion>,
) -> Vec<Placed> {
    let mut found: Vec<Placed> = Vec::new();
    for run in runs {
        let Some(quote) = place(*run, form, chosen, sources) else { continue };
        let is_known =
            |other: &Placed| other.version == quote.version && other.span.contains(quote.span);
        if !found.iter().any(is_known) {
            found.push(quote);
        }
    }
    found
}

/// The run of sentences tells the place: words that stand there twice are told apart by their
/// number. That the words stand at that place is then found out as anybody else would find it out,
/// from the words and the text alone.
fn place(
    run: QuoteRun,
    form: &QuoteForm,
    chosen: &[Chosen],
    sources: &BTreeMap<VersionKey, SourceVersion>,
) -> Option<Placed> {
    let passage = chosen.get(run.passage)?;
    let (first, last) = (passage.sentences.get(run.first)?, passage.sentences.get(run.last)?);
    let span = Span::new(first.start, last.end);
    let reading = &sources.get(&passage.version)?.reading;
    let found = find_quote_in(reading, span, &form.text(run)?);
    found.map(|_| Placed { chosen: run.passage, version: passage.version, span })
}

#[cfg(test)]
mod drawn;
#[cfg(test)]
mod tests;
