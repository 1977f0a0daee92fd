//! What must stay, and what must go.

use domain::{
    ErasureId, ErasureReason, GroupId, HoldId, HoldReason, LibraryId, OrderedBy, RetentionClass,
    Role,
};
use governance::{
    Erased, ErasedClass, Erasure, ErasureState, Hold,
    ports::{
        ErasureOrdered, Expired, Group, ProtectionStore, ProvisioningChange, ProvisioningStore,
    },
};
use knowledge::{Grantee, LibraryAccess, ShareRole, Visitor, ports::Refusal};

use super::{
    Case,
    access::{apply, put},
    unknown,
};

pub(super) async fn what_is_held_stays<S: ProtectionStore>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let editor = Grantee::Account(case.other.account);
    assert_eq!(case.give(library, editor, ShareRole::Editor).await, Ok(()));
    let new = case.new_document(case.other, library, b"one");
    let document = case.write(&new, b"one").await.expect("kept").document;
    let hold = hold(case, case.other);
    assert!(case.store.place_hold(&hold, &case.entry()).await.expect("placed"));
    let refused = Err(Refusal::Held(hold.id));
    let removed = case.documents.remove(case.owner, document.id, &case.entry()).await;
    assert_eq!(removed.expect("answered"), refused);
    let deleted = case.libraries.delete(case.owner, library, &case.entry()).await;
    assert_eq!(deleted.expect("answered"), refused);
    let now = case.samples.now();
    let lifted = case.store.lift_hold(hold.organisation, hold.id, now, &case.entry()).await;
    assert!(lifted.expect("lifted"));
    let removed = case.documents.remove(case.owner, document.id, &case.entry()).await;
    assert_eq!(removed.expect("answered"), Ok(()));
}

fn hold<S>(case: &Case<S>, visitor: Visitor) -> Hold {
    Hold {
        id: HoldId::from_uuid(case.samples.id()),
        organisation: visitor.organisation,
        account: Some(visitor.account),
        reason: HoldReason::Audit,
        reference: "2026/7".to_owned(),
        placed_at: case.samples.now(),
        lifted_at: None,
    }
}

pub(super) async fn whoever_is_erased_takes_own_libraries_along<S: ProtectionStore>(
    case: &Case<S>,
) {
    let alone = case.library(case.other).await;
    let shared = case.library(case.other).await;
    let another = case.library(case.owner).await;
    let third = Grantee::Account(case.third.account);
    assert_eq!(case.give(shared, third, ShareRole::Editor).await, Ok(()));
    let other = Grantee::Account(case.other.account);
    assert_eq!(case.give(another, other, ShareRole::Editor).await, Ok(()));
    case.added(alone, b"one").await;
    let kept = case.added(shared, b"two").await;
    let new = case.new_document(case.other, another, b"three");
    let given = case.write(&new, b"three").await.expect("kept").document;
    case.index(kept.current.key).await;
    let erased = erase(case, case.other).await;
    let count = |class| erased.get(&class).copied().unwrap_or(0);
    assert_eq!((count(ErasedClass::Libraries), count(ErasedClass::Documents)), (1, 1));
    assert_eq!(count(ErasedClass::LibrariesUnlinked), 1);
    assert_eq!(count(ErasedClass::DocumentsUnlinked), 2);
    assert_eq!(count(ErasedClass::LibraryShares), 1);
    assert!(!case.sees(case.other, alone).await);
    let seen = case.libraries.library(case.third, shared).await.expect("read").expect("there");
    assert_eq!((seen.library.owner, seen.access), (None, LibraryAccess::Owner));
    let kept = case.read(case.third, case.newest(kept.id)).await.expect("there");
    assert_eq!(kept.added_by, None);
    assert_eq!(case.found(case.third, case.samples.now()).await, [kept.current.key]);
    let given = case.read(case.owner, case.newest(given.id)).await.expect("there");
    assert_eq!(given.added_by, None);
    assert_eq!(case.documents.clean_up(true).await.expect("cleaned"), 0, "its bytes are gone");
    let left = case.documents.bytes_kept(case.owner.organisation).await;
    assert_eq!(left.expect("added up"), 8);
}

pub(super) async fn what_nobody_is_given_any_more_goes<S>(case: &Case<S>)
where
    S: ProtectionStore + ProvisioningStore,
{
    let third = Grantee::Account(case.third.account);
    let group = group_of(case, case.owner).await;
    let (read, left) = (given(case, third).await, given(case, third).await);
    let (kept, of_group) = (given(case, third).await, given(case, Grantee::Group(group.id)).await);
    let everybody = Grantee::Organisation;
    assert_eq!(case.give(kept, everybody, ShareRole::Viewer).await, Ok(()));
    assert_eq!(erased_libraries(&erase(case, case.other).await), (None, None));
    // Whoever had it as the last one leaves it, and it goes like one that was deleted.
    let taken = case.libraries.unshare(case.third, left, third, &case.entry()).await;
    assert_eq!(taken.expect("answered"), Ok(()));
    assert_eq!(kept_after(case).await, 9);
    // Of a group without members it stays, until there is no group.
    let empty = Group { members: Vec::new(), ..group };
    put(case, &empty).await;
    assert_eq!(kept_after(case).await, 9);
    put(case, &Group { members: vec![case.owner.account], ..empty.clone() }).await;
    assert!(case.sees(case.owner, of_group).await);
    let (roles, at) = (Vec::new(), case.samples.now());
    apply(case, &ProvisioningChange::RemoveGroup { id: empty.id, roles, at }).await;
    assert_eq!(kept_after(case).await, 6);
    // Whoever read it as the last one takes it along.
    assert_eq!(erased_libraries(&erase(case, case.third).await), (Some(1), Some(1)));
    assert!(!case.sees(case.third, read).await);
    assert!(case.sees(case.owner, kept).await);
    assert_eq!(kept_after(case).await, 3);
}

pub(super) async fn what_nobody_owns_any_more_may_be_deleted<S: ProtectionStore>(case: &Case<S>) {
    let third = Grantee::Account(case.third.account);
    let (unseen, seen) = (given(case, third).await, given(case, Grantee::Organisation).await);
    let delete = async |visitor: Visitor, library: LibraryId| {
        case.libraries.delete(visitor, library, &case.entry()).await.expect("answered")
    };
    let forbidden = Err(Refusal::Forbidden(LibraryAccess::Owner));
    // As long as somebody owns it, owners of the organisation may do no more than others.
    assert_eq!(delete(case.owner, unseen).await, unknown(unseen));
    assert_eq!(delete(case.owner, seen).await, forbidden);
    erase(case, case.other).await;
    assert_eq!(delete(case.third, unseen).await, forbidden);
    for library in [unseen, seen] {
        assert!(case.sees(case.third, library).await);
        assert_eq!(delete(case.owner, library).await, Ok(()));
        assert!(!case.sees(case.third, library).await);
        assert_eq!(delete(case.owner, library).await, unknown(library));
    }
}

/// With a document, of somebody else.
async fn given<S>(case: &Case<S>, grantee: Grantee) -> LibraryId {
    let library = case.library(case.other).await;
    assert_eq!(case.give(library, grantee, ShareRole::Viewer).await, Ok(()));
    case.added(library, b"abc").await;
    library
}

fn erased_libraries(erased: &Erased) -> (Option<u64>, Option<u64>) {
    let count = |class| erased.get(&class).copied().filter(|count| *count > 0);
    (count(ErasedClass::Libraries), count(ErasedClass::Documents))
}

/// The bytes that are left once everything was swept.
async fn kept_after<S>(case: &Case<S>) -> u64 {
    while case.libraries.discard(1).await.expect("removed") {}
    case.documents.bytes_kept(case.owner.organisation).await.expect("added up")
}

async fn group_of<S: ProvisioningStore>(case: &Case<S>, member: Visitor) -> Group {
    let at = case.samples.now();
    let group = Group {
        id: GroupId::from_uuid(case.samples.id()),
        organisation: member.organisation,
        display_name: "juristes".to_owned(),
        external_id: None,
        members: vec![member.account],
        created_at: at,
        changed_at: at,
    };
    put(case, &group).await;
    group
}

async fn erase<S: ProtectionStore>(case: &Case<S>, visitor: Visitor) -> Erased {
    let (organisation, id) = (visitor.organisation, ErasureId::from_uuid(case.samples.id()));
    let erasure = Erasure {
        id,
        organisation,
        account: Some(visitor.account),
        subject: "account:0123456789abcdef".to_owned(),
        reason: ErasureReason::RequestOfPerson,
        ordered_by: OrderedBy::Role(Role::DataOfficer),
        state: ErasureState::Removing,
        ordered_at: case.samples.now(),
        removed: None,
        erased: Erased::new(),
        certificate: None,
    };
    let ordered = case.store.order_erasure(&erasure, &case.entry()).await.expect("answered");
    assert_eq!(ordered, ErasureOrdered::Done);
    while case.store.erase_some(organisation, id, 2).await.expect("removed") {}
    let last = case.entry();
    let erased = case.store.erase_account(organisation, id, last.at, &last).await;
    assert!(erased.expect("removed"));
    case.store.overwrite(organisation, &[id]).await.expect("written anew");
    let done = case.store.erasure(organisation, id).await.expect("read");
    done.expect("there").erased
}

pub(super) async fn what_is_older_than_its_term_goes<S: ProtectionStore>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let old = case.added(library, b"one").await;
    let before = case.samples.now();
    let new = case.added(library, b"two").await;
    let class = RetentionClass::Documents;
    let batch = |count| Expired { organisation: case.owner.organisation, class, before, count };
    assert_eq!(case.store.expired(&batch(9)).await.expect("counted"), 1);
    let hold = hold(case, case.owner);
    assert!(case.store.place_hold(&hold, &case.entry()).await.expect("placed"));
    assert_eq!(case.store.expired(&batch(9)).await.expect("counted"), 0);
    let now = case.samples.now();
    let lifted = case.store.lift_hold(hold.organisation, hold.id, now, &case.entry()).await;
    assert!(lifted.expect("lifted"));
    let removed = case.store.remove_expired(&batch(1), &case.entry()).await;
    assert!(removed.expect("removed"));
    assert_eq!(case.read(case.owner, case.newest(old.id)).await, None);
    assert!(case.read(case.owner, case.newest(new.id)).await.is_some());
}
