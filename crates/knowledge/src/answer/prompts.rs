//! What the model is told, in the language of the question.
//!
//! Words of documents stand between two lines that no document has: they are told apart from what
//! the model is told, whatever they say. That the model obeys is not relied on; forms and checks
//! hold without it.

mod words;

use std::fmt::Write as _;

use domain::chat::{Message, Role};
use inference::QuoteForm;

use super::{QuestionLanguage, ask::Means, select::Chosen};
use words::Words;

/// The shortest line between what is told and what is data.
const FENCE_MIN: usize = 8;

/// Asks for quotes, or for the numbers of sentences.
pub(super) fn quoting(
    language: QuestionLanguage,
    means: Means,
    form: &QuoteForm,
    chosen: &[Chosen],
    question: &str,
) -> Vec<Message> {
    let words = Words::of(language);
    let told = match means {
        Means::Here => words.quote,
        Means::Elsewhere => words.pick,
    };
    let told = told.replace("{most}", &form.quotes_max().to_string());
    messages(&told, words, &passages(form, chosen, means), question)
}

/// Asks for a sentence a set of quotes.
pub(super) fn writing(
    language: QuestionLanguage,
    means: Means,
    sets: &[Vec<String>],
    question: &str,
) -> Vec<Message> {
    let words = Words::of(language);
    let told = match means {
        Means::Here => words.write,
        Means::Elsewhere => words.write_list,
    };
    let mut data = String::new();
    for (number, quotes) in (1..).zip(sets) {
        // Writing to a string cannot fail.
        writeln!(data, "[{number}] {}", quotes.join(" ")).ok();
    }
    messages(told, words, &data, question)
}

fn messages(told: &str, words: &Words, data: &str, question: &str) -> Vec<Message> {
    let fence = fence(data);
    let asked = format!("{fence}\n{data}{fence}\n{} {question}", words.question);
    vec![Message::new(Role::System, told), Message::new(Role::User, asked)]
}

/// Numbered passages, each with the headings that it stands under. Where numbers of sentences are
/// asked for, each sentence has one.
fn passages(form: &QuoteForm, chosen: &[Chosen], means: Means) -> String {
    let mut text = String::new();
    for ((number, sentences), passage) in (1..).zip(form.passages()).zip(chosen) {
        let headings: Vec<String> =
            passage.headings.iter().map(|heading| on_one_line(heading)).collect();
        let path = if headings.is_empty() {
            String::new()
        } else {
            format!(" ({})", headings.join(" › "))
        };
        // Writing to a string cannot fail.
        writeln!(text, "[{number}]{path}").ok();
        match means {
            Means::Here => writeln!(text, "{}", sentences.join(" ")).ok(),
            Means::Elsewhere => (1..)
                .zip(sentences)
                .try_for_each(|(number, sentence)| writeln!(text, "({number}) {sentence}"))
                .ok(),
        };
    }
    text
}

/// A line longer than all of its kind in the text.
fn fence(text: &str) -> String {
    let runs = text.split(|c: char| c != '=').map(str::len);
    let longest = runs.max().unwrap_or(0);
    "=".repeat(FENCE_MIN.max(longest + 1))
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
