//! A file of signed checkpoints, one after another, each followed by one empty line.

mod checkpoint_file;
mod tail;

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use governance::ports::{Addition, Witness, WitnessError};
use tokio::{sync::Mutex, task::spawn_blocking, time::timeout};
use transparency_log::Verifier;

use checkpoint_file::CheckpointFile;
pub use checkpoint_file::{CheckpointFileError, newest};

/// What a slow disk or a network file system may take for one checkpoint.
const DEADLINE: Duration = Duration::from_secs(10);

/// Appends checkpoints to a file and never changes what is in it, so the file may carry the
/// append-only attribute (`chattr +a`). Several processes may add to one file.
#[derive(Debug)]
pub struct FileWitness {
    path: PathBuf,
    name: String,
    // A lock and not a task: a write that hangs keeps it, so that no second one piles up behind.
    file: Arc<Mutex<CheckpointFile>>,
}

impl FileWitness {
    /// A witness for the log with this key. The file is made when it is first needed.
    pub fn new(path: impl Into<PathBuf>, verifier: Verifier) -> Self {
        let path = path.into();
        let name = path.display().to_string();
        let file = Arc::new(Mutex::new(CheckpointFile::new(path.clone(), verifier)));
        Self { path, name, file }
    }
}

#[async_trait]
impl Witness for FileWitness {
    fn name(&self) -> &str {
        &self.name
    }

    async fn add(&self, addition: &Addition) -> Result<(), WitnessError> {
        let addition = addition.clone();
        let added = async {
            let mut file = Arc::clone(&self.file).lock_owned().await;
            let added = spawn_blocking(move || file.add(&addition)).await;
            added.unwrap_or_else(|error| Err(unavailable(error)))
        };
        timeout(DEADLINE, added).await.unwrap_or_else(|_| {
            let (path, seconds) = (self.path.clone(), DEADLINE.as_secs());
            Err(unavailable(CheckpointFileError::Late { path, seconds }))
        })
    }
}

fn unavailable(source: impl std::error::Error + Send + Sync + 'static) -> WitnessError {
    WitnessError::Unavailable { source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use testkit::SampleLog;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_write_that_hangs_holds_up_the_next_for_a_limited_time() {
        let mut log = SampleLog::new(1);
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("checkpoints");
        let witness = FileWitness::new(&path, log.verifier());
        let size = log.grow(3);
        let hanging = witness.file.lock().await;
        let error = witness.add(&log.addition(0, size)).await.unwrap_err();
        let WitnessError::Unavailable { source } = error else { panic!("{error:?}") };
        let expected = format!("`{}` did not take a checkpoint within 10 s", path.display());
        assert_eq!(source.to_string(), expected);
        drop(hanging);
        witness.add(&log.addition(0, size)).await.unwrap();
    }
}
