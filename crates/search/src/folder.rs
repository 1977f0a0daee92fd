//! Objects in a folder of this machine, durable once they are written, and gone for good once they
//! are removed: an erasure is certified after that.

use std::{fmt, fs::File, io, path::Path as FilePath, sync::Arc};

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    local::LocalFileSystem, path::Path,
};
use tokio::task::spawn_blocking;

/// The store of the file system, which makes durable what it writes and not what it removes.
#[derive(Debug)]
pub(crate) struct Folder(Arc<LocalFileSystem>);

impl Folder {
    pub(crate) fn new(store: LocalFileSystem) -> Self {
        Self(Arc::new(store.with_fsync(true)))
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// Has a loss of power not bring back what was removed.
async fn removed(store: Arc<LocalFileSystem>, location: Path) -> Result<Path> {
    let file = store.path_to_filesystem(&location)?;
    let synced = spawn_blocking(move || sync_folder_of(&file)).await.map_err(failed)?;
    synced.map_err(failed)?;
    Ok(location)
}

fn sync_folder_of(file: &FilePath) -> io::Result<()> {
    match file.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Generic { store: "folder", source: source.into() }
}

#[async_trait]
impl ObjectStore for Folder {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.0.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = Arc::clone(&self.0);
        let deleted = self.0.delete_stream(locations);
        deleted.and_then(move |location| removed(Arc::clone(&store), location)).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}
