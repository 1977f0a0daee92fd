use std::sync::Arc;

use carbon_ledger::factors;
use domain::{AccountId, Permissions, Principal, ProjectId};
use governance::{LogGate, Rulebook, Trail, TrailParts, ports::AccessStore as _};
use inference::{
    BudgetId, BudgetQuantity, BudgetScope, EmbedLimits, EmbeddingsParts, Metering, Site,
    ports::BudgetStore as _,
};
use testkit::{
    FakeEngine, MemoryStore, Samples, SeededIds, SeededSecrets, SimulatedClock, without_budgets,
};

use super::*;

struct World {
    engine: FakeEngine,
    store: MemoryStore,
    samples: Samples,
    caller: Caller,
    vectors: DocumentVectors,
}

async fn world(model: ModelId) -> World {
    let (store, samples) = (MemoryStore::default(), Samples::new(5));
    let founding = samples.founding();
    let entry = samples.entry(Some(founding.organisation.id));
    assert!(store.found(&founding, &entry).await.unwrap());
    let (clock, ids) = (Arc::new(SimulatedClock::default()), Arc::new(SeededIds::new(1)));
    let trail = Trail::new(TrailParts {
        audit: Arc::new(store.clone()),
        access: Arc::new(store.clone()),
        clock: clock.clone(),
        ids: ids.clone(),
        secrets: Arc::new(SeededSecrets::new(2)),
        gate: LogGate::default(),
    });
    let engine = FakeEngine::new();
    let site = Site { name: "test site".to_owned(), zone: "FR".to_owned() };
    let embeddings = Embeddings::new(EmbeddingsParts {
        engine: Arc::new(engine.clone()),
        ledger: Arc::new(store.clone()),
        trail: trail.clone(),
        rules: Rulebook::without_rules(),
        budgets: without_budgets(Arc::new(store.clone()), trail, clock.clone()),
        clock,
        ids,
        metering: Metering::new(site, factors::grid("FR").unwrap()),
        limits: EmbedLimits::default(),
    });
    let prefixes = Prefixes { query: "query: ".to_owned(), passage: "passage: ".to_owned() };
    let caller = Caller {
        organisation: founding.organisation.id,
        project: founding.project.id,
        account: founding.owner.id,
        principal: Principal::Operator,
        permissions: Permissions::NONE,
    };
    let vectors = DocumentVectors::new(embeddings, model, prefixes);
    World { engine, store, samples, caller, vectors }
}

#[tokio::test]
async fn texts_go_to_the_model_with_their_prefixes() {
    let world = world(FakeEngine::embedder()).await;
    let World { vectors, caller, .. } = &world;
    assert!(vectors.is_there());
    assert_eq!(vectors.dimension(), FakeEngine::DIMENSIONS);
    let texts = ["two words".to_owned(), "one".to_owned()];
    let made = vectors.passages(caller, &texts).await.unwrap();
    assert_eq!((made.len(), made[0].len()), (2, FakeEngine::DIMENSIONS as usize));
    let found = vectors.query(caller, "one").await.unwrap();
    assert_ne!(found, made[1], "another prefix");
    let requests = world.engine.embed_requests();
    let lengths =
        |at: usize| -> Vec<usize> { requests[at].passages.tokens.iter().map(Vec::len).collect() };
    // A mark, the prefix and the words.
    assert_eq!((lengths(0), lengths(1)), (vec![4, 3], vec![3]));
    assert_eq!((vectors.count_tokens("two words"), vectors.count_tokens("")), (2, 0));
    assert_eq!(world.engine.embed_requests().len(), 2, "counting is no request");
}

#[tokio::test]
async fn without_the_model_there_are_no_vectors_and_tokens_are_guessed() {
    let world = world("absent".parse().unwrap()).await;
    let World { vectors, caller, .. } = &world;
    assert!(!vectors.is_there());
    assert_eq!(vectors.count_tokens("mange"), 2);
    let failed = vectors.query(caller, "one").await.unwrap_err();
    assert!(matches!(failed, EmbedderError::Unavailable { .. }), "{failed}");
    let of_chat = self::world(FakeEngine::model()).await;
    assert!(!of_chat.vectors.is_there(), "it answers, and makes none");
}

/// Others go on, and nobody asks again and again.
#[tokio::test]
async fn who_has_used_up_a_limit_is_left_alone_for_a_while() {
    let world = world(FakeEngine::embedder()).await;
    let World { vectors, caller, .. } = &world;
    let id = BudgetId {
        scope: BudgetScope::Account(caller.account),
        quantity: BudgetQuantity::TokensPerMonth,
    };
    let budget = inference::Budget { organisation: caller.organisation, id, amount: 0 };
    let (now, entry) = (world.samples.now(), world.samples.entry(Some(caller.organisation)));
    assert!(world.store.put_budget(&budget, now, &entry).await.unwrap());
    let texts = ["one".to_owned()];
    let before = world.store.audit_entries().len();
    for _ in 0..3 {
        let denied = vectors.passages(caller, &texts).await.unwrap_err();
        assert!(matches!(denied, EmbedderError::Denied { .. }), "{denied}");
    }
    assert_eq!(world.store.audit_entries().len(), before + 1, "it was asked once");
    let other = Caller {
        account: AccountId::from_uuid(world.samples.id()),
        project: ProjectId::from_uuid(world.samples.id()),
        ..*caller
    };
    assert_eq!(vectors.passages(&other, &texts).await.unwrap().len(), 1);
}
