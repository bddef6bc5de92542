//! Unpacks messages that Jetstream packed with its dictionary, each by itself and to a bounded size.
//!
//! The dictionary is made of people's posts, so it is not part of this program: it is a file that the user names.

use std::fmt;
use std::num::NonZeroU32;

use bowerbird_core::frame::MAX_FRAME_BYTES;
use bytes::Bytes;
use zstd::bulk::Decompressor;
use zstd::zstd_safe::{get_dict_id_from_dict, get_dict_id_from_frame, get_frame_content_size};

use crate::error::ConnectError;

/// Unpacks the messages of one connection.
pub(super) struct Unpack {
    id: NonZeroU32,
    zstd: Decompressor<'static>,
}

/// Why a message can't be unpacked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UnpackError {
    /// No message can be: this is the wrong dictionary.
    WrongDictionary(String),
    /// This one can't.
    Broken(String),
}

impl fmt::Debug for Unpack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpack")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Looks whether bytes are a dictionary.
pub(super) fn id(dictionary: &[u8]) -> Result<NonZeroU32, ConnectError> {
    get_dict_id_from_dict(dictionary)
        .ok_or_else(|| ConnectError::setting("dictionary", "the file is not a zstd dictionary"))
}

impl Unpack {
    /// Unpacks with this dictionary.
    pub(super) fn new(dictionary: &[u8]) -> Result<Self, ConnectError> {
        let wrong = |error| ConnectError::setting("dictionary", format!("can't be used: {error}"));
        Ok(Self {
            id: id(dictionary)?,
            zstd: Decompressor::with_dictionary(dictionary).map_err(wrong)?,
        })
    }

    /// Of the dictionary.
    pub(super) fn id(&self) -> NonZeroU32 {
        self.id
    }

    /// The message, of at most [`MAX_FRAME_BYTES`].
    pub(super) fn unpack(&mut self, packed: &[u8]) -> Result<Bytes, UnpackError> {
        if let Some(id) = get_dict_id_from_frame(packed).filter(|id| *id != self.id) {
            let ours = self.id;
            return Err(UnpackError::WrongDictionary(format!(
                "Jetstream packs with dictionary {id}, and the file named in `dictionary` is {ours}: fetch the other, or leave the key out"
            )));
        }
        let broken = |reason: String| UnpackError::Broken(format!("can't be unpacked: {reason}"));
        let size =
            get_frame_content_size(packed).map_err(|_| broken("not a zstd frame".to_owned()))?;
        let too_large = || broken(format!("more than {MAX_FRAME_BYTES} bytes"));
        let room = match size.map(usize::try_from) {
            Some(Ok(size)) if size <= MAX_FRAME_BYTES => size,
            Some(_) => return Err(too_large()),
            None => MAX_FRAME_BYTES,
        };
        let message = self
            .zstd
            .decompress(packed, room)
            .map_err(|error| broken(error.to_string()))?;
        if size.is_some() {
            Ok(Bytes::from(message))
        } else {
            // Room was made for the largest.
            Ok(Bytes::copy_from_slice(&message))
        }
    }
}

#[cfg(test)]
mod tests {
    use zstd::bulk::Compressor;

    use super::*;
    use crate::jetstream::{JetstreamWire, decode, place};
    use crate::testing::jetstream_dictionary;

    fn pack(message: &[u8]) -> Vec<u8> {
        let mut zstd = Compressor::with_dictionary(3, &jetstream_dictionary(7)).unwrap();
        zstd.compress(message).unwrap()
    }

    fn unpack() -> Unpack {
        Unpack::new(&jetstream_dictionary(7)).unwrap()
    }

    #[test]
    fn what_was_packed_comes_back() {
        let mut unpack = unpack();
        for message in [&b""[..], b"{}", &[b'x'; 100_000]] {
            assert_eq!(
                unpack.unpack(&pack(message)),
                Ok(Bytes::copy_from_slice(message))
            );
        }
    }

    #[test]
    fn a_message_that_does_not_say_its_size_is_unpacked_too() {
        let mut encoder =
            zstd::stream::write::Encoder::with_dictionary(Vec::new(), 3, &jetstream_dictionary(7))
                .unwrap();
        std::io::Write::write_all(&mut encoder, b"a message").unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(unpack().unpack(&packed).unwrap(), "a message");
    }

    #[test]
    fn what_grows_too_large_is_refused_and_the_next_is_not() {
        let mut unpack = unpack();
        let bomb = pack(&vec![b'x'; MAX_FRAME_BYTES + 1]);
        let Err(UnpackError::Broken(reason)) = unpack.unpack(&bomb) else {
            panic!("too large")
        };
        assert_eq!(reason, "can't be unpacked: more than 8388608 bytes");
        for torn in [&b"\x01\x02"[..], b"", &pack(b"a message")[..9]] {
            assert!(
                matches!(unpack.unpack(torn), Err(UnpackError::Broken(_))),
                "{torn:?}"
            );
        }
        assert_eq!(unpack.unpack(&pack(b"a")).unwrap(), "a");
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "a test that tries nothing says so")]
    fn recorded_events_packed_with_the_published_dictionary_come_back() {
        let Some(corpus) = std::env::var_os("BOWERBIRD_CORPUS") else {
            return eprintln!("BOWERBIRD_CORPUS is not set: no dictionary to try");
        };
        let folder = std::path::Path::new(&corpus).join("bluesky-social__jetstream/subscribe");
        let dictionary = std::fs::read(folder.join("dictionaries/legacy_subscribe.zdict")).unwrap();
        assert_eq!(id(&dictionary).unwrap().get(), 1_612_007_021);
        let mut zstd = Compressor::with_dictionary(1, &dictionary).unwrap();
        let mut unpack = Unpack::new(&dictionary).unwrap();
        let events = std::fs::read(folder.join("golden_v1.jsonl")).unwrap();
        let events = events
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        for event in events {
            let packed = zstd.compress(event).unwrap();
            assert!(packed.len() < event.len());
            let unpacked = unpack.unpack(&packed).unwrap();
            assert_eq!(unpacked, event);
            assert!(place::moment(JetstreamWire::Old, &unpacked).is_some());
            decode(&unpacked).unwrap();
        }
    }

    #[test]
    fn another_dictionary_is_no_fault_of_the_message() {
        let mut other = Unpack::new(&jetstream_dictionary(8)).unwrap();
        let Err(UnpackError::WrongDictionary(reason)) = other.unpack(&pack(b"a message")) else {
            panic!("the wrong dictionary")
        };
        assert!(
            reason.contains("dictionary 7") && reason.contains("is 8"),
            "{reason}"
        );
        assert!(Unpack::new(b"just text").is_err());
    }
}
