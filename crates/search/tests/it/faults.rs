//! A store of objects that fails when it is told to.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, path::Path,
};
use tokio::sync::oneshot;

/// What becomes of the next manifest that is written.
enum Fault {
    /// It is not written: the process is gone.
    Lost,
    /// It is written, and whoever wrote it is told that somebody else did.
    Unanswered,
    /// It waits.
    Held { reached: oneshot::Sender<()>, release: oneshot::Receiver<()> },
}

/// A manifest that waits to be written.
pub(crate) struct Held {
    /// It has come.
    pub(crate) reached: oneshot::Receiver<()>,
    /// It may go on.
    pub(crate) release: oneshot::Sender<()>,
}

/// Hands everything on but for one manifest.
pub(crate) struct FaultyStore {
    inner: Arc<dyn ObjectStore>,
    next: Mutex<Option<Fault>>,
}

impl FaultyStore {
    pub(crate) fn before(inner: &Arc<dyn ObjectStore>) -> Arc<Self> {
        Arc::new(Self { inner: Arc::clone(inner), next: Mutex::new(None) })
    }

    pub(crate) fn lose_next_manifest(&self) {
        *self.next.lock().unwrap() = Some(Fault::Lost);
    }

    pub(crate) fn leave_next_manifest_unanswered(&self) {
        *self.next.lock().unwrap() = Some(Fault::Unanswered);
    }

    pub(crate) fn hold_next_manifest(&self) -> Held {
        let (reach, reached) = oneshot::channel();
        let (release, released) = oneshot::channel();
        *self.next.lock().unwrap() = Some(Fault::Held { reached: reach, release: released });
        Held { reached, release }
    }

    fn fault(&self, location: &Path) -> Option<Fault> {
        let is_manifest = location.as_ref().contains("/manifests/");
        is_manifest.then(|| self.next.lock().unwrap().take()).flatten()
    }
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FaultyStore")
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FaultyStore")
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        match self.fault(location) {
            None => {}
            Some(Fault::Lost) => {
                return Err(Error::Generic { store: "faulty", source: "lost".into() });
            }
            Some(Fault::Unanswered) => {
                self.inner.put_opts(location, payload.clone(), opts.clone()).await?;
            }
            Some(Fault::Held { reached, release }) => {
                reached.send(()).unwrap();
                release.await.unwrap();
            }
        }
        self.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
