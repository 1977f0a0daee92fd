//! What every `AccessStore` does.

mod accounts;
mod founding;
mod keys;
mod sign_in;

use domain::OrganisationId;
use governance::{
    AuditEntry,
    ports::{AccessStore, AuditStore},
};

use crate::Samples;

/// Runs every case, each on a store of its own from `make`, which must be empty.
///
/// The same store must keep the audit trail: the suite looks there for what was written together.
pub async fn access_suite<S>(make: impl AsyncFn() -> S)
where
    S: AccessStore + AuditStore + Clone + 'static,
{
    founding::is_done_once(make().await, &Samples::new(1)).await;
    founding::is_done_once_by_many(make().await, Samples::new(2)).await;
    keys::are_kept_as_they_were_given(make().await, Samples::new(3)).await;
    keys::are_refused_with_their_entry(make().await, Samples::new(4)).await;
    keys::are_revoked_once(make().await, Samples::new(5)).await;
    keys::are_revoked_by_their_own_project_only(make().await, Samples::new(6)).await;
    keys::are_found_by_many_at_once(make().await, Samples::new(19)).await;
    sign_in::a_link_is_found_until_it_expires(make().await, Samples::new(7)).await;
    sign_in::a_link_is_redeemed_once(make().await, Samples::new(8)).await;
    sign_in::a_link_that_is_not_good_changes_nothing(make().await, Samples::new(9)).await;
    sign_in::a_refused_session_leaves_its_link_unused(make().await, Samples::new(10)).await;
    sign_in::many_redeem_one_link_and_one_succeeds(make().await, Samples::new(11)).await;
    sign_in::a_session_ends_once(make().await, Samples::new(12)).await;
    sign_in::a_session_is_ended_by_itself_only(make().await, Samples::new(13)).await;
    accounts::are_kept_as_they_were_given(make().await, Samples::new(14)).await;
    accounts::have_names_of_their_own(make().await, Samples::new(15)).await;
    accounts::are_changed_in_what_is_named(make().await, Samples::new(16)).await;
    accounts::keep_an_owner(make().await, Samples::new(17)).await;
    accounts::lose_their_sessions(make().await, Samples::new(18)).await;
}

/// The whole trail of an organisation.
async fn trail<S: AuditStore>(store: &S, organisation: OrganisationId) -> Vec<AuditEntry> {
    let entries = store.read_after(Some(organisation), 0, 1_000).await.expect("readable");
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// Whether this very entry is the last one of its organisation.
async fn is_last<S: AuditStore>(store: &S, entry: &AuditEntry) -> bool {
    let organisation = entry.organisation.expect("the entries of these cases have one");
    trail(store, organisation).await.last() == Some(entry)
}
