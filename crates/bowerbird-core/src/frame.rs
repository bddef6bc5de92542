//! One upstream message as bytes, and batches of them. No meaning yet: that is [`crate::event`].

use bytes::Bytes;

use crate::ids::Cursor;
use crate::time::Time;

/// The most bytes one frame may have; a longer message is refused with its beginning. A whole X envelope with every
/// expansion stays under 100 KB, so this is generous, and it bounds what a hostile file can make us hold.
pub const MAX_FRAME_BYTES: usize = 8 << 20;

/// One upstream message. An empty one is a keep-alive.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The bytes as they came, without the delimiter.
    pub bytes: Bytes,
    /// When its last byte came.
    pub received_at: Time,
    /// Why the source itself could not make a whole message of these bytes (torn, too long, not text); such a frame goes to
    /// the dead letters without being decoded.
    pub broken: Option<String>,
}

impl Frame {
    /// A whole message.
    pub fn new(bytes: Bytes, received_at: Time) -> Self {
        Self {
            bytes,
            received_at,
            broken: None,
        }
    }

    /// Did the service only say that it is there?
    pub fn is_keep_alive(&self) -> bool {
        self.bytes.is_empty() && self.broken.is_none()
    }
}

/// What a source yields at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// The messages in order; may be empty where only the cursor moved.
    pub frames: Vec<Frame>,
    /// Where to resume once these frames are safe; `None` where the source can't resume.
    pub cursor: Option<Cursor>,
}
