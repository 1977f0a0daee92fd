//! The objects of all organisations in an object store.
//!
//! `{organisation}/segments/{id}` and `{organisation}/manifests/{generation}`. None is ever
//! changed: a manifest is created where none is, and everything else is removed when nothing names
//! it any more.

use std::{
    fs,
    io::{
        self,
        ErrorKind::{NotADirectory, NotFound},
    },
    os::unix::fs::DirBuilderExt as _,
    path::Path as FilePath,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use domain::OrganisationId;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use knowledge::IndexError;
use object_store::{
    Error, GetOptions, ObjectStore, PutMode, PutOptions, local::LocalFileSystem, path::Path,
};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    failure::unavailable,
    folder::Folder,
    sealing::{MANIFESTS, ObjectKind, ObjectName, SEGMENTS},
};

/// What one object may take on a slow disk or across a network.
const DEADLINE: Duration = Duration::from_mins(1);

/// Objects in a folder of this machine, durable once they are written, and gone for good once they
/// are removed. The folder is made if it is not there.
///
/// What a process left half-written when it was killed is removed: nobody else may write into the
/// folder meanwhile.
///
/// # Errors
/// Those of the file system.
pub fn objects_in(folder: &FilePath) -> io::Result<Arc<dyn ObjectStore>> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for organisation in fs::read_dir(folder)? {
        let organisation = organisation?;
        // On a disk of its own there is more, and not all of it may be read.
        let name = organisation.file_name();
        if name.to_str().and_then(|name| name.parse::<OrganisationId>().ok()).is_none() {
            continue;
        }
        let organisation = organisation.path();
        for kind in [SEGMENTS, MANIFESTS] {
            remove_half_written(&organisation.join(kind))?;
        }
    }
    let store = LocalFileSystem::new_with_prefix(folder).map_err(io::Error::other)?;
    Ok(Arc::new(Folder::new(store)))
}

/// Files whose names end in `#` and digits, which the store writes before it gives them their name,
/// and does not list.
fn remove_half_written(folder: &FilePath) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if is_half_written(&entry.file_name().to_string_lossy()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn is_half_written(name: &str) -> bool {
    let digits = name.split_once('#').map(|(_, digits)| digits);
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether an object was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    Done,
    /// There was one of that name.
    Exists,
}

/// Reads, writes and lists objects, each within a deadline.
#[derive(Clone)]
pub(crate) struct Objects(Arc<dyn ObjectStore>);

impl Objects {
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self(store)
    }

    /// `None` if there is no such object.
    pub(crate) async fn read(&self, name: ObjectName) -> Result<Option<Bytes>, IndexError> {
        let path = path_of(name);
        let read = async { self.0.get_opts(&path, GetOptions::default()).await?.bytes().await };
        match in_time(read).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Failed::Store(Error::NotFound { .. })) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes an object, unless there is one of that name; it is durable then.
    pub(crate) async fn create(
        &self,
        name: ObjectName,
        pieces: Vec<Bytes>,
    ) -> Result<Created, IndexError> {
        let (path, options) = (path_of(name), PutOptions::from(PutMode::Create));
        let created = self.0.put_opts(&path, pieces.into_iter().collect(), options);
        match in_time(created).await {
            Ok(_) => Ok(Created::Done),
            Err(Failed::Store(Error::AlreadyExists { .. })) => Ok(Created::Exists),
            Err(error) => Err(error.into()),
        }
    }

    /// It is not there any more; whether it was.
    pub(crate) async fn remove(&self, name: ObjectName) -> Result<bool, IndexError> {
        let path = path_of(name);
        let one = stream::once(async move { Ok(path) }).boxed();
        let mut deleted = self.0.delete_stream(one);
        match in_time(deleted.try_next()).await {
            Ok(_) => Ok(true),
            Err(Failed::Store(Error::NotFound { .. })) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The ids of all segments, in no order.
    pub(crate) async fn segments(&self, of: OrganisationId) -> Result<Vec<Uuid>, IndexError> {
        let names = self.names(of, SEGMENTS).await?;
        Ok(names.iter().filter_map(|name| Uuid::try_parse(name).ok()).collect())
    }

    /// The generations of all manifests, ascending.
    pub(crate) async fn generations(&self, of: OrganisationId) -> Result<Vec<u64>, IndexError> {
        let names = self.names(of, MANIFESTS).await?;
        let mut generations: Vec<u64> = names.iter().filter_map(|name| name.parse().ok()).collect();
        generations.sort_unstable();
        Ok(generations)
    }

    async fn names(&self, of: OrganisationId, kind: &str) -> Result<Vec<String>, IndexError> {
        let folder = Path::from(format!("{of}/{kind}"));
        let listed = self.0.list(Some(&folder)).map_ok(|object| object.location);
        let listed: Vec<Path> = match in_time(listed.try_collect()).await {
            Ok(listed) => listed,
            // Nothing was ever written there.
            Err(Failed::Store(Error::NotFound { .. })) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(listed.iter().filter_map(|path| path.filename().map(str::to_owned)).collect())
    }
}

fn path_of(name: ObjectName) -> Path {
    Path::from(name.to_string())
}

/// Why the store did not do it.
enum Failed {
    Store(Error),
    Late,
}

impl From<Failed> for IndexError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Store(error) => unavailable(error),
            Failed::Late => {
                unavailable(format!("an object took longer than {} s", DEADLINE.as_secs()))
            }
        }
    }
}

async fn in_time<T>(asked: impl Future<Output = Result<T, Error>>) -> Result<T, Failed> {
    match timeout(DEADLINE, asked).await {
        Ok(answer) => answer.map_err(Failed::Store),
        Err(_) => Err(Failed::Late),
    }
}

/// A segment of an organisation.
pub(crate) fn segment_name(organisation: OrganisationId, id: Uuid) -> ObjectName {
    ObjectName { organisation, kind: ObjectKind::Segment(id) }
}

/// A manifest of an organisation.
pub(crate) fn manifest_name(organisation: OrganisationId, generation: u64) -> ObjectName {
    ObjectName { organisation, kind: ObjectKind::Manifest(generation) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_written_files_are_told_by_their_names() {
        for name in ["0190#1", "00000000000000000012#20"] {
            assert!(is_half_written(name), "{name}");
        }
        for name in ["0190", "#", "0190#", "0190#a", "12"] {
            assert!(!is_half_written(name), "{name}");
        }
    }

    #[tokio::test]
    async fn a_folder_keeps_objects_and_loses_halves() {
        let folder = tempfile::tempdir().unwrap();
        let organisation = OrganisationId::from_uuid(Uuid::from_u128(5));
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let name = |id| segment_name(organisation, id);
        let pieces = || vec![Bytes::from_static(b"one "), Bytes::from_static(b"two")];

        let objects = Objects::new(objects_in(folder.path()).unwrap());
        assert!(objects.segments(organisation).await.unwrap().is_empty());
        assert_eq!(objects.create(name(first), pieces()).await.unwrap(), Created::Done);
        assert_eq!(objects.create(name(first), pieces()).await.unwrap(), Created::Exists);
        let half = folder.path().join(format!("{}#1", name(second)));
        fs::write(&half, b"hal").unwrap();

        let objects = Objects::new(objects_in(folder.path()).unwrap());
        assert!(!half.exists());
        assert_eq!(objects.segments(organisation).await.unwrap(), [first]);
        assert_eq!(objects.read(name(first)).await.unwrap().unwrap(), b"one two".as_slice());
        assert!(objects.read(name(second)).await.unwrap().is_none());
        assert!(objects.remove(name(first)).await.unwrap());
        assert!(!objects.remove(name(first)).await.unwrap());
    }

    /// As `lost+found` on a disk of its own, which only root reads.
    #[test]
    fn what_is_of_no_organisation_is_not_looked_into() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("lost+found").join(SEGMENTS);
        fs::create_dir_all(&other).unwrap();
        let file = other.join("0190#1");
        fs::write(&file, b"not ours").unwrap();
        objects_in(folder.path()).unwrap();
        assert!(file.exists());
    }

    #[tokio::test]
    async fn generations_ascend() {
        let folder = tempfile::tempdir().unwrap();
        let organisation = OrganisationId::from_uuid(Uuid::from_u128(5));
        let objects = Objects::new(objects_in(folder.path()).unwrap());
        for generation in [10, 9, 100, 1] {
            let name = manifest_name(organisation, generation);
            objects.create(name, vec![Bytes::from_static(b"x")]).await.unwrap();
        }
        assert_eq!(objects.generations(organisation).await.unwrap(), [1, 9, 10, 100]);
        let other = OrganisationId::from_uuid(Uuid::from_u128(6));
        assert!(objects.generations(other).await.unwrap().is_empty());
    }
}
