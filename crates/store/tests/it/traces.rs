//! How answers came to be: sealed, and gone with whoever asked, whose words they hold, or their term.

use std::sync::Arc;

use domain::{
    Account, Caller, DocumentId, ErasureId, ErasureReason, LibraryId, OrderedBy, Permissions,
    Principal, RetentionClass, Role, TraceId,
};
use governance::{
    Erased, ErasedClass, Erasure, ErasureState,
    ports::{AccessStore as _, ErasureOrdered, Expired, Founding, ProtectionStore as _},
};
use knowledge::{
    AnswerMode, BytesId, InForce, Library, Outcome, QuestionLanguage, Searched, Trace,
    TracedPassage, VersionKey, Visitor,
    ports::{DocumentStore, LibraryStore, NewVersion, TraceStore},
};
use store::{Libraries, Store};
use tempfile::TempDir;
use testkit::{MemoryCustodian, Samples, vault_of};

const QUESTION: &str = "who keeps the heron";

struct Asked {
    store: Store,
    libraries: Libraries,
    samples: Samples,
    founding: Founding,
    directory: TempDir,
}

impl Asked {
    async fn new(seed: u64) -> Self {
        let directory = TempDir::new().expect("a directory");
        let store = Store::open(&directory.path().join("galerne.db")).await.expect("opened");
        let samples = Samples::new(seed);
        let founding = samples.founding();
        let entry = samples.entry(Some(founding.organisation.id));
        assert!(store.found(&founding, &entry).await.expect("founded"));
        let custodian = Arc::new(MemoryCustodian::new(seed));
        let vault = vault_of(&Arc::new(store.clone()), custodian, seed);
        vault.refresh().await.expect("open");
        let libraries = store.libraries(Arc::new(vault));
        Self { store, libraries, samples, founding, directory }
    }

    fn caller(account: &Account) -> Caller {
        Caller {
            organisation: account.organisation,
            project: account.project,
            account: account.id,
            principal: Principal::Operator,
            permissions: Permissions::NONE,
        }
    }

    /// A version of a document in a library that nobody else reads.
    async fn version(&self, owner: &Account) -> VersionKey {
        let now = self.samples.now();
        let visitor = Visitor { organisation: owner.organisation, account: owner.id };
        let library = Library {
            id: LibraryId::from_uuid(self.samples.id()),
            organisation: owner.organisation,
            owner: Some(owner.id),
            name: "birds".to_owned(),
            description: None,
            created_at: now,
            updated_at: now,
            documents: 0,
            bytes: 0,
        };
        let entry = || self.samples.entry(Some(owner.organisation));
        let kept = LibraryStore::insert(&self.libraries, &library, 9, &entry()).await;
        kept.expect("answered").expect("kept");
        let new = NewVersion {
            visitor,
            library: library.id,
            document: DocumentId::from_uuid(self.samples.id()),
            is_own: true,
            is_named: false,
            name: Some("heron.txt".to_owned()),
            media_type: "text/plain".to_owned(),
            attributes: None,
            lies_at: BytesId(self.samples.id()),
            digest: [3; 32],
            bytes: 0,
            bytes_max: u64::MAX,
            in_force: InForce::since(now),
            at: now,
        };
        let kept = DocumentStore::keep(&self.libraries, &new, &entry()).await;
        kept.expect("answered").expect("kept").document.current.key
    }

    /// Of an answer for which the model was shown these versions.
    async fn ask(&self, account: &Account, shown: &[VersionKey]) -> TraceId {
        let passage = |version: &VersionKey| TracedPassage {
            version: *version,
            passage: 0,
            score: 1.0,
            sentences: 2,
        };
        let trace = Trace {
            id: TraceId::from_uuid(self.samples.id()),
            organisation: account.organisation,
            account: account.id,
            asked_at: self.samples.now(),
            question: QUESTION.to_owned(),
            language: QuestionLanguage::English,
            model: "model".parse().expect("a name"),
            mode: AnswerMode::Extractive,
            searched: Searched { libraries: Vec::new(), as_of: None },
            hits: Vec::new(),
            passages: shown.iter().map(passage).collect(),
            steps: Vec::new(),
            statements: Vec::new(),
            rejected: Vec::new(),
            outcome: Outcome::Answered { withdrawn: 0, refused: 0 },
            is_withheld: false,
        };
        let entry = self.samples.entry(Some(account.organisation));
        TraceStore::keep(&self.libraries, &trace, &entry).await.expect("kept");
        trace.id
    }

    async fn has(&self, account: &Account, id: TraceId) -> bool {
        let found = self.libraries.find(&Self::caller(account), id).await.expect("read");
        found.is_some_and(|trace| trace.question == QUESTION)
    }

    async fn erase(&self, account: &Account) -> Erased {
        let (organisation, id) = (account.organisation, ErasureId::from_uuid(self.samples.id()));
        let erasure = Erasure {
            id,
            organisation,
            account: Some(account.id),
            subject: "account:0123456789abcdef".to_owned(),
            reason: ErasureReason::Order,
            ordered_by: OrderedBy::Operator,
            state: ErasureState::Removing,
            ordered_at: self.samples.now(),
            removed: None,
            erased: Erased::new(),
            certificate: None,
        };
        let entry = || self.samples.entry(Some(organisation));
        let ordered = self.store.order_erasure(&erasure, &entry()).await.expect("answered");
        assert_eq!(ordered, ErasureOrdered::Done);
        while self.store.erase_some(organisation, id, 1).await.expect("removed") {}
        let last = entry();
        let removed = self.store.erase_account(organisation, id, last.at, &last).await;
        assert!(removed.expect("removed"));
        let done = self.store.erasure(organisation, id).await.expect("read");
        done.expect("there").erased
    }
}

#[tokio::test]
async fn the_words_of_a_trace_lie_nowhere_in_clear() {
    let asked = Asked::new(901).await;
    let owner = asked.founding.owner.clone();
    let id = asked.ask(&owner, &[VersionKey(7), VersionKey(7)]).await;
    assert!(asked.has(&owner, id).await);
    for name in ["galerne.db", "galerne.db-wal"] {
        let bytes = std::fs::read(asked.directory.path().join(name)).expect("readable");
        let is_there = bytes.windows(QUESTION.len()).any(|found| found == QUESTION.as_bytes());
        assert!(!is_there, "{name}");
    }
}

#[tokio::test]
async fn whoever_is_erased_leaves_no_words_in_traces_of_others() {
    let asked = Asked::new(902).await;
    let anne = asked.founding.owner.clone();
    let bob = asked.samples.account(&asked.founding.project, Role::Member);
    let entry = asked.samples.entry(Some(bob.organisation));
    assert!(asked.store.insert_account(&bob, &entry).await.expect("kept"));
    let (of_anne, of_bob) = (asked.version(&anne).await, asked.version(&bob).await);
    let own = [asked.ask(&bob, &[of_anne]).await, asked.ask(&bob, &[]).await];
    let citing = [asked.ask(&anne, &[of_anne, of_bob]).await, asked.ask(&anne, &[of_bob]).await];
    let other = asked.ask(&anne, &[of_anne]).await;
    let erased = asked.erase(&bob).await;
    assert_eq!(erased.get(&ErasedClass::AnswerTraces), Some(&4));
    for id in own {
        assert!(!asked.has(&bob, id).await);
    }
    for id in citing {
        assert!(!asked.has(&anne, id).await);
    }
    assert!(asked.has(&anne, other).await);
}

#[tokio::test]
async fn words_of_documents_that_were_deleted_go_with_the_next_erasure() {
    let asked = Asked::new(904).await;
    let anne = asked.founding.owner.clone();
    let bob = asked.samples.account(&asked.founding.project, Role::Member);
    let entry = || asked.samples.entry(Some(anne.organisation));
    assert!(asked.store.insert_account(&bob, &entry()).await.expect("kept"));
    let (of_anne, of_bob) = (asked.version(&anne).await, asked.version(&bob).await);
    let citing = asked.ask(&anne, &[of_anne, of_bob]).await;
    let other = asked.ask(&anne, &[of_anne]).await;
    let visitor = Visitor { organisation: bob.organisation, account: bob.id };
    let document = asked.libraries.version(visitor, of_bob).await.expect("read").expect("there");
    let removed = DocumentStore::remove(&asked.libraries, visitor, document.id, &entry()).await;
    removed.expect("answered").expect("removed");
    assert!(asked.has(&anne, citing).await);
    let erased = asked.erase(&bob).await;
    assert_eq!(erased.get(&ErasedClass::AnswerTraces), Some(&1));
    assert!(!asked.has(&anne, citing).await);
    assert!(asked.has(&anne, other).await);
    // Nor are they kept of an answer that ends afterwards.
    let late = asked.ask(&anne, &[of_anne, of_bob]).await;
    assert!(!asked.has(&anne, late).await);
}

#[tokio::test]
async fn a_trace_goes_with_the_term_of_conversations() {
    let asked = Asked::new(903).await;
    let owner = asked.founding.owner.clone();
    let old = asked.ask(&owner, &[VersionKey(1)]).await;
    let before = asked.samples.now();
    let new = asked.ask(&owner, &[VersionKey(1)]).await;
    let class = RetentionClass::Conversations;
    let expired = Expired { organisation: owner.organisation, class, before, count: 1 };
    assert_eq!(asked.store.expired(&expired).await.expect("counted"), 1);
    let entry = asked.samples.entry(Some(owner.organisation));
    assert!(asked.store.remove_expired(&expired, &entry).await.expect("removed"));
    assert!(!asked.has(&owner, old).await);
    assert!(asked.has(&owner, new).await);
}
