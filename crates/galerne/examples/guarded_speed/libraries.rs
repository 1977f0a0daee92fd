//! Libraries that these requests never come to, over fakes.

use std::{sync::Arc, time::Duration};

use governance::{InstallationKey, LinkKey, ReceiptLog};
use inference::{Chat, Models};
use knowledge::{
    AnswerLimits, Answers, AnswersParts, Documents, DocumentsParts, EvidenceRecords,
    EvidenceRecordsParts, Libraries, LibrariesParts, PageImages, Quota, RunningReadings, Search,
    SearchParts, StoredSources, Traces, TracesParts, ports::Sources,
};
use testkit::{FakeEmbedder, FakeIndex, FakeParser, MemoryStore, MemoryTraces};

use crate::{
    application::Founded,
    system::{SystemClock, SystemRandom},
};

pub(crate) struct Knowledge {
    pub(crate) libraries: Libraries,
    pub(crate) documents: Documents,
    pub(crate) page_images: PageImages,
    pub(crate) search: Search,
    pub(crate) answers: Answers,
    pub(crate) traces: Traces,
    pub(crate) evidence: EvidenceRecords,
}

impl Knowledge {
    pub(crate) fn new(
        founded: &Founded,
        store: &Arc<MemoryStore>,
        (chat, models, log): (&Chat, &Models, ReceiptLog),
    ) -> Self {
        let Founded { trail, access, .. } = founded;
        let traces = Arc::new(MemoryTraces::beside(MemoryStore::clone(store)));
        let sources: Arc<dyn Sources> = Arc::new(StoredSources::new(store.clone(), store.clone()));
        let documents = Documents::new(DocumentsParts {
            store: store.clone(),
            libraries: store.clone(),
            access: access.clone(),
            trail: trail.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            links: LinkKey::of(&InstallationKey::from_bytes([6; 32])),
            quota: Quota::default(),
            running: RunningReadings::default(),
        });
        Self {
            libraries: Libraries::new(LibrariesParts {
                store: store.clone(),
                trail: trail.clone(),
                clock: Arc::new(SystemClock),
                ids: Arc::new(SystemRandom),
            }),
            page_images: PageImages::new(documents.clone(), Arc::new(FakeParser::default())),
            documents,
            search: Search::new(SearchParts {
                store: store.clone(),
                index: Arc::new(FakeIndex::default()),
                embedder: Arc::new(FakeEmbedder::default()),
                trail: trail.clone(),
                clock: Arc::new(SystemClock),
            }),
            answers: Answers::new(AnswersParts {
                chat: chat.clone(),
                models: models.clone(),
                sources: Arc::clone(&sources),
                traces: traces.clone(),
                embedder: None,
                trail: trail.clone(),
                clock: Arc::new(SystemClock),
                ids: Arc::new(SystemRandom),
                limits: AnswerLimits::default(),
            }),
            traces: Traces::new(TracesParts {
                traces: traces.clone(),
                sources: Arc::clone(&sources),
                trail: trail.clone(),
            }),
            evidence: EvidenceRecords::new(EvidenceRecordsParts {
                traces,
                sources,
                log,
                trail: trail.clone(),
                clock: Arc::new(SystemClock),
                patience: Duration::ZERO,
            }),
        }
    }
}
