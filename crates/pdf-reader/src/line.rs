//! From letters to lines of words.

use passages::Area;

use crate::{
    bidi::{self, Order},
    engine::{Glyph, SIZE_SEEN_MIN},
    letters,
    script::{is_brahmic, is_right_to_left},
};

/// A letter stands on a line where at least this part of the lower of both is beside the other.
const BESIDE: f32 = 0.5;
/// Letters of one line differ in size by less than this factor; the first letter of a chapter, as
/// high as three lines, is a line of its own.
const OTHER_SIZE: f32 = 1.8;
/// A gap that is wider, in parts of the size, is one between columns or cells.
const COLUMN_GAP: f32 = 2.2;
/// A gap that is wider is a space that nobody wrote: in scripts from the right, in which letters
/// stand close, and in others, in which engines have written spaces.
const SPACE_FROM_THE_RIGHT: f32 = 0.2;
const SPACE: f32 = 0.6;
const SPACE_BRAHMIC: f32 = 1.5;

/// Words that stand side by side, in the order in which they are read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// The words with one space between two; never empty.
    pub(crate) text: String,
    pub(crate) words: Vec<Word>,
    pub(crate) area: Area,
    /// Of its letters, in points.
    pub(crate) size: f32,
    pub(crate) right_to_left: bool,
    /// Whether it is read from side to side; else it stands in a margin or a drawing.
    pub(crate) upright: bool,
}

/// A word in the text of its line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) area: Area,
}

impl Line {
    pub(crate) fn new(size: f32, upright: bool) -> Self {
        let area = Area { left: 0.0, top: 0.0, right: 0.0, bottom: 0.0 };
        let (text, words) = (String::new(), Vec::new());
        Self { text, words, area, size, right_to_left: false, upright }
    }

    /// Appends a word; one without letters is left away.
    pub(crate) fn push(&mut self, word: &str, area: Area) {
        if word.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        let start = self.text.len();
        self.text.push_str(word);
        self.area = if self.words.is_empty() { area } else { self.area.union(area) };
        self.words.push(Word { start, end: self.text.len(), area });
    }

    /// No word follows.
    pub(crate) fn end(&mut self) {
        let letters = self.text.chars().filter(|c| c.is_alphabetic());
        let (from_the_right, all) = letters.fold((0_usize, 0_usize), |(right, all), c| {
            (right + usize::from(is_right_to_left(c)), all + 1)
        });
        self.right_to_left = from_the_right * 2 > all;
    }

    /// Whether both stand beside each other, as on one line of print.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        beside(self.area, other.area)
    }
}

/// The lines of a page, in the order in which the engine gives their letters.
pub(crate) fn lines(glyphs: &[Glyph]) -> Vec<Line> {
    let mut found = Vec::new();
    let mut row: Vec<Glyph> = Vec::new();
    // The last letter, with the area of all letters of its row.
    let mut reach: Option<Glyph> = None;
    for glyph in glyphs {
        if glyph.is_space() {
            // One before the first letter of the next line says nothing of this one.
            if reach.is_none_or(|reach| is_within(reach.area, glyph.area)) {
                row.push(*glyph);
            }
            continue;
        }
        reach = if let Some(reach) = reach.filter(|reach| goes_on(*reach, *glyph)) {
            Some(Glyph { area: reach.area.union(glyph.area), ..*glyph })
        } else {
            close(&mut row, &mut found);
            Some(*glyph)
        };
        row.push(*glyph);
    }
    close(&mut row, &mut found);
    found
}

/// Whether a space, which may have no height, stands as high as a line.
fn is_within(line: Area, space: Area) -> bool {
    let middle = f32::midpoint(space.top, space.bottom);
    line.top <= middle && middle <= line.bottom
}

/// Whether a letter stands on the line of those before it.
fn goes_on(reach: Glyph, glyph: Glyph) -> bool {
    let (smaller, larger) = (reach.size.min(glyph.size), reach.size.max(glyph.size));
    reach.upright == glyph.upright && larger <= smaller * OTHER_SIZE && is_on(reach.area, glyph)
}

/// A text that is turned goes on wherever it goes.
fn is_on(reach: Area, glyph: Glyph) -> bool {
    if glyph.upright {
        return beside(reach, glyph.area);
    }
    let far = glyph.size * 3.0;
    let apart = |from: f32, to: f32| to - from > far;
    let Area { left, top, right, bottom } = glyph.area;
    !(apart(reach.right, left)
        || apart(right, reach.left)
        || apart(reach.bottom, top)
        || apart(bottom, reach.top))
}

fn beside(one: Area, other: Area) -> bool {
    let shared = one.bottom.min(other.bottom) - one.top.max(other.top);
    let lower = one.height().min(other.height());
    (shared > 0.0 && shared >= lower * BESIDE) || (lower <= 0.0 && shared >= 0.0)
}

/// Makes lines of a row of letters: one, or several where gaps part it.
fn close(row: &mut Vec<Glyph>, found: &mut Vec<Line>) {
    let mut glyphs = std::mem::take(row);
    let Some(size) = size(&glyphs) else { return };
    if glyphs.iter().any(|glyph| !glyph.is_space() && !glyph.upright) {
        found.extend(line(&glyphs, size, false));
        return;
    }
    let order = bidi::to_seen_order(&mut glyphs);
    let mut pieces = parts(&glyphs, size, order);
    if order == Order::FromTheRight {
        pieces.reverse();
    }
    for piece in &mut pieces {
        bidi::to_reading_order(piece, order);
        found.extend(line(piece, size, true));
    }
}

/// The size that half of the letters do not have more of.
fn size(glyphs: &[Glyph]) -> Option<f32> {
    let written = glyphs.iter().filter(|glyph| !glyph.is_space());
    let mut sizes: Vec<f32> = written.map(|glyph| glyph.size).collect();
    sizes.sort_by(f32::total_cmp);
    sizes.get(sizes.len() / 2).copied().map(|size| size.max(SIZE_SEEN_MIN))
}

/// Cuts a row at wide gaps, and puts spaces into narrow ones where nobody wrote them.
fn parts(row: &[Glyph], size: f32, order: Order) -> Vec<Vec<Glyph>> {
    let (mut done, mut part) = (Vec::new(), Vec::new());
    let mut last: Option<Glyph> = None;
    for glyph in row {
        if let Some(before) = last.filter(|_| !glyph.is_space()) {
            let gap = distance(before.area, glyph.area) / size;
            let is_open = part.last().is_some_and(|last: &Glyph| !last.is_space());
            if gap > COLUMN_GAP {
                done.push(std::mem::take(&mut part));
                last = None;
            } else if is_open && gap > space_between(before.letter, glyph.letter, order) {
                part.push(Glyph { letter: ' ', ..before });
            }
        }
        part.push(*glyph);
        if !glyph.is_space() {
            last = Some(reaching(last, *glyph, order));
        }
    }
    done.push(part);
    done
}

/// From which width on a gap is a space, in parts of the size.
fn space_between(before: char, after: char, order: Order) -> f32 {
    if is_brahmic(before) && is_brahmic(after) {
        return SPACE_BRAHMIC;
    }
    match order {
        Order::FromTheLeft => SPACE,
        Order::FromTheRight | Order::PartsFromTheRight => SPACE_FROM_THE_RIGHT,
    }
}

/// Letters of Arabic reach over their neighbours: the next gap is behind the one that reaches most.
fn reaching(last: Option<Glyph>, next: Glyph, order: Order) -> Glyph {
    match (last, order) {
        (Some(last), Order::FromTheRight | Order::PartsFromTheRight)
            if last.area.right > next.area.right =>
        {
            Glyph { area: Area { right: last.area.right, ..next.area }, ..next }
        }
        _ => next,
    }
}

/// From side to side, whichever of them stands further left.
fn distance(one: Area, other: Area) -> f32 {
    (other.left - one.right).max(one.left - other.right)
}

/// A line of letters that are in the order of reading; nothing where they are no words.
fn line(glyphs: &[Glyph], size: f32, upright: bool) -> Option<Line> {
    let mut line = Line::new(size, upright);
    for word in glyphs.split(|glyph| glyph.is_space()) {
        let Some(area) = word.iter().map(|glyph| glyph.area).reduce(Area::union) else { continue };
        let mut text = String::new();
        for glyph in word {
            letters::push(&mut text, glyph.letter);
        }
        line.push(&text, area);
    }
    line.end();
    (!line.words.is_empty()).then_some(line)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Letters of a word from `left` on, on the line whose upper side is `top`: 6 points each.
    pub(crate) fn written(word: &str, left: f32, top: f32) -> Vec<Glyph> {
        let mut at = left;
        let place = |letter: char| {
            let area = Area { left: at, top, right: at + 6.0, bottom: top + 12.0 };
            at += 6.0;
            Glyph { letter, area, size: 10.0, upright: true }
        };
        word.chars().map(place).collect()
    }

    fn check(parts: &[(&str, f32, f32)], expected: &[&str]) {
        let glyphs: Vec<Glyph> =
            parts.iter().flat_map(|(word, left, top)| written(word, *left, *top)).collect();
        let found: Vec<String> = lines(&glyphs).into_iter().map(|line| line.text).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn letters_beside_each_other_are_a_line() {
        check(&[("le délai", 10.0, 10.0), ("court", 10.0, 24.0)], &["le délai", "court"]);
        // A mark of a footnote stands higher.
        check(&[("mois", 10.0, 10.0), ("1", 34.0, 6.0)], &["mois1"]);
        check(&[("  ", 10.0, 10.0)], &[]);
    }

    #[test]
    fn a_letter_as_high_as_three_lines_does_not_hold_them_together() {
        let mut glyphs = vec![Glyph {
            letter: 'L',
            area: Area { left: 10.0, top: 10.0, right: 30.0, bottom: 52.0 },
            size: 36.0,
            upright: true,
        }];
        glyphs.extend(written("e délai", 30.0, 10.0));
        glyphs.extend(written("court", 30.0, 24.0));
        let found: Vec<String> = lines(&glyphs).into_iter().map(|line| line.text).collect();
        assert_eq!(found, ["L", "e délai", "court"]);
    }

    #[test]
    fn gaps_part_words_and_wide_ones_lines() {
        check(&[("un", 10.0, 10.0), ("an", 30.0, 10.0)], &["un an"]);
        check(&[("un", 10.0, 10.0), ("an", 24.0, 10.0)], &["unan"]);
        check(&[("Nom", 10.0, 10.0), ("Prix", 100.0, 10.0)], &["Nom", "Prix"]);
        // Between letters of India a gap says little.
        check(&[("की", 10.0, 10.0), ("मत", 32.0, 10.0)], &["कीमत"]);
    }

    #[test]
    fn words_know_where_they_stand() {
        let glyphs = written("un an", 10.0, 20.0);
        let line = &lines(&glyphs)[0];
        let placed = |word: &Word| (&line.text[word.start..word.end], word.area.left);
        let words: Vec<_> = line.words.iter().map(placed).collect();
        assert_eq!(words, [("un", 10.0), ("an", 28.0)]);
        assert_eq!(line.area, Area { left: 10.0, top: 20.0, right: 40.0, bottom: 32.0 });
    }
}
