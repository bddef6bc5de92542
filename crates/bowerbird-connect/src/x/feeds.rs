//! What can be read of X, each as a source: the way to it, and what it needs.
//!
//! Sample and compliance streams need nothing beside themselves but money; they are opened here.

use std::sync::Arc;

use bowerbird_core::ids::{Cursor, SourceName};
use bowerbird_core::source::{Connection, Keep, Opening, Source, SourceError, SourceSpec};
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;
use tokio::sync::watch;

use super::api::Api;
use super::backfill::{self, MAX_BACKFILL_MINUTES, Moments};
use super::config::{XConfig, XFeed};
use super::decode_v2;
use super::fields::everything;
use super::limiter::Endpoint;
use super::purse::Purse;
use super::source;
use super::stream::{STALL_AFTER, XStream};
use super::timelines::Whose;
use super::{activity, timelines};
use crate::error::ConnectError;

/// Describes what is to be read of X as a source; one that has rules listens for these tracks.
pub fn connect(
    name: SourceName,
    keep: Keep,
    config: XConfig,
    tracks: watch::Receiver<Arc<Vec<Track>>>,
) -> Result<Connection, ConnectError> {
    if config.backfill_minutes > MAX_BACKFILL_MINUTES {
        let expected = format!("expected a number from 0 to {MAX_BACKFILL_MINUTES}");
        return Err(ConnectError::setting("backfill_minutes", expected));
    }
    let plain = match &config.feed {
        XFeed::Filtered => return source::connect(name, keep, config, tracks),
        XFeed::Activity(activity) => return activity::connect(name, keep, &config, activity),
        XFeed::Timelines(timelines) => {
            let whose = Whose::accounts(&timelines.accounts)?;
            return timelines::connect(name, keep, &config, whose, timelines.every);
        }
        XFeed::Home { every } => {
            return timelines::connect(name, keep, &config, Whose::Home, *every);
        }
        XFeed::Sample => Plain::new(Endpoint::SampleStream, "tweets/sample", &[everything()]),
        XFeed::Sample10 { partition } => Plain::new(
            Endpoint::Sample10Stream,
            "tweets/sample10",
            &[part(*partition, 2)?, everything()],
        ),
        XFeed::PostCompliance { partition } => Plain::new(
            Endpoint::PostComplianceStream,
            "tweets/compliance",
            &[part(*partition, 4)?],
        ),
        XFeed::AccountCompliance { partition } => Plain::new(
            Endpoint::AccountComplianceStream,
            "users/compliance",
            &[part(*partition, 4)?],
        ),
    };
    connect_plain(name, keep, &config, plain)
}

/// A stream that is the same for everybody.
#[derive(Debug, Clone)]
struct Plain {
    endpoint: Endpoint,
    /// Path and parameters.
    target: String,
}

impl Plain {
    fn new(endpoint: Endpoint, path: &str, parameters: &[String]) -> Self {
        let target = format!("/2/{path}/stream?{}", parameters.join("&"));
        Self { endpoint, target }
    }
}

/// The parameter for one of so many parts.
fn part(partition: u8, parts: u8) -> Result<String, ConnectError> {
    if !(1..=parts).contains(&partition) {
        let expected = format!("expected a number from 1 to {parts}");
        return Err(ConnectError::setting("partition", expected));
    }
    Ok(format!("partition={partition}"))
}

fn connect_plain(
    name: SourceName,
    keep: Keep,
    config: &XConfig,
    plain: Plain,
) -> Result<Connection, ConnectError> {
    let api = Api::new(config)?;
    let purse = Purse {
        source: name.clone(),
        withheld: config.withheld.clone(),
    };
    let most = config.backfill_minutes;
    let open = move |cursor: Option<Cursor>| -> Opening {
        let (api, purse, plain) = (api.clone(), purse.clone(), plain.clone());
        Box::pin(async move {
            let stream = open_plain(&api, purse, &plain, cursor.as_ref(), most).await?;
            Ok(Box::new(stream) as Box<dyn Source>)
        })
    };
    Ok(Connection {
        spec: stream_spec(name, keep, most > 0),
        open: Box::new(open),
        repair: None,
        jobs: Vec::new(),
    })
}

/// What the pipeline knows of a stream of X.
pub(super) fn stream_spec(name: SourceName, keep: Keep, replays: bool) -> SourceSpec {
    SourceSpec {
        name,
        service: "x".to_owned(),
        decode: decode_v2,
        endless: true,
        replays,
        stall_after: Some(STALL_AFTER),
        keep,
    }
}

async fn open_plain(
    api: &Api,
    purse: Purse,
    plain: &Plain,
    cursor: Option<&Cursor>,
    most: u8,
) -> Result<XStream, SourceError> {
    purse.check(Time::now())?;
    let again = backfill::parameter(cursor, most, Time::now())?;
    let target = format!("{}{again}", plain.target);
    let response = api.stream(plain.endpoint, &target).await?;
    let moments = Moments::new(most, &again, Time::now());
    let stream = XStream::new(response).with_cursor(moments);
    Ok(stream.beside(tokio::spawn(purse.spent())))
}

#[cfg(test)]
mod tests;
