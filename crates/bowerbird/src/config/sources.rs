//! Sources as the program works with them, judged from what the file says.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bowerbird_connect::auth::Access;
use bowerbird_connect::jetstream::{JetstreamConfig, JetstreamWire};
use bowerbird_connect::mastodon::{MastodonConfig, MastodonTransport};
use bowerbird_connect::x::{Limiter, MAX_BACKFILL_MINUTES, XActivity, XFeed, XStatus, XTimelines};
use bowerbird_core::bill::{Money, Prices, Tariff};
use bowerbird_core::ids::SourceName;
use bowerbird_core::source::Keep;

use super::file::{
    JetstreamFile, KeepFile, MastodonFile, RepairFile, ReplayFile, SourceFile, SyntheticFile,
    TransportFile, WireFile, XFile, XStreamFile,
};
use super::problems::Problems;
use super::secrets::Fetched;
use crate::cli::parse_span;

/// One source.
#[derive(Debug, Clone)]
pub(crate) struct SourceSettings {
    /// Its name.
    pub(crate) name: SourceName,
    /// Which posts are kept.
    pub(crate) keep: Keep,
    /// How long posts that no track caught stay; `None` for ever.
    pub(crate) keep_for: Option<Duration>,
    /// Who decides that a gap is repaired; `None`: what it costs does.
    pub(crate) repair: Option<RepairFile>,
    /// What it is.
    pub(crate) kind: SourceKind,
}

/// What a source is.
#[derive(Debug, Clone)]
pub(crate) enum SourceKind {
    /// A built-in stream.
    Synthetic {
        /// Posts a second.
        rate: u32,
        /// What it is made from.
        seed: u64,
    },
    /// Recorded files.
    Replay {
        /// Files, folders, patterns, `-`.
        paths: Vec<String>,
        /// A multiple of the recorded speed; `None`: flat out.
        speed: Option<f64>,
    },
    /// X's filtered stream.
    X(XSettings),
    /// Bluesky, by Jetstream.
    Jetstream(JetstreamConfig),
    /// Streams of an instance of Mastodon.
    Mastodon(MastodonConfig),
}

/// What X's filtered stream needs.
#[derive(Debug, Clone)]
pub(crate) struct XSettings {
    /// What signs requests; `None` where secrets were not asked for.
    pub(crate) access: Option<Access>,
    /// X's address.
    pub(crate) base_url: String,
    /// What is read of it.
    pub(crate) feed: XFeed,
    /// How many minutes of what was missed are asked for again.
    pub(crate) backfill_minutes: u8,
    /// How many rules the plan allows.
    pub(crate) max_rules: usize,
    /// How many characters a rule may have.
    pub(crate) max_rule_chars: usize,
    /// How many characters a question to its search may have.
    pub(crate) max_query_chars: usize,
    /// Where its connection notes what it knows of the rules there, for whoever shows the plan.
    pub(crate) status: Arc<XStatus>,
    /// Counts the calls made with the token, whichever source makes them.
    pub(crate) limiter: Arc<Limiter>,
    /// What it costs and may cost.
    pub(crate) tariff: Tariff,
}

impl SourceSettings {
    /// Are its gaps repaired only when somebody asks for it?
    pub(crate) fn repairs_by_hand(&self) -> bool {
        match self.repair {
            Some(wish) => wish == RepairFile::Ask,
            None => self
                .tariff()
                .is_some_and(|tariff| tariff.prices.post > Money::ZERO),
        }
    }

    /// What it costs and may cost; `None` where nothing costs anything.
    pub(crate) fn tariff(&self) -> Option<Tariff> {
        match &self.kind {
            SourceKind::X(x) => Some(x.tariff).filter(|tariff| !tariff.is_free()),
            SourceKind::Synthetic { .. }
            | SourceKind::Replay { .. }
            | SourceKind::Jetstream(_)
            | SourceKind::Mastodon(_) => None,
        }
    }
}

/// Where the parts of a configuration are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'p> {
    /// The configuration's own folder.
    pub(super) below: &'p Path,
    /// The secrets that sources need; `None` where they are not wanted.
    pub(super) secrets: Option<&'p Fetched>,
}

/// No plan of X allows more rules.
const MOST_X_RULES: usize = 1_000_000;

/// What a plan of X may allow a rule or a question: room for a name with its operator at least, and more than any plan has had.
const X_RULE_CHARS: RangeInclusive<usize> = 128..=8_192;

/// Judges all sources, and notes every mistake.
pub(super) fn judge(
    files: &BTreeMap<String, SourceFile>,
    places: Places<'_>,
    problems: &mut Problems,
) -> Vec<SourceSettings> {
    let mut sources = Vec::new();
    let mut limiters = Limiters::new();
    for (name, file) in files {
        let key = format!("source.{name}");
        let name = problems.take(&key, SourceName::parse(name));
        let (keep, keep_for) = kept(file);
        let keep_for =
            keep_for.and_then(|text| problems.take(&format!("{key}.keep_for"), parse_span(text)));
        let kind = match file {
            SourceFile::Synthetic(file) => synthetic(file, &key, problems),
            SourceFile::Replay(file) => replay(file, &key, places, problems),
            SourceFile::X(file) => x(file, &key, places, &mut limiters, problems),
            SourceFile::Jetstream(file) => jetstream(file, places),
            SourceFile::Mastodon(file) => mastodon(file, &key, places, problems),
        };
        let repair = repair(file);
        sources.extend(name.map(|name| SourceSettings {
            name,
            keep,
            keep_for,
            repair,
            kind,
        }));
    }
    sources
}

/// What is kept, and for how long.
fn kept(file: &SourceFile) -> (Keep, Option<&str>) {
    let (keep, keep_for) = match file {
        SourceFile::Synthetic(file) => (file.keep, &file.keep_for),
        SourceFile::Replay(file) => (file.keep, &file.keep_for),
        SourceFile::X(file) => (file.keep, &file.keep_for),
        SourceFile::Jetstream(file) => (file.keep, &file.keep_for),
        SourceFile::Mastodon(file) => (file.keep, &file.keep_for),
    };
    let keep = match keep {
        KeepFile::All => Keep::All,
        KeepFile::Matched => Keep::Matched,
    };
    (keep, keep_for.as_deref())
}

/// Who decides that a gap is repaired.
fn repair(file: &SourceFile) -> Option<RepairFile> {
    match file {
        SourceFile::X(file) => file.repair,
        SourceFile::Jetstream(file) => file.repair,
        SourceFile::Mastodon(file) => file.repair,
        SourceFile::Synthetic(_) | SourceFile::Replay(_) => None,
    }
}

fn synthetic(file: &SyntheticFile, key: &str, problems: &mut Problems) -> SourceKind {
    if file.rate == 0 {
        problems.add(&format!("{key}.rate"), "expected at least 1");
    }
    SourceKind::Synthetic {
        rate: file.rate,
        seed: file.seed,
    }
}

fn replay(file: &ReplayFile, key: &str, places: Places<'_>, problems: &mut Problems) -> SourceKind {
    if file.paths.is_empty() {
        problems.add(
            &format!("{key}.paths"),
            "expected at least one file, folder or pattern",
        );
    }
    if file
        .speed
        .is_some_and(|speed| !(speed.is_finite() && speed > 0.0))
    {
        problems.add(&format!("{key}.speed"), "expected a number above 0");
    }
    let paths = file
        .paths
        .iter()
        .map(|written| resolve(written, places.below))
        .collect();
    SourceKind::Replay {
        paths,
        speed: file.speed,
    }
}

/// X's limits, by address and secret: sources that share a token share its limits.
type Limiters = BTreeMap<(String, String), Shared>;

/// What sources share that have the same token.
#[derive(Default)]
struct Shared {
    limiter: Arc<Limiter>,
    /// Has one of them the filtered stream?
    is_filtered: bool,
    /// Has one of them the stream of activities?
    is_activity: bool,
}

/// How often a timeline is looked at, where nothing is said.
const X_EVERY: Duration = Duration::from_secs(60);
/// The least time between two looks, so that what X lets an app ask for is enough for many accounts.
const X_LEAST_EVERY: Duration = Duration::from_secs(5);

/// What is to be read; nothing where the file is wrong. Keys that another stream would need are mistakes.
fn x_feed(file: &XFile, key: &str, problems: &mut Problems) -> Option<XFeed> {
    use XStreamFile::{
        Activity, ComplianceAccounts, CompliancePosts, Filtered, Home, Sample, Sample10, Timelines,
    };
    let stream = file.stream;
    let mut wrong = |name: &str, expected: &str| problems.add(&format!("{key}.{name}"), expected);
    let follows = matches!(stream, Activity | Timelines);
    if follows == file.accounts.is_empty() {
        let expected = if follows {
            "expected at least one handle or id"
        } else {
            "this stream follows no accounts"
        };
        wrong("accounts", expected);
    }
    if stream != Activity && file.events.is_some() {
        wrong("events", "only the stream `activity` has them");
    }
    if !matches!(stream, Timelines | Home) && file.every.is_some() {
        wrong(
            "every",
            "only `timelines` and `home` are asked for again and again",
        );
    }
    let parts = match stream {
        Sample10 => 2,
        CompliancePosts | ComplianceAccounts => 4,
        Filtered | Activity | Timelines | Home | Sample => 0,
    };
    let partition = file.partition.unwrap_or_default();
    match (parts, file.partition) {
        (0, None) => {}
        (0, Some(_)) => wrong("partition", "this stream has no parts"),
        (parts, _) if (1..=parts).contains(&partition) => {}
        (parts, _) => wrong("partition", &format!("expected a number from 1 to {parts}")),
    }
    let every = match &file.every {
        Some(text) => problems.take(&format!("{key}.every"), parse_span(text))?,
        None => X_EVERY,
    };
    if every < X_LEAST_EVERY {
        let least = X_LEAST_EVERY.as_secs();
        problems.add(
            &format!("{key}.every"),
            format!("expected at least {least} s"),
        );
    }
    Some(match stream {
        Filtered => XFeed::Filtered,
        Activity => XFeed::Activity(XActivity {
            accounts: file.accounts.clone(),
            events: file
                .events
                .clone()
                .unwrap_or_else(XActivity::posts_and_deletions),
        }),
        Timelines => XFeed::Timelines(XTimelines {
            accounts: file.accounts.clone(),
            every,
        }),
        Home => XFeed::Home { every },
        Sample => XFeed::Sample,
        Sample10 => XFeed::Sample10 { partition },
        CompliancePosts => XFeed::PostCompliance { partition },
        ComplianceAccounts => XFeed::AccountCompliance { partition },
    })
}

/// What signs its requests; a missing one is a mistake, and so is one that its stream has no use for.
fn x_access(
    file: &XFile,
    key: &str,
    places: Places<'_>,
    problems: &mut Problems,
) -> Option<Access> {
    let is_home = file.stream == XStreamFile::Home;
    let (needed, other, unused) = if is_home {
        ("sign_in", "bearer", &file.bearer)
    } else {
        ("bearer", "sign_in", &file.sign_in)
    };
    if !unused.is_empty() {
        let reason = format!("this stream has no use for it: give `{needed}`");
        problems.add(&format!("{key}.{other}"), reason);
    }
    let key = format!("{key}.{needed}");
    let Some(name) = file.secret() else {
        problems.add(&key, "expected the name of a secret");
        return None;
    };
    let secrets = places.secrets?;
    let access = if is_home {
        secrets.access(name)
    } else {
        secrets.token(name).map(Access::Bearer)
    };
    problems.take(&key, access)
}

/// What it costs. What is to be forgotten costs nothing, whatever it may be: a budget must not close its stream.
fn x_prices(file: &XFile) -> Prices {
    match file.stream {
        XStreamFile::CompliancePosts | XStreamFile::ComplianceAccounts => Prices::default(),
        _ => Prices {
            post: file.prices.post,
            account: file.prices.account,
            counts: file.prices.counts,
        },
    }
}

fn x(
    file: &XFile,
    key: &str,
    places: Places<'_>,
    limiters: &mut Limiters,
    problems: &mut Problems,
) -> SourceKind {
    let access = x_access(file, key, places, problems);
    let chars = [
        ("max_rule_chars", file.max_rule_chars),
        ("max_query_chars", file.max_query_chars),
    ];
    for (name, _) in chars.iter().filter(|(_, n)| !X_RULE_CHARS.contains(n)) {
        let (least, most) = (X_RULE_CHARS.start(), X_RULE_CHARS.end());
        let expected = format!("expected a number from {least} to {most}");
        problems.add(&format!("{key}.{name}"), expected);
    }
    if !(1..=MOST_X_RULES).contains(&file.max_rules) {
        let expected = format!("expected a number from 1 to {MOST_X_RULES}");
        problems.add(&format!("{key}.max_rules"), expected);
    }
    let most = MAX_BACKFILL_MINUTES;
    if file.backfill_minutes > most {
        let expected = format!("expected a number from 0 to {most}");
        problems.add(&format!("{key}.backfill_minutes"), expected);
    }
    let feed = x_feed(file, key, problems);
    let secret = file.secret().unwrap_or_default().to_owned();
    let credential = (file.base_url.clone(), secret);
    let limiter = limiters.entry(credential).or_default();
    let is_filtered = file.stream == XStreamFile::Filtered;
    if is_filtered && std::mem::replace(&mut limiter.is_filtered, true) {
        let reason = "another source has the filtered stream of this app: X gives each app one, and their rules would take each other's place";
        problems.add(&format!("{key}.stream"), reason);
    }
    let is_activity = file.stream == XStreamFile::Activity;
    if is_activity && std::mem::replace(&mut limiter.is_activity, true) {
        let reason = "another source has the activities of this app: X sends each of them all, and they would delete each other's subscriptions; name all accounts and events in one";
        problems.add(&format!("{key}.stream"), reason);
    }
    SourceKind::X(XSettings {
        access,
        base_url: file.base_url.clone(),
        feed: feed.unwrap_or(XFeed::Filtered),
        backfill_minutes: file.backfill_minutes,
        max_rules: file.max_rules,
        max_rule_chars: file.max_rule_chars,
        max_query_chars: file.max_query_chars,
        status: Arc::default(),
        limiter: Arc::clone(&limiter.limiter),
        tariff: Tariff {
            prices: x_prices(file),
            budget: file.budget,
        },
    })
}

/// What Jetstream would refuse is looked at where the connection is made.
fn jetstream(file: &JetstreamFile, places: Places<'_>) -> SourceKind {
    SourceKind::Jetstream(JetstreamConfig {
        base_urls: file.base_urls.clone(),
        wire: match file.wire {
            WireFile::Old => JetstreamWire::Old,
            WireFile::New => JetstreamWire::New,
        },
        collections: file.collections.clone(),
        dids: file.dids.clone(),
        dictionary: file.dictionary.as_ref().map(|path| places.below.join(path)),
    })
}

/// What an instance would refuse is looked at where the connection is made.
fn mastodon(
    file: &MastodonFile,
    key: &str,
    places: Places<'_>,
    problems: &mut Problems,
) -> SourceKind {
    let named = file.token.as_deref().zip(places.secrets);
    let token = named
        .and_then(|(name, secrets)| problems.take(&format!("{key}.token"), secrets.token(name)));
    SourceKind::Mastodon(MastodonConfig {
        base_url: file.base_url.clone(),
        streams: file.streams.clone(),
        token,
        transport: match file.transport {
            TransportFile::WebSocket => MastodonTransport::WebSocket,
            TransportFile::Sse => MastodonTransport::Sse,
        },
        only_media: file.only_media,
    })
}

/// A path of the file, relative to the file's folder; `-` is standard input.
fn resolve(written: &str, below: &Path) -> String {
    if written == "-" {
        written.to_owned()
    } else {
        below.join(written).to_string_lossy().into_owned()
    }
}
