//! The environment: the one place where it is read.

use std::path::PathBuf;

use bowerbird_connect::secrets::EnvironmentSecrets;
use secrecy::SecretString;

#[expect(clippy::disallowed_methods, reason = "the one place")]
fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn home() -> Option<PathBuf> {
    read("HOME").map(PathBuf::from)
}

/// An XDG folder: what the variable says if it is an absolute path, as the specification demands, else below the home folder.
fn xdg(variable: &str, below_home: &str) -> Option<PathBuf> {
    let named = read(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    named.or_else(|| home().map(|home| home.join(below_home)))
}

/// Where the user's configuration files are.
pub(crate) fn config_home() -> Option<PathBuf> {
    xdg("XDG_CONFIG_HOME", ".config")
}

/// Where the user's programs keep their data.
pub(crate) fn data_home() -> Option<PathBuf> {
    xdg("XDG_DATA_HOME", ".local/share")
}

/// Did the user ask for output without colour (<https://no-color.org>)?
pub(crate) fn no_color() -> bool {
    read("NO_COLOR").is_some() || read("TERM").is_some_and(|term| term == "dumb")
}

/// Is there a screen on which a browser could open?
pub(crate) fn has_screen() -> bool {
    cfg!(target_os = "macos") || read("DISPLAY").is_some() || read("WAYLAND_DISPLAY").is_some()
}

/// All secrets in the environment.
pub(crate) fn secrets() -> EnvironmentSecrets {
    // What is no text is no secret of ours.
    let all = std::env::vars_os();
    EnvironmentSecrets::of(
        all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    )
}

/// What opens a Vault, as its own command line reads it.
pub(crate) fn vault_token() -> Option<SecretString> {
    read("VAULT_TOKEN").map(SecretString::from)
}
