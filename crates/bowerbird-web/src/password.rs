//! Passwords: argon2id with a salt of its own each, in the PHC form that names its parameters.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use crate::error::ApiError;
use crate::site::Site;

/// The shortest password taken.
const MIN_PASSWORD_CHARS: usize = 10;
/// The longest: hashing costs in proportion.
const MAX_PASSWORD_BYTES: usize = 1_024;

/// The longest user name, in characters.
pub(crate) const MAX_USER_CHARS: usize = 64;

/// Hashed for user names that do not exist, so that answers take as long as for those that do.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$8Zq1cVhIhy5vYkQm0Zt0ew$Uok9yBmwcJ3WlM0Q8T3Ww3o3bq5cD0w3cVvQvTg9f2E";

/// Hashes a password; an error says what it must be like. Takes a core for tens of milliseconds: not for an async thread.
pub(crate) fn hash_password(password: &str) -> Result<String, String> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Err(format!(
            "a password has at least {MIN_PASSWORD_CHARS} characters"
        ));
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(format!("a password has at most {MAX_PASSWORD_BYTES} bytes"));
    }
    let hashed: Result<PasswordHash, _> = Argon2::default().hash_password(password.as_bytes());
    hashed
        .map(|hash| hash.to_string())
        .map_err(|error| error.to_string())
}

fn is_right(password: &str, phc: &str) -> bool {
    let Ok(hash) = PasswordHash::new(phc) else {
        return false;
    };
    password.len() <= MAX_PASSWORD_BYTES
        && Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
}

/// May a user be called so?
pub(crate) fn is_user_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    !name.is_empty() && name.chars().count() <= MAX_USER_CHARS && name.chars().all(plain)
}

/// Signs a user in if the password is right; the token for the cookie.
pub(crate) async fn sign_in(site: &Site, user: &str, password: String) -> Result<String, ApiError> {
    // A name that nobody can have is not remembered either: it may be megabytes long.
    if !is_user_name(user) {
        return Err(ApiError::wrong_password());
    }
    site.attempts
        .note(user, site.now())
        .map_err(ApiError::too_many_attempts)?;
    let known = site.store().password(user).await?;
    let exists = known.is_some();
    let phc = known.unwrap_or_else(|| NOBODY.to_owned());
    let is_right = site
        .heavy_blocking(move || is_right(&password, &phc))
        .await?;
    if !(is_right && exists) {
        tracing::warn!(
            "Somebody tried to sign in with a name and a password that do not go together"
        );
        return Err(ApiError::wrong_password());
    }
    site.attempts.forget(user);
    Ok(site.sessions.open(user, site.now()))
}

#[cfg(test)]
mod tests;
