//! From lines to paragraphs, headings, items and rows, by the size of letters and by white space.

use passages::BlockKind;

use crate::{line::Line, script::ends_sentence};

/// Letters of a heading are larger than most others by this factor.
const HEADING: f32 = 1.15;
/// Sizes that differ by less are the same.
const SAME_SIZE: f32 = 0.04;
/// A heading has no more lines and letters; what has more is text in large letters.
const HEADING_LINES_MAX: usize = 3;
const HEADING_BYTES_MAX: usize = 300;
const LEVEL_MAX: u8 = 6;
/// White space between paragraphs is more than that between lines, in parts of the size.
const MORE_SPACE: f32 = 0.35;
/// The first line of a paragraph begins so much further in, in parts of the size.
const INDENT: f32 = 0.9;
/// The last line of a paragraph ends so much earlier, in parts of the width of the next one.
const SHORT: f32 = 0.2;
/// Letters of one paragraph differ in size by less than this.
const OTHER_SIZE: f32 = 0.12;

/// Lines that belong together.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) kind: BlockKind,
    pub(crate) lines: Vec<Line>,
    /// What stands between its lines.
    pub(crate) between: &'static str,
}

/// Which sizes letters have in a document.
#[derive(Debug)]
pub(crate) struct Measure {
    /// Of most letters.
    body: f32,
    /// Of headings, from the largest to the smallest.
    headings: Vec<f32>,
}

impl Measure {
    pub(crate) fn of<'l>(lines: impl Iterator<Item = &'l Line>) -> Self {
        let mut sizes: Vec<(f32, usize)> = lines.map(|line| (line.size, line.text.len())).collect();
        sizes.sort_by(|one, other| one.0.total_cmp(&other.0));
        let half = sizes.iter().map(|(_, letters)| letters).sum::<usize>() / 2;
        let mut before = 0_usize;
        let body = sizes.iter().find(|(_, letters)| {
            before += letters;
            before > half
        });
        let body = body.map_or(0.0, |(size, _)| *size);
        let mut headings: Vec<f32> = Vec::new();
        for (size, _) in sizes.iter().rev().take_while(|(size, _)| *size >= body * HEADING) {
            if headings.last().is_none_or(|last| *size < last * (1.0 - SAME_SIZE)) {
                headings.push(*size);
            }
        }
        Self { body, headings }
    }

    /// The level of a heading of letters of this size, if they are those of a heading.
    fn level(&self, size: f32) -> Option<u8> {
        if self.body <= 0.0 || size < self.body * HEADING {
            return None;
        }
        let at = self.headings.iter().position(|heading| size >= heading * (1.0 - SAME_SIZE))?;
        Some(u8::try_from(at + 1).unwrap_or(LEVEL_MAX).min(LEVEL_MAX))
    }
}

/// The pieces of one page, from its lines in the order of reading.
pub(crate) fn pieces(lines: Vec<Line>, measure: &Measure) -> Vec<Piece> {
    let usual = usual_gap(&lines);
    let rows = rows(lines);
    let cells: Vec<usize> = rows.iter().map(Vec::len).collect();
    let mut found: Vec<Piece> = Vec::new();
    for (at, mut row) in rows.into_iter().enumerate() {
        if row.len() > 1 {
            let beside = [at.checked_sub(1), Some(at + 1)].into_iter().flatten();
            let is_table = beside.filter_map(|at| cells.get(at)).any(|cells| *cells > 1);
            found.push(side_by_side(row, is_table));
            continue;
        }
        let Some(line) = row.pop() else { continue };
        let kind = kind(&line, measure);
        match found.last_mut() {
            Some(piece) if piece.goes_on_with(&line, kind, usual) => piece.lines.push(line),
            Some(_) | None => found.push(Piece { kind, lines: vec![line], between: "\n" }),
        }
    }
    for piece in &mut found {
        piece.settle();
    }
    found
}

impl Piece {
    fn goes_on_with(&self, line: &Line, kind: BlockKind, usual: f32) -> bool {
        let Some(last) = self.lines.last() else { return false };
        if last.upright != line.upright || self.between != "\n" {
            return false;
        }
        match (self.kind, kind) {
            (BlockKind::Heading { level }, BlockKind::Heading { level: other }) => {
                level == other && is_below(last, line) && gap(last, line) < line.size
            }
            (BlockKind::Paragraph | BlockKind::ListItem { .. }, BlockKind::Paragraph) => {
                goes_on(last, line, usual)
            }
            _ => false,
        }
    }

    /// What looks like a heading and is too long for one is a paragraph.
    fn settle(&mut self) {
        let bytes: usize = self.lines.iter().map(|line| line.text.len()).sum();
        let is_long = self.lines.len() > HEADING_LINES_MAX || bytes > HEADING_BYTES_MAX;
        if matches!(self.kind, BlockKind::Heading { .. }) && is_long {
            self.kind = BlockKind::Paragraph;
        }
    }

    /// Whether a piece at the beginning of the next page goes on with the last one of this page.
    pub(crate) fn goes_on_overleaf(&self, next: &Self) -> bool {
        let is_text = |kind| matches!(kind, BlockKind::Paragraph | BlockKind::ListItem { .. });
        let (Some(last), Some(first)) = (self.lines.last(), next.lines.first()) else {
            return false;
        };
        is_text(self.kind)
            && next.kind == BlockKind::Paragraph
            && self.between == next.between
            && last.upright
            && first.upright
            && is_same_size(last, first)
            && is_unfinished(last, first)
    }
}

fn kind(line: &Line, measure: &Measure) -> BlockKind {
    let has_words = line.text.chars().any(char::is_alphabetic);
    match measure.level(line.size) {
        Some(level) if has_words && line.upright => BlockKind::Heading { level },
        _ if is_item(&line.text) => BlockKind::ListItem { depth: 0 },
        _ => BlockKind::Paragraph,
    }
}

/// Whether a line begins as items of lists do: with a bullet, or with a number or letter and a
/// bracket or full stop, and more after it.
fn is_item(text: &str) -> bool {
    const BULLETS: [char; 11] = ['•', '◦', '‣', '▪', '●', '○', '–', '—', '-', '*', '➢'];
    let Some((first, rest)) = text.split_once(' ') else { return false };
    if rest.is_empty() {
        return false;
    }
    let mut letters = first.chars();
    match (letters.next(), letters.next_back()) {
        (Some(bullet), None) => BULLETS.contains(&bullet),
        (Some(begin), Some(')' | '.')) => {
            let inner = first.trim_matches(['(', ')', '.']);
            let is_number = inner.chars().all(char::is_numeric) && inner.chars().count() <= 3;
            let is_letter = inner.chars().count() == 1 && first.ends_with(')');
            (begin == '(' || begin.is_alphanumeric())
                && !inner.is_empty()
                && (is_number || is_letter)
        }
        _ => false,
    }
}

/// Lines that stand side by side and follow each other.
fn rows(lines: Vec<Line>) -> Vec<Vec<Line>> {
    let mut rows: Vec<Vec<Line>> = Vec::new();
    for line in lines {
        let is_beside = |last: &Line| last.upright && line.upright && last.is_beside(&line);
        match rows.last_mut() {
            Some(row) if row.last().is_some_and(is_beside) => row.push(line),
            Some(_) | None => rows.push(vec![line]),
        }
    }
    rows
}

fn side_by_side(row: Vec<Line>, is_table: bool) -> Piece {
    if is_table {
        Piece { kind: BlockKind::TableRow, lines: row, between: " | " }
    } else {
        Piece { kind: BlockKind::Paragraph, lines: row, between: " " }
    }
}

/// The white space that half of the lines of a page do not have more of above them.
fn usual_gap(lines: &[Line]) -> f32 {
    let mut gaps: Vec<f32> = lines
        .windows(2)
        .filter_map(|pair| match pair {
            [last, next] if is_below(last, next) && gap(last, next) < next.size * 1.5 => {
                Some(gap(last, next))
            }
            _ => None,
        })
        .collect();
    gaps.sort_by(f32::total_cmp);
    // A page of single lines has no gaps between lines.
    gaps.get(gaps.len() / 2).copied().unwrap_or(0.0)
}

fn gap(last: &Line, next: &Line) -> f32 {
    next.area.top - last.area.bottom
}

/// Below the other one, in the same column.
fn is_below(last: &Line, next: &Line) -> bool {
    let shares = last.area.left < next.area.right && next.area.left < last.area.right;
    shares && next.area.top > f32::midpoint(last.area.top, last.area.bottom)
}

/// Whether a line goes on with a paragraph.
fn goes_on(last: &Line, next: &Line, usual: f32) -> bool {
    if !is_same_size(last, next) {
        return false;
    }
    if !is_below(last, next) {
        // At the top of the next column.
        return is_unfinished(last, next);
    }
    if gap(last, next) > usual + MORE_SPACE * next.size {
        return false;
    }
    !(is_finished(last) && (is_indented(last, next) || is_short(last, next)))
}

fn is_same_size(last: &Line, next: &Line) -> bool {
    (last.size - next.size).abs() <= OTHER_SIZE * last.size.max(next.size)
}

fn is_finished(line: &Line) -> bool {
    let closing = ['»', '”', '"', '’', ')', ']'];
    line.text.trim_end_matches(closing).trim_end().ends_with(ends_sentence)
}

/// Whether the one ends, and the other begins, within a sentence.
fn is_unfinished(last: &Line, next: &Line) -> bool {
    let first = next.text.chars().find(|c| !matches!(c, '«' | '“' | '"' | '(' | '[' | ' '));
    let begins_within = first.is_some_and(|c| c.is_alphabetic() && !c.is_uppercase());
    !is_finished(last) && begins_within
}

/// The side at which reading begins, as a distance from the outside.
fn begin(line: &Line) -> f32 {
    if line.right_to_left { -line.area.right } else { line.area.left }
}

/// The side at which it ends, as a distance from where reading begins.
fn end(line: &Line) -> f32 {
    if line.right_to_left { -line.area.left } else { line.area.right }
}

fn is_indented(last: &Line, next: &Line) -> bool {
    begin(next) - begin(last) > INDENT * next.size
}

fn is_short(last: &Line, next: &Line) -> bool {
    end(next) - end(last) > SHORT * next.area.width()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::Glyph,
        line::{lines, tests::written},
    };

    fn sized(text: &str, top: f32, size: f32) -> Vec<Glyph> {
        written(text, 50.0, top).into_iter().map(|glyph| Glyph { size, ..glyph }).collect()
    }

    fn check(parts: &[Vec<Glyph>], expected: &[(BlockKind, &str)]) {
        let told = lines(&parts.concat());
        let measure = Measure::of(told.iter());
        let found: Vec<(BlockKind, String)> = pieces(told, &measure)
            .into_iter()
            .map(|piece| {
                let texts: Vec<&str> = piece.lines.iter().map(|l| l.text.as_str()).collect();
                (piece.kind, texts.join(piece.between))
            })
            .collect();
        let expected: Vec<(BlockKind, String)> =
            expected.iter().map(|(kind, text)| (*kind, (*text).to_owned())).collect();
        assert_eq!(found, expected);
    }

    const PARAGRAPH: BlockKind = BlockKind::Paragraph;

    #[test]
    fn lines_are_paragraphs_until_there_is_more_white_space() {
        check(
            &[
                sized("Le délai est d’un", 10.0, 10.0),
                sized("mois au plus tard", 24.0, 10.0),
                sized("L’appel est ouvert", 50.0, 10.0),
                sized("à toute personne.", 64.0, 10.0),
            ],
            &[
                (PARAGRAPH, "Le délai est d’un\nmois au plus tard"),
                (PARAGRAPH, "L’appel est ouvert\nà toute personne."),
            ],
        );
    }

    #[test]
    fn a_last_line_that_is_short_ends_a_paragraph() {
        check(
            &[
                sized("Le délai est d’un mois.", 10.0, 10.0),
                sized("Fin.", 24.0, 10.0),
                sized("L’appel est ouvert à tous.", 38.0, 10.0),
            ],
            &[
                (PARAGRAPH, "Le délai est d’un mois.\nFin."),
                (PARAGRAPH, "L’appel est ouvert à tous."),
            ],
        );
    }

    #[test]
    fn larger_letters_are_headings_of_as_many_levels_as_there_are_sizes() {
        check(
            &[
                sized("Code", 10.0, 20.0),
                sized("Livre", 40.0, 14.0),
                sized("Les articles sont des règles", 60.0, 10.0),
                sized("qui valent pour chacun.", 74.0, 10.0),
            ],
            &[
                (BlockKind::Heading { level: 1 }, "Code"),
                (BlockKind::Heading { level: 2 }, "Livre"),
                (PARAGRAPH, "Les articles sont des règles\nqui valent pour chacun."),
            ],
        );
    }

    #[test]
    fn items_and_rows_are_told_apart() {
        let row = |name: &str, price: &str, top| {
            let mut row = sized(name, top, 10.0);
            row.extend(written(price, 200.0, top));
            row
        };
        let item = |text: &str, top| sized(text, top, 10.0);
        check(
            &[
                item("• un", 10.0),
                item("2. deux", 24.0),
                row("Nom", "Prix", 60.0),
                row("Pain", "2 €", 74.0),
            ],
            &[
                (BlockKind::ListItem { depth: 0 }, "• un"),
                (BlockKind::ListItem { depth: 0 }, "2. deux"),
                (BlockKind::TableRow, "Nom | Prix"),
                (BlockKind::TableRow, "Pain | 2 €"),
            ],
        );
    }

    #[test]
    fn items_begin_with_signs_that_items_begin_with() {
        for text in ["- un", "a) un", "(3) un", "12. un", "١. un"] {
            assert!(is_item(text), "{text}");
        }
        for text in ["un", "-un", "M. Martin", "2024. Puis", "3,5 %", "•", "etc. et"] {
            assert!(!is_item(text), "{text}");
        }
    }
}
