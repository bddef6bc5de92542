//! Secrets in memory: gone with the process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use crate::secrets::{SecretError, SecretName, SecretStore, check_secret};

/// A secret store in memory.
#[derive(Default)]
pub struct MemorySecrets {
    kept: Mutex<BTreeMap<SecretName, SecretString>>,
}

impl MemorySecrets {
    fn kept(&self) -> MutexGuard<'_, BTreeMap<SecretName, SecretString>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemorySecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.kept().keys()).finish()
    }
}

#[async_trait]
impl SecretStore for MemorySecrets {
    async fn get(&self, name: &SecretName) -> Result<Option<SecretString>, SecretError> {
        Ok(self.kept().get(name).cloned())
    }

    async fn put(&self, name: &SecretName, secret: &SecretString) -> Result<(), SecretError> {
        check_secret(name, secret.expose_secret().len())?;
        self.kept().insert(name.clone(), secret.clone());
        Ok(())
    }

    async fn remove(&self, name: &SecretName) -> Result<(), SecretError> {
        self.kept().remove(name);
        Ok(())
    }

    async fn list(&self) -> Result<Vec<SecretName>, SecretError> {
        Ok(self.kept().keys().cloned().collect())
    }

    async fn can_put(&self, _name: &SecretName) -> Result<(), SecretError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::secret_suite;

    #[tokio::test]
    async fn it_keeps_the_contract() {
        secret_suite::all(&MemorySecrets::default()).await;
    }
}
