//! What each collection of recordings holds.

/// What is expected of a collection.
#[derive(Clone, Copy)]
pub(crate) struct Expected {
    /// Unique posts that the collection's list states.
    pub(crate) stated: usize,
    /// Unique posts that we decode, embedded ones included.
    pub(crate) unique: usize,
    /// Events that are no posts.
    pub(crate) other: usize,
    /// Why `stated` and `unique` differ.
    pub(crate) note: &'static str,
}

/// What is expected of the collection in the folder of this name, if it is of a form that we read.
pub(crate) fn of(collection: &str) -> Option<Expected> {
    let expected = |stated, unique, other, note| {
        Some(Expected {
            stated,
            unique,
            other,
            note,
        })
    };
    match collection {
        "DocNow__twarc-csv" => {
            expected(1_614, 1_562, 4, " (52 stand pinned in a page of accounts)")
        }
        "GateNLP__broad_twitter_corpus" => expected(2_495, 2_495, 0, ""),
        "att__ast" => expected(202, 202, 11, ""),
        "bear__python-twitter" => expected(729, 705, 0, " (24 stand inside accounts)"),
        "bluesky-social__jetstream" => expected(18, 18, 144, ""),
        "egg-mode-rs__egg-mode" => expected(59, 55, 0, " (4 stand inside accounts)"),
        "icco__tweets" => expected(23_842, 23_842, 0, ""),
        "medialab__twitwi" => expected(
            355,
            208,
            0,
            " (147 are in forms of Bluesky's API, not Jetstream's)",
        ),
        "pgarrison__tweet-matches" => {
            expected(24, 22, 0, " (2 stand inside a status without an id)")
        }
        "sferik__twitter-ruby" => expected(466, 458, 5, " (8 stand inside accounts)"),
        "xdevplatform__tweet-updates" => expected(36, 36, 0, ""),
        "xdevplatform__tweet_parser" => expected(29, 29, 0, ""),
        _ => None,
    }
}
