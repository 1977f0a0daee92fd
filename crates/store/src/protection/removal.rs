//! Removes a person: first the content, some rows at a time, then everything that names the account.
//!
//! Every table with a column for accounts has a statement here or a reason not to
//! (`tests/it/erasure.rs` compares them with the schema).

use domain::{AccountId, ErasureId, OrganisationId};
use governance::ErasedClass;
use sqlx::SqliteConnection;

use super::erasure;
use crate::{failure::Failure, row::bytes};

type Order = (OrganisationId, ErasureId);
type Account = (OrganisationId, AccountId);

/// The libraries `l` of the account, or of nobody any more, that nobody else reads, and those that
/// were deleted: all of it goes. What is shared with others stays. Of what nobody owns stays what
/// has documents of somebody whose things are held.
macro_rules! alone {
    () => {
        "l.organisation_id = ?1 AND (l.account_id = ?2 OR l.account_id IS NULL AND NOT EXISTS (\
         SELECT 1 FROM hold AS h WHERE h.organisation_id = ?1 AND h.lifted_at IS NULL \
         AND EXISTS (SELECT 1 FROM document AS o INDEXED BY document_of_account \
         WHERE o.organisation_id = ?1 AND o.account_id = h.account_id AND o.library_id = l.id))) \
         AND (l.removed_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM library_share AS s \
         WHERE s.organisation_id = ?1 AND s.library_id = l.id AND (s.grantee = 'organisation' \
         OR s.grantee = 'account' AND s.grantee_id <> ?2 OR s.grantee = 'group' AND EXISTS (\
         SELECT 1 FROM account_group_member AS m WHERE m.organisation_id = ?1 \
         AND m.group_id = s.grantee_id AND m.account_id <> ?2))))"
    };
}

/// Those that refer before what they refer to. What is counted has a class.
const CONTENT: [(Option<ErasedClass>, &str); 10] = [
    (
        Some(ErasedClass::Entries),
        "DELETE FROM entry WHERE number IN (SELECT number FROM entry \
         WHERE organisation_id = ?1 AND account_id = ?2 LIMIT ?3)",
    ),
    (
        Some(ErasedClass::Conversations),
        "DELETE FROM conversation WHERE number IN (SELECT number FROM conversation \
         WHERE organisation_id = ?1 AND account_id = ?2 LIMIT ?3)",
    ),
    (
        // They are counted as their job.
        None,
        "DELETE FROM batch_result WHERE rowid IN (SELECT r.rowid FROM batch_job AS j \
         JOIN batch_result AS r ON r.organisation_id = j.organisation_id AND r.job_id = j.id \
         WHERE j.organisation_id = ?1 AND j.account_id = ?2 LIMIT ?3)",
    ),
    (
        Some(ErasedClass::BatchJobs),
        "DELETE FROM batch_job WHERE organisation_id = ?1 AND id IN (SELECT id FROM batch_job \
         WHERE organisation_id = ?1 AND account_id = ?2 LIMIT ?3)",
    ),
    (
        // Their bytes follow before the file of the store is written anew.
        Some(ErasedClass::Files),
        "DELETE FROM file WHERE organisation_id = ?1 AND id IN (SELECT id FROM file \
         WHERE organisation_id = ?1 AND account_id = ?2 LIMIT ?3)",
    ),
    (
        Some(ErasedClass::AnswerTraces),
        "DELETE FROM answer_trace WHERE organisation_id = ?1 AND account_id = ?2 AND id IN (\
         SELECT id FROM answer_trace WHERE organisation_id = ?1 AND account_id = ?2 LIMIT ?3)",
    ),
    (
        // They are counted as their document; their bytes follow as those of files.
        None,
        concat!(
            "DELETE FROM document_version WHERE key IN (SELECT v.key FROM library AS l \
             CROSS JOIN document_version AS v ON v.organisation_id = l.organisation_id \
             AND v.library_id = l.id WHERE ",
            alone!(),
            " LIMIT ?3)"
        ),
    ),
    (
        Some(ErasedClass::Documents),
        concat!(
            "DELETE FROM document WHERE organisation_id = ?1 AND id IN (SELECT d.id \
             FROM library AS l CROSS JOIN document AS d ON d.organisation_id = l.organisation_id \
             AND d.library_id = l.id WHERE ",
            alone!(),
            " LIMIT ?3)"
        ),
    ),
    (
        // With whom they were shared: nobody, or groups of nobody else.
        Some(ErasedClass::Libraries),
        concat!(
            "DELETE FROM library WHERE organisation_id = ?1 AND id IN (SELECT l.id \
             FROM library AS l WHERE ",
            alone!(),
            " LIMIT ?3)"
        ),
    ),
    (
        // Whoever asked: they hold words of versions that are gone, and nobody knows any more whose
        // those were. Each counts once, so that fewer than the limit means that there are no more.
        // The last one: it looks at all traces.
        Some(ErasedClass::AnswerTraces),
        "DELETE FROM answer_trace WHERE (organisation_id, account_id, id) IN (\
         SELECT DISTINCT t.organisation_id, t.account_id, t.trace_id FROM answer_trace_source AS t \
         WHERE t.organisation_id = ?1 AND t.account_id <> ?2 \
         AND NOT EXISTS (SELECT 1 FROM document_version AS v WHERE v.key = t.version_key) \
         AND NOT EXISTS (SELECT 1 FROM hold AS h WHERE h.organisation_id = ?1 \
         AND h.lifted_at IS NULL AND (h.account_id IS NULL OR h.account_id = t.account_id)) \
         LIMIT ?3)",
    ),
];

/// `true` while there are more.
pub(super) async fn content(
    connection: &mut SqliteConnection,
    order: Order,
    rows_max: u32,
) -> Result<bool, Failure> {
    let Some(account) = erasure::account_of(connection, order).await? else { return Ok(false) };
    let account = (order.0, account);
    let mut left = u64::from(rows_max);
    for (class, statement) in CONTENT {
        let removed = sqlx::query(statement)
            .bind(bytes(account.0.as_uuid()))
            .bind(bytes(account.1.as_uuid()))
            .bind(i64::try_from(left).unwrap_or(i64::MAX))
            .execute(&mut *connection)
            .await?
            .rows_affected();
        if let Some(class) = class {
            erasure::count(connection, order, class, removed).await?;
        }
        left -= removed;
        if left == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What names the account, those that refer first.
const STATEMENTS: [(ErasedClass, &str); 18] = [
    (
        ErasedClass::PseudonymKeys,
        "UPDATE subject_key SET secret = NULL \
         WHERE organisation_id = ?1 AND secret IS NOT NULL AND (\
         kind = 'account' AND subject_id = ?2 \
         OR kind = 'key' AND subject_id IN \
         (SELECT id FROM api_key WHERE organisation_id = ?1 AND account_id = ?2) \
         OR kind = 'session' AND subject_id IN \
         (SELECT id FROM session WHERE organisation_id = ?1 AND account_id = ?2) \
         OR kind = 'sign_in_link' AND subject_id IN \
         (SELECT id FROM sign_in_link WHERE organisation_id = ?1 AND account_id = ?2))",
    ),
    (
        ErasedClass::UsageRecordsUnlinked,
        "UPDATE usage SET account_id = NULL, \
         principal_id = CASE WHEN principal_id IS NULL THEN NULL ELSE zeroblob(16) END \
         WHERE organisation_id = ?1 AND account_id = ?2",
    ),
    (ErasedClass::Drafts, "DELETE FROM draft WHERE organisation_id = ?1 AND account_id = ?2"),
    (
        ErasedClass::IdempotencyKeys,
        "DELETE FROM idempotency WHERE organisation_id = ?1 AND account_id = ?2",
    ),
    (
        // How many there were is counted with the conversations.
        ErasedClass::Conversations,
        "DELETE FROM conversation_range WHERE organisation_id = ?1 AND account_id = ?2 \
         AND NOT EXISTS (SELECT 1 FROM conversation WHERE organisation_id = ?1 AND account_id = ?2)",
    ),
    (ErasedClass::Sessions, "DELETE FROM session WHERE organisation_id = ?1 AND account_id = ?2"),
    (
        ErasedClass::SignInLinks,
        "DELETE FROM sign_in_link WHERE organisation_id = ?1 AND account_id = ?2",
    ),
    (
        ErasedClass::Budgets,
        "DELETE FROM budget WHERE organisation_id = ?1 AND (\
         scope = 'account' AND scope_id = ?2 OR scope = 'key' AND scope_id IN \
         (SELECT id FROM api_key WHERE organisation_id = ?1 AND account_id = ?2))",
    ),
    (ErasedClass::ApiKeys, "DELETE FROM api_key WHERE organisation_id = ?1 AND account_id = ?2"),
    (
        ErasedClass::Identities,
        "DELETE FROM identity WHERE organisation_id = ?1 AND account_id = ?2",
    ),
    (
        ErasedClass::LibraryShares,
        "DELETE FROM library_share WHERE organisation_id = ?1 AND grantee = 'account' \
         AND grantee_id = ?2",
    ),
    (
        // Others read it: it stays, and says not who added it.
        ErasedClass::DocumentsUnlinked,
        "UPDATE document SET account_id = NULL WHERE organisation_id = ?1 AND account_id = ?2",
    ),
    (
        ErasedClass::LibrariesUnlinked,
        "UPDATE library SET account_id = NULL WHERE organisation_id = ?1 AND account_id = ?2",
    ),
    (
        ErasedClass::GroupMemberships,
        "DELETE FROM account_group_member WHERE organisation_id = ?1 AND account_id = ?2",
    ),
    (
        ErasedClass::Provisioned,
        "DELETE FROM provisioned WHERE organisation_id = ?1 AND account_id = ?2",
    ),
    (
        // The log keeps that it happened; the reason may name the person.
        ErasedClass::Openings,
        "DELETE FROM opening WHERE organisation_id = ?1 \
         AND ?2 IN (subject_id, requester_id, approver_id, closer_id)",
    ),
    (ErasedClass::LiftedHolds, "DELETE FROM hold WHERE organisation_id = ?1 AND account_id = ?2"),
    (ErasedClass::Accounts, "DELETE FROM account WHERE organisation_id = ?1 AND id = ?2"),
];

/// `false`, and nothing is changed, if content is left or it was done before.
pub(super) async fn account(
    connection: &mut SqliteConnection,
    order: Order,
) -> Result<bool, Failure> {
    let Some(account) = erasure::account_of(connection, order).await? else { return Ok(false) };
    let account = (order.0, account);
    if has_content(connection, account).await? {
        return Ok(false);
    }
    for (class, statement) in STATEMENTS {
        let removed = sqlx::query(statement)
            .bind(bytes(account.0.as_uuid()))
            .bind(bytes(account.1.as_uuid()))
            .execute(&mut *connection)
            .await?
            .rows_affected();
        if class != ErasedClass::Conversations {
            erasure::count(connection, order, class, removed).await?;
        }
    }
    Ok(true)
}

async fn has_content(
    connection: &mut SqliteConnection,
    (organisation, account): Account,
) -> Result<bool, Failure> {
    let found = sqlx::query(concat!(
        "SELECT 1 FROM conversation WHERE organisation_id = ?1 AND account_id = ?2 \
         UNION ALL SELECT 1 FROM batch_job WHERE organisation_id = ?1 AND account_id = ?2 \
         UNION ALL SELECT 1 FROM file WHERE organisation_id = ?1 AND account_id = ?2 \
         UNION ALL SELECT 1 FROM answer_trace WHERE organisation_id = ?1 AND account_id = ?2 \
         UNION ALL SELECT 1 FROM library AS l WHERE ",
        alone!(),
        " LIMIT 1"
    ))
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(account.as_uuid()))
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}
