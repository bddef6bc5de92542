//! Rows of `post`: made, replaced, and taken apart again, each with its raw bytes, its words in the index and its links.

use bowerbird_core::event::Post;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::ahead::take_words;
use super::{Arrival, Batch};
use crate::sqlite::detail::Detail;
use crate::sqlite::flags;
use crate::sqlite::index::Why;
use crate::sqlite::text::{self, Indexed, Words};

/// A row that is to be written. Without `detail` it is one whose text is gone or was never here.
#[derive(Debug)]
pub(super) struct NewPost<'p> {
    pub(super) service: i64,
    pub(super) id: &'p str,
    pub(super) version: Option<&'p str>,
    pub(super) own_version: Option<&'p str>,
    pub(super) author: Option<i64>,
    pub(super) made_at: Option<i64>,
    pub(super) flags: i64,
    pub(super) lang: &'p str,
    pub(super) text: &'p str,
    pub(super) detail: Option<Detail<'p>>,
    /// Why and when it was erased.
    pub(super) erased: Option<(i64, i64)>,
    pub(super) withheld: Option<&'p str>,
    pub(super) carries: Vec<Carries>,
}

/// How a post stands to another whose text it carries, or would show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carries {
    pub(super) kind: i64,
    pub(super) target: i64,
    pub(super) carried: bool,
}

impl<'p> NewPost<'p> {
    /// Only an id.
    pub(super) fn stub(service: i64, id: &'p str) -> Self {
        Self {
            service,
            id,
            version: None,
            own_version: None,
            author: None,
            made_at: None,
            flags: 0,
            lang: "",
            text: "",
            detail: None,
            erased: None,
            withheld: None,
            carries: Vec::new(),
        }
    }

    /// With what a post says.
    pub(super) fn say(&mut self, post: &'p Post<'p>, edited: bool, scrubbed: bool) {
        self.flags = flags::of_post(post, edited);
        if scrubbed {
            self.flags &= !flags::GEO;
        }
        self.lang = &post.lang.code;
        self.text = &post.text;
        self.detail = Some(Detail::of(post, scrubbed));
    }

    /// Without what it said.
    pub(super) fn blank(&mut self, erased: (i64, i64)) {
        self.flags = 0;
        self.lang = "";
        self.text = "";
        self.detail = None;
        self.carries.clear();
        self.erased = Some(erased);
    }

    /// What the text index is told; `cut` are the words of its text, if they are known.
    fn words(&self, source: i64, cut: Option<String>) -> Option<Words> {
        let detail = self.detail.as_ref()?;
        let indexed = Indexed {
            text: self.text,
            entities: &detail.entities,
            source,
            author: self.author,
            lang: self.lang,
            flags: self.flags,
        };
        Some(match cut {
            Some(words) => Words {
                text: words,
                facets: text::facets(&indexed),
            },
            None => text::of(&indexed),
        })
    }
}

/// A row that is there.
#[derive(Debug)]
pub(in crate::sqlite) struct Existing {
    pub(in crate::sqlite) post: i64,
    pub(in crate::sqlite) service: i64,
    pub(in crate::sqlite) id: String,
    pub(in crate::sqlite) version: Option<String>,
    pub(in crate::sqlite) own_version: Option<String>,
    pub(in crate::sqlite) source: i64,
    pub(in crate::sqlite) author: Option<i64>,
    pub(in crate::sqlite) made_at: Option<i64>,
    pub(in crate::sqlite) received_at: i64,
    pub(in crate::sqlite) flags: i64,
    pub(in crate::sqlite) lang: String,
    pub(in crate::sqlite) text: String,
    pub(in crate::sqlite) detail: Option<Vec<u8>>,
    pub(in crate::sqlite) erasure: Option<i64>,
    pub(in crate::sqlite) erased_at: Option<i64>,
    pub(in crate::sqlite) withheld: Option<String>,
}

impl Existing {
    /// In the order of [`Self::read`], of a table called `p`.
    pub(in crate::sqlite) const COLUMNS: &str = "p.post, p.service, p.id, p.version, p.own_version, p.source, p.author, \
        p.made_at, p.received_at, p.flags, p.lang, p.text, p.detail, p.erasure, p.erased_at, p.withheld";

    pub(in crate::sqlite) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            post: row.get(0)?,
            service: row.get(1)?,
            id: row.get(2)?,
            version: row.get(3)?,
            own_version: row.get(4)?,
            source: row.get(5)?,
            author: row.get(6)?,
            made_at: row.get(7)?,
            received_at: row.get(8)?,
            flags: row.get(9)?,
            lang: row.get(10)?,
            text: row.get(11)?,
            detail: row.get(12)?,
            erasure: row.get(13)?,
            erased_at: row.get(14)?,
            withheld: row.get(15)?,
        })
    }

    pub(in crate::sqlite) fn detail(&self) -> Option<Detail<'_>> {
        self.detail.as_deref().and_then(Detail::decode)
    }

    /// Its erasure and when.
    pub(super) fn erased(&self) -> Option<(i64, i64)> {
        Some((self.erasure?, self.erased_at.unwrap_or_default()))
    }

    /// It counts as a post: it came by itself and has its text.
    fn counts(&self) -> bool {
        self.own_version.is_some() && self.erasure.is_none()
    }

    pub(in crate::sqlite) fn words(&self) -> Words {
        let detail = self.detail();
        text::of(&Indexed {
            text: &self.text,
            entities: detail.as_ref().map_or(&[], |detail| &detail.entities),
            source: self.source,
            author: self.author,
            lang: &self.lang,
            flags: self.flags,
        })
    }

    /// The same row, to be written again; see [`Batch::carries`] for what it carries.
    pub(super) fn again(&self) -> NewPost<'_> {
        NewPost {
            service: self.service,
            id: &self.id,
            version: self.version.as_deref(),
            own_version: self.own_version.as_deref(),
            author: self.author,
            made_at: self.made_at,
            flags: self.flags & !flags::INDEXED,
            lang: &self.lang,
            text: &self.text,
            detail: self.detail(),
            erased: self.erased(),
            withheld: self.withheld.as_deref(),
            carries: Vec::new(),
        }
    }
}

/// A row by its id.
pub(in crate::sqlite) fn find(
    connection: &Connection,
    service: i64,
    id: &str,
) -> rusqlite::Result<Option<Existing>> {
    connection
        .prepare_cached(concat!(
            include_str!("../sql/find_post.sql"),
            "WHERE service = ?1 AND id = ?2"
        ))?
        .query_row(params![service, id], Existing::read)
        .optional()
}

/// A row by its number.
pub(in crate::sqlite) fn find_number(
    connection: &Connection,
    post: i64,
) -> rusqlite::Result<Option<Existing>> {
    connection
        .prepare_cached(concat!(
            include_str!("../sql/find_post.sql"),
            "WHERE post = ?1"
        ))?
        .query_row([post], Existing::read)
        .optional()
}

impl Batch<'_> {
    /// Writes a new row under the next number; `None`, and nothing done, if its id is there already.
    pub(super) fn insert(
        &mut self,
        arrival: Arrival,
        new: &NewPost<'_>,
        raw: Option<&[u8]>,
    ) -> rusqlite::Result<Option<i64>> {
        let post = self.known.next_post;
        let detail = new
            .detail
            .as_ref()
            .map(|d| d.encode(Vec::with_capacity(256)));
        let flags = new.flags | self.indexed_flag(new);
        let inserted = self.hot.insert_post.execute(params![
            post,
            new.service,
            new.id,
            new.version,
            new.own_version,
            arrival.source,
            new.author,
            new.made_at,
            arrival.received_at,
            flags,
            new.lang,
            new.text,
            detail,
            new.erased.map(|(why, _)| why),
            new.erased.map(|(_, at)| at),
            new.withheld,
        ])?;
        if inserted == 0 {
            return Ok(None);
        }
        self.known.next_post += 1;
        if new.erased.is_some() {
            self.tally.tombstones += 1;
        } else if new.own_version.is_some() {
            self.tally.posts += 1;
        }
        self.furnish(post, arrival.source, new, raw)?;
        Ok(Some(post))
    }

    /// Gives a row that is there another content. Its number, source and time of arrival stay.
    pub(super) fn replace(
        &mut self,
        old: &Existing,
        new: &NewPost<'_>,
        raw: Option<&[u8]>,
    ) -> rusqlite::Result<()> {
        self.strip(old, Why::Forget)?;
        let detail = new.detail.as_ref().map(|d| d.encode(Vec::new()));
        self.connection
            .prepare_cached(include_str!("../sql/update_post.sql"))?
            .execute(params![
                old.post,
                new.version,
                new.own_version,
                new.author,
                new.made_at,
                new.flags | self.indexed_flag(new),
                new.lang,
                new.text,
                detail,
                new.erased.map(|(why, _)| why),
                new.erased.map(|(_, at)| at),
                new.withheld,
            ])?;
        let counts = new.own_version.is_some() && new.erased.is_none();
        self.tally.posts += i64::from(counts) - i64::from(old.counts());
        self.tally.tombstones += i64::from(new.erased.is_some()) - i64::from(old.erasure.is_some());
        self.furnish(old.post, old.source, new, raw)
    }

    /// Lets go of a row and all that hangs on it but its captures.
    pub(in crate::sqlite) fn remove(&mut self, old: &Existing) -> rusqlite::Result<()> {
        self.strip(old, Why::LetGo)?;
        self.connection
            .prepare_cached("DELETE FROM post WHERE post = ?1")?
            .execute([old.post])?;
        self.tally.posts -= i64::from(old.counts());
        self.tally.tombstones -= i64::from(old.erasure.is_some());
        Ok(())
    }

    /// Raw bytes, words and links of a row just written.
    fn furnish(
        &mut self,
        post: i64,
        source: i64,
        new: &NewPost<'_>,
        raw: Option<&[u8]>,
    ) -> rusqlite::Result<()> {
        if let Some(raw) = raw {
            self.hot.insert_raw.execute(params![post, raw])?;
        }
        if let Some(made_at) = new.made_at {
            self.tally.spans(made_at, post);
        }
        self.known
            .comes_through(self.connection, source, new.service)?;
        for link in &new.carries {
            self.hot.insert_relationship.execute(params![
                link.target,
                link.kind,
                post,
                link.carried
            ])?;
        }
        if self.text_index {
            let cut = take_words(&mut self.words, new.text);
            if let Some(words) = new.words(source, cut) {
                self.index.add(post, words);
            }
        }
        Ok(())
    }

    /// Removes raw bytes, words and links of a row.
    fn strip(&mut self, old: &Existing, why: Why) -> rusqlite::Result<()> {
        if why == Why::Forget {
            self.take_out()?;
        }
        self.delete_raw(old.post)?;
        if old.flags & flags::INDEXED != 0 {
            self.index.remove(old.post, why, || old.words());
        }
        for link in self.carries(old)? {
            self.connection
                .prepare_cached(
                    "DELETE FROM post_relationship WHERE target = ?1 AND kind = ?2 AND post = ?3",
                )?
                .execute(params![link.target, link.kind, old.post])?;
            if why == Why::Forget {
                self.connection
                    .prepare_cached("INSERT INTO loose (post) VALUES (?1) ON CONFLICT DO NOTHING")?
                    .execute([link.target])?;
            }
        }
        Ok(())
    }

    /// What a row carries.
    pub(super) fn carries(&self, row: &Existing) -> rusqlite::Result<Vec<Carries>> {
        let mut carries = Vec::new();
        let Some(detail) = row.detail() else {
            return Ok(carries);
        };
        for link in detail
            .links()
            .filter(|link| link.carried || link.kind == flags::REPOSTS)
        {
            let target = find(self.connection, row.service, link.id)?;
            carries.extend(target.map(|target| Carries {
                kind: link.kind,
                target: target.post,
                carried: link.carried,
            }));
        }
        Ok(carries)
    }

    /// Erases raw bytes.
    pub(super) fn remove_raw(&mut self, post: i64) -> rusqlite::Result<()> {
        self.take_out()?;
        self.delete_raw(post)
    }

    fn delete_raw(&mut self, post: i64) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("DELETE FROM post_raw WHERE post = ?1")?
            .execute([post])
            .map(drop)
    }

    fn indexed_flag(&self, new: &NewPost<'_>) -> i64 {
        if self.text_index && new.detail.is_some() {
            flags::INDEXED
        } else {
            0
        }
    }
}
