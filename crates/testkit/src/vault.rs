//! A vault whose custodian can be told to refuse.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use domain::{Account, Caller, Clock as _, Principal, Timestamp};
use envelope::{DataKey, KEY_LENGTH, NONCE_LENGTH, WrappingKey, WrappingKeyId};
use governance::{
    LogGate, SecretSource as _, Trail, TrailParts, Vault, VaultParts,
    ports::{AccessStore, AuditStore, CustodyError, DataKeyStore, KeyCustodian, StoredDataKey},
};
use zeroize::Zeroizing;

use crate::{SeededIds, SeededSecrets, SimulatedClock};

/// Keeps a wrapping key that everybody who knows the seed knows.
pub struct MemoryCustodian {
    key: WrappingKey,
    secrets: SeededSecrets,
    refuses: AtomicBool,
}

impl MemoryCustodian {
    pub fn new(seed: u64) -> Self {
        let secrets = SeededSecrets::new(seed);
        let mut secret = Zeroizing::new([0; KEY_LENGTH]);
        secrets.fill(&mut *secret);
        Self { key: WrappingKey::from_bytes(secret), secrets, refuses: AtomicBool::new(false) }
    }

    /// As if the key had been taken away, or put back.
    pub fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }

    pub fn id(&self) -> WrappingKeyId {
        self.key.id()
    }

    fn check(&self, id: WrappingKeyId) -> Result<(), CustodyError> {
        if self.refuses.load(Ordering::SeqCst) || id != self.key.id() {
            return Err(CustodyError::Missing { id });
        }
        Ok(())
    }
}

#[async_trait]
impl KeyCustodian for MemoryCustodian {
    async fn wrap(
        &self,
        place: &[u8],
        key: &DataKey,
    ) -> Result<(WrappingKeyId, Vec<u8>), CustodyError> {
        self.check(self.key.id())?;
        let mut nonce = [0; NONCE_LENGTH];
        self.secrets.fill(&mut nonce);
        Ok((self.key.id(), self.key.wrap(nonce, place, key)))
    }

    async fn unwrap(&self, place: &[u8], stored: &StoredDataKey) -> Result<DataKey, CustodyError> {
        let id = stored.wrapping;
        self.check(id)?;
        let unwrapped = self.key.unwrap(place, stored.version, &stored.wrapped);
        unwrapped.map_err(|_| CustodyError::Refused { id })
    }
}

/// A vault over a store; the same keys and nonces with the same seed.
pub fn vault_of<S>(store: &Arc<S>, custodian: Arc<dyn KeyCustodian>, seed: u64) -> Vault
where
    S: DataKeyStore + AccessStore + AuditStore + 'static,
{
    vault_at(store, custodian, (seed, SimulatedClock::default().now()))
}

/// As [`vault_of`], at a time: a log takes no entry that is older than the newest one.
pub fn vault_at<S>(
    store: &Arc<S>,
    custodian: Arc<dyn KeyCustodian>,
    (seed, now): (u64, Timestamp),
) -> Vault
where
    S: DataKeyStore + AccessStore + AuditStore + 'static,
{
    let clock = Arc::new(SimulatedClock::new(now));
    let trail = Trail::new(TrailParts {
        audit: Arc::<S>::clone(store),
        access: Arc::<S>::clone(store),
        clock: clock.clone(),
        ids: Arc::new(SeededIds::new(seed ^ 0x5eed)),
        secrets: Arc::new(SeededSecrets::new(seed ^ 0x5eed)),
        gate: LogGate::default(),
    });
    Vault::new(VaultParts {
        custodian,
        store: Arc::<S>::clone(store),
        access: Arc::<S>::clone(store),
        trail,
        clock,
        secrets: Arc::new(SeededSecrets::new(seed)),
    })
}

/// Whoever commands an installation, as the vault asks for it.
pub fn operator_of(owner: &Account) -> Caller {
    Caller {
        organisation: owner.organisation,
        project: owner.project,
        account: owner.id,
        principal: Principal::Operator,
        permissions: owner.role.permissions(),
    }
}
