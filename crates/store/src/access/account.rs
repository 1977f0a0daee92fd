//! Accounts.

use domain::{Account, AccountId, AccountName, OrganisationId, Timestamp};
use governance::{
    PasswordDigest, TokenHash,
    ports::{AccountChange, AccountUpdated, StoredAccount},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::sign_in;
use crate::{
    failure::Failure,
    row::{Columns, bytes, hash_bytes},
};

/// `false` if the name is taken.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    account: &Account,
) -> Result<bool, Failure> {
    let changed = sqlx::query(
        "INSERT INTO account (organisation_id, id, project_id, kind, name, role, created_at, \
         disabled_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (name) DO NOTHING",
    )
    .bind(bytes(account.organisation.as_uuid()))
    .bind(bytes(account.id.as_uuid()))
    .bind(bytes(account.project.as_uuid()))
    .bind(account.kind.as_str())
    .bind(account.name.as_str())
    .bind(account.role.as_str())
    .bind(account.created_at.as_micros())
    .bind(account.disabled_at.map(Timestamp::as_micros))
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() > 0)
}

pub(crate) async fn find(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    id: AccountId,
) -> Result<Option<Account>, Failure> {
    let row = sqlx::query("SELECT * FROM account WHERE organisation_id = ?1 AND id = ?2")
        .bind(bytes(organisation.as_uuid()))
        .bind(bytes(id.as_uuid()))
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(account).transpose()
}

pub(super) async fn owner(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<Option<Account>, Failure> {
    let row = sqlx::query(
        "SELECT * FROM account \
         WHERE organisation_id = ?1 AND role = 'owner' AND disabled_at IS NULL \
         ORDER BY created_at, id LIMIT 1",
    )
    .bind(bytes(organisation.as_uuid()))
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(account).transpose()
}

/// By name alone: the name is what tells the tenant.
pub(super) async fn named(
    connection: &mut SqliteConnection,
    name: &AccountName,
) -> Result<Option<StoredAccount>, Failure> {
    let row = sqlx::query("SELECT * FROM account WHERE name = ?1")
        .bind(name.as_str())
        .fetch_optional(connection)
        .await?;
    let stored = |row: &SqliteRow| {
        let password = Columns(row).text_if_any("password")?.map(PasswordDigest::from_text);
        Ok(StoredAccount { account: account(row)?, password })
    };
    row.as_ref().map(stored).transpose()
}

/// By the hash alone: it is what tells the tenant.
pub(super) async fn of_identity(
    connection: &mut SqliteConnection,
    identity: TokenHash,
) -> Result<Option<Account>, Failure> {
    let row = sqlx::query(
        "SELECT a.* FROM identity AS i JOIN account AS a \
         ON a.organisation_id = i.organisation_id AND a.id = i.account_id \
         WHERE i.identity_hash = ?1",
    )
    .bind(hash_bytes(&identity))
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(account).transpose()
}

pub(super) async fn list(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<Vec<Account>, Failure> {
    let rows = sqlx::query("SELECT * FROM account WHERE organisation_id = ?1 ORDER BY name")
        .bind(bytes(organisation.as_uuid()))
        .fetch_all(connection)
        .await?;
    rows.iter().map(account).collect()
}

/// Changes nothing unless an owner is left that may be used.
pub(crate) async fn update(
    connection: &mut SqliteConnection,
    (organisation, id): (OrganisationId, AccountId),
    change: &AccountChange,
) -> Result<AccountUpdated, Failure> {
    let Some(kept) = find(connection, organisation, id).await? else {
        return Ok(AccountUpdated::Unknown);
    };
    let role = change.role.unwrap_or(kept.role);
    let disabled_at = change.disabled_at.unwrap_or(kept.disabled_at);
    let leads = |role, disabled: Option<_>| role == domain::Role::Owner && disabled.is_none();
    let steps_down = leads(kept.role, kept.disabled_at) && !leads(role, disabled_at);
    if steps_down && owners(connection, organisation).await? == 1 {
        return Ok(AccountUpdated::LastOwner);
    }
    let password = change.password.as_ref().map(|(digest, _)| digest.as_str().to_owned());
    sqlx::query(
        "UPDATE account SET role = ?3, disabled_at = ?4, password = coalesce(?5, password) \
         WHERE organisation_id = ?1 AND id = ?2",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .bind(role.as_str())
    .bind(disabled_at.map(Timestamp::as_micros))
    .bind(password)
    .execute(&mut *connection)
    .await?;
    let session_kept = change.password.as_ref().and_then(|(_, session)| *session);
    if disabled_at.is_some() || change.password.is_some() {
        let account = (organisation, id);
        sign_in::end_sessions_of(connection, account, session_kept, change.at).await?;
    }
    Ok(AccountUpdated::Done)
}

async fn owners(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<i64, Failure> {
    let count = sqlx::query_scalar(
        "SELECT count(*) FROM account \
         WHERE organisation_id = ?1 AND role = 'owner' AND disabled_at IS NULL",
    )
    .bind(bytes(organisation.as_uuid()));
    Ok(count.fetch_one(connection).await?)
}

pub(super) fn account(row: &SqliteRow) -> Result<Account, Failure> {
    let columns = Columns(row);
    Ok(Account {
        id: columns.account("id")?,
        organisation: columns.organisation("organisation_id")?,
        project: columns.project("project_id")?,
        kind: columns.word("kind")?,
        name: columns.word("name")?,
        role: columns.word("role")?,
        created_at: columns.time("created_at")?,
        disabled_at: columns.time_if_any("disabled_at")?,
    })
}

/// The account of a key or a session, from columns that begin with `a_`.
pub(super) fn joined(row: &SqliteRow) -> Result<Account, Failure> {
    let columns = Columns(row);
    Ok(Account {
        id: columns.account("account_id")?,
        organisation: columns.organisation("organisation_id")?,
        project: columns.project("a_project_id")?,
        kind: columns.word("a_kind")?,
        name: columns.word("a_name")?,
        role: columns.word("a_role")?,
        created_at: columns.time("a_created_at")?,
        disabled_at: columns.time_if_any("a_disabled_at")?,
    })
}
