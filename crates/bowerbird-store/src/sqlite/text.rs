//! What goes into the text index for a post: its words, and its facets.
//!
//! A facet is a token that no text can hold, because the rules' tokenizer gives only words and pictures: `#tag`, `a:7` (author),
//! `l:en` (language), `s:1` (source), and `h:5` for the rarer things a post may have. The index is laid down at its end only, whatever
//! the facet, and meets any number of them in one walk; an index of its own for each would be written all over. What many posts have
//! (links, media, mentions) is no facet: a walk along all posts finds enough of them soon.
//!
//! The same words must come out when a post is erased as when it was kept: [`of`] is a pure function of the stored row.

use bowerbird_core::event::{Entity, EntityKind};
use bowerbird_core::rules;
use bowerbird_core::store::StoreError;
use std::fmt::Write;

use super::flags;

/// What few posts have, and is therefore a facet.
const RARE: i64 = flags::CASHTAGS | flags::GEO | flags::EDITED;

/// The two columns of a row of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) text: String,
    pub(super) facets: String,
}

/// The columns of a post that its words are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indexed<'a> {
    pub(super) text: &'a str,
    pub(super) entities: &'a [Entity<'a>],
    pub(super) source: i64,
    pub(super) author: Option<i64>,
    pub(super) lang: &'a str,
    pub(super) flags: i64,
}

/// The words of a post.
pub(super) fn of(post: &Indexed<'_>) -> Words {
    Words {
        text: rules::search_tokens(post.text),
        facets: facets(post),
    }
}

/// The facets of a post.
pub(super) fn facets(post: &Indexed<'_>) -> String {
    let mut facets = String::with_capacity(48);
    let _ = write!(facets, "s:{}", post.source);
    if let Some(author) = post.author {
        let _ = write!(facets, " a:{author}");
    }
    // `pt-BR` is found as `pt` too.
    for (end, _) in post.lang.match_indices('-').chain([(post.lang.len(), "")]) {
        facets.push(' ');
        push_lang(&mut facets, &post.lang[..end]);
    }
    let mut has = post.flags & RARE;
    while has != 0 {
        let _ = write!(facets, " h:{}", has.trailing_zeros());
        has &= has - 1;
    }
    let tags = post.entities.iter();
    for tag in tags.filter(|entity| entity.kind == EntityKind::Hashtag) {
        facets.push(' ');
        push_tag(&mut facets, &tag.value);
    }
    facets
}

/// A question to the index: the user's words and facets that must all hold.
#[derive(Debug, Default)]
pub(super) struct Question {
    expression: String,
}

impl Question {
    pub(super) fn is_empty(&self) -> bool {
        self.expression.is_empty()
    }

    pub(super) fn expression(&self) -> &str {
        &self.expression
    }

    /// The user's own words.
    pub(super) fn words(&mut self, text: &str) -> Result<(), StoreError> {
        let words = rules::search_query(text).map_err(|e| StoreError::Invalid(e.to_string()))?;
        if !words.is_empty() {
            self.and(&format!("{{text}} : ({words})"));
        }
        Ok(())
    }

    /// Through any of these.
    pub(super) fn sources(&mut self, sources: &[i64]) {
        self.any("s:", sources);
    }

    /// By any of these.
    pub(super) fn authors(&mut self, accounts: &[i64]) {
        self.any("a:", accounts);
    }

    pub(super) fn lang(&mut self, lang: &str) {
        let mut facet = String::new();
        push_lang(&mut facet, lang);
        self.facet(&facet);
    }

    /// Asks for what is rare enough to be a facet.
    pub(super) fn has(&mut self, flag: i64) {
        if flag & RARE != 0 {
            self.facet(&format!("h:{}", flag.trailing_zeros()));
        }
    }

    pub(super) fn hashtag(&mut self, tag: &str) {
        let mut facet = String::new();
        push_tag(&mut facet, tag);
        self.facet(&facet);
    }

    fn any(&mut self, sign: &str, numbers: &[i64]) {
        let facets: Vec<String> = numbers.iter().map(|n| format!("\"{sign}{n}\"")).collect();
        self.and(&format!("{{facets}} : ({})", facets.join(" OR ")));
    }

    fn facet(&mut self, facet: &str) {
        self.and(&format!("{{facets}} : \"{}\"", facet.replace('"', "\"\"")));
    }

    fn and(&mut self, part: &str) {
        if !self.expression.is_empty() {
            self.expression.push_str(" AND ");
        }
        self.expression.push_str(part);
    }
}

/// Every sign of a hashtag is folded as in a text, and what parts words there is `_` here.
fn push_tag(facets: &mut String, tag: &str) {
    facets.push('#');
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if tag.bytes().all(is_plain) {
        facets.push_str(tag);
    } else {
        facets.push_str(&rules::search_tokens(tag).replace(' ', "_"));
    }
}

fn push_lang(facets: &mut String, lang: &str) {
    facets.push_str("l:");
    let plain = lang.chars().filter(|c| c.is_ascii_graphic());
    facets.extend(plain.map(|c| c.to_ascii_lowercase()).take(16));
}
