//! The one place that knows all kinds of sources, spools and stores, and builds what the configuration asks for.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bowerbird_connect::jetstream::{self, JetstreamConfig, JetstreamWire};
use bowerbird_connect::mastodon::{self, MastodonConfig, MastodonTransport};
use bowerbird_connect::replay::{self, ReplayConfig, ReplayProgress, Survey};
use bowerbird_connect::synthetic::{self, SyntheticConfig};
use bowerbird_connect::x::{self, XConfig, XFeed};
use bowerbird_core::bill::{Counter, Tariffs};
use bowerbird_core::ids::SourceName;
use bowerbird_core::live::LiveTracks;
use bowerbird_core::pipeline::Parts;
use bowerbird_core::plan::{Planning, SlotRoom};
use bowerbird_core::raw::RawCodec;
use bowerbird_core::rules::XLimits;
use bowerbird_core::source::{Connection, Keep};
use bowerbird_core::spool::Spool;
use bowerbird_core::store::Store;
use bowerbird_store::spool::{EmbeddedSpool, Report, SpoolOptions};
pub(crate) use bowerbird_store::sqlite::SqliteOptions;
use bowerbird_store::sqlite::SqliteStore;

pub(crate) use bowerbird_connect::decode_any;

use crate::cli::Speed;
use crate::config::{SourceKind, SourceSettings, XSettings};
use crate::output::{bytes_for_people, plural};
use crate::progress::HowFar;

mod left_out;

/// What the first start of the demo makes: a track in each of three scripts, on what the built-in stream talks about.
pub(crate) const DEMO_TRACKS: [(&str, &str); 3] = [
    (
        "Birds",
        "kingfisher OR blackbird OR swifts OR \"barn owl\" OR starlings OR bowerbird OR #birds",
    ),
    (
        "天気",
        "(雨 OR 虹 OR 気温 OR 台風 OR 夕立 OR 初霜 OR 霧 OR #天気) lang:ja",
    ),
    ("طقس", "(العاصفة OR الضباب OR المطر OR #طقس) lang:ar"),
];

/// Opens the embedded spool in a folder.
pub(crate) fn open_spool(folder: &Path, max_bytes: u64) -> Result<Arc<dyn Spool>> {
    let options = SpoolOptions {
        max_bytes,
        ..SpoolOptions::default()
    };
    let spool = EmbeddedSpool::open(folder, options).context("opening the spool")?;
    Ok(Arc::new(spool))
}

/// Looks at every byte of the spool in a folder that nobody holds; repairs what can be, if asked.
pub(crate) fn check_spool(folder: &Path, repair: bool) -> Result<Report> {
    bowerbird_store::spool::fsck(folder, repair).context("checking the spool")
}

/// Opens the SQLite store in a file; its dictionaries become known to `codec`.
pub(crate) async fn open_store(
    path: &Path,
    codec: &Arc<RawCodec>,
    options: SqliteOptions,
) -> Result<Arc<dyn Store>> {
    let (file, codec) = (path.to_owned(), Arc::clone(codec));
    let opened =
        tokio::task::spawn_blocking(move || SqliteStore::open(&file, codec, &options)).await;
    let store = opened
        .context("opening the store")?
        .with_context(|| format!("opening the store {}", path.display()))?;
    Ok(Arc::new(store))
}

/// Every source of the configuration, ready to be opened; those that filter upstream listen for `tracks`.
pub(crate) fn connections(sources: &[SourceSettings], parts: &Parts) -> Result<Vec<Connection>> {
    let connect = |source: &SourceSettings| {
        let name = source.name.as_str();
        let connection = match &source.kind {
            SourceKind::Synthetic { rate, seed } => synthetic(name, *rate, *seed, source.keep),
            SourceKind::Replay { paths, speed } => {
                let speed = speed.map_or(Speed::Max, Speed::Times);
                replay(name, paths, speed, source.keep).map(|replay| replay.connection)
            }
            SourceKind::X(settings) => {
                let config = XConfig {
                    withheld: parts.bills.withheld(),
                    ..x_config(settings)?
                };
                if matches!(config.feed, XFeed::Filtered | XFeed::Activity(_)) {
                    tokio::spawn(left_out::tell(
                        source.name.clone(),
                        Arc::clone(&config.status),
                        Arc::clone(&parts.status),
                        Arc::clone(&parts.live),
                    ));
                }
                let tracks = parts.live.watch();
                Ok(x::connect(
                    source.name.clone(),
                    source.keep,
                    config,
                    tracks,
                )?)
            }
            SourceKind::Jetstream(config) => {
                let name = source.name.clone();
                jetstream::connect(name, source.keep, config.clone()).map_err(Into::into)
            }
            SourceKind::Mastodon(config) => {
                let name = source.name.clone();
                mastodon::connect(name, source.keep, config.clone()).map_err(Into::into)
            }
        };
        connection.with_context(|| format!("source.{name}"))
    };
    sources.iter().map(connect).collect()
}

/// What says how tracks share the rules of sources that give few.
pub(crate) fn planning(sources: &[SourceSettings]) -> Planning {
    let planner = |source: &SourceSettings| match &source.kind {
        SourceKind::X(settings) if settings.feed == XFeed::Filtered => {
            let (room, status) = (room(settings), Arc::clone(&settings.status));
            Some(x::planner(source.name.clone(), room, status))
        }
        SourceKind::X(_)
        | SourceKind::Synthetic { .. }
        | SourceKind::Replay { .. }
        | SourceKind::Jetstream(_)
        | SourceKind::Mastodon(_) => None,
    };
    let first = sources.iter().find_map(|source| match &source.kind {
        SourceKind::X(settings) if settings.feed == XFeed::Filtered => Some(room(settings)),
        SourceKind::X(_)
        | SourceKind::Synthetic { .. }
        | SourceKind::Replay { .. }
        | SourceKind::Jetstream(_)
        | SourceKind::Mastodon(_) => None,
    });
    let usual = SlotRoom {
        slots: x::X_MAX_RULES,
        max_chars: XLimits::STREAM.max_chars,
    };
    Planning {
        planners: sources.iter().filter_map(planner).collect(),
        assumed: x::assumed_plan,
        usual: first.unwrap_or(usual),
    }
}

/// What X gives, as the configuration says.
fn room(settings: &XSettings) -> SlotRoom {
    SlotRoom {
        slots: settings.max_rules,
        max_chars: settings.max_rule_chars,
    }
}

/// What priced sources cost and may cost.
pub(crate) fn tariffs(sources: &[SourceSettings]) -> Tariffs {
    let tariff = |source: &SourceSettings| Some((source.name.clone(), source.tariff()?));
    sources.iter().filter_map(tariff).collect()
}

/// The sources whose gaps are repaired only when somebody asks for it.
pub(crate) fn repair_by_hand(sources: &[SourceSettings]) -> Vec<SourceName> {
    let by_hand = sources.iter().filter(|source| source.repairs_by_hand());
    by_hand.map(|source| source.name.clone()).collect()
}

/// Who can be asked how many posts a rule would bring: needs the sources' secrets.
pub(crate) fn counters(sources: &[SourceSettings]) -> Vec<Counter> {
    let counter = |source: &SourceSettings| match &source.kind {
        SourceKind::X(settings) if !matches!(settings.feed, XFeed::Home { .. }) => {
            let config = x_config(settings).ok()?;
            x::counter(source.name.clone(), &config).ok()
        }
        SourceKind::X(_)
        | SourceKind::Synthetic { .. }
        | SourceKind::Replay { .. }
        | SourceKind::Jetstream(_)
        | SourceKind::Mastodon(_) => None,
    };
    sources.iter().filter_map(counter).collect()
}

fn x_config(settings: &XSettings) -> Result<XConfig> {
    let access = settings.access.clone();
    Ok(XConfig {
        base_url: settings.base_url.clone(),
        feed: settings.feed.clone(),
        backfill_minutes: settings.backfill_minutes,
        max_rules: settings.max_rules,
        limits: XLimits {
            max_chars: settings.max_rule_chars,
            ..XLimits::STREAM
        },
        max_query_chars: settings.max_query_chars,
        status: Arc::clone(&settings.status),
        limiter: Arc::clone(&settings.limiter),
        ..XConfig::with(access.context("its sign-in was not fetched")?)
    })
}

/// The built-in stream.
pub(crate) fn synthetic(name: &str, rate: u32, seed: u64, keep: Keep) -> Result<Connection> {
    let config = SyntheticConfig {
        seed,
        rate: f64::from(rate),
        count: None,
    };
    Ok(synthetic::connect(SourceName::parse(name)?, keep, config)?)
}

/// A replay, and how far it is.
pub(crate) struct Replay {
    /// The source.
    pub(crate) connection: Connection,
    /// What it will read.
    pub(crate) found: Survey,
    /// Bytes read of all bytes.
    pub(crate) progress: HowFar,
}

/// Bluesky by its public Jetstream, or by the instance at this address.
pub(crate) fn jetstream(name: &str, base_url: Option<&str>, keep: Keep) -> Result<Connection> {
    let mut config = JetstreamConfig::default();
    if let Some(base_url) = base_url {
        config.base_urls = vec![base_url.to_owned()];
    }
    Ok(jetstream::connect(SourceName::parse(name)?, keep, config)?)
}

/// What of X is read.
fn x_in_words(settings: &XSettings) -> String {
    let what = match &settings.feed {
        XFeed::Filtered => "what the tracks ask for".to_owned(),
        XFeed::Activity(activity) => format!(
            "what {} do: {}",
            plural(activity.accounts.len() as u64, "account", "accounts"),
            activity.events.join(", ")
        ),
        XFeed::Timelines(timelines) => {
            let n = plural(timelines.accounts.len() as u64, "timeline", "timelines");
            format!("{n}, every {} s", timelines.every.as_secs())
        }
        XFeed::Home { every } => format!("the home timeline, every {} s", every.as_secs()),
        XFeed::Sample => "a sample of 1 %".to_owned(),
        XFeed::Sample10 { partition } => format!("a sample of 10 %, part {partition} of 2"),
        XFeed::PostCompliance { partition } => {
            format!("what is to be forgotten of posts, part {partition} of 4")
        }
        XFeed::AccountCompliance { partition } => {
            format!("what is to be forgotten of accounts, part {partition} of 4")
        }
    };
    format!(
        "x at {}, token found (not tried): {what}",
        settings.base_url
    )
}

/// What a Jetstream is asked for.
fn jetstream_in_words(config: &JetstreamConfig) -> String {
    let collections = match config.collections.as_slice() {
        [] => "all collections".to_owned(),
        some => some.join(", "),
    };
    let accounts = match config.dids.len() {
        0 => "all accounts".to_owned(),
        n => plural(n as u64, "account", "accounts"),
    };
    let wire = match config.wire {
        JetstreamWire::Old => "",
        JetstreamWire::New => ", new wire",
    };
    let packed = match config.dictionary {
        Some(_) => ", packed",
        None => "",
    };
    let urls = config.base_urls.join(", ");
    format!("jetstream at {urls} (not tried){wire}{packed}: {collections}; {accounts}")
}

/// What an instance is asked for.
fn mastodon_in_words(config: &MastodonConfig) -> String {
    let how = match config.transport {
        MastodonTransport::WebSocket => "by WebSocket",
        MastodonTransport::Sse => "by server-sent events",
    };
    let token = match config.token {
        Some(_) => "token found",
        None => "no token: only what is open to all",
    };
    let media = if config.only_media {
        ", media only"
    } else {
        ""
    };
    let streams = config.streams.join(", ");
    format!(
        "mastodon at {}, {token} (not tried), {how}{media}: {streams}",
        config.base_url
    )
}

/// Recorded files.
pub(crate) fn replay(name: &str, paths: &[String], speed: Speed, keep: Keep) -> Result<Replay> {
    let progress = Arc::new(ReplayProgress::default());
    let speed = match speed {
        Speed::Max => replay::Speed::FlatOut,
        Speed::Times(factor) => replay::Speed::Recorded(factor),
    };
    let config = ReplayConfig {
        inputs: paths.to_vec(),
        speed,
        progress: Arc::clone(&progress),
    };
    let connection = replay::connect(SourceName::parse(name)?, keep, config)?;
    Ok(Replay {
        connection,
        found: progress.survey(),
        progress: Arc::new(move || progress.bytes()),
    })
}

/// What a source is, once everything about it is looked at that can be without opening it.
pub(crate) fn check(source: &SourceSettings) -> Result<String> {
    match &source.kind {
        SourceKind::Synthetic { rate, seed } => {
            Ok(format!("synthetic, {rate} posts a second, seed {seed}"))
        }
        SourceKind::Replay { paths, .. } => Ok(format!("replay of {}", survey(paths)?)),
        SourceKind::X(settings) => {
            let (config, tracks) = (x_config(settings)?, LiveTracks::default());
            x::connect(source.name.clone(), source.keep, config, tracks.watch())?;
            Ok(x_in_words(settings))
        }
        SourceKind::Jetstream(config) => {
            jetstream::connect(source.name.clone(), source.keep, config.clone())?;
            Ok(jetstream_in_words(config))
        }
        SourceKind::Mastodon(config) => {
            mastodon::connect(source.name.clone(), source.keep, config.clone())?;
            Ok(mastodon_in_words(config))
        }
    }
}

/// What a replay of these paths would read, without reading it; that there is nothing is an error.
pub(crate) fn survey(paths: &[String]) -> Result<String> {
    in_words(replay::survey(paths)?, paths)
}

/// What was found where; that it is nothing is an error.
pub(crate) fn in_words(found: Survey, paths: &[String]) -> Result<String> {
    if found.n_files == 0 {
        bail!("no file in {}", paths.join(", "));
    }
    let files = plural(found.n_files as u64, "file", "files");
    Ok(format!("{files}, {}", bytes_for_people(found.bytes)))
}

#[cfg(test)]
mod tests;
