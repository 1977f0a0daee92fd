//! What every `Engine` that has a model for vectors does.

use std::time::Duration;

use domain::{IdSource as _, OrganisationId, RequestId, Timestamp};
use inference::{
    ModelPurpose,
    ports::{Consumed, Embed, Embedding, EngineError, Passage, Passages, WhenTooLong},
};
use tokio::{task::JoinSet, time::timeout};

use crate::{EngineUnderTest, SeededIds};

/// No step of a case takes longer on a working engine, however slow the machine.
const HANG: Duration = Duration::from_mins(2);

/// Vectors of the same passage, computed alone and among others, are this close: each number.
const CLOSE: f32 = 1e-4;

const TEXTS: [&str; 4] = ["one two three", "one", "four five six seven eight", "one two three"];

/// Runs every case, each on an engine from `make`, which may be the same one again (the last case
/// shuts its engine down). The model of each is one for vectors, of
/// 16 tokens or more.
pub async fn embedding_suite(make: impl AsyncFn() -> EngineUnderTest) {
    let engine = make().await;
    the_card_tells_the_dimensions(&engine);
    passages_repeat(&engine);
    what_cannot_be_read_is_refused(&engine);
    vectors_have_length_one_and_their_order(&engine).await;
    a_vector_is_that_of_its_passage_alone(&engine).await;
    what_was_used_is_settled(&engine).await;
    one_that_leaves_is_settled(&engine).await;
    many_at_once_are_all_answered(&engine).await;
    a_stopped_engine_refuses(&make().await).await;
}

fn prepared(engine: &EngineUnderTest, texts: &[&str]) -> Passages {
    let passages = texts.iter().map(|&text| Passage::Text(text.to_owned())).collect();
    let prepared = engine.engine.prepare_passages(&engine.model, passages, WhenTooLong::Refuse);
    prepared.expect("prepared")
}

fn request(engine: &EngineUnderTest, texts: &[&str]) -> Embed {
    let (ids, now) = (SeededIds::new(43), Timestamp::from_micros(0));
    Embed {
        request: RequestId::from_uuid(ids.next(now)),
        organisation: OrganisationId::from_uuid(ids.next(now)),
        passages: prepared(engine, texts),
    }
}

fn start(engine: &EngineUnderTest, texts: &[&str]) -> Embedding {
    engine.engine.embed(request(engine, texts)).expect("started")
}

async fn read(embedding: Embedding) -> (Vec<Vec<f32>>, Consumed) {
    let Embedding { vectors, settled } = embedding;
    let vectors = timeout(HANG, vectors).await.expect("vectors in time").expect("an answer");
    let consumed = timeout(HANG, settled).await.expect("settled in time").expect("settled");
    (vectors.expect("vectors"), consumed)
}

fn dimensions(engine: &EngineUnderTest) -> u32 {
    let cards = engine.engine.models();
    let card = cards.iter().find(|card| card.id == engine.model).expect("the model is told");
    let dimensions = match card.purpose {
        ModelPurpose::Embeddings { dimensions } => Some(dimensions),
        ModelPurpose::Chat => None,
    };
    dimensions.expect("a model that makes vectors")
}

fn the_card_tells_the_dimensions(engine: &EngineUnderTest) {
    assert!(dimensions(engine) > 0);
    assert_eq!(prepared(engine, &["one"]).dimensions, dimensions(engine));
}

fn passages_repeat(engine: &EngineUnderTest) {
    let (first, second) = (prepared(engine, &TEXTS), prepared(engine, &TEXTS));
    assert_eq!(first, second);
    assert_eq!(first.tokens[0], first.tokens[3]);
    assert_ne!(first.tokens[0], first.tokens[1]);
    assert!(prepared(engine, &[""]).tokens[0].len() < first.tokens[1].len(), "marks only");
    let again = first.tokens.iter().map(|tokens| Passage::Tokens(tokens.clone())).collect();
    let again = engine.engine.prepare_passages(&engine.model, again, WhenTooLong::Refuse);
    assert_eq!(again.expect("prepared"), first, "tokens with their marks stay as they are");
}

fn what_cannot_be_read_is_refused(engine: &EngineUnderTest) {
    let prepare = |model, passages, when| engine.engine.prepare_passages(model, passages, when);
    let text = |text: &str| Passage::Text(text.to_owned());
    let nobody = "no-such-model".parse().expect("a model id");
    let refused = prepare(&nobody, vec![text("one")], WhenTooLong::Refuse);
    assert!(matches!(refused, Err(EngineError::UnknownModel { .. })), "{refused:?}");
    let refused = prepare(
        &engine.model,
        vec![text("one"), Passage::Tokens(vec![u32::MAX])],
        WhenTooLong::Cut,
    );
    let unknown = |error: &EngineError| {
        matches!(error, EngineError::TokenUnknown { index: 1, token: u32::MAX, .. })
    };
    assert!(refused.as_ref().is_err_and(unknown), "{refused:?}");

    let cards = engine.engine.models();
    let card = cards.iter().find(|card| card.id == engine.model).expect("the model is told");
    let long = "word ".repeat(card.context_tokens as usize + 1);
    let passages = vec![text("one"), text(&long)];
    let refused = prepare(&engine.model, passages.clone(), WhenTooLong::Refuse);
    let counted = |error: &EngineError| {
        matches!(error, EngineError::PassageTooLong { index: 1, tokens, tokens_max, .. }
            if *tokens_max == card.context_tokens && *tokens > card.context_tokens as usize)
    };
    assert!(refused.as_ref().is_err_and(counted), "{refused:?}");
    let cut = prepare(&engine.model, passages, WhenTooLong::Cut).expect("cut");
    assert_eq!(cut.tokens[1].len(), card.context_tokens as usize);
}

async fn vectors_have_length_one_and_their_order(engine: &EngineUnderTest) {
    let (vectors, _) = read(start(engine, &TEXTS)).await;
    assert_eq!(vectors.len(), TEXTS.len());
    for vector in &vectors {
        assert_eq!(vector.len(), dimensions(engine) as usize);
        let length: f32 = vector.iter().map(|value| value * value).sum();
        assert!((length - 1.0).abs() < 1e-4, "{length}");
    }
    assert_close(&vectors[0], &vectors[3], "the same text twice");
    let difference: f32 = vectors[0].iter().zip(&vectors[2]).map(|(a, b)| (a - b).abs()).sum();
    assert!(difference > CLOSE, "another text has another vector");
}

async fn a_vector_is_that_of_its_passage_alone(engine: &EngineUnderTest) {
    let (together, _) = read(start(engine, &TEXTS)).await;
    for (text, vector) in TEXTS.iter().zip(&together) {
        let (alone, _) = read(start(engine, &[text])).await;
        assert_close(&alone[0], vector, text);
    }
}

fn assert_close(left: &[f32], right: &[f32], what: &str) {
    let largest = left.iter().zip(right).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(left.len() == right.len() && largest <= CLOSE, "{what}: {largest}");
}

async fn what_was_used_is_settled(engine: &EngineUnderTest) {
    let tokens = prepared(engine, &TEXTS).count();
    let (_, consumed) = read(start(engine, &TEXTS)).await;
    assert_eq!((consumed.prompt_tokens, consumed.completion_tokens), (tokens, 0));
    assert!(consumed.energy.joules.value() > 0.0, "{consumed:?}");
    assert!(consumed.cpu_seconds > 0.0, "{consumed:?}");
}

async fn one_that_leaves_is_settled(engine: &EngineUnderTest) {
    let many = vec![TEXTS[2]; 200];
    let Embedding { vectors, settled } = start(engine, &many);
    drop(vectors);
    let consumed = timeout(HANG, settled).await.expect("settled in time").expect("settled");
    assert!(consumed.prompt_tokens <= prepared(engine, &many).count(), "{consumed:?}");
}

async fn many_at_once_are_all_answered(engine: &EngineUnderTest) {
    let mut tasks = JoinSet::new();
    for count in [1, 2, 3, 5, 8, 13] {
        let embedding = start(engine, &vec![TEXTS[0]; count]);
        tasks.spawn(async move { (count, read(embedding).await.0) });
    }
    for (count, vectors) in tasks.join_all().await {
        assert_eq!(vectors.len(), count);
        for vector in &vectors {
            assert_close(vector, &vectors[0], "of the same text");
        }
    }
}

async fn a_stopped_engine_refuses(engine: &EngineUnderTest) {
    let running = start(engine, &TEXTS);
    let (answer, ()) = tokio::join!(read(running), engine.engine.shut_down(HANG));
    assert_eq!(answer.0.len(), TEXTS.len(), "a running one may end");
    let refused = engine.engine.embed(request(engine, &TEXTS));
    assert!(matches!(refused, Err(EngineError::Stopping)), "{refused:?}");
}
