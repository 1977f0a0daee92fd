//! The requests of a job, one after the other.

use std::collections::VecDeque;

use crate::{Files, Line, Lines, Owner, WorkloadError, file::FileId, ports::FileReader};

/// Reads the files of a job, a piece at a time.
pub(super) struct Input {
    files: Files,
    owner: Owner,
    /// Those that were not begun.
    rest: VecDeque<FileId>,
    reader: Option<Box<dyn FileReader>>,
    lines: Lines,
    /// Cut and not given yet.
    cut: VecDeque<Line>,
    /// Of the next line.
    number: u64,
}

impl Input {
    pub(super) fn new(files: Files, owner: Owner, inputs: &[FileId]) -> Self {
        Self {
            files,
            owner,
            rest: inputs.iter().copied().collect(),
            reader: None,
            lines: Lines::default(),
            cut: VecDeque::new(),
            number: 0,
        }
    }

    /// The next request and its number, from 0; `None` after the last one.
    pub(super) async fn next(&mut self) -> Result<Option<(u64, Line)>, WorkloadError> {
        loop {
            if let Some(line) = self.cut.pop_front() {
                let number = self.number;
                self.number += 1;
                return Ok(Some((number, line)));
            }
            if !self.read_on().await? {
                return Ok(None);
            }
        }
    }

    /// `false` if there is nothing more.
    async fn read_on(&mut self) -> Result<bool, WorkloadError> {
        let Some(reader) = &mut self.reader else {
            let Some(id) = self.rest.pop_front() else { return Ok(false) };
            // A file whose time is over meanwhile is still read to its end.
            let known = self.files.store.file(self.owner, id).await?;
            known.ok_or(WorkloadError::FileUnknown { id })?;
            let reader = self.files.store.read(self.owner, id).await?;
            self.reader = Some(reader.ok_or(WorkloadError::FileUnknown { id })?);
            return Ok(true);
        };
        let cut = &mut self.cut;
        if let Some(bytes) = reader.next().await? {
            self.lines.push(&bytes, |line| cut.push_back(line));
        } else {
            cut.extend(std::mem::take(&mut self.lines).finish());
            self.reader = None;
        }
        Ok(true)
    }
}
