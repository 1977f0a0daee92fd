//! Where characters stand on their pages.

use passages::{Area, Page, Run};

use super::{Cursor, write_count, write_side, write_span};

pub(super) fn write(bytes: &mut Vec<u8>, pages: &[Page]) {
    for page in pages {
        write_count(bytes, page.runs.len());
        for run in &page.runs {
            write_span(bytes, run.span);
            let Area { left, top, right, bottom } = run.area;
            for side in [left, top, right, bottom] {
                write_side(bytes, side);
            }
        }
    }
}

/// For these pages, and no others.
pub(super) fn read(bytes: &[u8], pages: &mut [Page]) -> Option<()> {
    let mut cursor = Cursor(bytes);
    for page in pages {
        page.runs = cursor.list(run)?;
    }
    cursor.is_empty().then_some(())
}

fn run(cursor: &mut Cursor<'_>) -> Option<Run> {
    let span = cursor.span()?;
    let (left, top) = (cursor.side()?, cursor.side()?);
    let (right, bottom) = (cursor.side()?, cursor.side()?);
    Some(Run { span, area: Area { left, top, right, bottom } })
}
