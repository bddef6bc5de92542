//! The lists that X's v1.1 stream took (`track`, `follow`, `locations`), as operators of our own.
//!
//! Their meaning differs from X's rule language (any order, punctuation as part of a term, an address as one word), so no
//! combination of other operators says the same. X refuses these operators; rules for X are written anew.

mod track;

use crate::doc::{Content, Doc, Entity, EntityKind};
use crate::error::RuleError;
use crate::expr::Bounds;
use crate::geo::is_on_earth;
use crate::rule::Rule;
use crate::token::Profile;
use crate::token::fold::fold;
pub use track::TrackList;
pub(crate) use track::{TrackWord, stands_exactly, stands_free};

/// One rule for what a v1.1 stream with these parameters would have delivered.
///
/// Each of `track` is a phrase (words parted by blanks, all of them needed), each of `follow` an account's id, and each
/// of `locations` a box: west, south, east, north. A post matches when any of them does.
pub fn from_v11(
    track: &[&str],
    follow: &[&str],
    locations: &[[f64; 4]],
) -> Result<Rule, RuleError> {
    let mut parts = Vec::new();
    if !track.is_empty() {
        let list = track.join(",").replace('\\', "\\\\").replace('"', "\\\"");
        parts.push(format!("v11_track:\"{list}\""));
    }
    if !follow.is_empty() {
        parts.push(format!(
            "v11_follow:\"{}\"",
            follow.join(",").replace(['"', '\\'], "")
        ));
    }
    if !locations.is_empty() {
        let numbers: Vec<String> = locations.iter().flatten().map(f64::to_string).collect();
        parts.push(format!("v11_locations:[{}]", numbers.join(" ")));
    }
    Rule::parse(&parts.join(" OR "))
}

/// `v11_follow:` accounts.
#[derive(Debug, Clone)]
pub struct FollowList {
    text: String,
    /// Folded and sorted.
    accounts: Vec<String>,
}

impl PartialEq for FollowList {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl FollowList {
    /// `None` if `text` is not a list of ids or handles parted by commas.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let mut accounts: Vec<String> = Vec::new();
        for account in text.split(',').map(str::trim) {
            if account.is_empty()
                || account.starts_with('@')
                || account.contains(char::is_whitespace)
            {
                return None;
            }
            accounts.push(fold(account, Profile::Stream));
        }
        accounts.sort_unstable();
        Some(Self {
            text: text.to_owned(),
            accounts,
        })
    }

    /// What was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many accounts are followed.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Is nobody followed? Never.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// Each account followed, folded.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &str> {
        self.accounts.iter().map(String::as_str)
    }

    /// Posts by the account, reposts of its posts, and answers to it, those begun by hand with its handle too.
    pub(crate) fn matches(&self, doc: &Doc<'_>) -> bool {
        let names = |id: &str, handle: &str| self.names(id) || self.names(handle);
        names(doc.author.id, doc.author.handle)
            || doc
                .reply_to
                .is_some_and(|account| names(account.id, account.handle))
            || (doc.is_repost
                && doc
                    .repost_of
                    .is_some_and(|account| names(account.id, account.handle)))
            || leading_mention(&doc.content)
                .is_some_and(|mention| names(&mention.id, &mention.value))
    }

    fn names(&self, account: &str) -> bool {
        let listed = |name: &str| {
            self.accounts
                .binary_search_by(|known| known.as_str().cmp(name))
                .is_ok()
        };
        let is_folded = account
            .bytes()
            .all(|b| b.is_ascii() && !b.is_ascii_uppercase());
        !account.is_empty()
            && if is_folded {
                listed(account)
            } else {
                listed(&fold(account, Profile::Stream))
            }
    }
}

/// The handle a text begins with.
pub(crate) fn leading_mention<'a>(content: &'a Content<'a>) -> Option<&'a Entity<'a>> {
    let start = content.text.len() - content.text.trim_start().len();
    content.entities.iter().find(|entity| {
        entity.kind == EntityKind::Mention
            && entity.span.start as usize == start
            && !entity.span.is_empty()
    })
}

/// `v11_locations:`: an exact point inside a box, or, without one, a place that overlaps a box. Never a repost. What is no place on earth
/// is nowhere.
pub(crate) fn is_located(doc: &Doc<'_>, boxes: &[Bounds]) -> bool {
    if doc.is_repost {
        return false;
    }
    if let Some(point) = doc.point {
        return is_on_earth(point) && boxes.iter().any(|bounds| bounds.contains(point));
    }
    let place = doc
        .place
        .and_then(|place| place.bounds)
        .map(Bounds::from_corners)
        .filter(Bounds::has_corners_on_earth);
    place.is_some_and(|place| boxes.iter().any(|bounds| bounds.overlaps(&place)))
}

#[cfg(test)]
mod tests;
