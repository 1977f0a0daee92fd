//! Which engine answers a request: pure, and able to say why.
//!
//! Residency comes first and nothing overrules it: whoever may not be asked is no candidate, also
//! when nobody else is there. Among the others health counts before load, load before what was
//! computed already, that before the price, and the price before the grid.

use std::cmp::Ordering;

use crate::Health;

/// Something that could answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate<'a> {
    /// The id of an upstream, or `here`.
    pub name: &'a str,
    /// The code of the rule that keeps content from going there.
    pub denied: Option<&'static str>,
    pub health: Health,
    /// Requests that it answers now, and at most.
    pub running: usize,
    pub room: usize,
    /// Whether it answered a request that begins alike.
    pub has_prefix: bool,
    /// What a million tokens cost, prompts and answers together.
    pub microeuros_per_million: u64,
    /// Of its grid.
    pub grams_per_kwh: f64,
}

/// How much of a project's requests goes to one upstream while a model moves there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share<'a> {
    /// The upstream.
    pub to: &'a str,
    /// 0 to 100.
    pub percent: u8,
    /// What the request drew: 0 to 99.
    pub draw: u8,
}

/// Who is asked, and who after them if they do not answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// At least one place in the list of candidates, best first.
    pub order: Vec<usize>,
    /// What told the first from the second.
    pub because: Because,
    /// Those that are not asked.
    pub left_out: Vec<(usize, LeftOut)>,
}

/// What decided between the first and the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// Nobody else may be asked, or can be.
    Only,
    /// The share of the project.
    Share,
    Health,
    Load,
    Prefix,
    Price,
    Carbon,
    /// They are alike: the first in the settings.
    Order,
}

impl Because {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Only => "only",
            Self::Share => "share",
            Self::Health => "health",
            Self::Load => "load",
            Self::Prefix => "prefix",
            Self::Price => "price",
            Self::Carbon => "carbon",
            Self::Order => "order",
        }
    }
}

/// Why a candidate is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// By the rule of this code.
    Denied(&'static str),
    Down,
    Full,
}

impl LeftOut {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied(code) => code,
            Self::Down => "down",
            Self::Full => "full",
        }
    }
}

/// Nobody is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nobody {
    pub why: NoRoute,
    pub left_out: Vec<(usize, LeftOut)>,
}

/// Why nobody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// Everybody is denied, or those who are not are no candidates: deny beats fallback.
    Denied,
    /// Somebody may be asked, and nobody who may is well.
    Unavailable,
    /// Somebody is well, and has no room.
    Full,
}

/// Decides.
pub fn route(candidates: &[Candidate<'_>], share: Option<Share<'_>>) -> Result<Decision, Nobody> {
    let (mut order, mut left_out) = (Vec::new(), Vec::new());
    for (index, candidate) in candidates.iter().enumerate() {
        match left_out_because(candidate) {
            Some(reason) => left_out.push((index, reason)),
            None => order.push(index),
        }
    }
    if order.is_empty() {
        return Err(Nobody { why: no_route(&left_out), left_out });
    }
    // A share is no reason to ask whom others are asked before.
    let chosen = |index: usize| {
        let Candidate { name, health, .. } = candidates[index];
        health == Health::Well && share.is_some_and(|share| share.chooses(name))
    };
    let by_order = |&a: &usize, &b: &usize| {
        let by_share = chosen(b).cmp(&chosen(a));
        by_share.then_with(|| compare(&candidates[a], &candidates[b]).0)
    };
    order.sort_by(by_order);
    let because = match *order {
        [first, second, ..] if chosen(first) != chosen(second) => Because::Share,
        [first, second, ..] => compare(&candidates[first], &candidates[second]).1,
        _ => Because::Only,
    };
    Ok(Decision { order, because, left_out })
}

impl Share<'_> {
    /// Whether the request belongs to this candidate rather than to the others.
    fn chooses(&self, name: &str) -> bool {
        (self.draw < self.percent) == (self.to == name)
    }
}

fn left_out_because(candidate: &Candidate<'_>) -> Option<LeftOut> {
    if let Some(code) = candidate.denied {
        return Some(LeftOut::Denied(code));
    }
    if candidate.health == Health::Down {
        return Some(LeftOut::Down);
    }
    (candidate.running >= candidate.room).then_some(LeftOut::Full)
}

fn no_route(left_out: &[(usize, LeftOut)]) -> NoRoute {
    let any = |wanted: fn(&LeftOut) -> bool| left_out.iter().any(|(_, reason)| wanted(reason));
    if any(|reason| *reason == LeftOut::Full) {
        NoRoute::Full
    } else if any(|reason| *reason == LeftOut::Down) {
        NoRoute::Unavailable
    } else {
        NoRoute::Denied
    }
}

fn compare(a: &Candidate<'_>, b: &Candidate<'_>) -> (Ordering, Because) {
    let steps = [
        (a.health.cmp(&b.health), Because::Health),
        (a.load().cmp(&b.load()), Because::Load),
        (b.has_prefix.cmp(&a.has_prefix), Because::Prefix),
        (a.microeuros_per_million.cmp(&b.microeuros_per_million), Because::Price),
        (a.grams_per_kwh.total_cmp(&b.grams_per_kwh), Because::Carbon),
    ];
    let decided = steps.into_iter().find(|(ordering, _)| ordering.is_ne());
    decided.unwrap_or((Ordering::Equal, Because::Order))
}

impl Candidate<'_> {
    /// In quarters of its room: a request more or less is no reason to lose a prefix or to pay more.
    fn load(&self) -> usize {
        self.running.saturating_mul(4) / self.room.max(1)
    }
}

#[cfg(test)]
mod tests;
