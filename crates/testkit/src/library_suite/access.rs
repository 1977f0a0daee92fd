//! Who sees which library, and what they may do.

use domain::{AccountId, GroupId, LibraryId};
use governance::ports::{Applied, Group, ProvisioningChange, ProvisioningStore};
use knowledge::{
    Grantee, Library, LibraryAccess, LibraryChange, LibraryQuery, Share, ShareRole, Visitor,
    ports::{Changed, Refusal},
};

use super::{Case, unknown};

pub(super) async fn a_library_is_told_as_it_was_made<S>(case: &Case<S>) {
    let library = case.described(case.owner);
    let inserted = case.libraries.insert(&library, 1, &case.entry()).await.expect("answered");
    assert_eq!(inserted, Ok(()));
    let found = case.libraries.library(case.owner, library.id).await.expect("read");
    let found = found.expect("there");
    assert_eq!((&found.library, found.access), (&library, LibraryAccess::Owner));
    let change = LibraryChange { name: Some("lois".to_owned()), description: Some(None) };
    let entry = case.entry();
    let changed = case.libraries.update(case.owner, library.id, &change, &entry).await;
    let expected = Library {
        name: "lois".to_owned(),
        description: None,
        updated_at: entry.at,
        ..library.clone()
    };
    assert_eq!(changed.expect("answered").map(|seen| seen.library), Ok(expected.clone()));
    let nothing = LibraryChange::default();
    let entry = case.entry();
    let changed = case.libraries.update(case.owner, library.id, &nothing, &entry).await;
    let expected = Library { updated_at: entry.at, ..expected };
    assert_eq!(changed.expect("answered").map(|seen| seen.library), Ok(expected));
}

pub(super) async fn only_those_whom_it_was_given_see_a_library<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    assert!(!case.sees(case.other, library).await);
    let account = Grantee::Account(case.other.account);
    assert_eq!(case.give(library, account, ShareRole::Viewer).await, Ok(()));
    assert_eq!(access(case, case.other, library).await, Some(LibraryAccess::Viewer));
    assert!(!case.sees(case.third, library).await);
    // The better of two counts.
    assert_eq!(case.give(library, Grantee::Organisation, ShareRole::Editor).await, Ok(()));
    assert_eq!(access(case, case.other, library).await, Some(LibraryAccess::Editor));
    assert_eq!(access(case, case.third, library).await, Some(LibraryAccess::Editor));
    let shares = case.libraries.shares(case.third, library).await.expect("read");
    let share = |grantee, role| Share { library, grantee, role };
    let expected =
        [share(account, ShareRole::Viewer), share(Grantee::Organisation, ShareRole::Editor)];
    assert_eq!(shares, Ok(expected.to_vec()));
    assert_eq!(case.give(library, account, ShareRole::Editor).await, Ok(()), "in its place");
    for grantee in [Grantee::Organisation, account, account] {
        let taken = case.libraries.unshare(case.owner, library, grantee, &case.entry()).await;
        assert_eq!(taken.expect("answered"), Ok(()));
    }
    assert!(!case.sees(case.other, library).await && !case.sees(case.third, library).await);
}

pub(super) async fn whoever_may_not_changes_nothing<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let other = Grantee::Account(case.other.account);
    assert_eq!(attempts(case, case.other, library).await, [unknown(library); 4]);
    let refused: Changed<()> = Err(Refusal::Forbidden(LibraryAccess::Owner));
    for role in ShareRole::ALL {
        assert_eq!(case.give(library, other, role).await, Ok(()));
        assert_eq!(attempts(case, case.other, library).await, [refused; 4], "{role:?}");
        let shares = case.libraries.shares(case.other, library).await.expect("read");
        assert_eq!(shares.is_ok(), role == ShareRole::Editor);
    }
    let nobody = Grantee::Account(AccountId::from_uuid(case.samples.id()));
    let given = case.give(library, nobody, ShareRole::Viewer).await;
    assert_eq!(given, Err(Refusal::GranteeUnknown(nobody)));
    // What was given may be left.
    let left = case.libraries.unshare(case.other, library, other, &case.entry()).await;
    assert_eq!(left.expect("answered"), Ok(()));
    assert!(!case.sees(case.other, library).await);
}

async fn attempts<S>(case: &Case<S>, visitor: Visitor, id: LibraryId) -> [Changed<()>; 4] {
    let change = LibraryChange { name: Some("mine".to_owned()), ..LibraryChange::default() };
    let share = Share { library: id, grantee: Grantee::Organisation, role: ShareRole::Viewer };
    let updated = case.libraries.update(visitor, id, &change, &case.entry()).await;
    let all = Grantee::Organisation;
    [
        updated.expect("answered").map(|_| ()),
        case.libraries.share(visitor, &share, &case.entry()).await.expect("answered"),
        case.libraries.unshare(visitor, id, all, &case.entry()).await.expect("answered"),
        case.libraries.delete(visitor, id, &case.entry()).await.expect("answered"),
    ]
}

pub(super) async fn groups_count_as_they_are_at_the_time<S: ProvisioningStore>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let at = case.samples.now();
    let mut group = Group {
        id: GroupId::from_uuid(case.samples.id()),
        organisation: case.owner.organisation,
        display_name: "juristes".to_owned(),
        external_id: None,
        members: vec![case.other.account],
        created_at: at,
        changed_at: at,
    };
    put(case, &group).await;
    let grantee = Grantee::Group(group.id);
    assert_eq!(case.give(library, grantee, ShareRole::Viewer).await, Ok(()));
    assert!(case.sees(case.other, library).await && !case.sees(case.third, library).await);
    group.members = vec![case.third.account];
    put(case, &group).await;
    assert!(!case.sees(case.other, library).await && case.sees(case.third, library).await);
    let roles = Vec::new();
    let gone = ProvisioningChange::RemoveGroup { id: group.id, roles, at: case.samples.now() };
    apply(case, &gone).await;
    assert!(!case.sees(case.third, library).await);
    let shares = case.libraries.shares(case.owner, library).await.expect("read");
    assert_eq!(shares, Ok(Vec::new()));
    let given = case.give(library, grantee, ShareRole::Viewer).await;
    assert_eq!(given, Err(Refusal::GranteeUnknown(grantee)));
}

pub(super) async fn put<S: ProvisioningStore>(case: &Case<S>, group: &Group) {
    apply(case, &ProvisioningChange::PutGroup { group: group.clone(), roles: Vec::new() }).await;
}

pub(super) async fn apply<S: ProvisioningStore>(case: &Case<S>, change: &ProvisioningChange) {
    let entries = [case.entry()];
    let applied = case.store.apply(case.owner.organisation, change, &entries).await;
    assert_eq!(applied.expect("answered"), Applied::Done);
}

pub(super) async fn pages_follow_each_other<S>(case: &Case<S>) {
    let mut ids = Vec::new();
    for number in 0..5 {
        let owner = if number == 2 { case.other } else { case.owner };
        let library = case.library(owner).await;
        if number == 2 {
            let given = case.give(library, Grantee::Organisation, ShareRole::Viewer).await;
            assert_eq!(given, Ok(()));
        }
        ids.insert(0, library);
    }
    case.library(case.other).await;
    let all = LibraryQuery { limit: 2, ..LibraryQuery::default() };
    let listed = async |query: LibraryQuery| {
        let page = case.libraries.libraries(case.owner, &query).await.expect("listed");
        assert_eq!(page.total, 5);
        let listed: Vec<LibraryId> = page.libraries.iter().map(|seen| seen.library.id).collect();
        (listed, page.has_more)
    };
    assert_eq!(listed(all).await, (ids[..2].to_vec(), true));
    assert_eq!(listed(LibraryQuery { offset: 4, ..all }).await, (ids[4..].to_vec(), false));
    let behind = LibraryQuery { after: Some(ids[1]), ..all };
    assert_eq!(listed(behind).await, (ids[2..4].to_vec(), true));
}

pub(super) async fn a_deleted_library_is_gone_at_once<S>(case: &Case<S>) {
    let (library, kept) = (case.library(case.owner).await, case.library(case.owner).await);
    let document = case.added(library, b"one").await;
    let stays = case.added(kept, b"two").await;
    case.index(document.current.key).await;
    case.index(stays.current.key).await;
    let now = case.samples.now();
    let all = [document.current.key, stays.current.key];
    assert_eq!(case.found(case.owner, now).await, all);
    let deleted = case.libraries.delete(case.owner, library, &case.entry()).await;
    assert_eq!(deleted.expect("answered"), Ok(()));
    assert!(!case.sees(case.owner, library).await);
    assert_eq!(case.found(case.owner, now).await, all[1..]);
    assert_eq!(case.read(case.owner, case.newest(document.id)).await, None);
    let bytes = case.documents.bytes(case.owner, document.current.key).await.expect("answered");
    assert!(bytes.is_none());
    let again = case.libraries.delete(case.owner, library, &case.entry()).await;
    assert_eq!(again.expect("answered"), unknown(library));
    while case.libraries.discard(1).await.expect("removed") {}
    let left = case.documents.bytes_kept(case.owner.organisation).await.expect("added up");
    assert_eq!(left, 3);
    assert_eq!(case.documents.clean_up(true).await.expect("cleaned"), 0, "its bytes are gone");
    assert!(case.read(case.owner, case.newest(stays.id)).await.is_some());
}

pub(super) async fn an_account_has_so_many_libraries<S>(case: &Case<S>) {
    for expected in [Ok(()), Ok(()), Err(Refusal::TooManyLibraries)] {
        let library = case.described(case.owner);
        let inserted = case.libraries.insert(&library, 2, &case.entry()).await;
        assert_eq!(inserted.expect("answered"), expected);
    }
    let other = case.described(case.other);
    let inserted = case.libraries.insert(&other, 2, &case.entry()).await;
    assert_eq!(inserted.expect("answered"), Ok(()));
}

async fn access<S>(case: &Case<S>, visitor: Visitor, id: LibraryId) -> Option<LibraryAccess> {
    let seen = case.libraries.library(visitor, id).await.expect("read");
    seen.map(|seen| seen.access)
}
