//! Everything that v1.1 streams say besides statuses: deletions, limits, warnings, and what accounts do to each other.
//!
//! What happens between accounts has an id of its own making, as X gives none: what, who, to whom; the moment is its
//! version, so that a like after an unlike is the later of the two. A direct message is nobody's public post: it is counted
//! and nothing of it is read.

use std::borrow::Cow;

use bowerbird_core::event::{Account, Body, Event, Interaction, Notice, NoticeKind, Relationship};
use bowerbird_core::ids::EventId;
use bowerbird_core::source::Refused;
use bowerbird_core::time::Time;
use serde::Deserialize;
use sonic_rs::LazyValue;

use super::convert::{account, id_of, moment};
use super::only_counted;
use super::wire::{Control, Deletion, Disconnect, Limit, Warning, Withheld};
use crate::json;
use crate::json::field::Id;
use crate::shape::{self, Shape};
use crate::x::convert::{SERVICE, texts};
use crate::x::other;

/// Reads a stream message that is no status.
pub(super) fn read(text: &str) -> Result<Event<'_>, Refused> {
    let control: Control<'_> = json::object(text)?;
    if !control.for_user.is_empty() {
        return for_user(text);
    }
    if !control.event.is_empty() {
        return Ok(happened(&control));
    }
    if let Some(deletion) = control.delete.get() {
        return self::deletion(deletion);
    }
    if let Some(scrub) = control.scrub_geo.get() {
        let user_id = id_of(&scrub.user_id_str, &scrub.user_id).required("scrub_geo.user_id")?;
        let up_to = id_of(&scrub.up_to_status_id_str, &scrub.up_to_status_id).text();
        return Ok(other::scrub_geo(user_id, up_to, None));
    }
    if let Some(withheld) = control.status_withheld.get() {
        let id = id_of(&withheld.id_str, &withheld.id).required("status_withheld.id")?;
        let countries = texts(&withheld.withheld_in_countries);
        return Ok(other::withheld_post(id, countries, at(withheld)));
    }
    if let Some(withheld) = control.user_withheld.get() {
        let id = id_of(&withheld.id_str, &withheld.id).required("user_withheld.id")?;
        let countries = texts(&withheld.withheld_in_countries);
        return Ok(other::withheld_account(id, countries, at(withheld)));
    }
    Ok(notice(&control))
}

fn at(withheld: &Withheld<'_>) -> Option<Time> {
    millis(&withheld.timestamp_ms)
}

fn millis(text: &Id<'_>) -> Option<Time> {
    text.as_str().parse().ok().map(Time::from_millis)
}

/// A status that is gone, or a like that was taken back.
fn deletion<'a>(deletion: &Deletion<'a>) -> Result<Event<'a>, Refused> {
    let at = millis(&deletion.timestamp_ms);
    if let Some(favorite) = deletion.favorite.get() {
        let post_id = id_of(&favorite.tweet_id_str, &favorite.tweet_id);
        let account_id = id_of(&favorite.user_id_str, &favorite.user_id);
        let who = Account {
            id: account_id.required("delete.favorite.user_id")?,
            ..Account::default()
        };
        return Ok(interaction("like", true, who, post_id.text(), at));
    }
    let Some(status) = deletion.status.get() else {
        return Err(Refused::new("delete.status: expected an object"));
    };
    let id = id_of(&status.id_str, &status.id).required("delete.status.id")?;
    let author_id = id_of(&status.user_id_str, &status.user_id).text();
    Ok(other::delete(id, author_id, at))
}

/// Messages about the stream itself.
fn notice<'a>(control: &Control<'a>) -> Event<'a> {
    if let Some(limit) = control.limit.get() {
        return self::limit(limit);
    }
    if let Some(disconnect) = control.disconnect.get() {
        return self::disconnect(disconnect);
    }
    if let Some(warning) = control.warning.get() {
        return self::warning(warning);
    }
    if control.direct_message.get().is_some() {
        return only_counted("direct_message".to_owned(), "a direct message, not read");
    }
    let n_friends = control.friends.0.len().max(control.friends_str.0.len());
    if n_friends > 0 {
        return only_counted(
            format!("friends:{n_friends}"),
            format!("a list of {n_friends} friends"),
        );
    }
    only_counted(
        "control".to_owned(),
        "a message for the operator of the stream",
    )
}

fn limit<'a>(limit: &Limit<'a>) -> Event<'a> {
    let withheld = limit.track.unwrap_or_default();
    let at = limit.timestamp_ms.as_str();
    let mut event = only_counted(format!("limit:{at}:{withheld}"), "");
    event.at = millis(&limit.timestamp_ms);
    event.body = Body::Notice(Notice {
        kind: NoticeKind::Limit,
        withheld: Some(withheld),
        text: Cow::Borrowed(""),
    });
    event
}

fn disconnect<'a>(disconnect: &Disconnect<'a>) -> Event<'a> {
    let (code, stream) = (disconnect.code.as_str(), disconnect.stream_name.as_str());
    let id = format!("disconnect:{code}:{stream}");
    other::notice(id, NoticeKind::Disconnect, disconnect.reason.text())
}

fn warning<'a>(warning: &Warning<'a>) -> Event<'a> {
    let code = warning.code.as_str();
    let kind = match code {
        "FALLING_BEHIND" => NoticeKind::Warning,
        _ => NoticeKind::Other,
    };
    let id = format!("warning:{code}:{}", warning.timestamp_ms.as_str());
    let mut event = other::notice(id, kind, warning.message.text());
    event.at = millis(&warning.timestamp_ms);
    event
}

/// What an account did: to a status, to another account, to itself, or something we only count.
fn happened<'a>(control: &Control<'a>) -> Event<'a> {
    let at = moment(control.created_at.as_str());
    let who = control.source.get().map(account).unwrap_or_default();
    let whom = control.target.get().map(account).unwrap_or_default();
    let object = control.target_object.get();
    let post_id = object.map(|status| id_of(&status.id_str, &status.id).text());
    let post_id = post_id.unwrap_or_default();
    match control.event.as_str() {
        "favorite" => interaction("like", false, who, post_id, at),
        "unfavorite" => interaction("like", true, who, post_id, at),
        "follow" => relationship("follows", false, who, whom, at),
        "unfollow" => relationship("follows", true, who, whom, at),
        "block" => relationship("blocks", false, who, whom, at),
        "unblock" => relationship("blocks", true, who, whom, at),
        "mute" => relationship("ignores", false, who, whom, at),
        "unmute" => relationship("ignores", true, who, whom, at),
        "user_update" => {
            let id = format!("user:{}", who.id);
            event(id, at, Body::Profile(Box::new(who)))
        }
        _ => {
            let name = &control.event;
            let id = format!("event:{}:{}:{}", name.as_str(), who.id, version(at));
            only_counted(id, name.text())
        }
    }
}

fn version(at: Option<Time>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

fn event<'a>(id: String, at: Option<Time>, body: Body<'a>) -> Event<'a> {
    let mut id = EventId::new(SERVICE, id);
    id.version = Cow::Owned(version(at));
    Event { id, at, body }
}

fn interaction<'a>(
    kind: &'static str,
    ended: bool,
    who: Account<'a>,
    post_id: Cow<'a, str>,
    at: Option<Time>,
) -> Event<'a> {
    let id = format!("{kind}:{}:{post_id}", who.id);
    let body = Body::Interaction(Interaction {
        kind: Cow::Borrowed(kind),
        ended,
        account: Box::new(who),
        post_id,
    });
    event(id, at, body)
}

fn relationship<'a>(
    kind: &'static str,
    ended: bool,
    who: Account<'a>,
    whom: Account<'a>,
    at: Option<Time>,
) -> Event<'a> {
    let id = format!("{kind}:{}:{}", who.id, whom.id);
    let body = Body::Relationship(Relationship {
        kind: Cow::Borrowed(kind),
        ended,
        source: Box::new(who),
        target: Box::new(whom),
    });
    event(id, at, body)
}

/// `{"for_user":"1888","message":{…}}`: many users' streams over one connection.
fn for_user(text: &str) -> Result<Event<'_>, Refused> {
    #[derive(Deserialize)]
    struct Wrapper<'a> {
        #[serde(borrow)]
        message: LazyValue<'a>,
    }
    let wrapper: Wrapper<'_> = json::parse(text)?;
    let Cow::Borrowed(inner) = wrapper.message.as_raw_cow() else {
        return Err(Refused::new("message: expected an object"));
    };
    let shape = shape::of(inner)?;
    if shape == Shape::Control && is_wrapped(inner) {
        return Err(Refused::new("message: a message for a user within another"));
    }
    super::read(inner, shape)
}

fn is_wrapped(text: &str) -> bool {
    json::keys::Keys::of(text).any(|key| key.name == b"for_user")
}
