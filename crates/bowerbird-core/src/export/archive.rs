//! An export as a folder that says what it holds: posts in files of a handy size, `manifest.json`, `README.md`, `SHA256SUMS`; a ZIP, streamed.
//!
//! It goes through the store once: posts a page at a time, then gaps a page at a time. Nothing of it is held longer than its page, but for
//! one line for each file.

use bytes::Bytes;

use super::folder::{File, Folder};
use super::manifest::Manifest;
use super::readme::Readme;
use super::{Format, from_the_oldest};
use crate::ids::TrackId;
use crate::store::{GapQuery, PostQuery, Store, StoreError};
use crate::time::Time;
use crate::track::{RuleVersion, Track};
use crate::view::PostView;

/// A file of posts ends when it has so many bytes: few enough for an editor and for one gulp of a script.
const PART_BYTES: u64 = 64 << 20;
/// Gaps fetched at a time.
const GAPS: usize = 1_000;

/// What the one who exports knows and the store does not.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
    /// The present.
    pub made_at: Time,
    /// The program's version.
    pub version: &'static str,
    /// Records received and not yet in the store.
    pub waiting: u64,
}

/// An archive under way: call [`Archive::next_chunk`] until it is done.
#[derive(Debug)]
pub struct Archive {
    query: PostQuery,
    format: Format,
    part_bytes: u64,
    folder: Folder,
    manifest: Manifest,
    readme: Readme,
    files: Vec<File>,
    /// A post as it is written; kept for its room.
    line: Vec<u8>,
    /// Posts in the file that is being written.
    rows: u64,
    step: Step,
}

/// What comes next.
#[derive(Debug)]
enum Step {
    /// A page of posts.
    Posts,
    /// A page of gaps, after the one with this number.
    Gaps(Option<u64>),
    /// Nothing: it is whole.
    Done,
}

impl Archive {
    /// Everything that fits the query, oldest first; its own order, page and limit are not regarded. A track that is not there is
    /// [`StoreError::NotFound`].
    pub async fn begin(
        store: &dyn Store,
        query: PostQuery,
        format: Format,
        circumstances: Circumstances,
    ) -> Result<Self, StoreError> {
        let track = match query.track {
            Some(id) => Some(known(store, id).await?),
            None => None,
        };
        let what = match query.track {
            Some(id) => format!("track-{id}"),
            None => "posts".to_owned(),
        };
        let name = format!("bowerbird-{what}-{}", stamp(circumstances.made_at));
        Ok(Self {
            manifest: Manifest::new(format, &query, track, circumstances),
            query: from_the_oldest(query),
            format,
            part_bytes: PART_BYTES,
            folder: Folder::new(name, circumstances.made_at),
            readme: Readme::default(),
            files: Vec::new(),
            line: Vec::new(),
            rows: 0,
            step: Step::Posts,
        })
    }

    /// The same with smaller files.
    #[cfg(test)]
    pub(super) fn in_parts_of(mut self, bytes: u64) -> Self {
        self.part_bytes = bytes;
        self
    }

    /// The name of the folder; the ZIP's is the same with its ending.
    pub fn name(&self) -> &str {
        self.folder.name()
    }

    /// The next piece of the ZIP, never empty; `None` at the end.
    pub async fn next_chunk(&mut self, store: &dyn Store) -> Result<Option<Bytes>, StoreError> {
        loop {
            match self.step {
                Step::Posts => self.posts(store).await?,
                Step::Gaps(before) => self.gaps(store, before).await?,
                Step::Done => return Ok(None),
            }
            let ready = self.folder.take();
            if !ready.is_empty() {
                return Ok(Some(ready));
            }
        }
    }

    async fn posts(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let page = store.search(&self.query).await?;
        for post in &page.items {
            self.add(post)?;
        }
        self.query.after = page.next;
        if self.query.after.is_some() {
            return Ok(());
        }
        // There is one file even where nothing fits.
        if self.files.is_empty() {
            self.open_part()?;
        }
        self.end_part();
        self.manifest.settle_period();
        self.folder.begin("manifest.json".to_owned())?;
        self.folder.write(&self.manifest.head())?;
        self.step = Step::Gaps(None);
        Ok(())
    }

    fn add(&mut self, post: &PostView) -> Result<(), StoreError> {
        let counts = &mut self.manifest.counts;
        self.line.clear();
        if !self.format.post(post, &mut self.line) {
            counts.left_out += 1;
            return Ok(());
        }
        counts.posts += 1;
        let at = post.received_at;
        let (first, last) = (counts.first_received_at, counts.last_received_at);
        counts.first_received_at = Some(first.map_or(at, |first| first.min(at)));
        counts.last_received_at = Some(last.map_or(at, |last| last.max(at)));
        self.open_part()?;
        self.folder.write(&self.line)?;
        self.rows += 1;
        if self.folder.written() >= self.part_bytes {
            self.end_part();
        }
        Ok(())
    }

    /// Begins the next file of posts, unless one is open.
    fn open_part(&mut self) -> Result<(), StoreError> {
        if self.folder.is_open() {
            return Ok(());
        }
        let what = match self.format {
            Format::Ids => "ids",
            Format::Jsonl | Format::Csv => "posts",
        };
        let (number, ending) = (self.files.len() + 1, self.format.ending());
        self.folder.begin(format!("{what}-{number:05}.{ending}"))?;
        let mut names = Vec::new();
        self.format.begin(&mut names);
        self.folder.write(&names)
    }

    fn end_part(&mut self) {
        self.files.extend(self.folder.end(Some(self.rows)));
        self.rows = 0;
    }

    async fn gaps(&mut self, store: &dyn Store, before: Option<u64>) -> Result<(), StoreError> {
        let page = store.gaps(&GapQuery::default(), before, GAPS).await?;
        let mut lines = Vec::new();
        for gap in page.iter().filter(|gap| self.manifest.is_concerned_by(gap)) {
            let said = serde_json::to_value(gap).expect("keys are text");
            let is_first = self.readme.gaps() == 0;
            lines.extend(Manifest::gap(&said, is_first));
            self.readme.add(&said);
        }
        self.folder.write(&lines)?;
        self.step = Step::Gaps(page.last().map(|gap| gap.id));
        if page.len() < GAPS {
            self.finish()?;
            self.step = Step::Done;
        }
        Ok(())
    }

    /// The manifest is open and lacks its end; it names the README, which therefore has to be known by now.
    fn finish(&mut self) -> Result<(), StoreError> {
        let readme = self.readme.text(&self.manifest, &self.files);
        let mut named = std::mem::take(&mut self.files);
        named.push(File::of("README.md", readme.as_bytes()));
        let tail = Manifest::tail(self.readme.by_state(), &named);
        self.folder.write(&tail)?;
        named.extend(self.folder.end(None));
        self.folder.begin("README.md".to_owned())?;
        self.folder.write(readme.as_bytes())?;
        self.folder.end(None);
        self.folder.begin("SHA256SUMS".to_owned())?;
        for file in &named {
            let line = format!("{}  {}\n", file.sha256, file.name);
            self.folder.write(line.as_bytes())?;
        }
        self.folder.end(None);
        self.folder.finish()
    }
}

async fn known(store: &dyn Store, id: TrackId) -> Result<(Track, Vec<RuleVersion>), StoreError> {
    let tracks = store.tracks().await?;
    let track = tracks.into_iter().find(|track| track.id == id);
    let track = track.ok_or_else(|| StoreError::NotFound(format!("track {id}")))?;
    Ok((track, store.rule_versions(id).await?))
}

/// A moment as it may stand in a file's name, to the second.
fn stamp(time: Time) -> String {
    let text = time.to_string();
    let second = text.get(..19).unwrap_or(&text);
    let digits: String = second.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{digits}Z")
}

#[cfg(test)]
mod tests;
