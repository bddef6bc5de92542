//! Posts that came inside a post, as its view shows them.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{AuthorView, EntityView, PostView, code_points, entity_views};
use crate::event::{Embedded, Post, Relation, looked_into};
use crate::rules::Highlights;
use crate::time::Time;

/// What is said where a match lies in the original of a repost, and not in what the repost shows of it.
const IN_ORIGINAL: &str = "the post it passes on";

/// A post that came inside another: what it quotes, or the original of a repost where that says more than the repost's own text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EmbeddedView {
    /// `quote` or `repost`: how the post around it stands to it.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub relation: Relation,
    /// `service/id`, as in links.
    pub key: String,
    /// The service.
    pub service: String,
    /// The service's id.
    pub id: String,
    /// Who wrote it.
    pub author: AuthorView,
    /// When it was written; `null` where the service did not say.
    pub made_at: Option<Time>,
    /// The text; empty if deleted.
    pub text: String,
    /// BCP-47 code, or `und`.
    pub lang: String,
    /// What is marked in it or attached to it.
    pub entities: Vec<EntityView>,
    /// When it was deleted; then the text is gone.
    pub deleted_at: Option<Time>,
    /// What matched, as in the post around it.
    pub marks: Vec<[u32; 2]>,
}

impl EmbeddedView {
    fn of(inner: &Embedded<'_>) -> Self {
        let Embedded { id, relation, post } = inner;
        Self {
            relation: *relation,
            key: format!("{}/{}", id.service, id.id),
            service: id.service.to_string(),
            id: id.id.to_string(),
            author: AuthorView::from(&post.author),
            made_at: post.made_at,
            text: post.text.to_string(),
            lang: post.lang.code.to_string(),
            entities: entity_views(&post.entities, &post.text),
            deleted_at: None,
            marks: Vec::new(),
        }
    }
}

/// Does what came inside say more than the text around it? A repost mostly repeats the whole of its original.
pub fn says_more(around: &str, relation: Relation, text: &str) -> bool {
    relation != Relation::Repost || !around.contains(text)
}

/// What a post's view shows of the posts inside it.
pub(super) fn shown_inside(post: &Post<'_>) -> Vec<EmbeddedView> {
    let inside = looked_into(post).filter(|inner| is_shown(post, inner));
    inside.map(EmbeddedView::of).collect()
}

fn is_shown(post: &Post<'_>, inner: &Embedded<'_>) -> bool {
    says_more(&post.text, inner.relation, &inner.post.text)
}

impl PostView {
    /// Sets what matched in the post that this view was made of: found in its text, and in all that a rule looks into.
    pub fn mark(&mut self, post: &Post<'_>, found: Highlights) {
        let Highlights { texts, elsewhere } = found;
        let mut texts = texts.into_iter();
        let mut shown: Vec<Vec<Range<usize>>> = texts.next().into_iter().collect();
        let mut is_hidden = false;
        for (inner, places) in looked_into(post).zip(texts) {
            if is_shown(post, inner) {
                shown.push(places);
            } else {
                is_hidden |= !places.is_empty();
            }
        }
        self.mark_shown(&Highlights {
            texts: shown,
            elsewhere,
        });
        if is_hidden && self.marks.is_empty() {
            self.matched_in.push(IN_ORIGINAL.to_owned());
        }
    }

    /// Sets what matched in what this view shows: found in its text, then in each of [`PostView::embedded`].
    pub fn mark_shown(&mut self, found: &Highlights) {
        let mut texts = found.texts.iter();
        let mut next = |text: &str| code_points(text, texts.next().map_or(&[], Vec::as_slice));
        self.marks = next(&self.text);
        for inner in &mut self.embedded {
            inner.marks = next(&inner.text);
        }
        let words = found.elsewhere.iter().map(|field| field.as_str());
        self.matched_in = words.map(str::to_owned).collect();
    }
}

#[cfg(test)]
mod tests;
