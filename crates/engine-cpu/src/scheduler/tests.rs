//! The scheduler step by step, cut off at each of them.

use std::sync::{Arc, mpsc};

use cpu_kernels::{KvPrecision, Path};
use domain::{OrganisationId, ProjectId, RequestId, Timestamp};
use inference::{
    AnswerFormat, Priority, Sampling,
    ports::{Consumed, EngineEvent, Generate, Prompt},
};
use tokio::sync::{mpsc as events, oneshot};
use uuid::Uuid;

use super::{Claim, Command, EVENTS_MAX, Job, Parts, Places, Scheduler};
use crate::{
    ModelFile, PowerSources,
    checkpoint::Checkpoint,
    energy::EnergyMeter,
    kv_cache::{KvBytes, KvPool},
    kv_memory::KvMemory,
    model::{LoadProgress, Loading},
    served::Served,
};

#[expect(dead_code, reason = "shared with the tests of the whole engine")]
#[path = "../../tests/it/tiny_model.rs"]
mod tiny_model;

/// Tokens of every answer.
const ANSWER: u32 = 24;

const NOTHING: KvBytes = KvBytes { used: 0, held: 0, kept: 0 };

struct Bench {
    scheduler: Scheduler,
    commands: mpsc::Sender<Command>,
    pool: KvPool,
    served: Arc<Served>,
    places: Places,
}

struct Reader {
    events: events::Receiver<EngineEvent>,
    settled: oneshot::Receiver<Consumed>,
}

impl Bench {
    fn new() -> Self {
        let pool = KvPool::new(64 << 20);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), tiny_model::TinyModel::default().bytes()).unwrap();
        let file = ModelFile {
            id: "tiny".parse().unwrap(),
            path: file.path().to_owned(),
            digest: String::new(),
            created_at: Timestamp::from_micros(0),
        };
        let checkpoint = Checkpoint::open(&file.path).unwrap();
        let progress = LoadProgress::default();
        let loading = Loading::new(1, &progress);
        let kept = KvPrecision::default();
        let served = Served::load(file, &checkpoint, &pool, &loading, kept).unwrap();
        let served = Arc::new(served);
        let (commands, receiver) = mpsc::channel();
        let scheduler = Scheduler::new(Parts {
            commands: receiver,
            sequences_max: 4,
            threads: 1,
            memory: KvMemory::new(pool.clone(), usize::MAX),
            path: Path::best(),
            meter: EnergyMeter::new(&PowerSources::default()),
            guesses: true,
        });
        let places = Places::new(100);
        Self { scheduler: scheduler.unwrap(), commands, pool, served, places }
    }

    /// Three prompts: two begin alike.
    fn begin(&self) -> Vec<Reader> {
        [(1, 100), (1, 150), (2, 450)].map(|(seed, tokens)| self.generate(seed, tokens)).into()
    }

    fn generate(&self, seed: u32, prompt_tokens: u32) -> Reader {
        self.generate_for(0, Priority::Interactive, seed, prompt_tokens)
    }

    fn generate_for(
        &self,
        organisation: u128,
        priority: Priority,
        seed: u32,
        prompt_tokens: u32,
    ) -> Reader {
        let (events, event_receiver) = events::channel(EVENTS_MAX);
        let (settled, settled_receiver) = oneshot::channel();
        let request = Generate {
            request: RequestId::from_uuid(Uuid::nil()),
            organisation: OrganisationId::from_uuid(Uuid::from_u128(organisation)),
            project: ProjectId::from_uuid(Uuid::nil()),
            priority,
            prompt: Prompt {
                model: self.served.card.id.clone(),
                digest: None,
                tokens: (0..prompt_tokens).map(|at| (at * 31 + seed * 7) % 256).collect(),
                context_tokens: self.served.card.context_tokens,
            },
            sampling: Sampling { temperature: 0.0, min_tokens: ANSWER, ..Sampling::default() },
            format: AnswerFormat::Text,
            tools: inference::ToolUse::default(),
            max_tokens: ANSWER,
            stop: Vec::new(),
            top_logprobs: Some(0),
        };
        let place = self.places.take().unwrap();
        let served = Arc::clone(&self.served);
        let job = Box::new(Job {
            served,
            request,
            constraint: None,
            calls: None,
            events,
            settled,
            place,
        });
        self.commands.send(Command::Generate(job)).unwrap();
        Reader { events: event_receiver, settled: settled_receiver }
    }

    fn step(&mut self) {
        assert!(self.scheduler.receive());
        self.scheduler.step().unwrap();
    }

    /// Steps until the first token comes.
    fn steps_to_a_token(&mut self, reader: &mut Reader) -> usize {
        for steps in 1.. {
            self.step();
            if matches!(reader.events.try_recv(), Ok(EngineEvent::Token(_))) {
                return steps;
            }
            assert!(steps < 1000, "no token comes");
        }
        unreachable!("it came or not")
    }

    fn steps_to_the_end(&mut self) -> usize {
        let mut steps = 0;
        while self.places.taken() > 0 {
            self.step();
            steps += 1;
            assert!(steps < 1000, "they do not end");
        }
        steps
    }

    fn check_idle(&self, what: &str) {
        let KvBytes { used, held, kept } = self.pool.bytes();
        assert_eq!((held, used, self.places.taken()), (0, kept, 0), "{what}");
    }
}

/// Does something after every number of steps that a whole run has.
fn at_every_step(cut: impl Fn(&mut Bench, Vec<Reader>)) {
    let mut bench = Bench::new();
    let readers = bench.begin();
    let steps = bench.steps_to_the_end();
    assert!(steps > 9, "{steps}");
    drop(readers);
    bench.scheduler.memory.forget_all();
    assert_eq!(bench.pool.bytes(), NOTHING);
    for before in 0..=steps {
        let readers = bench.begin();
        for _ in 0..before {
            if bench.scheduler.running.is_empty() && bench.places.taken() == 0 {
                break;
            }
            bench.step();
        }
        cut(&mut bench, readers);
        bench.check_idle(&format!("cut after {before} steps"));
        bench.scheduler.memory.forget_all();
        assert_eq!(bench.pool.bytes(), NOTHING, "cut after {before} steps");
    }
}

#[test]
fn all_that_leave_leave_nothing_held() {
    at_every_step(|bench, readers| {
        drop(readers);
        bench.steps_to_the_end();
    });
}

#[test]
fn one_that_leaves_takes_nothing_from_the_others() {
    at_every_step(|bench, mut readers| {
        drop(readers.remove(0));
        bench.steps_to_the_end();
        for Reader { mut settled, mut events } in readers {
            assert_eq!(settled.try_recv().unwrap().completion_tokens, ANSWER);
            while let Ok(event) = events.try_recv() {
                assert!(!matches!(event, EngineEvent::Failed { .. }), "{event:?}");
            }
        }
    });
}

#[test]
fn a_panic_gives_all_back_and_forgets_what_was_kept() {
    at_every_step(|bench, mut readers| {
        if bench.scheduler.running.is_empty() && bench.places.taken() > 0 {
            bench.step();
        }
        let running = bench.scheduler.running.len();
        bench.scheduler.recover("a test");
        assert_eq!((bench.pool.bytes(), bench.places.taken()), (NOTHING, 0), "{running} ran");
        assert!(readers.iter_mut().all(|reader| reader.settled.try_recv().is_ok()));
    });
}

#[test]
fn the_end_gives_all_back() {
    at_every_step(|bench, mut readers| {
        bench.scheduler.end_all("a test");
        assert!(readers.iter_mut().all(|reader| reader.settled.try_recv().is_ok()));
    });
}

/// One organisation floods the engine with long prompts; another one's short prompt is answered
/// as soon as if there were only one of them beside it.
#[test]
fn a_flood_of_one_is_no_wait_for_another() {
    let steps = |flood: u32, priority: Priority| {
        let mut bench = Bench::new();
        let readers: Vec<Reader> =
            (0..flood).map(|seed| bench.generate_for(1, priority, seed, 450)).collect();
        bench.step();
        let mut reader = bench.generate_for(2, Priority::Interactive, 99, 100);
        let steps = bench.steps_to_a_token(&mut reader);
        bench.steps_to_the_end();
        for mut reader in readers.into_iter().chain([reader]) {
            assert_eq!(reader.settled.try_recv().unwrap().completion_tokens, ANSWER);
        }
        bench.check_idle("after the flood");
        steps
    };
    let beside_one = steps(1, Priority::Interactive);
    assert!(beside_one <= 3, "{beside_one}");
    assert!(steps(40, Priority::Interactive) <= 2 * beside_one);
    assert_eq!(steps(40, Priority::Background), 1, "background makes way at once");
}

#[test]
fn places_are_shared_and_background_waits() {
    let mut bench = Bench::new();
    let mut readers: Vec<Reader> =
        (0..6).map(|seed| bench.generate_for(1, Priority::Background, seed, 40)).collect();
    bench.step();
    let count = |bench: &Bench, organisation: u128, priority: Priority| {
        let organisation = OrganisationId::from_uuid(Uuid::from_u128(organisation));
        let claim = Claim { organisation, priority };
        bench.scheduler.running.iter().filter(|one| one.claim == claim).count()
    };
    assert_eq!(count(&bench, 1, Priority::Background), 4);
    readers.extend((10..16).map(|seed| bench.generate_for(2, Priority::Interactive, seed, 40)));
    readers.extend((20..26).map(|seed| bench.generate_for(3, Priority::Interactive, seed, 40)));
    (0..5).for_each(|_| bench.step());
    let counts = [1, 2, 3].map(|organisation| {
        let of = |priority| count(&bench, organisation, priority);
        of(Priority::Background) + of(Priority::Interactive)
    });
    assert_eq!(counts, [0, 2, 2]);
    bench.steps_to_the_end();
    for mut reader in readers {
        let consumed = reader.settled.try_recv().unwrap();
        assert_eq!((consumed.prompt_tokens, consumed.completion_tokens), (40, ANSWER));
        assert!(consumed.cached_prompt_tokens <= 32, "what it computed itself was not saved");
    }
    bench.check_idle("after all");
}
