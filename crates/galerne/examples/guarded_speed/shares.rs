//! What the guards take one by one, each with nothing beside it.

use std::{fs::File, hint::black_box, io::Write as _, path::Path};

use domain::{Caller, Permission, RequestId};
use envelope::{DataKey, NONCE_LENGTH};
use governance::{Act, Action, AuditFact, ContentDigest, ModelFacts, Subject};
use serde_json::{Value, json};
use testkit::FakeEngine;
use tokio::time::Instant;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    client::{ANSWER, QUESTION},
    figures::summary,
    guarded::Guarded,
};

/// Of one flush: the pages of a small transaction.
const FLUSHED_BYTES: usize = 8 * 4_096;

pub(crate) async fn measure(guarded: &Guarded, dir: &Path, count: usize) -> anyhow::Result<Value> {
    let founded = &guarded.ports().founded;
    let caller = founded.access.authenticate_key(&founded.key).await?;
    let mut shares = Shares::default();
    for _ in 0..count {
        let start = Instant::now();
        black_box(founded.access.authenticate_key(&founded.key).await?);
        shares.identity.push(since(start));
        shares.rules.push(rules(guarded, &caller).await?);
        let start = Instant::now();
        black_box(founded.trail.entry(&fact(caller)).await?);
        shares.entry.push(since(start));
        shares.sealing.push(sealing());
    }
    let bytes = vec![7; FLUSHED_BYTES];
    let mut file = File::create(dir.join("flushed"))?;
    for _ in 0..count {
        let start = Instant::now();
        file.write_all(&bytes)?;
        file.sync_data()?;
        shares.flush.push(since(start));
    }
    Ok(shares.told())
}

#[derive(Default)]
struct Shares {
    identity: Vec<f64>,
    rules: Vec<f64>,
    entry: Vec<f64>,
    sealing: Vec<f64>,
    flush: Vec<f64>,
}

impl Shares {
    fn told(&self) -> Value {
        json!({
            "key_looked_up": summary(&self.identity),
            "rules_asked_twice": summary(&self.rules),
            "entry_put_together": summary(&self.entry),
            "texts_sealed_and_tokens_made": summary(&self.sealing),
            "bare_flush_of_the_disk": summary(&self.flush),
        })
    }
}

/// As a request asks them: whether the route may be used, and whether the model may answer. The
/// account is read each time.
async fn rules(guarded: &Guarded, caller: &Caller) -> anyhow::Result<f64> {
    let model = FakeEngine::model();
    let digest = "0".repeat(64);
    let facts = ModelFacts { id: &model, digest: &digest, architecture: "echo", is_adapter: false };
    let rules = &guarded.ports().rules;
    let start = Instant::now();
    rules.permits(caller, Act::Use(Permission::UseModels)).await?;
    rules.permits(caller, Act::Infer(facts)).await?;
    Ok(since(start))
}

fn fact(caller: Caller) -> AuditFact {
    AuditFact {
        action: Action::ChatComplete,
        outcome: "ok",
        caller: Some(caller),
        subject: Subject::Request(RequestId::from_uuid(Uuid::nil())),
        content: Some(ContentDigest([9; 32])),
        model: "0".repeat(64).parse().ok(),
    }
}

/// What a turn seals: a name, a question, an answer, and the words of each with their beginnings.
fn sealing() -> f64 {
    let key = DataKey::new(1, Zeroizing::new([7; 32]));
    let answer = ANSWER.concat();
    let start = Instant::now();
    for text in [QUESTION, QUESTION, &answer] {
        let sealing = key.sealing_key(black_box(b"conversation"));
        black_box(sealing.seal([9; NONCE_LENGTH], b"place", text.as_bytes()));
        let index = key.index_key(black_box(b"account"));
        for word in text.split_whitespace() {
            for length in 2..=word.len().min(16) {
                black_box(index.token(&word[..length]));
            }
        }
    }
    since(start)
}

fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
