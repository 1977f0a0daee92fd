//! Accounts: who may be let in, as whom, and how people sign in with a password.

use std::collections::HashMap;

use domain::{
    Account, AccountId, AccountKind, AccountName, Caller, OrganisationId, Principal, Role,
    SessionId, Timestamp,
};

use crate::{
    Access, AccessError, Action, Password, SignedIn, Subject,
    access::session_caller,
    ports::{AccountChange, AccountUpdated},
};

/// Whom to make an account for.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub name: AccountName,
    pub kind: AccountKind,
    pub role: Role,
}

/// What of an account shall become what; `None` leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub role: Option<Role>,
    pub disabled: Option<bool>,
}

impl Access {
    pub async fn create_account(
        &self,
        caller: &Caller,
        new: &NewAccount,
    ) -> Result<Account, AccessError> {
        self.must_appoint(caller, new.role).await?;
        let now = self.clock.now();
        let account = Account {
            id: AccountId::from_uuid(self.ids.next(now)),
            organisation: caller.organisation,
            project: caller.project,
            kind: new.kind,
            name: new.name.clone(),
            role: new.role,
            created_at: now,
            disabled_at: None,
        };
        let subject = Subject::Account(account.id);
        let audit = self.entry(Action::AccountCreate, caller, subject).await?;
        if self.store.insert_account(&account, &audit).await? {
            Ok(account)
        } else {
            Err(AccessError::AccountExists { name: account.name })
        }
    }

    /// In the order of their names.
    pub async fn list_accounts(&self, caller: &Caller) -> Result<Vec<Account>, AccessError> {
        self.record(Action::AccountList, caller, Subject::Nothing).await?;
        Ok(self.store.list_accounts(caller.organisation).await?)
    }

    /// What the accounts of the organisation are called, for a list that says of whom it speaks.
    /// The list has its entry; the names have none of their own.
    pub async fn account_names(
        &self,
        organisation: OrganisationId,
    ) -> Result<HashMap<AccountId, AccountName>, AccessError> {
        let accounts = self.store.list_accounts(organisation).await?;
        Ok(accounts.into_iter().map(|account| (account.id, account.name)).collect())
    }

    /// Whose content the caller reads and writes.
    pub async fn own_account(&self, caller: &Caller) -> Result<Account, AccessError> {
        self.record(Action::AccountRead, caller, Subject::Account(caller.account)).await?;
        let account = self.store.account(caller.organisation, caller.account).await?;
        account.ok_or(AccessError::AccountUnknown)
    }

    /// An account of the caller's organisation by its name.
    pub async fn account_named(
        &self,
        caller: &Caller,
        name: &AccountName,
    ) -> Result<Account, AccessError> {
        let found = self.store.find_account(name).await?.map(|stored| stored.account);
        let own = found.filter(|account| account.organisation == caller.organisation);
        own.ok_or(AccessError::AccountUnknown)
    }

    pub async fn update_account(
        &self,
        caller: &Caller,
        id: AccountId,
        wish: Wish,
    ) -> Result<Account, AccessError> {
        let account = self.store.account(caller.organisation, id).await?;
        let account = account.ok_or(AccessError::AccountUnknown)?;
        self.must_appoint(caller, account.role).await?;
        if let Some(role) = wish.role {
            self.must_appoint(caller, role).await?;
        }
        let now = self.clock.now();
        let since = |disabled: bool| disabled.then(|| account.disabled_at.unwrap_or(now));
        let change = AccountChange {
            role: wish.role,
            disabled_at: wish.disabled.map(since),
            password: None,
            at: now,
        };
        self.change(caller, id, &change).await?;
        let changed = self.store.account(caller.organisation, id).await?;
        changed.ok_or(AccessError::AccountUnknown)
    }

    /// A one-time link for somebody who has no password yet. The operator of the machine may make
    /// one for everybody.
    pub async fn invite(&self, caller: &Caller, id: AccountId) -> Result<String, AccessError> {
        let account = self.store.account(caller.organisation, id).await?;
        let account = account.ok_or(AccessError::AccountUnknown)?;
        self.must_appoint(caller, account.role).await?;
        if account.kind == AccountKind::Service {
            return Err(AccessError::NotAPerson);
        }
        if caller.principal != Principal::Operator && self.has_own_way_in(&account).await? {
            return Err(AccessError::HasPassword);
        }
        self.link_for(caller, &account).await
    }

    /// Whether its person signs in without anybody's help.
    pub(crate) async fn has_own_way_in(&self, account: &Account) -> Result<bool, AccessError> {
        let bound = self.store.has_identity(account.organisation, account.id).await?;
        Ok(bound || self.has_password(account).await?)
    }

    /// Whether it can be signed in with a password.
    pub async fn has_password(&self, account: &Account) -> Result<bool, AccessError> {
        let stored = self.store.find_account(&account.name).await?;
        Ok(stored.is_some_and(|stored| stored.password.is_some()))
    }

    /// Signs somebody in by name and password.
    pub async fn sign_in_with_password(
        &self,
        name: &str,
        password: Password,
    ) -> Result<SignedIn, AccessError> {
        // A name that cannot be anybody's is refused like one that is nobody's.
        let name: Option<AccountName> = name.parse().ok();
        let counted = name.as_ref().map_or("", AccountName::as_str).to_owned();
        let now = self.clock.now();
        let entered = self.attempts.enter(&counted, now);
        entered.map_err(|seconds| AccessError::TooManyAttempts { seconds })?;
        let stored = match &name {
            Some(name) => self.store.find_account(name).await?,
            None => None,
        };
        let kept = stored.as_ref().and_then(|stored| stored.password.clone());
        let matches = self.passwords.matches(password, kept).await?;
        let account = stored.map(|stored| stored.account).filter(|_| matches);
        let account = account.ok_or(AccessError::PasswordWrong)?;
        let (session, token) = self.new_session(&account);
        let caller = session_caller(&session, &account);
        if account.disabled_at.is_some() {
            return Err(AccessError::AccountDisabled { caller });
        }
        let subject = Subject::Account(account.id);
        let audit = self.entry(Action::SessionCreate, &caller, subject).await?;
        self.store.insert_session(&session, &audit).await?;
        self.attempts.forget(&counted);
        Ok(SignedIn { session, token })
    }

    /// Gives the caller's account another password. `current` is what it has, if it has one.
    pub async fn set_password(
        &self,
        caller: &Caller,
        current: Option<Password>,
        new: Password,
    ) -> Result<(), AccessError> {
        let account = self.store.account(caller.organisation, caller.account).await?;
        let account = account.ok_or(AccessError::AccountUnknown)?;
        new.must_be_good(account.name.as_str())?;
        let stored = self.store.find_account(&account.name).await?;
        if let Some(kept) = stored.and_then(|stored| stored.password) {
            let counted = account.name.as_str();
            let entered = self.attempts.enter(counted, self.clock.now());
            entered.map_err(|seconds| AccessError::TooManyAttempts { seconds })?;
            let current = current.ok_or(AccessError::PasswordWrong)?;
            if !self.passwords.matches(current, Some(kept)).await? {
                return Err(AccessError::PasswordWrong);
            }
            self.attempts.forget(counted);
        }
        self.keep_password(caller, &account, new).await
    }

    /// Gives an account another password, as the operator of the machine.
    pub async fn reset_password(
        &self,
        operator: &Caller,
        account: &Account,
        new: Password,
    ) -> Result<(), AccessError> {
        if account.kind == AccountKind::Service {
            return Err(AccessError::NotAPerson);
        }
        new.must_be_good(account.name.as_str())?;
        self.keep_password(operator, account, new).await
    }

    async fn keep_password(
        &self,
        caller: &Caller,
        account: &Account,
        new: Password,
    ) -> Result<(), AccessError> {
        let digest = self.passwords.digest(new, &*self.secrets).await?;
        let change = AccountChange {
            password: Some((digest, session_of(caller))),
            ..AccountChange::at(self.clock.now())
        };
        self.change(caller, account.id, &change).await
    }

    async fn change(
        &self,
        caller: &Caller,
        id: AccountId,
        change: &AccountChange,
    ) -> Result<(), AccessError> {
        let audit = self.entry(Action::AccountUpdate, caller, Subject::Account(id)).await?;
        match self.store.update_account(caller.organisation, id, change, &audit).await? {
            AccountUpdated::Done => Ok(()),
            AccountUpdated::Unknown => Err(AccessError::AccountUnknown),
            AccountUpdated::LastOwner => Err(AccessError::LastOwner),
        }
    }

    pub(crate) async fn must_appoint(
        &self,
        caller: &Caller,
        role: Role,
    ) -> Result<(), AccessError> {
        let own = self.store.account(caller.organisation, caller.account).await?;
        let by = own.ok_or(AccessError::AccountUnknown)?.role;
        if by.appoints(role) { Ok(()) } else { Err(AccessError::NotAppointed { by, role }) }
    }
}

impl AccountChange {
    /// No change yet.
    pub const fn at(at: Timestamp) -> Self {
        Self { role: None, disabled_at: None, password: None, at }
    }
}

const fn session_of(caller: &Caller) -> Option<SessionId> {
    match caller.principal {
        Principal::Session(id) => Some(id),
        Principal::Key(_) | Principal::Operator => None,
    }
}
