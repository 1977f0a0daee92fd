//! Results of a job as the bytes of a file.

use crate::{
    FileId, Jobs, WorkloadError,
    ports::{Claim, FileWriter, ResultKind},
};

/// Rows of one page: few, since the vectors of one request may take tens of megabytes.
const ROWS: u32 = 4;

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
    let mut page = jobs.store.results(claim, kind, None, ROWS).await?;
    if page.is_empty() {
        return Ok(None);
    }
    let writer = jobs.files.store.begin(claim.job.owner, id).await?;
    let mut written = Written { writer, bytes: 0, lines: 0 };
    while let Some(last) = page.last().map(|result| result.number) {
        let mut bytes = Vec::new();
        for result in &page {
            bytes.extend_from_slice(result.line.as_bytes());
            bytes.push(b'\n');
        }
        written.writer.write(&bytes).await?;
        written.bytes += bytes.len() as u64;
        written.lines += page.len() as u64;
        page = jobs.store.results(claim, kind, Some(last), ROWS).await?;
    }
    written.writer.finish().await?;
    Ok(Some(written))
}
