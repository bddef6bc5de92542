//! Accounts, as posts and profiles show them: written when they change, remembered so that mostly nothing is asked.
//!
//! A later profile stands over an earlier one, whatever the order they come in; what one leaves out is not forgotten. Names that an
//! account no longer has, or had before we knew it, go into its history.

use std::hash::{Hash, Hasher};

use bowerbird_core::event::Account;
use rusqlite::{Row, params};
use rustc_hash::FxHasher;

use super::{Arrival, Batch};
use crate::sqlite::known::KnownAccount;

/// Counts of followers and the like change with every post; an account that is else the same is written again after this
/// time.
const COUNTS_STALE_AFTER: i64 = 6 * 3_600 * 1_000_000;

/// A row of `account`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stored {
    account: i64,
    /// Handle, name, bio, location, url, avatar.
    said: [String; 6],
    verified: bool,
    protected: bool,
    made_at: Option<i64>,
    /// Followers, following, posts, listed.
    counts: [Option<u64>; 4],
    seen_at: i64,
    gone_at: Option<i64>,
    scrubbed_to: String,
}

impl Batch<'_> {
    /// The account's number and what it forbids; `None` for an account without id.
    pub(super) fn account(
        &mut self,
        arrival: Arrival,
        service: i64,
        account: &Account<'_>,
    ) -> rusqlite::Result<Option<KnownAccount>> {
        if account.id.is_empty() {
            return Ok(None);
        }
        let profile = profile_hash(account);
        if let Some(known) = self.known.accounts.get(service, &account.id) {
            let fresh = arrival.received_at.saturating_sub(known.seen_at) < COUNTS_STALE_AFTER;
            if known.profile == profile && fresh || is_bare(account) {
                return Ok(Some(known));
            }
        }
        let (known, _) = self.write_account(arrival, service, account, profile)?;
        Ok(Some(known))
    }

    /// What an account says of itself; did that change anything?
    pub(super) fn profile(
        &mut self,
        arrival: Arrival,
        service: &str,
        account: &Account<'_>,
    ) -> rusqlite::Result<bool> {
        let service = self.known.service(self.connection, service)?;
        if account.id.is_empty() {
            return Ok(false);
        }
        let profile = profile_hash(account);
        let (_, changed) = self.write_account(arrival, service, account, profile)?;
        Ok(changed)
    }

    /// Brings an account's row up to date; did it change?
    fn write_account(
        &mut self,
        arrival: Arrival,
        service: i64,
        account: &Account<'_>,
        profile: u64,
    ) -> rusqlite::Result<(KnownAccount, bool)> {
        let seen_at = arrival.received_at;
        let mut known = KnownAccount {
            account: 0,
            profile,
            seen_at,
            gone_at: None,
            scrubbed_to: None,
        };
        let is_new = self.insert_account(seen_at, service, account)?;
        let changed = if is_new {
            known.account = self.connection.last_insert_rowid();
            true
        } else {
            let before = self
                .connection
                .prepare_cached(include_str!("../sql/find_account.sql"))?
                .query_row(params![service, account.id], Stored::read)?;
            known.account = before.account;
            known.gone_at = before.gone_at;
            let scrubbed_to = before.scrubbed_to.as_str();
            known.scrubbed_to = (!scrubbed_to.is_empty()).then(|| scrubbed_to.into());
            self.update_account(&before, account, seen_at)?
        };
        self.known
            .accounts
            .put(service, account.id.as_ref(), known.clone());
        Ok((known, changed))
    }

    /// Writes a new account; `false`, and nothing done, if it is there.
    fn insert_account(
        &mut self,
        seen_at: i64,
        service: i64,
        account: &Account<'_>,
    ) -> rusqlite::Result<bool> {
        let inserted = self.hot.insert_account.execute(params![
            service,
            account.id,
            account.handle,
            account.name,
            account.bio,
            account.location,
            account.url,
            account.avatar,
            account.verified,
            account.protected,
            account.made_at.map(|time| time.0),
            account.followers,
            account.following,
            account.posts,
            account.listed,
            seen_at,
        ])?;
        Ok(inserted > 0)
    }

    fn update_account(
        &mut self,
        before: &Stored,
        account: &Account<'_>,
        seen_at: i64,
    ) -> rusqlite::Result<bool> {
        let after = before.with(account, seen_at);
        let is_other = |name: &str, is: &str| !name.is_empty() && name != is;
        let [handle, name, ..] = &after.said;
        if is_other(&before.said[0], handle) || is_other(&before.said[1], name) {
            self.former_name(
                before.account,
                &before.said[0],
                &before.said[1],
                before.seen_at,
            )?;
        }
        if is_other(&account.handle, handle) || is_other(&account.name, name) {
            self.former_name(before.account, &account.handle, &account.name, seen_at)?;
        }
        let unseen = Stored {
            seen_at: before.seen_at,
            ..after.clone()
        };
        if after == *before {
            return Ok(false);
        }
        let [handle, name, bio, location, url, avatar] = &after.said;
        let [followers, following, posts, listed] = after.counts;
        self.connection
            .prepare_cached(include_str!("../sql/update_account.sql"))?
            .execute(params![
                before.account,
                handle,
                name,
                bio,
                location,
                url,
                avatar,
                after.verified,
                after.protected,
                after.made_at,
                followers,
                following,
                posts,
                listed,
                after.seen_at,
            ])?;
        Ok(unseen != *before)
    }

    fn former_name(
        &mut self,
        account: i64,
        handle: &str,
        display: &str,
        seen_at: i64,
    ) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO name (account, handle, display, seen_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET seen_at = max(seen_at, excluded.seen_at)",
            )?
            .execute(params![account, handle, display, seen_at])
            .map(drop)
    }
}

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            account: row.get(0)?,
            said: [
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
            ],
            verified: row.get(7)?,
            protected: row.get(8)?,
            made_at: row.get(9)?,
            counts: [row.get(10)?, row.get(11)?, row.get(12)?, row.get(13)?],
            seen_at: row.get(14)?,
            gone_at: row.get(15)?,
            scrubbed_to: row.get(16)?,
        })
    }

    /// With what is said of the account at another time.
    fn with(&self, account: &Account<'_>, seen_at: i64) -> Self {
        let is_later = seen_at >= self.seen_at;
        let mut after = self.clone();
        let said = [
            &account.handle,
            &account.name,
            &account.bio,
            &account.location,
            &account.url,
            &account.avatar,
        ];
        for (known, new) in after.said.iter_mut().zip(said) {
            if !new.is_empty() && (is_later || known.is_empty()) {
                new.as_ref().clone_into(known);
            }
        }
        if is_later && is_whole(account) {
            after.verified = account.verified;
            after.protected = account.protected;
        }
        after.made_at = after.made_at.or(account.made_at.map(|time| time.0));
        let counts = [
            account.followers,
            account.following,
            account.posts,
            account.listed,
        ];
        for (known, new) in after.counts.iter_mut().zip(counts) {
            *known = if is_later {
                new.or(*known)
            } else {
                known.or(new)
            };
        }
        after.seen_at = after.seen_at.max(seen_at);
        after
    }
}

/// Nothing but an id, as where a post carries no more of its author.
fn is_bare(account: &Account<'_>) -> bool {
    account.handle.is_empty() && account.name.is_empty() && account.bio.is_empty()
}

/// More than one thing that changed: then it also says what the account is not.
fn is_whole(account: &Account<'_>) -> bool {
    !account.handle.is_empty() && (!account.name.is_empty() || account.followers.is_some())
}

fn profile_hash(account: &Account<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    account.handle.hash(&mut hasher);
    account.name.hash(&mut hasher);
    account.bio.hash(&mut hasher);
    account.location.hash(&mut hasher);
    account.url.hash(&mut hasher);
    account.avatar.hash(&mut hasher);
    (account.verified, account.protected).hash(&mut hasher);
    hasher.finish()
}
