//! The names of the operators: every name and alias a rule may use, and what it stands for.
//!
//! One table serves the parser, the printer and the hints; the first name of an operator is the one that is printed.

use crate::expr::{AccountRole, Counted, Field, Flag, IdRole, Part, ProfilePart, Term};

/// An operator that is written `name:value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Account(AccountRole),
    Field(Field),
    UrlContains,
    Contains,
    Context,
    Entity,
    Id(IdRole),
    Place,
    PlaceCountry,
    PointRadius,
    BoundingBox,
    Is,
    Has,
    Count(Counted),
    Source,
    Lang,
    Sample,
    Embedding,
    EmbeddingThreshold,
    Profile(ProfilePart),
    ProfilePointRadius,
    ProfileBoundingBox,
    V11Track,
    V11Follow,
    V11Locations,
}

/// All names; an operator's own name stands before its aliases.
pub(crate) const OPERATORS: &[(&str, Operator)] = &[
    ("from", Operator::Account(AccountRole::From)),
    ("to", Operator::Account(AccountRole::To)),
    ("retweets_of", Operator::Account(AccountRole::RepostOf)),
    ("retweets_of_user", Operator::Account(AccountRole::RepostOf)),
    (
        "from_affiliate_of",
        Operator::Account(AccountRole::FromAffiliateOf),
    ),
    (
        "to_affiliate_of",
        Operator::Account(AccountRole::ToAffiliateOf),
    ),
    ("url", Operator::Field(Field::Url)),
    ("url_title", Operator::Field(Field::UrlTitle)),
    ("within_url_title", Operator::Field(Field::UrlTitle)),
    ("url_description", Operator::Field(Field::UrlDescription)),
    (
        "within_url_description",
        Operator::Field(Field::UrlDescription),
    ),
    ("bio", Operator::Field(Field::Bio)),
    ("user_bio", Operator::Field(Field::Bio)),
    ("bio_name", Operator::Field(Field::BioName)),
    ("bio_location", Operator::Field(Field::BioLocation)),
    ("user_bio_location", Operator::Field(Field::BioLocation)),
    ("url_contains", Operator::UrlContains),
    ("contains", Operator::Contains),
    ("context", Operator::Context),
    ("entity", Operator::Entity),
    ("conversation_id", Operator::Id(IdRole::Conversation)),
    ("in_reply_to_tweet_id", Operator::Id(IdRole::ReplyTo)),
    ("in_reply_to_status_id", Operator::Id(IdRole::ReplyTo)),
    ("retweets_of_tweet_id", Operator::Id(IdRole::RepostOf)),
    ("retweets_of_status_id", Operator::Id(IdRole::RepostOf)),
    ("quotes_of_tweet_id", Operator::Id(IdRole::QuoteOf)),
    ("list", Operator::Id(IdRole::List)),
    ("place", Operator::Place),
    ("place_country", Operator::PlaceCountry),
    ("point_radius", Operator::PointRadius),
    ("bounding_box", Operator::BoundingBox),
    ("geo_bounding_box", Operator::BoundingBox),
    ("is", Operator::Is),
    ("has", Operator::Has),
    ("followers_count", Operator::Count(Counted::Followers)),
    ("min_followers", Operator::Count(Counted::MinFollowers)),
    ("following_count", Operator::Count(Counted::Following)),
    ("friends_count", Operator::Count(Counted::Following)),
    ("tweets_count", Operator::Count(Counted::Posts)),
    ("statuses_count", Operator::Count(Counted::Posts)),
    ("listed_count", Operator::Count(Counted::Listed)),
    ("user_in_lists_count", Operator::Count(Counted::Listed)),
    ("min_likes", Operator::Count(Counted::MinLikes)),
    ("min_replies", Operator::Count(Counted::MinReplies)),
    ("min_reposts", Operator::Count(Counted::MinReposts)),
    ("source", Operator::Source),
    ("lang", Operator::Lang),
    ("sample", Operator::Sample),
    ("embedding", Operator::Embedding),
    ("embedding_threshold", Operator::EmbeddingThreshold),
    ("profile_country", Operator::Profile(ProfilePart::Country)),
    ("profile_region", Operator::Profile(ProfilePart::Region)),
    (
        "profile_subregion",
        Operator::Profile(ProfilePart::Subregion),
    ),
    ("profile_locality", Operator::Profile(ProfilePart::Locality)),
    ("profile_point_radius", Operator::ProfilePointRadius),
    ("profile_bounding_box", Operator::ProfileBoundingBox),
    ("v11_track", Operator::V11Track),
    ("v11_follow", Operator::V11Follow),
    ("v11_locations", Operator::V11Locations),
];

/// What may follow `is:`.
pub(crate) const FLAGS: &[(&str, Flag)] = &[
    ("retweet", Flag::Retweet),
    ("reply", Flag::Reply),
    ("quote", Flag::Quote),
    ("verified", Flag::Verified),
    ("nullcast", Flag::Nullcast),
];

/// What may follow `has:`.
pub(crate) const PARTS: &[(&str, Part)] = &[
    ("hashtags", Part::Hashtags),
    ("cashtags", Part::Cashtags),
    ("symbols", Part::Symbols),
    ("links", Part::Links),
    ("mentions", Part::Mentions),
    ("media", Part::Media),
    ("media_link", Part::Media),
    ("images", Part::Images),
    ("video_link", Part::Videos),
    ("videos", Part::Videos),
    ("geo", Part::Geo),
    ("lang", Part::Lang),
    ("profile_geo", Part::ProfileGeo),
];

/// Names of other places and times, and what they are called here.
pub(crate) const FOREIGN: &[(&str, &str)] = &[
    ("min_faves", "min_likes:"),
    ("min_retweets", "min_reposts:"),
    ("filter", "has: or is:"),
    ("near", "point_radius: or place:"),
    ("since", "the start of the track"),
    ("until", "the end of the track"),
    ("hashtag", "#name"),
    ("mention", "@name"),
    ("author", "from:"),
    ("user", "from:"),
    ("language", "lang:"),
    ("domain", "url:"),
    ("link", "url:"),
    ("country", "place_country:"),
    ("locations", "v11_locations:"),
    ("follow", "v11_follow:"),
    ("track", "v11_track:"),
];

/// What `name` looks up in `table`, whatever its case.
pub(crate) fn find<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|&(_, found)| found)
}

/// The name that is printed for `wanted`.
pub(crate) fn name_of<T: PartialEq>(table: &[(&'static str, T)], wanted: &T) -> &'static str {
    table
        .iter()
        .find(|(_, known)| known == wanted)
        .map_or("", |&(name, _)| name)
}

/// The entry of `table` that `name` was probably meant to be.
pub(crate) fn nearest<T>(table: &[(&'static str, T)], name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let allowed = name.len().div_ceil(3).clamp(1, 3);
    table
        .iter()
        .map(|&(known, _)| (edit_distance(known, &name), known))
        // More than half of a name wrong is another name.
        .filter(|&(distance, known)| distance <= allowed && 2 * distance <= known.len())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, known)| known)
}

/// How many letters must be changed, added, dropped or swapped with their neighbour.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if b.len() > a.len() + 3 {
        return usize::MAX;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// The operator a term is written with, if it has a name.
pub(crate) fn operator_of(term: &Term) -> Option<Operator> {
    Some(match term {
        Term::Words(_) | Term::Hashtag(_) | Term::Mention(_) | Term::Cashtag(_) => return None,
        Term::Account(role, _) => Operator::Account(*role),
        Term::Field(field, _) => Operator::Field(*field),
        Term::UrlContains(_) => Operator::UrlContains,
        Term::Contains(_) => Operator::Contains,
        Term::Context(..) => Operator::Context,
        Term::Entity(_) => Operator::Entity,
        Term::Id(role, _) => Operator::Id(*role),
        Term::Place(_) => Operator::Place,
        Term::PlaceCountry(_) => Operator::PlaceCountry,
        Term::PointRadius(_) => Operator::PointRadius,
        Term::BoundingBox(_) => Operator::BoundingBox,
        Term::Is(_) => Operator::Is,
        Term::Has(_) => Operator::Has,
        Term::Count(counted, _) => Operator::Count(*counted),
        Term::Source(_) => Operator::Source,
        Term::Lang(_) => Operator::Lang,
        Term::Sample(_) => Operator::Sample,
        Term::Embedding(_) => Operator::Embedding,
        Term::EmbeddingThreshold(_) => Operator::EmbeddingThreshold,
        Term::Profile(part, _) => Operator::Profile(*part),
        Term::ProfilePointRadius(_) => Operator::ProfilePointRadius,
        Term::ProfileBoundingBox(_) => Operator::ProfileBoundingBox,
        Term::V11Track(_) => Operator::V11Track,
        Term::V11Follow(_) => Operator::V11Follow,
        Term::V11Locations(_) => Operator::V11Locations,
    })
}

/// How a term's operator is called in messages: `is:retweet`, `lang:`, `#`.
pub(crate) fn label(term: &Term) -> String {
    match term {
        Term::Words(_) => "a keyword".to_owned(),
        Term::Hashtag(_) => "#".to_owned(),
        Term::Mention(_) => "@".to_owned(),
        Term::Cashtag(_) => "$".to_owned(),
        Term::Is(flag) => format!("is:{}", name_of(FLAGS, flag)),
        Term::Has(part) => format!("has:{}", name_of(PARTS, part)),
        named => format!(
            "{}:",
            operator_of(named).map_or("", |operator| name_of(OPERATORS, &operator))
        ),
    }
}
