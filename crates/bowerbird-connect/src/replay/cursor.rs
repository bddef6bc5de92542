//! Where a replay would resume: a file, a document in it, a place in that.
//!
//! A cursor also says how to recognise the file and the files before it. Where they are not what they were, the cursor is lost and the
//! replay begins anew: what is kept already is recognised by its ids, and nothing is skipped in silence.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use bowerbird_core::ids::Cursor;
use bowerbird_core::source::{Lost, SourceError};
use serde::{Deserialize, Serialize};

use super::inputs::{InputKind, Inputs};
use super::split::Layout;

/// The form this build writes.
const VERSION: u8 = 1;
/// How much of a file's beginning it is recognised by.
const HEAD_BYTES: usize = 4 << 10;

/// What a file is recognised by; it may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// How large it was.
    size: u64,
    /// Of how many of its first bytes the checksum is.
    head_bytes: u64,
    /// Their checksum.
    head: u32,
}

impl Identity {
    /// Looks at a file.
    pub(super) fn of(path: &Path, most: usize) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut head = Vec::with_capacity(most);
        file.take(most as u64).read_to_end(&mut head)?;
        Ok(Self {
            size,
            head_bytes: head.len() as u64,
            head: crc32fast::hash(&head),
        })
    }

    /// Looks at a file for the first time.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        Self::of(path, HEAD_BYTES)
    }

    /// Is the file at `path` still this one? `Some(true)` if not even its size has changed.
    fn recognise(&self, path: &Path) -> io::Result<Option<bool>> {
        let head_bytes = usize::try_from(self.head_bytes)
            .unwrap_or(HEAD_BYTES)
            .min(HEAD_BYTES);
        let now = Self::of(path, head_bytes)?;
        let is_same =
            now.head == self.head && now.head_bytes == self.head_bytes && now.size >= self.size;
        Ok(is_same.then_some(now.size == self.size))
    }
}

/// The place behind a frame.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The file's number among the inputs.
    pub(super) file: usize,
    /// What it is recognised by; `None` where nobody can read it a second time.
    pub(super) identity: Option<Arc<Identity>>,
    pub(super) spot: Spot,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spot {
    /// The document's number in the file; more than one only in tar.
    pub(super) document: u64,
    /// Where in the unpacked document.
    pub(super) offset: u64,
    /// How its messages stand in it.
    pub(super) layout: Layout,
    /// How many posts of the page that begins here have been given out.
    pub(super) part: u32,
    /// Is this the end of the file?
    pub(super) is_end: bool,
}

impl Spot {
    /// The beginning of a file.
    pub(super) const BEGINNING: Self = Self {
        document: 0,
        offset: 0,
        layout: Layout::Unknown,
        part: 0,
        is_end: false,
    };
}

#[derive(Serialize, Deserialize)]
struct Written {
    v: u8,
    /// Of the names of all files before.
    before: u32,
    file: String,
    identity: Identity,
    spot: Spot,
}

impl Place {
    /// The cursor that leads here; `None` where nothing can be read a second time.
    pub(super) fn cursor(&self, inputs: &Inputs) -> Option<Cursor> {
        let written = Written {
            v: VERSION,
            before: inputs.digests[self.file],
            file: inputs.files[self.file].path.to_string_lossy().into_owned(),
            identity: *self.identity.clone()?,
            spot: self.spot,
        };
        let text = serde_json::to_string(&written).expect("numbers and text are JSON");
        Some(Cursor(text))
    }
}

/// The place that a cursor leads to.
pub(super) fn read(cursor: &Cursor, inputs: &Inputs) -> Result<Place, SourceError> {
    let lost = |reason: String| SourceError::CursorLost {
        reason: format!("{reason}; reading everything again"),
        lost: Lost::default(),
    };
    let written: Written = serde_json::from_str(&cursor.0)
        .map_err(|_| lost("the cursor is not one of a replay".to_owned()))?;
    if written.v > VERSION {
        return Err(lost("a newer bowerbird wrote the cursor".to_owned()));
    }
    let name = &written.file;
    let named = inputs
        .files
        .iter()
        .position(|file| file.path.to_string_lossy() == *name);
    let file = named.ok_or_else(|| lost(format!("{name} is not among the files any more")))?;
    if inputs.digests[file] != written.before {
        return Err(lost(format!(
            "there are other files before {name} than there were"
        )));
    }
    let input = &inputs.files[file];
    if !matches!(input.kind, InputKind::File { .. }) {
        return Err(lost(format!("{name} can't be read again")));
    }
    let recognised = written
        .identity
        .recognise(&input.path)
        .map_err(|error| lost(format!("{name}: {error}")))?;
    let is_unchanged = recognised.ok_or_else(|| lost(format!("{name} is not the file it was")))?;
    // A file that has grown since it was read to its end is read on.
    let spot = Spot {
        is_end: written.spot.is_end && is_unchanged,
        ..written.spot
    };
    Ok(Place {
        file,
        identity: Some(Arc::new(written.identity)),
        spot,
    })
}
