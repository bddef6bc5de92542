//! Jetstream's events to ours: pure, and borrowing from the frame.
//!
//! A record's id is its at-uri and its version the repository's revision, which sorts as text; so creating, changing and
//! deleting a post are versions of one id. Records of collections that we don't know are no rubbish, they belong to
//! somebody's program: they are counted as notices.

use std::borrow::Cow;

use bowerbird_core::event::{
    Account, Body, Delete, Event, Interaction, Notice, NoticeKind, Post, PostRef, Relationship,
};
use bowerbird_core::ids::EventId;
use bowerbird_core::source::Refused;
use bowerbird_core::time::Time;

use super::{marks, wire};
use crate::json::field::Field;
use crate::{lang, times};

/// The service's name in every id.
const SERVICE: &str = "bluesky";

const POST: &str = "app.bsky.feed.post";

/// How many countries, tags or labels are kept; Bluesky allows three languages and eight tags.
pub(super) const MAX_VALUES: usize = 50;

/// A commit of either wire.
struct Commit<'e, 'a> {
    did: Cow<'a, str>,
    rev: &'e Field<'a>,
    operation: &'e Field<'a>,
    collection: &'e Field<'a>,
    rkey: &'e Field<'a>,
    record: Option<&'e wire::Record<'a>>,
    at: Option<Time>,
}

/// What either wire says of an account.
struct About<'e, 'a> {
    did: Cow<'a, str>,
    seq: &'e str,
    handle: &'e Field<'a>,
    is_active: bool,
    status: &'e Field<'a>,
    at: Option<Time>,
}

/// The event, of either wire.
pub(super) fn event<'a>(wire: &wire::Event<'a>) -> Result<Event<'a>, Refused> {
    if let Some(payload) = wire.payload.get() {
        return of_payload(payload);
    }
    if !wire.error.is_empty() {
        let words = [wire.error.as_str(), wire.message.as_str()].join(": ");
        return Ok(notice(
            format!("error:{words}"),
            NoticeKind::Disconnect,
            words,
        ));
    }
    let did = wire.did.required("did")?;
    wire.kind.required("kind")?;
    let at = wire
        .time_us
        .and_then(|micros| i64::try_from(micros).ok())
        .map(Time);
    match wire.kind.as_str() {
        "commit" => match wire.commit.get() {
            Some(commit) => of_commit(&Commit {
                did,
                rev: &commit.rev,
                operation: &commit.operation,
                collection: &commit.collection,
                rkey: &commit.rkey,
                record: commit.record.get(),
                at,
            }),
            None => Err(Refused::new("commit: expected an object")),
        },
        kind @ ("identity" | "account") => {
            let about = if kind == "account" {
                &wire.account
            } else {
                &wire.identity
            };
            let Some(about) = about.get() else {
                return Err(Refused::new(format!("{kind}: expected an object")));
            };
            let about = About {
                did,
                seq: about.seq.as_str(),
                handle: &about.handle,
                is_active: about.active.unwrap_or(true),
                status: &about.status,
                at,
            };
            Ok(of_account(kind, about))
        }
        kind => Ok(other(&did, kind, at)),
    }
}

/// The new wire says in its type what the old one says in its kind.
fn of_payload<'a>(payload: &wire::Payload<'a>) -> Result<Event<'a>, Refused> {
    let kind = payload.kind.as_str();
    let kind = kind.rsplit('#').next().unwrap_or(kind);
    let at = times::rfc3339(payload.time.as_str());
    match kind {
        "commit" => of_commit(&Commit {
            did: payload.did.required("payload.did")?,
            rev: &payload.rev,
            operation: &payload.operation,
            collection: &payload.collection,
            rkey: &payload.rkey,
            record: payload.record.get(),
            at,
        }),
        "identity" | "account" => {
            let about = About {
                did: payload.did.required("payload.did")?,
                seq: payload.seq.as_str(),
                handle: &payload.handle,
                is_active: payload.active.unwrap_or(true),
                status: &payload.status,
                at,
            };
            Ok(of_account(kind, about))
        }
        "info" => {
            let words = [payload.name.as_str(), payload.message.as_str()].join(": ");
            Ok(notice(format!("info:{words}"), NoticeKind::Other, words))
        }
        kind => Ok(other(payload.did.as_str(), kind, at)),
    }
}

fn of_commit<'a>(commit: &Commit<'_, 'a>) -> Result<Event<'a>, Refused> {
    let collection = commit.collection.required("commit.collection")?;
    let rkey = commit.rkey.required("commit.rkey")?;
    let uri = ["at://", &commit.did, "/", &collection, "/", &rkey].concat();
    let ended = match commit.operation.as_str() {
        "delete" => true,
        "create" | "update" => false,
        _ => {
            return Err(Refused::new(
                "commit.operation: expected create, update or delete",
            ));
        }
    };
    let empty = wire::Record::default();
    let record = match (commit.record, ended) {
        (Some(record), _) => record,
        (None, true) => &empty,
        (None, false) => return Err(Refused::new("commit.record: expected an object")),
    };
    let body = match &*collection {
        POST if ended => Body::Delete(Delete::Post {
            post_id: Cow::Owned(uri.clone()),
            author_id: commit.did.clone(),
        }),
        POST => {
            record.text.check_in("commit.record", "text")?;
            let post = Box::new(post(commit, record, &uri, &rkey));
            match commit.operation.as_str() {
                "update" => Body::Edit(post),
                _ => Body::Post(post),
            }
        }
        "app.bsky.feed.like" => interaction("like", ended, commit, record),
        "app.bsky.feed.repost" => interaction("share", ended, commit, record),
        "app.bsky.graph.follow" => relationship("follows", ended, commit, record),
        "app.bsky.graph.block" => relationship("blocks", ended, commit, record),
        "app.bsky.actor.profile" if !ended => Body::Profile(Box::new(profile(commit, record))),
        _ => Body::Notice(Notice {
            kind: NoticeKind::Other,
            withheld: None,
            text: Cow::Owned([commit.operation.as_str(), " ", &collection].concat()),
        }),
    };
    Ok(Event {
        id: EventId {
            service: Cow::Borrowed(SERVICE),
            id: Cow::Owned(uri),
            version: commit.rev.text(),
        },
        at: commit.at,
        body,
    })
}

fn who<'a>(did: Cow<'a, str>) -> Box<Account<'a>> {
    Box::new(Account {
        id: did,
        ..Account::default()
    })
}

fn interaction<'a>(
    kind: &'static str,
    ended: bool,
    commit: &Commit<'_, 'a>,
    record: &wire::Record<'a>,
) -> Body<'a> {
    Body::Interaction(Interaction {
        kind: Cow::Borrowed(kind),
        ended,
        account: who(commit.did.clone()),
        post_id: record.subject.object.uri.text(),
    })
}

fn relationship<'a>(
    kind: &'static str,
    ended: bool,
    commit: &Commit<'_, 'a>,
    record: &wire::Record<'a>,
) -> Body<'a> {
    Body::Relationship(Relationship {
        kind: Cow::Borrowed(kind),
        ended,
        source: who(commit.did.clone()),
        target: who(record.subject.text.text()),
    })
}

fn profile<'a>(commit: &Commit<'_, 'a>, record: &wire::Record<'a>) -> Account<'a> {
    let avatar = record.avatar.get().map(marks::cid);
    let avatar = avatar.filter(|cid| !cid.is_empty());
    Account {
        id: commit.did.clone(),
        name: record.display_name.text(),
        bio: record.description.text(),
        url: record.website.text(),
        avatar: avatar
            .map(|cid| marks::picture("avatar", &commit.did, &cid))
            .unwrap_or_default(),
        made_at: times::rfc3339(record.created_at.as_str()),
        ..Account::default()
    }
}

fn post<'a>(commit: &Commit<'_, 'a>, record: &wire::Record<'a>, uri: &str, rkey: &str) -> Post<'a> {
    let text = record.text.text();
    let reply = record.reply.get();
    let root = reply
        .map(|reply| reply.root.uri.text())
        .filter(|root| !root.is_empty());
    let stated = record
        .langs
        .0
        .iter()
        .map(Field::text)
        .find(|code| !code.is_empty());
    let labels = record.labels.values.iter().take(MAX_VALUES);
    Post {
        url: Cow::Owned(["https://bsky.app/profile/", &commit.did, "/post/", rkey].concat()),
        made_at: times::rfc3339(record.created_at.as_str()),
        lang: lang::stated(stated.unwrap_or_default()),
        entities: marks::of_record(record, &text, &commit.did),
        reply_to: reply.map(|reply| reference(reply.parent.uri.text())),
        quote_of: quoted(record),
        conversation_id: root.unwrap_or_else(|| Cow::Owned(uri.to_owned())),
        sensitive: labels
            .into_iter()
            .any(|label| !label.val.as_str().starts_with('!')),
        author: *who(commit.did.clone()),
        text,
        ..Post::default()
    }
}

/// A record that a post quotes, if it is a post and no list or feed.
fn quoted<'a>(record: &wire::Record<'a>) -> Option<PostRef<'a>> {
    let embedded = record.embed.get()?.record.get()?;
    let uri = embedded.record.uri.or(&embedded.uri).text();
    uri.contains("/app.bsky.feed.post/").then(|| reference(uri))
}

/// A post by its at-uri, which names its author.
fn reference(uri: Cow<'_, str>) -> PostRef<'_> {
    let author = |uri: &str| {
        let path = uri.strip_prefix("at://").unwrap_or_default();
        path.split('/').next().unwrap_or_default().len()
    };
    let start = "at://".len();
    let end = start + author(&uri);
    let author_id = match &uri {
        Cow::Borrowed(uri) => Cow::Borrowed(uri.get(start..end).unwrap_or_default()),
        Cow::Owned(uri) => Cow::Owned(uri.get(start..end).unwrap_or_default().to_owned()),
    };
    PostRef {
        author_id,
        id: uri,
        author_handle: Cow::Borrowed(""),
    }
}

/// An account that got another handle, or that is gone. One that is only switched off may come back: that is counted.
fn of_account<'a>(kind: &str, about: About<'_, 'a>) -> Event<'a> {
    let status = about.status.as_str();
    let is_gone =
        kind == "account" && !about.is_active && matches!(status, "deleted" | "takendown");
    let body = if is_gone {
        Body::Delete(Delete::Account {
            account_id: about.did.clone(),
            status: about.status.text(),
        })
    } else if kind == "identity" && !about.handle.is_empty() {
        let mut account = who(about.did.clone());
        account.handle = about.handle.text();
        Body::Profile(account)
    } else {
        let state = match status {
            "" if about.is_active => "active",
            "" => "inactive",
            status => status,
        };
        let state = if kind == "account" { state } else { "changed" };
        Body::Notice(Notice {
            kind: NoticeKind::Other,
            withheld: None,
            text: Cow::Owned(format!("{kind} {state}")),
        })
    };
    Event {
        id: EventId {
            service: Cow::Borrowed(SERVICE),
            id: about.did,
            // Sequence numbers have eleven digits today; with leading zeros they sort as text.
            version: Cow::Owned(format!("{:0>20}", about.seq)),
        },
        at: about.at,
        body,
    }
}

/// A kind of event that is newer than this build.
fn other<'a>(did: &str, kind: &str, at: Option<Time>) -> Event<'a> {
    const MAX_KIND_CHARS: usize = 40;
    let kind: String = kind.chars().take(MAX_KIND_CHARS).collect();
    let micros = at.map(|at| at.0).unwrap_or_default();
    let mut event = notice(format!("{kind}:{did}:{micros}"), NoticeKind::Other, kind);
    event.at = at;
    event
}

fn notice<'a>(id: String, kind: NoticeKind, text: String) -> Event<'a> {
    Event {
        id: EventId::new(SERVICE, id),
        at: None,
        body: Body::Notice(Notice {
            kind,
            withheld: None,
            text: Cow::Owned(text),
        }),
    }
}
