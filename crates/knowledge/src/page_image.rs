//! Pictures of pages, drawn from the bytes of a version when somebody looks at them.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::Caller;
use tokio::time::timeout;

use crate::{
    DocumentContent, Documents, KnowledgeError, Wanted,
    ports::{
        BytesReader, Content, ContentError, PageImage, ParseError, Parser, Resolution, Source,
    },
};

/// For the wait and the drawing. A [`Parser`] gives up a drawing before this.
const DEADLINE: Duration = Duration::from_secs(30);

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PageImageError {
    #[error(transparent)]
    Document(#[from] KnowledgeError),
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// Draws pages of documents. Cheap to clone.
#[derive(Clone)]
pub struct PageImages {
    documents: Documents,
    parser: Arc<dyn Parser>,
}

impl PageImages {
    pub fn new(documents: Documents, parser: Arc<dyn Parser>) -> Self {
        Self { documents, parser }
    }

    /// A picture of one page of a version, from 1. The entry of the access is durable before its
    /// bytes are read.
    pub async fn draw(
        &self,
        caller: &Caller,
        wanted: Wanted,
        (page, resolution): (u32, Resolution),
    ) -> Result<PageImage, PageImageError> {
        let DocumentContent { document, reader } = self.documents.content(caller, wanted).await?;
        let mut content = StoredBytes(reader);
        let source = Source {
            name: Some(&document.name),
            media_type: Some(&document.media_type),
            bytes: document.current.bytes,
            content: &mut content,
        };
        match timeout(DEADLINE, self.parser.page_image(source, page, resolution)).await {
            Ok(drawn) => Ok(drawn?),
            // Whoever draws ends earlier, so this is the time until somebody could.
            Err(_late) => Err(ParseError::Busy.into()),
        }
    }
}

/// The bytes of a version on their way to whoever draws.
struct StoredBytes(Box<dyn BytesReader>);

#[async_trait]
impl Content for StoredBytes {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ContentError> {
        let next = self.0.next().await;
        next.map_err(|source| ContentError { source: Box::new(source) })
    }
}
