//! The files of an index of one segment, and the folder that tantivy takes them for.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tantivy::{
    Directory, Index,
    directory::{
        FileHandle, OwnedBytes, RamDirectory, WatchCallback, WatchHandle, WritePtr,
        error::{DeleteError, OpenReadError, OpenWriteError},
    },
    error::DataCorruption,
    index::SegmentComponent,
};

const META: &str = "meta.json";

/// A file of a segment of tantivy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LexicalFile {
    Terms,
    Postings,
    Positions,
    FastFields,
    Lengths,
    Store,
}

impl LexicalFile {
    pub(crate) const ALL: [Self; 6] = [
        Self::Terms,
        Self::Postings,
        Self::Positions,
        Self::FastFields,
        Self::Lengths,
        Self::Store,
    ];

    fn component(self) -> SegmentComponent {
        match self {
            Self::Terms => SegmentComponent::Terms,
            Self::Postings => SegmentComponent::Postings,
            Self::Positions => SegmentComponent::Positions,
            Self::FastFields => SegmentComponent::FastFields,
            Self::Lengths => SegmentComponent::FieldNorms,
            Self::Store => SegmentComponent::Store,
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Terms => "term",
            Self::Postings => "idx",
            Self::Positions => "pos",
            Self::FastFields => "fast",
            Self::Lengths => "fieldnorm",
            Self::Store => "store",
        }
    }
}

/// All files of an index with one segment. The names of files are in `meta`.
#[derive(Clone, Debug)]
pub(crate) struct LexicalFiles {
    pub(crate) meta: OwnedBytes,
    /// In the order of [`LexicalFile::ALL`], with what tantivy puts behind them.
    pub(crate) files: [OwnedBytes; LexicalFile::ALL.len()],
}

impl LexicalFiles {
    /// Those of the index that was written into this folder.
    pub(crate) fn written(index: &Index, folder: &RamDirectory) -> tantivy::Result<Self> {
        let segments = index.searchable_segments()?;
        let [segment] = segments.as_slice() else {
            return Err(DataCorruption::comment_only("not one segment").into());
        };
        let mut files = LexicalFile::ALL.map(|_| OwnedBytes::empty());
        for (file, bytes) in LexicalFile::ALL.into_iter().zip(&mut files) {
            // Not through the index, which takes off what it put behind the file.
            let path = segment.relative_path(file.component());
            *bytes = folder.open_read(&path)?.read_bytes()?;
        }
        let meta = OwnedBytes::new(folder.atomic_read(Path::new(META))?);
        Ok(Self { meta, files })
    }

    /// The index of these files, which cannot be written.
    pub(crate) fn index(self) -> tantivy::Result<Index> {
        Index::open(ReadOnly(Arc::new(self)))
    }

    fn file(&self, path: &Path) -> Result<&OwnedBytes, OpenReadError> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let mut files = LexicalFile::ALL.into_iter().zip(&self.files);
        let found = files.find(|(file, _)| Some(file.extension()) == extension);
        let found = found.map(|(_, bytes)| bytes);
        let found = if path == Path::new(META) { Some(&self.meta) } else { found };
        found.ok_or_else(|| OpenReadError::FileDoesNotExist(PathBuf::from(path)))
    }
}

/// A folder that holds these files and takes no others.
#[derive(Clone, Debug)]
struct ReadOnly(Arc<LexicalFiles>);

impl Directory for ReadOnly {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        let bytes = self.0.file(path)?.clone();
        Ok(Arc::new(bytes))
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        Err(DeleteError::IoError { io_error: Arc::new(refused()), filepath: PathBuf::from(path) })
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        Ok(self.0.file(path).is_ok())
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        Err(OpenWriteError::wrap_io_error(refused(), PathBuf::from(path)))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        Ok(self.0.file(path)?.as_slice().to_vec())
    }

    fn atomic_write(&self, _path: &Path, _data: &[u8]) -> io::Result<()> {
        Err(refused())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn watch(&self, _callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}

fn refused() -> io::Error {
    io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "a segment is not changed")
}
