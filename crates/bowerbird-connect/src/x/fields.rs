//! What of a post X is asked for: everything that it tells an app, and what the post refers to.

/// Parameters and their values.
const ASK_FOR: [(&str, &str); 6] = [
    (
        "tweet.fields",
        "article,attachments,author_id,community_id,context_annotations,conversation_id,created_at,display_text_range,edit_controls,edit_history_tweet_ids,entities,geo,id,in_reply_to_user_id,lang,media_metadata,note_tweet,possibly_sensitive,public_metrics,referenced_tweets,reply_settings,scopes,source,text,withheld",
    ),
    (
        "expansions",
        "article.cover_media,article.media_entities,attachments.media_keys,attachments.media_source_tweet,attachments.poll_ids,author_id,edit_history_tweet_ids,entities.mentions.username,entities.note.mentions.username,geo.place_id,in_reply_to_user_id,referenced_tweets.id,referenced_tweets.id.attachments.media_keys,referenced_tweets.id.author_id",
    ),
    (
        "user.fields",
        "affiliation,created_at,description,entities,id,is_identity_verified,location,name,parody,pinned_tweet_id,profile_banner_url,profile_image_url,protected,public_metrics,subscription_type,url,username,verified,verified_type,withheld",
    ),
    (
        "media.fields",
        "alt_text,duration_ms,height,media_key,preview_image_url,public_metrics,type,url,variants,width",
    ),
    (
        "poll.fields",
        "duration_minutes,end_datetime,id,options,voting_status",
    ),
    (
        "place.fields",
        "contained_within,country,country_code,full_name,geo,id,name,place_type",
    ),
];

/// As a query.
pub(super) fn everything() -> String {
    let pairs = ASK_FOR
        .iter()
        .map(|(name, values)| format!("{name}={values}"));
    pairs.collect::<Vec<_>>().join("&")
}

/// What X tells of an account by itself, as a query.
pub(super) fn of_accounts() -> String {
    let fields = ASK_FOR.iter().find(|(name, _)| *name == "user.fields");
    fields.map_or_else(String::new, |(name, values)| format!("{name}={values}"))
}
