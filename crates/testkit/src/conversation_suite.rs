//! What every `ConversationStore` does.

mod browsing;
mod drafts;
mod keys;
mod protection;
mod sample;
mod trees;
mod turns;

use std::sync::Arc;

use assistant::ports::ConversationStore;
use governance::{
    Vault,
    ports::{AccessStore, AuditStore},
};
use inference::ports::UsageLedger;

use sample::World;

pub use protection::{ProtectionUnderTest, protection_suite};

/// One store, seen through its ports.
#[derive(Clone)]
pub struct ConversationsUnderTest {
    pub store: Arc<dyn ConversationStore>,
    pub ledger: Arc<dyn UsageLedger>,
    pub audit: Arc<dyn AuditStore>,
    /// Organisation and project are founded here.
    pub projects: Arc<dyn AccessStore>,
    /// Makes the keys of the organisation; `None` where texts lie in clear.
    pub vault: Option<Arc<Vault>>,
}

/// Runs every case, each on a store of its own from `make`, which must be empty.
pub async fn conversation_suite(make: impl AsyncFn() -> ConversationsUnderTest) {
    let world = async |seed| World::new(make().await, seed).await;
    turns::a_conversation_begins_with_its_turn(&world(61).await).await;
    turns::a_turn_is_refused_without_a_trace(&world(62).await).await;
    turns::an_answer_grows_and_ends_once(&world(63).await).await;
    turns::only_running_answers_are_closed_as_interrupted(&world(64).await).await;
    turns::usage_is_that_of_the_settled_row(&world(65).await).await;
    turns::a_full_conversation_takes_no_more(&world(66).await).await;
    turns::one_of_many_begins(world(67).await).await;
    keys::a_key_is_done_once(&world(68).await).await;
    keys::a_key_is_forgotten_after_a_day(&world(69).await).await;
    keys::one_of_many_under_one_key_begins(world(70).await).await;
    trees::paths_lead_from_the_root(&world(71).await).await;
    trees::a_copy_is_a_tree_of_its_own(&world(72).await).await;
    trees::entries_of_one_moment_stay_in_order(&world(78).await).await;
    browsing::lists_are_ordered_and_paged(&world(73).await).await;
    browsing::a_search_finds_beginnings_of_words(&world(74).await).await;
    browsing::changes_are_kept(&world(75).await).await;
    browsing::what_is_deleted_is_gone(&world(76).await).await;
    drafts::a_draft_is_kept_until_it_is_removed(&world(77).await).await;
}
