//! Accounts, as posts and profiles show them: written when they change, remembered so that mostly nothing is asked.

use std::hash::{Hash, Hasher};

use bowerbird_core::event::Account;
use rusqlite::{Row, params};
use rustc_hash::FxHasher;

use super::{Arrival, Batch};
use crate::sqlite::known::KnownAccount;

/// Counts of followers and the like change with every post; an account that is else the same is written again after this
/// time.
const COUNTS_STALE_AFTER: i64 = 6 * 3_600 * 1_000_000;

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
        let known = self.known.accounts.get(service, &account.id);
        if let Some(known) = known {
            let fresh = arrival.received_at.saturating_sub(known.seen_at) < COUNTS_STALE_AFTER;
            if known.profile == profile && fresh || is_bare(account) {
                return Ok(Some(known));
            }
        }
        let known = self.write_account(arrival, service, account, profile)?;
        self.known
            .accounts
            .put(service, account.id.as_ref(), known.clone());
        Ok(Some(known))
    }

    fn write_account(
        &mut self,
        arrival: Arrival,
        service: i64,
        account: &Account<'_>,
        profile: u64,
    ) -> rusqlite::Result<KnownAccount> {
        let seen_at = arrival.received_at;
        let known = self
            .connection
            .prepare_cached(include_str!("../sql/upsert_account.sql"))?
            .query_row(
                params![
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
                ],
                |row: &Row<'_>| {
                    let scrubbed_to = row.get_ref(2)?.as_str()?;
                    Ok(KnownAccount {
                        account: row.get(0)?,
                        profile,
                        seen_at,
                        gone_at: row.get(1)?,
                        scrubbed_to: (!scrubbed_to.is_empty()).then(|| scrubbed_to.into()),
                    })
                },
            )?;
        if !(account.handle.is_empty() && account.name.is_empty()) {
            self.connection
                .prepare_cached(
                    "INSERT INTO name (account, handle, display, seen_at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET seen_at = excluded.seen_at WHERE excluded.seen_at < seen_at",
                )?
                .execute(params![known.account, account.handle, account.name, seen_at])?;
        }
        Ok(known)
    }

    /// What an account says of itself; did that change anything?
    pub(super) fn profile(
        &mut self,
        arrival: Arrival,
        service: &str,
        account: &Account<'_>,
    ) -> rusqlite::Result<bool> {
        let service = self.known.service(self.connection, service)?;
        let shown = |batch: &Self| {
            batch
                .connection
                .prepare_cached(include_str!("../sql/profile.sql"))?
                .query_map(params![service, account.id], |row| row.get::<_, String>(0))?
                .next()
                .transpose()
        };
        let before = shown(self)?;
        self.known.accounts.forget(service, &account.id);
        self.account(arrival, service, account)?;
        Ok(before.is_none() || before != shown(self)?)
    }
}

/// Nothing but an id, as where a post carries no more of its author.
fn is_bare(account: &Account<'_>) -> bool {
    account.handle.is_empty() && account.name.is_empty() && account.bio.is_empty()
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
