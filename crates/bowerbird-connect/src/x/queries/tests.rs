//! What search is asked, and from where on.

use bowerbird_core::ids::TrackId;
use bowerbird_core::rules::Rule;
use bowerbird_core::rules::doc::{Author, Content, Doc, Entity, EntityKind};
use proptest::prelude::*;

use super::*;
use crate::x::testing::tracks;

const NOW: Time = Time(1_790_000_000_000_000);

fn x() -> SourceName {
    SourceName::parse("x").unwrap()
}

fn ago(seconds: u64) -> Time {
    NOW.minus(Duration::from_secs(seconds))
}

fn missing(from: u64, until: u64) -> Missing {
    Missing {
        from: ago(from),
        until: ago(until),
        track: None,
    }
}

fn asked(tracks: &[Track], missing: &Missing, max_chars: usize) -> Queries {
    queries(tracks, &x(), missing, max_chars, &Withheld::default(), NOW)
}

fn texts(queries: &Queries) -> Vec<String> {
    queries.all.iter().map(Query::text).collect()
}

#[test]
fn what_search_lacks_is_dropped_or_left_out() {
    let tracks = tracks(&[
        "cat sample:10",
        "dog bio:vet",
        "bio:vet",
        "bird -fish",
        "is:retweet cat",
    ]);
    let queries = asked(&tracks, &missing(600, 300), 512);
    assert_eq!(texts(&queries), ["cat OR dog OR bird"]);
    let left_out: Vec<u64> = queries.left_out.iter().map(|one| one.track.0).collect();
    assert_eq!(left_out, [3]);
    assert!(queries.left_out[0].reason.contains("X can't be asked"));
}

#[test]
fn only_tracks_that_listened_then_are_asked_for() {
    let mut all = tracks(&[
        "word1", "word2", "word3", "word4", "word5", "word6", "word7", "word8",
    ]);
    all[0].created_at = ago(200);
    all[1].created_at = ago(400);
    all[2].draft.start = Some(ago(250));
    all[3].draft.end = Some(ago(1));
    all[7].draft.end = Some(ago(601));
    all[4].draft.paused = true;
    all[5].draft.sources = vec![SourceName::parse("other").unwrap()];
    let span = missing(600, 300);
    assert_eq!(texts(&asked(&all, &span, 512)), ["word4 OR word7 OR word2"]);
    let only = |track: u64| Missing {
        track: Some(TrackId(track)),
        ..span.clone()
    };
    assert_eq!(texts(&asked(&all, &only(7), 512)), ["word7"]);
    assert_eq!(texts(&asked(&all, &only(1), 512)), [""; 0]);
    assert_eq!(texts(&asked(&all, &only(99), 512)), [""; 0]);
}

#[test]
fn questions_are_as_long_as_they_may_be() {
    let rules: Vec<String> = (0..300).map(|n| format!("from:account{n:05}")).collect();
    let tracks = tracks(&rules.iter().map(String::as_str).collect::<Vec<_>>());
    for (max_chars, questions) in [(512, 13), (4_096, 2)] {
        let texts = texts(&asked(&tracks, &missing(600, 300), max_chars));
        assert_eq!(texts.len(), questions);
        assert!(texts.iter().all(|text| text.chars().count() <= max_chars));
        assert_eq!(texts.join(OR).split(OR).count(), 300);
    }
}

#[test]
fn a_refused_question_is_halved_down_to_its_alternatives() {
    let query = |all: &[&str]| Query {
        alternatives: all.iter().map(|it| (*it).to_owned()).collect(),
    };
    assert_eq!(query(&["a"]).halves(), None);
    assert_eq!(query(&[]).halves(), None);
    let halves = query(&["a", "b", "c"]).halves().unwrap();
    assert_eq!(halves, [query(&["a"]), query(&["b", "c"])]);
}

/// What becomes of opening: where it begins and ends, and at which question.
fn opened(missing: &Missing, cursor: Option<&Cursor>) -> Result<(u64, u64, usize), SourceError> {
    let queries = asked(&tracks(&["cat"]), missing, 512);
    let place = Place::new(missing, cursor, &queries, NOW)?;
    let ago = |at: Time| NOW.since(at).as_secs();
    Ok((ago(place.start), ago(place.end), place.at))
}

#[test]
fn a_little_more_than_the_span_is_asked_for() {
    assert_eq!(opened(&missing(600, 300), None), Ok((630, 295, 0)));
    // X finds what was posted last only after a while.
    let Err(SourceError::WaitUntil { at, .. }) = opened(&missing(600, 30), None) else {
        panic!("it is too early");
    };
    assert_eq!(at.since(NOW).as_secs(), 5);
    assert_eq!(opened(&missing(600, 35), None), Ok((630, 30, 0)));
}

#[test]
fn what_is_out_of_reach_is_told_and_the_rest_can_be_had() {
    const WEEK: u64 = 7 * 86_400;
    let old = missing(WEEK + 3_600, WEEK - 7_200);
    let Err(SourceError::CursorLost { lost, .. }) = opened(&old, None) else {
        panic!("a part of it is out of reach");
    };
    let (at, rest) = lost.resume.unwrap();
    assert_eq!((lost.from, at), (Some(old.from), ago(WEEK - 3_600)));
    let (start, end, first) = opened(&old, Some(&rest)).unwrap();
    assert_eq!((start, end, first), (WEEK - 3_570, WEEK - 7_205, 0));
    // Nothing of this one.
    let gone = missing(WEEK + 3_600, WEEK - 300);
    let Err(SourceError::CursorLost { lost, .. }) = opened(&gone, None) else {
        panic!("all of it is out of reach");
    };
    assert_eq!(lost.resume, None);
    // At the edge no more is asked for than X takes.
    let edge = missing(WEEK - 61, WEEK - 3_600);
    assert_eq!(opened(&edge, None).unwrap().0, WEEK - 60);
}

#[test]
fn what_is_answered_stays_so_where_the_rest_begins_later() {
    const WEEK: u64 = 7 * 86_400;
    let span = missing(WEEK - 7_200, WEEK - 86_400);
    let queries = asked(&tracks(&["cat"]), &span, 512);
    let mut place = Place::new(&span, None, &queries, NOW).unwrap();
    (place.at, place.page) = (3, Some("a page".to_owned()));
    place.refused.note("`dog`".to_owned());
    let cursor = place.cursor(span.from, &queries);
    let later = NOW.plus(Duration::from_secs(7_200));
    let lost = Place::new(&span, Some(&cursor), &queries, later).unwrap_err();
    let SourceError::CursorLost { lost, .. } = lost else {
        panic!("{lost}");
    };
    let (from, rest) = lost.resume.unwrap();
    // That calls wait for their turn several times does not put the rest out of reach again.
    let much_later = later.plus(Duration::from_secs(3_000));
    let again = Place::new(&span, Some(&rest), &queries, much_later).unwrap();
    assert_eq!((again.at, again.page, again.refused.all), (3, None, 1));
    assert_eq!(from, later.minus(REACH).plus(EDGE_ANEW));
}

#[test]
fn a_track_that_was_paused_since_is_left_out_and_one_that_was_before_missed_nothing() {
    let mut all = tracks(&["cat", "dog", "bird"]);
    (all[0].draft.paused, all[0].changed_at) = (true, ago(200));
    (all[1].draft.paused, all[1].changed_at) = (true, ago(700));
    let asked = asked(&all, &missing(600, 300), 512);
    assert_eq!(texts(&asked), ["bird"]);
    let left_out: Vec<u64> = asked.left_out.iter().map(|one| one.track.0).collect();
    assert_eq!(left_out, [1]);
    assert!(asked.left_out[0].reason.contains("paused"));
}

#[test]
fn a_cursor_goes_on_with_the_same_questions_only() {
    let span = missing(600, 300);
    let queries = asked(&tracks(&["cat"]), &span, 512);
    let mut place = Place::new(&span, None, &queries, NOW).unwrap();
    (place.at, place.page) = (1, Some("a page".to_owned()));
    let cursor = place.cursor(span.from, &queries);
    assert_eq!(Place::new(&span, Some(&cursor), &queries, NOW), Ok(place));
    let others = asked(&tracks(&["dog"]), &span, 512);
    let anew = Place::new(&span, Some(&cursor), &others, NOW).unwrap();
    assert_eq!((anew.at, anew.page), (0, None));
    let odd = opened(&span, Some(&Cursor("yesterday".to_owned())));
    assert!(
        matches!(odd, Err(SourceError::CursorLost { .. })),
        "{odd:?}"
    );
}

#[test]
fn moments_are_whole_seconds() {
    let at = Time::parse("2026-11-21T08:15:30.987654Z").unwrap();
    assert_eq!(second(at), "2026-11-21T08:15:30Z");
}

/// What a track may say: what search has, what it lacks, and what is ours.
fn any_rule() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "cat",
        "café",
        "\"cat café\"",
        "#cat",
        "from:ada",
        "-cat",
        "-cafe",
        "-café",
        "-\"cat bird\"",
        "-#cat",
        "-is:retweet",
        "-is:quote",
        "lang:en",
        "-lang:en",
        "sample:50",
        "-sample:10",
        "bio:vet",
        "-bio:vet",
        "contains:at",
        "(cat OR bird)",
        "(bird OR #cat OR dog)",
        "is:quote",
        "has:hashtags",
        "-has:hashtags",
        "min_likes:3",
        "bounding_box:[0 0 20 20]",
        "v11_track:\"cat,dog bird\"",
        "v11_follow:ada,12",
        "-鳥",
    ]);
    let all = prop::collection::vec(part, 1..4).prop_map(|parts| parts.join(" "));
    prop::collection::vec(all, 1..3).prop_map(|alternatives| alternatives.join(" OR "))
}

/// As search reads a text: letters with and without marks are equal.
fn folded(text: &str) -> String {
    text.replace('é', "e")
}

proptest! {
    /// Whatever a track matches that is not left out, some question finds, of the posts that search has: no reposts, and nothing by what is quoted.
    #[test]
    fn whatever_a_track_matches_is_found(
        rules in prop::collection::vec(any_rule(), 1..8),
        max_chars in 16..60_usize,
        words in prop::collection::vec(prop::sample::select(vec!["cat", "dog", "bird", "cafe", "café", "cats"]), 0..4),
        is_tagged: bool,
        is_quote: bool,
        lang in prop::sample::select(vec!["en", "de"]),
        handle in prop::sample::select(vec!["ada", "bob"]),
        bio in prop::sample::select(vec!["vet", ""]),
    ) {
        let entities = [Entity::new(EntityKind::Hashtag, "cat", 0..0)];
        let text = words.join(" ");
        let content = |text| Content { text, entities: &entities[..usize::from(is_tagged)], is_quote, ..Content::default() };
        let author = Author { handle, bio, ..Author::default() };
        let doc = |text| Doc { content: content(text), author, lang, id: "7", point: Some([5.0, 5.0]), ..Doc::default() };
        let (as_it_is, read) = (text.clone(), folded(&text));
        let tracks = tracks(&rules.iter().map(String::as_str).collect::<Vec<_>>());
        let queries = asked(&tracks, &missing(600, 300), max_chars);
        let found = queries.all.iter().any(|query| Rule::parse(&folded(&query.text())).unwrap().matches(&doc(&read)));
        for query in &queries.all {
            prop_assert!(query.text().chars().count() <= max_chars);
            let refused = Rule::parse(&query.text()).unwrap().check_for_x(&XLimits { max_chars, ..XLimits::SEARCH });
            prop_assert!(refused.iter().all(|error| error.is_warning()), "{} {refused:?}", query.text());
        }
        for track in &tracks {
            let is_in = !queries.left_out.iter().any(|left_out| left_out.track == track.id);
            let matches = Rule::parse(&track.draft.rule).unwrap().matches(&doc(&as_it_is));
            prop_assert!(!is_in || !matches || found, "{:?}: {queries:?}", track.draft.rule);
        }
    }
}
