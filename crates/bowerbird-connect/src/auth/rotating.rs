//! Tokens that are renewed: one renewal at a time, kept before it is used, and nothing forgotten by a crash.
//!
//! A refresh token may be good for one renewal only, so between the service's answer and the moment the new pair is on disk a crash could lose
//! both. Therefore:
//!
//! 1. A note is written into the store before the service is asked. Who finds one knows that the refresh token may have been used.
//! 2. The service is asked, in a task of its own: a caller who leaves does not break it off.
//! 3. The new pair is put into the store, and only then used. If it can't be put, it waits in memory and is put at the next call. It is let go
//!    only where the store has another refresh token than the one it was got for: that one is spent, whoever wrote a note beside it.
//!
//! After a crash between 2 and 3 the old refresh token is tried again once the note is old enough that nobody else can still be at it. Where the service has a grace
//! period (Bluesky's server: two hours) that brings the same session back; where it has none, the error says what was lost, and to sign in again.
//! The note keeps other processes on the same store away meanwhile; what they renewed is taken up from the store.

use std::sync::Arc;
use std::time::Duration;

use bowerbird_core::secrets::{SecretError, SecretName, SecretStore};
use bowerbird_core::source::{Ladder, SourceError};
use bowerbird_core::time::Time;
use secrecy::SecretString;
use tokio::sync::{Mutex, Semaphore};

use super::ask::{SignInError, random};
use super::credential::{Credential, Pair, Renewal, Token};
use super::service;
use crate::http;

/// A token is renewed so long before it ends: a request that is under way must not meet its end.
const EARLY: Duration = Duration::from_secs(120);
/// Where a renewal did not work, the present token is used up to so shortly before its end …
const AT_LAST: Duration = Duration::from_secs(10);
/// … and this passes before the next attempt.
const AGAIN_AFTER: Duration = Duration::from_secs(15);
/// A token that is refused so soon after it was got is not at fault: another would be refused too, and so on without end.
const TOO_SOON: Duration = Duration::from_secs(60);
/// So long a note of another process keeps us away: longer than a renewal can take, which is a question to the service and four to the store.
const NOTE_HOLDS: Duration = Duration::from_secs(6 * http::REQUEST_TIMEOUT.as_secs());

/// So many renewals can be under way at once in a process: far more than it has sign-ins.
const MOST_AT_ONCE: u32 = 1_024;
/// A renewal that is under way holds one; see [`settled`].
static UNDER_WAY: Semaphore = Semaphore::const_new(MOST_AT_ONCE as usize);

/// Waits until no renewal is under way, so that a process does not end between a service's answer and the store. Give it a time limit.
pub async fn settled() {
    // It is never closed.
    let _ = UNDER_WAY.acquire_many(MOST_AT_ONCE).await;
}

/// Tokens of one sign-in, shared by all who use it.
#[derive(Debug, Clone)]
pub struct Rotating {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    name: SecretName,
    store: Arc<dyn SecretStore>,
    client: reqwest::Client,
    /// Who we are in notes.
    me: String,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    credential: Credential,
    /// The credential is newer than the store's, and is not used before it is put there.
    unsaved: bool,
    /// The refresh token that the credential was got for: whoever has it in the store has something older.
    spent: Option<Token>,
    /// A renewal of ours came to no answer: the refresh token may have been used.
    unanswered: Option<Time>,
    /// When a renewal did not work.
    failed_at: Option<Time>,
    /// When one was done for a token that was refused before its end.
    replaced_at: Option<Time>,
    /// That nothing helps but a person.
    ended: Option<String>,
}

impl Rotating {
    /// The tokens of a sign-in that rotates, from this store and under this name.
    pub(super) fn new(
        name: SecretName,
        store: Arc<dyn SecretStore>,
        credential: Credential,
    ) -> Result<Self, SignInError> {
        let base_url = http::base_url("base_url", &credential.base_url)?;
        let shared = Shared {
            name,
            store,
            client: http::client(&base_url)?,
            me: random(12)?,
            state: Mutex::new(State {
                credential,
                unsaved: false,
                spent: None,
                unanswered: None,
                failed_at: None,
                replaced_at: None,
                ended: None,
            }),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// A token that is good now. `refused` is one that the service did not accept: another is got for it.
    pub(super) async fn token(
        &self,
        refused: Option<&SecretString>,
    ) -> Result<SecretString, SourceError> {
        if let Some(token) = self.shared.state.lock().await.good(refused, Time::now()) {
            return Ok(token);
        }
        let (shared, refused) = (Arc::clone(&self.shared), refused.cloned());
        let under_way = UNDER_WAY.acquire().await;
        let renewal = tokio::spawn(async move {
            let _under_way = under_way;
            shared.renew(refused.as_ref()).await
        });
        renewal.await.unwrap_or_else(|_| {
            Err(retry(
                Ladder::Network,
                "renewing the sign-in was broken off".to_owned(),
            ))
        })
    }

    /// What it is now.
    pub(super) async fn credential(&self) -> Credential {
        self.shared.state.lock().await.credential.clone()
    }
}

impl State {
    /// Is this from before our last renewal? Where a refresh token stays the same, nothing is older.
    fn is_older(&self, stored: &Credential) -> bool {
        let (Some(ours), Some(theirs), Some(spent)) =
            (self.credential.pair(), stored.pair(), &self.spent)
        else {
            return false;
        };
        theirs.refresh.is(spent.secret()) && !ours.refresh.is(spent.secret())
    }

    /// The present token, if it is good.
    fn good(&self, refused: Option<&SecretString>, now: Time) -> Option<SecretString> {
        let pair = self.credential.pair()?;
        let is_kept = !self.unsaved && self.ended.is_none();
        let failed = self.failed_at.is_some_and(|at| now.since(at) < AGAIN_AFTER);
        let margin = if failed { AT_LAST } else { EARLY };
        (is_kept && usable(pair, refused, now, margin)).then(|| pair.access.secret().clone())
    }
}

/// Can the access token be used, which must last `margin` longer? One whose renewal was cut off is not, as soon as the renewal can be made up for: a grace period may be running.
fn usable(pair: &Pair, refused: Option<&SecretString>, now: Time, margin: Duration) -> bool {
    let lasts = pair.expires_at.is_none_or(|end| now.plus(margin) < end);
    let is_open = pair.renewal.as_ref().is_none_or(|note| holds(note, now));
    lasts && is_open && !refused.is_some_and(|refused| pair.access.is(refused))
}

fn holds(note: &Renewal, now: Time) -> bool {
    // A note from the future is of a clock that was set back: it must not hold for ever.
    !note.is_over() && now.since(note.at) < NOTE_HOLDS && note.at.since(now) < NOTE_HOLDS
}

fn retry(ladder: Ladder, reason: String) -> SourceError {
    SourceError::Retry { ladder, reason }
}

impl Shared {
    /// Renews, unless somebody else did meanwhile. While that can't be done, the present token serves up to its end.
    async fn renew(&self, refused: Option<&SecretString>) -> Result<SecretString, SourceError> {
        let mut state = self.state.lock().await;
        if let Some(token) = state.good(refused, Time::now()) {
            return Ok(token);
        }
        match self.try_renew(&mut state, refused).await {
            Err(error @ SourceError::Retry { .. }) => {
                state.failed_at = Some(Time::now());
                let token = state
                    .good(refused, Time::now())
                    .ok_or_else(|| error.clone())?;
                let (reason, name) = (error.to_string(), self.name.as_str());
                tracing::warn!(
                    secret.name = name,
                    reason,
                    "A sign-in can't be renewed just now; its token is good still"
                );
                Ok(token)
            }
            done => done,
        }
    }

    async fn try_renew(
        &self,
        state: &mut State,
        refused: Option<&SecretString>,
    ) -> Result<SecretString, SourceError> {
        if !state.unsaved {
            self.take_up(state).await?;
        }
        if state.unsaved {
            self.save(state).await?;
        }
        if let Some(token) = state.good(refused, Time::now()) {
            return Ok(token);
        }
        let is_new = state
            .replaced_at
            .is_some_and(|at| Time::now().since(at) < TOO_SOON);
        if refused.is_some() && is_new {
            return Err(self.stop(
                "was renewed a moment ago as its token was refused, and the new one is refused too: look at the app's and the account's access at the service",
            ));
        }
        self.ask(state).await?;
        state.replaced_at = refused.map(|_| Time::now());
        self.save(state).await?;
        let pair = state.credential.pair();
        let token = pair.map(|pair| pair.access.secret().clone());
        token.ok_or_else(|| self.stop("is no sign-in that is renewed"))
    }

    /// Takes up what the store has. A sign-in that has ended stays so until there is another.
    async fn take_up(&self, state: &mut State) -> Result<(), SourceError> {
        let stored = self.stored(false).await?;
        if state.is_older(&stored) {
            // Somebody wrote what they had read before us; what we have stays the only good one.
            state.unsaved = true;
            return Ok(());
        }
        if let Some(reason) = state.ended.take() {
            let refresh =
                |credential: &Credential| credential.pair().map(|pair| pair.refresh.clone());
            let (old, new) = (refresh(&state.credential), refresh(&stored));
            let is_same = old.zip(new).is_some_and(|(old, new)| old.is(new.secret()));
            if is_same {
                state.ended = Some(reason.clone());
                return Err(SourceError::Stop { reason });
            }
        }
        state.credential = stored;
        Ok(())
    }

    /// Gets the next pair from the service.
    async fn ask(&self, state: &mut State) -> Result<(), SourceError> {
        let now = Time::now();
        let noted = state
            .credential
            .pair()
            .and_then(|pair| pair.renewal.clone());
        if let Some(note) = noted
            .as_ref()
            .filter(|note| note.by != self.me && holds(note, now))
        {
            let reason = format!(
                "secret `{}` is being renewed by another process, since {}; if that was killed, it is tried again {} s later",
                self.name,
                note.at,
                NOTE_HOLDS.as_secs()
            );
            return Err(retry(Ladder::Network, reason));
        }
        let cut_off = state.unanswered.or(noted.map(|note| note.at));
        self.note(state, now).await?;
        match service::renewed(&self.client, &state.credential).await {
            Ok(next) => {
                state.spent = state.credential.pair().map(|pair| pair.refresh.clone());
                state.credential = next;
                state.unsaved = true;
                state.unanswered = None;
                Ok(())
            }
            Err(SignInError::Unavailable(reason)) => {
                // It may have heard us all the same.
                state.unanswered = Some(cut_off.unwrap_or(now));
                Err(retry(Ladder::Server, reason))
            }
            Err(refused) => {
                let reason = self.lost(&refused.to_string(), cut_off);
                self.end_note(state, cut_off).await;
                state.ended = Some(reason.clone());
                Err(SourceError::Stop { reason })
            }
        }
    }

    /// What to say when the refresh token is not accepted.
    fn lost(&self, reason: &str, cut_off: Option<Time>) -> String {
        let name = &self.name;
        let again = "sign in again with `bowerbird auth`, under the same name";
        match cut_off {
            Some(at) => format!(
                "{reason}. A renewal of secret `{name}` at {at} was cut off before its answer was kept, and with it the new token: {again}"
            ),
            None => format!(
                "{reason}. Secret `{name}` was revoked, has ended, or is used elsewhere too: {again}"
            ),
        }
    }

    /// Writes into the store that a renewal begins, and looks whether another process did the same.
    async fn note(&self, state: &mut State, now: Time) -> Result<(), SourceError> {
        let note = Renewal {
            by: self.me.clone(),
            at: now,
        };
        if let Some(pair) = state.credential.pair_mut() {
            pair.renewal = Some(note.clone());
        }
        let put = self.store.put(&self.name, &state.credential.write()).await;
        put.map_err(|error| {
            let reason = format!(
                "renewing secret `{}`: {error}; nothing was asked of the service",
                self.name
            );
            match error {
                SecretError::ReadOnly(_) => SourceError::Stop { reason },
                // A disk that is full may have room again.
                SecretError::Unavailable(_) | SecretError::Refused(_) => {
                    retry(Ladder::Server, reason)
                }
            }
        })?;
        let stored = self.stored(false).await?;
        match stored.pair().and_then(|pair| pair.renewal.as_ref()) {
            Some(stands) if *stands == note => Ok(()),
            _ => Err(retry(
                Ladder::Network,
                format!("secret `{}` is being renewed by another process", self.name),
            )),
        }
    }

    /// Ends our note after the service refused: nobody is at it any more. What was cut off before stays told. If that fails, the note ends by its age.
    async fn end_note(&self, state: &mut State, cut_off: Option<Time>) {
        if let Some(pair) = state.credential.pair_mut() {
            pair.renewal = cut_off.map(Renewal::over);
        }
        let Ok(stored) = self.stored(false).await else {
            return;
        };
        let note = stored.pair().and_then(|pair| pair.renewal.as_ref());
        if note.is_some_and(|note| note.by == self.me) {
            // Why the service refused is told in any case.
            let _ = self.store.put(&self.name, &state.credential.write()).await;
        }
    }

    /// Puts the new pair into the store, unless somebody signed in anew or revoked meanwhile: that stands, and what we have is let go.
    async fn save(&self, state: &mut State) -> Result<(), SourceError> {
        let stored = self.stored(true).await?;
        let is_spent = state.spent.as_ref().zip(stored.pair());
        let is_spent = is_spent.is_some_and(|(spent, theirs)| theirs.refresh.is(spent.secret()));
        let ours = state.credential.pair().zip(stored.pair());
        // An earlier attempt may have written it, and not have heard so.
        let is_there = ours.is_some_and(|(ours, theirs)| theirs.refresh.is(ours.refresh.secret()));
        if !is_spent && !is_there {
            state.credential = stored;
            state.unsaved = false;
            return Err(retry(
                Ladder::Network,
                format!(
                    "secret `{}` was changed while it was renewed: what is there now is taken",
                    self.name
                ),
            ));
        }
        let put = self.store.put(&self.name, &state.credential.write()).await;
        put.map_err(|error| retry(Ladder::Server, self.held(&error.to_string())))?;
        state.unsaved = false;
        state.failed_at = None;
        Ok(())
    }

    /// What to say while the only good pair is in memory. It is never given up for what a store says: a disk may have room again, a Vault let us in.
    fn held(&self, error: &str) -> String {
        format!(
            "renewing secret `{}`: {error}; the new token is kept in memory, and not used before it is kept there: do not end this process",
            self.name
        )
    }

    /// The store's truth: another process, or a person, may have changed it. `holds_new`: we hold the only good pair, and stop only where it is of no use.
    async fn stored(&self, holds_new: bool) -> Result<Credential, SourceError> {
        let got = self.store.get(&self.name).await;
        let secret = got.map_err(|error| match error {
            _ if holds_new => retry(Ladder::Server, self.held(&error.to_string())),
            SecretError::Unavailable(reason) => retry(Ladder::Server, reason),
            SecretError::ReadOnly(reason) | SecretError::Refused(reason) => {
                SourceError::Stop { reason }
            }
        })?;
        let secret = secret.ok_or_else(|| self.stop("is gone: sign in with `bowerbird auth`"))?;
        let read = Credential::read(&secret).map_err(|error| match holds_new {
            true => retry(
                Ladder::Server,
                self.held(&format!("what is there is {error}")),
            ),
            false => self.stop(&format!("is {error}")),
        })?;
        match read.rotates() {
            true => Ok(read),
            false => Err(self.stop("has become another kind of sign-in: start again")),
        }
    }

    fn stop(&self, what: &str) -> SourceError {
        let reason = format!("secret `{}` {what}", self.name);
        SourceError::Stop { reason }
    }
}

#[cfg(test)]
mod tests;
