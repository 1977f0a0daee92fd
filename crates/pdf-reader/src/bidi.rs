//! The order in which the letters of one line are read, from where they stand.
//!
//! Engines tell the letters of a line in the order in which the file draws them, or in one that
//! they think is right, and neither is: programs draw Arabic words from the left, from the right,
//! or each letter by itself. Where letters stand is known for certain, so the line is sorted by it,
//! and what is written from the right is then read from the right.

use crate::{
    engine::Glyph,
    script::{Direction, direction, is_mark},
};

/// Further back on the line, in parts of the size, than any letter of the scripts from the left.
const BACK: f32 = 0.6;
/// A letter that covers so much of the same one is the same one, which a font names twice.
const SAME: f32 = 0.5;
/// How many letters before are compared with it.
const COMPARED: usize = 6;

/// How a line is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    FromTheLeft,
    FromTheRight,
    /// From the left, with words in it that are read from the right.
    PartsFromTheRight,
}

/// Puts the letters of a line in the order in which they are seen, from the left, and says how the
/// line is read. A line of scripts from the left stays as the engine tells it, unless that goes
/// back.
pub(crate) fn to_seen_order(line: &mut Vec<Glyph>) -> Order {
    let count =
        |wanted: Direction| line.iter().filter(|glyph| direction(glyph.letter) == wanted).count();
    let (right, left) = (count(Direction::RightToLeft), count(Direction::LeftToRight));
    if right == 0 {
        if goes_back(line) {
            line.sort_by(|one, other| one.area.left.total_cmp(&other.area.left));
        }
        return Order::FromTheLeft;
    }
    sort_as_seen(line);
    if right >= left { Order::FromTheRight } else { Order::PartsFromTheRight }
}

/// Puts letters that are in the order in which they are seen into the order in which they are read.
pub(crate) fn to_reading_order(line: &mut Vec<Glyph>, order: Order) {
    match order {
        Order::FromTheLeft => return,
        Order::FromTheRight => from_right_to_left(line),
        Order::PartsFromTheRight => parts_from_the_right(line),
    }
    line.dedup_by(|next, before| next.letter == before.letter && is_mark(next.letter));
}

/// Whether letters do not follow each other from the left to the right.
fn goes_back(line: &[Glyph]) -> bool {
    let written = line.iter().filter(|glyph| !glyph.is_space());
    let lefts: Vec<(f32, f32)> = written.map(|glyph| (glyph.area.left, glyph.size)).collect();
    lefts.windows(2).any(|pair| match pair {
        [(before, size), (after, _)] => before - after > BACK * size,
        _ => false,
    })
}

/// From the left to the right. Of letters at the same place, the one that the engine tells first
/// comes last: they are read from the right. Spaces that an engine made up have no place.
fn sort_as_seen(line: &mut Vec<Glyph>) {
    line.retain(|glyph| !glyph.is_space() || glyph.area.width() > 0.0);
    line.reverse();
    line.sort_by(|one, other| one.area.left.total_cmp(&other.area.left));
    let mut kept: Vec<Glyph> = Vec::with_capacity(line.len());
    for glyph in line.drain(..) {
        let told = kept.get(kept.len().saturating_sub(COMPARED)..).unwrap_or_default();
        if !told.iter().any(|other| is_same(*other, glyph)) {
            kept.push(glyph);
        }
    }
    *line = kept;
}

fn is_same(one: Glyph, other: Glyph) -> bool {
    let (one_area, other_area) = (one.area, other.area);
    let shared = one_area.right.min(other_area.right) - one_area.left.max(other_area.left);
    let narrower = one_area.width().min(other_area.width());
    one.letter == other.letter && !one.is_space() && shared > 0.0 && shared >= SAME * narrower
}

/// Reads from the right what is sorted as it is seen; numbers and words of other scripts in it are
/// read from the left.
fn from_right_to_left(line: &mut [Glyph]) {
    line.reverse();
    let mut at = 0;
    while at < line.len() {
        let end = at + from_the_left(line.get(at..).unwrap_or_default());
        if let Some(part) = line.get_mut(at..end) {
            part.reverse();
        }
        at = end.max(at + 1);
    }
    put_marks_behind(line);
    mend_brackets(line);
}

/// How many letters at the beginning are read from the left: 0 for others.
fn from_the_left(line: &[Glyph]) -> usize {
    let kind = |at: usize| line.get(at).map(|glyph| direction(glyph.letter));
    let is_strong = |at: usize| matches!(kind(at), Some(Direction::LeftToRight | Direction::Digit));
    if !is_strong(0) {
        return 0;
    }
    let (mut end, mut at) = (1, 1);
    let mut has_letter = kind(0) == Some(Direction::LeftToRight);
    while at < line.len() && kind(at) != Some(Direction::RightToLeft) {
        if is_strong(at) {
            let is_letter = kind(at) == Some(Direction::LeftToRight);
            let between = at - end;
            let is_in_number = between == 1 && kind(end) == Some(Direction::InNumber);
            // `ABC 12` is read as one; of `12 34` each number by itself.
            if between > 0 && !(is_in_number || has_letter || is_letter) {
                break;
            }
            has_letter |= is_letter;
            end = at + 1;
        }
        at += 1;
    }
    end
}

/// Reads from the right the parts of a line of another script that are written so.
fn parts_from_the_right(line: &mut [Glyph]) {
    let is = |glyph: &Glyph, wanted| direction(glyph.letter) == wanted;
    let mut at = 0;
    while at < line.len() {
        let rest = line.get(at..).unwrap_or_default();
        let Some(start) = rest.iter().position(|glyph| is(glyph, Direction::RightToLeft)) else {
            return;
        };
        let part = rest.get(start..).unwrap_or_default();
        let length =
            part.iter().position(|glyph| is(glyph, Direction::LeftToRight)).unwrap_or(part.len());
        // What stands between it and the next word belongs to neither.
        let last = part.get(..length).unwrap_or_default();
        let length = last.iter().rposition(|glyph| is(glyph, Direction::RightToLeft));
        let (start, end) = (at + start, at + start + length.map_or(1, |last| last + 1));
        if let Some(part) = line.get_mut(start..end) {
            from_right_to_left(part);
        }
        at = end;
    }
}

/// A mark follows the letter that it stands on.
fn put_marks_behind(line: &mut [Glyph]) {
    for at in 1..line.len() {
        let starts_word = at < 2 || line.get(at - 2).is_some_and(|glyph| glyph.is_space());
        if let Some([mark, letter]) = line.get_mut(at - 1..=at)
            && starts_word
            && is_mark(mark.letter)
            && !is_mark(letter.letter)
            && !letter.is_space()
        {
            std::mem::swap(mark, letter);
        }
    }
}

/// Brackets look the other way where text is written from the right. Some files and engines tell
/// what is meant and some what is seen: what closes without having been opened was seen.
fn mend_brackets(line: &mut [Glyph]) {
    if is_nested(line.iter().map(|glyph| glyph.letter)) {
        return;
    }
    if is_nested(line.iter().map(|glyph| mirrored(glyph.letter))) {
        for glyph in line {
            glyph.letter = mirrored(glyph.letter);
        }
        return;
    }
    let mut open: Vec<char> = Vec::new();
    for glyph in line {
        let Some((opening, closing)) = pair(glyph.letter) else { continue };
        if let Some(at) = open.iter().rposition(|other| *other == opening) {
            open.remove(at);
            glyph.letter = closing;
        } else {
            open.push(opening);
            glyph.letter = opening;
        }
    }
}

/// Whether each bracket is closed that is opened, in order.
fn is_nested(letters: impl Iterator<Item = char>) -> bool {
    let mut open = Vec::new();
    for letter in letters {
        let Some((opening, _)) = pair(letter) else { continue };
        if letter == opening {
            open.push(letter);
        } else if open.pop() != Some(opening) {
            return false;
        }
    }
    open.is_empty()
}

const PAIRS: [(char, char); 4] = [('(', ')'), ('[', ']'), ('{', '}'), ('«', '»')];

/// The pair that a bracket belongs to.
fn pair(letter: char) -> Option<(char, char)> {
    PAIRS.into_iter().find(|(opening, closing)| letter == *opening || letter == *closing)
}

fn mirrored(letter: char) -> char {
    match pair(letter) {
        Some((opening, closing)) if letter == opening => closing,
        Some((opening, _)) => opening,
        None => letter,
    }
}

#[cfg(test)]
mod tests {
    use passages::Area;

    use super::*;
    use crate::line::tests::written;

    /// The line as it is seen, from the left; told in an order that means nothing.
    #[track_caller]
    fn check(seen: &str, expected: &str) {
        let line = written(seen, 10.0, 10.0);
        for turn in 0..3 {
            let mut told = line.clone();
            match turn {
                1 => told.reverse(),
                2 => told.rotate_left(seen.chars().count() / 2),
                _ => {}
            }
            let order = to_seen_order(&mut told);
            to_reading_order(&mut told, order);
            let read: String = told.iter().map(|glyph| glyph.letter).collect();
            assert_eq!(read, expected, "turn {turn}");
        }
    }

    fn reversed(text: &str) -> String {
        text.chars().rev().collect()
    }

    #[test]
    fn arabic_is_read_from_the_right_and_its_numbers_from_the_left() {
        check(&reversed("يجب تقديم"), "يجب تقديم");
        check(&format!("{} 30 {}", reversed("من تاريخ"), reversed("خلال")), "خلال 30 من تاريخ");
        check(&format!("2024 {} 14", reversed("أبريل")), "14 أبريل 2024");
        check(&format!("14/04/2024 {}", reversed("في")), "في 14/04/2024");
        check(&format!("٥ {}", reversed("للمادة")), "للمادة ٥");
        check(&format!("20 10 {}", reversed("من")), "من 10 20");
    }

    #[test]
    fn words_of_other_scripts_keep_their_order() {
        check(&format!("{} ABC DEF 2 {}", reversed("من"), reversed("قانون")), "قانون ABC DEF 2 من");
        let mixed = format!("the two words {} {} mean", reversed("كلمة"), reversed("هذه"));
        check(&mixed, "the two words هذه كلمة mean");
        check("le délai d’un mois", "le délai d’un mois");
    }

    #[test]
    fn brackets_are_mended_whichever_way_they_were_told() {
        // Meant, and as seen.
        check(&format!(")ABC( {}", reversed("القانون")), "القانون (ABC)");
        check(&format!("(ABC) {}", reversed("القانون")), "القانون (ABC)");
        // One of each.
        check(&format!(")ABC) {}", reversed("القانون")), "القانون (ABC)");
    }

    #[test]
    fn marks_stay_with_their_letters() {
        // The engine gives letter and mark the same place.
        let mut line = written("يوما", 10.0, 10.0);
        line.reverse();
        for (at, glyph) in line.iter_mut().rev().enumerate() {
            let left = 28.0 - 6.0 * f32::from(u8::try_from(at).unwrap());
            glyph.area.left = left;
            glyph.area.right = left + 6.0;
        }
        let letter = *line.iter().find(|glyph| glyph.letter == 'م').unwrap();
        let at = line.iter().position(|glyph| glyph.letter == 'م').unwrap();
        line.insert(at + 1, Glyph { letter: '\u{64B}', ..letter });
        let order = to_seen_order(&mut line);
        to_reading_order(&mut line, order);
        let read: String = line.iter().map(|glyph| glyph.letter).collect();
        assert_eq!(read, "يومًا");
    }

    #[test]
    fn a_letter_that_a_font_names_twice_is_one() {
        let mut line = written("م", 10.0, 10.0);
        let [letter] = line[..] else { panic!("one letter") };
        line.push(Glyph { area: Area { left: 11.0, right: 15.0, ..letter.area }, ..letter });
        line.push(Glyph { area: Area { left: 16.0, right: 22.0, ..letter.area }, ..letter });
        assert_eq!(to_seen_order(&mut line), Order::FromTheRight);
        assert_eq!(line.len(), 2);
    }

    #[test]
    fn a_line_that_an_engine_tells_backwards_is_read_forwards() {
        let mut told = written("fixé ", 60.0, 10.0);
        told.extend(written("délai ", 20.0, 10.0));
        let order = to_seen_order(&mut told);
        to_reading_order(&mut told, order);
        let read: String = told.iter().map(|glyph| glyph.letter).collect();
        assert_eq!(read, "délai fixé ");
    }
}
