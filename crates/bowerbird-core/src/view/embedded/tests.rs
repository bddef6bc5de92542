use super::*;
use crate::event::{Account, Entity, EntityKind, Event, PostRef, with_doc};
use crate::ids::{EventId, SourceName};
use crate::rules::Rule;

fn said<'a>(handle: &'a str, text: &'a str) -> Post<'a> {
    Post {
        author: Account {
            handle: handle.into(),
            ..Account::default()
        },
        text: text.into(),
        ..Post::default()
    }
}

fn with_inside<'a>(
    mut outer: Post<'a>,
    relation: Relation,
    id: &'a str,
    post: Post<'a>,
) -> Post<'a> {
    let named = Some(PostRef {
        id: id.into(),
        ..PostRef::default()
    });
    match relation {
        Relation::Repost => outer.repost_of = named,
        Relation::Quote => outer.quote_of = named,
        Relation::Reply => outer.reply_to = named,
    }
    outer.embedded.push(Embedded {
        id: EventId::new("x", id),
        relation,
        post,
    });
    outer
}

/// What a card of the post shows: its text and those inside it, with what the rule marks in brackets, then where else it matched.
fn shown(post: Post<'_>, rule: &str) -> Vec<String> {
    let event = Event {
        id: EventId::new("x", "9"),
        at: None,
        body: crate::event::Body::Post(Box::new(post)),
    };
    let (source, post) = (SourceName::parse("s").unwrap(), event.post().unwrap());
    let mut view = PostView::new(&source, Time(1), &event, &[]).unwrap();
    let rule = Rule::parse(rule).unwrap();
    let found = with_doc("9", post, |doc| {
        assert!(rule.matches(doc));
        rule.highlights(doc)
    });
    view.mark(post, found);
    let inside = view.embedded.iter();
    let inside = inside.map(|inner| bracketed(&inner.text, &inner.marks));
    let mut all = vec![bracketed(&view.text, &view.marks)];
    all.extend(inside);
    all.extend(view.matched_in);
    all
}

fn bracketed(text: &str, marks: &[[u32; 2]]) -> String {
    let mut all = String::new();
    for (at, c) in (0_u32..).zip(text.chars()) {
        if marks.iter().any(|[begin, _]| *begin == at) {
            all.push('[');
        }
        all.push(c);
        if marks.iter().any(|[_, end]| *end == at + 1) {
            all.push(']');
        }
    }
    all
}

#[test]
fn a_quoted_post_has_marks_of_its_own() {
    let quote = || {
        let quoted = said("ann", "größter bird");
        with_inside(said("bob", "look, a nest"), Relation::Quote, "1", quoted)
    };
    assert_eq!(shown(quote(), "bird"), ["look, a nest", "größter [bird]"]);
    assert_eq!(
        shown(quote(), "nest bird"),
        ["look, a [nest]", "größter [bird]"]
    );
    assert_eq!(shown(quote(), "from:bob"), ["look, a nest", "größter bird"]);
}

#[test]
fn what_is_answered_is_not_looked_into_and_not_shown() {
    let answer = with_inside(
        said("bob", "a nest"),
        Relation::Reply,
        "1",
        said("ann", "bird"),
    );
    assert_eq!(shown(answer, "nest"), ["a [nest]"]);
}

#[test]
fn a_repost_that_says_all_shows_its_text_once() {
    let repost = |text| {
        with_inside(
            said("bob", text),
            Relation::Repost,
            "1",
            said("ann", "a bird here"),
        )
    };
    assert_eq!(shown(repost("a bird here"), "bird"), ["a [bird] here"]);
    assert_eq!(
        shown(repost("RT @ann: a bird here"), "bird"),
        ["RT @ann: a [bird] here"]
    );
    assert_eq!(
        shown(repost("RT @ann: a bi…"), "bird"),
        ["RT @ann: a bi…", "a [bird] here"]
    );
}

#[test]
fn what_only_the_hidden_original_names_is_said() {
    let mut original = said("ann", "a bird #x");
    original.entities = vec![Entity::new(EntityKind::Hashtag, "x", 7..9)];
    let repost = with_inside(said("bob", "a bird #x"), Relation::Repost, "1", original);
    assert_eq!(shown(repost, "#x"), ["a bird #x", "the post it passes on"]);
}

#[test]
fn a_repost_of_a_quote_shows_the_quoted_post() {
    let quote = with_inside(
        said("ann", "this"),
        Relation::Quote,
        "1",
        said("eve", "a bird"),
    );
    let repost = with_inside(said("bob", "this"), Relation::Repost, "2", quote);
    assert_eq!(shown(repost, "bird"), ["this", "a [bird]"]);
}

#[test]
fn a_field_that_no_text_shows_is_named() {
    let mut post = said("ann", "good morning");
    post.author.bio = "I watch birds".into();
    assert_eq!(
        shown(post, "bio:birds"),
        ["good morning", "the author's bio"]
    );
}
