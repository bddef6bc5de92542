//! The counts that live readers get: asked for once a second for all of them together, and only while there is one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bowerbird_core::counts::{Counts, counts};
use bowerbird_core::store::CaptureCounts;
use bowerbird_core::time::Time;
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::site::{Site, closed};

/// How often.
const EVERY: Duration = Duration::from_secs(1);

/// What a `counts` event of the live stream says.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = LiveCounts)]
pub(crate) struct LiveCounts {
    /// When they were so.
    pub(crate) at: Time,
    /// Of all sources together.
    pub(crate) total: Counts,
    /// Captures of each track.
    pub(crate) tracks: Vec<CaptureCounts>,
    /// A number that every change of tracks raises.
    pub(crate) changes: String,
}

/// Where live readers get them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    latest: watch::Sender<Bytes>,
    runs: Mutex<bool>,
}

impl Tally {
    /// The newest counts as a whole server-sent event, again whenever they change; empty before the first.
    pub(crate) fn subscribe(&self, site: &Arc<Site>) -> watch::Receiver<Bytes> {
        let receiver = self.latest.subscribe();
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if !*runs {
            *runs = true;
            tokio::spawn(refresh(Arc::clone(site)));
        }
        receiver
    }

    /// Says whether nobody listens, and if so that the task ends.
    fn ends(&self) -> bool {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        *runs = self.latest.receiver_count() > 0;
        !*runs
    }
}

async fn refresh(site: Arc<Site>) {
    let mut closing = site.closing();
    let mut known = None;
    while !site.tally.ends() {
        match now(&site).await {
            Ok(counts) => {
                let said = LiveCounts {
                    at: Time::default(),
                    ..counts.clone()
                };
                if known.as_ref() != Some(&said) {
                    site.tally.latest.send_replace(server_sent(&counts));
                    known = Some(said);
                }
            }
            // The page keeps what it had; whoever asks the API is told.
            Err(error) => tracing::warn!(error.cause = error.cause, "The counts could not be had"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = closed(&mut closing) => {
                // Whoever subscribes now is told to close as well.
                return;
            }
        }
    }
}

/// The counts now.
pub(crate) async fn now(site: &Site) -> Result<LiveCounts, ApiError> {
    let all = counts(site.parts.spool.as_ref(), site.store()).await?;
    Ok(LiveCounts {
        at: site.now(),
        total: Counts::total(all.values()),
        tracks: site.store().captures().await?,
        changes: site.store().change_number().await?.to_string(),
    })
}

fn server_sent(counts: &LiveCounts) -> Bytes {
    let json = serde_json::to_string(counts).expect("numbers and strings are always JSON");
    format!("event: counts\ndata: {json}\n\n").into()
}
