//! Which of two readings of a page is the better one.
//!
//! A model that was made of many languages cuts real language into few pieces and anything else
//! into many: of two readings of the same page, the one with fewer pieces for as many letters is
//! the one that a person would call right. Measured on Arabic and Hindi, this ranks engines exactly
//! as their errors do; simpler scores do not.

use passages::CountTokens;

use crate::{
    limits::length,
    line::Line,
    script::{is_brahmic, is_right_to_left},
};

/// A reading with fewer letters than this part of the other one lost some, however good they are.
const KEPT_PERCENT: u64 = 50;

/// Which letters a reading of a page has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Letters {
    all: u64,
    brahmic: u64,
    from_the_right: u64,
    /// Of those that the font gives no meaning, which are not among the others.
    meaningless: u64,
}

impl Letters {
    pub(crate) fn of(lines: &[Line], meaningless: usize) -> Self {
        let mut letters = Self { meaningless: length(meaningless), ..Self::default() };
        for c in lines.iter().flat_map(|line| line.text.chars()).filter(|c| !c.is_whitespace()) {
            letters.all += 1;
            letters.brahmic += u64::from(is_brahmic(c));
            letters.from_the_right += u64::from(is_right_to_left(c));
        }
        letters
    }

    /// Whether engines do not read such letters alike. Where one sees nothing, so do others.
    pub(crate) fn want_another_reading(self) -> bool {
        let is_plain = (self.brahmic + self.from_the_right) * 20 <= self.all;
        let is_known = self.meaningless * 100 <= self.all;
        self.all + self.meaningless > 0 && !(is_plain && is_known)
    }

    /// Whether so many letters had no meaning that the others may mean nothing either.
    pub(crate) fn are_doubtful(self) -> bool {
        self.meaningless * 20 > self.all
    }

    pub(crate) fn are_mostly_brahmic(self) -> bool {
        self.brahmic * 2 > self.all
    }

    pub(crate) fn are_mostly_from_the_right(self) -> bool {
        self.from_the_right * 2 > self.all
    }
}

/// Whether the reading of `pdf_oxide` is better than that of `pdfium`. Of two that are as good, the
/// one of `pdfium` counts.
pub(crate) fn is_oxide_better(
    pdfium: &[Line],
    oxide: &[Line],
    counter: Option<&dyn CountTokens>,
) -> bool {
    let (one, other) = (Letters::of(pdfium, 0), Letters::of(oxide, 0));
    let keeps = |one: Letters, other: Letters| one.all * 100 >= other.all * KEPT_PERCENT;
    if !keeps(one, other) {
        return true;
    }
    if other.all == 0 || !keeps(other, one) {
        return false;
    }
    match counter {
        Some(counter) => tokens(oxide, counter) * one.all < tokens(pdfium, counter) * other.all,
        // Measured: 0.07 % of letters are wrong in Hindi, against 4.6 %.
        None => one.are_mostly_brahmic(),
    }
}

fn tokens(lines: &[Line], counter: &dyn CountTokens) -> u64 {
    lines.iter().map(|line| length(counter.tokens(&line.text))).sum()
}

#[cfg(test)]
mod tests {
    use passages::Area;

    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        let area = Area { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };
        let mut line = Line::new(10.0, true);
        for word in text.split_whitespace() {
            line.push(word, area);
        }
        vec![line]
    }

    /// Words that it knows are one token, others one a byte.
    fn words(text: &str) -> usize {
        let known = ["यह", "नियम", "the"];
        text.split(' ').map(|word| if known.contains(&word) { 1 } else { word.len() }).sum()
    }

    #[test]
    fn what_every_engine_reads_is_read_once() {
        let wants =
            |text: &str, meaningless| Letters::of(&lines(text), meaningless).want_another_reading();
        assert!(!wants("Le délai est d’un mois", 0));
        assert!(!wants("", 0));
        assert!(wants("هذا نص", 0));
        assert!(wants("यह नियम", 0));
        assert!(wants("ab", 2));
        assert!(wants("", 2));
        assert!(Letters::of(&lines("ab"), 2).are_doubtful());
    }

    #[test]
    fn the_reading_with_fewer_tokens_a_letter_counts() {
        let (good, bad) = (lines("यह नियम"), lines("य ह नि यम"));
        assert!(is_oxide_better(&bad, &good, Some(&words)));
        assert!(!is_oxide_better(&good, &bad, Some(&words)));
        assert!(!is_oxide_better(&good, &good, Some(&words)));
    }

    #[test]
    fn a_reading_that_lost_letters_does_not_count() {
        let (whole, part) = (lines("the thxe txhe"), lines("the"));
        assert!(!is_oxide_better(&whole, &part, Some(&words)));
        assert!(is_oxide_better(&part, &whole, Some(&words)));
    }

    #[test]
    fn without_a_counter_scripts_of_india_are_for_the_second_engine() {
        let (hindi, arabic) = (lines("यह नियम"), lines("هذا نص"));
        assert!(is_oxide_better(&hindi, &hindi, None));
        assert!(!is_oxide_better(&arabic, &arabic, None));
    }
}
