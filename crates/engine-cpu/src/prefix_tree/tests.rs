//! The tree beside a plain list of paths.

use domain::{OrganisationId, ProjectId};
use uuid::Uuid;

use super::{PrefixOwner, PrefixTree};
use cpu_kernels::KvPrecision;

use crate::kv_cache::{BLOCK_TOKENS, KvBytes, KvPool, KvSequence, KvShape};

const LAST: usize = BLOCK_TOKENS - 1;
const SHAPE: KvShape = KvShape { layers: 1, kv_heads: 1, head_dim: 1, precision: KvPrecision::F16 };

fn owner(model: u64, organisation: u128, project: u128) -> PrefixOwner {
    PrefixOwner {
        model,
        organisation: OrganisationId::from_uuid(Uuid::from_u128(organisation)),
        project: ProjectId::from_uuid(Uuid::from_u128(project)),
    }
}

/// A prompt whose runs are named by these numbers, and `rest` tokens more.
fn prompt(runs: &[u32], rest: usize) -> Vec<u32> {
    let run = |&name: &u32| (0..BLOCK_TOKENS).map(move |at| if at == LAST { name } else { 7 });
    runs.iter().flat_map(run).chain(std::iter::repeat_n(9, rest)).collect()
}

/// A sequence that has computed `tokens` without help.
fn computed(pool: &KvPool, tokens: &[u32]) -> KvSequence {
    let mut kv = KvSequence::new(SHAPE);
    kv.reserve(pool, tokens.len()).expect("room");
    kv
}

fn bytes(used: usize, held: usize, kept: usize) -> KvBytes {
    let bytes = SHAPE.block_bytes();
    KvBytes { used: used * bytes, held: held * bytes, kept: kept * bytes }
}

#[test]
fn a_beginning_is_found_run_by_run() {
    let (pool, mut tree) = (KvPool::new(usize::MAX), PrefixTree::default());
    let me = owner(1, 1, 1);
    let tokens = prompt(&[1, 2, 3], 5);
    let mut kv = computed(&pool, &tokens);
    tree.keep(&me, &tokens, &mut kv);
    drop(kv);
    assert_eq!(pool.bytes(), bytes(3, 0, 3), "the block that is not full went");
    for (runs, rest, known) in [
        (&[1, 2, 3][..], 0, 3),
        (&[1, 2, 3], LAST, 3),
        (&[1, 2, 3, 4], 0, 3),
        (&[1, 2, 4], 0, 2),
        (&[1], LAST, 1),
        (&[2, 3], 0, 0),
        (&[], LAST, 0),
    ] {
        let known = known * BLOCK_TOKENS;
        assert_eq!(tree.known_tokens(&me, &prompt(runs, rest)), known, "{runs:?} and {rest}");
    }
}

#[test]
fn tenants_and_models_share_nothing() {
    let (pool, mut tree) = (KvPool::new(usize::MAX), PrefixTree::default());
    let tokens = prompt(&[1, 2], 0);
    let owners = [owner(1, 1, 1), owner(1, 1, 2), owner(1, 2, 1), owner(2, 1, 1)];
    for (index, one) in owners.iter().enumerate() {
        assert_eq!(tree.known_tokens(one, &tokens), 0, "{one:?} sees nothing of others");
        tree.keep(one, &tokens, &mut computed(&pool, &tokens));
        assert_eq!(pool.bytes().kept, bytes(0, 0, 2 * (index + 1)).kept, "a copy for each");
    }
    tree.forget_model(1);
    for one in owners {
        let known = if one.model == 1 { 0 } else { 2 * BLOCK_TOKENS };
        assert_eq!(tree.known_tokens(&one, &tokens), known, "{one:?}");
    }
    assert_eq!(pool.bytes(), bytes(2, 0, 2));
}

#[test]
fn equal_blocks_are_kept_once() {
    let (pool, mut tree) = (KvPool::new(usize::MAX), PrefixTree::default());
    let me = owner(1, 1, 1);
    let tokens = prompt(&[1, 2], 0);
    let (mut first, mut second) = (computed(&pool, &tokens), computed(&pool, &tokens));
    tree.keep(&me, &tokens, &mut first);
    tree.keep(&me, &tokens, &mut second);
    assert_eq!(pool.bytes(), bytes(2, 2, 2));
    let version = tree.version();
    tree.keep(&me, &tokens, &mut second);
    assert_eq!(tree.version(), version, "nothing new");
    assert!(!tree.forget_oldest(), "both are in use");
    drop((first, second));
    assert!(tree.forget_oldest() && tree.forget_oldest() && !tree.forget_oldest());
    assert_eq!(pool.bytes(), bytes(0, 0, 0));
}

/// The same as a list: every known path with the time of its last use.
#[derive(Default)]
struct Model {
    paths: Vec<(PrefixOwner, Vec<u32>, usize)>,
    clock: usize,
}

impl Model {
    fn known(&self, owner: &PrefixOwner, runs: &[u32]) -> usize {
        let known = |len: &usize| self.position(owner, &runs[..*len]).is_some();
        (1..=runs.len()).take_while(known).count()
    }

    fn position(&self, owner: &PrefixOwner, runs: &[u32]) -> Option<usize> {
        self.paths.iter().position(|(whose, path, _)| whose == owner && path == runs)
    }

    fn use_path(&mut self, owner: &PrefixOwner, runs: &[u32]) {
        for len in (1..=runs.len()).rev() {
            self.clock += 1;
            match self.position(owner, &runs[..len]) {
                Some(at) => self.paths[at].2 = self.clock,
                None => self.paths.push((*owner, runs[..len].to_vec(), self.clock)),
            }
        }
    }

    fn is_held(&self, at: usize, sequences: &[Lent]) -> bool {
        let (owner, path, _) = &self.paths[at];
        sequences.iter().any(|one| one.owner == *owner && one.held().starts_with(path))
    }

    /// The leaf that was used longest ago and that nobody holds goes.
    fn forget_oldest(&mut self, sequences: &[Lent]) -> bool {
        let is_leaf = |at: &usize| {
            let (owner, path, _) = &self.paths[*at];
            let below = |(whose, longer, _): &(PrefixOwner, Vec<u32>, usize)| {
                whose == owner && longer.len() > path.len() && longer.starts_with(path)
            };
            !self.paths.iter().any(below)
        };
        let can_go = |at: &usize| is_leaf(at) && !self.is_held(*at, sequences);
        let oldest = (0..self.paths.len()).filter(can_go).min_by_key(|&at| self.paths[at].2);
        oldest.map(|at| self.paths.swap_remove(at)).is_some()
    }
}

/// A sequence that runs, as the model sees it.
struct Lent {
    owner: PrefixOwner,
    runs: Vec<u32>,
    kv: KvSequence,
}

impl Lent {
    fn held(&self) -> &[u32] {
        &self.runs[..self.kv.tokens_shared() / BLOCK_TOKENS]
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % count as u64).expect("small")
    }
}

fn random_runs(random: &mut Random) -> Vec<u32> {
    let len = random.below(6);
    (0..len).map(|_| u32::try_from(random.below(3)).expect("small")).collect()
}

/// Random lives of sequences: begin with what is known, keep, end, while room is taken back.
fn check(seed: u64) {
    let mut random = Random(seed);
    let (pool, mut tree, mut model) =
        (KvPool::new(usize::MAX), PrefixTree::default(), Model::default());
    let owners = [owner(1, 1, 1), owner(1, 1, 2), owner(2, 1, 1)];
    let mut running: Vec<Lent> = Vec::new();
    for step in 0..400 {
        let what = format!("seed {seed}, step {step}");
        match random.below(10) {
            0..4 => {
                let owner = owners[random.below(owners.len())];
                let runs = random_runs(&mut random);
                let tokens = prompt(&runs, random.below(BLOCK_TOKENS));
                let known = model.known(&owner, &runs);
                assert_eq!(tree.known_tokens(&owner, &tokens), known * BLOCK_TOKENS, "{what}");
                let held = (1..=known).filter(|&len| {
                    let at = model.position(&owner, &runs[..len]).expect("known");
                    model.is_held(at, &running)
                });
                assert_eq!(tree.held_blocks(&owner, &tokens), held.count(), "{what}");
                let mut kv = KvSequence::new(SHAPE);
                assert_eq!(tree.lend(&owner, &tokens, &mut kv), known * BLOCK_TOKENS, "{what}");
                kv.reserve(&pool, tokens.len()).expect("room");
                model.use_path(&owner, &runs[..known]);
                running.push(Lent { owner, runs, kv });
            }
            4..7 if !running.is_empty() => {
                let at = random.below(running.len());
                let one = &mut running[at];
                tree.keep(&one.owner, &prompt(&one.runs, 0), &mut one.kv);
                model.use_path(&one.owner, &one.runs);
                if random.below(3) > 0 {
                    running.swap_remove(at);
                }
            }
            7 if !running.is_empty() => {
                // One that borrowed nothing ends without leaving anything.
                let at = random.below(running.len());
                if running[at].held().is_empty() {
                    running.swap_remove(at);
                }
            }
            8 => assert_eq!(tree.forget_oldest(), model.forget_oldest(&running), "{what}"),
            9 if random.below(20) == 0 => {
                running.retain(|one| one.owner.model != 2);
                tree.forget_model(2);
                model.paths.retain(|(owner, ..)| owner.model != 2);
            }
            _ => {}
        }
        assert_eq!(pool.bytes().kept, bytes(0, 0, model.paths.len()).kept, "{what}");
    }
    running.clear();
    assert_eq!(pool.bytes(), bytes(model.paths.len(), 0, model.paths.len()), "seed {seed}");
    while tree.forget_oldest() {
        assert_eq!(pool.bytes().held, 0, "seed {seed}");
    }
    assert_eq!(pool.bytes(), bytes(0, 0, 0), "seed {seed}");
}

#[test]
fn the_tree_equals_a_list_of_paths() {
    (0..200).for_each(check);
}
