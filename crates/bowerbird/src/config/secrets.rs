//! Secrets by name: from the environment, else from the store that the configuration names.
//!
//! A secret's value is never in the configuration file, on a command line, in a log or in an error.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bowerbird_connect::auth::{Access, Credential};
use bowerbird_connect::secrets::{
    EnvironmentFirst, FileSecrets, VaultConfig, VaultSecrets, VaultToken, secret_variable,
};
use bowerbird_core::secrets::{SecretName, SecretStore};
use secrecy::SecretString;

use super::env;
use super::file::{File, SecretStoreFile, SecretsFile, VaultFile};
use super::problems::Problems;
use super::settings::data_folder;

/// Where secrets are kept.
#[derive(Debug, Clone)]
pub(crate) struct SecretPlace {
    /// The store, the environment before it.
    pub(crate) store: Arc<dyn SecretStore>,
    /// Where a secret is looked for after the environment, for a person; `None` for nowhere. The secret's name goes after it.
    shown: Option<String>,
}

impl SecretPlace {
    /// As the configuration says; `data` is the folder named on the command line, `below` the configuration's own folder.
    pub(crate) fn open(file: &File, data: Option<&Path>, below: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let data = data_folder(data, file.data.as_deref(), below, &mut problems);
        let place = match file.secrets.store {
            SecretStoreFile::File => Some(Self::folder(&file.secrets, &data)),
            SecretStoreFile::Vault => Self::vault(&file.secrets.vault, below, &mut problems),
            SecretStoreFile::Environment => Some(Self {
                store: Arc::new(env::secrets()),
                shown: None,
            }),
        };
        match place {
            Some(place) => problems.finish(place),
            None => Err(problems),
        }
    }

    fn folder(file: &SecretsFile, data: &Path) -> Self {
        let folder = data.join(&file.folder);
        let shown = folder.join("").display().to_string();
        Self::after_environment(FileSecrets::new(folder, file.disk_warning), shown)
    }

    fn vault(file: &VaultFile, below: &Path, problems: &mut Problems) -> Option<Self> {
        let token = match (&file.token_file, env::vault_token()) {
            (Some(path), _) => VaultToken::File(below.join(path)),
            (None, Some(token)) => VaultToken::Fixed(token),
            (None, None) => {
                problems.add(
                    "secrets.vault",
                    "nothing opens it: set VAULT_TOKEN in the environment, or token_file",
                );
                return None;
            }
        };
        let opened = VaultSecrets::new(VaultConfig {
            address: file.address.clone(),
            mount: file.mount.clone(),
            prefix: file.prefix.clone(),
            token,
        });
        // The error names the key.
        let store = opened.map_err(|error| problems.say(error)).ok()?;
        let parts = [&file.mount, &file.prefix].map(|part| part.trim_matches('/'));
        let shown = format!("Vault at {}: {}/{}/", file.address, parts[0], parts[1]);
        Some(Self::after_environment(store, shown))
    }

    fn after_environment(store: impl SecretStore + 'static, shown: String) -> Self {
        let store = EnvironmentFirst::new(env::secrets(), Arc::new(store));
        Self {
            store: Arc::new(store),
            shown: Some(shown),
        }
    }

    /// Where secrets are, for a person.
    pub(crate) fn words(&self) -> String {
        match &self.shown {
            Some(shown) => format!("in the environment, then in {shown}"),
            None => "in the environment only".to_owned(),
        }
    }

    /// Where a secret is looked for, for a person.
    pub(crate) fn of(&self, name: &SecretName) -> String {
        let variable = secret_variable(name.as_str());
        match &self.shown {
            Some(shown) => format!("in the environment ({variable}) nor in {shown}{name}"),
            None => format!("in the environment ({variable}) nor looked for elsewhere"),
        }
    }
}

/// The secrets that sources need, as they were found.
#[derive(Debug)]
pub(crate) struct Fetched {
    store: Arc<dyn SecretStore>,
    found: BTreeMap<String, Result<SecretString, String>>,
    /// Each sign-in once, however many sources use it: it is renewed for all of them together.
    accesses: Mutex<BTreeMap<String, Access>>,
}

impl Fetched {
    /// Fetches every secret that the configuration names.
    pub(crate) async fn of(file: &File, place: &SecretPlace) -> Self {
        let mut found = BTreeMap::new();
        for name in file.source.values().flat_map(|source| source.secrets()) {
            if !found.contains_key(name) {
                found.insert(name.to_owned(), fetch(name, place).await);
            }
        }
        Self {
            store: Arc::clone(&place.store),
            found,
            accesses: Mutex::default(),
        }
    }

    fn secret(&self, name: &str) -> Result<SecretString, String> {
        let found = self.found.get(name).cloned();
        found.unwrap_or_else(|| Err("it was not fetched".to_owned()))
    }

    /// A token that a service gave once and for all, by itself or as part of a sign-in.
    pub(crate) fn token(&self, name: &str) -> Result<SecretString, String> {
        let read = Credential::read(&self.secret(name)?);
        let credential = read.map_err(|error| format!("secret `{name}` is {error}"))?;
        credential.bearer().ok_or_else(|| {
            format!(
                "secret `{name}` holds {} of a user, and a bearer token is needed here",
                credential.kind()
            )
        })
    }

    /// A sign-in that signs requests, and is renewed where it ends; the same one for the same name.
    pub(crate) fn access(&self, name: &str) -> Result<Access, String> {
        let mut accesses = self.accesses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(access) = accesses.get(name) {
            return Ok(access.clone());
        }
        let secret = self.secret(name)?;
        let parsed = SecretName::parse(name).map_err(|error| error.to_string())?;
        let access =
            Access::new(&parsed, &self.store, &secret).map_err(|error| error.to_string())?;
        accesses.insert(name.to_owned(), access.clone());
        Ok(access)
    }
}

async fn fetch(name: &str, place: &SecretPlace) -> Result<SecretString, String> {
    let name = SecretName::parse(name).map_err(|error| error.to_string())?;
    match place.store.get(&name).await {
        Ok(Some(secret)) => renewable(&name, place, &secret).await.map(|()| secret),
        Ok(None) => Err(format!("secret `{name}` is neither {}", place.of(&name))),
        Err(error) => Err(error.to_string()),
    }
}

/// A sign-in that rotates needs a store that can be written: else its next renewal would end it.
async fn renewable(
    name: &SecretName,
    place: &SecretPlace,
    secret: &SecretString,
) -> Result<(), String> {
    // What can't be read is told where it is needed.
    if !Credential::read(secret).is_ok_and(|credential| credential.rotates()) {
        return Ok(());
    }
    let can = place.store.can_put(name).await;
    can.map_err(|error| {
        format!("secret `{name}` is a sign-in that changes with each renewal, and could not be kept: {error}")
    })
}
