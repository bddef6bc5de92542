//! What X v2 sends besides posts: activities, compliance events, error messages.
//!
//! These are rare, so they are parsed a second time here instead of burdening the type of every post. A deletion's id is
//! the post's, with the version `~deleted`, which sorts behind every other: it stays in order with its post and is not taken for it. Events about an
//! account have the id `user:<id>`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bowerbird_core::event::{Body, Delete, Event, Notice, NoticeKind};
use bowerbird_core::ids::EventId;
use bowerbird_core::source::Refused;
use bowerbird_core::time::Time;

use super::convert::{self, SERVICE, texts};
use super::problem::Problem;
use super::wire;
use crate::json::field::{Field, Id, Maybe, Values};
use crate::json::lenient::objects;
use crate::{json, times};

/// Is the envelope's `data` a post, as far as its own fields tell?
pub(crate) fn is_post(data: &wire::Post<'_>) -> bool {
    !data.id.is_empty() && matches!(data.text, Field::Text(_))
}

objects! {
    struct Envelope<'a> {
        data: Maybe<Data<'a>>,
        includes: wire::Includes<'a>,
        errors: Vec<Problem<'a>>,
    }

    struct Data<'a> {
        id: Id<'a>,
        text: Field<'a>,
        username: Field<'a>,
        event_type: Field<'a>,
        event_uuid: Id<'a>,
        payload: Maybe<wire::Post<'a>>,
        includes: wire::Includes<'a>,
        delete: Maybe<Compliance<'a>>,
        drop: Maybe<Compliance<'a>>,
        withheld: Maybe<Compliance<'a>>,
        scrub_geo: Maybe<Compliance<'a>>,
        user_delete: Maybe<Compliance<'a>>,
        user_suspend: Maybe<Compliance<'a>>,
        user_protect: Maybe<Compliance<'a>>,
        user_withheld: Maybe<Compliance<'a>>,
        undrop: Maybe<Compliance<'a>>,
        user_undelete: Maybe<Compliance<'a>>,
        user_unsuspend: Maybe<Compliance<'a>>,
        user_unprotect: Maybe<Compliance<'a>>,
    }

    struct Compliance<'a> {
        event_at: Field<'a>,
        tweet: Named<'a>,
        post: Named<'a>,
        user: Named<'a>,
        up_to_tweet_id: Id<'a>,
        up_to_post_id: Id<'a>,
        withheld_in_countries: Values<Field<'a>>,
    }

    struct Named<'a> {
        id: Id<'a>,
        author_id: Id<'a>,
    }
}

/// Reads an envelope whose `data` is no whole post.
pub(crate) fn read(text: &str) -> Result<Event<'_>, Refused> {
    let envelope: Envelope<'_> = json::object(text)?;
    let Some(data) = envelope.data.get() else {
        return match envelope.errors.first() {
            Some(first) => answer(first),
            None => Err(Refused::new("data: expected an object")),
        };
    };
    if data.event_type.as_str().starts_with(PROFILE) {
        return profile_update(text);
    }
    if !data.event_type.is_empty() {
        // X puts what a post refers to beside it; its older examples, beside `data`.
        let is_beside = data.includes.users.is_empty() && data.includes.tweets.is_empty();
        let includes = if is_beside {
            &envelope.includes
        } else {
            &data.includes
        };
        return activity(data, includes);
    }
    if !data.id.is_empty() && !data.username.is_empty() {
        return profile(text);
    }
    if let Some(event) = compliance(data)? {
        return Ok(event);
    }
    if let Some(event) = only_noted(text) {
        return Ok(event);
    }
    data.id.required("data.id")?;
    data.text.check_in("data", "text")?;
    Err(Refused::new("data: expected a post"))
}

fn event<'a>(
    id: impl Into<Cow<'a, str>>,
    version: &'static str,
    at: Option<Time>,
    body: Body<'a>,
) -> Event<'a> {
    let mut id = EventId::new(SERVICE, id);
    id.version = Cow::Borrowed(version);
    Event { id, at, body }
}

/// What the kinds of changes of a profile begin with.
const PROFILE: &str = "profile.update.";

objects! {
    struct ProfileEnvelope<'a> {
        data: wire::User<'a>,
    }

    struct ChangeEnvelope<'a> {
        data: Change<'a>,
    }

    struct Change<'a> {
        event_type: Field<'a>,
        event_uuid: Id<'a>,
        filter: Filter<'a>,
        payload: NewValue<'a>,
        includes: wire::Includes<'a>,
    }

    struct Filter<'a> {
        user_id: Id<'a>,
    }

    struct NewValue<'a> {
        after: Field<'a>,
    }
}

/// An account by itself, as look-ups give it.
fn profile(text: &str) -> Result<Event<'_>, Refused> {
    let envelope: ProfileEnvelope<'_> = json::object(text)?;
    let account = convert::account(&envelope.data);
    let id = format!("user:{}", account.id);
    Ok(event(id, "", None, Body::Profile(Box::new(account))))
}

/// A change of one thing that an account says of itself.
fn profile_update(text: &str) -> Result<Event<'_>, Refused> {
    let envelope: ChangeEnvelope<'_> = json::object(text)?;
    let change = &envelope.data;
    let account_id = change.filter.user_id.required("data.filter.user_id")?;
    let mut users = change.includes.users.iter();
    let known = users.find(|user| user.id.as_str() == account_id);
    let mut account = known.map(convert::account).unwrap_or_default();
    account.id.clone_from(&account_id);
    let what = &change.event_type.as_str()[PROFILE.len()..];
    let said = match what {
        "bio" => &mut account.bio,
        "screenname" => &mut account.name,
        "handle" => &mut account.handle,
        "geo" => &mut account.location,
        "url" => &mut account.url,
        "profile_picture" => &mut account.avatar,
        _ => {
            let id = format!("activity:{}", change.event_uuid.as_str());
            return Ok(notice(id, NoticeKind::Other, change.event_type.text()));
        }
    };
    *said = change.payload.after.text();
    let mut id = EventId::new(SERVICE, format!("user:{account_id}"));
    let number = change.event_uuid.as_str();
    // The older form has no number of its own.
    let number = if number.is_empty() { &**said } else { number };
    id.version = Cow::Owned(format!("{what}:{number}"));
    let body = Body::Profile(Box::new(account));
    Ok(Event { id, at: None, body })
}

/// An event of X's activity stream: a post that was made or deleted; anything else is only counted.
fn activity<'a>(data: &Data<'a>, includes: &wire::Includes<'a>) -> Result<Event<'a>, Refused> {
    let kind = data.event_type.as_str();
    let payload = data.payload.get();
    match (kind, payload) {
        ("post.delete", Some(post)) => {
            let post_id = post.id.required("data.payload.id")?;
            Ok(delete(post_id, post.author_id.text(), None))
        }
        (kind, Some(post)) if kind.starts_with("post.") => {
            convert::post_event(post, includes, "data.payload")
        }
        _ => Ok(notice(
            format!("activity:{}", data.event_uuid.as_str()),
            NoticeKind::Other,
            data.event_type.text(),
        )),
    }
}

/// A post that is to be forgotten.
pub(crate) fn delete<'a>(
    post_id: Cow<'a, str>,
    author_id: Cow<'a, str>,
    at: Option<Time>,
) -> Event<'a> {
    let body = Body::Delete(Delete::Post {
        post_id: post_id.clone(),
        author_id,
    });
    event(post_id, "~deleted", at, body)
}

/// An account whose posts are to be forgotten.
fn account_gone<'a>(account_id: Cow<'a, str>, status: Cow<'a, str>, at: Option<Time>) -> Event<'a> {
    let id = format!("user:{account_id}");
    let body = Body::Delete(Delete::Account { account_id, status });
    event(id, "~deleted", at, body)
}

/// Places that are to be forgotten.
pub(crate) fn scrub_geo<'a>(
    account_id: Cow<'a, str>,
    up_to_post_id: Cow<'a, str>,
    at: Option<Time>,
) -> Event<'a> {
    let id = format!("user:{account_id}:places:{up_to_post_id}");
    let body = Body::Delete(Delete::Location {
        account_id,
        up_to_post_id,
    });
    event(id, "", at, body)
}

/// A post that may not be shown everywhere.
pub(crate) fn withheld_post<'a>(
    post_id: Cow<'a, str>,
    countries: Vec<Cow<'a, str>>,
    at: Option<Time>,
) -> Event<'a> {
    let mut id = EventId::new(SERVICE, post_id.clone());
    id.version = Cow::Owned(format!("withheld:{}", countries.join(",")));
    Event {
        id,
        at,
        body: Body::Delete(Delete::WithheldPost { post_id, countries }),
    }
}

/// An account that may not be shown everywhere.
pub(crate) fn withheld_account<'a>(
    account_id: Cow<'a, str>,
    countries: Vec<Cow<'a, str>>,
    at: Option<Time>,
) -> Event<'a> {
    let id = format!("user:{account_id}:withheld:{}", countries.join(","));
    let body = Body::Delete(Delete::WithheldAccount {
        account_id,
        countries,
    });
    event(id, "", at, body)
}

/// Something X says about the stream, or that we only count.
pub(crate) fn notice<'a>(
    id: impl Into<Cow<'a, str>>,
    kind: NoticeKind,
    text: impl Into<Cow<'a, str>>,
) -> Event<'a> {
    let body = Body::Notice(Notice {
        kind,
        withheld: None,
        text: text.into(),
    });
    event(id, "", None, body)
}

/// An event of the compliance streams.
fn compliance<'a>(data: &Data<'a>) -> Result<Option<Event<'a>>, Refused> {
    if let Some(event) = data.delete.get().or(data.drop.get()) {
        let author_id = event.tweet.author_id.or(&event.post.author_id);
        let post_id = event.post_id()?;
        return Ok(Some(delete(post_id, author_id.text(), event.at())));
    }
    if let Some(event) = data.withheld.get() {
        let countries = texts(&event.withheld_in_countries);
        return Ok(Some(withheld_post(event.post_id()?, countries, event.at())));
    }
    if let Some(event) = data.scrub_geo.get() {
        let up_to = event.up_to_tweet_id.or(&event.up_to_post_id);
        return Ok(Some(scrub_geo(event.user_id()?, up_to.text(), event.at())));
    }
    if let Some(event) = data.user_withheld.get() {
        let countries = texts(&event.withheld_in_countries);
        return Ok(Some(withheld_account(
            event.user_id()?,
            countries,
            event.at(),
        )));
    }
    let gone = [
        (&data.user_delete, "deleted"),
        (&data.user_suspend, "suspended"),
        (&data.user_protect, "protected"),
    ];
    for (event, status) in gone {
        if let Some(event) = event.get() {
            return Ok(Some(account_gone(
                event.user_id()?,
                status.into(),
                event.at(),
            )));
        }
    }
    Ok(undone(data))
}

/// Of the compliance streams, what has nothing that we must forget (an edit, a changed profile), or is not documented yet: one thing by its name, with the moment it
/// happened.
fn only_noted<'a>(text: &str) -> Option<Event<'a>> {
    #[derive(serde::Deserialize)]
    struct Envelope {
        data: BTreeMap<String, serde_json::Value>,
    }
    const MAX_NAME: usize = 64;
    let envelope: Envelope = serde_json::from_str(text).ok()?;
    let mut things = envelope.data.into_iter();
    let (Some((name, thing)), None) = (things.next(), things.next()) else {
        return None;
    };
    let at = thing.get("event_at")?.as_str()?;
    if name.len() > MAX_NAME || times::rfc3339(at).is_none() {
        return None;
    }
    let whom = ["/tweet/id", "/post/id", "/user/id", "/initial_tweet_id"];
    let whom = whom.iter().find_map(|path| thing.pointer(path)?.as_str());
    let whom: String = whom.unwrap_or_default().chars().take(MAX_NAME).collect();
    let id = format!("compliance:{name}:{whom}:{at}");
    Some(notice(id, NoticeKind::Other, name))
}

impl<'a> Compliance<'a> {
    fn at(&self) -> Option<Time> {
        times::rfc3339(self.event_at.as_str())
    }

    fn post_id(&self) -> Result<Cow<'a, str>, Refused> {
        self.tweet.id.or(&self.post.id).required("data.tweet.id")
    }

    fn user_id(&self) -> Result<Cow<'a, str>, Refused> {
        self.user.id.required("data.user.id")
    }
}

/// What was hidden may be shown again. We have forgotten it; so this is only counted.
fn undone<'a>(data: &Data<'a>) -> Option<Event<'a>> {
    let undone = [
        (&data.undrop, "undrop"),
        (&data.user_undelete, "user_undelete"),
        (&data.user_unsuspend, "user_unsuspend"),
        (&data.user_unprotect, "user_unprotect"),
    ];
    let (event, name) = undone
        .into_iter()
        .find(|(event, _)| event.get().is_some())?;
    let event = event.get()?;
    let whom = event.tweet.id.or(&event.user.id).as_str();
    let id = format!("compliance:{name}:{whom}:{}", event.event_at.as_str());
    Some(notice(id, NoticeKind::Other, name))
}

/// An error message: the end of a stream, or the answer to a request, which is no event.
pub(crate) fn problem(text: &str) -> Result<Event<'_>, Refused> {
    let envelope: Envelope<'_> = json::object(text)?;
    if let Some(first) = envelope.errors.first() {
        return answer(first);
    }
    answer(&json::object(text)?)
}

fn answer<'a>(problem: &Problem<'a>) -> Result<Event<'a>, Refused> {
    let kind = problem.kind.as_str();
    let ends_stream = !problem.disconnect_type.is_empty()
        || kind.ends_with("/operational-disconnect")
        || kind.ends_with("/streaming-connection");
    let words = problem.words();
    if ends_stream {
        let id = format!("disconnect:{}:{words}", problem.disconnect_type.as_str());
        return Ok(notice(id, NoticeKind::Disconnect, words));
    }
    const MAX_WORDS: usize = 120;
    let words: String = words.chars().take(MAX_WORDS).collect();
    Err(Refused::new(format!("an error and no post: {words}")))
}

objects! {
    struct ComplianceLine<'a> {
        id: Id<'a>,
        action: Field<'a>,
        created_at: Field<'a>,
        redacted_at: Field<'a>,
        reason: Field<'a>,
    }
}

/// A line of a compliance job's result: what we asked about and must forget.
pub(crate) fn compliance_line(text: &str) -> Result<Event<'_>, Refused> {
    let line: ComplianceLine<'_> = json::object(text)?;
    let id = line.id.required("id")?;
    if line.action.as_str() != "delete" {
        return Err(Refused::new("action: expected `delete`"));
    }
    let at = times::rfc3339(line.redacted_at.as_str());
    if is_account(&id, times::rfc3339(line.created_at.as_str())) {
        return Ok(account_gone(id, line.reason.text(), at));
    }
    Ok(delete(id, Cow::Borrowed(""), at))
}

/// Jobs about posts and jobs about accounts give the same lines. Posts have had ids that hold their time since November 2010, so a
/// smaller one made later is an account's; ids of accounts made since 2016 can't be told apart and count as posts'.
fn is_account(id: &str, made_at: Option<Time>) -> bool {
    const FIRST_WITH_TIME: u64 = 29_700_859_247;
    const SINCE: Time = Time(1_288_834_974_657_000);
    let is_small = id.parse().is_ok_and(|id: u64| id < FIRST_WITH_TIME);
    is_small && made_at.is_some_and(|made_at| made_at > SINCE)
}
