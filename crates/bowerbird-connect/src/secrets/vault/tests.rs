//! Vault as its stand-in speaks it: the contract, refusals, and a token that is renewed in its file.

use super::*;
use crate::testing::{Reply, VaultStandIn};
use bowerbird_core::testing::secret_suite;

const TOKEN: &str = "hvs.marked-token";

fn config(vault: &VaultStandIn, token: VaultToken) -> VaultConfig {
    VaultConfig {
        address: vault.address(),
        mount: "secret".to_owned(),
        prefix: "/apps/bowerbird/".to_owned(),
        token,
    }
}

fn fixed(vault: &VaultStandIn) -> VaultSecrets {
    VaultSecrets::new(config(vault, VaultToken::Fixed(TOKEN.into()))).unwrap()
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let vault = VaultStandIn::start(TOKEN);
    let store = fixed(&vault);
    secret_suite::all(&store).await;
    let name = secret_suite::name("x-user");
    store.put(&name, &SecretString::from("1")).await.unwrap();
    assert_eq!(
        vault.entry("apps/bowerbird/x-user"),
        Some(json!({ "value": "1" }))
    );
    for asked in vault.seen() {
        assert!(!asked.target.contains(TOKEN), "{}", asked.target);
    }
}

#[tokio::test]
async fn what_is_not_ours_is_not_listed_and_an_entry_without_a_value_is_told() {
    let vault = VaultStandIn::start(TOKEN);
    vault.hold("apps/bowerbird/Folder/inner", json!({}));
    vault.hold("apps/bowerbird/other", json!({ "password": "hidden" }));
    vault.hold("elsewhere", json!({ "value": "hidden" }));
    let store = fixed(&vault);
    let other = secret_suite::name("other");
    assert_eq!(store.list().await.unwrap(), std::slice::from_ref(&other));
    let error = store.get(&other).await.unwrap_err().to_string();
    assert!(
        error.contains("apps/bowerbird/other") && !error.contains("hidden"),
        "{error}"
    );
}

#[tokio::test]
async fn every_refusal_says_what_to_do() {
    let vault = VaultStandIn::start(TOKEN);
    let store = fixed(&vault);
    let name = secret_suite::name("x-user");
    for (status, body, unavailable, words) in [
        (
            403,
            r#"{"errors":["permission denied"]}"#,
            false,
            "permission denied; look whether the token",
        ),
        (
            503,
            r#"{"errors":["Vault is sealed"]}"#,
            true,
            "Vault is sealed",
        ),
        (429, "", true, "429"),
        (472, "", true, "472"),
        (500, "<html>", true, "500"),
        (307, "", false, "active node"),
        (400, r#"{"errors":["bad\nline"]}"#, false, "bad line"),
        (
            200,
            r#"{"data":{"value":"hidden"}}"#,
            false,
            "no field `value`",
        ),
        (200, "not JSON: hidden", false, "key-value engine"),
    ] {
        vault.answer_with([Reply::of(status, body)]);
        let error = store.get(&name).await.unwrap_err();
        let is_unavailable = matches!(error, SecretError::Unavailable(_));
        assert_eq!(is_unavailable, unavailable, "{status}: {error}");
        let error = error.to_string();
        assert!(
            error.contains(words) && !error.contains("hidden"),
            "{status}: {error}"
        );
    }
    vault.answer_with([Reply::cut()]);
    let error = store.get(&name).await.unwrap_err();
    assert!(matches!(error, SecretError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_policy_that_only_reads_is_noticed_before_anything_is_written() {
    let vault = VaultStandIn::start(TOKEN);
    vault.allow_only(&["read", "list"]);
    let store = fixed(&vault);
    let name = secret_suite::name("x-user");
    let error = store.can_put(&name).await.unwrap_err();
    assert!(matches!(error, SecretError::ReadOnly(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("secret/data/apps/bowerbird/x-user"),
        "{error}"
    );
    assert!(store.put(&name, &SecretString::from("1")).await.is_err());
}

#[tokio::test]
async fn a_token_that_an_agent_renews_is_read_anew() {
    let vault = VaultStandIn::start("first");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "first\n").unwrap();
    let token = VaultToken::File(file.path().to_owned());
    let store = VaultSecrets::new(config(&vault, token)).unwrap();
    let name = secret_suite::name("x-user");
    assert!(store.get(&name).await.unwrap().is_none());
    vault.take_token("second");
    assert!(store.get(&name).await.is_err());
    std::fs::write(file.path(), "second\n").unwrap();
    assert!(store.get(&name).await.unwrap().is_none());
    std::fs::write(file.path(), "").unwrap();
    let error = store.get(&name).await.unwrap_err();
    assert!(error.to_string().contains("it is empty"), "{error}");
}

#[test]
fn addresses_mounts_and_prefixes_are_looked_at() {
    let make = |address: &str, mount: &str, prefix: &str| {
        let config = VaultConfig {
            address: address.to_owned(),
            mount: mount.to_owned(),
            prefix: prefix.to_owned(),
            token: VaultToken::Fixed(TOKEN.into()),
        };
        VaultSecrets::new(config).map_err(|error| error.to_string())
    };
    make("https://vault.example.org:8200", "kv/team", "").unwrap();
    for (address, mount, prefix, key) in [
        (
            "http://vault.example.org",
            "secret",
            "",
            "secrets.vault.address",
        ),
        ("https://v.example", "", "", "secrets.vault.mount"),
        ("https://v.example", "a b", "", "secrets.vault.mount"),
        (
            "https://v.example",
            "secret",
            "../other",
            "secrets.vault.prefix",
        ),
        ("https://v.example", "secret", "a?b", "secrets.vault.prefix"),
    ] {
        let error = make(address, mount, prefix).unwrap_err();
        assert!(error.starts_with(key), "{error}");
    }
}
