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
    /// By service; `None` where they are complete, and no more are wanted in this run.
    gathered: Mutex<HashMap<String, Option<Vec<Vec<u8>>>>>,
    /// Complete ones.
    full: Mutex<Vec<(String, Vec<Vec<u8>>)>>,
    filled: Notify,
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
            gathered.insert(service.to_owned(), Some(Vec::new()));
        }
        let Some(wanted) = gathered.get_mut(service) else {
            return;
        };
        let Some(samples) = wanted else { return };
        samples.push(bytes[..bytes.len().min(SAMPLE_BYTES)].to_vec());
        if samples.len() == SAMPLES
            && let Some(samples) = wanted.take()
        {
            let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
            full.push((service.to_owned(), samples));
            self.filled.notify_one();
        }
    }

    /// A service that has its dictionary leaves its place to another; one of which none can be made is not tried again.
    fn made(&self, service: &str) {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.remove(service);
    }

    fn take_full(&self) -> Option<(String, Vec<Vec<u8>>)> {
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        full.pop()
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
        sampler.filled.notified().await;
        while let Some((service, samples)) = sampler.take_full() {
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
            sampler.made(&service);
            tracing::info!(
                service,
                dictionary.number,
                "Made a compression dictionary from the first posts"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fake_store::FakeStore;

    /// Offers as many posts as make a dictionary.
    fn offer(sampler: &Sampler, codec: &RawCodec, service: &str, post: impl Fn(usize) -> String) {
        for n in 0..SAMPLES {
            sampler.offer(service, post(n).as_bytes(), codec);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_posts_make_a_dictionary_or_none_once() {
        let codec = Arc::new(RawCodec::default());
        let store = Arc::new(FakeStore::new(Arc::clone(&codec)));
        let sampler = Arc::new(Sampler::default());
        let keys: Arc<dyn Keys> = store.clone();
        let making = make_dictionaries(Arc::clone(&sampler), Arc::clone(&codec), keys);
        tokio::spawn(making);
        let made = async |service: &str| {
            // Time passes when nothing is left to be done.
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            codec.has(service)
        };
        offer(&sampler, &codec, "plain", |_| String::new());
        assert!(!made("plain").await, "there is nothing to gain");
        offer(&sampler, &codec, "plain", |n| {
            format!("{{\"post number\":{n}}}")
        });
        assert!(!made("plain").await, "it is not tried again");
        let post = |n: usize| format!("{{\"text\":\"post {n}\",\"author\":\"{}\"}}", n * 7_919);
        offer(&sampler, &codec, "rich", post);
        assert!(made("rich").await);
        assert_eq!(store.dictionaries().await.unwrap().len(), 1);
        let packed = codec.packer("rich").pack(post(5).as_bytes()).to_vec();
        assert_eq!(codec.unpack(&packed).unwrap(), post(5).as_bytes());
    }
}
