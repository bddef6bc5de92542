//! Takes the frames out of the files that recordings come in: JSON values one after another (a line each or spread over
//! many), lists, pages, X archives, all also gzipped. No more than this test needs.

use std::io::Read;
use std::path::Path;

use bowerbird_connect::x;
use serde_json::value::RawValue;

/// The frames of a file, or why it has none.
pub(crate) fn frames(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let is_json = [".json", ".jsonl", ".json.gz", ".jsonl.gz", ".js", ".js.txt"];
    if !is_json.iter().any(|ending| name.ends_with(ending)) {
        return Err("holds no JSON of its own".to_owned());
    }
    let mut bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    if name.ends_with(".gz") {
        let mut plain = Vec::new();
        let mut reader = flate2::read::MultiGzDecoder::new(&bytes[..]);
        reader
            .read_to_end(&mut plain)
            .map_err(|error| error.to_string())?;
        bytes = plain;
    }
    let start = x::archive::strip_assignment(&bytes).unwrap_or(0);
    Ok(values(&bytes[start..]))
}

/// Every value, and what is left where one is torn.
fn values(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    loop {
        let before = stream.byte_offset();
        match stream.next() {
            None => return frames,
            Some(Ok(value)) => unpack(value.get(), &mut frames),
            Some(Err(_)) => {
                frames.push(bytes[before..].trim_ascii().to_vec());
                return frames;
            }
        }
    }
}

fn unpack(value: &str, frames: &mut Vec<Vec<u8>>) {
    if value.starts_with('[') {
        let list: Vec<&RawValue> = serde_json::from_str(value).unwrap();
        list.iter().for_each(|value| unpack(value.get(), frames));
        return;
    }
    match x::split_page(value.as_bytes()) {
        Some(page) => frames.extend(page),
        None => frames.push(value.as_bytes().to_vec()),
    }
}
