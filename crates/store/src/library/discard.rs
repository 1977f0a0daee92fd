//! Removes what libraries that were deleted left behind, and those that nobody sees any more, some
//! rows at a time.

use sqlx::SqliteConnection;

use crate::failure::Failure;

/// Those that nobody owns and nobody is given any more, as when the last who had it left, unless
/// something in them is held. A group without members still has it: it may get some. Since when
/// nobody sees it was not written down, and nothing rests on the time.
const UNSEEN: &str = "UPDATE library SET removed_at = updated_at \
     WHERE account_id IS NULL AND removed_at IS NULL \
     AND NOT EXISTS (SELECT 1 FROM library_share AS s \
     WHERE s.organisation_id = library.organisation_id AND s.library_id = library.id) \
     AND NOT EXISTS (SELECT 1 FROM hold AS h WHERE h.organisation_id = library.organisation_id \
     AND h.lifted_at IS NULL AND (h.account_id IS NULL OR EXISTS (SELECT 1 FROM document AS d \
     INDEXED BY document_of_account WHERE d.organisation_id = h.organisation_id \
     AND d.account_id = h.account_id AND d.library_id = library.id)))";

/// Those that refer before what they refer to. A library that is kept by nothing else goes last.
const STATEMENTS: [&str; 3] = [
    "DELETE FROM document_version WHERE key IN (SELECT v.key FROM library AS l \
     JOIN document_version AS v ON v.organisation_id = l.organisation_id AND v.library_id = l.id \
     WHERE l.removed_at IS NOT NULL LIMIT ?1)",
    "DELETE FROM document WHERE (organisation_id, id) IN (SELECT d.organisation_id, d.id \
     FROM library AS l JOIN document AS d ON d.organisation_id = l.organisation_id \
     AND d.library_id = l.id WHERE l.removed_at IS NOT NULL LIMIT ?1)",
    "DELETE FROM library WHERE (organisation_id, id) IN (SELECT l.organisation_id, l.id \
     FROM library AS l WHERE l.removed_at IS NOT NULL LIMIT ?1)",
];

/// `true` while there are more.
pub(super) async fn some(
    connection: &mut SqliteConnection,
    rows_max: u32,
) -> Result<bool, Failure> {
    sqlx::query(UNSEEN).execute(&mut *connection).await?;
    for statement in STATEMENTS {
        let removed =
            sqlx::query(statement).bind(rows_max).execute(&mut *connection).await?.rows_affected();
        // What refers to it may be left.
        if removed >= u64::from(rows_max) {
            return Ok(true);
        }
    }
    Ok(false)
}
