//! Everything that a library needs, with fakes around it.

use std::{sync::Arc, time::Duration};

use domain::{Caller, LibraryId, Principal, Role};
use governance::{
    Access, AccessParts, InstallationKey, LinkKey, LogGate, Trail, TrailParts,
    ports::AccessStore as _,
};
use knowledge::{
    AddTo, Added, Described, Documents, DocumentsParts, Found, Grantee, Ingestion, IngestionLimits,
    IngestionParts, KnowledgeError, Libraries, LibrariesParts, NewLibrary, Quota, ReadingState,
    RunningReadings, Search, SearchMode, SearchParts, SearchRequest, Share, ShareRole, Upkeep,
    UpkeepParts, Version, Wanted, ports::DocumentStore,
};
use testkit::{
    FakeEmbedder, FakeIndex, MemoryStore, Samples, SeededIds, SeededSecrets, SimulatedClock,
    UnrulyParser,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(crate) const HANG: Duration = Duration::from_secs(30);
/// Far more than whatever is waited for takes; with paused time nothing is really waited for.
const PATIENCE: Duration = Duration::from_hours(2);

pub(crate) struct Bench {
    pub(crate) store: MemoryStore,
    pub(crate) clock: SimulatedClock,
    ids: Arc<SeededIds>,
    pub(crate) libraries: Libraries,
    pub(crate) documents: Documents,
    pub(crate) search: Search,
    pub(crate) parser: UnrulyParser,
    pub(crate) embedder: FakeEmbedder,
    pub(crate) index: FakeIndex,
    pub(crate) running: RunningReadings,
    pub(crate) caller: Caller,
    samples: Samples,
}

/// Reads documents until it is stopped or killed.
pub(crate) struct Running {
    stop: CancellationToken,
    task: JoinSet<()>,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(Quota::default()).await
    }

    pub(crate) async fn with(quota: Quota) -> Self {
        let store = MemoryStore::default();
        let (clock, ids) = (SimulatedClock::default(), Arc::new(SeededIds::new(1)));
        let trail = trail(&store, &clock, &ids);
        let access = Access::new(AccessParts {
            store: Arc::new(store.clone()),
            trail: trail.clone(),
            installation: InstallationKey::from_bytes([7; 32]),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            secrets: Arc::new(SeededSecrets::new(2)),
        });
        access.found().await.unwrap();
        let caller = access.operator().await.unwrap();
        let libraries = Libraries::new(LibrariesParts {
            store: Arc::new(store.clone()),
            trail: trail.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
        });
        let running = RunningReadings::default();
        let documents = Documents::new(DocumentsParts {
            store: Arc::new(store.clone()),
            libraries: Arc::new(store.clone()),
            access,
            trail: trail.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            links: LinkKey::of(&InstallationKey::from_bytes([9; 32])),
            quota,
            running: running.clone(),
        });
        let (embedder, index) = (FakeEmbedder::default(), FakeIndex::default());
        let search = Search::new(SearchParts {
            store: Arc::new(store.clone()),
            index: Arc::new(index.clone()),
            embedder: Arc::new(embedder.clone()),
            trail,
            clock: Arc::new(clock.clone()),
        });
        let (parser, samples) = (UnrulyParser::default(), Samples::new(77));
        Self {
            store,
            clock,
            ids,
            libraries,
            documents,
            search,
            parser,
            embedder,
            index,
            running,
            caller,
            samples,
        }
    }

    /// Somebody else of the organisation.
    pub(crate) async fn somebody(&self) -> Caller {
        let (_, project) = self.store.home().await.unwrap().unwrap();
        let account = self.samples.account(&project, Role::Member);
        let entry = self.samples.entry(Some(project.organisation));
        assert!(self.store.insert_account(&account, &entry).await.unwrap());
        Caller {
            account: account.id,
            principal: Principal::Operator,
            permissions: account.role.permissions(),
            ..self.caller
        }
    }

    pub(crate) async fn library(&self) -> LibraryId {
        let new = NewLibrary { name: "Handbook".to_owned(), description: None };
        self.libraries.create(&self.caller, new).await.unwrap().library.id
    }

    pub(crate) async fn give(&self, library: LibraryId, to: &Caller, role: ShareRole) {
        let share = Share { library, grantee: Grantee::Account(to.account), role };
        self.libraries.share(&self.caller, share).await.unwrap();
    }

    pub(crate) async fn add(&self, add_to: AddTo, text: &str) -> Added {
        let described = Described { name: Some("leave.txt".to_owned()), ..Described::default() };
        self.try_add(add_to, text, described).await.unwrap()
    }

    pub(crate) async fn try_add(
        &self,
        add_to: AddTo,
        text: &str,
        described: Described,
    ) -> Result<Added, KnowledgeError> {
        let mut upload = self.documents.begin(&self.caller, add_to).await?;
        for piece in text.as_bytes().chunks(1_000) {
            upload.write(piece).await?;
        }
        upload.finish(described).await
    }

    pub(crate) fn ingestion(&self, limits: IngestionLimits) -> Ingestion {
        Ingestion::new(IngestionParts {
            store: Arc::new(self.store.clone()),
            documents: self.documents.clone(),
            parser: Arc::new(self.parser.clone()),
            embedder: Arc::new(self.embedder.clone()),
            index: Arc::new(self.index.clone()),
            clock: Arc::new(self.clock.clone()),
            ids: self.ids.clone(),
            running: self.running.clone(),
            limits,
        })
    }

    pub(crate) fn start(&self) -> Running {
        self.start_with(IngestionLimits::default())
    }

    pub(crate) fn start_with(&self, limits: IngestionLimits) -> Running {
        let (stop, mut task) = (CancellationToken::new(), JoinSet::new());
        task.spawn(self.ingestion(limits).run(stop.clone()));
        Running { stop, task }
    }

    /// What another process finds: nothing is known of what was under way.
    pub(crate) fn restarted(&mut self) {
        self.running = RunningReadings::default();
    }

    pub(crate) fn upkeep(&self) -> Upkeep {
        Upkeep::new(UpkeepParts {
            libraries: Arc::new(self.store.clone()),
            documents: Arc::new(self.store.clone()),
            index: Arc::new(self.index.clone()),
        })
    }

    pub(crate) async fn version(&self, added: &Added) -> Version {
        let number = Some(added.document.current.number);
        let wanted = Wanted { number, ..self.documents.now(added.document.id) };
        let document =
            DocumentStore::document(&self.store, (&self.caller).into(), wanted).await.unwrap();
        document.unwrap().current
    }

    /// The version once it is in this state.
    pub(crate) async fn until(&self, added: &Added, state: ReadingState) -> Version {
        let reached = async {
            let mut pause = Duration::from_millis(1);
            loop {
                let version = self.version(added).await;
                if version.state == state {
                    return version;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.unwrap()
    }

    pub(crate) async fn find(&self, caller: &Caller, text: &str) -> Found {
        self.search.find(caller, &request(text)).await.unwrap()
    }

    /// The texts that are found.
    pub(crate) async fn texts(&self, caller: &Caller, text: &str) -> Vec<String> {
        self.find(caller, text).await.hits.into_iter().map(|hit| hit.text).collect()
    }
}

impl Running {
    /// As a server that is told to stop.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        tokio::time::timeout(HANG, self.task.join_next()).await.unwrap().unwrap().unwrap();
    }

    /// Dropped in the middle, which stands for a process that was killed.
    pub(crate) async fn kill(mut self) {
        assert!(self.task.try_join_next().is_none(), "it goes on");
        self.task.shutdown().await;
    }
}

pub(crate) fn request(text: &str) -> SearchRequest {
    SearchRequest {
        text: text.to_owned(),
        libraries: Vec::new(),
        as_of: None,
        limit: 20,
        mode: SearchMode::Lexical,
    }
}

fn trail(store: &MemoryStore, clock: &SimulatedClock, ids: &Arc<SeededIds>) -> Trail {
    Trail::new(TrailParts {
        audit: Arc::new(store.clone()),
        access: Arc::new(store.clone()),
        clock: Arc::new(clock.clone()),
        ids: ids.clone(),
        secrets: Arc::new(SeededSecrets::new(3)),
        gate: LogGate::default(),
    })
}
