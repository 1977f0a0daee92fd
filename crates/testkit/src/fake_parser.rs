//! Reads plain text, and nothing else.

use async_trait::async_trait;
use knowledge::ports::{PageImage, ParseError, Parser, Resolution, Source};
use passages::{Block, BlockKind, Document, Span};

/// A [`Parser`] of UTF-8 text, whose paragraphs stand between empty lines. It goes by the ending of
/// the name, and by the first bytes.
#[derive(Clone, Copy, Debug)]
pub struct FakeParser {
    pub bytes_max: u64,
}

impl Default for FakeParser {
    fn default() -> Self {
        Self { bytes_max: 1 << 20 }
    }
}

impl FakeParser {
    async fn bytes(&self, source: &mut Source<'_>) -> Result<Vec<u8>, ParseError> {
        if source.bytes > self.bytes_max {
            let what = "bytes of the file".to_owned();
            return Err(ParseError::TooLarge { what, max: self.bytes_max });
        }
        let mut all = Vec::new();
        while let Some(bytes) = source.content.next().await.map_err(ParseError::Content)? {
            all.extend_from_slice(&bytes);
        }
        if all.len() as u64 == source.bytes {
            Ok(all)
        } else {
            let reason = "it does not have the bytes that were told".to_owned();
            Err(ParseError::NotRead { reason })
        }
    }
}

#[async_trait]
impl Parser for FakeParser {
    async fn read(&self, mut source: Source<'_>) -> Result<Document, ParseError> {
        let bytes = self.bytes(&mut source).await?;
        let is_text = source.name.is_none_or(|name| name.rsplit('.').next() == Some("txt"));
        if !is_text {
            let declared = source.name.unwrap_or_default().to_owned();
            return Err(ParseError::TypeMismatch { declared, found: "plain text".to_owned() });
        }
        let broken = |part: String| ParseError::Broken { format: "plain text".to_owned(), part };
        let text = String::from_utf8(bytes).map_err(|error| broken(error.to_string()))?;
        let blocks = paragraphs(&text);
        Document::new(text, blocks, Vec::new(), Vec::new())
            .map_err(|error| broken(error.to_string()))
    }

    async fn page_image(
        &self,
        mut source: Source<'_>,
        _: u32,
        _: Resolution,
    ) -> Result<PageImage, ParseError> {
        self.bytes(&mut source).await?;
        Err(ParseError::Unsupported { found: "pages of plain text".to_owned() })
    }
}

fn paragraphs(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut start = 0;
    for part in text.split_inclusive("\n\n") {
        let trimmed = part.trim();
        if !trimmed.is_empty() {
            let from = start + part.find(trimmed).unwrap_or(0);
            let offset = |at: usize| u32::try_from(at).expect("a short text");
            let span = Span::new(offset(from), offset(from + trimmed.len()));
            blocks.push(Block { kind: BlockKind::Paragraph, span });
        }
        start += part.len();
    }
    blocks
}
