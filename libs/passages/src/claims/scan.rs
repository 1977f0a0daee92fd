//! Facts in a text, from left to right.

use super::{
    Found, article,
    date::{self, Date},
    name,
    number::{self, Quantity},
    token::{Shape, Token},
};

/// Something that can be compared.
#[derive(Debug)]
pub(super) enum Fact {
    /// A number and its unit.
    Quantity(Quantity),
    /// A date in each way that it can be read; never empty.
    Date(Vec<Date>),
    /// The number of an article, such as `l123-4`.
    Article(String),
    /// A word in small letters without accents.
    Name(String),
    /// An address of the network in small letters.
    Address(String),
}

/// All facts but names that only capitals tell. What begins earlier and is longest wins: the
/// numbers of a date are part of the date.
pub(super) fn facts(tokens: &[Token]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut first = 0;
    while first < tokens.len() {
        let (here, end) = fact_at(tokens, first);
        found.extend(here);
        first = end.max(first + 1);
    }
    found
}

/// The facts that begin with a token, and the token after them.
fn fact_at(tokens: &[Token], first: usize) -> (Vec<Found>, usize) {
    let (articles, end) = article::articles(tokens, first);
    if !articles.is_empty() {
        return (articles, end);
    }
    if let Some((readings, end)) = date::date(tokens, first) {
        return (vec![Found { fact: Fact::Date(readings), first, end }], end);
    }
    if let Some((quantity, end)) = number::quantity(tokens, first) {
        return (vec![Found { fact: Fact::Quantity(quantity), first, end }], end);
    }
    match tokens.get(first).filter(|token| token.shape() == Some(Shape::Code)) {
        Some(code) => {
            let fact = Fact::Name(name::plain(&code.text));
            (vec![Found { fact, first, end: first + 1 }], first + 1)
        }
        None => (Vec::new(), first + 1),
    }
}
