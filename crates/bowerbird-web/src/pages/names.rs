//! What tracks are called, for pages that name them.

use std::collections::HashMap;

use bowerbird_core::ids::TrackId;
use bowerbird_core::track::Track;

use crate::api::tracks::TrackView;
use crate::error::ApiError;
use crate::site::Site;

/// The names of tracks by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<TrackId, String>);

impl Names {
    /// Of all tracks.
    pub(crate) async fn all(site: &Site) -> Result<Self, ApiError> {
        Ok(Self::of(&site.store().tracks().await?))
    }

    /// Of these tracks.
    pub(crate) fn of<'t>(tracks: impl IntoIterator<Item = &'t Track>) -> Self {
        let names = tracks.into_iter();
        Self(
            names
                .map(|track| (track.id, track.draft.name.clone()))
                .collect(),
        )
    }

    /// Of these tracks.
    pub(crate) fn of_views(views: &[TrackView]) -> Self {
        Self::of(views.iter().map(|view| &view.track))
    }

    /// One; `None` if it was removed.
    pub(crate) fn get(&self, id: TrackId) -> Option<&str> {
        self.0.get(&id).map(String::as_str)
    }
}
