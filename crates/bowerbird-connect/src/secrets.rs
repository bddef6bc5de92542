//! Where secrets are kept: the environment, a folder of files, HashiCorp Vault.
//!
//! The environment is asked first: what an operator sets there wins over what is kept. Who asks for which secret, and what is in one, is not here.

use std::sync::Arc;

use async_trait::async_trait;
use bowerbird_core::secrets::{SecretError, SecretName, SecretStore};
use secrecy::SecretString;

mod environment;
mod file;
mod vault;

pub use environment::{EnvironmentSecrets, secret_variable};
pub use file::FileSecrets;
pub use vault::{VaultConfig, VaultSecrets, VaultToken};

/// The environment before a store: what is set there can't be put, as the new value would never be seen.
#[derive(Debug)]
pub struct EnvironmentFirst {
    environment: EnvironmentSecrets,
    then: Arc<dyn SecretStore>,
}

impl EnvironmentFirst {
    /// Looks into the environment, and then into this store.
    pub fn new(environment: EnvironmentSecrets, then: Arc<dyn SecretStore>) -> Self {
        Self { environment, then }
    }

    async fn may_put(&self, name: &SecretName) -> Result<(), SecretError> {
        match self.environment.get(name).await? {
            Some(_) => self.environment.can_put(name).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl SecretStore for EnvironmentFirst {
    async fn get(&self, name: &SecretName) -> Result<Option<SecretString>, SecretError> {
        match self.environment.get(name).await? {
            Some(secret) => Ok(Some(secret)),
            None => self.then.get(name).await,
        }
    }

    async fn put(&self, name: &SecretName, secret: &SecretString) -> Result<(), SecretError> {
        self.may_put(name).await?;
        self.then.put(name, secret).await
    }

    async fn remove(&self, name: &SecretName) -> Result<(), SecretError> {
        self.may_put(name).await?;
        self.then.remove(name).await
    }

    async fn list(&self) -> Result<Vec<SecretName>, SecretError> {
        let mut names = self.environment.list().await?;
        names.extend(self.then.list().await?);
        names.sort();
        names.dedup();
        Ok(names)
    }

    async fn can_put(&self, name: &SecretName) -> Result<(), SecretError> {
        self.may_put(name).await?;
        self.then.can_put(name).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowerbird_core::memory::MemorySecrets;
    use bowerbird_core::testing::secret_suite;
    use secrecy::ExposeSecret;

    fn environment(variables: &[(&str, &str)]) -> EnvironmentSecrets {
        let owned = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        EnvironmentSecrets::of(owned)
    }

    #[tokio::test]
    async fn with_an_empty_environment_it_is_the_store() {
        let store = EnvironmentFirst::new(environment(&[]), Arc::new(MemorySecrets::default()));
        secret_suite::all(&store).await;
    }

    #[tokio::test]
    async fn the_environment_wins_and_what_it_holds_cannot_be_put() {
        let kept = Arc::new(MemorySecrets::default());
        let (bearer, user) = (secret_suite::name("x-bearer"), secret_suite::name("x-user"));
        for name in [&bearer, &user] {
            kept.put(name, &SecretString::from("kept")).await.unwrap();
        }
        let held = environment(&[("BOWERBIRD_SECRET_X_BEARER", "set")]);
        let store = EnvironmentFirst::new(held, Arc::clone(&kept) as Arc<dyn SecretStore>);
        let found = store.get(&bearer).await.unwrap().unwrap();
        assert_eq!(found.expose_secret(), "set");
        assert_eq!(store.list().await.unwrap(), [bearer.clone(), user.clone()]);
        let refused = store
            .put(&bearer, &SecretString::from("new"))
            .await
            .unwrap_err();
        assert!(
            refused.to_string().contains("BOWERBIRD_SECRET_X_BEARER"),
            "{refused}"
        );
        assert!(store.can_put(&bearer).await.is_err());
        assert!(store.remove(&bearer).await.is_err());
        store.put(&user, &SecretString::from("new")).await.unwrap();
        let found = kept.get(&user).await.unwrap().unwrap();
        assert_eq!(found.expose_secret(), "new");
    }
}
