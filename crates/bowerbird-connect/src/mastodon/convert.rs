//! Mastodon's statuses, notifications and stream messages to our events: pure.
//!
//! The id of a post is its ActivityPub `uri`, its version the moment of its last edit and what became of its quote, which sorts as text. An instance's own number
//! goes along as another name of it, as deletions name nothing else. What a stream says besides is counted as a notice.

use std::borrow::Cow;

use bowerbird_core::event::{
    Account, Aliases, Body, Delete, Embedded, Event, Interaction, Metrics, Notice, NoticeKind,
    Post, PostRef, Relation, Relationship,
};
use bowerbird_core::ids::EventId;
use bowerbird_core::source::Refused;
use bowerbird_core::time::Time;

use super::names::{Instance, account_id};
use super::{html, marks, wire};
use crate::json::field::Field;
use crate::{lang, times};

/// The service's name in every id.
pub(super) const SERVICE: &str = "mastodon";
/// The version of a deletion, which sorts behind all others.
pub(super) const DELETED: &str = "~deleted";
/// A post in a post in a post.
const LEVELS: u8 = 2;
/// What stands in a text for the post that is quoted beside it.
const QUOTE_CLASS: &str = "quote-inline";
/// How many lines of an account's table are kept; Mastodon has four.
const MAX_FIELDS: usize = 20;
/// How much of a name of an event is repeated.
const MAX_NAME_CHARS: usize = 40;

/// A message of a stream.
pub(super) fn message<'a>(wire: &wire::Envelope<'a>) -> Result<Event<'a>, Refused> {
    let host = wire.host.required("mastodon")?;
    let name = wire.event.required("event")?;
    let from = Instance {
        host: &host,
        domain: wire.domain.or(&wire.host).as_str(),
    };
    let payload = &wire.payload.object;
    match &*name {
        "update" => status(&payload.it, from, false).map_err(|refused| inside(&refused)),
        // Some servers write it with a line where Mastodon has a dot.
        "status.update" | "status_update" => {
            status(&payload.it, from, true).map_err(|refused| inside(&refused))
        }
        "delete" => deletion(wire, from),
        "notification" => notification(wire, from),
        "conversation" => match payload.last_status.get() {
            Some(last) => status(last, from, false).map_err(|refused| inside(&refused)),
            None => Ok(counted(&name, from, &payload.it.id)),
        },
        name => Ok(counted(name, from, &payload.it.id)),
    }
}

/// A status by itself, from a file.
pub(super) fn bare<'a>(wire: &wire::Status<'a>) -> Result<Event<'a>, Refused> {
    status(wire, Instance::default(), false)
}

#[cold]
fn inside(refused: &Refused) -> Refused {
    Refused::new(format!("payload.{}", refused.reason))
}

fn status<'a>(
    wire: &wire::Status<'a>,
    from: Instance<'_>,
    is_edit: bool,
) -> Result<Event<'a>, Refused> {
    let uri = wire.uri.required("uri")?;
    wire.content.check_in("", "content")?;
    let id = EventId {
        service: Cow::Borrowed(SERVICE),
        id: uri,
        version: version(wire),
    };
    let post = Box::new(post(wire, from, LEVELS));
    let at = times::rfc3339(wire.edited_at.or(&wire.created_at).as_str());
    let body = if is_edit || !wire.edited_at.is_empty() {
        Body::Edit(post)
    } else {
        Body::Post(post)
    };
    Ok(Event { id, at, body })
}

/// Moments are written anew, so that they sort as text whichever way a server writes them. What the author of a quoted post lets be done with
/// it changes without an edit: it sorts behind the same moment and before any later one.
fn version<'a>(wire: &wire::Status<'a>) -> Cow<'a, str> {
    let edited_at = match times::rfc3339(wire.edited_at.as_str()) {
        Some(at) => Cow::Owned(at.to_string()),
        None => wire.edited_at.text(),
    };
    let state = wire.quote.get().map_or("", |quote| quote.state.as_str());
    // What else it may be depends on who looks.
    let settled = match state {
        "accepted" => "+1",
        "rejected" => "+2",
        "revoked" => "+3",
        "deleted" => "+4",
        _ => return edited_at,
    };
    Cow::Owned([&*edited_at, settled].concat())
}

fn post<'a>(wire: &wire::Status<'a>, from: Instance<'_>, levels: u8) -> Post<'a> {
    let author = wire
        .account
        .get()
        .map(|account| self::account(account, from));
    let author = author.unwrap_or_default();
    let quote = wire.quote.get();
    let quoted = quote.and_then(quoted_post);
    // While the other author has not said yes, the line in the text is all there is of the quote.
    let is_told = quote.is_some_and(|quote| quoted.is_some() || quote.state.as_str() != "pending");
    let without = if is_told { QUOTE_CLASS } else { "" };
    let choices: Vec<&str> = wire.poll.get().map_or_else(Vec::new, |poll| {
        poll.options
            .iter()
            .map(|choice| choice.title.as_str())
            .collect()
    });
    let whole = marks::Whole::new(
        wire.spoiler_text.as_str(),
        html::plain(wire.content.as_str(), without),
        &choices,
    );
    let entities = marks::of_status(wire, &whole, from);
    let mut post = Post {
        url: wire.url.or(&wire.uri).text(),
        made_at: times::rfc3339(wire.created_at.as_str()),
        lang: lang::stated(wire.language.text()),
        reply_to: answered(wire, from, &author),
        sensitive: wire.sensitive.unwrap_or_default(),
        app: wire.application.name.text(),
        contexts: contexts(wire),
        metrics: Metrics {
            likes: wire.favourites_count,
            reposts: wire.reblogs_count,
            replies: wire.replies_count,
            quotes: wire.quotes_count,
            ..Metrics::default()
        },
        aliases: Aliases::one(from.local(wire.id.as_str())),
        text: Cow::Owned(whole.text),
        author,
        entities,
        ..Post::default()
    };
    if let Some(original) = wire.reblog.get() {
        post.repost_of = Some(reference(original, from));
        embed(&mut post, Relation::Repost, original, from, levels);
    }
    if let Some(quoted) = quoted {
        post.quote_of = Some(reference(quoted, from));
        embed(&mut post, Relation::Quote, quoted, from, levels);
    } else if let Some(quote) = quote.filter(|quote| !quote.quoted_status_id.is_empty()) {
        post.quote_of = Some(PostRef {
            id: Cow::Owned(from.local(quote.quoted_status_id.as_str())),
            ..PostRef::default()
        });
    }
    post
}

/// The post that is quoted, if the server shows it.
fn quoted_post<'q, 'a>(quote: &'q wire::Quote<'a>) -> Option<&'q wire::Status<'a>> {
    let older = Some(&quote.status).filter(|status| !status.uri.is_empty());
    quote.quoted_status.get().or(older)
}

fn embed<'a>(
    outer: &mut Post<'a>,
    relation: Relation,
    wire: &wire::Status<'a>,
    from: Instance<'_>,
    levels: u8,
) {
    if levels == 0 || wire.uri.is_empty() {
        return;
    }
    outer.embedded.push(Embedded {
        id: EventId {
            service: Cow::Borrowed(SERVICE),
            id: wire.uri.text(),
            version: version(wire),
        },
        relation,
        post: post(wire, from, levels - 1),
    });
}

fn reference<'a>(wire: &wire::Status<'a>, from: Instance<'_>) -> PostRef<'a> {
    let handle = wire.account.get().map(|account| handle(account, from));
    let handle = handle.unwrap_or_default();
    PostRef {
        id: wire.uri.text(),
        author_id: account_id(&handle),
        author_handle: Cow::Owned(handle),
    }
}

/// What a post answers: an instance says its own number of it, and of its author, who is named in the text or is the same.
fn answered<'a>(
    wire: &wire::Status<'a>,
    from: Instance<'_>,
    author: &Account<'a>,
) -> Option<PostRef<'a>> {
    if wire.in_reply_to_id.is_empty() {
        return None;
    }
    let whom = wire.in_reply_to_account_id.as_str();
    let is_own = wire
        .account
        .get()
        .is_some_and(|own| own.id.as_str() == whom);
    let mention = wire
        .mentions
        .iter()
        .find(|mention| mention.id.as_str() == whom);
    let handle = match mention {
        _ if whom.is_empty() => Cow::Borrowed(""),
        _ if is_own => author.handle.clone(),
        Some(mention) => Cow::Owned(from.handle(mention.acct.as_str(), mention.url.as_str())),
        None => Cow::Borrowed(""),
    };
    Some(PostRef {
        id: Cow::Owned(from.local(wire.in_reply_to_id.as_str())),
        author_id: account_id(&handle),
        author_handle: handle,
    })
}

/// What a rule may ask for by `context:`: who may see a post, where that is not everybody, and whether a program writes it.
fn contexts<'a>(wire: &wire::Status<'a>) -> Vec<Cow<'a, str>> {
    let mut contexts = Vec::new();
    let visibility = wire.visibility.as_str();
    let is_word = visibility.bytes().all(|b| b.is_ascii_lowercase());
    if !matches!(visibility, "" | "public") && is_word {
        contexts.push(Cow::Owned(["visibility.", visibility].concat()));
    }
    if wire
        .account
        .get()
        .is_some_and(|account| account.bot == Some(true))
    {
        contexts.push(Cow::Borrowed("author.bot"));
    }
    contexts
}

fn handle(wire: &wire::Account<'_>, from: Instance<'_>) -> String {
    let acct = wire.acct.or(&wire.username).as_str();
    from.handle(acct, wire.url.as_str())
}

/// An account, from a post or by itself.
pub(super) fn account<'a>(wire: &wire::Account<'a>, from: Instance<'_>) -> Account<'a> {
    let handle = handle(wire, from);
    let mut bio = html::plain(wire.note.as_str(), "").text;
    for field in wire.fields.iter().take(MAX_FIELDS) {
        if !bio.is_empty() {
            bio.push('\n');
        }
        bio.push_str(field.name.as_str());
        bio.push_str(": ");
        bio.push_str(&html::plain(field.value.as_str(), "").text);
    }
    Account {
        id: account_id(&handle),
        handle: Cow::Owned(handle),
        name: wire.display_name.text(),
        bio: Cow::Owned(bio),
        url: wire.url.text(),
        avatar: wire.avatar.text(),
        made_at: times::rfc3339(wire.created_at.as_str()),
        followers: wire.followers_count,
        following: wire.following_count,
        posts: wire.statuses_count,
        ..Account::default()
    }
}

/// An account by itself, from a file.
pub(super) fn profile<'a>(wire: &wire::Account<'a>) -> Result<Event<'a>, Refused> {
    wire.acct.required("acct")?;
    Ok(about(account(wire, Instance::default())))
}

/// What is told of an account.
pub(super) fn about(account: Account<'_>) -> Event<'_> {
    Event {
        id: EventId::new(SERVICE, ["account:", &account.id].concat()),
        at: None,
        body: Body::Profile(Box::new(account)),
    }
}

/// A deletion names a post by the instance's number; the source adds the uri where it remembers it.
fn deletion<'a>(wire: &wire::Envelope<'a>, from: Instance<'_>) -> Result<Event<'a>, Refused> {
    let number = wire.payload.text.required("payload")?;
    let post_id = match wire.uri.text() {
        uri if uri.is_empty() => Cow::Owned(from.local(&number)),
        uri => uri,
    };
    Ok(deleted(post_id, Cow::Borrowed("")))
}

/// That a post is no more.
pub(super) fn deleted<'a>(post_id: Cow<'a, str>, author_id: Cow<'a, str>) -> Event<'a> {
    Event {
        id: EventId {
            service: Cow::Borrowed(SERVICE),
            id: post_id.clone(),
            version: Cow::Borrowed(DELETED),
        },
        at: None,
        body: Body::Delete(Delete::Post { post_id, author_id }),
    }
}

/// What an account was told of: posts are posts, and what others did to its posts and to itself is between them.
fn notification<'a>(wire: &wire::Envelope<'a>, from: Instance<'_>) -> Result<Event<'a>, Refused> {
    let payload = &wire.payload.object;
    let kind = payload.kind.required("payload.type")?;
    let who = payload.it.account.get().map(|who| account(who, from));
    let who = Box::new(who.unwrap_or_default());
    let at = times::rfc3339(payload.it.created_at.as_str());
    let (kind, status_id) = match (&*kind, payload.status.get()) {
        ("favourite", Some(liked)) => ("like", liked.uri.required("payload.status.uri")?),
        ("reblog", Some(shared)) => ("share", shared.uri.required("payload.status.uri")?),
        ("follow", _) => return Ok(follow(who, wire.me.text(), at)),
        ("mention" | "status" | "quote" | "poll" | "update" | "quoted_update", Some(told)) => {
            let is_edit = matches!(&*kind, "update" | "quoted_update");
            return status(told, from, is_edit).map_err(|refused| inside(&refused));
        }
        (kind, _) => {
            let name = ["notification ", kind].concat();
            return Ok(counted(&name, from, &payload.it.id));
        }
    };
    Ok(happened(
        [kind, ":", &who.id, ":", &status_id].concat(),
        at,
        Body::Interaction(Interaction {
            kind: Cow::Borrowed(kind),
            ended: false,
            account: who,
            post_id: status_id,
        }),
    ))
}

fn follow<'a>(who: Box<Account<'a>>, whom: Cow<'a, str>, at: Option<Time>) -> Event<'a> {
    let target = Box::new(Account {
        id: account_id(&whom),
        handle: whom,
        ..Account::default()
    });
    happened(
        ["follows:", &who.id, ":", &target.id].concat(),
        at,
        Body::Relationship(Relationship {
            kind: Cow::Borrowed("follows"),
            ended: false,
            source: who,
            target,
        }),
    )
}

fn happened<'a>(id: String, at: Option<Time>, body: Body<'a>) -> Event<'a> {
    let mut id = EventId::new(SERVICE, id);
    id.version = Cow::Owned(at.map(|at| at.to_string()).unwrap_or_default());
    Event { id, at, body }
}

/// What is no post and concerns none: it is counted.
fn counted<'a>(name: &str, from: Instance<'_>, id: &Field<'a>) -> Event<'a> {
    let name: String = name.chars().take(MAX_NAME_CHARS).collect();
    notice([&*name, ":", from.host, ":", id.as_str()].concat(), name)
}

pub(super) fn notice<'a>(id: String, text: String) -> Event<'a> {
    Event {
        id: EventId::new(SERVICE, id),
        at: None,
        body: Body::Notice(Notice {
            kind: NoticeKind::Other,
            withheld: None,
            text: Cow::Owned(text),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mastodon::decode;

    /// What a status becomes with this quote: whether it is an edit, its version, its text, and what it quotes.
    fn quoting(edited_at: &str, quote: &str) -> (bool, String, String, String) {
        let content = r#"<p class=\"quote-inline\">RE: <a href=\"https://b.example/1\">b</a></p><p>so true</p>"#;
        let status = format!(
            r#"{{"mastodon":"a.example","event":"update","payload":{{"id":"7","uri":"https://a.example/7","edited_at":{edited_at},"content":"{content}","quote":{quote}}}}}"#
        );
        let event = decode(status.as_bytes()).unwrap();
        let post = event.post().unwrap();
        let quoted = post.quote_of.as_ref().map(|quoted| quoted.id.to_string());
        (
            matches!(event.body, Body::Edit(_)),
            event.id.version.to_string(),
            post.text.to_string(),
            quoted.unwrap_or_default(),
        )
    }

    #[test]
    fn what_becomes_of_a_quote_is_a_later_version() {
        let shown = r#"{"state":"accepted","quoted_status":{"id":"1","uri":"https://b.example/1","content":"b"}}"#;
        let gone = r#"{"state":"revoked","quoted_status":null}"#;
        let waits = r#"{"state":"pending","quoted_status":null}"#;
        let later = "\"2026-08-01T13:53:10.704Z\"";
        let all = [
            quoting("null", waits),
            quoting("null", shown),
            quoting("null", gone),
            quoting(later, waits),
            quoting(later, gone),
        ];
        let versions: Vec<&str> = all.iter().map(|one| one.1.as_str()).collect();
        assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
        assert!(versions.iter().all(|version| *version < DELETED));
        let line = "RE: b\n\nso true";
        let expected = [
            (false, line, ""),
            (false, "so true", "https://b.example/1"),
            (false, "so true", ""),
            (true, line, ""),
            (true, "so true", ""),
        ];
        let found = all
            .iter()
            .map(|(is_edit, _, text, quoted)| (*is_edit, text.as_str(), quoted.as_str()));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}
