//! What every store of libraries must do.

mod access;
mod documents;
mod protection;
mod readings;
mod versions;

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use domain::{DocumentId, LibraryId, Role, Timestamp};
use governance::{
    AuditEntry,
    ports::{AccessStore, ProtectionStore, ProvisioningStore},
};
use knowledge::{
    BytesId, Grantee, InForce, Library, Passage, Reading, Share, ShareRole, StoredDocument,
    VersionKey, Visitor, Wanted,
    ports::{
        Changed, Claim, DocumentStore, Kept, LibraryStore, NewVersion, Readable, ReadingStore,
        Refusal, Stage, Step,
    },
};
use passages::{Area, Block, BlockKind, Document, Page, Run, Span};

use crate::{Random, Samples, samples::founded};

/// A store of libraries, and whatever keeps accounts, groups and holds for it.
pub struct LibrariesUnderTest<S> {
    pub libraries: Arc<dyn LibraryStore>,
    pub documents: Arc<dyn DocumentStore>,
    pub readings: Arc<dyn ReadingStore>,
    pub store: S,
}

struct Case<S> {
    libraries: Arc<dyn LibraryStore>,
    documents: Arc<dyn DocumentStore>,
    readings: Arc<dyn ReadingStore>,
    store: S,
    samples: Arc<Samples>,
    owner: Visitor,
    other: Visitor,
    third: Visitor,
}

/// Runs every check; each on a store of its own.
pub async fn library_suite<S, M>(make: M)
where
    S: AccessStore + ProtectionStore + ProvisioningStore,
    M: AsyncFn() -> LibrariesUnderTest<S>,
{
    access::a_library_is_told_as_it_was_made(&case(make().await, 901).await).await;
    access::only_those_whom_it_was_given_see_a_library(&case(make().await, 902).await).await;
    access::whoever_may_not_changes_nothing(&case(make().await, 903).await).await;
    access::groups_count_as_they_are_at_the_time(&case(make().await, 904).await).await;
    access::pages_follow_each_other(&case(make().await, 905).await).await;
    access::a_deleted_library_is_gone_at_once(&case(make().await, 906).await).await;
    access::an_account_has_so_many_libraries(&case(make().await, 907).await).await;
    documents::bytes_come_back_as_they_were_written(&case(make().await, 911).await).await;
    documents::the_same_bytes_are_kept_once(&case(make().await, 912).await).await;
    documents::pages_follow_each_other(&case(make().await, 913).await).await;
    documents::what_was_given_up_is_cleaned_up(&case(make().await, 914).await).await;
    documents::a_document_that_is_removed_is_gone(&case(make().await, 915).await).await;
    documents::changes_are_told(&case(make().await, 916).await).await;
    documents::a_document_is_found_by_its_name(&case(make().await, 917).await).await;
    documents::of_two_with_a_name_one_is_a_version(&case(make().await, 918).await).await;
    documents::no_more_is_kept_than_there_is_room(&case(make().await, 919).await).await;
    versions::the_version_of_a_time_is_found(&case(make().await, 921).await).await;
    versions::a_version_holds_once_it_is_found(&case(make().await, 922).await).await;
    versions::nothing_is_found_of_another_library(&case(make().await, 923).await).await;
    readings::each_step_follows_the_one_before(&case(make().await, 931).await).await;
    readings::whoever_claimed_last_reads(&case(make().await, 932).await).await;
    readings::the_next_one_is_that_of_who_has_least(&case(make().await, 933).await).await;
    readings::what_was_read_comes_back(&case(make().await, 934).await).await;
    readings::what_is_read_anew_is_found_meanwhile(&case(make().await, 935).await).await;
    readings::attempts_are_counted_unless_given_back(&case(make().await, 936).await).await;
    readings::what_the_index_keeps_is_told(&case(make().await, 937).await).await;
    readings::what_the_index_lost_is_read_anew(&case(make().await, 938).await).await;
    protection::what_is_held_stays(&case(make().await, 941).await).await;
    protection::whoever_is_erased_takes_own_libraries_along(&case(make().await, 942).await).await;
    protection::what_is_older_than_its_term_goes(&case(make().await, 943).await).await;
    protection::what_nobody_is_given_any_more_goes(&case(make().await, 944).await).await;
    protection::what_nobody_owns_any_more_may_be_deleted(&case(make().await, 945).await).await;
}

async fn case<S: AccessStore>(under_test: LibrariesUnderTest<S>, seed: u64) -> Case<S> {
    let LibrariesUnderTest { libraries, documents, readings, store } = under_test;
    let (store, samples, founding) = founded(store, Samples::new(seed)).await;
    let organisation = founding.organisation.id;
    let visitor = |account| Visitor { organisation, account };
    let mut more = Vec::new();
    for _ in 0..2 {
        let account = samples.account(&founding.project, Role::Member);
        let entry = samples.entry(Some(organisation));
        assert!(store.insert_account(&account, &entry).await.expect("kept"));
        more.push(visitor(account.id));
    }
    let (owner, other, third) = (visitor(founding.owner.id), more[0], more[1]);
    Case { libraries, documents, readings, store, samples, owner, other, third }
}

impl<S> Case<S> {
    fn entry(&self) -> AuditEntry {
        self.samples.entry(Some(self.owner.organisation))
    }

    fn described(&self, owner: Visitor) -> Library {
        let created_at = self.samples.now();
        Library {
            id: LibraryId::from_uuid(self.samples.id()),
            organisation: owner.organisation,
            owner: Some(owner.account),
            name: "l’été des lois".to_owned(),
            description: Some("toutes".to_owned()),
            created_at,
            updated_at: created_at,
            documents: 0,
            bytes: 0,
        }
    }

    async fn library(&self, owner: Visitor) -> LibraryId {
        let library = self.described(owner);
        let inserted = self.libraries.insert(&library, 99, &self.entry()).await;
        assert_eq!(inserted.expect("answered"), Ok(()));
        library.id
    }

    async fn give(&self, library: LibraryId, grantee: Grantee, role: ShareRole) -> Changed<()> {
        let share = Share { library, grantee, role };
        let owner = self.owner_of(library).await;
        self.libraries.share(owner, &share, &self.entry()).await.expect("answered")
    }

    async fn owner_of(&self, library: LibraryId) -> Visitor {
        for visitor in [self.owner, self.other, self.third] {
            let seen = self.libraries.library(visitor, library).await.expect("read");
            if seen.is_some_and(|seen| seen.library.owner == Some(visitor.account)) {
                return visitor;
            }
        }
        self.owner
    }

    async fn sees(&self, visitor: Visitor, library: LibraryId) -> bool {
        self.libraries.library(visitor, library).await.expect("read").is_some()
    }

    /// Bytes that are a document of their own.
    fn new_document(&self, visitor: Visitor, library: LibraryId, bytes: &[u8]) -> NewVersion {
        let at = self.samples.now();
        NewVersion {
            visitor,
            library,
            document: DocumentId::from_uuid(self.samples.id()),
            is_own: true,
            is_named: false,
            name: Some("règlement.txt".to_owned()),
            media_type: "text/plain".to_owned(),
            attributes: Some(r#"{"article":"7"}"#.to_owned()),
            lies_at: BytesId(self.samples.id()),
            digest: digest(bytes),
            bytes: bytes.len() as u64,
            bytes_max: u64::MAX,
            in_force: InForce::since(at),
            at,
        }
    }

    /// Another version of a document, in force from a time.
    fn new_version(&self, of: &StoredDocument, bytes: &[u8], from: Timestamp) -> NewVersion {
        NewVersion {
            document: of.id,
            is_own: false,
            name: None,
            attributes: None,
            in_force: InForce::since(from),
            ..self.new_document(self.owner, of.library, bytes)
        }
    }

    async fn write(&self, new: &NewVersion, bytes: &[u8]) -> Changed<Kept> {
        let begun = self.documents.begin(new.visitor, new.lies_at).await;
        let mut writer = begun.expect("begun");
        writer.write(bytes).await.expect("written");
        writer.finish().await.expect("finished");
        let kept = self.documents.keep(new, &self.entry()).await.expect("answered");
        if matches!(&kept, Ok(Kept { is_new: true, .. })) {
            writer.leave();
        }
        kept
    }

    async fn added(&self, library: LibraryId, bytes: &[u8]) -> StoredDocument {
        let new = self.new_document(self.owner_of(library).await, library, bytes);
        let kept = self.write(&new, bytes).await.expect("kept");
        assert!(kept.is_new);
        kept.document
    }

    async fn read(&self, visitor: Visitor, wanted: Wanted) -> Option<StoredDocument> {
        self.documents.document(visitor, wanted).await.expect("read")
    }

    fn newest(&self, document: DocumentId) -> Wanted {
        Wanted { document, number: None, at: self.samples.now() }
    }

    async fn claim(&self, stage: Stage, held: &[VersionKey]) -> Option<Claim> {
        self.readings.claim(stage, held).await.expect("answered")
    }

    async fn keep_reading(&self, claim: &Claim) -> bool {
        let lies_at = BytesId(self.samples.id());
        let reading = reading(claim.digest);
        self.readings.keep_reading(claim, lies_at, &reading).await.expect("answered")
    }

    async fn advance(&self, claim: &Claim, step: Step) -> bool {
        let at = self.samples.now();
        let done = self.readings.advance(&[(claim.clone(), step)], at).await;
        done.expect("answered") == [true]
    }

    /// From its claim to the index.
    async fn index(&self, key: VersionKey) -> Claim {
        let mut held = Vec::new();
        let claim = loop {
            let claim = self.claim(Stage::Read, &held).await.expect("it waits");
            if claim.key == key {
                break claim;
            }
            held.push(claim.key);
        };
        assert!(self.keep_reading(&claim).await);
        assert!(self.advance(&claim, Step::Indexed).await);
        claim
    }

    async fn found(&self, visitor: Visitor, at: Timestamp) -> Vec<VersionKey> {
        let readable = Readable { visitor, libraries: Vec::new(), at };
        let mut found = self.libraries.readable(&readable).await.expect("read");
        found.sort();
        found
    }
}

/// Not the real one: a store takes it as it is.
fn digest(bytes: &[u8]) -> [u8; 32] {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let mut digest = [0; 32];
    Random::new(hasher.finish()).fill(&mut digest);
    digest
}

/// Of a document of one page and one passage.
fn reading(digest: [u8; 32]) -> Reading {
    let span = Span::new(0, 7);
    let area = Area { left: 1.0, top: 2.0, right: 3.5, bottom: 4.0 };
    let page = Page { number: 1, span, size: None, runs: vec![Run { span, area }] };
    let block = Block { kind: BlockKind::Paragraph, span };
    let document = Document::new("Congés".to_owned(), vec![block], vec![page], Vec::new());
    let passage = Passage {
        number: 0,
        span,
        headings: Vec::new(),
        table_header: None,
        pages: vec![1],
        sentences: vec![span],
        tokens: 2,
    };
    let document = document.expect("a document");
    Reading::new(digest, None, document, vec![passage]).expect("a reading")
}

/// That the visitor sees no such library.
const fn unknown<T>(id: LibraryId) -> Changed<T> {
    Err(Refusal::LibraryUnknown(id))
}
