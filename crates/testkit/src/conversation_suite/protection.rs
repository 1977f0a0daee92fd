//! What every `ProtectionStore` does with people, their conversations and what is held.

use std::sync::Arc;

use assistant::ports::Deleted;
use domain::{
    Account, ErasureId, ErasureReason, HoldId, HoldReason, OrderedBy, OrganisationId, Principal,
    RetentionClass, Role, Timestamp,
};
use governance::{
    Erased, ErasedClass, Erasure, ErasureState, Hold, SubjectId,
    ports::{ErasureOrdered, Expired, Founding, ProtectionStore},
};
use inference::UsageOutcome;

use super::{ConversationsUnderTest, sample::World};

/// One store, seen through its ports.
#[derive(Clone)]
pub struct ProtectionUnderTest {
    pub store: Arc<dyn ProtectionStore>,
    pub conversations: ConversationsUnderTest,
}

/// Runs every case, each on a store of its own from `make`, which must be empty.
pub async fn protection_suite(make: impl AsyncFn() -> ProtectionUnderTest) {
    somebody_is_erased_step_by_step(&Case::new(make().await, 91).await).await;
    others_are_not_erased(&Case::new(make().await, 92).await).await;
    orders_are_refused_without_a_trace(&Case::new(make().await, 93).await).await;
    holds_are_kept_until_they_are_lifted(&Case::new(make().await, 94).await).await;
    what_is_held_is_not_removed(&Case::new(make().await, 95).await).await;
    what_is_older_than_its_term_is_removed(&Case::new(make().await, 96).await).await;
}

/// A founded store in which a member has an account.
struct Case {
    store: Arc<dyn ProtectionStore>,
    /// In the scope of the member.
    world: World,
    founding: Founding,
    member: Account,
}

impl Case {
    async fn new(test: ProtectionUnderTest, seed: u64) -> Self {
        let ProtectionUnderTest { store, conversations } = test;
        let mut world = World::new(conversations, seed).await;
        let access = &world.test.projects;
        let (organisation, project) = access.home().await.expect("readable").expect("founded");
        let owner = access.owner(organisation.id).await.expect("readable").expect("there is one");
        let key = world.samples.key(&owner);
        let pseudonym_key = [0; 32];
        let founding = Founding { organisation, pseudonym_key, project, owner, key };
        let member = world.samples.account(&founding.project, Role::Member);
        let made = access.insert_account(&member, &world.entry()).await.expect("kept");
        assert!(made, "its name is its own");
        world.scope.account = member.id;
        Self { store, world, founding, member }
    }

    const fn organisation(&self) -> OrganisationId {
        self.founding.organisation.id
    }

    fn order(&self, account: &Account) -> Erasure {
        Erasure {
            id: ErasureId::from_uuid(self.world.samples.id()),
            organisation: account.organisation,
            account: Some(account.id),
            subject: "account:0123456789abcdef".to_owned(),
            reason: ErasureReason::RequestOfPerson,
            ordered_by: OrderedBy::Role(Role::DataOfficer),
            state: ErasureState::Removing,
            ordered_at: self.world.samples.now(),
            removed: None,
            erased: Erased::new(),
            certificate: None,
        }
    }

    fn hold(&self, account: Option<&Account>) -> Hold {
        Hold {
            id: HoldId::from_uuid(self.world.samples.id()),
            organisation: self.organisation(),
            account: account.map(|account| account.id),
            reason: HoldReason::Litigation,
            reference: "RG 26/01234".to_owned(),
            placed_at: self.world.samples.now(),
            lifted_at: None,
        }
    }

    async fn read(&self, id: ErasureId) -> Erasure {
        let found = self.store.erasure(self.organisation(), id).await.expect("readable");
        found.expect("it was ordered")
    }

    async fn placed(&self, hold: &Hold) {
        assert!(self.store.place_hold(hold, &self.world.entry()).await.expect("answered"));
    }

    async fn lifted(&self, hold: &Hold) -> bool {
        let (entry, at) = (self.world.entry(), self.world.samples.now());
        let lifted = self.store.lift_hold(self.organisation(), hold.id, at, &entry).await;
        lifted.expect("answered")
    }

    /// A conversation with a question and its answer.
    async fn conversation(&self, question: &str) -> domain::ConversationId {
        let begin = self.world.first_turn(question);
        self.world.turn(&begin, "an answer").await;
        begin.conversation
    }
}

async fn somebody_is_erased_step_by_step(case: &Case) {
    let (store, world, organisation) = (&case.store, &case.world, case.organisation());
    let access = &world.test.projects;
    let ids = [case.conversation("one").await, case.conversation("two").await];
    let key = world.samples.key(&case.member);
    access.insert_key(&key, &world.entry()).await.expect("kept");
    let session = world.samples.session(&case.member);
    access.insert_session(&session, &world.entry()).await.expect("kept");
    let subjects = [
        SubjectId::Account(case.member.id),
        SubjectId::Key(key.key.id),
        SubjectId::Session(session.id),
    ];
    for subject in subjects {
        let made = access.subject_key(organisation, subject, [7; 32]).await.expect("kept");
        assert_eq!(made, Some([7; 32]));
    }

    let order = case.order(&case.member);
    let entry = world.entry();
    let ordered = store.order_erasure(&order, &entry).await.expect("answered");
    assert_eq!(ordered, ErasureOrdered::Done);
    assert_eq!(world.trail().await.last(), Some(&entry));
    let closed = access.account(organisation, case.member.id).await.expect("readable");
    assert_eq!(closed.expect("still there").disabled_at, Some(order.ordered_at));
    let found = access.find_session(&session.token, session.created_at).await.expect("readable");
    assert_eq!(found, None, "its sessions are over");
    let again = case.order(&case.member);
    let ordered = store.order_erasure(&again, &world.entry()).await.expect("answered");
    assert_eq!(ordered, ErasureOrdered::UnderWay(order.id));

    let entry = world.entry();
    let early = store.erase_account(organisation, order.id, entry.at, &entry).await;
    assert!(!early.expect("answered"), "content is left");
    let mut rounds = 0;
    while store.erase_some(organisation, order.id, 1).await.expect("removed") {
        rounds += 1;
        assert!(rounds < 100, "it comes to an end");
    }
    for id in ids {
        assert_eq!(world.conversation(id).await, None);
        assert_eq!(world.entries(id).await, []);
    }
    assert!(store.erase_account(organisation, order.id, entry.at, &entry).await.expect("removed"));
    assert_eq!(world.trail().await.last(), Some(&entry));
    let once = store.erase_account(organisation, order.id, entry.at, &world.entry()).await;
    assert!(!once.expect("answered"), "once");
    assert_eq!(access.account(organisation, case.member.id).await.expect("readable"), None);
    assert_eq!(access.find_account(&case.member.name).await.expect("readable"), None);
    assert_eq!(access.find_key(key.key.id).await.expect("readable"), None);
    for subject in subjects {
        let kept = access.subject_key(organisation, subject, [8; 32]).await.expect("readable");
        assert_eq!(kept, None, "a key that was destroyed is never made again");
    }

    let erasure = case.read(order.id).await;
    assert_eq!(erasure.state, ErasureState::Removed);
    assert_eq!(erasure.removed, Some((entry.at, entry.id)));
    let count = |class| erasure.erased.get(&class).copied();
    assert_eq!(count(ErasedClass::Conversations), Some(2));
    assert_eq!(count(ErasedClass::Entries), Some(4));
    assert_eq!(count(ErasedClass::ApiKeys), Some(1));
    assert_eq!(count(ErasedClass::Sessions), Some(1));
    assert_eq!(count(ErasedClass::PseudonymKeys), Some(3));
    assert_eq!(count(ErasedClass::Accounts), Some(1));
    concludes(case, &order).await;
}

async fn concludes(case: &Case, order: &Erasure) {
    let (store, organisation) = (&case.store, case.organisation());
    store.conclude_erasure(organisation, order.id, "too early").await.expect("answered");
    assert_eq!(case.read(order.id).await.certificate, None);
    store.overwrite(organisation, &[order.id]).await.expect("written anew");
    let under_way = store.erasures_under_way(organisation).await.expect("readable");
    assert_eq!(under_way, [case.read(order.id).await]);
    assert_eq!(under_way[0].state, ErasureState::Overwritten);
    store.conclude_erasure(organisation, order.id, "signed").await.expect("kept");
    store.conclude_erasure(organisation, order.id, "another").await.expect("answered");
    let done = case.read(order.id).await;
    assert_eq!((done.state, done.account), (ErasureState::Done, None));
    assert_eq!(done.certificate.as_deref(), Some("signed"), "once");
    assert_eq!(done.subject, order.subject);
    assert_eq!(store.erasures_under_way(organisation).await.expect("readable"), []);
    assert_eq!(store.erasures(organisation).await.expect("readable"), [done]);
    let stranger = OrganisationId::from_uuid(case.world.samples.id());
    assert_eq!(store.erasure(stranger, order.id).await.expect("readable"), None);
    assert_eq!(store.erasures(stranger).await.expect("readable"), []);
}

async fn others_are_not_erased(case: &Case) {
    let (store, world, organisation) = (&case.store, &case.world, case.organisation());
    let access = &world.test.projects;
    let kept = case.conversation("kept").await;
    let leaver = world.samples.account(&case.founding.project, Role::Member);
    assert!(access.insert_account(&leaver, &world.entry()).await.expect("kept"));
    let session = world.samples.session(&case.member);
    access.insert_session(&session, &world.entry()).await.expect("kept");
    let order = case.order(&leaver);
    let ordered = store.order_erasure(&order, &world.entry()).await.expect("answered");
    assert_eq!(ordered, ErasureOrdered::Done);
    while store.erase_some(organisation, order.id, 500).await.expect("removed") {}
    let entry = world.entry();
    assert!(store.erase_account(organisation, order.id, entry.at, &entry).await.expect("removed"));
    store.overwrite(organisation, &[order.id]).await.expect("written anew");
    assert_eq!(world.entries(kept).await.len(), 2);
    let found = access.find_session(&session.token, session.created_at).await.expect("readable");
    assert_eq!(found, Some((session, case.member.clone())));
    let listed = access.list_accounts(organisation).await.expect("readable");
    assert_eq!(listed.len(), 2, "the owner and the member");
}

async fn orders_are_refused_without_a_trace(case: &Case) {
    let (store, world, organisation) = (&case.store, &case.world, case.organisation());
    let trail = world.trail().await;
    let check = async |account: &Account, expected: ErasureOrdered| {
        let order = case.order(account);
        let ordered = store.order_erasure(&order, &world.entry()).await.expect("answered");
        assert_eq!(ordered, expected);
        assert_eq!(store.erasure(organisation, order.id).await.expect("readable"), None);
    };
    check(&case.founding.owner, ErasureOrdered::LastOwner).await;
    let nobody = world.samples.account(&case.founding.project, Role::Member);
    check(&nobody, ErasureOrdered::Unknown).await;
    assert_eq!(world.trail().await, trail);
    let hold = case.hold(Some(&case.member));
    case.placed(&hold).await;
    check(&case.member, ErasureOrdered::Held(hold.id)).await;
    assert!(case.lifted(&hold).await);
    let all = case.hold(None);
    case.placed(&all).await;
    check(&case.member, ErasureOrdered::Held(all.id)).await;
    let account = world.test.projects.account(organisation, case.member.id).await;
    assert_eq!(account.expect("readable"), Some(case.member.clone()), "as it was");
}

async fn holds_are_kept_until_they_are_lifted(case: &Case) {
    let (store, world, organisation) = (&case.store, &case.world, case.organisation());
    let (one, all) = (case.hold(Some(&case.member)), case.hold(None));
    for hold in [&one, &all] {
        let entry = world.entry();
        assert!(store.place_hold(hold, &entry).await.expect("answered"));
        assert_eq!(world.trail().await.last(), Some(&entry));
    }
    let listed = store.holds(organisation).await.expect("readable");
    assert_eq!(listed, [all.clone(), one.clone()], "newest first");
    let trail = world.trail().await;
    let nobody = world.samples.account(&case.founding.project, Role::Member);
    let lost = case.hold(Some(&nobody));
    assert!(!store.place_hold(&lost, &world.entry()).await.expect("answered"));
    assert!(!case.lifted(&lost).await);
    assert_eq!(world.trail().await, trail, "nothing is written");
    assert!(case.lifted(&all).await);
    assert!(!case.lifted(&all).await, "once");
    let listed = store.holds(organisation).await.expect("readable");
    assert!(listed[0].lifted_at.is_some() && listed[1] == one, "{listed:?}");
}

async fn what_is_held_is_not_removed(case: &Case) {
    let (world, scope) = (&case.world, case.world.scope);
    let id = case.conversation("evidence").await;
    let hold = case.hold(Some(&case.member));
    case.placed(&hold).await;
    let trail = world.trail().await;
    let deleted = world.test.store.delete(scope, id, &world.entry()).await.expect("answered");
    assert_eq!(deleted, Deleted::Held(hold.id));
    assert_eq!(case.expired(RetentionClass::Conversations, late()).await, 0);
    assert_eq!(world.trail().await, trail, "nothing is written");
    assert!(case.lifted(&hold).await);
    assert_eq!(case.expired(RetentionClass::Conversations, late()).await, 1);
    let deleted = world.test.store.delete(scope, id, &world.entry()).await.expect("answered");
    assert_eq!(deleted, Deleted::Done);
}

/// Everything of a suite is older.
fn late() -> Timestamp {
    Timestamp::from_micros(4_000_000_000_000_000)
}

impl Case {
    fn batch(&self, class: RetentionClass, before: Timestamp, count: u32) -> Expired {
        Expired { organisation: self.organisation(), class, before, count }
    }

    async fn expired(&self, class: RetentionClass, before: Timestamp) -> u32 {
        self.store.expired(&self.batch(class, before, 100)).await.expect("readable")
    }
}

async fn what_is_older_than_its_term_is_removed(case: &Case) {
    let (store, world) = (&case.store, &case.world);
    let access = &world.test.projects;
    let old = case.conversation("old").await;
    let session = world.samples.session(&case.member);
    access.insert_session(&session, &world.entry()).await.expect("kept");
    let member = domain::Caller {
        account: case.member.id,
        ..world.samples.caller(&case.founding.project, Principal::Session(session.id))
    };
    let row = world.samples.opened(&member);
    world.test.ledger.open(&row, &world.entry()).await.expect("opened");
    let settled = world.samples.settled(&row, UsageOutcome::Finished);
    world.test.ledger.settle(&settled).await.expect("settled");
    let between = world.samples.now();
    let young = case.conversation("young").await;
    assert_eq!(case.expired(RetentionClass::Log, late()).await, 0, "the tree only grows");

    let class = RetentionClass::Conversations;
    assert_eq!(case.expired(class, between).await, 1);
    let trail = world.trail().await;
    let too_many = case.batch(class, between, 2);
    assert!(!store.remove_expired(&too_many, &world.entry()).await.expect("answered"));
    assert_eq!(world.trail().await, trail, "all or nothing");
    let entry = world.entry();
    let one = case.batch(class, between, 1);
    assert!(store.remove_expired(&one, &entry).await.expect("removed"));
    assert_eq!(world.trail().await.last(), Some(&entry));
    assert_eq!(world.conversation(old).await, None);
    assert_eq!(world.entries(young).await.len(), 2);

    let usage = case.expired(RetentionClass::Usage, between).await;
    assert!(usage >= 1, "{usage}");
    let batch = case.batch(RetentionClass::Usage, between, usage);
    assert!(store.remove_expired(&batch, &world.entry()).await.expect("removed"));
    let found = world.test.ledger.find(&member, row.request).await.expect("readable");
    assert_eq!(found, None);
    let over = session.expires_at.plus_seconds(1);
    let subject = SubjectId::Session(session.id);
    access.subject_key(case.organisation(), subject, [7; 32]).await.expect("kept");
    assert_eq!(case.expired(RetentionClass::SignIns, session.expires_at).await, 0);
    let batch = case.batch(RetentionClass::SignIns, over, 1);
    assert!(store.remove_expired(&batch, &world.entry()).await.expect("removed"));
    let key = access.subject_key(case.organisation(), subject, [8; 32]).await;
    assert_eq!(key.expect("readable"), None, "nobody is named by it any more");
}
