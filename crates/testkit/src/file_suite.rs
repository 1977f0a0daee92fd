//! What every store of files must do.

use std::sync::Arc;

use domain::{ErasureId, ErasureReason, FileId, OrderedBy, Role, Timestamp};
use governance::{
    Erased, Erasure, ErasureState, Hold,
    ports::{AccessStore, ErasureOrdered, ProtectionStore},
};
use workloads::{
    File, FileQuery, FileSource, Owner, Purpose,
    ports::{FileDeleted, FileStore},
};

use crate::{Samples, samples::founded};

/// A store of files, and whatever keeps accounts and holds for it.
pub struct FilesUnderTest<S> {
    pub files: Arc<dyn FileStore>,
    pub store: S,
}

struct Case<S> {
    files: Arc<dyn FileStore>,
    store: S,
    samples: Arc<Samples>,
    owner: Owner,
    stranger: Owner,
}

/// Runs every check; each on a store of its own.
pub async fn file_suite<S, M>(make: M)
where
    S: AccessStore + ProtectionStore,
    M: AsyncFn() -> FilesUnderTest<S>,
{
    bytes_come_back_as_they_were_written(&case(make().await, 701).await).await;
    only_their_owner_sees_files(&case(make().await, 702).await).await;
    pages_follow_each_other(&case(make().await, 703).await).await;
    what_was_given_up_is_cleaned_up(&case(make().await, 704).await).await;
    what_is_under_way_stays(&case(make().await, 707).await).await;
    what_is_held_stays(&case(make().await, 705).await).await;
    what_is_written_for_somebody_who_is_erased_goes(&case(make().await, 708).await).await;
    what_is_over_is_told(&case(make().await, 706).await).await;
}

async fn case<S: AccessStore + ProtectionStore>(
    under_test: FilesUnderTest<S>,
    seed: u64,
) -> Case<S> {
    let FilesUnderTest { files, store } = under_test;
    let (store, samples, founding) = founded(store, Samples::new(seed)).await;
    let organisation = founding.organisation.id;
    let other = samples.account(&founding.project, Role::Member);
    let entry = samples.entry(Some(organisation));
    assert!(store.insert_account(&other, &entry).await.expect("kept"));
    let owner = Owner { organisation, account: founding.owner.id };
    let stranger = Owner { organisation, account: other.id };
    Case { files, store, samples, owner, stranger }
}

impl<S> Case<S> {
    fn described(&self, owner: Owner, bytes: u64) -> File {
        File {
            id: FileId::from_uuid(self.samples.id()),
            owner,
            name: "l’été.jsonl".to_owned(),
            purpose: Purpose::Batch,
            source: FileSource::Upload,
            bytes,
            lines: Some(3),
            created_at: self.samples.now(),
            expires_at: None,
        }
    }

    async fn write(&self, file: &File, pieces: &[&[u8]]) {
        let mut writer = self.files.begin(file.owner, file.id).await.expect("begun");
        for piece in pieces {
            writer.write(piece).await.expect("written");
        }
        writer.finish().await.expect("finished");
        let entry = self.samples.entry(Some(file.owner.organisation));
        self.files.keep(file, &entry).await.expect("kept");
        writer.leave();
    }

    async fn kept(&self, owner: Owner) -> File {
        let file = self.described(owner, 5);
        self.write(&file, &[b"hello"]).await;
        file
    }

    async fn bytes(&self, file: &File) -> Vec<u8> {
        let reader = self.files.read(file.owner, file.id).await.expect("opened");
        let mut reader = reader.expect("there");
        let mut bytes = Vec::new();
        while let Some(piece) = reader.next().await.expect("read") {
            assert!(!piece.is_empty());
            bytes.extend(piece);
        }
        bytes
    }

    async fn delete(&self, owner: Owner, id: FileId) -> FileDeleted {
        let entry = self.samples.entry(Some(owner.organisation));
        self.files.delete(owner, id, &entry).await.expect("answered")
    }

    async fn listed(&self, query: FileQuery) -> Vec<FileId> {
        let page = self.files.files(self.owner, &query).await.expect("listed");
        page.files.into_iter().map(|file| file.id).collect()
    }
}

async fn bytes_come_back_as_they_were_written<S>(case: &Case<S>) {
    // Around the ends of pieces of every size that an implementation may have.
    for length in [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000] {
        let bytes: Vec<u8> = (0..length).map(|at: u32| (at % 251) as u8).collect();
        let file = case.described(case.owner, bytes.len() as u64);
        let (front, back) = bytes.split_at(bytes.len() / 3);
        case.write(&file, &[front, &[], back]).await;
        assert_eq!(case.bytes(&file).await, bytes, "{length}");
        assert_eq!(case.files.file(case.owner, file.id).await.expect("read"), Some(file));
    }
}

async fn only_their_owner_sees_files<S>(case: &Case<S>) {
    let file = case.kept(case.owner).await;
    assert_eq!(case.files.file(case.stranger, file.id).await.expect("read"), None);
    let all = FileQuery { limit: 9, ..FileQuery::default() };
    assert_eq!(case.files.files(case.stranger, &all).await.expect("listed").total, 0);
    assert!(case.files.read(case.stranger, file.id).await.expect("answered").is_none());
    assert_eq!(case.delete(case.stranger, file.id).await, FileDeleted::Unknown);
    assert_eq!(case.bytes(&file).await, b"hello");
    let kept = case.files.bytes_kept(case.owner.organisation).await;
    assert_eq!(kept.expect("added up"), 5);
    assert_eq!(case.delete(case.owner, file.id).await, FileDeleted::Done);
    assert_eq!(case.delete(case.owner, file.id).await, FileDeleted::Unknown);
    assert_eq!(case.files.bytes_kept(case.owner.organisation).await.expect("added up"), 0);
}

async fn pages_follow_each_other<S>(case: &Case<S>) {
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.insert(0, case.kept(case.owner).await.id);
    }
    let all = FileQuery { limit: 2, ..FileQuery::default() };
    assert_eq!(case.listed(all).await, ids[..2]);
    assert_eq!(case.listed(FileQuery { offset: 4, ..all }).await, ids[4..]);
    assert_eq!(case.listed(FileQuery { after: Some(ids[1]), ..all }).await, ids[2..4]);
    let other = FileQuery { purpose: Some(Purpose::Ocr), ..all };
    assert_eq!(case.listed(other).await, []);
    let own = FileQuery { source: Some(FileSource::Upload), ..all };
    assert_eq!(case.listed(own).await, ids[..2]);
    let has_more = async |query: FileQuery| {
        case.files.files(case.owner, &query).await.expect("listed").has_more
    };
    assert!(has_more(all).await);
    assert!(!has_more(FileQuery { limit: 5, ..all }).await);
    // Clients remove what they read, and go on behind it.
    assert_eq!(case.delete(case.owner, ids[1]).await, FileDeleted::Done);
    assert_eq!(case.listed(FileQuery { after: Some(ids[1]), ..all }).await, ids[2..4]);
    let over = Timestamp::from_micros(1_000);
    let file = File { expires_at: Some(over), ..case.described(case.owner, 1) };
    case.write(&file, &[b"x"]).await;
    assert_eq!(case.listed(FileQuery { limit: 1, ..all }).await, [file.id]);
    let now = FileQuery { limit: 1, at: Some(over), ..all };
    assert_eq!(case.listed(now).await, ids[..1], "its time is over");
}

async fn what_was_given_up_is_cleaned_up<S>(case: &Case<S>) {
    let kept = case.kept(case.owner).await;
    let given_up = case.described(case.owner, 3);
    let mut writer = case.files.begin(given_up.owner, given_up.id).await.expect("begun");
    writer.write(b"abc").await.expect("written");
    writer.finish().await.expect("finished");
    drop(writer);
    assert_eq!(case.files.file(case.owner, given_up.id).await.expect("read"), None);
    assert_eq!(case.files.clean_up(false).await.expect("cleaned"), 1);
    assert_eq!(case.files.clean_up(true).await.expect("cleaned"), 0);
    assert_eq!(case.bytes(&kept).await, b"hello");
}

/// A server cleans up as it starts, and somebody may upload by then.
async fn what_is_under_way_stays<S>(case: &Case<S>) {
    let file = case.described(case.owner, 6);
    let mut writer = case.files.begin(file.owner, file.id).await.expect("begun");
    writer.write(b"abc").await.expect("written");
    assert_eq!(case.files.clean_up(true).await.expect("cleaned"), 0);
    writer.write(b"def").await.expect("written");
    writer.finish().await.expect("finished");
    assert_eq!(case.files.clean_up(true).await.expect("cleaned"), 0);
    let entry = case.samples.entry(Some(file.owner.organisation));
    case.files.keep(&file, &entry).await.expect("kept");
    writer.leave();
    assert_eq!(case.files.clean_up(true).await.expect("cleaned"), 0);
    assert_eq!(case.bytes(&file).await, b"abcdef");
}

async fn what_is_held_stays<S: ProtectionStore>(case: &Case<S>) {
    let file = case.kept(case.owner).await;
    let hold = Hold {
        id: domain::HoldId::from_uuid(case.samples.id()),
        organisation: case.owner.organisation,
        account: Some(case.owner.account),
        reason: domain::HoldReason::Audit,
        reference: "2026/7".to_owned(),
        placed_at: case.samples.now(),
        lifted_at: None,
    };
    let entry = case.samples.entry(Some(case.owner.organisation));
    assert!(case.store.place_hold(&hold, &entry).await.expect("placed"));
    assert_eq!(case.delete(case.owner, file.id).await, FileDeleted::Held(hold.id));
    assert_eq!(case.bytes(&file).await, b"hello");
}

/// An upload that began before the order may go on behind the end of the erasure.
async fn what_is_written_for_somebody_who_is_erased_goes<S: ProtectionStore>(case: &Case<S>) {
    let (organisation, account) = (case.stranger.organisation, case.stranger.account);
    let file = case.described(case.stranger, 3);
    let mut writer = case.files.begin(file.owner, file.id).await.expect("begun");
    writer.write(b"abc").await.expect("written");
    let erasure = Erasure {
        id: ErasureId::from_uuid(case.samples.id()),
        organisation,
        account: Some(account),
        subject: "account:0123456789abcdef".to_owned(),
        reason: ErasureReason::RequestOfPerson,
        ordered_by: OrderedBy::Role(Role::DataOfficer),
        state: ErasureState::Removing,
        ordered_at: case.samples.now(),
        removed: None,
        erased: Erased::new(),
        certificate: None,
    };
    let entry = || case.samples.entry(Some(organisation));
    let ordered = case.store.order_erasure(&erasure, &entry()).await.expect("answered");
    assert_eq!(ordered, ErasureOrdered::Done);
    while case.store.erase_some(organisation, erasure.id, 9).await.expect("removed") {}
    let last = entry();
    let erased = case.store.erase_account(organisation, erasure.id, last.at, &last).await;
    assert!(erased.expect("removed"));
    case.store.overwrite(organisation, &[erasure.id]).await.expect("written anew");
    assert!(case.files.keep(&file, &entry()).await.is_err(), "nobody owns it");
    drop(writer);
    case.files.clean_up(false).await.expect("cleaned");
    assert_eq!(case.files.clean_up(true).await.expect("cleaned"), 0);
    assert_eq!(case.files.file(case.stranger, file.id).await.expect("read"), None);
}

async fn what_is_over_is_told<S>(case: &Case<S>) {
    let over = Timestamp::from_micros(1_000);
    let file = File { expires_at: Some(over), ..case.described(case.owner, 1) };
    case.write(&file, &[b"x"]).await;
    case.kept(case.owner).await;
    let before = case.files.expired(Timestamp::from_micros(999), 9).await.expect("looked");
    assert_eq!(before, []);
    assert_eq!(case.files.expired(over, 9).await.expect("looked"), [(file.owner, file.id)]);
}
