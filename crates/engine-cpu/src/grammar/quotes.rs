//! The grammar of an answer that quotes.

use std::fmt::Write as _;

use inference::{NO_ANSWER, QuoteForm};
use serde_json::json;

/// In Lark's notation: [`NO_ANSWER`], or lines that begin with the number of a passage and go on
/// with sentences of it.
///
/// The sentences of a passage are one lexeme, an automaton of all runs of them. Each has the space
/// before it, so that runs need nothing in between; the empty run is taken out (`~""`). Texts stand
/// in it as JSON, which escapes whatever they hold. No sentence has a line break, so a line ends
/// where its lexeme does.
///
/// The automaton has a state for each byte that is written, and more where sentences begin alike.
/// Forms of [`QuoteForm::BYTES_MAX`] compile in 20 ms; an answer of 2,000 bytes stays far below
/// the states that the lexer may have.
pub(super) fn lark(form: &QuoteForm) -> String {
    let numbers = 1..=form.passages().len();
    let lines: Vec<String> =
        numbers.map(|number| format!("\"[{number}]\" QUOTE_{number}")).collect();
    let further = match form.quotes_max().saturating_sub(1) {
        0 => String::new(),
        most => format!(" (\"\\n\" quote){{0,{most}}}"),
    };
    let mut grammar =
        format!("start: \"{NO_ANSWER}\" | quote{further}\nquote: {}\n", lines.join(" | "));
    for (number, sentences) in (1..).zip(form.passages()) {
        let spaced: Vec<String> = sentences.iter().map(|sentence| format!(" {sentence}")).collect();
        let runs = json!({ "substring_chunks": spaced });
        // Writing to a string cannot fail.
        writeln!(grammar, "QUOTE_{number}: %regex {runs} & ~\"\"").ok();
    }
    grammar
}

#[cfg(test)]
mod tests;
