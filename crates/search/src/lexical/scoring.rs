//! The best passages of a segment by their words.
//!
//! Terms are taken one after the other, those first that can add most. As soon as no passage that
//! has nothing yet can come among the best with all terms that are left, only the passages that
//! still can are looked up in those; for frequent words, which come last, that is nearly nobody.
//! The best are exact, and so are their scores: whatever segments the passages lie in, each score
//! is the same sum in the same order.

use knowledge::IndexError;
use roaring::RoaringBitmap;
use tantivy::{
    DocSet as _, TERMINATED,
    postings::{Postings as _, TermInfo},
};

use super::{
    place_of,
    reading::LexicalSegment,
    schema::TextField,
    weights::{Lengths, OCCURRENCES_MAX},
};
use crate::{deadline::Deadline, failure::unreadable, filter::Filter};

/// Passages that are passed over in the time in which one is looked up.
const PASSED_A_LOOK_UP: u64 = 16;

/// Bounds are sums of rounded numbers: room for what rounding did.
const ROUNDING: f32 = 1.001;

/// A term that is looked for.
pub(crate) struct Sought {
    pub(crate) field: TextField,
    /// What one of its occurrences is worth in a passage of average length.
    pub(crate) weight: f32,
    /// Where each segment tells its passages.
    pub(crate) found: Vec<Option<TermInfo>>,
}

impl Sought {
    /// More does not come of it.
    fn bound(&self) -> f32 {
        self.weight * OCCURRENCES_MAX
    }
}

/// What passages are ranked by.
pub(crate) struct Ranking<'q> {
    /// By descending weight.
    pub(crate) sought: &'q [Sought],
    /// For each field.
    pub(crate) lengths: &'q [Lengths; TextField::ALL.len()],
    /// How many passages are wanted; at least one.
    pub(crate) keep: usize,
}

/// A segment, and what of it may be looked at.
#[derive(Clone, Copy)]
pub(crate) struct Part<'s> {
    pub(crate) segment: &'s LexicalSegment,
    /// Which of the segments it is.
    pub(crate) place: usize,
    pub(crate) filter: &'s Filter,
}

/// A passage and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scored {
    pub(crate) ordinal: u32,
    pub(crate) score: f32,
}

/// The best passages of a segment that score at least `floor`, in no order; all have a term.
pub(crate) fn best(
    part: Part<'_>,
    ranking: &Ranking<'_>,
    mut floor: f32,
    deadline: Deadline,
) -> Result<Vec<Scored>, IndexError> {
    let terms = terms_of(part, ranking);
    let rests = rests(&terms);
    let mut scores = Scores::new(part.segment.passages());
    let mut candidates: Option<RoaringBitmap> = None;
    for ((sought, term), rest) in terms.into_iter().zip(rests) {
        deadline.check()?;
        if candidates.is_none() && scores.is_worth_a_look(term) {
            floor = floor.max(scores.nth_best(ranking.keep));
            candidates = (floor > rest).then(|| scores.at_least(floor - rest));
        }
        let lengths = &ranking.lengths[sought.field.place()];
        let term = Term { sought, info: term, lengths };
        match &candidates {
            Some(candidates) => scores.look_up(part.segment, &term, candidates)?,
            None => scores.pass_over(part, &term)?,
        }
    }
    Ok(scores.best(ranking.keep, floor))
}

/// The terms that the segment holds, in their order.
fn terms_of<'t>(part: Part<'_>, ranking: &Ranking<'t>) -> Vec<(&'t Sought, &'t TermInfo)> {
    let found = |sought: &'t Sought| Some((sought, sought.found.get(part.place)?.as_ref()?));
    ranking.sought.iter().filter_map(found).collect()
}

/// What each term and all behind it can add together.
fn rests(terms: &[(&Sought, &TermInfo)]) -> Vec<f32> {
    let mut rest = 0.0;
    let from_behind = terms.iter().rev().map(|(sought, _)| {
        rest += sought.bound();
        rest * ROUNDING
    });
    let mut rests: Vec<f32> = from_behind.collect();
    rests.reverse();
    rests
}

/// Which passages hold every one of these words.
pub(crate) fn holding_all(part: Part<'_>, words: &[Sought]) -> Result<RoaringBitmap, IndexError> {
    let mut holding = part.filter.ordinals().clone();
    for word in words {
        let Some(term) = word.found.get(part.place).and_then(Option::as_ref) else {
            return Ok(RoaringBitmap::new());
        };
        let mut of_word = RoaringBitmap::new();
        let postings = part.segment.blocks(word.field, term);
        let mut blocks = postings.map_err(unreadable)?;
        while !blocks.docs().is_empty() {
            of_word.extend(blocks.docs());
            blocks.advance();
        }
        holding &= of_word;
    }
    Ok(holding)
}

/// A term as one segment has it.
struct Term<'t> {
    sought: &'t Sought,
    info: &'t TermInfo,
    lengths: &'t Lengths,
}

/// What passages have scored so far.
struct Scores {
    /// Of each ordinal; 0 where no term was found.
    scores: Vec<f32>,
    /// Ordinals with a score.
    scored: Vec<u32>,
}

impl Scores {
    fn new(passages: u32) -> Self {
        Self { scores: vec![0.0; place_of(passages)], scored: Vec::new() }
    }

    #[inline]
    fn add(&mut self, ordinal: u32, worth: f32) {
        if let Some(score) = self.scores.get_mut(place_of(ordinal)) {
            if *score <= 0.0 {
                self.scored.push(ordinal);
            }
            *score += worth;
        }
    }

    /// Adds what a term is worth in every passage that may be looked at.
    fn pass_over(&mut self, part: Part<'_>, term: &Term<'_>) -> Result<(), IndexError> {
        let holding = u64::from(term.info.doc_freq);
        if part.filter.len().saturating_mul(PASSED_A_LOOK_UP) < holding {
            return self.look_up(part.segment, term, part.filter.ordinals());
        }
        let field = term.sought.field;
        let mut blocks = part.segment.blocks(field, term.info).map_err(unreadable)?;
        let lengths = part.segment.lengths(field);
        while !blocks.docs().is_empty() {
            for (ordinal, count) in blocks.docs().iter().zip(blocks.freqs()) {
                if part.filter.contains(*ordinal) {
                    let code = lengths.fieldnorm_id(*ordinal);
                    let occurrences = term.lengths.occurrences(code, *count);
                    self.add(*ordinal, term.sought.weight * occurrences);
                }
            }
            blocks.advance();
        }
        Ok(())
    }

    /// Adds what a term is worth in these passages.
    fn look_up(
        &mut self,
        segment: &LexicalSegment,
        term: &Term<'_>,
        ordinals: &RoaringBitmap,
    ) -> Result<(), IndexError> {
        let field = term.sought.field;
        let mut postings = segment.postings(field, term.info).map_err(unreadable)?;
        let lengths = segment.lengths(field);
        for ordinal in ordinals {
            if postings.doc() < ordinal {
                postings.seek(ordinal);
            }
            if postings.doc() == TERMINATED {
                break;
            }
            if postings.doc() == ordinal {
                let code = lengths.fieldnorm_id(ordinal);
                let occurrences = term.lengths.occurrences(code, postings.term_freq());
                self.add(ordinal, term.sought.weight * occurrences);
            }
        }
        Ok(())
    }

    /// Whether to find the candidates costs no more than to go on with a term.
    fn is_worth_a_look(&self, term: &TermInfo) -> bool {
        place_of(term.doc_freq) >= self.scored.len() / 2
    }

    /// The score of the last one that is kept; 0 while there are fewer.
    fn nth_best(&self, keep: usize) -> f32 {
        let Some(last) = keep.checked_sub(1).filter(|last| *last < self.scored.len()) else {
            return 0.0;
        };
        let mut scores: Vec<f32> = self.scored.iter().map(|ordinal| self.score(*ordinal)).collect();
        let (_, score, _) =
            scores.select_nth_unstable_by(last, |left, right| right.total_cmp(left));
        *score
    }

    fn at_least(&self, score: f32) -> RoaringBitmap {
        let scored = self.scored.iter().copied();
        scored.filter(|ordinal| self.score(*ordinal) >= score).collect()
    }

    fn best(self, keep: usize, floor: f32) -> Vec<Scored> {
        let scored = self.scored.iter();
        let scored = scored.map(|&ordinal| Scored { ordinal, score: self.score(ordinal) });
        let mut best: Vec<Scored> = scored.filter(|scored| scored.score >= floor).collect();
        if keep < best.len() {
            best.select_nth_unstable_by(keep, |left, right| {
                right.score.total_cmp(&left.score).then(left.ordinal.cmp(&right.ordinal))
            });
            best.truncate(keep);
        }
        best
    }

    #[inline]
    fn score(&self, ordinal: u32) -> f32 {
        self.scores.get(place_of(ordinal)).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexical::{LexicalSegment, LexicalWriter, rarity};

    /// A segment whose passage `n` holds the words of `passages[n]` in the field of exact words.
    fn segment(passages: &[String]) -> LexicalSegment {
        let mut writer = LexicalWriter::new().unwrap();
        for passage in passages {
            writer.push(&[passage.clone(), String::new(), String::new()]).unwrap();
        }
        LexicalSegment::open(writer.finish().unwrap()).unwrap()
    }

    fn sought(segment: &LexicalSegment, words: &[&str]) -> Vec<Sought> {
        let field = TextField::Exact;
        let sought = |word: &&str| {
            let found = segment.find(field, word).unwrap();
            let holding = found.as_ref().map_or(0, |term| u64::from(term.doc_freq));
            let weight = rarity(holding, u64::from(segment.passages()));
            Sought { field, weight, found: vec![found] }
        };
        let mut sought: Vec<Sought> = words.iter().map(sought).collect();
        sought.sort_by(|left, right| right.weight.total_cmp(&left.weight));
        sought
    }

    /// Words as frequent as in languages: word `n` stands in about one of `n` passages.
    fn passages(count: u32) -> Vec<String> {
        let passage = |at: u32| {
            let words = (1..40_u32).filter(|word| (at * 7 + word * word * 3).is_multiple_of(*word));
            words.map(|word| format!("w{word} ").repeat(1 + (at % 3) as usize)).collect::<String>()
        };
        (0..count).map(passage).collect()
    }

    fn ranked(
        keep: usize,
        filter: &Filter,
        segment: &LexicalSegment,
        words: &[&str],
    ) -> Vec<Scored> {
        let lengths = TextField::ALL
            .map(|field| Lengths::new(segment.tokens(field), u64::from(segment.passages())));
        let sought = sought(segment, words);
        let ranking = Ranking { sought: &sought, lengths: &lengths, keep };
        let part = Part { segment, place: 0, filter };
        let mut best = best(part, &ranking, 0.0, Deadline::after_seconds(60)).unwrap();
        best.sort_by(|left, right| {
            right.score.total_cmp(&left.score).then(left.ordinal.cmp(&right.ordinal))
        });
        best
    }

    #[test]
    fn the_best_are_those_of_all_scores() {
        let segment = segment(&passages(3000));
        let words = ["w1", "w2", "w3", "w5", "w7", "w30", "w31", "w39", "unknown"];
        for step in [1_usize, 2, 50, 1500] {
            let permitted = (0..3000).step_by(step).collect();
            let filter = Filter::new(permitted, 3000);
            let all = ranked(usize::MAX, &filter, &segment, &words);
            assert!(all.iter().all(|scored| filter.contains(scored.ordinal)));
            for keep in [1, 10, 100] {
                let best = ranked(keep, &filter, &segment, &words);
                assert_eq!(best, all[..keep.min(all.len())], "{step} {keep}");
            }
        }
    }

    #[test]
    fn passages_that_hold_all_words_are_found() {
        let segment = segment(&["a b".to_owned(), "a".to_owned(), "b a c".to_owned()]);
        let filter = Filter::new((0..3).collect(), 3);
        let part = Part { segment: &segment, place: 0, filter: &filter };
        let holding = |words: &[&str]| holding_all(part, &sought(&segment, words)).unwrap();
        assert_eq!(holding(&["a"]), RoaringBitmap::from([0, 1, 2]));
        assert_eq!(holding(&["a", "b"]), RoaringBitmap::from([0, 2]));
        assert_eq!(holding(&["a", "d"]), RoaringBitmap::new());
        assert_eq!(holding(&[]), RoaringBitmap::from([0, 1, 2]));
    }
}
