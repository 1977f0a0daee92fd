//! Which letters a line has.

use passages::Area;
use pdf_reader::{Picture, SeenLine, SeenWord};

use super::{detection::dots, number};

/// Of a line, as the model gets it.
pub(super) const HEIGHT: usize = 48;
const WIDTH_MIN: usize = 48;
const WIDTH_MAX: usize = 3200;
/// A line whose letters are less likely, on average, is none.
const LIKELY: f32 = 0.5;

/// The letters that the model tells apart: nothing, those that its file lists, and the space.
pub(super) struct Alphabet {
    letters: Vec<String>,
}

impl Alphabet {
    /// `listed` has one letter a line.
    pub(super) fn new(listed: &str) -> Self {
        Self { letters: listed.split('\n').map(str::to_owned).collect() }
    }

    fn letter(&self, class: usize) -> Option<&str> {
        let at = class.checked_sub(1)?;
        match self.letters.get(at) {
            Some(letter) => Some(letter),
            None => (at == self.letters.len()).then_some(" "),
        }
    }
}

/// The line in the size of the model, three times, since it is made for colours; with its width.
pub(super) fn input(picture: &Picture, area: Area) -> Option<(usize, Vec<f32>)> {
    let (columns, rows) = dots(picture, area);
    let (across, down) = (columns.len(), rows.len());
    if across == 0 || down == 0 {
        return None;
    }
    let width = (across * HEIGHT / down).clamp(WIDTH_MIN, WIDTH_MAX);
    let full = picture.width as usize;
    let mut shades = Vec::with_capacity(width * HEIGHT);
    for row in 0..HEIGHT {
        let y = rows.start + row * down / HEIGHT;
        for column in 0..width {
            let x = columns.start + column * across / width;
            let shade = picture.shades.get(y * full + x).copied().unwrap_or(u8::MAX);
            shades.push((f32::from(shade) / 255.0 - 0.5) / 0.5);
        }
    }
    Some((width, shades.repeat(3)))
}

/// The words of a line, from how likely each letter is at each step from the left to the right.
pub(super) fn words(
    told: &[f32],
    (steps, classes): (usize, usize),
    alphabet: &Alphabet,
    area: Area,
) -> Option<SeenLine> {
    let mut letters: Vec<(usize, &str)> = Vec::new();
    let (mut last, mut likely) = (0, 0.0);
    for (step, row) in told.chunks_exact(classes.max(1)).take(steps).enumerate() {
        let (class, best) = likeliest(row)?;
        if class != last
            && let Some(letter) = alphabet.letter(class)
        {
            letters.push((step, letter));
            likely += best;
        }
        last = class;
    }
    if letters.is_empty() || likely < LIKELY * number(letters.len()) {
        return None;
    }
    let words = letters.split(|(_, letter)| letter.trim().is_empty());
    let words = words.filter_map(|word| seen(word, steps, area)).collect();
    Some(SeenLine { words })
}

fn likeliest(row: &[f32]) -> Option<(usize, f32)> {
    let best = row.iter().copied().enumerate().max_by(|one, other| one.1.total_cmp(&other.1));
    best.filter(|(_, likely)| likely.is_finite())
}

/// A word and its share of the line.
fn seen(word: &[(usize, &str)], steps: usize, area: Area) -> Option<SeenWord> {
    let ((first, _), (last, _)) = (word.first()?, word.last()?);
    let step = area.width() / number(steps.max(1));
    let place = Area {
        left: (area.left + step * (number(*first) - 0.5)).max(area.left),
        right: (area.left + step * (number(*last) + 1.5)).min(area.right),
        ..area
    };
    let text = word.iter().map(|(_, letter)| *letter).collect();
    (place.left <= place.right).then_some(SeenWord { text, area: place })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How likely each letter is, where one of them is certain at each step.
    fn told(classes: &[usize], count: usize) -> Vec<f32> {
        let row =
            |class: &usize| (0..count).map(|at| if at == *class { 1.0 } else { 0.0 }).collect();
        classes.iter().flat_map(|class| -> Vec<f32> { row(class) }).collect()
    }

    #[test]
    fn letters_are_told_once_unless_nothing_is_between() {
        let alphabet = Alphabet::new("l\ne\né");
        let area = Area { left: 0.0, top: 0.0, right: 100.0, bottom: 10.0 };
        // `l l - l e`, a space, and `é é`.
        let classes = [1, 1, 0, 1, 2, 4, 3, 3, 0, 0];
        let line = words(&told(&classes, 5), (10, 5), &alphabet, area).unwrap();
        let texts: Vec<&str> = line.words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["lle", "é"]);
        assert!(line.words[0].area.right <= line.words[1].area.left + 15.0);
        assert!(words(&told(&[0, 0], 5), (2, 5), &alphabet, area).is_none());
    }
}
