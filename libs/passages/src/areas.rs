//! Where a span stands on its pages.

use crate::characters::is_right_to_left;
use crate::document::{Area, Document, Page, Run, Span};

/// Runs with more characters than this are not cut: no line is that long.
const CHARACTERS_MAX: usize = u16::MAX as usize;

/// Rectangles of `span`, one for each line, with the numbers of their pages; in order of pages,
/// then of reading.
///
/// Runs whose middles are less than half a line apart stand on one line. A run that is only
/// partly in the span gives its share of its width, by characters, from the side at which its
/// script begins; one of several lines gives all of its area.
///
/// Empty where the span is not one of the document (beyond the text, off character boundaries, or
/// empty), and on pages that say nothing of where their characters stand: a wrong rectangle is
/// worse than none.
pub fn areas(document: &Document, span: Span) -> Vec<(u32, Area)> {
    if span.is_empty() || document.slice(span).is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for page in document.pages_touched(span) {
        let lines = lines_on(&document.text, page, span);
        found.extend(lines.into_iter().map(|area| (page.number, area)));
    }
    found
}

fn lines_on(text: &str, page: &Page, span: Span) -> Vec<Area> {
    let first = page.runs.partition_point(|run| run.span.end <= span.start);
    let runs = page.runs.get(first..).unwrap_or_default();
    let mut lines: Vec<Area> = Vec::new();
    for run in runs.iter().take_while(|run| run.span.start < span.end) {
        let Some(area) = part(text, run, span) else { continue };
        match lines.last_mut() {
            Some(line) if on_one_line(*line, area) => *line = line.union(area),
            Some(_) | None => lines.push(area),
        }
    }
    lines
}

/// Whether the middles are less than half of the higher one apart. Boxes of single marks are
/// small and stand high or low in their line, so the line decides, not the mark.
fn on_one_line(line: Area, next: Area) -> bool {
    let apart = (f32::midpoint(line.top, line.bottom) - f32::midpoint(next.top, next.bottom)).abs();
    apart <= line.height().max(next.height()) / 2.0
}

/// The rectangle of what `span` holds of a run; nothing where that is only white space.
fn part(text: &str, run: &Run, span: Span) -> Option<Area> {
    let held = run.span.intersection(span);
    let characters = text.get(run.span.range())?;
    if text.get(held.range())?.trim().is_empty() {
        return None;
    }
    // In a shape of several lines nobody knows on which one a part of it stands.
    if held == run.span || characters.trim().contains('\n') {
        return Some(run.area);
    }
    let before = text.get(Span::new(run.span.start, held.start).range())?;
    let until = text.get(Span::new(run.span.start, held.end).range())?;
    let from = share(before, characters);
    let to = share(until, characters);
    Some(cut(run.area, from, to, is_right_to_left(characters)))
}

/// Part of the width of `whole` that its beginning takes, from 0 to 1.
fn share(beginning: &str, whole: &str) -> f32 {
    let total = whole.chars().take(CHARACTERS_MAX + 1).count();
    if total > CHARACTERS_MAX {
        return if beginning.is_empty() { 0.0 } else { 1.0 };
    }
    count(beginning) / count(whole).max(1.0)
}

fn count(text: &str) -> f32 {
    u16::try_from(text.chars().count()).map_or(f32::from(u16::MAX), f32::from)
}

fn cut(area: Area, from: f32, to: f32, right_to_left: bool) -> Area {
    let at = |share: f32| {
        let across = area.width() * share;
        let side = if right_to_left { area.right - across } else { area.left + across };
        side.max(area.left).min(area.right)
    };
    let (one, other) = (at(from), at(to));
    Area { left: one.min(other), right: one.max(other), ..area }
}
