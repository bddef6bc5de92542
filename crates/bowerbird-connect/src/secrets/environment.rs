//! Secrets in environment variables: `x-bearer` is `BOWERBIRD_SECRET_X_BEARER`. Read only.
//!
//! The variables are handed in as they were at the start: the environment itself is read by the executable.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use bowerbird_core::secrets::{SecretError, SecretName, SecretStore};
use secrecy::SecretString;

/// With what the variables begin.
const PREFIX: &str = "BOWERBIRD_SECRET_";

/// Secrets that were in the environment.
#[derive(Default)]
pub struct EnvironmentSecrets {
    variables: BTreeMap<String, SecretString>,
}

impl fmt::Debug for EnvironmentSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

/// The variable in which a secret is looked for.
pub fn secret_variable(name: &str) -> String {
    format!("{PREFIX}{}", name.to_ascii_uppercase().replace('-', "_"))
}

impl EnvironmentSecrets {
    /// Takes what is a secret from all variables; an empty one is none.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let secrets = variables.into_iter().filter_map(|(variable, value)| {
            let value = value.trim();
            let is_secret = variable.starts_with(PREFIX) && !value.is_empty();
            is_secret.then(|| (variable, SecretString::from(value.to_owned())))
        });
        Self {
            variables: secrets.collect(),
        }
    }

    fn read_only(name: &SecretName) -> SecretError {
        let variable = secret_variable(name.as_str());
        SecretError::ReadOnly(format!(
            "secret `{name}` belongs to the environment ({variable}), where nothing can be kept: leave the variable unset and use another store"
        ))
    }
}

#[async_trait]
impl SecretStore for EnvironmentSecrets {
    async fn get(&self, name: &SecretName) -> Result<Option<SecretString>, SecretError> {
        Ok(self.variables.get(&secret_variable(name.as_str())).cloned())
    }

    async fn put(&self, name: &SecretName, _secret: &SecretString) -> Result<(), SecretError> {
        Err(Self::read_only(name))
    }

    async fn remove(&self, name: &SecretName) -> Result<(), SecretError> {
        Err(Self::read_only(name))
    }

    /// A `_` in a variable may stand for `-` or `_`: names are given with `-`.
    async fn list(&self) -> Result<Vec<SecretName>, SecretError> {
        let names = self.variables.keys().filter_map(|variable| {
            let rest = variable.strip_prefix(PREFIX)?;
            SecretName::parse(&rest.to_ascii_lowercase().replace('_', "-")).ok()
        });
        Ok(names.collect())
    }

    async fn can_put(&self, name: &SecretName) -> Result<(), SecretError> {
        Err(Self::read_only(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowerbird_core::testing::secret_suite;

    #[tokio::test]
    async fn it_keeps_the_contract_of_what_is_read_only() {
        let variables = [
            ("PATH", "/bin"),
            ("BOWERBIRD_SECRET_X_BEARER", " s3cret\n"),
            ("BOWERBIRD_SECRET_EMPTY", ""),
        ];
        let store = EnvironmentSecrets::of(variables.map(|(n, v)| (n.to_owned(), v.to_owned())));
        secret_suite::read_only(&store, &secret_suite::name("x-bearer"), "s3cret").await;
    }
}
