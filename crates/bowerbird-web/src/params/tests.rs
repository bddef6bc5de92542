use super::*;

fn query(encoded: &str) -> Result<PostQuery, ApiError> {
    post_query(&Params::parse(encoded.as_bytes()))
}

#[test]
fn all_filters_are_read() {
    let read = query(
        "text=a+b&author=%40ada&track=12&service=x&source=demo&lang=ja&since=2026-11-21&until=2026-11-21T08:15&has=media,links&has=geo\
         &hashtag=%23caf%C3%A9&order=rank&after=abc&limit=7",
    )
    .unwrap();
    assert_eq!(read.text, "a b");
    assert_eq!(read.author, "@ada");
    assert_eq!(read.track, Some(TrackId(12)));
    assert_eq!(read.since, Time::parse("2026-11-21T00:00:00Z"));
    assert_eq!(read.until, Time::parse("2026-11-21T08:15:00Z"));
    assert_eq!(read.has, [Has::Media, Has::Links, Has::Geo]);
    assert_eq!(read.hashtag, "café");
    assert_eq!((read.order, read.limit), (Order::Rank, 7));
}

#[test]
fn what_makes_no_sense_is_said() {
    let cases = [
        ("track=first", "`track`: expected a track's number"),
        ("limit=0", "`limit`: expected a number from 1 to 1000"),
        ("limit=1001", "`limit`: expected a number from 1 to 1000"),
        (
            "since=yesterday",
            "`since`: expected a time as in 2026-11-21T08:15:30Z, or a date as in 2026-11-21 (UTC)",
        ),
        ("order=best", "`order`: expected newest, oldest or rank"),
    ];
    for (given, expected) in cases {
        assert_eq!(query(given).unwrap_err().told.message, expected, "{given}");
    }
}

#[test]
fn empty_fields_of_a_form_count_as_not_given() {
    let read = query("text=&track=&since=&limit=").unwrap();
    assert_eq!(
        read,
        PostQuery {
            limit: 50,
            ..PostQuery::default()
        }
    );
}

#[test]
fn unknown_names_are_refused_and_the_known_ones_named() {
    let params = Params::parse(b"texts=a");
    let refused = params.only(&[&FILTERS]).unwrap_err();
    assert!(
        refused.told.details.contains("text, author"),
        "{}",
        refused.told.details
    );
}

#[test]
fn the_description_names_exactly_the_filters() {
    let described = PostFilters::into_params(|| None)
        .into_iter()
        .map(|parameter| parameter.name);
    assert_eq!(described.collect::<Vec<_>>(), FILTERS);
}
