//! What can be written in `bowerbird.toml`: every key with its form, default and consequence. Nothing is judged here.
//!
//! The same, as a file to begin with, is `config.example.toml`; the same for readers is `docs/configuration.md`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bowerbird_core::bill::{Budget, Money};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::problems::Problems;

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct File {
    /// The data folder: spool, store, logs. A relative path begins at this file's folder. Default: `bowerbird/main` in the user's data
    /// folder (`$XDG_DATA_HOME`, else `~/.local/share`). `--data` on the command line wins.
    pub(crate) data: Option<PathBuf>,
    /// The page and the API.
    pub(crate) page: PageFile,
    /// Log lines.
    pub(crate) log: LogFile,
    /// The durable log between sources and store.
    pub(crate) spool: SpoolFile,
    /// Where posts stay.
    pub(crate) store: StoreFile,
    /// Where secrets are found.
    pub(crate) secrets: SecretsFile,
    /// Where signing in is done.
    pub(crate) auth: AuthFile,
    /// The sources, by name (1 to 64 of a–z, 0–9, `-`, `_`).
    pub(crate) source: BTreeMap<String, SourceFile>,
}

/// `[page]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PageFile {
    /// Address and port to listen on. Anything but loopback is refused until a password is set (`bowerbird user passwd`).
    pub(crate) listen: String,
    /// Further names under which browsers reach the page (a reverse proxy's, without port). Requests for any other host are refused.
    pub(crate) hosts: Vec<String>,
    /// Is a reverse proxy in front that speaks TLS? Then cookies are marked for TLS only.
    pub(crate) behind_tls: bool,
}

impl Default for PageFile {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8700".to_owned(),
            hosts: Vec::new(),
            behind_tls: false,
        }
    }
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogFile {
    /// `text` for people, `json` for one object a line.
    pub(crate) format: LogFormat,
    /// The least urgent lines written: `error`, `warn`, `info`, `debug`, `trace`. `-v` and `-q` shift it.
    pub(crate) level: LogLevel,
    /// `stderr`, or `file` for rotated files.
    pub(crate) to: LogTo,
    /// The folder of log files; relative to the data folder.
    pub(crate) folder: PathBuf,
    /// A log file that has grown to so many bytes is renamed and a new one begun.
    pub(crate) max_bytes: u64,
    /// So many renamed files are kept, the oldest are deleted.
    pub(crate) keep_files: u32,
}

impl Default for LogFile {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: LogLevel::Info,
            to: LogTo::Stderr,
            folder: PathBuf::from("logs"),
            max_bytes: 16 << 20,
            keep_files: 8,
        }
    }
}

/// The forms of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How urgent a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    /// A person should look.
    Error,
    /// Something was not as it should be, and was handled.
    Warn,
    /// What an operator wants to know.
    Info,
    /// What explains a fault.
    Debug,
    /// Everything.
    Trace,
}

/// Where log lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogTo {
    /// Standard error.
    Stderr,
    /// Rotated files.
    File,
}

/// `[spool]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SpoolFile {
    /// At so many bytes on disk reading pauses until the store has caught up: nothing is lost, sources wait.
    pub(crate) max_bytes: u64,
}

impl Default for SpoolFile {
    fn default() -> Self {
        Self { max_bytes: 8 << 30 }
    }
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StoreFile {
    /// Where posts are kept: `sqlite:PATH`, the path relative to the data folder.
    pub(crate) url: String,
}

impl Default for StoreFile {
    fn default() -> Self {
        Self {
            url: "sqlite:store.sqlite".to_owned(),
        }
    }
}

/// `[secrets]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SecretsFile {
    /// Where a secret is kept that is not in the environment variable `BOWERBIRD_SECRET_<NAME>`: `file`, `vault`, or `environment` for nowhere
    /// else.
    pub(crate) store: SecretStoreFile,
    /// With `file`: a folder with one file for each secret; relative to the data folder.
    pub(crate) folder: PathBuf,
    /// With `file`: is it said in the log that secrets are written to disk?
    pub(crate) disk_warning: bool,
    /// With `vault`: where it is.
    pub(crate) vault: VaultFile,
}

impl Default for SecretsFile {
    fn default() -> Self {
        Self {
            store: SecretStoreFile::File,
            folder: PathBuf::from("secrets"),
            disk_warning: true,
            vault: VaultFile::default(),
        }
    }
}

/// Where secrets are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SecretStoreFile {
    /// In a folder.
    File,
    /// In HashiCorp Vault.
    Vault,
    /// In the environment only, where nothing can be kept.
    Environment,
}

/// `vault` of `[secrets]`: version 2 of the key-value engine of HashiCorp Vault. What opens it is in the environment variable `VAULT_TOKEN`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct VaultFile {
    /// Vault's address.
    pub(crate) address: String,
    /// Where the engine is mounted.
    pub(crate) mount: String,
    /// What comes before each secret's name.
    pub(crate) prefix: String,
    /// A file with Vault's token, read at each request, instead of `VAULT_TOKEN`; relative to the configuration's folder.
    pub(crate) token_file: Option<PathBuf>,
}

impl Default for VaultFile {
    fn default() -> Self {
        Self {
            address: "https://127.0.0.1:8200".to_owned(),
            mount: "secret".to_owned(),
            prefix: "bowerbird".to_owned(),
            token_file: None,
        }
    }
}

/// `[auth]`: where `bowerbird auth` signs in. Mastodon servers say so themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AuthFile {
    /// X.
    pub(crate) x: XAuthFile,
    /// Bluesky.
    pub(crate) bluesky: BlueskyAuthFile,
}

/// `x` of `[auth]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct XAuthFile {
    /// X's API.
    pub(crate) base_url: String,
    /// Where a person says yes to an app.
    pub(crate) authorize_url: String,
    /// The port on this machine that the browser is sent back to: `http://127.0.0.1:PORT/callback`.
    pub(crate) port: u16,
}

impl Default for XAuthFile {
    fn default() -> Self {
        Self {
            base_url: bowerbird_connect::x::X_BASE_URL.to_owned(),
            authorize_url: bowerbird_connect::auth::x::X_AUTHORIZE_URL.to_owned(),
            port: 8701,
        }
    }
}

/// `bluesky` of `[auth]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BlueskyAuthFile {
    /// Who says which account has a handle.
    pub(crate) resolver: String,
    /// Who knows where accounts with a `did:plc:` are.
    pub(crate) directory: String,
}

impl Default for BlueskyAuthFile {
    fn default() -> Self {
        Self {
            resolver: bowerbird_connect::auth::bluesky::BLUESKY_RESOLVER.to_owned(),
            directory: bowerbird_connect::auth::bluesky::PLC_DIRECTORY.to_owned(),
        }
    }
}

/// `[source.NAME]`: what is under a name is told by its `kind`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum SourceFile {
    /// A built-in stream for trying things out.
    Synthetic(SyntheticFile),
    /// Recorded files.
    Replay(ReplayFile),
    /// X: its filtered stream, or another.
    X(XFile),
    /// Bluesky, by Jetstream.
    Jetstream(JetstreamFile),
    /// Streams of an instance of Mastodon.
    Mastodon(MastodonFile),
}

/// `kind = "synthetic"`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SyntheticFile {
    /// Posts a second, on average.
    pub(crate) rate: u32,
    /// What it is made from: the same number makes the same posts.
    pub(crate) seed: u64,
    /// What is kept: `all`, or `matched` for posts that a track caught.
    pub(crate) keep: KeepFile,
    /// Posts that no track caught are let go after so long (as in `"30d"`); not given: never.
    pub(crate) keep_for: Option<String>,
}

impl Default for SyntheticFile {
    fn default() -> Self {
        Self {
            rate: 20,
            seed: 1,
            keep: KeepFile::All,
            keep_for: None,
        }
    }
}

/// `kind = "replay"`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayFile {
    /// Files, folders or patterns; relative to this file's folder.
    pub(crate) paths: Vec<String>,
    /// A multiple of the recorded speed; not given: as fast as it can be stored.
    #[serde(default)]
    pub(crate) speed: Option<f64>,
    /// What is kept: `all`, or `matched` for posts that a track caught.
    #[serde(default)]
    pub(crate) keep: KeepFile,
    /// Posts that no track caught are let go after so long (as in `"30d"`); not given: never.
    #[serde(default)]
    pub(crate) keep_for: Option<String>,
}

/// `kind = "x"`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct XFile {
    /// The name (not the value) of the secret that holds the app-only bearer token.
    #[serde(default)]
    pub(crate) bearer: String,
    /// The name of the secret that holds a user's sign-in (`bowerbird auth x`), for the stream `home`, in place of `bearer`.
    #[serde(default)]
    pub(crate) sign_in: String,
    /// X's address; another only to speak to a stand-in.
    #[serde(default = "XFile::default_base_url")]
    pub(crate) base_url: String,
    /// What is read: `filtered` for what the tracks ask for; `activity` for what named accounts do, `timelines` for what they post, asked for
    /// again and again; `home` for what those post whom a signed-in user follows; `sample` for 1 % of all posts, `sample10` for half of 10 %; `compliance-posts`, `compliance-accounts` for a quarter of
    /// what is to be forgotten.
    #[serde(default)]
    pub(crate) stream: XStreamFile,
    /// Which part of a stream that X divides: 1 or 2 of `sample10`, 1 to 4 of the compliance streams.
    #[serde(default)]
    pub(crate) partition: Option<u8>,
    /// Whom `activity` and `timelines` follow: handles or ids.
    #[serde(default)]
    pub(crate) accounts: Vec<String>,
    /// What `activity` tells of them, as X names it. Default: their posts and deletions.
    #[serde(default)]
    pub(crate) events: Option<Vec<String>>,
    /// How long between two looks at `home`, or at one of the `timelines` (as in `"90s"`). Default: a minute.
    #[serde(default)]
    pub(crate) every: Option<String>,
    /// How many minutes of what was missed X may be asked to send again after a break (0 to 5), where your plan has it.
    #[serde(default)]
    pub(crate) backfill_minutes: u8,
    /// How many rules your plan at X allows. Tracks beyond that are not listened for, and said so.
    #[serde(default = "XFile::default_max_rules")]
    pub(crate) max_rules: usize,
    /// How many characters a rule may have in your plan at X.
    #[serde(default = "XFile::default_max_rule_chars")]
    pub(crate) max_rule_chars: usize,
    /// How many characters a question to X's search may have in your plan at X; gaps are repaired by search.
    #[serde(default = "XFile::default_max_query_chars")]
    pub(crate) max_query_chars: usize,
    /// What X takes for each call, in US dollars. Default: X's prices as known when this was built.
    #[serde(default)]
    pub(crate) prices: PricesFile,
    /// The most that may be spent on this source: `day`, `month` (of the calendar, UTC), `total`. When it is spent, X's rules are taken away
    /// until the next day or month. Default: no limit.
    #[serde(default)]
    pub(crate) budget: Budget,
    /// Whether gaps are repaired by themselves (`auto`), or only when somebody asks for it (`ask`). Default: `ask` where posts cost something.
    #[serde(default)]
    pub(crate) repair: Option<RepairFile>,
    /// What is kept: `all`, or `matched` for posts that a track caught.
    #[serde(default)]
    pub(crate) keep: KeepFile,
    /// Posts that no track caught are let go after so long (as in `"30d"`); not given: never.
    #[serde(default)]
    pub(crate) keep_for: Option<String>,
}

/// What is read of X.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum XStreamFile {
    /// What rules match.
    #[default]
    Filtered,
    /// What named accounts do.
    Activity,
    /// What named accounts post.
    Timelines,
    /// What those post whom a user follows.
    Home,
    /// 1 % of all posts.
    Sample,
    /// Half of 10 % of all posts.
    Sample10,
    /// What is to be forgotten of posts.
    CompliancePosts,
    /// What is to be forgotten of accounts.
    ComplianceAccounts,
}

/// `prices` of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PricesFile {
    /// Each post that is delivered; the same post on the same UTC day once.
    pub(crate) post: Money,
    /// Each account that is looked up, and each change of a profile that is told.
    pub(crate) account: Money,
    /// Each question how many posts a rule would have matched.
    pub(crate) counts: Money,
}

impl Default for PricesFile {
    fn default() -> Self {
        let x = bowerbird_connect::x::X_PRICES;
        Self {
            post: x.post,
            account: x.account,
            counts: x.counts,
        }
    }
}

impl XFile {
    /// The name of the secret that its stream needs; none where it is not given.
    pub(crate) fn secret(&self) -> Option<&str> {
        let name = match self.stream {
            XStreamFile::Home => &self.sign_in,
            _ => &self.bearer,
        };
        (!name.is_empty()).then_some(name.as_str())
    }

    /// X itself.
    pub(crate) fn default_base_url() -> String {
        bowerbird_connect::x::X_BASE_URL.to_owned()
    }

    /// As many as the plan that is paid per use allows.
    pub(crate) fn default_max_rules() -> usize {
        bowerbird_connect::x::X_MAX_RULES
    }

    /// As many as the plan that is paid per use allows.
    pub(crate) fn default_max_rule_chars() -> usize {
        bowerbird_core::rules::XLimits::STREAM.max_chars
    }

    /// As many as the plan that is paid per use allows.
    pub(crate) fn default_max_query_chars() -> usize {
        bowerbird_core::rules::XLimits::SEARCH.max_chars
    }
}

/// `kind = "jetstream"`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct JetstreamFile {
    /// Instances that serve the same; the next takes its turn when one fails. Default: Bluesky's public ones.
    pub(crate) base_urls: Vec<String>,
    /// `old` for `/subscribe`, which every instance speaks; `new` for `subscribeEvents`.
    pub(crate) wire: WireFile,
    /// The collections to ask for, as `app.bsky.feed.post` or `app.bsky.feed.*`; an empty list asks for all.
    pub(crate) collections: Vec<String>,
    /// The accounts to ask for, by DID; an empty list asks for all.
    pub(crate) dids: Vec<String>,
    /// The file of Jetstream's published zstd dictionary, relative to this file's folder; with it messages come packed, to half their size.
    pub(crate) dictionary: Option<PathBuf>,
    /// Whether gaps are repaired by themselves (`auto`, the default), or only when somebody asks for it (`ask`).
    pub(crate) repair: Option<RepairFile>,
    /// What is kept: `all`, or `matched` for posts that a track caught.
    pub(crate) keep: KeepFile,
    /// Posts that no track caught are let go after so long (as in `"30d"`); not given: never.
    pub(crate) keep_for: Option<String>,
}

impl Default for JetstreamFile {
    fn default() -> Self {
        let config = bowerbird_connect::jetstream::JetstreamConfig::default();
        Self {
            base_urls: config.base_urls,
            wire: WireFile::Old,
            collections: config.collections,
            dids: config.dids,
            dictionary: None,
            repair: None,
            keep: KeepFile::All,
            keep_for: None,
        }
    }
}

/// `kind = "mastodon"`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MastodonFile {
    /// The instance's address, `https://…`.
    pub(crate) base_url: String,
    /// Its streams: `public`, `public:local`, `public:remote`, `hashtag:TAG`, `hashtag:local:TAG`, `list:ID`, `user`, `user:notification`, `direct`.
    #[serde(default = "MastodonFile::default_streams")]
    pub(crate) streams: Vec<String>,
    /// The name (not the value) of the secret that holds an access token of the instance. Not given: only where streams are open to all.
    #[serde(default)]
    pub(crate) token: Option<String>,
    /// `websocket` for one connection, `sse` for one to each stream.
    #[serde(default)]
    pub(crate) transport: TransportFile,
    /// Of public streams only posts with something attached?
    #[serde(default)]
    pub(crate) only_media: bool,
    /// Whether gaps are repaired by themselves (`auto`, the default), or only when somebody asks for it (`ask`).
    #[serde(default)]
    pub(crate) repair: Option<RepairFile>,
    /// What is kept: `all`, or `matched` for posts that a track caught.
    #[serde(default)]
    pub(crate) keep: KeepFile,
    /// Posts that no track caught are let go after so long (as in `"30d"`); not given: never.
    #[serde(default)]
    pub(crate) keep_for: Option<String>,
}

impl MastodonFile {
    /// Everything public that the instance sees.
    pub(crate) fn default_streams() -> Vec<String> {
        vec!["public".to_owned()]
    }
}

/// How an instance's streams are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TransportFile {
    /// By one WebSocket.
    #[default]
    WebSocket,
    /// By server-sent events.
    Sse,
}

/// What is spoken with a Jetstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WireFile {
    /// `/subscribe`.
    Old,
    /// `subscribeEvents`.
    New,
}

/// Who decides that a gap is repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RepairFile {
    /// Nobody need: it is done as soon as it can be.
    Auto,
    /// A person, for each gap.
    Ask,
}

/// Which posts of a source are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeepFile {
    /// Every post.
    #[default]
    All,
    /// Posts that a track caught.
    Matched,
}

impl SourceFile {
    /// The names of the secrets that it needs.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::X(file) => file.secret().into_iter().collect(),
            Self::Mastodon(file) => file.token.as_deref().into_iter().collect(),
            Self::Synthetic(_) | Self::Replay(_) | Self::Jetstream(_) => Vec::new(),
        }
    }
}

impl File {
    /// Reads the file section by section, so that one mistake does not hide the others.
    pub(crate) fn parse(text: &str) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut table: Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                let error: toml::de::Error = error;
                problems.add("not TOML", error.to_string().trim_end());
                return Err(problems);
            }
        };
        let file = Self {
            data: section(&mut table, "data", &mut problems),
            page: section(&mut table, "page", &mut problems).unwrap_or_default(),
            log: section(&mut table, "log", &mut problems).unwrap_or_default(),
            spool: section(&mut table, "spool", &mut problems).unwrap_or_default(),
            store: section(&mut table, "store", &mut problems).unwrap_or_default(),
            secrets: section(&mut table, "secrets", &mut problems).unwrap_or_default(),
            auth: section(&mut table, "auth", &mut problems).unwrap_or_default(),
            source: sources(&mut table, &mut problems),
        };
        for unknown in table.keys() {
            problems.add(
                unknown,
                "unknown key: expected one of data, page, log, spool, store, secrets, auth, source",
            );
        }
        problems.finish(file)
    }
}

fn section<T: DeserializeOwned>(
    table: &mut Table,
    key: &str,
    problems: &mut Problems,
) -> Option<T> {
    let value = table.remove(key)?;
    read(value, key, problems)
}

fn sources(table: &mut Table, problems: &mut Problems) -> BTreeMap<String, SourceFile> {
    let named: Option<BTreeMap<String, Value>> = section(table, "source", problems);
    let mut sources = BTreeMap::new();
    for (name, value) in named.unwrap_or_default() {
        if let Some(source) = read(value, &format!("source.{name}"), problems) {
            sources.insert(name, source);
        }
    }
    sources
}

/// Reads one value; a mistake is noted under its key's whole path.
fn read<T: DeserializeOwned>(value: Value, key: &str, problems: &mut Problems) -> Option<T> {
    match value.try_into::<T>() {
        Ok(read) => Some(read),
        Err(error) => {
            let whole = error.to_string();
            let mut lines = whole.trim_end().lines();
            let what = error.message().to_owned();
            // The key inside the section stands in the text's last line: in `listen`.
            let inner = lines
                .next_back()
                .and_then(|line| line.strip_prefix("in `"))
                .and_then(|rest| rest.strip_suffix('`'));
            let path = inner.map_or_else(|| key.to_owned(), |inner| format!("{key}.{inner}"));
            problems.add(&path, what);
            None
        }
    }
}
