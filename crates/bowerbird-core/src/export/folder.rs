//! A folder of files as a ZIP, written from its beginning to its end without ever looking back, each file with its SHA-256.
//!
//! It knows nothing of posts. What is ready is taken away piece by piece, so that the whole is never in memory.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use ring::digest::{self, SHA256};
use serde::Serialize;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::store::StoreError;
use crate::time::Time;

/// Fast rather than small: it is done while somebody waits.
const LEVEL: i64 = 3;

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct File {
    /// Its name within the folder.
    pub(super) name: String,
    /// How many bytes it has.
    pub(super) bytes: u64,
    /// How many posts are in it; `null` where it holds none.
    pub(super) rows: Option<u64>,
    /// SHA-256 of its bytes, in hexadecimal.
    pub(super) sha256: String,
}

impl File {
    /// One that is whole in memory.
    pub(super) fn of(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            bytes: content.len() as u64,
            rows: None,
            sha256: hex(digest::digest(&SHA256, content).as_ref()),
        }
    }
}

/// The folder while it is written.
pub(super) struct Folder {
    name: String,
    options: SimpleFileOptions,
    /// `None` once it is whole.
    zip: Option<ZipWriter<StreamWriter<Outlet>>>,
    outlet: Outlet,
    open: Option<Open>,
}

/// The file that is being written.
struct Open {
    name: String,
    bytes: u64,
    digest: digest::Context,
}

impl Folder {
    /// An empty one with this name, its files made at a moment.
    pub(super) fn new(name: String, made_at: Time) -> Self {
        let outlet = Outlet::default();
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .last_modified_time(zip_time(made_at))
            .unix_permissions(0o644);
        Self {
            name,
            options,
            zip: Some(ZipWriter::new_stream(outlet.clone())),
            outlet,
            open: None,
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Begins a file; the one before must have ended.
    pub(super) fn begin(&mut self, name: String) -> Result<(), StoreError> {
        let path = format!("{}/{name}", self.name);
        if let Some(zip) = &mut self.zip {
            zip.start_file(path, self.options).map_err(failed)?;
        }
        self.open = Some(Open {
            name,
            bytes: 0,
            digest: digest::Context::new(&SHA256),
        });
        Ok(())
    }

    /// Appends to the file that was begun.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if let (Some(zip), Some(open)) = (&mut self.zip, &mut self.open) {
            zip.write_all(bytes).map_err(failed)?;
            open.bytes += bytes.len() as u64;
            open.digest.update(bytes);
        }
        Ok(())
    }

    /// Is a file begun and not ended?
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Bytes in the file that was begun.
    pub(super) fn written(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.bytes)
    }

    /// Ends the file that was begun.
    pub(super) fn end(&mut self, rows: Option<u64>) -> Option<File> {
        let open = self.open.take()?;
        Some(File {
            name: open.name,
            bytes: open.bytes,
            rows,
            sha256: hex(open.digest.finish().as_ref()),
        })
    }

    /// Ends the folder.
    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        match self.zip.take() {
            Some(zip) => zip.finish().map(drop).map_err(failed),
            None => Ok(()),
        }
    }

    /// Takes what is ready of the ZIP; may be empty.
    pub(super) fn take(&mut self) -> Bytes {
        std::mem::take(&mut *self.outlet.lock()).into()
    }
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Folder {}", self.name)
    }
}

/// Where the ZIP's bytes wait to be taken.
#[derive(Clone, Default)]
struct Outlet(Arc<Mutex<Vec<u8>>>);

impl Outlet {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// ZIPs begin in 1980.
fn zip_time(time: Time) -> DateTime {
    let stamp = jiff::Timestamp::from_microsecond(time.0).unwrap_or_default();
    let at = stamp.to_zoned(jiff::tz::TimeZone::UTC);
    // Of no field but the year is it said that it may not fit.
    let small = |field: i8| u8::try_from(field).unwrap_or_default();
    let year = u16::try_from(at.year()).unwrap_or_default();
    let (month, day) = (small(at.month()), small(at.day()));
    let (hour, minute, second) = (small(at.hour()), small(at.minute()), small(at.second()));
    DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Failed(format!("writing an archive: {error}"))
}
