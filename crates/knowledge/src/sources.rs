//! What answers are made from, out of what the stores of libraries keep.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Caller;
use governance::ports::StoreError;

use crate::{
    VersionKey,
    ports::{Detail, DocumentStore, LibraryStore, SourceVersion, Sources},
};

/// Opens versions for whoever sees their libraries at that moment. Cheap to clone.
#[derive(Clone)]
pub struct StoredSources {
    libraries: Arc<dyn LibraryStore>,
    documents: Arc<dyn DocumentStore>,
}

impl StoredSources {
    pub fn new(libraries: Arc<dyn LibraryStore>, documents: Arc<dyn DocumentStore>) -> Self {
        Self { libraries, documents }
    }
}

#[async_trait]
impl Sources for StoredSources {
    async fn readable(
        &self,
        caller: &Caller,
        versions: &[VersionKey],
    ) -> Result<Vec<VersionKey>, StoreError> {
        self.libraries.seen(caller.into(), versions).await
    }

    async fn source(
        &self,
        caller: &Caller,
        version: VersionKey,
    ) -> Result<Option<SourceVersion>, StoreError> {
        let found = self.documents.version(caller.into(), version).await?;
        let Some(document) = found else { return Ok(None) };
        let read = self.documents.text(caller.into(), version, Detail::Places).await?;
        // Nothing is cited of what was read of other bytes.
        let Some(read) = read.filter(|read| read.digest == document.current.digest) else {
            return Ok(None);
        };
        Ok(Some(SourceVersion {
            version,
            number: document.current.number,
            document: document.id,
            library: document.library,
            name: document.name.into(),
            digest: document.current.digest,
            reading: Arc::new(read.document),
            passages: read.passages.into(),
        }))
    }
}
