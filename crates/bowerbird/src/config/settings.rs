//! Settings: what the program works with. Everything in here is right.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bowerbird_core::ids::SourceName;
use bowerbird_core::source::Keep;
use secrecy::SecretString;

use super::file::{File, KeepFile, LogFile, LogFormat, LogLevel, LogTo, SourceFile};
use super::problems::Problems;
use super::{env, secrets};
use crate::cli::parse_span;

/// The whole configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// Where the page listens.
    pub(crate) listen: SocketAddr,
    /// Further names of the page's host.
    pub(crate) hosts: Vec<String>,
    /// Do browsers reach the page through TLS?
    pub(crate) behind_tls: bool,
    /// Log lines.
    pub(crate) log: LogSettings,
    /// At so many bytes the spool takes no more.
    pub(crate) spool_max_bytes: u64,
    /// The SQLite file.
    pub(crate) store: PathBuf,
    /// The sources, by name.
    pub(crate) sources: Vec<SourceSettings>,
}

/// Log lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogSettings {
    /// Their form.
    pub(crate) format: LogFormat,
    /// The least urgent ones written.
    pub(crate) level: LogLevel,
    /// The folder of rotated files; `None` for standard error.
    pub(crate) folder: Option<PathBuf>,
    /// A file that has grown to this is renamed.
    pub(crate) max_bytes: u64,
    /// So many renamed files are kept.
    pub(crate) keep_files: u32,
}

/// One source.
#[derive(Debug)]
pub(crate) struct SourceSettings {
    /// Its name.
    pub(crate) name: SourceName,
    /// Which posts are kept.
    pub(crate) keep: Keep,
    /// How long posts that no track caught stay; `None` for ever.
    pub(crate) keep_for: Option<Duration>,
    /// What it is.
    pub(crate) kind: SourceKind,
}

/// What a source is.
#[derive(Debug)]
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
    X {
        /// The app-only bearer token.
        bearer: SecretString,
        /// X's address.
        base_url: String,
    },
}

impl Settings {
    /// Judges a file. `data` is the folder named on the command line, `below` the file's own folder.
    pub(crate) fn new(file: File, data: Option<&Path>, below: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let data = data_folder(data, file.data.as_deref(), below, &mut problems);
        let listen = listen(&file.page.listen, &mut problems);
        let log = log(&file.log, &data, &mut problems);
        if file.spool.max_bytes < MIN_SPOOL_BYTES {
            problems.add(
                "spool.max_bytes",
                format!("expected at least {MIN_SPOOL_BYTES}"),
            );
        }
        let store = store(&file.store.url, &data, &mut problems);
        let secrets = data.join(&file.secrets.folder);
        let sources = file.source.into_iter().filter_map(|(name, source)| {
            let path = format!("source.{name}");
            let name = problems.take(&path, SourceName::parse(&name));
            let source = source_settings(source, &path, below, &secrets, &mut problems);
            let (keep, keep_for, kind) = source?;
            Some(SourceSettings {
                name: name?,
                keep,
                keep_for,
                kind,
            })
        });
        let sources = sources.collect();
        let spool_max_bytes = file.spool.max_bytes;
        let (hosts, behind_tls) = (file.page.hosts, file.page.behind_tls);
        problems.finish(Self {
            data,
            listen,
            hosts,
            behind_tls,
            log,
            spool_max_bytes,
            store,
            sources,
        })
    }
}

/// Room for a few of the largest batches.
const MIN_SPOOL_BYTES: u64 = 64 << 20;

/// The folder for `run`'s data unless something else is said.
const RUN_FOLDER: &str = "bowerbird/main";

fn data_folder(
    named: Option<&Path>,
    written: Option<&Path>,
    below: &Path,
    problems: &mut Problems,
) -> PathBuf {
    let folder = match (named, written) {
        (Some(named), _) => Some(named.to_owned()),
        (None, Some(written)) => Some(below.join(written)),
        (None, None) => env::data_home().map(|home| home.join(RUN_FOLDER)),
    };
    folder.unwrap_or_else(|| {
        problems.add(
            "data",
            "no folder given, and neither HOME nor XDG_DATA_HOME is set: give one, or use --data",
        );
        PathBuf::new()
    })
}

fn listen(text: &str, problems: &mut Problems) -> SocketAddr {
    text.parse().unwrap_or_else(|_| {
        problems.add(
            "page.listen",
            format!("`{text}` is not an address with a port, as in 127.0.0.1:8700 or [::1]:8700"),
        );
        SocketAddr::from(([127, 0, 0, 1], 0))
    })
}

fn log(file: &LogFile, data: &Path, problems: &mut Problems) -> LogSettings {
    if file.max_bytes < 4_096 {
        problems.add("log.max_bytes", "expected at least 4096");
    }
    LogSettings {
        format: file.format,
        level: file.level,
        folder: (file.to == LogTo::File).then(|| data.join(&file.folder)),
        max_bytes: file.max_bytes,
        keep_files: file.keep_files,
    }
}

fn store(url: &str, data: &Path, problems: &mut Problems) -> PathBuf {
    match url.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() => data.join(path),
        _ => {
            problems.add(
                "store.url",
                format!("`{url}` is not a store: expected sqlite:PATH"),
            );
            PathBuf::new()
        }
    }
}

fn source_settings(
    source: SourceFile,
    path: &str,
    below: &Path,
    secrets: &Path,
    problems: &mut Problems,
) -> Option<(Keep, Option<Duration>, SourceKind)> {
    let (keep, keep_for, kind) = match source {
        SourceFile::Synthetic(file) => {
            let (rate, seed) = (file.rate, file.seed);
            if rate == 0 {
                problems.add(&format!("{path}.rate"), "expected at least 1");
            }
            (
                file.keep,
                file.keep_for,
                Some(SourceKind::Synthetic { rate, seed }),
            )
        }
        SourceFile::Replay(file) => {
            if file.paths.is_empty() {
                problems.add(
                    &format!("{path}.paths"),
                    "expected at least one file, folder or pattern",
                );
            }
            if file
                .speed
                .is_some_and(|speed| !(speed.is_finite() && speed > 0.0))
            {
                problems.add(&format!("{path}.speed"), "expected a number above 0");
            }
            let paths = file
                .paths
                .iter()
                .map(|written| resolve(written, below))
                .collect();
            (
                file.keep,
                file.keep_for,
                Some(SourceKind::Replay {
                    paths,
                    speed: file.speed,
                }),
            )
        }
        SourceFile::X(file) => {
            if !(file.base_url.starts_with("https://") || file.base_url.starts_with("http://")) {
                problems.add(
                    &format!("{path}.base_url"),
                    "expected an address that begins with https://",
                );
            }
            let bearer = problems.take(
                &format!("{path}.bearer"),
                secrets::fetch(&file.bearer, secrets),
            );
            let kind = bearer.map(|bearer| SourceKind::X {
                bearer,
                base_url: file.base_url,
            });
            (file.keep, file.keep_for, kind)
        }
    };
    let keep_for =
        keep_for.and_then(|text| problems.take(&format!("{path}.keep_for"), parse_span(&text)));
    let keep = match keep {
        KeepFile::All => Keep::All,
        KeepFile::Matched => Keep::Matched,
    };
    kind.map(|kind| (keep, keep_for, kind))
}

/// A path of the file, relative to the file's folder; `-` is standard input.
fn resolve(written: &str, below: &Path) -> String {
    if written == "-" {
        written.to_owned()
    } else {
        below.join(written).to_string_lossy().into_owned()
    }
}
