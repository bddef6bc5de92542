//! A dead letter tried again: it enters by the front door, as a new frame of its source.

use bytes::Bytes;

use crate::frame::Frame;
use crate::record::{Content, Record};
use crate::source::Keep;
use crate::spool::{Entry, SpoolError};
use crate::store::StoreError;
use crate::time::Time;

use super::engine::Engine;
use super::prepare::{Prepared, Preparer, Price};

/// Why a dead letter was not delivered; it is still there.
#[derive(Debug, thiserror::Error)]
pub enum RedeliverError {
    /// It is what it was.
    #[error("still refused: {0}")]
    StillRefused(String),
    /// No such letter, or the store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The spool failed.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

impl Engine {
    /// Tries a dead letter again with what this build understands; it is dropped once its content is durable in the spool.
    pub async fn redeliver(&self, id: u64) -> Result<(), RedeliverError> {
        let found = self.parts.store.dead_letter(id).await?;
        let (letter, bytes) =
            found.ok_or_else(|| StoreError::NotFound(format!("dead letter {id}")))?;
        let prepared = if letter.lane.is_some() {
            buried_again(bytes)?
        } else {
            let refused = (self.parts.decode)(&bytes).err();
            if let Some(refused) = refused {
                return Err(RedeliverError::StillRefused(refused.reason));
            }
            let preparer = Preparer {
                source: &letter.source,
                decode: self.parts.decode,
                keep: Keep::All,
                live: &self.parts.live,
                codec: &self.parts.codec,
                sampler: &self.sampler,
                price: Price::default(),
                repairs: None,
            };
            let prepared = preparer.prepare(&[Frame::new(Bytes::from(bytes), Time::now())]);
            Prepared {
                heard_at: None,
                ..prepared
            }
        };
        self.writer(&letter.source)
            .await?
            .append(prepared, None, |_| {})
            .await?;
        self.parts.store.drop_dead_letters(&[id]).await?;
        Ok(())
    }
}

/// What a lane buried is a whole record: every lane gets it again, which none minds. Being delivered again it counts as read again,
/// as a frame would; what is no frame never does.
fn buried_again(bytes: Vec<u8>) -> Result<Prepared, RedeliverError> {
    let record =
        Record::decode(&bytes).map_err(|error| RedeliverError::StillRefused(error.to_string()))?;
    let (key, read) = match &record.content {
        Content::Event { event, .. } => (event.id.key(), 1),
        Content::Refused { .. } => (Entry::NO_EVENT, 1),
        Content::Gap { .. }
        | Content::Buried { .. }
        | Content::Charge(_)
        | Content::Aliases { .. }
        | Content::UncaughtEdit { .. } => (Entry::NO_EVENT, 0),
    };
    let bytes = Bytes::from(bytes);
    Ok(Prepared {
        read,
        entries: vec![Entry { key, bytes }],
        ..Prepared::default()
    })
}

#[cfg(test)]
mod tests;
