//! HTML of posts to text as a person reads it, and what was linked in it. Pure.
//!
//! Mastodon gives the text of posts as HTML that a server has sanitised: paragraphs, line breaks, links, lists, quotations, code. Other software
//! gives more, and files may hold anything; so this reads every text somehow, and what comes out is text and nothing else: it is never
//! HTML again. It is no HTML parser: it builds no tree and knows no styles.

use std::ops::Range;

use html_escape::decode_html_entities;

/// How many links of a text are kept.
const MAX_ANCHORS: usize = 500;
/// Lists inside lists.
const MAX_LISTS: usize = 8;

/// A text without its HTML.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) text: String,
    pub(super) anchors: Vec<Anchor>,
}

/// What a part of the text leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    /// Where to.
    pub(super) href: String,
    /// The classes that the server gave it, parted by blanks.
    pub(super) class: String,
    /// What the server says it is to the text (`tag`, `nofollow`), parted by blanks.
    pub(super) rel: String,
    /// Bytes of the text.
    pub(super) span: Range<usize>,
}

/// Reads HTML. Elements of the class `without` are left out with all they hold; an empty name leaves nothing out.
pub(super) fn plain(html: &str, without: &str) -> Plain {
    let mut writer = Writer::default();
    let mut rest = html;
    while !rest.is_empty() {
        let end = rest.find('<').unwrap_or(rest.len());
        writer.words(&decode_html_entities(&rest[..end]));
        rest = &rest[end..];
        let Some(tag) = Tag::read(rest) else {
            // A sign that begins no tag is a sign.
            if !rest.is_empty() {
                writer.words("<");
                rest = &rest[1..];
            }
            continue;
        };
        rest = &rest[tag.bytes..];
        let is_left_out = !tag.is_end
            && (matches!(tag.name.as_str(), "script" | "style")
                || !without.is_empty() && tag.has_class(without));
        if is_left_out {
            rest = behind(rest, &tag.name);
        } else {
            writer.tag(&tag);
        }
    }
    writer.finish()
}

/// What follows the end of an element whose beginning was just read.
fn behind<'h>(html: &'h str, name: &str) -> &'h str {
    let (mut rest, mut depth) = (html, 1_usize);
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let Some(tag) = Tag::read(rest) else {
            rest = &rest[1..];
            continue;
        };
        rest = &rest[tag.bytes..];
        if tag.name != name {
            continue;
        }
        depth = if tag.is_end { depth - 1 } else { depth + 1 };
        if depth == 0 {
            return rest;
        }
    }
    ""
}

/// A tag, or a comment with an empty name.
struct Tag<'h> {
    name: String,
    is_end: bool,
    attributes: &'h str,
    /// How long it is.
    bytes: usize,
}

impl<'h> Tag<'h> {
    /// The tag that the text begins with. One that never ends takes all the rest.
    fn read(html: &'h str) -> Option<Self> {
        let inside = html.strip_prefix('<')?;
        let is_end = inside.starts_with('/');
        let inside = inside.strip_prefix('/').unwrap_or(inside);
        if inside.starts_with("!--") {
            let bytes = html.find("-->").map_or(html.len(), |at| at + 3);
            return Some(Self::nothing(bytes));
        }
        if inside.starts_with(['!', '?']) {
            let bytes = html.find('>').map_or(html.len(), |at| at + 1);
            return Some(Self::nothing(bytes));
        }
        if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let name_end = inside
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(inside.len());
        let (name, attributes) = inside.split_at(name_end);
        let end = end_of_tag(attributes);
        let until = html.len() - attributes.len() + end;
        Some(Self {
            name: name.to_ascii_lowercase(),
            is_end,
            attributes: &attributes[..end],
            bytes: (until + 1).min(html.len()),
        })
    }

    fn nothing(bytes: usize) -> Self {
        Self {
            name: String::new(),
            is_end: false,
            attributes: "",
            bytes,
        }
    }

    /// An attribute's value.
    fn attribute(&self, wanted: &str) -> String {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if rest.is_empty() {
                return String::new();
            }
            let is_name = |c: char| !(c.is_ascii_whitespace() || matches!(c, '=' | '/'));
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            // A stray sign is passed over.
            let (name, behind) =
                rest.split_at(end.max(rest.chars().next().map_or(1, char::len_utf8)));
            let behind = behind.trim_start();
            let Some(value) = behind.strip_prefix('=') else {
                rest = behind;
                continue;
            };
            let (value, behind) = value_of(value.trim_start());
            if name.eq_ignore_ascii_case(wanted) {
                return decode_html_entities(value).into_owned();
            }
            rest = behind;
        }
    }

    fn has_class(&self, name: &str) -> bool {
        self.attributes.contains(name)
            && self
                .attribute("class")
                .split_ascii_whitespace()
                .any(|class| class == name)
    }
}

/// Where a tag's `>` is, which is none inside quotes.
fn end_of_tag(attributes: &str) -> usize {
    let mut quote = None;
    for (at, byte) in attributes.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    attributes.len()
}

/// An attribute's value, and what follows it.
fn value_of(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inside) = text.strip_prefix(quote) {
            return inside.split_once(quote).unwrap_or((inside, ""));
        }
    }
    let end = text.find(|c: char| c.is_ascii_whitespace());
    text.split_at(end.unwrap_or(text.len()))
}

/// Text as it grows.
#[derive(Default)]
struct Writer {
    plain: Plain,
    /// Line ends that come before the next word: one for a line, two for a paragraph.
    breaks: usize,
    /// A blank comes before the next word.
    is_parted: bool,
    /// White space is kept as it is.
    in_pre: usize,
    /// The link that the next words belong to, and where it begins, once it does.
    anchor: Option<(Anchor, Option<usize>)>,
    /// For each list that is open the number of its next element; `None` where they have none.
    lists: Vec<Option<usize>>,
}

impl Writer {
    fn tag(&mut self, tag: &Tag<'_>) {
        match tag.name.as_str() {
            "br" => self.line_end(),
            "p" | "blockquote" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "hr" | "table" => {
                self.break_off(2);
            }
            "div" | "tr" | "dt" | "dd" | "section" | "article" | "figure" | "figcaption" => {
                self.break_off(1);
            }
            "td" | "th" => self.is_parted = true,
            "pre" => {
                self.break_off(2);
                self.in_pre = if tag.is_end {
                    self.in_pre.saturating_sub(1)
                } else {
                    self.in_pre + 1
                };
            }
            "ul" | "ol" => self.list(tag),
            "li" if !tag.is_end => self.element(),
            "li" => self.break_off(1),
            "a" => self.link(tag),
            // A picture among the words is an emoji of some server.
            "img" if !tag.is_end => self.words(&tag.attribute("alt")),
            _ => {}
        }
    }

    fn list(&mut self, tag: &Tag<'_>) {
        self.break_off(if self.lists.is_empty() { 2 } else { 1 });
        if tag.is_end {
            self.lists.pop();
        } else if self.lists.len() < MAX_LISTS {
            self.lists.push((tag.name == "ol").then_some(1));
        }
        if self.lists.is_empty() {
            self.break_off(2);
        }
    }

    fn element(&mut self) {
        self.break_off(1);
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "• ".to_owned(),
        };
        self.part();
        self.plain.text.push_str(&mark);
    }

    fn link(&mut self, tag: &Tag<'_>) {
        self.end_link();
        if !tag.is_end {
            let anchor = Anchor {
                href: tag.attribute("href"),
                class: tag.attribute("class"),
                rel: tag.attribute("rel"),
                span: 0..0,
            };
            self.anchor = Some((anchor, None));
        }
    }

    fn end_link(&mut self) {
        let Some((mut anchor, Some(start))) = self.anchor.take() else {
            return;
        };
        if self.plain.anchors.len() < MAX_ANCHORS {
            anchor.span = start..self.plain.text.len();
            self.plain.anchors.push(anchor);
        }
    }

    fn break_off(&mut self, lines: usize) {
        self.breaks = self.breaks.max(lines);
        self.is_parted = false;
    }

    /// A line ends here; of lines that are empty as many stay as were written, up to one.
    fn line_end(&mut self) {
        self.breaks = (self.breaks + 1).min(2);
        self.is_parted = false;
    }

    /// Writes what parts the next word from the last one.
    fn part(&mut self) {
        if !self.plain.text.is_empty() {
            let parting = match self.breaks {
                0 if self.is_parted => " ",
                0 => "",
                1 => "\n",
                _ => "\n\n",
            };
            self.plain.text.push_str(parting);
        }
        (self.breaks, self.is_parted) = (0, false);
    }

    fn words(&mut self, words: &str) {
        if self.in_pre > 0 {
            return self.verbatim(words);
        }
        let mut rest = words;
        while !rest.is_empty() {
            let end = rest
                .find(|c: char| c.is_ascii_whitespace())
                .unwrap_or(rest.len());
            if end == 0 {
                self.is_parted = self.breaks == 0;
                rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
                continue;
            }
            let (word, behind) = rest.split_at(end);
            self.write(word);
            rest = behind;
        }
    }

    fn verbatim(&mut self, words: &str) {
        for (nth, line) in words.split('\n').enumerate() {
            if nth > 0 {
                self.breaks += 1;
            }
            if !line.trim_end().is_empty() {
                self.write(line.trim_end_matches('\r'));
            }
        }
    }

    fn write(&mut self, word: &str) {
        self.part();
        if let Some((_, start @ None)) = &mut self.anchor {
            *start = Some(self.plain.text.len());
        }
        self.plain.text.push_str(word);
    }

    fn finish(mut self) -> Plain {
        self.end_link();
        self.plain
    }
}

#[cfg(test)]
mod tests;
