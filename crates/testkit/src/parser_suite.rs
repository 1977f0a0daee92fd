//! What everybody must do who reads documents.

use std::{future::pending, sync::Arc};

use async_trait::async_trait;
use knowledge::ports::{
    Content, ContentError, ParseError, Parser, Resolution, Source, WholeContent,
};
use passages::{BlockKind, Document};

const TEXT: &str =
    "Le délai est d’un mois.\n\nيجب تقديم الطلب خلال ثلاثين يومًا.\n\nआवेदन तीस दिनों के भीतर देना होगा।";

/// Runs every check, one after the other, on one parser: what a document does to it must not be
/// felt by the next one.
pub async fn parser_suite(parser: Arc<dyn Parser>) {
    text_is_read_in_blocks_and_the_same_again(&*parser).await;
    bytes_may_come_in_any_pieces(&*parser).await;
    a_lie_about_the_type_is_told(&*parser).await;
    a_lie_about_the_length_is_told(&*parser).await;
    bytes_that_cannot_be_had_are_told(&*parser).await;
    what_is_too_large_is_not_even_fetched(&*parser).await;
    text_has_no_pages_to_show(&*parser).await;
    whoever_leaves_does_not_keep_others_from_reading(&*parser).await;
    many_are_read_at_once(parser).await;
}

/// Gives pieces, then fails or stays silent if it shall.
struct Pieces {
    pieces: Vec<Vec<u8>>,
    end: End,
}

#[derive(Clone, Copy)]
enum End {
    Told,
    Failed,
    Never,
}

impl Pieces {
    fn new(bytes: &[u8], size: usize, end: End) -> Self {
        // The last one is taken first.
        let pieces = bytes.chunks(size).rev().map(<[u8]>::to_vec).collect();
        Self { pieces, end }
    }
}

#[async_trait]
impl Content for Pieces {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ContentError> {
        match (self.pieces.pop(), self.end) {
            (Some(piece), _) => Ok(Some(piece)),
            (None, End::Told) => Ok(None),
            (None, End::Failed) => Err(ContentError { source: "the disk is gone".into() }),
            (None, End::Never) => pending().await,
        }
    }
}

fn source<'a>(name: &'a str, bytes: usize, content: &'a mut dyn Content) -> Source<'a> {
    Source { name: Some(name), media_type: None, bytes: bytes as u64, content }
}

async fn read(parser: &dyn Parser, name: &str) -> Result<Document, ParseError> {
    let mut content = WholeContent::new(TEXT.as_bytes().to_vec());
    parser.read(source(name, TEXT.len(), &mut content)).await
}

async fn still_reads(parser: &dyn Parser) {
    let document = read(parser, "texte.txt").await.expect("read");
    assert_eq!(document.blocks.len(), 3);
}

async fn text_is_read_in_blocks_and_the_same_again(parser: &dyn Parser) {
    let document = read(parser, "texte.txt").await.expect("read");
    let texts: Vec<_> = document.blocks.iter().map(|block| document.slice(block.span)).collect();
    let expected: Vec<_> = TEXT.split("\n\n").map(Some).collect();
    assert_eq!(texts, expected);
    assert!(document.blocks.iter().all(|block| block.kind == BlockKind::Paragraph));
    assert_eq!(read(parser, "texte.txt").await.expect("read"), document);

    let mut content = WholeContent::new(Vec::new());
    let empty = parser.read(source("vide.txt", 0, &mut content)).await.expect("read");
    assert!(empty.text.trim().is_empty());
}

async fn bytes_may_come_in_any_pieces(parser: &dyn Parser) {
    let whole = read(parser, "texte.txt").await.expect("read");
    for size in [1, 7, 1000] {
        let mut content = Pieces::new(TEXT.as_bytes(), size, End::Told);
        let document = parser.read(source("texte.txt", TEXT.len(), &mut content)).await;
        assert_eq!(document.expect("read"), whole);
    }
}

async fn a_lie_about_the_type_is_told(parser: &dyn Parser) {
    let refused = read(parser, "texte.pdf").await.expect_err("it is no PDF");
    assert_eq!(refused.code(), "document.type_mismatch");
    assert!(!refused.is_passing());
    still_reads(parser).await;
}

async fn a_lie_about_the_length_is_told(parser: &dyn Parser) {
    for told in [TEXT.len() - 1, TEXT.len() + 1] {
        let mut content = Pieces::new(TEXT.as_bytes(), 50, End::Told);
        let refused = parser.read(source("texte.txt", told, &mut content)).await;
        assert_eq!(refused.expect_err("another length").code(), "document.not_read");
        still_reads(parser).await;
    }
}

async fn bytes_that_cannot_be_had_are_told(parser: &dyn Parser) {
    let mut content = Pieces::new(&TEXT.as_bytes()[..40], 20, End::Failed);
    let refused = parser.read(source("texte.txt", TEXT.len(), &mut content)).await;
    let refused = refused.expect_err("no bytes");
    assert!(matches!(refused, ParseError::Content(_)), "{refused}");
    assert!(refused.is_passing());
    still_reads(parser).await;
}

async fn what_is_too_large_is_not_even_fetched(parser: &dyn Parser) {
    let mut content = Pieces::new(b"", 1, End::Never);
    let huge = Source { name: None, media_type: None, bytes: u64::MAX, content: &mut content };
    let refused = parser.read(huge).await.expect_err("too large");
    assert_eq!(refused.code(), "document.too_large");
}

async fn text_has_no_pages_to_show(parser: &dyn Parser) {
    let mut content = WholeContent::new(TEXT.as_bytes().to_vec());
    let asked = source("texte.txt", TEXT.len(), &mut content);
    let refused = parser.page_image(asked, 1, Resolution::Screen).await.expect_err("no pages");
    assert_eq!(refused.code(), "document.unsupported");
}

async fn whoever_leaves_does_not_keep_others_from_reading(parser: &dyn Parser) {
    let mut content = Pieces::new(&TEXT.as_bytes()[..40], 20, End::Never);
    let endless = parser.read(source("texte.txt", TEXT.len(), &mut content));
    let has_left = tokio::select! {
        biased;
        _ = endless => false,
        () = tokio::task::yield_now() => true,
    };
    assert!(has_left, "a document without an end was read");
    still_reads(parser).await;
}

async fn many_are_read_at_once(parser: Arc<dyn Parser>) {
    let tasks = tokio_util::task::TaskTracker::new();
    let started: Vec<_> = (0..3)
        .map(|_| {
            let parser = Arc::clone(&parser);
            tasks.spawn(async move { still_reads(&*parser).await })
        })
        .collect();
    for one in started {
        one.await.expect("read");
    }
}
