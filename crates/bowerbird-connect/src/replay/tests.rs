use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use bowerbird_core::testing::source_suite;
use tempfile::TempDir;

use super::*;
use crate::synthetic::x_v2_envelope;

fn connection(inputs: &[&Path]) -> Connection {
    let inputs = inputs
        .iter()
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    connect_config(ReplayConfig {
        inputs,
        ..ReplayConfig::default()
    })
}

fn connect_config(config: ReplayConfig) -> Connection {
    connect(SourceName::parse("archive").unwrap(), Keep::All, config).unwrap()
}

async fn read_from(
    connection: &Connection,
    cursor: Option<Cursor>,
) -> Vec<(Frame, Option<Cursor>)> {
    let mut source = (connection.open)(cursor).await.unwrap();
    let mut frames = Vec::new();
    while let Some(batch) = source.next_batch().await.unwrap() {
        let n = batch.frames.len();
        let cursors = (1..=n).map(|number| batch.cursor.clone().filter(|_| number == n));
        frames.extend(batch.frames.into_iter().zip(cursors));
    }
    frames
}

/// What was read, as text, with the reason where something is broken.
async fn read(inputs: &[&Path]) -> Vec<String> {
    let frames = read_from(&connection(inputs), None).await;
    frames.iter().map(|(frame, _)| shown(frame)).collect()
}

fn shown(frame: &Frame) -> String {
    let text = String::from_utf8_lossy(&frame.bytes);
    frame
        .broken
        .as_ref()
        .map_or_else(|| text.to_string(), |reason| format!("{text} !! {reason}"))
}

fn lines(numbers: std::ops::Range<u64>) -> Vec<u8> {
    let mut lines = Vec::new();
    for n in numbers {
        lines.extend(x_v2_envelope(1, n, 0));
        lines.push(b'\n');
    }
    lines
}

fn write(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).unwrap()
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

#[tokio::test]
async fn behaves_as_a_source() {
    let folder = TempDir::new().unwrap();
    write(&folder, "1.jsonl", &lines(0..1_200));
    write(&folder, "2.jsonl.gz", &gzip(&lines(1_200..1_500)));
    write(
        &folder,
        "3.tar.bz2",
        &bzip2(&tar(&[
            ("a.json", &lines(1_500..1_600)),
            ("b.json", &lines(1_600..2_700)),
        ])),
    );
    source_suite::bounded(&connection(&[folder.path()])).await;
}

/// Every way of writing posts down, in every packing, gives the same posts.
#[tokio::test]
async fn every_container_in_every_packing() {
    let posts: Vec<String> = (0..7)
        .map(|n| String::from_utf8(x_v2_envelope(1, n, 0)).unwrap())
        .collect();
    let pretty = |post: &String| {
        let value: serde_json::Value = serde_json::from_str(post).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    };
    let containers = [
        ("lines", posts.join("\n")),
        (
            "crlf",
            posts.iter().map(|post| format!("{post}\r\n\r\n")).collect(),
        ),
        ("list", format!("[{}]", posts.join(","))),
        (
            "pretty list",
            format!(
                "[\n{}\n]\n",
                posts.iter().map(pretty).collect::<Vec<_>>().join(",\n")
            ),
        ),
        ("concatenated", posts.concat()),
        (
            "pretty",
            posts.iter().map(pretty).collect::<Vec<_>>().join("\n"),
        ),
        (
            "archive",
            format!("window.YTD.tweets.part0 = [{}]", posts.join(",\n")),
        ),
        (
            "lengths",
            posts
                .iter()
                .map(|post| format!("{}\r\n{post}\r\n", post.len() + 2))
                .collect(),
        ),
    ];
    type Pack = fn(&[u8]) -> Vec<u8>;
    let packings: [(&str, Pack); 10] = [
        ("plain", <[u8]>::to_vec),
        ("gz", gzip),
        ("bz2", bzip2),
        ("zst", zstd),
        ("members.gz", |bytes| {
            [
                gzip(&bytes[..bytes.len() / 2]),
                gzip(&bytes[bytes.len() / 2..]),
            ]
            .concat()
        }),
        ("frames.zst", |bytes| {
            [zstd(&bytes[..9]), zstd(&bytes[9..])].concat()
        }),
        ("tar", |bytes| {
            tar(&[("LICENSE", b"MIT"), ("d/a.json", bytes)])
        }),
        ("tar.gz", |bytes| {
            gzip(&tar(&[("d/a.json.bz2", &bzip2(bytes))]))
        }),
        ("tar.zst", |bytes| {
            zstd(&tar(&[("d/a.json", bytes), ("README.md", b"[x](y)")]))
        }),
        ("tar.bz2", |bytes| {
            bzip2(&tar(&[("._a", b"{}"), ("d/a.json.gz", &gzip(bytes))]))
        }),
    ];
    let expected: Vec<String> = posts.iter().map(|post| id(post)).collect();
    let folder = TempDir::new().unwrap();
    for (container, document) in &containers {
        for (packing, pack) in packings {
            let path = write(&folder, "file", &pack(document.as_bytes()));
            let ids: Vec<String> = read(&[&path]).await.iter().map(|frame| id(frame)).collect();
            assert_eq!(ids, expected, "{container} in {packing}");
        }
    }
}

fn id(frame: &str) -> String {
    match decode_any(frame.as_bytes()) {
        Ok(event) => event.id.to_string(),
        Err(refused) => format!("{refused}: {frame}"),
    }
}

#[tokio::test]
async fn a_page_is_given_out_post_by_post() {
    let folder = TempDir::new().unwrap();
    let page = |first: u64| {
        let posts: Vec<String> = (first..first + 3)
            .map(|n| format!(r#"{{"id":"{n}","text":"post {n}","author_id":"7"}}"#))
            .collect();
        format!(
            r#"{{"data":[{}],"includes":{{"users":[{{"id":"7","username":"wren","name":"Wren"}}]}},"meta":{{}}}}"#,
            posts.join(",")
        )
    };
    let path = write(
        &folder,
        "pages.jsonl",
        format!("{}\n{}\n", page(10), page(20)).as_bytes(),
    );
    let frames = read_from(&connection(&[&path]), None).await;
    let ids: Vec<String> = frames.iter().map(|(frame, _)| id(&shown(frame))).collect();
    assert_eq!(ids, ["x/10", "x/11", "x/12", "x/20", "x/21", "x/22"]);
    let event = decode_any(&frames[0].0.bytes).unwrap();
    assert_eq!(event.post().unwrap().author.handle, "wren");
    let config = ReplayConfig {
        inputs: vec![path.to_string_lossy().into_owned()],
        speed: Speed::Recorded(1.0),
        ..ReplayConfig::default()
    };
    source_suite::bounded(&connect_config(config)).await;
}

/// Reads frame by frame, with a cursor behind each, and goes on from every one.
#[tokio::test(start_paused = true)]
async fn resumes_behind_every_frame() {
    let folder = TempDir::new().unwrap();
    write(&folder, "1.jsonl", &timed_lines(0, 6));
    write(
        &folder,
        "2.json.zst",
        &zstd(&[b"[", timed_lines(6, 5).trim_ascii_end(), b"]"].concat()),
    );
    write(
        &folder,
        "3.tar",
        &tar(&[
            ("a.json", &timed_lines(20, 3)),
            ("b.json.gz", &gzip(&timed_lines(30, 4))),
        ]),
    );
    write(&folder, "4.json", b"");
    write(
        &folder,
        "5.jsonl",
        b"{\"id\":\"90\",\"text\":\"x\",\"author_id\":\"1\"}\n{\"torn",
    );
    let config = ReplayConfig {
        inputs: vec![folder.path().to_string_lossy().into_owned()],
        speed: Speed::Recorded(1.0),
        ..ReplayConfig::default()
    };
    let connection = connect_config(config);
    let whole = read_from(&connection, None).await;
    assert_eq!(whole.len(), 20);
    let n_cursors = whole.iter().filter(|(_, cursor)| cursor.is_some()).count();
    assert!(
        n_cursors >= 18,
        "at the recorded pace each frame comes by itself: {n_cursors}"
    );
    for (index, (_, cursor)) in whole
        .iter()
        .enumerate()
        .filter(|(_, (_, cursor))| cursor.is_some())
    {
        let rest = read_from(&connection, cursor.clone()).await;
        let rest: Vec<String> = rest.iter().map(|(frame, _)| shown(frame)).collect();
        let expected: Vec<String> = whole[index + 1..]
            .iter()
            .map(|(frame, _)| shown(frame))
            .collect();
        // What the end of a file has torn is looked at again: it may be whole by then.
        let torn = if index + 1 == whole.len() { 1 } else { 0 };
        assert_eq!(
            rest[torn.min(rest.len())..],
            expected,
            "behind frame {index}"
        );
    }
}

/// Posts that were made a second after one another.
fn timed_lines(first: u64, n: u64) -> Vec<u8> {
    let lines = (first..first + n).map(|n| {
        format!(r#"{{"id":"{n}","text":"post","author_id":"1","created_at":"2026-01-01T00:01:{:02}.000Z"}}"#, n % 60)
    });
    lines.collect::<Vec<_>>().join("\n\n").into_bytes()
}

#[tokio::test(start_paused = true)]
async fn goes_as_fast_as_it_was_recorded() {
    let folder = TempDir::new().unwrap();
    let path = write(&folder, "1.jsonl", &timed_lines(0, 31));
    for (factor, seconds) in [(1.0, 30), (10.0, 3)] {
        let inputs = vec![path.to_string_lossy().into_owned()];
        let connection = connect_config(ReplayConfig {
            inputs,
            speed: Speed::Recorded(factor),
            ..ReplayConfig::default()
        });
        let began = Instant::now();
        assert_eq!(read_from(&connection, None).await.len(), 31);
        assert_eq!(began.elapsed().as_secs(), seconds);
    }
}

#[tokio::test]
async fn a_folder_is_read_in_order_and_without_what_is_no_data() {
    let folder = TempDir::new().unwrap();
    for name in [
        "b.jsonl",
        "a/2.jsonl",
        "a/1.jsonl",
        ".hidden.jsonl",
        "a/.git/x.jsonl",
    ] {
        write(
            &folder,
            name,
            format!("{{\"file\":\"{name}\"}}\n").as_bytes(),
        );
    }
    write(&folder, "LICENSE", b"MIT License");
    write(&folder, "README.md", b"[![badge](x)](y)");
    write(&folder, "photo.jpg", b"\xff\xd8\xff\xe0");
    write(
        &folder,
        "direct-messages.js",
        b"window.YTD.direct_messages.part0 = [{}]",
    );
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("b.jsonl"), folder.path().join("c.jsonl"))
        .unwrap();
    let expected = [
        r#"{"file":"a/1.jsonl"}"#,
        r#"{"file":"a/2.jsonl"}"#,
        r#"{"file":"b.jsonl"}"#,
    ];
    assert_eq!(read(&[folder.path()]).await, expected);
    assert_eq!(read(&[&folder.path().join("*.jsonl")]).await, expected[2..]);
    assert_eq!(
        read(&[&folder.path().join("**/[12].jsonl")]).await,
        expected[..2]
    );
}

#[tokio::test]
async fn what_is_named_is_read_whatever_it_is() {
    let folder = TempDir::new().unwrap();
    let path = write(&folder, "LICENSE", b"MIT License\nnot JSON\n");
    assert_eq!(read(&[&path]).await, ["MIT License", "not JSON"]);
}

#[test]
fn what_is_named_and_not_there_is_an_error() {
    let folder = TempDir::new().unwrap();
    let failure = |name: &str| {
        let inputs = vec![folder.path().join(name).to_string_lossy().into_owned()];
        let config = ReplayConfig {
            inputs,
            ..ReplayConfig::default()
        };
        connect(SourceName::parse("archive").unwrap(), Keep::All, config)
            .unwrap_err()
            .to_string()
    };
    assert!(failure("missing.jsonl").starts_with("can't read /"));
    assert!(failure("*.jsonl").ends_with("no file has such a name"));
    assert!(failure("[.jsonl").starts_with("paths: "));
}

#[tokio::test]
async fn what_can_not_be_read_is_reported_and_the_rest_goes_on() {
    let folder = TempDir::new().unwrap();
    write(&folder, "2.jsonl", b"{\"a\":1}\n");
    std::os::unix::fs::symlink("nowhere", folder.path().join("1.jsonl")).unwrap();
    write(&folder, "3.zip", b"PK\x03\x04rest");
    write(
        &folder,
        "4.tar",
        &tar(&[
            (
                "a.json.gz",
                b"\x1f\x8b\x08broken, and long enough to be sure",
            ),
            ("b.json", b"{\"b\":2}"),
        ]),
    );
    let frames = read(&[folder.path()]).await;
    assert!(
        frames[0].contains("1.jsonl") && frames[0].contains("No such file"),
        "{}",
        frames[0]
    );
    assert_eq!(frames[1], "{\"a\":1}");
    assert!(
        frames[2].contains("zip files are not read"),
        "{}",
        frames[2]
    );
    assert!(frames[3].contains("4.tar/a.json.gz"), "{}", frames[3]);
    assert_eq!(frames[4..], ["{\"b\":2}"]);
}

#[tokio::test]
async fn of_a_truncated_file_stays_what_was_read() {
    let folder = TempDir::new().unwrap();
    let whole = gzip(&lines(0..50));
    let path = write(&folder, "posts.jsonl.gz", &whole[..whole.len() * 2 / 3]);
    let frames = read_from(&connection(&[&path]), None).await;
    let broken: Vec<_> = frames
        .iter()
        .filter_map(|(frame, _)| frame.broken.as_deref())
        .collect();
    assert!(frames.len() > 20);
    assert_eq!(broken.len(), 2, "the torn line, and the file: {broken:?}");
    assert_eq!(broken[0], "the file ends inside this line");
    assert!(broken[1].contains("posts.jsonl.gz"), "{broken:?}");
}

#[tokio::test]
async fn bad_input_is_given_out_and_stops_nothing() {
    let folder = TempDir::new().unwrap();
    let deep = "[".repeat(10_000);
    let mut document = format!("{{\"a\":1}}\n{{\"deep\":{deep}}}\n").into_bytes();
    document.extend(b"{\"bytes\":\"\xff\xfe\"}\n");
    document.extend(format!("{{\"long\":\"{}\"}}\n", "x".repeat(50 << 20)).as_bytes());
    document.extend(b"{\"torn\":\n{\"b\":2}\n");
    let path = write(&folder, "bad.jsonl", &document);
    let frames = read_from(&connection(&[&path]), None).await;
    assert_eq!(frames.len(), 6);
    let broken: Vec<_> = frames
        .iter()
        .filter_map(|(frame, _)| frame.broken.as_deref())
        .collect();
    assert_eq!(broken.len(), 1, "{broken:?}");
    for (frame, _) in &frames {
        assert!(frame.bytes.len() <= 64 << 10);
        assert!(decode_any(&frame.bytes).is_err());
    }
}

#[tokio::test]
async fn a_changed_file_loses_the_cursor_and_a_grown_one_does_not() {
    let folder = TempDir::new().unwrap();
    let path = write(&folder, "b.jsonl", b"{\"a\":1}\n{\"b\":2}\n");
    let cursor = read_from(&connection(&[folder.path()]), None)
        .await
        .pop()
        .unwrap()
        .1;
    let rest = |cursor: &Option<Cursor>| {
        let (connection, cursor) = (connection(&[folder.path()]), cursor.clone());
        async move {
            let mut source = (connection.open)(cursor).await?;
            let mut rest = Vec::new();
            while let Some(batch) = source.next_batch().await? {
                rest.extend(batch.frames.iter().map(shown));
            }
            Ok::<_, SourceError>(rest)
        }
    };
    assert_eq!(rest(&cursor).await.unwrap(), Vec::<String>::new());
    File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"{\"c\":3}\n")
        .unwrap();
    assert_eq!(rest(&cursor).await.unwrap(), ["{\"c\":3}"]);
    write(&folder, "a.jsonl", b"{\"before\":1}\n");
    assert!(
        rest(&cursor)
            .await
            .unwrap_err()
            .to_string()
            .contains("other files before")
    );
    fs::remove_file(folder.path().join("a.jsonl")).unwrap();
    write(
        &folder,
        "b.jsonl",
        b"{\"another\":1}\n{\"b\":2}\n{\"c\":3}\n",
    );
    assert!(matches!(
        rest(&cursor).await,
        Err(SourceError::CursorLost { .. })
    ));
    fs::remove_file(&path).unwrap();
    write(&folder, "c.jsonl", b"{}\n");
    assert!(
        rest(&cursor)
            .await
            .unwrap_err()
            .to_string()
            .contains("not among the files")
    );
    assert!(matches!(
        rest(&Some(Cursor("7".to_owned()))).await,
        Err(SourceError::CursorLost { .. })
    ));
}

#[tokio::test]
async fn a_line_that_was_torn_is_whole_when_the_file_has_grown() {
    let folder = TempDir::new().unwrap();
    let path = write(&folder, "a.jsonl", b"{\"a\":1}\n{\"b\":");
    let connection_to = || connection(&[&path]);
    let frames = read_from(&connection_to(), None).await;
    assert!(frames[1].0.broken.is_some());
    File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"2}\n")
        .unwrap();
    let rest = read_from(&connection_to(), frames[1].1.clone()).await;
    assert_eq!(
        rest.iter()
            .map(|(frame, _)| shown(frame))
            .collect::<Vec<_>>(),
        ["{\"b\":2}"]
    );
}

#[tokio::test]
async fn notes_how_far_it_is() {
    let folder = TempDir::new().unwrap();
    write(&folder, "1.jsonl", &lines(0..900));
    write(&folder, "2.jsonl.gz", &gzip(&lines(900..1_800)));
    let config = ReplayConfig {
        inputs: vec![folder.path().to_string_lossy().into_owned()],
        ..ReplayConfig::default()
    };
    let progress = Arc::clone(&config.progress);
    let survey = survey(&config.inputs).unwrap();
    let connection = connect_config(config);
    assert_eq!(progress.bytes(), (0, Some(survey.bytes)));
    let frames = read_from(&connection, None).await;
    assert_eq!((frames.len(), survey.n_files), (1_800, 2));
    assert_eq!(progress.bytes(), (survey.bytes, Some(survey.bytes)));
}

#[tokio::test]
async fn a_speed_of_nothing_is_refused() {
    for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let config = ReplayConfig {
            speed: Speed::Recorded(factor),
            ..ReplayConfig::default()
        };
        assert!(connect(SourceName::parse("archive").unwrap(), Keep::All, config).is_err());
    }
}

/// With `BOWERBIRD_CORPUS`: real recordings are read to their end, and nothing of them is torn by us.
#[tokio::test]
async fn real_recordings_are_read() {
    #[expect(
        clippy::disallowed_methods,
        reason = "this names test data, it configures nothing"
    )]
    let Ok(corpus) = std::env::var("BOWERBIRD_CORPUS") else {
        return;
    };
    let frames = read_from(&connection(&[Path::new(&corpus)]), None).await;
    let mut broken = BTreeMap::<String, u32>::new();
    let mut n_decoded = 0;
    for (frame, _) in &frames {
        match &frame.broken {
            Some(reason) => *broken.entry(reason.clone()).or_default() += 1,
            None => n_decoded += u32::from(decode_any(&frame.bytes).is_ok()),
        }
    }
    assert!(n_decoded > 24_000, "{n_decoded} of {}", frames.len());
    assert!(broken.values().sum::<u32>() < 5, "{broken:?}");
}

/// Where nobody takes what is read, nothing is read ahead without end.
#[tokio::test]
async fn reading_ahead_is_bounded() {
    let folder = TempDir::new().unwrap();
    let path = write(&folder, "1.jsonl", &lines(0..20_000));
    let config = ReplayConfig {
        inputs: vec![path.to_string_lossy().into_owned()],
        ..ReplayConfig::default()
    };
    let progress = Arc::clone(&config.progress);
    let connection = connect_config(config);
    let mut source = (connection.open)(None).await.unwrap();
    source.next_batch().await.unwrap();
    let (read, total) = progress.bytes();
    assert!(read < total.unwrap() / 2, "{read} of {total:?}");
}
