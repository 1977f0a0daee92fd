//! Dates, in digits and with names of months.

use super::{
    number::Quantity,
    token::Token,
    vocabulary::{DATE_LINKS, DAY_ENDINGS, MONTHS},
};

/// What a date says. Texts that leave out the day or the year do not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Date {
    year: Option<u16>,
    month: u16,
    day: Option<u16>,
}

impl Date {
    fn new(year: Option<u16>, month: u16, day: Option<u16>) -> Option<Self> {
        let right = (1..=12).contains(&month) && day.is_none_or(|day| (1..=31).contains(&day));
        right.then_some(Self { year, month, day })
    }

    /// All that it says: itself, and itself without its day, its year, or both.
    pub(super) fn said(&self) -> [Self; 4] {
        let Self { year, month, day } = *self;
        let parts = [(year, day), (year, None), (None, day), (None, None)];
        parts.map(|(year, day)| Self { year, month, day })
    }

    /// Its year and its day, which a statement may claim alone.
    pub(super) fn numbers(&self) -> impl Iterator<Item = Quantity> {
        self.year.into_iter().chain(self.day).map(|number| Quantity::whole(&number.to_string()))
    }
}

/// The date that begins with a token, in each way that it can be read, and the token after it.
pub(super) fn date(tokens: &[Token], first: usize) -> Option<(Vec<Date>, usize)> {
    in_digits(tokens, first)
        .or_else(|| day_first(tokens, first))
        .or_else(|| month_first(tokens, first))
}

/// `2019-04-03`, `03/04/2019`, `3.4.2019`, `03/04/19`.
fn in_digits(tokens: &[Token], first: usize) -> Option<(Vec<Date>, usize)> {
    let [one, mark, two, again, three] = tokens.get(first..first + 5)? else { return None };
    let joined = [mark, two, again, three].iter().all(|token| !token.gap);
    let same = ['-', '/', '.'].into_iter().any(|c| mark.is_mark(c) && again.is_mark(c));
    if !joined || !same {
        return None;
    }
    let (a, b, c) = (number(one)?, number(two)?, number(three)?);
    let lengths = (one.text.len(), two.text.len(), three.text.len());
    let readings: Vec<Date> = match lengths {
        (4, 1..=2, 1..=2) => Date::new(Some(a), b, Some(c)).into_iter().collect(),
        (1..=2, 1..=2, 4) => either(Some(c), a, b),
        (1..=2, 1..=2, 2) if mark.is_mark('/') => {
            [1900, 2000].into_iter().flat_map(|century| either(Some(century + c), a, b)).collect()
        }
        _ => Vec::new(),
    };
    (!readings.is_empty()).then_some((readings, first + 5))
}

fn either(year: Option<u16>, one: u16, two: u16) -> Vec<Date> {
    [Date::new(year, two, Some(one)), Date::new(year, one, Some(two))]
        .into_iter()
        .flatten()
        .collect()
}

/// `1er avril 2019`, `3. April`, `3 de abril de 2019`, `٣ أبريل ٢٠١٩`.
fn day_first(tokens: &[Token], first: usize) -> Option<(Vec<Date>, usize)> {
    let day = tokens.get(first).filter(|token| token.text.len() <= 2).and_then(number)?;
    let after = past_links(tokens, past_ending(tokens, first + 1));
    let (month, end) = month(tokens, after)?;
    let (year, end) = year(tokens, end).map_or((None, end), |(year, end)| (Some(year), end));
    Some((vec![Date::new(year, month, Some(day))?], end))
}

/// `April 3rd, 2019`, `April 3`, `avril 2019`.
fn month_first(tokens: &[Token], first: usize) -> Option<(Vec<Date>, usize)> {
    let (month, after) = month(tokens, first)?;
    if let Some((year, end)) = year(tokens, after) {
        return Some((vec![Date::new(Some(year), month, None)?], end));
    }
    let day = tokens.get(after).filter(|token| token.text.len() <= 2).and_then(number)?;
    let end = past_ending(tokens, after + 1);
    let (year, end) = year(tokens, end).map_or((None, end), |(year, end)| (Some(year), end));
    Some((vec![Date::new(year, month, Some(day))?], end))
}

fn number(token: &Token) -> Option<u16> {
    if token.is_number() { token.text.parse().ok() } else { None }
}

/// Past the ending of the number of a day: `er`, `th`, `º`, or the full stop of German.
fn past_ending(tokens: &[Token], at: usize) -> usize {
    let ending = tokens
        .get(at)
        .is_some_and(|token| !token.gap && (token.is_of(&DAY_ENDINGS) || token.is_mark('.')));
    at + usize::from(ending)
}

fn past_links(tokens: &[Token], at: usize) -> usize {
    at + usize::from(tokens.get(at).is_some_and(|token| token.is_of(&DATE_LINKS)))
}

/// The month that begins with a token, and the token after it and after a full stop of its own.
fn month(tokens: &[Token], at: usize) -> Option<(u16, usize)> {
    let word = tokens.get(at).filter(|token| token.shape().is_some())?;
    let next = tokens.get(at + 1).map_or("", |token| token.text.as_str());
    let pair = format!("{} {next}", word.text);
    let named = |name: &str| MONTHS.iter().find(|(known, _)| *known == name).map(|(_, m)| *m);
    if let Some(month) = named(&pair) {
        return Some((month, at + 2));
    }
    let month = named(&word.text)?;
    let dotted = tokens.get(at + 1).is_some_and(|token| token.is_mark('.') && !token.gap);
    Some((month, at + 1 + usize::from(dotted && number_follows(tokens, at + 2))))
}

fn number_follows(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(Token::is_number)
}

/// A year of four digits, after a comma or a word such as `de`.
fn year(tokens: &[Token], at: usize) -> Option<(u16, usize)> {
    let comma = usize::from(tokens.get(at).is_some_and(|token| token.is_mark(',')));
    let at = past_links(tokens, at + comma);
    let token = tokens.get(at).filter(|token| token.text.len() == 4)?;
    let year = number(token).filter(|year| (1000..3000).contains(year))?;
    Some((year, at + 1))
}
