//! Results of a job as the bytes of a file.

use crate::{
    FileId, Jobs, WorkloadError,
    ports::{Claim, FileWriter, JobResult, ResultKind},
};

/// What is read at a time. A single result may be longer: the vectors of one request take tens of
/// megabytes.
const PAGE_BYTES: u64 = 4 * 1024 * 1024;

/// Bytes that are durable and of which there is no file yet.
pub(crate) struct Written {
    pub(crate) writer: Box<dyn FileWriter>,
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
}

/// `None` if there are no results of the kind.
pub(crate) async fn write(
    jobs: &Jobs,
    claim: &Claim,
    (kind, id): (ResultKind, FileId),
) -> Result<Option<Written>, WorkloadError> {
    let mut page = jobs.store.results(claim, kind, None, PAGE_BYTES).await?;
    if page.is_empty() {
        return Ok(None);
    }
    let writer = jobs.files.store.begin(claim.job.owner, id).await?;
    let mut written = Written { writer, bytes: 0, lines: 0 };
    while let Some(last) = page.last().map(|result| result.number) {
        for JobResult { line, .. } in std::mem::take(&mut page) {
            written.writer.write(line.as_bytes()).await?;
            written.writer.write(b"\n").await?;
            written.bytes += line.len() as u64 + 1;
            written.lines += 1;
        }
        page = jobs.store.results(claim, kind, Some(last), PAGE_BYTES).await?;
    }
    written.writer.finish().await?;
    Ok(Some(written))
}
