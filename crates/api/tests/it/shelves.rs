//! Libraries of documents in memory, and what reads them.

use std::{sync::Arc, time::Duration};

use domain::{Caller, DocumentId, LibraryId};
use governance::{Access, InstallationKey, LinkKey, Log, ReceiptLog, Trail};
use inference::{Chat, Models};
use knowledge::{
    AddTo, Added, AnswerLimits, Answers, AnswersParts, Described, Documents, DocumentsParts,
    EvidenceRecords, EvidenceRecordsParts, Ingestion, IngestionLimits, IngestionParts, Libraries,
    LibrariesParts, NewLibrary, PageImages, Quota, RunningReadings, Search, SearchParts,
    StoredSources, Traces, TracesParts, ports::DocumentStore as _,
};
use testkit::{
    FakeEmbedder, FakeIndex, MemoryStore, MemoryTraces, SeededIds, SimulatedClock, UnrulyParser,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::server::{HANG, signer};

/// What a library is made with.
pub(crate) struct Around<'a> {
    pub(crate) store: &'a MemoryStore,
    pub(crate) clock: &'a SimulatedClock,
    pub(crate) access: &'a Access,
    pub(crate) trail: &'a Trail,
    pub(crate) chat: &'a Chat,
    pub(crate) models: Models,
    pub(crate) log: &'a Log,
}

/// Everything of libraries that the routes share, and the fakes around it.
pub(crate) struct Shelves {
    pub(crate) libraries: Libraries,
    pub(crate) documents: Documents,
    pub(crate) page_images: PageImages,
    pub(crate) search: Search,
    pub(crate) answers: Answers,
    pub(crate) traces: Traces,
    pub(crate) evidence: EvidenceRecords,
    pub(crate) parser: UnrulyParser,
    pub(crate) embedder: FakeEmbedder,
    pub(crate) index: FakeIndex,
    store: MemoryStore,
    clock: SimulatedClock,
    ids: Arc<SeededIds>,
    running: RunningReadings,
}

impl Shelves {
    pub(crate) fn new(around: Around<'_>) -> Self {
        let Around { store, clock, access, trail, chat, models, log } = around;
        let ids = Arc::new(SeededIds::new(7));
        let (parser, embedder) = (UnrulyParser::default(), FakeEmbedder::default());
        let (index, running) = (FakeIndex::default(), RunningReadings::default());
        let sources =
            Arc::new(StoredSources::new(Arc::new(store.clone()), Arc::new(store.clone())));
        let kept = Arc::new(MemoryTraces::beside(store.clone()));
        let libraries = Libraries::new(LibrariesParts {
            store: Arc::new(store.clone()),
            trail: trail.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
        });
        let documents = Documents::new(DocumentsParts {
            store: Arc::new(store.clone()),
            libraries: Arc::new(store.clone()),
            access: access.clone(),
            trail: trail.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            links: LinkKey::of(&InstallationKey::from_bytes([9; 32])),
            quota: Quota { document_bytes_max: 100_000, bytes_max: 1_000_000 },
            running: running.clone(),
        });
        let search = Search::new(SearchParts {
            store: Arc::new(store.clone()),
            index: Arc::new(index.clone()),
            embedder: Arc::new(embedder.clone()),
            trail: trail.clone(),
            clock: Arc::new(clock.clone()),
        });
        let answers = Answers::new(AnswersParts {
            chat: chat.clone(),
            models,
            sources: sources.clone(),
            traces: kept.clone(),
            embedder: Some(Arc::new(embedder.clone())),
            trail: trail.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            limits: AnswerLimits::default(),
        });
        let (told, asked) = (kept.clone(), sources.clone());
        let traces =
            Traces::new(TracesParts { traces: told, sources: asked, trail: trail.clone() });
        let evidence = EvidenceRecords::new(EvidenceRecordsParts {
            traces: kept,
            sources,
            log: ReceiptLog::new(log.reader().clone(), signer()),
            trail: trail.clone(),
            clock: Arc::new(clock.clone()),
            patience: Duration::ZERO,
        });
        let page_images = PageImages::new(documents.clone(), Arc::new(parser.clone()));
        Self {
            libraries,
            documents,
            page_images,
            search,
            answers,
            traces,
            evidence,
            parser,
            embedder,
            index,
            store: store.clone(),
            clock: clock.clone(),
            ids,
            running,
        }
    }

    /// Of the caller, without a request.
    pub(crate) async fn library(&self, caller: &Caller) -> LibraryId {
        let new = NewLibrary { name: "Handbook".to_owned(), description: None };
        self.libraries.create(caller, new).await.unwrap().library.id
    }

    /// Of the caller, without a request; not read yet.
    pub(crate) async fn document(&self, caller: &Caller, library: LibraryId, text: &str) -> Added {
        let mut upload = self.documents.begin(caller, AddTo::Library(library)).await.unwrap();
        upload.write(text.as_bytes()).await.unwrap();
        let described = Described { name: Some("town.txt".to_owned()), ..Described::default() };
        upload.finish(described).await.unwrap()
    }

    /// Reads documents until nothing more is done to this one.
    pub(crate) async fn until_ended(&self, caller: &Caller, document: DocumentId) {
        let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
        running.spawn(self.ingestion().run(stop.clone()));
        let ended = async {
            loop {
                let wanted = self.documents.now(document);
                let found = self.store.document(caller.into(), wanted).await.unwrap();
                if found.is_none_or(|found| found.current.state.is_ended()) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(HANG, ended).await.unwrap();
        stop.cancel();
        running.join_next().await.unwrap().unwrap();
    }

    fn ingestion(&self) -> Ingestion {
        Ingestion::new(IngestionParts {
            store: Arc::new(self.store.clone()),
            documents: self.documents.clone(),
            parser: Arc::new(self.parser.clone()),
            embedder: Arc::new(self.embedder.clone()),
            index: Arc::new(self.index.clone()),
            clock: Arc::new(self.clock.clone()),
            ids: self.ids.clone(),
            running: self.running.clone(),
            limits: IngestionLimits::default(),
        })
    }
}
