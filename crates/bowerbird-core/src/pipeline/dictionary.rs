//! Gathers the first posts of a service that has no compression dictionary yet, and makes one of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::raw::{self, RawCodec};
use crate::store::{Keys, StoreError};
use crate::time::Time;

/// Posts a dictionary is made from: some hundred times its size, as zstd advises, at 3 KB each.
const SAMPLES: usize = 2_000;
/// Of each post, no more than this.
const SAMPLE_BYTES: usize = 8 << 10;
/// Services gathered for at a time; a hostile replay could name any number.
const MAX_SERVICES: usize = 8;

/// Samples on their way to a dictionary.
#[derive(Debug, Default)]
pub(super) struct Sampler {
    gathered: Mutex<HashMap<String, Vec<Vec<u8>>>>,
    full: Notify,
}

impl Sampler {
    /// Takes a copy of a post if its service still needs samples.
    pub(super) fn offer(&self, service: &str, bytes: &[u8], codec: &RawCodec) {
        if codec.has(service) {
            return;
        }
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        if !gathered.contains_key(service) {
            if gathered.len() >= MAX_SERVICES {
                return;
            }
            gathered.insert(service.to_owned(), Vec::new());
        }
        let Some(samples) = gathered.get_mut(service) else {
            return;
        };
        if samples.len() < SAMPLES {
            samples.push(bytes[..bytes.len().min(SAMPLE_BYTES)].to_vec());
            if samples.len() == SAMPLES {
                self.full.notify_one();
            }
        }
    }

    fn take_full(&self) -> Option<(String, Vec<Vec<u8>>)> {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let (service, samples) = gathered
            .iter_mut()
            .find(|(_, samples)| samples.len() >= SAMPLES)?;
        let (service, samples) = (service.clone(), std::mem::take(samples));
        // One sample too many for another round: this service is done with, whatever comes of it.
        gathered.remove(&service);
        Some((service, samples))
    }
}

/// Makes dictionaries as samples become complete; runs until it is dropped.
///
/// A dictionary is durable in the store before the first frame is compressed with it.
pub(super) async fn make_dictionaries(
    sampler: Arc<Sampler>,
    codec: Arc<RawCodec>,
    store: Arc<dyn Keys>,
) -> Result<(), StoreError> {
    loop {
        sampler.full.notified().await;
        while let Some((service, samples)) = sampler.take_full() {
            if codec.has(&service) {
                continue;
            }
            let trained = tokio::task::spawn_blocking(move || raw::train(&samples)).await;
            let Ok(Some(bytes)) = trained else {
                tracing::warn!(
                    service,
                    "No compression dictionary could be made of this service's posts"
                );
                continue;
            };
            let dictionary = store.add_dictionary(&service, &bytes, Time::now()).await?;
            codec.add(&dictionary);
            tracing::info!(
                service,
                dictionary.number,
                "Made a compression dictionary from the first posts"
            );
        }
    }
}
