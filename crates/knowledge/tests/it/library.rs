//! Documents of a test, and who may read them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use domain::{Caller, DocumentId, LibraryId, ModelId};
use governance::ports::StoreError;
use knowledge::{
    IndexHit, Passage, VersionKey,
    ports::{Embedder, EmbedderError, SourceVersion, Sources},
};
use passages::{Area, Block, BlockKind, ChunkLimits, Document, Page, Run, Size, Span, chunks};
use uuid::Uuid;

/// Clones are the same library.
#[derive(Clone, Default)]
pub(crate) struct FakeLibrary {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    sources: BTreeMap<VersionKey, SourceVersion>,
    revoked: BTreeSet<VersionKey>,
}

impl FakeLibrary {
    /// A document of one page: a heading, then a paragraph, each on a line of its own.
    pub(crate) fn add(&self, key: u64, heading: &str, paragraph: &str) -> VersionKey {
        let version = VersionKey(key);
        let reading = reading(heading, paragraph);
        let source = SourceVersion {
            version,
            number: 2,
            document: DocumentId::from_uuid(Uuid::from_u128(u128::from(key))),
            library: library(),
            name: format!("{key}.pdf").into(),
            digest: [u8::try_from(key).unwrap(); 32],
            passages: passages_of(&reading).into(),
            reading: Arc::new(reading),
        };
        self.state().sources.insert(version, source);
        version
    }

    /// Nobody may read it from now on.
    pub(crate) fn revoke(&self, version: VersionKey) {
        self.state().revoked.insert(version);
    }

    pub(crate) fn text(&self, version: VersionKey) -> String {
        self.state().sources[&version].reading.text.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Sources for FakeLibrary {
    async fn readable(
        &self,
        _caller: &Caller,
        versions: &[VersionKey],
    ) -> Result<Vec<VersionKey>, StoreError> {
        let state = self.state();
        let may = |version: &&VersionKey| {
            state.sources.contains_key(*version) && !state.revoked.contains(*version)
        };
        Ok(versions.iter().filter(may).copied().collect())
    }

    async fn source(
        &self,
        _caller: &Caller,
        version: VersionKey,
    ) -> Result<Option<SourceVersion>, StoreError> {
        let state = self.state();
        let is_revoked = state.revoked.contains(&version);
        Ok(state.sources.get(&version).filter(|_| !is_revoked).cloned())
    }
}

pub(crate) fn library() -> LibraryId {
    LibraryId::from_uuid(Uuid::from_u128(99))
}

pub(crate) fn hit(version: VersionKey, passage: u32) -> IndexHit {
    IndexHit { version, passage, score: 1.5, lexical: Some(7.0), dense: None }
}

fn span(start: usize, end: usize) -> Span {
    Span::new(u32::try_from(start).unwrap(), u32::try_from(end).unwrap())
}

fn reading(heading: &str, paragraph: &str) -> Document {
    let text = format!("{heading}\n\n{paragraph}\n");
    let (top, body) = (span(0, heading.len()), heading.len() + 2);
    let body = span(body, body + paragraph.len());
    let block = |kind, span| Block { kind, span };
    let blocks =
        vec![block(BlockKind::Heading { level: 1 }, top), block(BlockKind::Paragraph, body)];
    let line = |span, top: f32| Run {
        span,
        area: Area { left: 72.0, top, right: 472.0, bottom: top + 12.0 },
    };
    let page = Page {
        number: 3,
        span: span(0, text.len()),
        size: Some(Size { width: 595.0, height: 842.0 }),
        runs: vec![line(top, 72.0), line(body, 100.0)],
    };
    Document::new(text, blocks, vec![page], Vec::new()).unwrap()
}

/// As those that fill the index are made.
fn passages_of(reading: &Document) -> Vec<Passage> {
    let words = |text: &str| text.split_whitespace().count();
    let chunks = chunks(reading, ChunkLimits::default(), &words);
    let numbered = (0..).zip(chunks);
    numbered
        .map(|(number, chunk)| Passage {
            number,
            span: chunk.span,
            headings: chunk.above().collect(),
            table_header: chunk.table_header,
            pages: chunk.pages.clone(),
            tokens: 0,
            sentences: chunk.sentences,
        })
        .collect()
}

/// Says of any two texts that follow each other that they have this cosine.
pub(crate) struct FakeEmbedder {
    model: ModelId,
    cosine: f32,
}

impl FakeEmbedder {
    pub(crate) fn new(cosine: f32) -> Self {
        Self { model: "encoder".parse().unwrap(), cosine }
    }
}

#[async_trait]
impl Embedder for FakeEmbedder {
    fn model(&self) -> &ModelId {
        &self.model
    }

    fn is_there(&self) -> bool {
        true
    }

    fn dimension(&self) -> u32 {
        2
    }

    async fn passages(
        &self,
        _caller: &Caller,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let across = (1.0 - self.cosine * self.cosine).sqrt();
        let turn = |at: usize| {
            if at.is_multiple_of(2) { vec![1.0, 0.0] } else { vec![self.cosine, across] }
        };
        Ok((0..texts.len()).map(turn).collect())
    }

    async fn query(&self, _caller: &Caller, _text: &str) -> Result<Vec<f32>, EmbedderError> {
        Err(EmbedderError::Refused { reason: "nobody asks".to_owned() })
    }

    fn count_tokens(&self, text: &str) -> u32 {
        u32::try_from(text.split_whitespace().count()).unwrap()
    }
}
