//! Where lines of letters are.

use passages::Area;
use pdf_reader::Picture;

use super::{dot, number};

/// The longer side of a picture, as the model gets it.
const SIDE_MAX: usize = 1536;
/// Sides are a multiple of this.
const STEP: usize = 32;
/// What the model was made with, for each colour.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];
/// A dot that is likelier is one of a line.
const LIKELY: f32 = 0.3;
/// A line of which the dots are less likely, on average, is none.
const LIKELY_ALL: f32 = 0.6;
/// A line is found smaller than it is, by this times its area through its circumference.
const GROW: f32 = 1.5;
const SIDE_MIN: usize = 3;

/// A picture as the model gets it.
pub(super) struct Scaled {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Of the picture itself.
    full: (f32, f32),
}

/// The picture in the size of the model, three times, since it is made for colours.
pub(super) fn input(picture: &Picture) -> (Scaled, Vec<f32>) {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let longer = width.max(height).max(1);
    let side = |side: usize| {
        let wanted = if longer > SIDE_MAX { side * SIDE_MAX / longer } else { side };
        wanted.next_multiple_of(STEP).max(STEP)
    };
    let scaled =
        Scaled { width: side(width), height: side(height), full: (number(width), number(height)) };
    let (across, down) = (width * 1024 / scaled.width, height * 1024 / scaled.height);
    let mut shades = Vec::with_capacity(scaled.width * scaled.height);
    for row in 0..scaled.height {
        for column in 0..scaled.width {
            let (x, y) = (column * across / 1024, row * down / 1024);
            let shade = picture.shades.get(y.min(height - 1) * width + x.min(width - 1));
            shades.push(f32::from(shade.copied().unwrap_or(u8::MAX)) / 255.0);
        }
    }
    let colour = |at: usize| {
        let (mean, deviation) = (MEAN[at], DEVIATION[at]);
        shades.iter().map(move |shade| (shade - mean) / deviation)
    };
    let values = (0..3).flat_map(colour).collect();
    (scaled, values)
}

/// The lines, from above to below and from the left to the right, in dots of the picture.
pub(super) fn areas(likely: &[f32], (width, height): (usize, usize), scaled: &Scaled) -> Vec<Area> {
    let mut seen = vec![false; likely.len()];
    let mut found = Vec::new();
    for start in 0..likely.len().min(width * height) {
        if let Some(part) = part(likely, (width, height), start, &mut seen) {
            found.extend(part.area(number(width), number(height), scaled));
        }
    }
    in_rows(found)
}

/// From above to below; those beside each other from the left to the right.
fn in_rows(mut areas: Vec<Area>) -> Vec<Area> {
    areas.sort_by(|one, other| one.top.total_cmp(&other.top));
    let mut rows: Vec<Vec<Area>> = Vec::new();
    for area in areas {
        let is_beside =
            |first: &Area| (first.top - area.top).abs() < first.height().min(area.height()) / 2.0;
        match rows.last_mut() {
            Some(row) if row.first().is_some_and(is_beside) => row.push(area),
            Some(_) | None => rows.push(vec![area]),
        }
    }
    for row in &mut rows {
        row.sort_by(|one, other| one.left.total_cmp(&other.left));
    }
    rows.concat()
}

/// Dots that hang together.
struct Part {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
    dots: usize,
    likely: f32,
}

/// All dots that hang together with this one, if it is one of a line.
fn part(
    likely: &[f32],
    (width, height): (usize, usize),
    start: usize,
    seen: &mut [bool],
) -> Option<Part> {
    let is_new = |at: usize, seen: &[bool]| {
        at < width * height && seen.get(at) == Some(&false) && likely.get(at) > Some(&LIKELY)
    };
    if !is_new(start, seen) {
        return None;
    }
    let (x, y) = (start % width, start / width);
    let mut part = Part { left: x, top: y, right: x, bottom: y, dots: 0, likely: 0.0 };
    let mut open = vec![start];
    seen[start] = true;
    while let Some(at) = open.pop() {
        let (x, y) = (at % width, at / width);
        (part.left, part.right) = (part.left.min(x), part.right.max(x));
        (part.top, part.bottom) = (part.top.min(y), part.bottom.max(y));
        part.dots += 1;
        part.likely += likely[at];
        let beside = [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then_some(at + 1),
            at.checked_sub(width),
            Some(at + width),
        ];
        for next in beside.into_iter().flatten() {
            if is_new(next, seen) {
                seen[next] = true;
                open.push(next);
            }
        }
    }
    Some(part)
}

impl Part {
    fn area(&self, width: f32, height: f32, scaled: &Scaled) -> Option<Area> {
        let (across, down) = (self.right - self.left + 1, self.bottom - self.top + 1);
        let is_likely = self.likely >= LIKELY_ALL * number(self.dots);
        if across < SIDE_MIN || down < SIDE_MIN || !is_likely {
            return None;
        }
        let (wide, high) = (number(across), number(down));
        let grow = GROW * wide * high / (2.0 * (wide + high));
        let (by_x, by_y) = (scaled.full.0 / width, scaled.full.1 / height);
        Some(Area {
            left: ((number(self.left) - grow) * by_x).max(0.0),
            top: ((number(self.top) - grow) * by_y).max(0.0),
            right: ((number(self.right + 1) + grow) * by_x).min(scaled.full.0),
            bottom: ((number(self.bottom + 1) + grow) * by_y).min(scaled.full.1),
        })
    }
}

/// The dots of the picture that lie in an area: columns and rows.
pub(super) fn dots(
    picture: &Picture,
    area: Area,
) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let columns = dot(area.left, width)..dot(area.right.ceil(), width);
    let rows = dot(area.top, height)..dot(area.bottom.ceil(), height);
    (columns, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_where_likely_dots_hang_together() {
        let (width, height) = (64, 32);
        let mut likely = vec![0.0; width * height];
        for row in 8..14 {
            for column in (4..20).chain(40..60) {
                likely[row * width + column] = 0.9;
            }
        }
        likely[20 * width + 5] = 0.9;
        let full = (number(width * 2), number(height * 2));
        let found = areas(&likely, (width, height), &Scaled { width, height, full });
        assert_eq!(found.len(), 2);
        assert!(found[0].right < found[1].left, "{found:?}");
        assert!(found[0].left <= 8.0 && found[0].right >= 40.0, "{found:?}");
        assert!(found[0].top <= 16.0 && found[0].bottom >= 28.0, "{found:?}");
    }

    #[test]
    fn a_picture_gets_the_size_of_the_model() {
        let picture = Picture::new(50, 20, vec![255; 1000], 200).unwrap();
        let (scaled, values) = input(&picture);
        assert_eq!((scaled.width, scaled.height), (64, 32));
        assert_eq!(values.len(), 3 * 64 * 32);
    }
}
