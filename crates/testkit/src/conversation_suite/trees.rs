use assistant::{
    Entry, EntryState,
    ports::{BeginTurn, Created},
};
use domain::EntryId;

use super::sample::World;
use crate::{Random, tree::path};

const SEEDS: [u64; 4] = [1, 2, 3, 5];
const TURNS: u64 = 24;

/// Against the same tree in memory: every path of random trees.
pub(super) async fn paths_lead_from_the_root(world: &World) {
    for seed in SEEDS {
        let mut random = Random::new(seed);
        let first = world.first_turn("root");
        let id = first.conversation;
        let mut entries = first.question.clone().into_iter().collect::<Vec<Entry>>();
        entries.push(world.turn(&first, "answer").await);
        for turn in 0..TURNS {
            let parent = match random.below(TURNS) {
                0 => None,
                at => entries.get(usize::try_from(at).expect("small") % entries.len()),
            };
            let text = format!("question {turn}");
            let asks = random.below(3) > 0 || parent.is_none();
            let begin = world.next_turn(id, parent.map(|entry| entry.id), asks.then_some(&text));
            entries.extend(begin.question.clone());
            entries.push(world.turn(&begin, &format!("answer {turn}")).await);
        }
        assert_eq!(world.entries(id).await, entries, "seed {seed}");
        for end in &entries {
            let expected: Vec<Entry> = path(&entries, end.id).into_iter().cloned().collect();
            assert_eq!(world.path(id, end.id).await, expected, "seed {seed}");
            let (root, last) = (expected.first().expect("a root"), expected.last());
            assert_eq!((root.parent, last), (None, Some(end)), "seed {seed}");
        }
        let nobody = EntryId::from_uuid(world.samples.id());
        assert_eq!(world.path(id, nobody).await, [], "seed {seed}");
    }
}

/// Neither times nor ids tell which one was made first.
pub(super) async fn entries_of_one_moment_stay_in_order(world: &World) {
    let mut ids = [(); 7].map(|()| EntryId::from_uuid(world.samples.id()));
    ids.sort_unstable_by(|one, other| other.cmp(one));
    let (mut ids, at) = (ids.into_iter(), world.samples.now());
    let mut made = |mut begin: BeginTurn| {
        begin.at = at;
        begin.answer.created_at = at;
        if let Some(question) = &mut begin.question {
            question.created_at = at;
            question.id = ids.next().expect("an id");
            begin.answer.parent = Some(question.id);
        }
        begin.answer.id = ids.next().expect("an id");
        begin
    };
    let first = made(world.first_turn("root"));
    let (id, root) = (first.conversation, first.answer.id);
    let mut entries: Vec<Entry> = first.question.clone().into_iter().collect();
    entries.push(world.turn(&first, "answer").await);
    for question in [Some("one"), Some("two"), None] {
        let begin = made(world.next_turn(id, Some(root), question));
        entries.extend(begin.question.clone());
        entries.push(world.turn(&begin, "answer").await);
    }
    assert_eq!(world.entries(id).await, entries);
}

pub(super) async fn a_copy_is_a_tree_of_its_own(world: &World) {
    let original = world.first_turn("one");
    let answer = world.turn(&original, "answer").await;
    let question = original.question.clone().expect("asked");
    let mut copy = world.first_turn("two");
    let copied_question = Entry { id: EntryId::from_uuid(world.samples.id()), ..question };
    let copied_answer = Entry {
        id: EntryId::from_uuid(world.samples.id()),
        parent: Some(copied_question.id),
        ..answer
    };
    let copied = vec![copied_question.clone(), copied_answer.clone()];
    let conversation = copy.created.take().expect("new").conversation;
    copy.created = Some(Created { conversation, copied });
    copy.parent = Some(copied_answer.id);
    let asked = copy.question.as_mut().expect("asked");
    asked.parent = copy.parent;
    let asked = asked.clone();
    let answered = world.turn(&copy, "another answer").await;
    assert_eq!(answered.state(), EntryState::Complete);
    let expected = [copied_question, copied_answer, asked, answered];
    assert_eq!(world.path(copy.conversation, copy.answer.id).await, expected);
    assert_eq!(world.entries(copy.conversation).await, expected);
    assert_eq!(world.entries(original.conversation).await.len(), 2, "the original stays");
    assert_eq!(world.path(original.conversation, copy.answer.id).await, []);
    let elsewhere = world.test.store.entry(world.scope, original.conversation, copy.answer.id);
    assert_eq!(elsewhere.await.expect("readable"), None);
}
