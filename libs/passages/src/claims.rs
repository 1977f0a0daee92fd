//! What a statement claims that its quotes do not hold.

mod address;
mod article;
mod date;
mod name;
mod number;
mod scan;
mod token;
mod vocabulary;

use std::collections::{HashMap, HashSet};

use scan::{Fact, facts};

use crate::{
    claims::{
        date::Date,
        number::{Quantity, Unit},
        token::{Token, tokens},
    },
    document::Span,
};

/// Something that a statement claims and none of its quotes holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A number without a unit that is known here.
    Number(Claimed),
    /// A part of a hundred.
    Percentage(Claimed),
    /// A sum of money; the number may be there, with another currency or none.
    Amount(Claimed),
    /// A day, a month of a year, or a day of a month.
    Date(Claimed),
    /// An article of a law or treaty.
    Article(Claimed),
    /// A name, an acronym, a code with letters and digits, or an address of the network.
    Name(Claimed),
}

/// The words of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// As the statement has them.
    pub text: String,
    /// Where they stand in the statement.
    pub span: Span,
}

impl Missing {
    /// The words of the claim.
    pub fn claimed(&self) -> &Claimed {
        match self {
            Self::Number(claimed)
            | Self::Percentage(claimed)
            | Self::Amount(claimed)
            | Self::Date(claimed)
            | Self::Article(claimed)
            | Self::Name(claimed) => claimed,
        }
    }
}

/// What of `statement` occurs in none of `quotes`, in order; empty where all of it does.
///
/// Compared is what can be: numbers in digits of any script, with or without separators of
/// thousands; percentages and sums of money; dates in digits or with names of months in French,
/// English, German, Spanish, Arabic and Hindi; numbers of articles; names. `1.234` may be more
/// than a thousand or little more than one, and `3/4` in March or April: any reading that the
/// quotes hold will do. Numbers in words are not compared.
///
/// Names are told by their capitals, so that there are none to compare in scripts without
/// capitals, except words in Latin letters; the first word of a sentence is not taken for a name,
/// nor is a single noun in German. Addresses of the network are compared letter by letter, in small
/// letters. Take marks of citations such as `[1]` off the statement first.
///
/// An empty answer does not say that the statement is true, nor that it follows from the quotes.
pub fn missing_claims(statement: &str, quotes: &[&str]) -> Vec<Missing> {
    let evidence = Evidence::of(quotes);
    let tokens = tokens(statement);
    let mut found = told(statement, &tokens);
    found.extend(name::names(statement, &tokens, &found));
    found.sort_by_key(|found| found.first);
    let missing = found.iter().filter(|found| !evidence.holds(&found.fact));
    missing.filter_map(|found| found.missing(statement, &tokens)).collect()
}

/// Addresses, and all facts but names that only capitals tell.
fn told(text: &str, tokens: &[Token]) -> Vec<Found> {
    let mut found = facts(tokens);
    found.extend(address::addresses(text, tokens));
    found
}

/// A fact and the tokens that say it: from `first` up to, not including, `end`.
struct Found {
    fact: Fact,
    first: usize,
    end: usize,
}

impl Found {
    fn missing(&self, statement: &str, tokens: &[Token]) -> Option<Missing> {
        let held = tokens.get(self.first..self.end)?;
        let span = Span::new(held.first()?.span.start, held.last()?.span.end);
        let claimed = Claimed { text: statement.get(span.range())?.to_owned(), span };
        Some(match &self.fact {
            Fact::Quantity(quantity) => match quantity.unit {
                Unit::None => Missing::Number(claimed),
                Unit::Percent => Missing::Percentage(claimed),
                Unit::Currency(_) => Missing::Amount(claimed),
            },
            Fact::Date(_) => Missing::Date(claimed),
            Fact::Article(_) => Missing::Article(claimed),
            Fact::Name(_) | Fact::Address(_) => Missing::Name(claimed),
        })
    }
}

/// All that quotes say.
#[derive(Default)]
struct Evidence {
    /// What each reading of a number counts.
    quantities: HashMap<String, Vec<Unit>>,
    dates: HashSet<Date>,
    articles: HashSet<String>,
    words: HashSet<String>,
    addresses: HashSet<String>,
}

impl Evidence {
    fn of(quotes: &[&str]) -> Self {
        let mut evidence = Self::default();
        for quote in quotes {
            let tokens = tokens(quote);
            evidence.words.extend(tokens.iter().map(|token| name::plain(&token.text)));
            for found in told(quote, &tokens) {
                evidence.add(found.fact);
            }
        }
        evidence
    }

    fn add(&mut self, fact: Fact) {
        match fact {
            Fact::Quantity(quantity) => self.add_quantity(&quantity),
            Fact::Date(readings) => {
                for number in readings.iter().flat_map(Date::numbers) {
                    self.add_quantity(&number);
                }
                self.dates.extend(readings.iter().flat_map(Date::said));
            }
            Fact::Article(article) => {
                self.articles.insert(article);
            }
            Fact::Name(word) => {
                self.words.insert(word);
            }
            Fact::Address(address) => {
                self.addresses.insert(address);
            }
        }
    }

    fn add_quantity(&mut self, quantity: &Quantity) {
        for reading in quantity.readings() {
            let units = self.quantities.entry(reading.clone()).or_default();
            if !units.contains(&quantity.unit) {
                units.push(quantity.unit);
            }
        }
    }

    /// Whether a number is there, of the same unit if this one has any.
    fn holds_quantity(&self, wanted: &Quantity) -> bool {
        wanted.readings().iter().any(|reading| {
            let units = self.quantities.get(reading);
            units.is_some_and(|units| wanted.unit == Unit::None || units.contains(&wanted.unit))
        })
    }

    fn holds(&self, fact: &Fact) -> bool {
        match fact {
            Fact::Quantity(wanted) => self.holds_quantity(wanted),
            Fact::Date(readings) => readings.iter().any(|wanted| self.dates.contains(wanted)),
            Fact::Article(article) => self.articles.contains(article),
            Fact::Name(word) => name::forms(word).iter().any(|form| self.words.contains(form)),
            Fact::Address(address) => self.addresses.contains(address),
        }
    }
}
