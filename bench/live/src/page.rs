//! One live page: a connection that reads server-sent events as a browser would.

use std::sync::Arc;

use anyhow::bail;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::measure::Measure;

/// Opens a page; it reads until its stream ends.
pub(crate) async fn open(address: &str, measure: &Arc<Measure>) -> anyhow::Result<()> {
    let stream = TcpStream::connect(address).await?;
    let mut stream = BufReader::with_capacity(16 << 10, stream);
    let port = address.rsplit(':').next().unwrap_or_default();
    let request = format!(
        "GET /api/v1/live HTTP/1.1\r\nHost: localhost:{port}\r\nAccept: text/event-stream\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    if !line.contains(" 200 ") {
        bail!("the answer was {}", line.trim());
    }
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).await?;
    }
    let measure = Arc::clone(measure);
    tokio::spawn(async move {
        // A stream that breaks counts as closed, whatever broke it.
        let _ = read(stream, &measure).await;
        measure.closed();
    });
    Ok(())
}

async fn read(mut stream: BufReader<TcpStream>, measure: &Measure) -> anyhow::Result<()> {
    let mut size = String::new();
    let mut events = Vec::new();
    loop {
        size.clear();
        stream.read_line(&mut size).await?;
        let length = usize::from_str_radix(size.trim(), 16)?;
        if length == 0 {
            return Ok(());
        }
        let begin = events.len();
        events.resize(begin + length, 0);
        stream.read_exact(&mut events[begin..]).await?;
        stream.read_exact(&mut [0; 2]).await?;
        take_events(&mut events, measure);
    }
}

/// Takes whole events off the front.
fn take_events(events: &mut Vec<u8>, measure: &Measure) {
    let now = jiff::Timestamp::now().as_microsecond();
    let text = String::from_utf8_lossy(events);
    let mut taken = 0;
    while let Some(end) = text[taken..].find("\n\n") {
        let event = &text[taken..taken + end + 2];
        taken += event.len();
        if event.starts_with("event: post\n") {
            if let Some(received_at) = received_at(event) {
                measure.post(u64::try_from(now - received_at).unwrap_or(0), event.len());
            }
        } else if let Some(missed) = event.split("\"missed\":").nth(1) {
            let digits: String = missed.chars().take_while(char::is_ascii_digit).collect();
            measure.missed(digits.parse().unwrap_or(0));
        }
    }
    events.drain(..taken.min(events.len()));
}

/// When the post's last byte came from its source, in microseconds since 1970.
fn received_at(event: &str) -> Option<i64> {
    let text = event.split_once("\"received_at\":\"")?.1;
    let (time, _) = text.split_once('"')?;
    Some(time.parse::<jiff::Timestamp>().ok()?.as_microsecond())
}
