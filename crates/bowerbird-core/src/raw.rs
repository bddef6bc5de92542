//! Raw bytes, compressed once and for good.
//!
//! Each frame is compressed alone, so that one post can be read and erased by itself, with a dictionary made from the first posts
//! of its service, which brings it near the size of a stream of many. The compressed frame names its dictionary in its header;
//! dictionaries are kept in the store for ever and handed in here. What this is not: a container format, or a place to keep anything.

use std::sync::Arc;

use arc_swap::ArcSwap;
use zstd::dict::DecoderDictionary;

use crate::store::Dictionary;

/// The level: of the fast ones, where time per post and size balance (see `docs/decisions`).
pub const LEVEL: i32 = 1;
/// No frame unpacks to more than this, whatever its header says.
pub const MAX_UNPACKED: usize = 64 << 20;
/// A dictionary's size; larger ones cost cache and gain little.
pub const DICTIONARY_BYTES: usize = 64 << 10;

/// The dictionaries known to this process. Cheap to share; readers are never blocked.
#[derive(Default)]
pub struct RawCodec {
    known: ArcSwap<Vec<Arc<Loaded>>>,
}

struct Loaded {
    number: u32,
    service: String,
    bytes: Vec<u8>,
    decoder: DecoderDictionary<'static>,
}

impl std::fmt::Debug for RawCodec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawCodec with {} dictionaries", self.known.load().len())
    }
}

/// Why bytes can't be unpacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RawError {
    /// The store has lost a dictionary.
    #[error("raw bytes need dictionary {0}, which is not in the store")]
    UnknownDictionary(u32),
    /// Not what we packed.
    #[error("raw bytes are damaged: {0}")]
    Damaged(String),
}

impl RawCodec {
    /// Makes a dictionary known; a number already known is left as it is.
    pub fn add(&self, dictionary: &Dictionary) {
        let loaded = Arc::new(Loaded {
            number: dictionary.number,
            service: dictionary.service.clone(),
            bytes: dictionary.bytes.clone(),
            decoder: DecoderDictionary::copy(&dictionary.bytes),
        });
        self.known.rcu(|known| {
            let mut known = Vec::clone(known);
            if known.iter().all(|other| other.number != loaded.number) {
                known.push(Arc::clone(&loaded));
            }
            known
        });
    }

    /// Is there a dictionary for this service?
    pub fn has(&self, service: &str) -> bool {
        self.known
            .load()
            .iter()
            .any(|known| known.service == service)
    }

    /// Something that packs many frames of one service; get a new one when a dictionary was added.
    pub fn packer(&self, service: &str) -> Packer {
        let known = self.known.load();
        let dictionary = known.iter().rev().find(|known| known.service == service);
        let made = match dictionary {
            Some(dictionary) => zstd::bulk::Compressor::with_dictionary(LEVEL, &dictionary.bytes),
            None => zstd::bulk::Compressor::new(LEVEL),
        };
        let mut compressor = made.expect("zstd makes a context unless memory has run out");
        compressor
            .include_checksum(true)
            .expect("the parameter exists in every zstd");
        Packer {
            compressor,
            packed: Vec::new(),
        }
    }

    /// Unpacks one frame.
    pub fn unpack(&self, packed: &[u8]) -> Result<Vec<u8>, RawError> {
        let damaged = |error: std::io::Error| RawError::Damaged(error.to_string());
        let number = zstd::zstd_safe::get_dict_id_from_frame(packed).map_or(0, |id| id.get());
        let known = self.known.load();
        let mut decompressor = if number == 0 {
            zstd::bulk::Decompressor::new().map_err(damaged)?
        } else {
            let dictionary = known.iter().find(|known| known.number == number);
            let dictionary = dictionary.ok_or(RawError::UnknownDictionary(number))?;
            zstd::bulk::Decompressor::with_prepared_dictionary(&dictionary.decoder)
                .map_err(damaged)?
        };
        let declared = zstd::zstd_safe::get_frame_content_size(packed);
        let size = declared
            .ok()
            .flatten()
            .ok_or_else(|| RawError::Damaged("no size in its header".to_owned()))?;
        let size = usize::try_from(size)
            .ok()
            .filter(|size| *size <= MAX_UNPACKED);
        let size = size.ok_or_else(|| {
            RawError::Damaged(format!("unpacks to more than {MAX_UNPACKED} bytes"))
        })?;
        decompressor.decompress(packed, size).map_err(damaged)
    }
}

/// Packs frames one after another, keeping its context and its buffer.
pub struct Packer {
    compressor: zstd::bulk::Compressor<'static>,
    packed: Vec<u8>,
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Packer")
    }
}

impl Packer {
    /// Packs one frame; the answer is good until the next one.
    pub fn pack(&mut self, bytes: &[u8]) -> &[u8] {
        self.packed.clear();
        self.packed
            .reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        self.compressor
            .compress_to_buffer(bytes, &mut self.packed)
            .expect("zstd compresses any bytes into a buffer of its own bound");
        &self.packed
    }
}

/// Makes a dictionary's bytes from samples of a service; `None` where they are too few or too uniform to gain from one. Takes about a
/// second: not for an async thread.
pub fn train(samples: &[Vec<u8>]) -> Option<Vec<u8>> {
    zstd::dict::from_samples(samples, DICTIONARY_BYTES).ok()
}

/// The number in a dictionary's header; `None` if it has none.
pub fn dictionary_number(bytes: &[u8]) -> Option<u32> {
    zstd::zstd_safe::get_dict_id(bytes).map(|id| id.get())
}

#[cfg(test)]
mod tests;
