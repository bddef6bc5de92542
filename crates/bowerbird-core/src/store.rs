//! Where posts stay and are found again: the traits that SQLite (and later PostgreSQL) implement.
//!
//! A store is a family of small traits on one object; [`Store`] is all of them. Writes come from the spool's lane `store` only,
//! idempotent by event id and commuting, so that a record may come twice and a deletion before its post.

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;

use crate::gap::{Family, Gap, GapState, Mending};
use crate::ids::{SourceName, TrackId};
use crate::time::Time;
use crate::track::{RuleVersion, Track, TrackDraft};
use crate::view::PostView;

mod bills;
mod jobs;
mod query;

pub use bills::Bills;
pub use jobs::{BackfillJob, Job, JobEnd, JobLease, Jobs, NewJob};
pub use query::{GapQuery, Has, Order, Page, PostQuery};

/// All of a store.
pub trait Store: Posts + Tracks + Jobs + Ledger + Bills + Keys + Upkeep {}
impl<T: Posts + Tracks + Jobs + Ledger + Bills + Keys + Upkeep> Store for T {}

/// Posts, their captures, and finding them.
///
/// # Contract
/// - `write` takes encoded records of the lane in order of offset and commits them with the lane's position and the counts in one
///   transaction. A record whose offset is not past the position committed before is skipped entirely: it is not even a duplicate.
/// - Each event record ends once: *kept* (post written or event applied), *duplicate* (that version, or a later one, is
///   there: its captures are added and nothing else), or *refused* (a dead letter: refused frames, records that can't be read
///   or that the store's own lane buried). Gaps end as rows of the ledger, charges on the bill, and in no count, as does what another lane
///   buried: that was counted as it was written.
/// - A deletion that comes before its post wins: the post, when it comes, is counted *kept*, leaves its id and no text. The same for edits that
///   supersede a post not yet seen.
/// - Deleted text leaves rows, raw bytes, search index and dead letters at once. A dead letter that comes later is not kept where it
///   holds a deleted post, or, being no event, where a deleted post's id stands in it.
/// - Pages are by keyset: no row twice, none skipped, whatever is written meanwhile.
#[async_trait]
pub trait Posts: Send + Sync + std::fmt::Debug {
    /// Writes leased records; returns what became of them.
    async fn write(&self, batch: Vec<(u64, Bytes)>) -> Result<Written, StoreError>;
    /// Posts that fit, a page at a time.
    async fn search(&self, query: &PostQuery) -> Result<Page<PostView>, StoreError>;
    /// One post by service and id.
    async fn post(&self, service: &str, id: &str) -> Result<Option<PostView>, StoreError>;
    /// One post's bytes as they came, decompressed; `None` if unknown, embedded only, or deleted.
    async fn raw(&self, service: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Posts with their raw bytes in the order they were kept, after a place in it (0 for the beginning); for looking at all again.
    /// At most `most` and about [`KEPT_BYTES`]; none only where there are no more.
    async fn kept_after(&self, place: u64, most: usize) -> Result<Vec<KeptPost>, StoreError>;
    /// The posts kept last, the newest first; bounded as `kept_after`.
    async fn newest_kept(&self, most: usize) -> Result<Vec<KeptPost>, StoreError>;
    /// What became of all records ever written, by source.
    async fn counts(&self) -> Result<Vec<StoredCounts>, StoreError>;
    /// Captures of each track.
    async fn captures(&self) -> Result<Vec<CaptureCounts>, StoreError>;
    /// Captures (of one track, or posts of all) received in each minute of `[from, until)`; minutes without any are left out.
    async fn per_minute(
        &self,
        track: Option<TrackId>,
        from: Time,
        until: Time,
    ) -> Result<Vec<MinuteCount>, StoreError>;
}

/// About how many raw bytes one answer of kept posts holds at most, so that looking at all again has a bounded memory.
pub const KEPT_BYTES: usize = 16 << 20;

/// Tracks. Every change raises the change number by one, in the same transaction.
#[async_trait]
pub trait Tracks: Send + Sync {
    /// All of them, by id.
    async fn tracks(&self) -> Result<Vec<Track>, StoreError>;
    /// Makes one; a name already taken is [`StoreError::Conflict`].
    async fn create_track(&self, draft: &TrackDraft, at: Time) -> Result<Track, StoreError>;
    /// Changes one; the rule's version goes up if the rule, the sources, the start or the end changed.
    async fn update_track(
        &self,
        id: TrackId,
        draft: &TrackDraft,
        at: Time,
    ) -> Result<Track, StoreError>;
    /// Removes one with its captures; posts that no other capture holds go with the next sweep.
    async fn remove_track(&self, id: TrackId, at: Time) -> Result<(), StoreError>;
    /// Every version of a track's rule, the first one first; none where there is no such track.
    async fn rule_versions(&self, id: TrackId) -> Result<Vec<RuleVersion>, StoreError>;
    /// A number that every change of tracks raises.
    async fn change_number(&self) -> Result<u64, StoreError>;
}

/// What was missed and what could not be handled.
///
/// # Contract
/// - Gaps come as records of the lane. What is told of one again prolongs it, and never changes why it is there or what became of it.
/// - Posts that a repair brought count for its gap in the transaction that keeps them; duplicates do not.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Gaps that fit, newest beginning first, after the one with an id (`None` for the newest; after one that is not there comes nothing).
    async fn gaps(
        &self,
        query: &GapQuery,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<Gap>, StoreError>;
    /// One gap.
    async fn gap(&self, id: u64) -> Result<Option<Gap>, StoreError>;
    /// The gaps of a family that last, oldest first.
    async fn lasting(&self, family: Family) -> Result<Vec<Gap>, StoreError>;
    /// The gaps of a source that have their end, are open, and were [wanted](crate::gap::Cause::is_wanted) by nobody, oldest beginning first.
    async fn to_repair(&self, source: &SourceName, most: usize) -> Result<Vec<Gap>, StoreError>;
    /// Notes what became of a gap; the number of posts that came is kept by the store alone.
    async fn mend(&self, id: u64, state: GapState, mending: &Mending) -> Result<(), StoreError>;
    /// Splits a gap that has its end in two at a moment within it: what lies before becomes a gap of its own, with this state, and takes the
    /// posts that came so far where that is [`GapState::Repaired`]; what lies after keeps the number. Without effect where the moment does not
    /// lie within.
    async fn split(
        &self,
        id: u64,
        at: Time,
        state: GapState,
        mending: &Mending,
    ) -> Result<(), StoreError>;
    /// Posts that came by themselves through a source in each minute of `[from, until)`; what a repair brought is left out, and minutes without
    /// any.
    async fn arrivals(
        &self,
        source: &SourceName,
        from: Time,
        until: Time,
    ) -> Result<Vec<MinuteCount>, StoreError>;
    /// When the first record of each source came, by name: of the time before nothing is known.
    async fn first_heard(&self) -> Result<Vec<(SourceName, Time)>, StoreError>;
    /// Dead letters, newest first, after an id (`None` for the newest).
    async fn dead_letters(
        &self,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<DeadLetter>, StoreError>;
    /// One, with its bytes.
    async fn dead_letter(&self, id: u64) -> Result<Option<(DeadLetter, Vec<u8>)>, StoreError>;
    /// Removes some; how many there were.
    async fn drop_dead_letters(&self, ids: &[u64]) -> Result<u64, StoreError>;
}

/// Small things of the installation: passwords and compression dictionaries.
#[async_trait]
pub trait Keys: Send + Sync {
    /// A user's password hash (PHC string).
    async fn password(&self, user: &str) -> Result<Option<String>, StoreError>;
    /// Sets it.
    async fn set_password(&self, user: &str, phc: &str, at: Time) -> Result<(), StoreError>;
    /// Users that have a password, by name.
    async fn users(&self) -> Result<Vec<String>, StoreError>;
    /// The dictionaries raw bytes are compressed with: their number and bytes, with the service each is for.
    async fn dictionaries(&self) -> Result<Vec<Dictionary>, StoreError>;
    /// Keeps one for ever. If the service has one already, that one is returned and this one forgotten.
    async fn add_dictionary(
        &self,
        service: &str,
        bytes: &[u8],
        at: Time,
    ) -> Result<Dictionary, StoreError>;
}

/// Looking after the store.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Lets go of captures past their track's retention and of posts that neither a capture nor the source's `keep` holds;
    /// at most `most` posts at a time, having looked at no more than a bounded number. Until it says that it is done there is more
    /// to let go, or to look at, now.
    async fn sweep(&self, now: Time, keep: &[KeepPosts], most: usize) -> Result<Swept, StoreError>;
    /// Writes a whole, consistent copy to a path that must not exist, while the store is in use.
    async fn backup(&self, path: &std::path::Path) -> Result<(), StoreError>;
    /// How much is in it.
    async fn size(&self) -> Result<StoreSize, StoreError>;
}

/// How long a source's posts stay without a capture.
#[derive(Debug, Clone)]
pub struct KeepPosts {
    /// The source.
    pub source: SourceName,
    /// Seconds; `None` for ever, 0 not at all.
    pub seconds: Option<u64>,
}

/// What became of one sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Posts that went.
    pub posts: u64,
    /// Nothing more is to go now; if not, the sweep reached a limit, though no post may have gone.
    pub is_done: bool,
}

/// What became of one `write`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Posts written and other events applied.
    pub kept: u64,
    /// Events that were there.
    pub duplicate: u64,
    /// Frames that became dead letters.
    pub refused: u64,
    /// Records at or before the committed position.
    pub skipped: u64,
    /// Was something put on a bill?
    pub charged: bool,
}

/// What became of all records of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StoredCounts {
    /// The source.
    pub source: SourceName,
    /// Posts written and other events applied.
    pub kept: u64,
    /// Events that were there.
    pub duplicate: u64,
    /// Dead letters.
    pub refused: u64,
}

/// A track's captures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CaptureCounts {
    /// The track.
    pub track: TrackId,
    /// All of them.
    pub captures: u64,
    /// Of those, found afterwards in what was kept.
    pub backfilled: u64,
    /// When the newest post was received.
    pub last_at: Option<Time>,
}

/// One minute of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MinuteCount {
    /// Its beginning.
    pub minute: Time,
    /// How many.
    pub count: u64,
}

/// A post to be looked at again.
#[derive(Debug, Clone)]
pub struct KeptPost {
    /// Its place in the order of keeping.
    pub place: u64,
    /// Through which source it came first.
    pub source: SourceName,
    /// When it was received.
    pub received_at: Time,
    /// The frame's bytes, decompressed.
    pub raw: Vec<u8>,
}

/// Something that could not be handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DeadLetter {
    /// Its number, as a string.
    #[serde(serialize_with = "as_string")]
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub id: u64,
    /// Through which source it came.
    pub source: SourceName,
    /// Which lane buried it; `None` for a frame that was no event.
    pub lane: Option<String>,
    /// Why.
    pub reason: String,
    /// When it came.
    pub received_at: Time,
    /// How many bytes it has.
    pub bytes: u64,
    /// Its beginning as text, for a glance.
    pub excerpt: String,
}

/// A compression dictionary.
#[derive(Clone, PartialEq, Eq)]
pub struct Dictionary {
    /// The number in the header of every frame compressed with it.
    pub number: u32,
    /// The service whose posts it was made from.
    pub service: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Dictionary {} for {} ({} bytes)",
            self.number,
            self.service,
            self.bytes.len()
        )
    }
}

/// How much is in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StoreSize {
    /// Posts with text.
    pub posts: u64,
    /// Posts deleted or superseded, of which only the id stays.
    pub tombstones: u64,
    /// Accounts.
    pub accounts: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// Why the store did not do it: what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Tell the person: no such thing.
    #[error("no {0}")]
    NotFound(String),
    /// Tell the person: it is there already.
    #[error("{0}")]
    Conflict(String),
    /// Tell the person: the question makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// A newer program wrote this store: stop, changing nothing.
    #[error("{0}")]
    Newer(String),
    /// The disk, the file or the server failed: the component stops and says so.
    #[error("store failed: {0}")]
    Failed(String),
}

fn as_string<S: serde::Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}
