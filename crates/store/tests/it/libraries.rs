//! What no port of libraries can express: rows that were damaged, and bytes that do not go.

use domain::{DocumentId, LibraryId};
use governance::{
    AuditEntry,
    ports::{AccessStore as _, Founding},
};
use knowledge::{
    BytesId, InForce, Library, VersionKey, Visitor,
    ports::{DocumentStore as _, LibraryStore as _, NewVersion, ReadingStore as _, Stage},
};
use store::{Libraries, Store};
use tempfile::TempDir;
use testkit::Samples;

use crate::suites::libraries;

fn entry(samples: &Samples, founding: &Founding) -> AuditEntry {
    samples.entry(Some(founding.organisation.id))
}

async fn library(libraries: &Libraries, samples: &Samples, founding: &Founding) -> LibraryId {
    let created_at = samples.now();
    let library = Library {
        id: LibraryId::from_uuid(samples.id()),
        organisation: founding.organisation.id,
        owner: Some(founding.owner.id),
        name: "birds".to_owned(),
        description: None,
        created_at,
        updated_at: created_at,
        documents: 0,
        bytes: 0,
    };
    let inserted = libraries.insert(&library, 9, &entry(samples, founding)).await;
    inserted.expect("answered").expect("kept");
    library.id
}

fn version(samples: &Samples, founding: &Founding, library: LibraryId) -> NewVersion {
    let at = samples.now();
    NewVersion {
        visitor: Visitor { organisation: founding.organisation.id, account: founding.owner.id },
        library,
        document: DocumentId::from_uuid(samples.id()),
        is_own: true,
        is_named: false,
        name: Some("heron.txt".to_owned()),
        media_type: "text/plain".to_owned(),
        attributes: None,
        lies_at: BytesId(samples.id()),
        digest: [0; 32],
        bytes: 0,
        bytes_max: u64::MAX,
        in_force: InForce::since(at),
        at,
    }
}

#[tokio::test]
async fn a_version_that_cannot_be_opened_keeps_no_others() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let store = Store::open(&path).await.expect("opened");
    let (libraries, samples) = (libraries(&store).await, Samples::new(720));
    let founding = samples.founding();
    assert!(store.found(&founding, &entry(&samples, &founding)).await.expect("founded"));
    let library = library(&libraries, &samples, &founding).await;
    let mut keys: Vec<VersionKey> = Vec::new();
    let mut damaged = None;
    for number in 0..3_u8 {
        let new = NewVersion { digest: [number; 32], ..version(&samples, &founding, library) };
        let kept = libraries.keep(&new, &entry(&samples, &founding)).await.expect("answered");
        keys.push(kept.expect("kept").document.current.key);
        damaged = damaged.or(Some(new.document));
    }
    let damaged = damaged.expect("a document");
    let mut connection = crate::raw(&path).await;
    sqlx::query("UPDATE document SET name = x'00' WHERE id = ?1")
        .bind(damaged.as_uuid().as_bytes().to_vec())
        .execute(&mut connection)
        .await
        .expect("damaged");
    for expected in &keys[1..] {
        let others = keys[1..].iter().copied();
        let held: Vec<VersionKey> = others.filter(|key| key < expected).collect();
        let claim = libraries.claim(Stage::Read, &held).await.expect("answered");
        assert_eq!(claim.expect("another one").key, *expected);
    }
    assert_eq!(libraries.claim(Stage::Read, &keys[1..]).await.expect("answered"), None);
    // It stays as it is, for whoever repairs it.
    let attempts: i64 = sqlx::query_scalar("SELECT attempts FROM document_version WHERE key = ?1")
        .bind(i64::try_from(keys[0].0).expect("a number"))
        .fetch_one(&mut connection)
        .await
        .expect("read");
    assert_eq!(attempts, 0);
}

#[tokio::test]
async fn a_document_is_gone_also_where_its_bytes_are_not() {
    let directory = TempDir::new().expect("a directory");
    let store = Store::open(&directory.path().join("galerne.db")).await.expect("opened");
    let (libraries, samples) = (libraries(&store).await, Samples::new(721));
    let founding = samples.founding();
    let entry = || entry(&samples, &founding);
    assert!(store.found(&founding, &entry()).await.expect("founded"));
    let library = library(&libraries, &samples, &founding).await;
    let new = version(&samples, &founding, library);
    let mut writer = libraries.begin(new.visitor, new.lies_at).await.expect("begun");
    writer.finish().await.expect("finished");
    libraries.keep(&new, &entry()).await.expect("answered").expect("kept");
    writer.leave();
    let folder = directory.path().join("files").join(founding.organisation.id.to_string());
    let mut all = std::fs::read_dir(folder).expect("readable");
    let path = all.next().expect("its bytes").expect("readable").path();
    // Nobody removes a folder as if it was a file.
    std::fs::remove_file(&path).expect("removed");
    std::fs::create_dir(&path).expect("made");
    let removed = libraries.remove(new.visitor, new.document, &entry()).await;
    removed.expect("answered").expect("removed");
    assert!(libraries.clean_up(false).await.is_err());
    std::fs::remove_dir(&path).expect("removed");
    assert_eq!(libraries.clean_up(false).await.expect("cleaned"), 1);
}
