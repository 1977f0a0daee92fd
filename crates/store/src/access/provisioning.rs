//! What an identity provider says of accounts, and its groups.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{Account, AccountId, GroupId, OrganisationId, Role, Timestamp};
use governance::{
    AuditEntry,
    ports::{
        AccountChange, AccountUpdated, Applied, Group, Provisioned, ProvisioningChange,
        ProvisioningStore, StoreError,
    },
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::account;
use crate::{
    audit,
    failure::{Failure, store_error},
    row::{Columns, bytes},
    store::Store,
};

#[async_trait]
impl ProvisioningStore for Store {
    async fn persons(&self, organisation: OrganisationId) -> Result<Vec<Provisioned>, StoreError> {
        self.read(move |connection| Box::pin(persons(connection, organisation)))
            .await
            .map_err(store_error("list the persons"))
    }

    async fn groups(&self, organisation: OrganisationId) -> Result<Vec<Group>, StoreError> {
        self.read(move |connection| Box::pin(groups(connection, organisation)))
            .await
            .map_err(store_error("list the groups"))
    }

    async fn apply(
        &self,
        organisation: OrganisationId,
        change: &ProvisioningChange,
        audit: &[AuditEntry],
    ) -> Result<Applied, StoreError> {
        let (change, entries) = (change.clone(), audit.to_vec());
        self.change(move |connection| {
            Box::pin(async move {
                let refused = refusal(connection, organisation, &change).await?;
                if let Some(refused) = refused {
                    return Ok(refused);
                }
                write(connection, organisation, &change).await?;
                for entry in &entries {
                    audit::insert(connection, entry).await?;
                }
                Ok(Applied::Done)
            })
        })
        .await
        .map_err(store_error("keep what the identity provider says"))
    }
}

/// The account that has this foreign id.
pub(super) async fn external(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    external_id: &str,
) -> Result<Option<Account>, Failure> {
    let row = sqlx::query(
        "SELECT a.* FROM provisioned AS p JOIN account AS a \
         ON a.organisation_id = p.organisation_id AND a.id = p.account_id \
         WHERE p.organisation_id = ?1 AND p.external_id = ?2",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(external_id)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(account::account).transpose()
}

async fn persons(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<Vec<Provisioned>, Failure> {
    let rows = sqlx::query(
        "SELECT a.*, p.external_id, p.display_name, \
         coalesce(p.changed_at, a.created_at) AS p_changed_at \
         FROM account AS a LEFT JOIN provisioned AS p \
         ON p.organisation_id = a.organisation_id AND p.account_id = a.id \
         WHERE a.organisation_id = ?1 AND a.kind = 'person' AND p.removed_at IS NULL \
         ORDER BY a.id",
    )
    .bind(bytes(organisation.as_uuid()))
    .fetch_all(connection)
    .await?;
    let person = |row: &SqliteRow| {
        let columns = Columns(row);
        Ok(Provisioned {
            account: account::account(row)?,
            external_id: columns.text_if_any("external_id")?,
            display_name: columns.text_if_any("display_name")?,
            changed_at: columns.time("p_changed_at")?,
        })
    };
    rows.iter().map(person).collect()
}

async fn groups(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<Vec<Group>, Failure> {
    let members = sqlx::query(
        "SELECT group_id, account_id FROM account_group_member WHERE organisation_id = ?1 \
         ORDER BY group_id, account_id",
    )
    .bind(bytes(organisation.as_uuid()))
    .fetch_all(&mut *connection)
    .await?;
    let mut of_groups: BTreeMap<GroupId, Vec<AccountId>> = BTreeMap::new();
    for row in &members {
        let columns = Columns(row);
        let group = GroupId::from_uuid(columns.uuid("group_id")?);
        of_groups.entry(group).or_default().push(columns.account("account_id")?);
    }
    let rows = sqlx::query("SELECT * FROM account_group WHERE organisation_id = ?1 ORDER BY id")
        .bind(bytes(organisation.as_uuid()))
        .fetch_all(connection)
        .await?;
    let mut group = |row: &SqliteRow| {
        let columns = Columns(row);
        let id = GroupId::from_uuid(columns.uuid("id")?);
        Ok(Group {
            id,
            organisation,
            display_name: columns.text("display_name")?,
            external_id: columns.text_if_any("external_id")?,
            members: of_groups.remove(&id).unwrap_or_default(),
            created_at: columns.time("created_at")?,
            changed_at: columns.time("changed_at")?,
        })
    };
    rows.iter().map(&mut group).collect()
}

/// Why it is not done, found before anything is written but `disabled_at`, which is set by the very
/// look for another owner.
async fn refusal(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    change: &ProvisioningChange,
) -> Result<Option<Applied>, Failure> {
    match change {
        ProvisioningChange::Create(person) => look_at(connection, organisation, person).await,
        ProvisioningChange::Update(person) => {
            let kept = account::find(connection, organisation, person.account.id).await?;
            if kept.is_none() {
                return Ok(Some(Applied::Unknown));
            }
            if let Some(refused) = look_at(connection, organisation, person).await? {
                return Ok(Some(refused));
            }
            step_down(connection, organisation, person.account.id, person.account.disabled_at).await
        }
        ProvisioningChange::Remove { account, at, .. } => {
            if account::find(connection, organisation, *account).await?.is_none() {
                return Ok(Some(Applied::Unknown));
            }
            step_down(connection, organisation, *account, Some(*at)).await
        }
        ProvisioningChange::PutGroup { group, .. } => {
            for member in &group.members {
                if account::find(connection, organisation, *member).await?.is_none() {
                    return Ok(Some(Applied::Unknown));
                }
            }
            let taken = sqlx::query(
                "SELECT 1 FROM account_group \
                 WHERE organisation_id = ?1 AND external_id = ?2 AND id <> ?3",
            )
            .bind(bytes(organisation.as_uuid()))
            .bind(group.external_id.as_deref())
            .bind(bytes(group.id.as_uuid()))
            .fetch_optional(connection)
            .await?;
            Ok(taken.map(|_| Applied::ExternalIdTaken))
        }
        ProvisioningChange::RemoveGroup { .. } => Ok(None),
    }
}

async fn look_at(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    person: &Provisioned,
) -> Result<Option<Applied>, Failure> {
    let named = account::named(connection, &person.account.name).await?;
    if named.is_some_and(|named| named.account.id != person.account.id) {
        return Ok(Some(Applied::NameTaken));
    }
    let Some(wanted) = &person.external_id else { return Ok(None) };
    let has = external(connection, organisation, wanted).await?;
    Ok(has.filter(|has| has.id != person.account.id).map(|_| Applied::ExternalIdTaken))
}

/// Tries whether an owner would be left, by the very change that is made afterwards.
async fn step_down(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    id: AccountId,
    disabled_at: Option<Timestamp>,
) -> Result<Option<Applied>, Failure> {
    let at = disabled_at.unwrap_or(Timestamp::from_micros(0));
    let change = AccountChange { disabled_at: Some(disabled_at), ..AccountChange::at(at) };
    Ok(match account::update(connection, (organisation, id), &change).await? {
        AccountUpdated::Done => None,
        AccountUpdated::Unknown => Some(Applied::Unknown),
        AccountUpdated::LastOwner => Some(Applied::LastOwner),
    })
}

/// What [`refusal`] has found nothing against. `disabled_at` is set there already.
async fn write(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    change: &ProvisioningChange,
) -> Result<(), Failure> {
    match change {
        ProvisioningChange::Create(person) => {
            account::insert(connection, &person.account).await?;
            put_person(connection, person).await
        }
        ProvisioningChange::Update(person) => {
            rename(connection, &person.account).await?;
            put_person(connection, person).await
        }
        ProvisioningChange::Remove { account, name, at } => {
            if let Some(kept) = account::find(connection, organisation, *account).await? {
                rename(connection, &Account { name: name.clone(), ..kept }).await?;
            }
            forget(connection, organisation, *account, *at).await
        }
        ProvisioningChange::PutGroup { group, roles } => {
            put_group(connection, group).await?;
            set_roles(connection, organisation, roles, group.changed_at).await
        }
        ProvisioningChange::RemoveGroup { id, roles, at } => {
            remove_members(connection, organisation, *id).await?;
            sqlx::query("DELETE FROM account_group WHERE organisation_id = ?1 AND id = ?2")
                .bind(bytes(organisation.as_uuid()))
                .bind(bytes(id.as_uuid()))
                .execute(&mut *connection)
                .await?;
            set_roles(connection, organisation, roles, *at).await
        }
    }
}

async fn rename(connection: &mut SqliteConnection, account: &Account) -> Result<(), Failure> {
    sqlx::query("UPDATE account SET name = ?3 WHERE organisation_id = ?1 AND id = ?2")
        .bind(bytes(account.organisation.as_uuid()))
        .bind(bytes(account.id.as_uuid()))
        .bind(account.name.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

async fn put_person(
    connection: &mut SqliteConnection,
    person: &Provisioned,
) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO provisioned (organisation_id, account_id, external_id, display_name, \
         changed_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (organisation_id, account_id) \
         DO UPDATE SET external_id = ?3, display_name = ?4, changed_at = ?5",
    )
    .bind(bytes(person.account.organisation.as_uuid()))
    .bind(bytes(person.account.id.as_uuid()))
    .bind(person.external_id.as_deref())
    .bind(person.display_name.as_deref())
    .bind(person.changed_at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

async fn forget(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    account: AccountId,
    at: Timestamp,
) -> Result<(), Failure> {
    sqlx::query("DELETE FROM account_group_member WHERE organisation_id = ?1 AND account_id = ?2")
        .bind(bytes(organisation.as_uuid()))
        .bind(bytes(account.as_uuid()))
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO provisioned (organisation_id, account_id, changed_at, removed_at) \
         VALUES (?1, ?2, ?3, ?3) ON CONFLICT (organisation_id, account_id) \
         DO UPDATE SET external_id = NULL, display_name = NULL, changed_at = ?3, removed_at = ?3",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(account.as_uuid()))
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

async fn put_group(connection: &mut SqliteConnection, group: &Group) -> Result<(), Failure> {
    let organisation = bytes(group.organisation.as_uuid());
    sqlx::query(
        "INSERT INTO account_group (organisation_id, id, display_name, external_id, created_at, \
         changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (organisation_id, id) \
         DO UPDATE SET display_name = ?3, external_id = ?4, changed_at = ?6",
    )
    .bind(organisation.clone())
    .bind(bytes(group.id.as_uuid()))
    .bind(&group.display_name)
    .bind(group.external_id.as_deref())
    .bind(group.created_at.as_micros())
    .bind(group.changed_at.as_micros())
    .execute(&mut *connection)
    .await?;
    remove_members(connection, group.organisation, group.id).await?;
    for member in &group.members {
        sqlx::query("INSERT INTO account_group_member VALUES (?1, ?2, ?3)")
            .bind(organisation.clone())
            .bind(bytes(group.id.as_uuid()))
            .bind(bytes(member.as_uuid()))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn remove_members(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    group: GroupId,
) -> Result<(), Failure> {
    sqlx::query("DELETE FROM account_group_member WHERE organisation_id = ?1 AND group_id = ?2")
        .bind(bytes(organisation.as_uuid()))
        .bind(bytes(group.as_uuid()))
        .execute(connection)
        .await?;
    Ok(())
}

/// Nobody in here is an owner: groups neither make nor unmake those.
async fn set_roles(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    roles: &[(AccountId, Role)],
    at: Timestamp,
) -> Result<(), Failure> {
    for (account, role) in roles {
        let change = AccountChange { role: Some(*role), ..AccountChange::at(at) };
        account::update(connection, (organisation, *account), &change).await?;
    }
    Ok(())
}
