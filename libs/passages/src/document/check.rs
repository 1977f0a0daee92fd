//! Whether the parts of a document hold together.

use std::fmt;

use super::{Area, Block, BlockKind, Document, Page, Run, Size, Span};

/// Headings go from level 1 to this one.
const HEADING_LEVEL_MAX: u8 = 6;

/// Why parts are not a document. Indexes count from 0, numbers of pages are as given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The text has more bytes than a [`Span`] can say.
    #[error("the text has {bytes} bytes; a document has at most {}", u32::MAX)]
    TooLong {
        /// Bytes of the text.
        bytes: usize,
    },
    /// The span of a block is wrong.
    #[error("block {index}: {fault}")]
    Block {
        /// Which one.
        index: usize,
        /// What is wrong.
        fault: SpanFault,
    },
    /// A heading of a level that does not exist.
    #[error("block {index} is a heading of level {level}; levels go from 1 to 6")]
    HeadingLevel {
        /// Which block.
        index: usize,
        /// The level given.
        level: u8,
    },
    /// Text that belongs to no block.
    #[error("the text at byte {at} is in no block")]
    TextBetweenBlocks {
        /// The first byte of it.
        at: u32,
    },
    /// The span of a page is wrong.
    #[error("page {number}: {fault}")]
    Page {
        /// Which one.
        number: u32,
        /// What is wrong.
        fault: SpanFault,
    },
    /// Pages are counted from 1 upwards.
    #[error("page {number} does not come after page {after}")]
    PageNumber {
        /// The number given.
        number: u32,
        /// The number of the page before, or 0.
        after: u32,
    },
    /// Width and height are numbers above 0.
    #[error("page {number} has no width or no height")]
    PageSize {
        /// Which page.
        number: u32,
    },
    /// The span of a run is wrong.
    #[error("page {page}, run {index}: {fault}")]
    Run {
        /// The number of the page.
        page: u32,
        /// Which run.
        index: usize,
        /// What is wrong.
        fault: SpanFault,
    },
    /// The sides of a run are no rectangle on its page; see [`Area::clipped`].
    #[error("page {page}, run {index}: its area lies outside of the page")]
    RunArea {
        /// The number of the page.
        page: u32,
        /// Which run.
        index: usize,
    },
}

/// What is wrong with a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanFault {
    /// It holds nothing, or ends before it starts.
    Empty,
    /// It goes beyond the text, or a run beyond its page.
    Outside,
    /// It cuts a character in two.
    OffCharacter,
    /// It starts before the one before it ends.
    OutOfOrder,
}

impl fmt::Display for SpanFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "its span is empty",
            Self::Outside => "its span goes outside of what it is part of",
            Self::OffCharacter => "its span cuts a character in two",
            Self::OutOfOrder => "its span starts before the one before it ends",
        })
    }
}

impl Document {
    /// What [`Document::new`] checks.
    pub(super) fn check(&self) -> Result<(), DocumentError> {
        let bytes = self.text.len();
        if u32::try_from(bytes).is_err() {
            return Err(DocumentError::TooLong { bytes });
        }
        check_blocks(&self.text, &self.blocks)?;
        check_pages(&self.text, &self.pages)
    }
}

fn check_blocks(text: &str, blocks: &[Block]) -> Result<(), DocumentError> {
    let whole = Span::of(0, text.len());
    let mut end = 0;
    for (index, block) in blocks.iter().enumerate() {
        check_filled(text, block.span, whole, end)
            .map_err(|fault| DocumentError::Block { index, fault })?;
        check_level(index, block.kind)?;
        check_white(text, Span::new(end, block.span.start))?;
        end = block.span.end;
    }
    check_white(text, Span::new(end, whole.end))
}

fn check_level(index: usize, kind: BlockKind) -> Result<(), DocumentError> {
    match kind {
        BlockKind::Heading { level } if level == 0 || level > HEADING_LEVEL_MAX => {
            Err(DocumentError::HeadingLevel { index, level })
        }
        BlockKind::Heading { .. }
        | BlockKind::Paragraph
        | BlockKind::ListItem { .. }
        | BlockKind::TableRow
        | BlockKind::Code
        | BlockKind::Quote => Ok(()),
    }
}

fn check_white(text: &str, gap: Span) -> Result<(), DocumentError> {
    let between = text.get(gap.range()).unwrap_or_default();
    match between.find(|c: char| !c.is_whitespace()) {
        None => Ok(()),
        Some(at) => {
            Err(DocumentError::TextBetweenBlocks { at: Span::of(at, at).shifted(gap.start).start })
        }
    }
}

fn check_pages(text: &str, pages: &[Page]) -> Result<(), DocumentError> {
    let whole = Span::of(0, text.len());
    let (mut end, mut after) = (0, 0);
    for page in pages {
        let number = page.number;
        if number <= after {
            return Err(DocumentError::PageNumber { number, after });
        }
        check_span(text, page.span, whole, end)
            .map_err(|fault| DocumentError::Page { number, fault })?;
        if page.size.is_some_and(|size| !is_size(size)) {
            return Err(DocumentError::PageSize { number });
        }
        check_runs(text, page)?;
        (end, after) = (page.span.end, number);
    }
    Ok(())
}

fn check_runs(text: &str, page: &Page) -> Result<(), DocumentError> {
    let mut end = page.span.start;
    for (index, run) in page.runs.iter().enumerate() {
        check_filled(text, run.span, page.span, end).map_err(|fault| DocumentError::Run {
            page: page.number,
            index,
            fault,
        })?;
        if !stands_on(run, page.size) {
            return Err(DocumentError::RunArea { page: page.number, index });
        }
        end = run.span.end;
    }
    Ok(())
}

fn check_filled(text: &str, span: Span, within: Span, after: u32) -> Result<(), SpanFault> {
    if span.is_empty() {
        return Err(SpanFault::Empty);
    }
    check_span(text, span, within, after)
}

fn check_span(text: &str, span: Span, within: Span, after: u32) -> Result<(), SpanFault> {
    if span.end < span.start {
        return Err(SpanFault::Empty);
    }
    if !within.contains(span) {
        return Err(SpanFault::Outside);
    }
    if !text.is_char_boundary(span.start as usize) || !text.is_char_boundary(span.end as usize) {
        return Err(SpanFault::OffCharacter);
    }
    if span.start < after {
        return Err(SpanFault::OutOfOrder);
    }
    Ok(())
}

fn is_size(size: Size) -> bool {
    [size.width, size.height].iter().all(|side| side.is_finite() && *side > 0.0)
}

fn stands_on(run: &Run, size: Option<Size>) -> bool {
    let Area { left, top, right, bottom } = run.area;
    run.area.is_rectangle()
        && size.is_none_or(|size| {
            left >= 0.0 && top >= 0.0 && right <= size.width && bottom <= size.height
        })
}
