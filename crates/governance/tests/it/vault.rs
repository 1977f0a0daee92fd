//! When texts can be read: while the custodian gives the keys, and a little longer.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use governance::{
    AuditEntry, DataClass, Locked, Vault, VaultError, VaultParts,
    ports::{DataKeyStore, StoreError, StoredDataKey},
};
use testkit::{MemoryCustodian, SeededSecrets};

use crate::{SEED, World};

/// Keys in memory, which can become unreadable.
#[derive(Default)]
struct Keys {
    rows: Mutex<Vec<StoredDataKey>>,
    is_broken: AtomicBool,
}

#[async_trait]
impl DataKeyStore for Keys {
    async fn data_keys(&self) -> Result<Vec<StoredDataKey>, StoreError> {
        if self.is_broken.load(Ordering::SeqCst) {
            let source = "told to fail".into();
            return Err(StoreError { action: "read the keys", is_locked: false, source });
        }
        Ok(self.rows.lock().unwrap().clone())
    }

    async fn insert_data_key(
        &self,
        key: &StoredDataKey,
        _audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.rows.lock().unwrap().push(key.clone());
        Ok(true)
    }

    async fn rewrap_data_keys(
        &self,
        keys: &[StoredDataKey],
        _audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        *self.rows.lock().unwrap() = keys.to_vec();
        Ok(true)
    }
}

struct Safe {
    world: World,
    keys: Arc<Keys>,
    custodian: Arc<MemoryCustodian>,
    vault: Vault,
}

impl Safe {
    async fn new() -> Self {
        let world = World::founded().await;
        let (keys, custodian) = (Arc::new(Keys::default()), Arc::new(MemoryCustodian::new(SEED)));
        let vault = Vault::new(VaultParts {
            custodian: custodian.clone(),
            store: keys.clone(),
            access: world.store.clone(),
            trail: world.trail.clone(),
            clock: Arc::new(world.clock.clone()),
            secrets: Arc::new(SeededSecrets::new(SEED)),
        });
        Self { world, keys, custodian, vault }
    }

    async fn founded() -> Self {
        let safe = Self::new().await;
        let operator = safe.world.access.operator().await.unwrap();
        safe.vault.found(operator).await.unwrap();
        safe
    }

    async fn is_readable(&self) -> bool {
        let organisation = self.world.access.operator().await.unwrap().organisation;
        self.vault.keys(organisation).is_ok()
    }
}

#[tokio::test]
async fn keys_are_made_once_and_told_to_the_log() {
    let safe = Safe::founded().await;
    let operator = safe.world.access.operator().await.unwrap();
    safe.vault.found(operator).await.unwrap();
    let made: Vec<_> = safe.keys.rows.lock().unwrap().iter().map(|key| key.class).collect();
    assert_eq!(made, DataClass::ALL);
    assert_eq!(safe.vault.rotate(operator).await.unwrap(), 2);
    assert!(safe.is_readable().await);
    for key in safe.keys.rows.lock().unwrap().iter() {
        assert_eq!(key.wrapping, safe.custodian.id());
    }
}

#[tokio::test]
async fn an_organisation_that_came_later_gets_its_keys_when_it_needs_them() {
    let safe = Safe::new().await;
    let organisation = safe.world.access.operator().await.unwrap().organisation;
    assert_eq!(safe.vault.keys_or_new(organisation).await.err(), Some(Locked), "never opened");
    safe.vault.refresh().await.unwrap();
    assert_eq!(safe.vault.keys(organisation).err(), Some(Locked));
    assert!(safe.vault.keys_or_new(organisation).await.is_ok());
    assert!(safe.vault.keys(organisation).is_ok());
}

#[tokio::test]
async fn a_custodian_that_refuses_locks_at_once_and_opens_again() {
    let safe = Safe::founded().await;
    safe.custodian.refuse(true);
    assert!(safe.is_readable().await, "until the keys are asked for again");
    let refused = safe.vault.refresh().await;
    assert!(matches!(refused, Err(VaultError::Custody(_))), "{refused:?}");
    assert!(!safe.is_readable().await && !safe.vault.is_open());
    safe.custodian.refuse(false);
    safe.vault.refresh().await.unwrap();
    assert!(safe.is_readable().await);
    safe.vault.lock();
    assert!(!safe.is_readable().await);
}

/// It says nothing of the wrapping key, and cannot be used to keep the texts open for long.
#[tokio::test]
async fn a_store_that_cannot_be_read_locks_the_second_time() {
    let safe = Safe::founded().await;
    for _ in 0..3 {
        safe.keys.is_broken.store(true, Ordering::SeqCst);
        safe.vault.refresh().await.unwrap_err();
        assert!(safe.is_readable().await);
        safe.keys.is_broken.store(false, Ordering::SeqCst);
        safe.vault.refresh().await.unwrap();
    }
    safe.keys.is_broken.store(true, Ordering::SeqCst);
    safe.vault.refresh().await.unwrap_err();
    safe.vault.refresh().await.unwrap_err();
    assert!(!safe.is_readable().await);
    safe.keys.is_broken.store(false, Ordering::SeqCst);
    safe.vault.refresh().await.unwrap();
    assert!(safe.is_readable().await);
}
