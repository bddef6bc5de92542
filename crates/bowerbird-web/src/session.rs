//! Who is signed in, and how often somebody tried. All in memory: a restart signs everyone out.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bowerbird_core::time::Time;

/// How long a session lasts without being used.
const IDLE_FOR: Duration = Duration::from_secs(12 * 60 * 60);
/// Sessions held at the same time; the oldest goes first.
const MOST_SESSIONS: usize = 1_000;
/// Wrong passwords in one span that cost nothing but the time of hashing.
const FREE_ATTEMPTS: u32 = 5;
/// The span, and how long a user name then waits.
const ATTEMPTS_FOR: Duration = Duration::from_secs(60);
/// User names whose attempts are remembered.
const MOST_NAMES: usize = 1_000;

/// A random text that nobody guesses: 128 bits, as hexadecimal digits.
pub(crate) fn random_token() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everyone who is signed in.
pub(crate) struct Sessions {
    /// Proves that one of our pages asks, where nobody signs in.
    anonymous_csrf: String,
    by_token: Mutex<HashMap<String, Session>>,
}

/// One sign-in.
#[derive(Clone)]
pub(crate) struct Session {
    /// Who.
    pub(crate) user: String,
    /// Proves that one of our pages asks.
    pub(crate) csrf: String,
    used_at: Time,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sessions", self.lock().len())
    }
}

impl Sessions {
    /// Nobody yet.
    pub(crate) fn new() -> Self {
        Self {
            anonymous_csrf: random_token(),
            by_token: Mutex::default(),
        }
    }

    /// The token of pages shown to who is not signed in.
    pub(crate) fn anonymous_csrf(&self) -> &str {
        &self.anonymous_csrf
    }

    /// Signs a user in; the token for the cookie.
    pub(crate) fn open(&self, user: &str, now: Time) -> String {
        let token = random_token();
        let mut sessions = self.lock();
        sessions.retain(|_, session| now.since(session.used_at) < IDLE_FOR);
        if sessions.len() >= MOST_SESSIONS {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.used_at);
            if let Some(oldest) = oldest.map(|(token, _)| token.clone()) {
                sessions.remove(&oldest);
            }
        }
        let session = Session {
            user: user.to_owned(),
            csrf: random_token(),
            used_at: now,
        };
        sessions.insert(token.clone(), session);
        token
    }

    /// Whose token this is; using it keeps it alive.
    pub(crate) fn find(&self, token: &str, now: Time) -> Option<Session> {
        let mut sessions = self.lock();
        let session = sessions.get_mut(token)?;
        if now.since(session.used_at) >= IDLE_FOR {
            sessions.remove(token);
            return None;
        }
        session.used_at = now;
        Some(session.clone())
    }

    /// Signs out.
    pub(crate) fn close(&self, token: &str) {
        self.lock().remove(token);
    }

    /// Signs a user out everywhere.
    pub(crate) fn close_all(&self, user: &str) {
        self.lock().retain(|_, session| session.user != user);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Session>> {
        self.by_token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Failed attempts by user name, whether or not there is such a user.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    by_name: Mutex<HashMap<String, (Time, u32)>>,
}

impl Attempts {
    /// Counts an attempt before it is tried; how many seconds to wait if there were too many.
    pub(crate) fn note(&self, user: &str, now: Time) -> Result<(), u64> {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        by_name.retain(|_, (since, _)| now.since(*since) < ATTEMPTS_FOR);
        if by_name.len() >= MOST_NAMES && !by_name.contains_key(user) {
            return Err(ATTEMPTS_FOR.as_secs());
        }
        let (since, count) = by_name.entry(user.to_owned()).or_insert((now, 0));
        if *count >= FREE_ATTEMPTS {
            let left = ATTEMPTS_FOR.saturating_sub(now.since(*since));
            return Err(left.as_secs().max(1));
        }
        *count += 1;
        Ok(())
    }

    /// Forgets a user's attempts: the password was right.
    pub(crate) fn forget(&self, user: &str) {
        self.by_name
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_session_ends_when_it_is_not_used() {
        let sessions = Sessions::new();
        let token = sessions.open("ada", at(0));
        assert_eq!(sessions.find(&token, at(40_000)).unwrap().user, "ada");
        assert!(sessions.find(&token, at(80_000)).is_some());
        assert!(sessions.find(&token, at(80_000 + 12 * 3_600)).is_none());
        assert!(sessions.find("00", at(0)).is_none());
    }

    #[test]
    fn signing_out_everywhere_leaves_others_in() {
        let sessions = Sessions::new();
        let (one, two, other) = (
            sessions.open("ada", at(0)),
            sessions.open("ada", at(0)),
            sessions.open("bo", at(0)),
        );
        sessions.close_all("ada");
        assert!(sessions.find(&one, at(1)).is_none() && sessions.find(&two, at(1)).is_none());
        assert!(sessions.find(&other, at(1)).is_some());
    }

    #[test]
    fn attempts_are_limited_by_name() {
        let attempts = Attempts::default();
        for _ in 0..FREE_ATTEMPTS {
            assert_eq!(attempts.note("ada", at(0)), Ok(()));
        }
        assert_eq!(attempts.note("ada", at(20)), Err(40));
        assert_eq!(attempts.note("bo", at(20)), Ok(()));
        assert_eq!(attempts.note("ada", at(60)), Ok(()));
    }
}
