//! Settings: what the program works with. Everything in here is right.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::env;
use super::file::{File, LogFile, LogFormat, LogLevel, LogTo};
use super::problems::Problems;
use super::secrets::Fetched;
use super::sources::{self, Places, SourceSettings};

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

/// Whether secrets are wanted: what only asks a running process has no need of them, and may be typed where they are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// A missing one is a mistake.
    Fetch,
    /// They are not looked for.
    LeaveOut,
}

impl Settings {
    /// Judges a file. `data` is the folder named on the command line, `below` the file's own folder; without `secrets` none are looked for.
    pub(crate) fn new(
        file: &File,
        data: Option<&Path>,
        below: &Path,
        secrets: Option<&Fetched>,
    ) -> Result<Self, Problems> {
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
        let places = Places { below, secrets };
        let sources = sources::judge(&file.source, places, &mut problems);
        let spool_max_bytes = file.spool.max_bytes;
        let (hosts, behind_tls) = (file.page.hosts.clone(), file.page.behind_tls);
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

/// The data folder: as named on the command line, as written in the file, or the usual one.
pub(super) fn data_folder(
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
