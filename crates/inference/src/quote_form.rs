//! Answers that quote: which passages there are, and which runs of their sentences may be repeated.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::AnswerFormat;

/// What a model writes where no passage answers.
pub const NO_ANSWER: &str = "NO_ANSWER";

/// Numbered passages, each a list of sentences, of which an answer may repeat runs to the letter.
///
/// The answer is [`NO_ANSWER`], or lines of the form `[2] A sentence. The sentence after it.`: the
/// number of a passage from 1, and one or more whole sentences of it that follow each other, with
/// a space between. [`QuoteForm::read`] finds out which.
///
/// Where the engine that answers cannot keep this form, [`QuoteForm::picks`] asks for the numbers
/// of sentences instead, and [`QuoteForm::read_picks`] gives the same runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QuoteForm {
    passages: Vec<Vec<String>>,
    quotes_max: usize,
}

/// One or more sentences of a passage that follow each other. All numbers count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QuoteRun {
    pub passage: usize,
    pub first: usize,
    /// The last sentence, itself included; not before `first`.
    pub last: usize,
}

/// What an answer of the form says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotesRead {
    /// That no passage answers.
    NoAnswer,
    /// In the order of the answer. None where it was cut before its first quote was whole.
    Quotes(Vec<QuoteRun>),
}

/// Passages that no form can be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteFormError {
    #[error("{passages} passages: from 1 to {} may be quoted", QuoteForm::PASSAGES_MAX)]
    Passages { passages: usize },
    #[error("passage {passage} has no sentence, or one without a character")]
    Blank { passage: usize },
    #[error("the passages have {bytes} bytes together, and {} are possible", QuoteForm::BYTES_MAX)]
    TooLong { bytes: usize },
    #[error("{quotes} quotes: from 1 to {} may be asked for", QuoteForm::QUOTES_MAX)]
    Quotes { quotes: usize },
}

/// The numbers that a model picks, as it counts them: from 1.
#[derive(Deserialize)]
struct Picks {
    quotes: Vec<Pick>,
}

#[derive(Deserialize)]
struct Pick {
    passage: usize,
    first: usize,
    last: usize,
}

impl QuoteForm {
    /// Passages of one form.
    pub const PASSAGES_MAX: usize = 64;
    /// Bytes of all its sentences together.
    pub const BYTES_MAX: usize = 64 * 1024;
    /// Quotes of one answer.
    pub const QUOTES_MAX: usize = 16;

    /// White space in a sentence becomes one space, since an answer has one quote a line.
    ///
    /// # Errors
    /// [`QuoteFormError`] for no passage or too many, a blank one, too long ones, and a number of
    /// quotes that is not from 1 to [`Self::QUOTES_MAX`].
    pub fn new(passages: &[Vec<String>], quotes_max: usize) -> Result<Self, QuoteFormError> {
        let lines = |one: &Vec<String>| one.iter().map(|sentence| on_one_line(sentence)).collect();
        let passages: Vec<Vec<String>> = passages.iter().map(lines).collect();
        let form = Self { passages, quotes_max };
        form.check()?;
        Ok(form)
    }

    fn check(&self) -> Result<(), QuoteFormError> {
        let passages = self.passages.len();
        if !(1..=Self::PASSAGES_MAX).contains(&passages) {
            return Err(QuoteFormError::Passages { passages });
        }
        if !(1..=Self::QUOTES_MAX).contains(&self.quotes_max) {
            return Err(QuoteFormError::Quotes { quotes: self.quotes_max });
        }
        let is_blank = |one: &Vec<String>| one.is_empty() || one.iter().any(String::is_empty);
        if let Some(blank) = self.passages.iter().position(is_blank) {
            return Err(QuoteFormError::Blank { passage: blank + 1 });
        }
        let bytes = self.bytes();
        if bytes > Self::BYTES_MAX { Err(QuoteFormError::TooLong { bytes }) } else { Ok(()) }
    }

    /// The sentences of each passage as they are repeated, each on one line.
    pub fn passages(&self) -> &[Vec<String>] {
        &self.passages
    }

    /// How many quotes an answer has at most.
    pub const fn quotes_max(&self) -> usize {
        self.quotes_max
    }

    /// Of all sentences together.
    pub fn bytes(&self) -> usize {
        self.passages.iter().flatten().map(String::len).sum()
    }

    /// The text of a run as an answer repeats it; `None` where there is no such run.
    pub fn text(&self, run: QuoteRun) -> Option<String> {
        Some(self.passages.get(run.passage)?.get(run.first..=run.last)?.join(" "))
    }

    /// Which runs an answer of the form repeats. A line that is no whole run is left out: the last
    /// one may be cut.
    pub fn read(&self, answer: &str) -> QuotesRead {
        let answer = answer.trim();
        if answer == NO_ANSWER {
            return QuotesRead::NoAnswer;
        }
        let runs = answer.lines().filter_map(|line| self.run(line));
        QuotesRead::Quotes(runs.take(self.quotes_max).collect())
    }

    /// The first run of the passage that is named with exactly these words.
    fn run(&self, line: &str) -> Option<QuoteRun> {
        let (number, words) = line.strip_prefix('[')?.split_once("] ")?;
        let passage = number.parse::<usize>().ok()?.checked_sub(1)?;
        let sentences = self.passages.get(passage)?;
        (0..sentences.len()).find_map(|first| {
            let count = sentences_in(sentences.get(first..)?, words)?;
            Some(QuoteRun { passage, first, last: first + count - 1 })
        })
    }

    /// The form for engines that keep a JSON schema and nothing stricter: the model picks numbers
    /// of sentences, counted from 1 in each passage, and no words of it are ever used.
    pub fn picks(&self) -> AnswerFormat {
        let numbers = |most: usize| json!({ "type": "integer", "enum": up_to(most) });
        let sentences = self.passages.iter().map(Vec::len).max().unwrap_or(1);
        let pick = object(&json!({
            "passage": numbers(self.passages.len()),
            "first": numbers(sentences),
            "last": numbers(sentences),
        }));
        let quotes = json!({ "type": "array", "items": pick, "maxItems": self.quotes_max });
        AnswerFormat::Json(object(&json!({ "quotes": quotes })).to_string().into())
    }

    /// Which runs an answer to [`Self::picks`] names. Runs that do not exist are left out, such as
    /// those that end before they begin.
    pub fn read_picks(&self, answer: &str) -> QuotesRead {
        match serde_json::from_str::<Picks>(answer) {
            Ok(picks) if picks.quotes.is_empty() => QuotesRead::NoAnswer,
            Ok(picks) => {
                let runs = picks.quotes.iter().filter_map(|pick| self.picked(pick));
                QuotesRead::Quotes(runs.take(self.quotes_max).collect())
            }
            Err(_cut) => QuotesRead::Quotes(Vec::new()),
        }
    }

    fn picked(&self, pick: &Pick) -> Option<QuoteRun> {
        let run = QuoteRun {
            passage: pick.passage.checked_sub(1)?,
            first: pick.first.checked_sub(1)?,
            last: pick.last.checked_sub(1)?,
        };
        let sentences = self.passages.get(run.passage)?;
        (run.first <= run.last && run.last < sentences.len()).then_some(run)
    }
}

/// How many sentences, from the first on, are exactly these words with a space between two.
fn sentences_in(sentences: &[String], words: &str) -> Option<usize> {
    let mut rest = words;
    for (count, sentence) in (1..).zip(sentences) {
        rest = rest.strip_prefix(sentence.as_str())?;
        if rest.is_empty() {
            return Some(count);
        }
        rest = rest.strip_prefix(' ')?;
    }
    None
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn up_to(most: usize) -> Vec<usize> {
    (1..=most).collect()
}

/// The schema of an object that has all of these members and no others.
fn object(properties: &Value) -> Value {
    let names: Vec<&String> = properties.as_object().into_iter().flat_map(Map::keys).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests;
