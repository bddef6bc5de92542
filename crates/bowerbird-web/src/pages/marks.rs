//! Marks for posts that come from the store, which keeps none: what a track's rule or a search's words find in the text.

use std::borrow::Cow;

use bowerbird_core::rules::doc::{AccountRef, Author, Content, Doc, Entity};
use bowerbird_core::rules::{Profile, Rule, tokenize};
use bowerbird_core::view::{EntityView, PostView, RefView};

/// Marks what a rule finds in the post's own text.
pub(crate) fn mark_by_rule(post: &mut PostView, rule: &Rule) {
    let offsets: Vec<usize> = post
        .text
        .char_indices()
        .map(|(at, _)| at)
        .chain([post.text.len()])
        .collect();
    let entities: Vec<Entity<'_>> = post
        .entities
        .iter()
        .map(|entity| borrowed(entity, &offsets))
        .collect();
    let handle = |other: &Option<RefView>| other.is_some();
    let content = Content {
        text: &post.text,
        entities: &entities,
        is_reply: handle(&post.reply_to),
        is_quote: handle(&post.quote_of),
    };
    let account = |other: &'_ RefView| (other.author_id.clone(), other.author_handle.clone());
    let (reply_to, repost_of) = (
        post.reply_to.as_ref().map(account),
        post.repost_of.as_ref().map(account),
    );
    let doc = Doc {
        content,
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
        reply_to: reply_to
            .as_ref()
            .map(|(id, handle)| AccountRef { id, handle }),
        repost_of: repost_of
            .as_ref()
            .map(|(id, handle)| AccountRef { id, handle }),
        conversation_id: &post.conversation_id,
        point: post.point,
        app: &post.app,
        id: &post.id,
        ..Doc::default()
    };
    let found = rule.highlights(&doc);
    post.mark(&found);
}

fn borrowed<'e>(entity: &'e EntityView, offsets: &[usize]) -> Entity<'e> {
    let byte = |place: u32| {
        let byte = offsets
            .get(place as usize)
            .or(offsets.last())
            .copied()
            .unwrap_or(0);
        u32::try_from(byte).unwrap_or(u32::MAX)
    };
    Entity {
        kind: entity.kind,
        value: Cow::Borrowed(&entity.value),
        id: Cow::Borrowed(""),
        target: Cow::Borrowed(&entity.target),
        title: Cow::Borrowed(&entity.title),
        description: Cow::Borrowed(&entity.description),
        span: byte(entity.span[0])..byte(entity.span[1]),
    }
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

    /// Marks them in a post.
    pub(crate) fn mark(&self, post: &mut PostView) {
        if self.words.is_empty() {
            return;
        }
        let mut found = Vec::new();
        tokenize(&post.text, Profile::Search, &mut |token| {
            let is_wanted = |(word, is_prefix): &(String, bool)| {
                *word == token.text || (*is_prefix && token.text.starts_with(word.as_str()))
            };
            if self.words.iter().any(is_wanted) {
                found.push(token.span.clone());
            }
        });
        bowerbird_core::live::merge(&mut found);
        post.mark(&found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, query: &str) -> Vec<[u32; 2]> {
        let mut post = PostView {
            text: text.to_owned(),
            ..PostView::default()
        };
        SearchWords::of(query).mark(&mut post);
        post.marks
    }

    #[test]
    fn words_are_found_whatever_their_case_and_accents() {
        assert_eq!(marked("A CAFÉ here", "cafe"), [[2, 6]]);
        assert_eq!(marked("cats and dogs", "cat* -dogs"), [[0, 4]]);
        assert_eq!(marked("nothing", ""), Vec::<[u32; 2]>::new());
    }

    #[test]
    fn a_rule_marks_what_it_finds() {
        let mut post = PostView {
            text: "😀 a cat".to_owned(),
            ..PostView::default()
        };
        mark_by_rule(&mut post, &Rule::parse("cat").unwrap());
        assert_eq!(post.marks, [[4, 7]]);
    }
}
