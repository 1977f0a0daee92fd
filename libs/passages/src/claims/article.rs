//! Numbers of articles of laws and treaties.

use super::{
    Found,
    scan::Fact,
    token::{Shape, Token},
    vocabulary::{ARTICLE_SUFFIXES, ARTICLE_WORDS, ARTICLES_WORDS, LIST_WORDS},
};

/// Letters before the number of an article of a French code.
const CODE_LETTERS: [&str; 8] = ["l", "r", "d", "lo", "ro", "lp", "a", "c"];

/// Those of them that are too common elsewhere to tell an article by.
const COMMON_LETTERS: [&str; 2] = ["a", "c"];

/// The articles that a list beginning with a token names, and the token after it: those after a
/// word such as `article`, or one of a code, such as `L. 123-4`, without it.
pub(super) fn articles(tokens: &[Token], first: usize) -> (Vec<Found>, usize) {
    let Some(token) = tokens.get(first) else { return (Vec::new(), first) };
    let many = token.is_of(&ARTICLES_WORDS) || token.is_mark('§');
    if !many && !token.is_of(&ARTICLE_WORDS) {
        let lettered = beginning(tokens, first).filter(|(_, _, lettered)| *lettered);
        let bare = lettered.and_then(|_| number(tokens, first)).filter(|found| found.joined);
        return bare.map_or((Vec::new(), first), |found| (vec![found.found(first)], found.end));
    }
    let mut found = Vec::new();
    let mut end = first + 1;
    let mut start = first;
    let mut at = past_marks(tokens, end);
    while let Some(number) = number(tokens, at) {
        found.push(number.found(start));
        end = number.end;
        let Some(next) = after_separator(tokens, end, many) else { break };
        (at, start) = (next, next);
    }
    (found, end)
}

/// The number of one article.
struct Number {
    text: String,
    end: usize,
    /// Whether it has parts, as those of French codes do.
    joined: bool,
}

impl Number {
    fn found(&self, first: usize) -> Found {
        Found { fact: Fact::Article(self.text.clone()), first, end: self.end }
    }
}

fn number(tokens: &[Token], first: usize) -> Option<Number> {
    let (mut text, mut end, _) = beginning(tokens, first)?;
    let mut joined = false;
    while let Some(part) = part(tokens, end) {
        text.push('-');
        text.push_str(&part.text);
        (end, joined) = (end + 2, true);
    }
    if let Some(suffix) = suffix(tokens, end) {
        text.push(' ');
        text.push_str(&suffix.text);
        end += 1;
    }
    Some(Number { text, end, joined })
}

/// The letters and first digits: `12`, `L123`, `L. 123`, `R* 123`; the token after them, and
/// whether there are letters that tell an article.
fn beginning(tokens: &[Token], first: usize) -> Option<(String, usize, bool)> {
    let token = tokens.get(first)?;
    if token.is_number() {
        return Some((token.text.clone(), first + 1, false));
    }
    let code = |letters: &str| CODE_LETTERS.contains(&letters);
    let rare = |letters: &str| !COMMON_LETTERS.contains(&letters);
    if code(&token.text) && matches!(token.shape(), Some(Shape::Capital | Shape::Capitals)) {
        let at = past_marks(tokens, first + 1);
        let digits = tokens.get(at).filter(|digits| digits.is_number())?;
        return Some((format!("{}{}", token.text, digits.text), at + 1, rare(&token.text)));
    }
    let (letters, digits) = token.text.split_at(token.text.find(|c: char| c.is_ascii_digit())?);
    let whole = code(letters) && digits.chars().all(|c| c.is_ascii_digit());
    whole.then(|| (token.text.clone(), first + 1, rare(letters)))
}

/// Past the marks that may stand before a number: `L.`, `R*`, `(5)`, `§§`.
fn past_marks(tokens: &[Token], at: usize) -> usize {
    let marks = |token: &&Token| ['.', '*', '(', '§'].into_iter().any(|mark| token.is_mark(mark));
    at + tokens.get(at..).unwrap_or_default().iter().take(2).take_while(marks).count()
}

/// `-4` or `.4` after a number, also over the end of a line.
fn part(tokens: &[Token], at: usize) -> Option<&Token> {
    let mark = tokens.get(at).filter(|mark| !mark.gap)?;
    let digits = tokens.get(at + 1).filter(|digits| digits.is_number())?;
    let joins = mark.is_mark('-') || (mark.is_mark('.') && !digits.gap);
    joins.then_some(digits)
}

/// `bis`, `ter` and so on, but not the `bis` of German, after which another number stands.
fn suffix(tokens: &[Token], at: usize) -> Option<&Token> {
    let between = tokens.get(at + 1).is_some_and(Token::is_number);
    tokens.get(at).filter(|token| !between && token.is_of(&ARTICLE_SUFFIXES))
}

/// The token after a comma or a word such as `et`, where the list may go on. After a word for one
/// article it does not: in `article 12, 3 jours` the second number is no article.
fn after_separator(tokens: &[Token], at: usize, many: bool) -> Option<usize> {
    let token = tokens.get(at)?;
    let comma = many && (token.is_mark(',') || token.is_mark('،') || token.is_mark('-'));
    let word = many && token.is_of(&LIST_WORDS);
    (comma || word).then_some(at + 1)
}
