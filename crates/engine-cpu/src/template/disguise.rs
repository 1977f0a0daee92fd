//! Keeps users from writing the tokens that structure a conversation.
//!
//! Before the template sees a message, characters that could form such a token are exchanged for
//! private-use characters that occur nowhere else, one for one, so that templates which trim,
//! split or measure texts work as before. Afterwards the exchange is undone in the parts that are
//! tokenised as plain text. It comes in two strengths:
//!
//! - [`Disguise::break_tokens`] changes the first character of each token that stands in the
//!   content, and nothing else: ordinary content reaches the template as it is.
//! - [`Disguise::hide_characters`] changes every character that occurs in any such token, so no
//!   character of the content can take part in one, whatever the template does.

use std::collections::{BTreeSet, HashSet};

use crate::tokenizer::SpecialMatcher;

/// The supplementary private-use areas, without their noncharacters.
const PRIVATE_USE: [std::ops::RangeInclusive<char>; 2] =
    ['\u{f0000}'..='\u{ffffd}', '\u{100000}'..='\u{10fffd}'];

/// Collects what the stand-ins must differ from.
pub(super) struct Avoiding {
    hidden: Vec<char>,
    taken: HashSet<char>,
}

/// A one-to-one exchange of characters.
pub(super) struct Disguise {
    /// Sorted; `stand_ins[i]` stands for `hidden[i]`.
    hidden: Vec<char>,
    /// Sorted as well.
    stand_ins: Vec<char>,
    end: char,
}

impl Avoiding {
    pub(super) fn avoid(&mut self, text: &str) {
        self.taken.extend(text.chars().filter(|&c| is_private_use(c)));
    }

    /// `None` when too few private-use characters are left.
    pub(super) fn choose(self) -> Option<Disguise> {
        let mut free = PRIVATE_USE.into_iter().flatten().filter(|c| !self.taken.contains(c));
        let end = free.next()?;
        let stand_ins: Vec<char> = free.take(self.hidden.len()).collect();
        (stand_ins.len() == self.hidden.len()).then_some(Disguise {
            hidden: self.hidden,
            stand_ins,
            end,
        })
    }
}

impl Disguise {
    #[expect(clippy::new_ret_no_self, reason = "a disguise is chosen after what it must avoid")]
    pub(super) fn new(structural: &SpecialMatcher, template: &str) -> Avoiding {
        let hidden: BTreeSet<char> = structural.characters().collect();
        let mut avoiding = Avoiding { hidden: hidden.into_iter().collect(), taken: HashSet::new() };
        avoiding.taken.extend(avoiding.hidden.iter().copied().filter(|&c| is_private_use(c)));
        avoiding.avoid(template);
        avoiding
    }

    /// A character that marks where a message ends.
    pub(super) fn end(&self) -> char {
        self.end
    }

    pub(super) fn break_tokens(&self, content: &str, structural: &SpecialMatcher) -> String {
        let starts_token = |(at, c)| {
            if structural.match_at(content, at).is_some() { self.hide(c) } else { c }
        };
        content.char_indices().map(starts_token).collect()
    }

    pub(super) fn hide_characters(&self, content: &str) -> String {
        content.chars().map(|c| self.hide(c)).collect()
    }

    pub(super) fn reveal(&self, text: &str) -> String {
        let shown = |c: char| match self.stand_ins.binary_search(&c) {
            Ok(place) => Some(self.hidden[place]),
            Err(_) => (c != self.end).then_some(c),
        };
        text.chars().filter_map(shown).collect()
    }

    fn hide(&self, c: char) -> char {
        self.hidden.binary_search(&c).map_or(c, |place| self.stand_ins[place])
    }
}

fn is_private_use(c: char) -> bool {
    PRIVATE_USE.iter().any(|range| range.contains(&c))
}
