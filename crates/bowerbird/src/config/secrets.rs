//! Secrets by name: from the environment, else from a folder with one file each.
//!
//! The folder is how container runtimes and systemd hand secrets over; by default it is `secrets` in the data folder. A secret's
//! value is never in the configuration file, on a command line, in a log or in an error.

use std::path::Path;

use secrecy::SecretString;

use super::env;

/// A secret's file has no more bytes than this.
const MAX_BYTES: u64 = 64 << 10;

/// Fetches a secret.
pub(crate) fn fetch(name: &str, folder: &Path) -> Result<SecretString, String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if name.is_empty() || !name.bytes().all(plain) {
        // What was given is not repeated: it may be the secret itself.
        return Err("not the name of a secret: expected some of a–z, 0–9, `-`, `_` (the name, not the secret itself)".to_owned());
    }
    if let Some(secret) = env::secret(name) {
        return Ok(secret);
    }
    let path = folder.join(name);
    let read = std::fs::metadata(&path).and_then(|about| {
        if about.len() > MAX_BYTES {
            return Err(std::io::Error::other(format!(
                "larger than {MAX_BYTES} bytes"
            )));
        }
        std::fs::read_to_string(&path)
    });
    match read {
        Ok(text) if !text.trim().is_empty() => Ok(SecretString::from(text.trim().to_owned())),
        Ok(_) => Err(format!("secret `{name}`: {} is empty", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(format!(
            "secret `{name}` is neither in the environment ({}) nor in {}",
            env::secret_variable(name),
            path.display()
        )),
        Err(error) => Err(format!("secret `{name}`: {}: {error}", path.display())),
    }
}
