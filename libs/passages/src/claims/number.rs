//! Numbers, percentages and sums of money.

use super::{
    token::{Token, TokenKind},
    vocabulary::{CURRENCIES, CURRENCY_LINKS, PERCENT, SCALES},
};

/// Digits of a number at most; longer rows of digits are compared as they are.
const DIGITS_MAX: usize = 40;

/// A number in each way that it can be read, and what it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quantity {
    /// In digits with `.` before the fraction, without zeros that say nothing; never empty.
    readings: Vec<String>,
    pub(super) unit: Unit,
}

/// What a number counts, as far as it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    None,
    Percent,
    Currency(&'static str),
}

impl Quantity {
    /// A number without separators or unit.
    pub(super) fn whole(digits: &str) -> Self {
        Self { readings: vec![plain(digits, "")], unit: Unit::None }
    }

    pub(super) fn readings(&self) -> &[String] {
        &self.readings
    }
}

/// The quantity that begins with a token, and the token after it.
pub(super) fn quantity(tokens: &[Token], first: usize) -> Option<(Quantity, usize)> {
    let before = tokens.get(first).and_then(currency);
    let start = first + usize::from(before.is_some());
    let (groups, end) = groups(tokens, start)?;
    let (readings, end) = scaled(readings(&groups), tokens, end);
    let (unit, end) = match before {
        Some(code) => (Unit::Currency(code), end),
        None => unit(tokens, end),
    };
    Some((Quantity { readings, unit }, end))
}

/// Digits, and the separator before them (a space for white space).
type Group<'a> = (char, &'a str);

/// The groups of digits of one number.
fn groups(tokens: &[Token], first: usize) -> Option<(Vec<Group<'_>>, usize)> {
    let token = tokens.get(first).filter(|token| token.is_number())?;
    let mut groups = vec![('\0', token.text.as_str())];
    let mut at = first + 1;
    let mut are_thousands = token.text.len() <= 3;
    while let Some((group, end)) = group(tokens, at, are_thousands) {
        are_thousands &= group.0 == ' ';
        groups.push(group);
        at = end;
    }
    Some((groups, at))
}

/// The next group, after a space only where all before it can be thousands with spaces.
fn group(tokens: &[Token], at: usize, are_thousands: bool) -> Option<(Group<'_>, usize)> {
    let token = tokens.get(at)?;
    if token.is_number() {
        let fits = are_thousands && token.gap && token.text.len() == 3;
        return fits.then_some(((' ', token.text.as_str()), at + 1));
    }
    let TokenKind::Mark(mark) = token.kind else { return None };
    let next = tokens.get(at + 1).filter(|next| next.is_number() && !next.gap)?;
    let separates = !token.gap && matches!(mark, '.' | ',' | '\'' | '٬' | '٫');
    separates.then_some(((mark, next.text.as_str()), at + 2))
}

/// What groups of digits can mean.
fn readings(groups: &[Group<'_>]) -> Vec<String> {
    let all = |groups: &[Group<'_>]| groups.iter().map(|(_, digits)| *digits).collect::<String>();
    let whole = || vec![plain(&all(groups), "")];
    let Some(((last, fraction), earlier)) = groups.split_last() else { return Vec::new() };
    let decimal = || plain(&all(earlier), fraction);
    let separators: Vec<char> = groups.iter().skip(1).map(|(separator, _)| *separator).collect();
    let same = separators.iter().all(|separator| separator == last);
    match separators.len() {
        0 => whole(),
        1 if *last == ' ' => whole(),
        1 if *last != '٫' && is_thousands(groups) => {
            let mut both = whole();
            if matches!(*last, '.' | ',') {
                both.push(decimal());
            }
            both
        }
        2.. if same && is_thousands(groups) => whole(),
        2.. if same => vec![groups.iter().map(|(_, digits)| *digits).collect::<Vec<_>>().join(".")],
        _ => vec![decimal()],
    }
}

/// Whether the last group has three digits, as thousands do, and the others two or three, as in
/// Europe or India, after a first one of at most three that is not a zero.
fn is_thousands(groups: &[Group<'_>]) -> bool {
    let Some(((_, first), later)) = groups.split_first() else { return false };
    first.len() <= 3
        && !first.starts_with('0')
        && later.last().is_some_and(|(_, digits)| digits.len() == 3)
        && later.iter().all(|(_, digits)| (2..=3).contains(&digits.len()))
}

/// Without zeros that say nothing.
fn plain(whole: &str, fraction: &str) -> String {
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

/// Multiplied by a word such as `millions`, if one follows.
fn scaled(readings: Vec<String>, tokens: &[Token], at: usize) -> (Vec<String>, usize) {
    let Some(token) = tokens.get(at).filter(|token| token.shape().is_some()) else {
        return (readings, at);
    };
    let Some((_, zeros)) = SCALES.iter().find(|(word, _)| *word == token.text) else {
        return (readings, at);
    };
    let dotted = tokens.get(at + 1).is_some_and(|next| next.is_mark('.') && !next.gap);
    let followed = tokens.get(at + 2).is_some();
    let end = at + 1 + usize::from(dotted && followed);
    (readings.iter().map(|reading| shifted(reading, *zeros)).collect(), end)
}

fn shifted(reading: &str, zeros: usize) -> String {
    let (whole, fraction) = reading.split_once('.').unwrap_or((reading, ""));
    if reading.len() > DIGITS_MAX || fraction.contains('.') {
        return reading.to_owned();
    }
    let padded = format!("{fraction:0<zeros$}");
    let (moved, rest) = padded.split_at_checked(zeros).unwrap_or((padded.as_str(), ""));
    plain(&format!("{whole}{moved}"), rest)
}

/// What the number counts, if the tokens after it say so.
fn unit(tokens: &[Token], at: usize) -> (Unit, usize) {
    if tokens.get(at).is_some_and(|token| token.is_mark('%')) {
        return (Unit::Percent, at + 1);
    }
    if let Some(end) = percent(tokens, at) {
        return (Unit::Percent, end);
    }
    let links = tokens.get(at..).unwrap_or_default().iter();
    let linked = at + links.take_while(|t| t.is_of(&CURRENCY_LINKS) || t.is_mark('\'')).count();
    match tokens.get(linked).and_then(currency) {
        Some(code) => (Unit::Currency(code), linked + 1),
        None => (Unit::None, at),
    }
}

fn percent(tokens: &[Token], at: usize) -> Option<usize> {
    let word = tokens.get(at).filter(|token| token.shape().is_some())?;
    if PERCENT.contains(&word.text.as_str()) {
        return Some(at + 1);
    }
    let next = tokens.get(at + 1).filter(|token| token.shape().is_some())?;
    let pair = format!("{} {}", word.text, next.text);
    PERCENT.contains(&pair.as_str()).then_some(at + 2)
}

fn currency(token: &Token) -> Option<&'static str> {
    let mut sign = [0; 4];
    let name: &str = match token.kind {
        TokenKind::Mark(mark) => mark.encode_utf8(&mut sign),
        TokenKind::Word(_) => &token.text,
        TokenKind::Number => return None,
    };
    CURRENCIES.iter().find(|(known, _)| *known == name).map(|(_, code)| *code)
}
