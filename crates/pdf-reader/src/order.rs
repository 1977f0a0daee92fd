//! The order in which the lines of a page are read.
//!
//! Programs draw lines in the order in which they were written, which is that of reading; it is
//! kept unless it makes no sense, since it knows of columns and boxes what nobody sees. Else the
//! page is cut along the widest white strip, and each half again, until nothing can be cut.

use passages::Area;

use crate::line::Line;

/// Lines that stand above one that was read before, in the same column: a head and a foot that are
/// drawn last are no reason yet.
const BACKWARDS_ALLOWED: usize = 2;
/// For so many lines one more.
const LINES_FOR_ONE: usize = 40;
/// A strip between columns is at least so wide, in parts of the size of letters.
const STRIP_ACROSS: f32 = 1.2;
/// One between lines is at least so high.
const STRIP_DOWN: f32 = 0.2;
/// Pages are not cut more often into halves.
const DEPTH_MAX: usize = 40;

/// Puts lines in the order of reading. What is turned is read last.
pub(crate) fn put_in_order(lines: Vec<Line>) -> Vec<Line> {
    let (mut upright, turned): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.upright);
    if !makes_sense(&upright) {
        let from_the_right = upright.iter().filter(|line| line.right_to_left).count();
        let cutter = Cutter { right_first: from_the_right * 2 > upright.len() };
        upright = cutter.cut(upright, 0);
    }
    upright.extend(turned);
    upright
}

fn makes_sense(lines: &[Line]) -> bool {
    let backwards = lines.windows(2).filter(|pair| match pair {
        [before, after] => goes_back(before, after),
        _ => false,
    });
    backwards.count() <= BACKWARDS_ALLOWED + lines.len() / LINES_FOR_ONE
}

/// Up in the same column, or back on the same line.
fn goes_back(before: &Line, after: &Line) -> bool {
    let (one, other) = (before.area, after.area);
    if before.is_beside(after) {
        let center = |area: Area| f32::midpoint(area.left, area.right);
        return (center(other) < center(one)) != before.right_to_left;
    }
    let is_above = other.bottom <= one.top + one.height() / 2.0;
    let shares_column = one.left < other.right && other.left < one.right;
    is_above && shares_column
}

struct Cutter {
    /// Whether the right one of two columns is read first.
    right_first: bool,
}

impl Cutter {
    fn cut(&self, lines: Vec<Line>, depth: usize) -> Vec<Line> {
        if lines.len() < 2 || depth >= DEPTH_MAX {
            return self.by_rows(lines);
        }
        let size = lines.iter().map(|line| line.size).fold(f32::INFINITY, f32::min);
        let across = widest(&lines, |area| (area.left, area.right), size * STRIP_ACROSS);
        if let Some(at) = across {
            let (left, right): (Vec<_>, Vec<_>) =
                lines.into_iter().partition(|line| line.area.right <= at);
            let (first, second) = if self.right_first { (right, left) } else { (left, right) };
            return self.both(first, second, depth);
        }
        let down = widest(&lines, |area| (area.top, area.bottom), size * STRIP_DOWN);
        if let Some(at) = down {
            let (above, below): (Vec<_>, Vec<_>) =
                lines.into_iter().partition(|line| line.area.bottom <= at);
            return self.both(above, below, depth);
        }
        self.by_rows(lines)
    }

    fn both(&self, first: Vec<Line>, second: Vec<Line>, depth: usize) -> Vec<Line> {
        let mut ordered = self.cut(first, depth + 1);
        ordered.extend(self.cut(second, depth + 1));
        ordered
    }

    /// From above to below; beside each other from the side at which reading begins.
    fn by_rows(&self, mut lines: Vec<Line>) -> Vec<Line> {
        lines.sort_by(|one, other| one.area.top.total_cmp(&other.area.top));
        let mut rows: Vec<Vec<Line>> = Vec::new();
        for line in lines {
            match rows.last_mut() {
                Some(row) if row.first().is_some_and(|first| first.is_beside(&line)) => {
                    row.push(line);
                }
                Some(_) | None => rows.push(vec![line]),
            }
        }
        for row in &mut rows {
            row.sort_by(|one, other| one.area.left.total_cmp(&other.area.left));
            if self.right_first {
                row.reverse();
            }
        }
        rows.into_iter().flatten().collect()
    }
}

/// The middle of the widest strip without lines, if there is one of that width.
fn widest(lines: &[Line], sides: impl Fn(Area) -> (f32, f32), least: f32) -> Option<f32> {
    let mut taken: Vec<(f32, f32)> = lines.iter().map(|line| sides(line.area)).collect();
    taken.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut reach = taken.first()?.1;
    let mut best: Option<(f32, f32)> = None;
    for (from, to) in taken {
        let width = from - reach;
        if width >= least && best.is_none_or(|(widest, _)| width > widest) {
            best = Some((width, f32::midpoint(reach, from)));
        }
        reach = reach.max(to);
    }
    best.map(|(_, middle)| middle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{lines, tests::written};

    fn line(text: &str, left: f32, top: f32) -> Line {
        lines(&written(text, left, top)).remove(0)
    }

    fn check(told: Vec<Line>, expected: &[&str]) {
        let read: Vec<String> = put_in_order(told).into_iter().map(|line| line.text).collect();
        assert_eq!(read, expected);
    }

    /// Two columns under a title.
    fn page() -> Vec<Line> {
        vec![
            line("titre de toute la page", 10.0, 10.0),
            line("un", 10.0, 40.0),
            line("deux", 10.0, 54.0),
            line("trois", 10.0, 68.0),
            line("quatre", 120.0, 40.0),
            line("cinq", 120.0, 54.0),
            line("six", 120.0, 68.0),
        ]
    }

    const READ: [&str; 7] =
        ["titre de toute la page", "un", "deux", "trois", "quatre", "cinq", "six"];

    #[test]
    fn columns_are_read_one_after_the_other_however_they_are_told() {
        check(page(), &READ);
        let mut told = page();
        told.reverse();
        check(told, &READ);
    }

    #[test]
    fn columns_of_arabic_begin_at_the_right() {
        let turned = |word: &str| word.chars().rev().collect::<String>();
        let told = vec![
            line(&turned("ثلاثة"), 10.0, 54.0),
            line(&turned("ثلاثة"), 10.0, 40.0),
            line(&turned("ثلاثة"), 10.0, 26.0),
            line(&turned("اثنان"), 120.0, 68.0),
            line(&turned("اثنان"), 120.0, 54.0),
            line(&turned("واحد"), 120.0, 40.0),
        ];
        check(told, &["واحد", "اثنان", "اثنان", "ثلاثة", "ثلاثة", "ثلاثة"]);
    }

    #[test]
    fn an_order_that_makes_sense_is_kept() {
        // A box beside the text, told after it.
        let told = vec![
            line("texte", 10.0, 10.0),
            line("suite", 10.0, 24.0),
            line("encadré", 120.0, 10.0),
            line("fin", 10.0, 38.0),
        ];
        check(told, &["texte", "suite", "encadré", "fin"]);
    }
}
