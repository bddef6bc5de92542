//! How posts and accounts of Mastodon are named, so that they are the same whichever instance they came through. Pure.
//!
//! An account is its whole handle, `name@domain`, as instances number accounts each for itself. A post is its ActivityPub `uri`; what an
//! instance numbers it by is another name of it, `domain/number`, by which that instance's deletions and answers mean it.

use std::borrow::Cow;

/// The instance that something came through.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Instance<'i> {
    /// The name in its address, by which its numbers are told from others'; empty where it is not known.
    pub(super) host: &'i str,
    /// The name in its accounts' handles; empty where it is not known.
    pub(super) domain: &'i str,
}

impl Instance<'_> {
    /// A post by the instance's own number; empty where the one or the other is not known.
    pub(super) fn local(&self, id: &str) -> String {
        if self.host.is_empty() || id.is_empty() {
            return String::new();
        }
        [self.host, "/", id].concat()
    }

    /// The whole handle of an account that is called `acct` here and has its page at `url`.
    pub(super) fn handle(&self, acct: &str, url: &str) -> String {
        if acct.is_empty() || acct.contains('@') {
            return acct.to_owned();
        }
        let domain = if self.domain.is_empty() {
            authority(url)
        } else {
            self.domain
        };
        if domain.is_empty() {
            return acct.to_owned();
        }
        [acct, "@", domain].concat()
    }
}

/// The id of an account with this handle: handles do not differ in case alone.
pub(super) fn account_id<'a>(handle: &str) -> Cow<'a, str> {
    Cow::Owned(handle.to_lowercase())
}

/// The handle of an account by its ActivityPub id, or by the address of something of it: `https://domain/users/name`, `https://domain/@name/1`. Empty
/// where the address does not say.
pub(super) fn handle_in(address: &str) -> String {
    let domain = authority(address);
    let path = address.split_once("://").map_or("", |(_, rest)| rest);
    let mut parts = path.split(['/', '?', '#']).skip(1);
    let name = match parts.next() {
        Some(part) if part.starts_with('@') => part.trim_start_matches('@'),
        Some("users" | "u" | "profile" | "author" | "channel" | "c") => {
            parts.next().unwrap_or_default()
        }
        _ => "",
    };
    // Some addresses name an account of elsewhere in full.
    if name.is_empty() || domain.is_empty() || name.contains('@') {
        return name.to_owned();
    }
    [name, "@", domain].concat()
}

/// The `host:port` of a web address; empty if it is none.
pub(super) fn authority(url: &str) -> &str {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let rest = rest.unwrap_or_default();
    &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_whole() {
        let here = Instance {
            host: "social.birds.example",
            domain: "birds.example",
        };
        let unknown = Instance::default();
        for (instance, acct, url, expected) in [
            (
                here,
                "alice",
                "https://social.birds.example/@alice",
                "alice@birds.example",
            ),
            (
                here,
                "bob@other.example",
                "https://other.example/@bob",
                "bob@other.example",
            ),
            (
                unknown,
                "alice",
                "https://social.birds.example/@alice",
                "alice@social.birds.example",
            ),
            (
                unknown,
                "alice",
                "http://localhost:3000/@alice",
                "alice@localhost:3000",
            ),
            (unknown, "alice", "", "alice"),
            (here, "", "https://x.example/", ""),
        ] {
            assert_eq!(instance.handle(acct, url), expected, "{acct} {url}");
        }
        assert_eq!(here.local("12"), "social.birds.example/12");
        assert_eq!(here.local(""), "");
        assert_eq!(unknown.local("12"), "");
    }

    #[test]
    fn addresses_name_accounts() {
        for (address, expected) in [
            ("https://birds.example/users/alice", "alice@birds.example"),
            ("https://birds.example/@alice", "alice@birds.example"),
            ("https://birds.example/@alice/1138?x", "alice@birds.example"),
            (
                "https://birds.example/users/alice/statuses/1#x",
                "alice@birds.example",
            ),
            ("https://a.example/@bob@b.example", "bob@b.example"),
            ("https://birds.example/ap/users/1170", ""),
            ("https://birds.example/objects/1-2-3", ""),
            ("https://birds.example", ""),
            ("alice", ""),
            ("", ""),
        ] {
            assert_eq!(handle_in(address), expected, "{address}");
        }
    }
}
