//! What no port of batch jobs can express: rows that were damaged.

use std::collections::BTreeMap;

use domain::{BatchJobId, Principal};
use governance::ports::{AccessStore as _, Founding};
use store::Store;
use tempfile::TempDir;
use testkit::Samples;
use workloads::{
    BatchJob, Counts, Endpoint, JobState, Owner,
    ports::{JobInserted, JobStore as _},
};

use crate::suites::workloads;

fn job(samples: &Samples, founding: &Founding) -> BatchJob {
    let created_at = samples.now();
    BatchJob {
        id: BatchJobId::from_uuid(samples.id()),
        owner: Owner { organisation: founding.organisation.id, account: founding.owner.id },
        project: founding.project.id,
        principal: Principal::Operator,
        endpoint: Endpoint::Embeddings,
        model: None,
        inputs: Vec::new(),
        metadata: BTreeMap::new(),
        state: JobState::Queued,
        counts: Counts { total: 1, ..Counts::default() },
        created_at,
        deadline: created_at.plus_seconds(60),
        started_at: None,
        ended_at: None,
        output: None,
        errors: None,
        failure: None,
    }
}

#[tokio::test]
async fn a_job_that_cannot_be_read_keeps_no_others() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let store = Store::open(&path).await.expect("opened");
    let (jobs, samples) = (workloads(&store).await, Samples::new(719));
    let founding = samples.founding();
    let entry = samples.entry(Some(founding.organisation.id));
    assert!(store.found(&founding, &entry).await.expect("founded"));
    let (damaged, whole) = (job(&samples, &founding), job(&samples, &founding));
    for job in [&damaged, &whole] {
        let entry = samples.entry(Some(job.owner.organisation));
        assert_eq!(jobs.insert(job, 9, &entry).await.expect("answered"), JobInserted::Done);
    }
    let mut connection = crate::raw(&path).await;
    sqlx::query("UPDATE batch_job SET metadata = x'00' WHERE id = ?1")
        .bind(damaged.id.as_uuid().as_bytes().to_vec())
        .execute(&mut connection)
        .await
        .expect("damaged");
    let next = jobs.next_owner(&[]).await.expect("looked");
    assert_eq!(next, Some(whole.owner));
    let claim = jobs.claim(&[], samples.now()).await.expect("answered").expect("the other one");
    assert_eq!(claim.job.id, whole.id);
    assert_eq!(jobs.claim(&[whole.id], samples.now()).await.expect("answered"), None);
    assert_eq!(jobs.next_owner(&[whole.id]).await.expect("looked"), None, "nobody makes room");
    assert!(jobs.job(damaged.owner, damaged.id).await.is_err(), "it stays as it is");
}
