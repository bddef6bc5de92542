//! A rule in plain English, so that a person sees what it does before it runs.

use crate::expr::{
    AccountRole, Bounds, Circle, CountRange, Counted, Expr, ExprKind, Field, Flag, IdRole,
    LengthUnit, Part, ProfilePart, Term, Words,
};

/// What the rule catches, as one sentence without a full stop.
pub(crate) fn explain(expr: &Expr) -> String {
    format!("posts that {}", say(expr, true, Outer::Nothing))
}

/// What a part stands in, which decides about its brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outer {
    Nothing,
    And,
    Or,
}

fn say(expr: &Expr, positive: bool, outer: Outer) -> String {
    match &expr.kind {
        ExprKind::Term(term) => say_term(term, positive),
        ExprKind::Not(part) => say(part, !positive, outer),
        // What is not "a or b" is "not a and not b".
        ExprKind::All(parts) => say_parts(
            parts,
            positive,
            outer,
            if positive { Outer::And } else { Outer::Or },
        ),
        ExprKind::Any(parts) => say_parts(
            parts,
            positive,
            outer,
            if positive { Outer::Or } else { Outer::And },
        ),
    }
}

fn say_parts(parts: &[Expr], positive: bool, outer: Outer, own: Outer) -> String {
    let said: Vec<String> = parts.iter().map(|part| say(part, positive, own)).collect();
    let between = if own == Outer::And { " and " } else { " or " };
    let joined = match said.as_slice() {
        [first @ .., before, last] if !first.is_empty() => {
            format!("{}, {before}{between}{last}", first.join(", "))
        }
        _ => said.join(between),
    };
    if outer == Outer::Nothing || outer == own {
        joined
    } else {
        format!("({joined})")
    }
}

/// "contain x" or "do not contain x".
fn say_term(term: &Term, positive: bool) -> String {
    let (verb, rest) = clause(term);
    match (verb, positive) {
        (verb, true) => format!("{verb} {rest}"),
        ("are", false) => format!("are not {rest}"),
        ("have", false) => format!(
            "have no {}",
            rest.split_once(' ').map_or(rest.as_str(), |(_, noun)| noun)
        ),
        ("were", false) => format!("were not {rest}"),
        ("come", false) => format!("do not come {rest}"),
        (verb, false) => format!("do not {verb} {rest}"),
    }
}

/// The verb, and what comes after it.
fn clause(term: &Term) -> (&'static str, String) {
    match term {
        Term::Words(words) => ("contain", say_words(words)),
        Term::Hashtag(name) => ("carry", format!("the hashtag #{}", name.text())),
        Term::Mention(name) => ("mention", format!("@{}", name.text())),
        Term::Cashtag(name) => ("carry", format!("the cashtag ${}", name.text())),
        Term::Account(role, name) => say_account(*role, name.text()),
        Term::Field(field, words) => say_field(*field, words),
        Term::UrlContains(part) => (
            "link",
            format!("to an address with “{}” in it", part.text()),
        ),
        Term::Contains(part) => (
            "contain",
            format!("the letters “{}”, even inside words", part.text()),
        ),
        Term::Context(domain, entity) => ("are", say_context(domain.as_deref(), entity.as_deref())),
        Term::Entity(name) => ("name", format!("“{}”", name.text())),
        Term::Id(role, id) => say_id(*role, id),
        Term::Place(words) => ("are", format!("tagged with the place “{}”", words.text())),
        Term::PlaceCountry(code) => ("are", format!("tagged with a place in {code}")),
        Term::PointRadius(circle) => ("come", format!("from {}", say_circle(circle))),
        Term::BoundingBox(bounds) => ("come", format!("from {}", say_box(bounds))),
        Term::Is(flag) => say_flag(*flag),
        Term::Has(part) => say_part(*part),
        Term::Count(counted, range) => say_count(*counted, range),
        Term::Source(name) => ("were", format!("sent with {}", name.text())),
        Term::Lang(code) if code == "und" => ("are", "in an unknown language".to_owned()),
        Term::Lang(code) => {
            let name = crate::language::english_name(code)
                .map_or_else(|| code.clone(), |name| format!("{name} ({code})"));
            ("are", format!("in {name}"))
        }
        Term::Sample(percent) => ("belong", format!("to a fixed {percent} % of all posts")),
        Term::Embedding(text) => ("are", format!("close in meaning to “{text}”")),
        Term::EmbeddingThreshold(threshold) => {
            ("are", format!("at least {threshold} close in meaning"))
        }
        Term::Profile(part, name) => (
            "come",
            format!(
                "from an account at home in the {} “{}”",
                home(*part),
                name.text()
            ),
        ),
        Term::ProfilePointRadius(circle) => (
            "come",
            format!("from an account at home in {}", say_circle(circle)),
        ),
        Term::ProfileBoundingBox(bounds) => (
            "come",
            format!("from an account at home in {}", say_box(bounds)),
        ),
        Term::V11Track(list) => ("match", format!("the v1.1 track list “{}”", list.text())),
        Term::V11Follow(list) if list.len() == 1 => {
            ("are", format!("by, to or passed on from {}", list.text()))
        }
        Term::V11Follow(list) => (
            "are",
            format!("by, to or passed on from one of {} accounts", list.len()),
        ),
        Term::V11Locations(boxes) => {
            let boxes: Vec<String> = boxes.iter().map(say_box).collect();
            (
                "come",
                format!("from {} or a place that overlaps it", boxes.join(" or ")),
            )
        }
    }
}

fn say_words(words: &Words) -> String {
    let text = words.text();
    match (words.slop(), words.tokens().len()) {
        (_, 0 | 1) => format!("“{text}”"),
        (None, _) => format!("the phrase “{text}”"),
        (Some(slop), _) => format!("the words “{text}” with at most {slop} others between them"),
    }
}

fn say_account(role: AccountRole, name: &str) -> (&'static str, String) {
    match role {
        AccountRole::From => ("come", format!("from {name}")),
        AccountRole::To => ("are", format!("replies to {name}")),
        AccountRole::RepostOf => ("are", format!("reposts of {name}")),
        AccountRole::FromAffiliateOf => ("come", format!("from an affiliate of {name}")),
        AccountRole::ToAffiliateOf => ("are", format!("replies to an affiliate of {name}")),
    }
}

fn say_field(field: Field, words: &Words) -> (&'static str, String) {
    let words = words.text();
    match field {
        Field::Url => ("link", format!("to an address with the words “{words}”")),
        Field::UrlTitle => ("link", format!("to a page titled “{words}”")),
        Field::UrlDescription => ("link", format!("to a page described with “{words}”")),
        Field::Bio => ("come", format!("from an account whose bio says “{words}”")),
        Field::BioName => ("come", format!("from an account whose name says “{words}”")),
        Field::BioLocation => (
            "come",
            format!("from an account whose location says “{words}”"),
        ),
    }
}

fn say_context(domain: Option<&str>, entity: Option<&str>) -> String {
    match (domain, entity) {
        (Some(domain), Some(entity)) => format!("about topic {entity} of domain {domain}"),
        (Some(domain), None) => format!("about any topic of domain {domain}"),
        (None, entity) => format!("about topic {}", entity.unwrap_or("*")),
    }
}

fn say_id(role: IdRole, id: &str) -> (&'static str, String) {
    match role {
        IdRole::Conversation => ("belong", format!("to the conversation {id}")),
        IdRole::ReplyTo => ("are", format!("direct replies to the post {id}")),
        IdRole::RepostOf => ("are", format!("reposts of the post {id}")),
        IdRole::QuoteOf => ("quote", format!("the post {id}")),
        IdRole::List => ("come", format!("from a member of the list {id}")),
    }
}

fn say_flag(flag: Flag) -> (&'static str, String) {
    let (verb, what) = match flag {
        Flag::Retweet => ("are", "reposts"),
        Flag::Reply => ("are", "replies"),
        Flag::Quote => ("are", "quotes"),
        Flag::Verified => ("come", "from a verified account"),
        Flag::Nullcast => ("are", "made for promotion only"),
    };
    (verb, what.to_owned())
}

fn say_part(part: Part) -> (&'static str, String) {
    let what = match part {
        Part::Hashtags => "hashtag",
        Part::Cashtags | Part::Symbols => "cashtag",
        Part::Links => "link",
        Part::Mentions => "mention",
        Part::Media => "image, video or other attachment",
        Part::Images => "image",
        Part::Videos => "video",
        Part::Geo => "place or coordinates",
        Part::Lang => "known language",
        Part::ProfileGeo => "known home of the author",
    };
    (
        "have",
        format!(
            "{}{what}",
            if part == Part::Media || part == Part::Images {
                "an "
            } else {
                "a "
            }
        ),
    )
}

fn say_count(counted: Counted, range: &CountRange) -> (&'static str, String) {
    let number = match range.max {
        Some(max) => format!("{} to {max}", range.min),
        None => format!("at least {}", range.min),
    };
    match counted {
        Counted::Followers | Counted::MinFollowers => {
            ("come", format!("from an account with {number} followers"))
        }
        Counted::Following => (
            "come",
            format!("from an account that follows {number} others"),
        ),
        Counted::Posts => ("come", format!("from an account with {number} posts")),
        Counted::Listed => ("come", format!("from an account that {number} lists name")),
        Counted::MinLikes => ("are", format!("liked by {number}")),
        Counted::MinReplies => ("are", format!("answered by {number}")),
        Counted::MinReposts => ("are", format!("passed on by {number}")),
    }
}

fn home(part: ProfilePart) -> &'static str {
    match part {
        ProfilePart::Country => "country",
        ProfilePart::Region => "region",
        ProfilePart::Subregion => "county",
        ProfilePart::Locality => "town",
    }
}

fn say_circle(circle: &Circle) -> String {
    let [longitude, latitude] = circle.centre;
    let unit = match circle.unit {
        LengthUnit::Miles => "miles",
        LengthUnit::Kilometres => "kilometres",
    };
    format!(
        "within {} {unit} of longitude {longitude}, latitude {latitude}",
        circle.radius
    )
}

fn say_box(bounds: &Bounds) -> String {
    let Bounds {
        west,
        south,
        east,
        north,
    } = bounds;
    format!("between longitudes {west} and {east} and latitudes {south} and {north}")
}

#[cfg(test)]
mod tests;
