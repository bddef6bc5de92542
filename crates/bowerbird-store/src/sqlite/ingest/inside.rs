//! Posts that came inside a post: stored as posts of their own, without raw bytes and uncounted.

use bowerbird_core::event::Post;
use bowerbird_core::ids::EventId;

use super::content::{Carries, NewPost, find};
use super::{Arrival, Batch};
use crate::sqlite::flags::{self, Erasure};

/// Posts carried by carried posts are the last level there is.
const LEVELS: usize = 2;

/// What came inside a post.
#[derive(Debug, Default)]
pub(super) struct Inside {
    pub(super) carries: Vec<Carries>,
    /// Something of it is known to be gone: the outer post's bytes must not be kept.
    pub(super) must_go: bool,
}

impl Batch<'_> {
    /// Writes the posts inside a post.
    pub(super) fn inside(
        &mut self,
        arrival: Arrival,
        outer: &EventId<'_>,
        post: &Post<'_>,
    ) -> rusqlite::Result<Inside> {
        self.level(arrival, outer, post, LEVELS)
    }

    fn level(
        &mut self,
        arrival: Arrival,
        outer: &EventId<'_>,
        post: &Post<'_>,
        levels: usize,
    ) -> rusqlite::Result<Inside> {
        let mut inside = Inside::default();
        if levels == 0 {
            return Ok(inside);
        }
        for inner in &post.embedded {
            if inner.id.id == outer.id && inner.id.service == outer.service {
                continue;
            }
            let further = self.level(arrival, &inner.id, &inner.post, levels - 1)?;
            inside.must_go |= further.must_go;
            let (target, must_go) = self.carry(arrival, &inner.id, &inner.post, further.carries)?;
            inside.must_go |= must_go;
            inside.carries.push(Carries {
                kind: flags::of_relation(inner.relation),
                target,
                carried: true,
            });
        }
        Ok(inside)
    }

    /// Writes one post that came inside another: its row, and whether it is known to be gone.
    fn carry(
        &mut self,
        arrival: Arrival,
        id: &EventId<'_>,
        post: &Post<'_>,
        carries: Vec<Carries>,
    ) -> rusqlite::Result<(i64, bool)> {
        let service = self.known.service(self.connection, &id.service)?;
        self.supersede(arrival, service, id, post)?;
        let fate = self.fate(arrival, service, &id.id, post)?;
        let must_go = fate.erased.is_some() || fate.scrubbed;
        let mut new = NewPost::stub(service, &id.id);
        new.version = Some(&id.version);
        new.settle(post, !post.supersedes.is_empty(), &fate, carries);
        if let Some(number) = self.insert(arrival, &new, None)? {
            return Ok((number, must_go));
        }
        let old =
            find(self.connection, service, &id.id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let is_deleted = old.erasure == Some(Erasure::Deleted as i64);
        if old.erasure.is_none() && new.version > old.version.as_deref() {
            new.own_version = old.own_version.as_deref();
            new.withheld = old.withheld.as_deref();
            self.replace(&old, &new, None)?;
        }
        Ok((old.post, must_go || is_deleted))
    }
}
