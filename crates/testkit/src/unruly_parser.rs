//! A parser of plain text that does as it is told.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use knowledge::ports::{Content, PageImage, ParseError, Parser, Resolution, Source};
use passages::{Block, BlockKind, Document, Page, Span};
use tokio::sync::Notify;

/// What it does with the next documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParserBehaviour {
    Reads,
    /// Never answers; whoever drops the future ends it.
    Hangs,
    /// Says that this part of the document is broken.
    Refuses(&'static str),
    Unavailable,
    Panics,
    /// Leaves the bytes alone.
    ReadsNothing,
}

/// Each line is a paragraph, one that begins with `# ` a heading; a form feed ends a page, of which
/// there is a picture that shows nothing. Cheap to clone; clones are the same parser.
#[derive(Clone)]
pub struct UnrulyParser {
    shared: Arc<Shared>,
}

struct Shared {
    behaviour: Mutex<ParserBehaviour>,
    asked: AtomicUsize,
    told: Notify,
}

impl Default for UnrulyParser {
    fn default() -> Self {
        let behaviour = Mutex::new(ParserBehaviour::Reads);
        let shared = Shared { behaviour, asked: AtomicUsize::new(0), told: Notify::new() };
        Self { shared: Arc::new(shared) }
    }
}

impl UnrulyParser {
    pub fn behave(&self, behaviour: ParserBehaviour) {
        *self.behaviour() = behaviour;
    }

    /// How many documents it was given.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// Returns soon after it was given a document.
    pub async fn until_asked(&self) {
        self.shared.told.notified().await;
    }

    fn behaviour(&self) -> MutexGuard<'_, ParserBehaviour> {
        self.shared.behaviour.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Parser for UnrulyParser {
    async fn read(&self, source: Source<'_>) -> Result<Document, ParseError> {
        self.shared.asked.fetch_add(1, Ordering::SeqCst);
        self.shared.told.notify_one();
        let behaviour = *self.behaviour();
        match behaviour {
            ParserBehaviour::Reads => read(&all(source.content).await?),
            ParserBehaviour::Hangs => std::future::pending().await,
            ParserBehaviour::Refuses(part) => Err(broken(part)),
            ParserBehaviour::Unavailable => {
                Err(ParseError::Unavailable { source: "told to be away".into() })
            }
            // No text is that long.
            ParserBehaviour::Panics => Err(broken(&format!("{:?}", span(usize::MAX, usize::MAX)))),
            ParserBehaviour::ReadsNothing => read(b"nothing of it"),
        }
    }

    async fn page_image(
        &self,
        source: Source<'_>,
        page: u32,
        _: Resolution,
    ) -> Result<PageImage, ParseError> {
        let pages = match self.read(source).await?.pages.len() {
            0 => return Err(ParseError::Unsupported { found: "a text without pages".to_owned() }),
            pages => u32::try_from(pages).unwrap_or(u32::MAX),
        };
        if !(1..=pages).contains(&page) {
            return Err(ParseError::PageUnknown { page, pages });
        }
        // Nothing looks at more than how it begins.
        Ok(PageImage { png: b"\x89PNG\r\n\x1a\n".to_vec(), width: 1, height: 1 })
    }
}

async fn all(content: &mut dyn Content) -> Result<Vec<u8>, ParseError> {
    let mut bytes = Vec::new();
    while let Some(piece) = content.next().await.map_err(ParseError::Content)? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn broken(part: &str) -> ParseError {
    ParseError::Broken { format: "plain text".to_owned(), part: part.to_owned() }
}

fn read(bytes: &[u8]) -> Result<Document, ParseError> {
    let text = std::str::from_utf8(bytes).map_err(|_| broken("bytes"))?;
    let document = Document::new(text.to_owned(), blocks(text), pages(text), Vec::new());
    document.map_err(|error| broken(&error.to_string()))
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut start = 0;
    for piece in text.split_inclusive(['\n', '\u{c}']) {
        let is_heading = piece.starts_with("# ");
        let heading = BlockKind::Heading { level: 1 };
        let kind = if is_heading { heading } else { BlockKind::Paragraph };
        if !piece.trim().is_empty() {
            let span = span(start, start + piece.trim_end().len());
            blocks.push(Block { kind, span });
        }
        start += piece.len();
    }
    blocks
}

fn pages(text: &str) -> Vec<Page> {
    let mut pages = Vec::new();
    let mut start = 0;
    for (number, piece) in (1..).zip(text.split_inclusive('\u{c}')) {
        let end = start + piece.len();
        pages.push(Page { number, span: span(start, end), size: None, runs: Vec::new() });
        start = end;
    }
    pages
}

fn span(start: usize, end: usize) -> Span {
    let offset = |at: usize| u32::try_from(at).expect("a short text");
    Span::new(offset(start), offset(end))
}
