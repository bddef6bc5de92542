//! Ready records, as ingest makes them: what spool and store are measured with.

use anyhow::{Context, Result};
use bowerbird_connect::x::decode_v2;
use bowerbird_core::raw::{Packer, RawCodec, dictionary_number, train};
use bowerbird_core::record::{Content, Record};
use bowerbird_core::spool::Entry;
use bowerbird_core::store::Dictionary;
use bowerbird_core::time::Time;

use super::sample::Sample;

/// The source's name in the records.
pub(super) const SOURCE: &str = "bench";
/// The service of the made-up posts.
const SERVICE: &str = "x";
/// Posts that the dictionary is made from.
const TRAINED_WITH: usize = 2_000;

/// Makes records of posts.
pub(super) struct Recorder {
    packer: Packer,
    now: Time,
    /// What raw bytes are compressed with; a store that is to read them must have it.
    pub(super) dictionary: Option<Dictionary>,
}

impl Recorder {
    /// With a dictionary made from the first posts, as a running process makes one.
    pub(super) fn new(sample: &Sample) -> Self {
        let codec = RawCodec::default();
        let samples: Vec<Vec<u8>> = sample.lines.iter().take(TRAINED_WITH).cloned().collect();
        let dictionary = train(&samples).and_then(|bytes| {
            let number = dictionary_number(&bytes)?;
            Some(Dictionary {
                number,
                service: SERVICE.to_owned(),
                bytes,
            })
        });
        if let Some(dictionary) = &dictionary {
            codec.add(dictionary);
        }
        Self {
            packer: codec.packer(SERVICE),
            now: Time::now(),
            dictionary,
        }
    }

    /// The record of each post.
    pub(super) fn entries(&mut self, lines: &[Vec<u8>]) -> Result<Vec<Entry>> {
        let mut entries = Vec::with_capacity(lines.len());
        for line in lines {
            let event = decode_v2(line).context("decoding a made-up post")?;
            let key = event.id.key();
            let raw = self.packer.pack(line);
            let content = Content::Event {
                event,
                captures: Vec::new(),
                raw,
                repairs: None,
            };
            let record = Record {
                source: SOURCE.into(),
                received_at: self.now,
                content,
            };
            entries.push(Entry {
                key,
                bytes: record.encode(Vec::new()).into(),
            });
        }
        Ok(entries)
    }
}
