//! Marks for posts that come from the store, which keeps none: what their tracks' rules, or a search's words, find in them.
//!
//! A rule is tried on what a card shows. Where that does not match it, because it asks for what no card shows (a bio, say), the post is
//! read again from its bytes, one at a time: so a page of posts mostly costs no question to the store at all.

use std::borrow::Cow;
use std::sync::Arc;

use bowerbird_core::event::with_doc;
use bowerbird_core::ids::TrackId;
use bowerbird_core::live::LiveTrack;
use bowerbird_core::rules::doc::{AccountRef, Author, Content, Doc, Entity, PlaceRef};
use bowerbird_core::rules::{Highlights, Profile, Rule, tokenize};
use bowerbird_core::view::{EntityView, PostView, RefView};

use crate::error::ApiError;
use crate::site::Site;

/// What is said where a track caught a post under a rule that it no longer has.
const OLD_RULE: &str = "an earlier rule of the track";

/// Marks what the rules of the tracks that caught each post find in it; of one track, or of all.
pub(crate) async fn mark_caught(
    site: &Site,
    posts: &mut [PostView],
    track: Option<TrackId>,
) -> Result<(), ApiError> {
    for post in posts.iter_mut().filter(|post| post.deleted_at.is_none()) {
        let captures = post.captures.iter().map(|capture| capture.track);
        let wanted = captures.filter(|caught| track.is_none_or(|track| track == *caught));
        let caught: Vec<Arc<LiveTrack>> = wanted.filter_map(|id| site.parts.live.get(id)).collect();
        if mark_by_rules(post, caught.iter().map(|live| &*live.rule)) {
            continue;
        }
        let raw = site.store().raw(&post.service, &post.id).await?;
        if let Some(raw) = raw {
            mark_from_bytes(site, post, &caught, &raw);
        }
        let is_old = |live: &Arc<LiveTrack>| {
            let mut captures = post.captures.iter();
            captures.any(|capture| {
                capture.track == live.track.id && capture.rule_version < live.track.rule_version
            })
        };
        let is_unmarked = post.marks.is_empty()
            && post.matched_in.is_empty()
            && post.embedded.iter().all(|inner| inner.marks.is_empty());
        if is_unmarked && caught.iter().any(is_old) {
            post.matched_in.push(OLD_RULE.to_owned());
        }
    }
    Ok(())
}

/// Marks what rules find in what a post's card shows; do all of them match that?
pub(crate) fn mark_by_rules<'r>(
    post: &mut PostView,
    rules: impl Iterator<Item = &'r Rule>,
) -> bool {
    let mut found = Highlights::default();
    let mut all_match = true;
    with_shown(post, |doc| {
        for rule in rules {
            all_match &= rule.matches(doc);
            found.join(rule.highlights(doc));
        }
    });
    post.mark_shown(&found);
    all_match
}

/// The same with all that the post came with. What was edited since has no marks of this.
fn mark_from_bytes(site: &Site, post: &mut PostView, caught: &[Arc<LiveTrack>], raw: &[u8]) {
    let Ok(event) = (site.parts.decode)(raw) else {
        return;
    };
    let source = bowerbird_core::ids::SourceName::parse(&post.source);
    let (Some(came), Ok(source)) = (event.post(), source) else {
        return;
    };
    let Some(mut view) = PostView::new(&source, post.received_at, &event, &[]) else {
        return;
    };
    let mut found = Highlights::default();
    with_doc(&event.id.id, came, |doc| {
        for live in caught {
            found.join(live.rule.highlights(doc));
        }
    });
    view.mark(came, found);
    post.matched_in = view.matched_in;
    if view.text == post.text {
        post.marks = view.marks;
    }
    for inner in &mut post.embedded {
        let mut came = view.embedded.iter();
        if let Some(came) = came.find(|came| came.key == inner.key && came.text == inner.text) {
            inner.marks.clone_from(&came.marks);
        }
    }
}

/// Calls `look` with what a card shows of a post, as a rule sees it.
fn with_shown(post: &PostView, look: impl FnOnce(&Doc<'_>)) {
    let own = entities(&post.entities, &post.text);
    let inside: Vec<Vec<Entity<'_>>> = post
        .embedded
        .iter()
        .map(|inner| entities(&inner.entities, &inner.text))
        .collect();
    let embedded: Vec<Content<'_>> = post
        .embedded
        .iter()
        .zip(&inside)
        .map(|(inner, entities)| Content {
            text: &inner.text,
            entities,
            ..Content::default()
        })
        .collect();
    let id = |other: &'_ Option<RefView>| other.as_ref().map_or("", |other| &other.id).to_owned();
    let ids = [&post.reply_to, &post.repost_of, &post.quote_of].map(id);
    look(&Doc {
        content: Content {
            text: &post.text,
            entities: &own,
            is_reply: post.reply_to.is_some(),
            is_quote: post.quote_of.is_some(),
        },
        embedded: &embedded,
        lang: &post.lang,
        author: Author {
            id: &post.author.id,
            handle: &post.author.handle,
            name: &post.author.name,
            verified: post.author.verified,
            followers: post.author.followers,
            ..Author::default()
        },
        is_repost: post.repost_of.is_some(),
        reply_to: post.reply_to.as_ref().map(account),
        repost_of: post.repost_of.as_ref().map(account),
        reply_to_id: &ids[0],
        repost_of_id: &ids[1],
        quote_of_id: &ids[2],
        conversation_id: &post.conversation_id,
        place: post.place.as_ref().map(|place| PlaceRef {
            id: &place.id,
            name: &place.name,
            full_name: &place.name,
            country_code: &place.country_code,
            bounds: None,
        }),
        point: post.point,
        app: &post.app,
        id: &post.id,
        ..Doc::default()
    });
}

fn account(other: &RefView) -> AccountRef<'_> {
    AccountRef {
        id: &other.author_id,
        handle: &other.author_handle,
    }
}

/// Entities as they came, with offsets in bytes.
fn entities<'e>(views: &'e [EntityView], text: &str) -> Vec<Entity<'e>> {
    let offsets: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let byte = |place: u32| {
        let byte = offsets.get(place as usize).or(offsets.last());
        u32::try_from(byte.copied().unwrap_or(0)).unwrap_or(u32::MAX)
    };
    let came = |view: &'e EntityView| Entity {
        kind: view.kind,
        value: Cow::Borrowed(&view.value),
        id: Cow::Borrowed(""),
        target: Cow::Borrowed(&view.target),
        title: Cow::Borrowed(&view.title),
        description: Cow::Borrowed(&view.description),
        span: byte(view.span[0])..byte(view.span[1]),
    };
    views.iter().map(came).collect()
}

/// The words a search asks for, ready to be found in texts.
#[derive(Debug, Default)]
pub(crate) struct SearchWords {
    /// A folded token, and whether it stands for all that begin so.
    words: Vec<(String, bool)>,
}

impl SearchWords {
    /// Of a search as it was typed; what it excludes is left out.
    pub(crate) fn of(query: &str) -> Self {
        let mut words = Vec::new();
        for piece in query
            .split_whitespace()
            .filter(|piece| !piece.starts_with('-') && *piece != "OR")
        {
            let is_prefix = piece.ends_with('*');
            tokenize(piece, Profile::Search, &mut |token| {
                words.push((token.text.to_owned(), is_prefix))
            });
        }
        Self { words }
    }

    /// Does it ask for no word?
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Marks them in a post, and in what came inside it.
    pub(crate) fn mark(&self, post: &mut PostView) {
        let inside = post.embedded.iter().map(|inner| &inner.text);
        let texts = std::iter::once(&post.text).chain(inside);
        let mut found = Highlights::default();
        found.join(Highlights {
            texts: texts.map(|text| self.places(text)).collect(),
            elsewhere: Vec::new(),
        });
        post.mark_shown(&found);
    }

    fn places(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let mut found = Vec::new();
        tokenize(text, Profile::Search, &mut |token| {
            let is_wanted = |(word, is_prefix): &(String, bool)| {
                *word == token.text || (*is_prefix && token.text.starts_with(word.as_str()))
            };
            if self.words.iter().any(is_wanted) {
                found.push(token.span.clone());
            }
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowerbird_core::event::{EntityKind, Relation};
    use bowerbird_core::view::{AuthorView, EmbeddedView};

    fn said(text: &str) -> PostView {
        PostView {
            text: text.to_owned(),
            ..PostView::default()
        }
    }

    /// A post that quotes another with this text and a tag in it.
    fn quoting(text: &str, quoted: &str, tag: &str) -> PostView {
        let begin = quoted
            .find(tag)
            .map_or(0, |at| quoted[..at].chars().count());
        let tag = EntityView {
            kind: EntityKind::Hashtag,
            value: tag.trim_start_matches('#').to_owned(),
            target: String::new(),
            title: String::new(),
            description: String::new(),
            span: [begin, begin + tag.chars().count()].map(|at| u32::try_from(at).unwrap()),
        };
        let inner = EmbeddedView {
            relation: Relation::Quote,
            key: "x/1".to_owned(),
            service: "x".to_owned(),
            id: "1".to_owned(),
            author: AuthorView::default(),
            made_at: None,
            text: quoted.to_owned(),
            lang: "und".to_owned(),
            entities: vec![tag],
            deleted_at: None,
            marks: Vec::new(),
        };
        PostView {
            embedded: vec![inner],
            ..said(text)
        }
    }

    fn searched(text: &str, query: &str) -> Vec<[u32; 2]> {
        let mut post = said(text);
        SearchWords::of(query).mark(&mut post);
        post.marks
    }

    fn matches(post: &mut PostView, rules: &[&str]) -> bool {
        let rules: Vec<Rule> = rules
            .iter()
            .map(|rule| Rule::parse(rule).unwrap())
            .collect();
        mark_by_rules(post, rules.iter())
    }

    #[test]
    fn words_are_found_whatever_their_case_and_accents() {
        assert_eq!(searched("A CAFÉ here", "cafe"), [[2, 6]]);
        assert_eq!(searched("cats and dogs", "cat* -dogs"), [[0, 4]]);
        assert_eq!(searched("nothing", ""), Vec::<[u32; 2]>::new());
        let mut post = quoting("see the cat", "größte cat", "#");
        SearchWords::of("cat").mark(&mut post);
        assert_eq!(
            (&post.marks, &post.embedded[0].marks),
            (&vec![[8, 11]], &vec![[7, 10]])
        );
    }

    #[test]
    fn a_rule_marks_what_it_finds() {
        let mut post = said("😀 a cat");
        assert!(matches(&mut post, &["cat"]));
        assert_eq!(post.marks, [[4, 7]]);
        assert!(matches(&mut post, &["cat", "a"]));
        assert_eq!(post.marks, [[2, 3], [4, 7]], "of several rules together");
    }

    #[test]
    fn what_is_quoted_is_looked_into() {
        let mut post = quoting("see this", "größte #cat", "#cat");
        assert!(matches(&mut post, &["#cat this"]));
        assert_eq!(
            (&post.marks, &post.embedded[0].marks),
            (&vec![[4, 8]], &vec![[7, 11]])
        );
    }

    #[test]
    fn what_no_card_shows_is_left_to_the_bytes() {
        let mut post = said("a cat");
        assert!(!matches(&mut post, &["cat", "cat bio:vet"]));
        assert_eq!(post.marks, [[2, 5]], "what can be said is said");
    }
}
