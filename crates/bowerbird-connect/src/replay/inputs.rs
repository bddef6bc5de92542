//! Which files a replay reads: finds them, in an order that stays the same.
//!
//! Folders are walked in the order of their names. Links are followed; each folder is walked and each file read once, however many
//! ways lead to it. Whether a file holds data is not asked here.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::ConnectError;

/// The most files of one replay: their names are held in memory.
const MAX_FILES: usize = 1_000_000;
/// How deep folders may lie in one another.
const MAX_DEPTH: usize = 64;

/// One file.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) path: PathBuf,
    pub(super) kind: InputKind,
    /// Did the person name this very file?
    pub(super) is_named: bool,
}

/// What can be done with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InputKind {
    /// Read, and resumed.
    File {
        /// Its size when it was found.
        bytes: u64,
    },
    /// Read once: standard input, a pipe.
    Stream,
    /// Nothing: why.
    Unreadable(String),
}

/// All files, in order.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) files: Vec<Input>,
    /// For each file a number made from the names of those before it: tells whether a cursor still has the same ones behind it.
    pub(super) digests: Vec<u32>,
}

/// The name of standard input.
pub(super) const STDIN: &str = "-";

impl Inputs {
    /// Finds what was named.
    pub(super) fn find(named: &[String]) -> Result<Self, ConnectError> {
        let mut finder = Finder::default();
        for one in named {
            finder.take_named(one)?;
        }
        let mut names = crc32fast::Hasher::new();
        let digests = finder.files.iter().map(|file| {
            let before = names.clone().finalize();
            names.update(file.path.as_os_str().as_encoded_bytes());
            names.update(b"\0");
            before
        });
        let digests = digests.collect();
        Ok(Self {
            files: finder.files,
            digests,
        })
    }

    /// The size of all files whose size is known.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(Input::bytes).sum()
    }
}

impl Input {
    pub(super) fn bytes(&self) -> u64 {
        match self.kind {
            InputKind::File { bytes } => bytes,
            _ => 0,
        }
    }
}

#[derive(Default)]
struct Finder {
    files: Vec<Input>,
    seen_files: HashSet<PathBuf>,
    seen_folders: HashSet<PathBuf>,
}

impl Finder {
    fn take_named(&mut self, named: &str) -> Result<(), ConnectError> {
        if named == STDIN {
            return self.add(PathBuf::from(STDIN), InputKind::Stream, true);
        }
        let path = Path::new(named);
        match fs::metadata(path) {
            Ok(about) if about.is_dir() => {
                // A named folder must be readable; one inside it is reported and left out.
                fs::read_dir(path).map_err(|source| unreadable(path, source))?;
                self.walk(path, 0)
            }
            Ok(about) if about.is_file() => {
                fs::File::open(path).map_err(|source| unreadable(path, source))?;
                self.add(
                    path.to_owned(),
                    InputKind::File { bytes: about.len() },
                    true,
                )
            }
            Ok(_) => self.add(path.to_owned(), InputKind::Stream, true),
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && named.contains(['*', '?', '[']) =>
            {
                self.take_pattern(named)
            }
            Err(source) => Err(unreadable(path, source)),
        }
    }

    fn take_pattern(&mut self, pattern: &str) -> Result<(), ConnectError> {
        let options = glob::MatchOptions {
            require_literal_leading_dot: true,
            ..glob::MatchOptions::new()
        };
        let wrong =
            |reason: String| ConnectError::setting("paths", format!("`{pattern}`: {reason}"));
        let matches =
            glob::glob_with(pattern, options).map_err(|error| wrong(error.to_string()))?;
        let before = self.files.len();
        for found in matches {
            match found {
                Ok(path) => self.take_found(path, 0)?,
                Err(error) => self.add_unreadable(error.path(), error.error())?,
            }
        }
        if self.files.len() == before {
            return Err(wrong("no file has such a name".to_owned()));
        }
        Ok(())
    }

    fn walk(&mut self, folder: &Path, depth: usize) -> Result<(), ConnectError> {
        let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        if depth > MAX_DEPTH || !self.seen_folders.insert(real) {
            tracing::debug!(path = %folder.display(), "A folder is reached twice, or lies too deep, and is left out");
            return Ok(());
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.add_unreadable(folder, &error),
        };
        let mut paths = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) if is_hidden(&entry.path()) => {}
                Ok(entry) => paths.push(entry.path()),
                Err(error) => self.add_unreadable(folder, &error)?,
            }
            if paths.len() > MAX_FILES {
                return Err(too_many());
            }
        }
        paths.sort();
        paths
            .into_iter()
            .try_for_each(|path| self.take_found(path, depth + 1))
    }

    fn take_found(&mut self, path: PathBuf, depth: usize) -> Result<(), ConnectError> {
        match fs::metadata(&path) {
            Ok(about) if about.is_dir() => self.walk(&path, depth),
            Ok(about) if about.is_file() => {
                self.add(path, InputKind::File { bytes: about.len() }, false)
            }
            Ok(_) => {
                tracing::debug!(path = %path.display(), "Not a file, left out");
                Ok(())
            }
            Err(error) => self.add_unreadable(&path, &error),
        }
    }

    fn add_unreadable(&mut self, path: &Path, error: &io::Error) -> Result<(), ConnectError> {
        tracing::warn!(path = %path.display(), error.message = %error, "A file or folder can't be read and is left out");
        self.add(
            path.to_owned(),
            InputKind::Unreadable(error.to_string()),
            false,
        )
    }

    fn add(&mut self, path: PathBuf, kind: InputKind, is_named: bool) -> Result<(), ConnectError> {
        if self.files.len() >= MAX_FILES {
            return Err(too_many());
        }
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if self.seen_files.insert(real) {
            self.files.push(Input {
                path,
                kind,
                is_named,
            });
        }
        Ok(())
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn unreadable(path: &Path, source: io::Error) -> ConnectError {
    ConnectError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

fn too_many() -> ConnectError {
    ConnectError::setting(
        "paths",
        format!("more than {MAX_FILES} files: name fewer at once"),
    )
}
