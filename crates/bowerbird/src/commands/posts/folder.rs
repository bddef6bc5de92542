//! `bowerbird export --dir`: the API's ZIP as a folder, there as a whole or not at all.
//!
//! Everything is written beside the folder, under a name that begins with a dot and says that it is partial; the last step gives it its name.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use zip::ZipArchive;

use super::super::Context;
use super::text;
use crate::client::Client;
use crate::client::query::Address;
use crate::exit::Usage;
use crate::output::thousands;

/// Asks for the export and makes the folder of it.
pub(super) async fn write(
    context: &Context,
    client: &Client,
    question: Address,
    folder: &Path,
) -> Result<()> {
    let shown = folder.display();
    let (parent, name) = place(folder)?;
    let writing = || format!("writing {shown}");
    let partial = tempfile::Builder::new()
        .prefix(&format!(".{}.partial-", name.to_string_lossy()))
        .tempdir_in(&parent)
        .with_context(writing)?;
    let (zip, files) = (partial.path().join("zip"), partial.path().join("files"));
    let mut pieces = client.stream(question.as_str()).await?;
    let mut file = BufWriter::new(File::create_new(&zip).with_context(writing)?);
    while let Some(piece) = pieces.next().await? {
        file.write_all(&piece).with_context(writing)?;
    }
    file.flush().with_context(writing)?;
    drop(file);
    unpack(&zip, &files).with_context(writing)?;
    // A folder that somebody else filled meanwhile is not taken for an empty one.
    fs::rename(&files, folder).with_context(writing)?;
    sync(&parent).with_context(writing)?;
    tell(context, folder)
}

/// The folder's parent and name, if it may be written.
fn place(folder: &Path) -> Result<(PathBuf, &OsStr)> {
    let shown = folder.display();
    let Some(name) = folder.file_name() else {
        return Err(Usage(format!("{shown} is no name for a new folder; name another")).into());
    };
    let holds_something = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) if error.kind() == ErrorKind::NotADirectory => true,
        Err(error) => return Err(error).with_context(|| format!("looking into {shown}")),
    };
    if holds_something {
        let taken = format!(
            "{shown} is there already and is left as it is; name another folder, or an empty one"
        );
        return Err(Usage(taken).into());
    }
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    Ok((parent.unwrap_or(Path::new(".")).to_owned(), name))
}

/// Makes files of what stands in the ZIP's only folder; they are on disk when it is done.
fn unpack(zip: &Path, files: &Path) -> Result<()> {
    fs::create_dir(files)?;
    let mut zip = ZipArchive::new(BufReader::new(File::open(zip)?))?;
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index)?;
        let path = entry.enclosed_name();
        let Some(name) = path.as_deref().and_then(Path::file_name) else {
            bail!("the answer has a file without a name");
        };
        let mut file = File::create_new(files.join(name))?;
        io::copy(&mut entry, &mut file)?;
        file.sync_all()?;
    }
    sync(files)
}

/// Makes what was named in a folder last.
fn sync(folder: &Path) -> Result<()> {
    Ok(File::open(folder)?.sync_all()?)
}

/// Says what was written.
fn tell(context: &Context, folder: &Path) -> Result<()> {
    let shown = folder.display();
    let reading = || format!("reading {shown}/manifest.json");
    let file = File::open(folder.join("manifest.json")).with_context(reading)?;
    let manifest: Value = serde_json::from_reader(BufReader::new(file)).with_context(reading)?;
    let count = |value: &Value| value.as_array().map_or(0, Vec::len) as u64;
    let posts = manifest["counts"]["posts"].as_u64().unwrap_or(0);
    let (gaps, files) = (count(&manifest["gaps"]), count(&manifest["files"]));
    if context.output.json {
        return context.output.value(&json!({
            "folder": folder.to_string_lossy(),
            "made_at": text(&manifest, "made_at"),
            "counts": manifest["counts"],
            "gap_counts": manifest["gap_counts"],
            "files": files,
        }));
    }
    context.output.talk(format_args!(
        "wrote {shown}: posts: {}, gaps: {}; README.md says what it is",
        thousands(posts),
        thousands(gaps)
    ));
    Ok(())
}
