//! How long lists, searches and turns take beside many conversations:
//! `cargo run --release -p store --example conversation_speed FILE [CONVERSATIONS]`.
//!
//! Fills the new database `FILE` with conversations of four entries each, then prints medians. The
//! words are made up, and as unevenly used as those of a language.
#![expect(clippy::print_stdout, reason = "this tells figures to a person on a terminal")]
#![expect(clippy::expect_used, reason = "ids and counts are literals")]

#[path = "seed_conversations/words.rs"]
mod words;

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use assistant::{
    Answer, Body, Conversation, Entry, EntryState, ListQuery, Question, Scope, TurnSettings,
    ports::{BeginTurn, Begun, ConversationStore as _, Created, FinishedTurn, Progress},
};
use domain::{ConversationId, EntryId, ModelId, RequestId};
use governance::ports::AccessStore as _;
use store::{Conversations, Store};
use testkit::{MemoryCustodian, Random, Samples, operator_of, vault_of};
use tokio::{task::JoinSet, time::Instant};

use crate::words::{text, word};

const CONVERSATIONS: u64 = 100_000;
const WRITERS: u64 = 64;
const QUESTION_WORDS: usize = 12;
const ANSWER_WORDS: usize = 80;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context("usage: conversation_speed FILE [CONVERSATIONS]")?;
    let count = arguments.next().map_or(Ok(CONVERSATIONS), |count| count.parse())?;
    let store = Store::open(Path::new(&path)).await?;
    let samples = Samples::new(1);
    let founding = samples.founding();
    let entry = samples.entry(Some(founding.organisation.id));
    anyhow::ensure!(store.found(&founding, &entry).await?, "the file has rows already");
    let scope = Scope { organisation: founding.organisation.id, account: founding.owner.id };
    let vault = vault_of(&Arc::new(store.clone()), Arc::new(MemoryCustodian::new(1)), 1);
    vault.found(operator_of(&founding.owner)).await?;
    let conversations = store.conversations(Arc::new(vault));
    let bench = Arc::new(Bench { store, conversations, samples, scope });

    let begun = Instant::now();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let bench = Arc::clone(&bench);
        writers.spawn(async move {
            let mut random = Random::new(writer + 1);
            for _ in 0..count / WRITERS {
                bench.converse(&mut random).await.expect("written");
            }
        });
    }
    writers.join_all().await;
    let bytes = std::fs::metadata(&path)?.len();
    println!("{count} conversations written in {:.0?}, {} MB", begun.elapsed(), bytes / 1_000_000);
    bench.lists().await?;
    bench.searches().await?;
    bench.turns().await?;
    bench.store.close().await;
    Ok(())
}

struct Bench {
    store: Store,
    conversations: Conversations,
    samples: Samples,
    scope: Scope,
}

impl Bench {
    async fn lists(&self) -> anyhow::Result<()> {
        let list = |archived, offset| ListQuery { search: None, archived, limit: 100, offset };
        self.listed("list, first page", &list(None, 0)).await?;
        self.listed("list, not archived", &list(Some(false), 0)).await?;
        self.listed("list, archived", &list(Some(true), 0)).await?;
        self.listed("list, from the 50,000th on", &list(None, 50_000)).await
    }

    async fn searches(&self) -> anyhow::Result<()> {
        let [first, second] = [word(0), word(1)];
        let searches = [
            ("a word of most conversations", first.clone()),
            ("two of them", format!("{first} {second}")),
            ("two of them, joined", format!("{first}-{second}")),
            ("the 50th word", word(50)),
            ("the 30,000th word", word(30_000)),
            ("two letters", first[..2].to_owned()),
            ("three letters", first[..3].to_owned()),
            ("one letter", first[..1].to_owned()),
            ("no word of any", "nowhere".to_owned()),
            (
                "200 characters of two letters",
                (0..66).map(|at| word(at)[..2].to_owned() + " ").collect(),
            ),
        ];
        for (name, search) in searches {
            let query =
                ListQuery { search: Some(search), archived: Some(false), limit: 100, offset: 0 };
            self.listed(&format!("search, {name}"), &query).await?;
        }
        Ok(())
    }

    async fn listed(&self, name: &str, query: &ListQuery) -> anyhow::Result<()> {
        let total = self.conversations.list(self.scope, query).await?.total;
        let mut times = Vec::new();
        for _ in 0..9 {
            let begun = Instant::now();
            self.conversations.list(self.scope, query).await?;
            times.push(begun.elapsed());
        }
        tell(&format!("{name} ({total} found)"), times);
        Ok(())
    }

    /// One after the other, each flushed to the disk.
    async fn turns(&self) -> anyhow::Result<()> {
        let mut random = Random::new(99);
        let [mut begins, mut saves, mut ends, mut reads, mut deletions] = [const { Vec::new() }; 5];
        for _ in 0..200 {
            let begin = self.turn(&mut random);
            let entry = self.samples.entry(Some(self.scope.organisation));
            let text = text(&mut random, ANSWER_WORDS);
            let (id, answer) = (begin.conversation, begin.answer.id);
            begins.push(timed(self.conversations.begin_turn(&begin, &entry)).await?);
            let progress = Progress {
                scope: self.scope,
                conversation: id,
                entry: answer,
                request: RequestId::from_uuid(self.samples.id()),
                text: text.clone(),
            };
            saves.push(timed(self.conversations.save_progress(&progress)).await?);
            ends.push(timed(self.conversations.finish_turn(&self.finished(&begin, text))).await?);
            reads.push(timed(self.conversations.path(self.scope, id, answer)).await?);
            let entry = self.samples.entry(Some(self.scope.organisation));
            deletions.push(timed(self.conversations.delete(self.scope, id, &entry)).await?);
        }
        tell("a turn of a new conversation begins", begins);
        tell("progress is saved", saves);
        tell("the turn ends", ends);
        tell("its path is read", reads);
        tell("the conversation is deleted", deletions);
        Ok(())
    }

    async fn converse(&self, random: &mut Random) -> anyhow::Result<()> {
        let begin = self.turn(random);
        let entry = self.samples.entry(Some(self.scope.organisation));
        let begun = self.conversations.begin_turn(&begin, &entry).await?;
        anyhow::ensure!(begun == Begun::Started, "{begun:?}");
        let finished = self.finished(&begin, text(random, ANSWER_WORDS));
        self.conversations.finish_turn(&finished).await?;
        Ok(())
    }

    /// The second turn of a conversation that begins with a copy of the first.
    fn turn(&self, random: &mut Random) -> BeginTurn {
        let asked = self.entry(None, question(random));
        let answered = self.entry(Some(asked.id), answer(random, EntryState::Complete));
        let again = self.entry(Some(answered.id), question(random));
        let running = self.entry(Some(again.id), answer(random, EntryState::Running));
        let at = running.created_at;
        let conversation = Conversation {
            id: ConversationId::from_uuid(self.samples.id()),
            scope: self.scope,
            name: text(random, 5),
            description: None,
            instructions: None,
            model: model(),
            settings: TurnSettings::default(),
            metadata: None,
            created_at: at,
            updated_at: at,
            pinned: random.below(1_000) == 0,
            archived: random.below(10) == 0,
            head: running.id,
        };
        BeginTurn {
            scope: self.scope,
            conversation: conversation.id,
            parent: Some(answered.id),
            created: Some(Created { conversation, copied: vec![asked, answered] }),
            question: Some(again),
            answer: running,
            model: model(),
            idempotency: None,
            at,
        }
    }

    fn entry(&self, parent: Option<EntryId>, body: Body) -> Entry {
        let at = self.samples.now();
        let is_running = matches!(&body, Body::Answer(answer) if answer.text.is_empty());
        let completed_at = (!is_running).then_some(at);
        let id = EntryId::from_uuid(self.samples.id());
        Entry { id, parent, created_at: at, completed_at, body }
    }

    fn finished(&self, begin: &BeginTurn, text: String) -> FinishedTurn {
        FinishedTurn {
            scope: begin.scope,
            conversation: begin.conversation,
            entry: begin.answer.id,
            state: EntryState::Complete,
            text: Some(text),
            request: Some(RequestId::from_uuid(self.samples.id())),
            error: None,
            at: self.samples.now(),
        }
    }
}

fn question(random: &mut Random) -> Body {
    let text = text(random, QUESTION_WORDS);
    Body::Question(Question { text, attachments: Vec::new() })
}

fn answer(random: &mut Random, state: EntryState) -> Body {
    let is_running = state == EntryState::Running;
    let text = if is_running { String::new() } else { text(random, ANSWER_WORDS) };
    Body::Answer(Answer { model: model(), text, state, request: None, usage: None, error: None })
}

fn model() -> ModelId {
    "smollm2-135m-instruct".parse().expect("a model id")
}

async fn timed<T, E>(call: impl Future<Output = Result<T, E>>) -> Result<Duration, E> {
    let begun = Instant::now();
    call.await?;
    Ok(begun.elapsed())
}

fn tell(name: &str, mut times: Vec<Duration>) {
    times.sort();
    println!("{name}: {:.1} ms", times[times.len() / 2].as_secs_f64() * 1e3);
}
