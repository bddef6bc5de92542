//! Files of many posts: JSON lines, CSV and ids, a page at a time, so that memory stays the same whatever is exported.
//!
//! [`Export`] is one file; [`Archive`] is a folder of them that says what it holds, `docs/exports.md` what is in it. JSON lines hold [`PostView`]s as everywhere. CSV is for spreadsheets: UTF-8 with a mark, every line ended by CRLF, ids written as
//! `service/id` so that no program takes them for numbers, and no cell that a program would run as a formula.

use bytes::Bytes;
use serde::Serialize;

use crate::event::EntityKind;
use crate::store::{Order, PostQuery, Posts, StoreError};
use crate::view::{EntityView, PostView};

mod archive;
mod folder;
mod manifest;
mod readme;

pub use archive::{Archive, Circumstances};

/// The forms of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values.
    Csv,
    /// The service and the id of a post a line, with a blank between: what may be passed on where the text may not.
    Ids,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Jsonl, Self::Csv, Self::Ids];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Ids => "ids",
        }
    }

    /// How a file's name ends.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Ids => "txt",
            other => other.name(),
        }
    }

    /// What stands before the first post of a file.
    fn begin(self, out: &mut Vec<u8>) {
        if self == Self::Csv {
            csv_header(out);
        }
    }

    /// Appends a post; says whether it could.
    fn post(self, post: &PostView, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Jsonl => json_line(post, out),
            Self::Csv => csv_line(post, out),
            Self::Ids => return id_line(post, out),
        }
        true
    }
}

/// Posts fetched at a time.
const PAGE: usize = 500;

/// An export under way: call [`Export::next_chunk`] until it is done.
#[derive(Debug)]
pub struct Export {
    query: PostQuery,
    format: Format,
    begun: bool,
    done: bool,
}

impl Export {
    /// Everything that fits the query, oldest first; its own order, page and limit are not regarded.
    pub fn new(query: PostQuery, format: Format) -> Self {
        Self {
            query: from_the_oldest(query),
            format,
            begun: false,
            done: false,
        }
    }

    /// The next piece of the file; `None` at the end.
    pub async fn next_chunk(&mut self, store: &dyn Posts) -> Result<Option<Bytes>, StoreError> {
        if self.done {
            return Ok(None);
        }
        let page = store.search(&self.query).await?;
        let mut out = Vec::with_capacity(page.items.len() * 1_024);
        if !self.begun {
            self.format.begin(&mut out);
        }
        self.begun = true;
        for post in &page.items {
            self.format.post(post, &mut out);
        }
        self.done = page.next.is_none();
        self.query.after = page.next;
        Ok(Some(out.into()))
    }
}

/// The same question for everything that fits, in the order of exports.
fn from_the_oldest(query: PostQuery) -> PostQuery {
    PostQuery {
        order: Order::Oldest,
        limit: PAGE,
        after: None,
        ..query
    }
}

/// Appends a post's service and id, unless it has one that would be read as something else: with a control character, a line's end say, or a
/// blank at its ends.
fn id_line(post: &PostView, out: &mut Vec<u8>) -> bool {
    let id = post.id.as_str();
    let can_stand = !id.is_empty() && !id.chars().any(char::is_control) && id.trim() == id;
    if can_stand {
        out.extend_from_slice(post.service.as_bytes());
        out.push(b' ');
        out.extend_from_slice(id.as_bytes());
        out.push(b'\n');
    }
    can_stand
}

/// Appends one line of JSON; for values whose keys are text.
pub(crate) fn json_line(value: &impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, value).expect("keys are text, and a Vec grows");
    out.push(b'\n');
}

/// The columns of a CSV export, in order.
const CSV_COLUMNS: [&str; 29] = [
    "post",
    "service",
    "source",
    "made_at",
    "received_at",
    "author",
    "author_handle",
    "author_name",
    "author_verified",
    "author_followers",
    "text",
    "lang",
    "lang_detected",
    "hashtags",
    "mentions",
    "links",
    "media",
    "place",
    "country",
    "longitude",
    "latitude",
    "reply_to",
    "quote_of",
    "repost_of",
    "likes",
    "reposts",
    "url",
    "tracks",
    "deleted_at",
];

/// Appends the byte order mark, without which spreadsheets misread UTF-8, and the line of column names.
fn csv_header(out: &mut Vec<u8>) {
    out.extend_from_slice("\u{feff}".as_bytes());
    out.extend_from_slice(CSV_COLUMNS.join(",").as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Appends a post as one record; lists stand in one cell, separated by spaces.
fn csv_line(post: &PostView, out: &mut Vec<u8>) {
    let id = |id: &str| {
        if id.is_empty() {
            String::new()
        } else {
            format!("{}/{id}", post.service)
        }
    };
    let time =
        |time: Option<crate::time::Time>| time.map_or_else(String::new, |time| time.to_string());
    let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    let reference = |post: &Option<crate::view::RefView>| {
        post.as_ref()
            .map_or_else(String::new, |other| id(&other.id))
    };
    let place = post.place.clone().unwrap_or_default();
    let degrees = |index: usize| {
        post.point
            .map_or_else(String::new, |point| point[index].to_string())
    };
    let cells: [String; CSV_COLUMNS.len()] = [
        post.key.clone(),
        text_cell(&post.service),
        text_cell(&post.source),
        time(post.made_at),
        post.received_at.to_string(),
        id(&post.author.id),
        text_cell(&post.author.handle),
        text_cell(&post.author.name),
        post.author.verified.to_string(),
        number(post.author.followers),
        text_cell(&post.text),
        text_cell(&post.lang),
        post.lang_detected.to_string(),
        text_cell(&list(post, |entity| {
            (entity.kind == EntityKind::Hashtag).then_some(entity.value.as_str())
        })),
        text_cell(&list(post, |entity| {
            (entity.kind == EntityKind::Mention).then_some(entity.value.as_str())
        })),
        text_cell(&list(post, |entity| {
            (entity.kind == EntityKind::Link).then(|| address(entity))
        })),
        text_cell(&list(post, |entity| {
            entity.kind.is_media().then(|| address(entity))
        })),
        text_cell(&place.name),
        text_cell(&place.country_code),
        degrees(0),
        degrees(1),
        reference(&post.reply_to),
        reference(&post.quote_of),
        reference(&post.repost_of),
        number(post.metrics.likes),
        number(post.metrics.reposts),
        text_cell(&post.url),
        text_cell(
            &post
                .captures
                .iter()
                .map(|capture| format!("track-{}", capture.track))
                .collect::<Vec<_>>()
                .join(" "),
        ),
        time(post.deleted_at),
    ];
    for (n, cell) in cells.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        quote(cell, out);
    }
    out.extend_from_slice(b"\r\n");
}

fn list<'p>(post: &'p PostView, pick: impl Fn(&'p EntityView) -> Option<&'p str>) -> String {
    post.entities
        .iter()
        .filter_map(pick)
        .collect::<Vec<_>>()
        .join(" ")
}

fn address(entity: &EntityView) -> &str {
    if entity.target.is_empty() {
        &entity.value
    } else {
        &entity.target
    }
}

/// A cell that is text and must stay so: an apostrophe goes before what a spreadsheet would run as a formula, and before digits so
/// many that it would round them.
fn text_cell(text: &str) -> String {
    let runs = text
        .trim_start()
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || text.starts_with(['\t', '\r', '\n']);
    let rounds = text.len() > 11
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E'));
    if runs || rounds {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// RFC 4180. NUL, which some programs take for the end of the file, becomes the replacement character.
fn quote(cell: &str, out: &mut Vec<u8>) {
    if !cell.contains(['"', ',', '\r', '\n', '\0', '\'']) && cell.trim() == cell {
        out.extend_from_slice(cell.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(
        cell.replace('"', "\"\"")
            .replace('\0', "\u{fffd}")
            .as_bytes(),
    );
    out.push(b'"');
}

#[cfg(test)]
mod tests;
