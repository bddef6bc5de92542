//! Opens many live pages of a running Bowerbird at once and measures how late posts reach them.
//!
//! `bench-live 127.0.0.1:8700 --readers 1000 --seconds 20` opens that many streams of `/api/v1/live` and takes, for every post on every stream, the time
//! from the post's `received_at` (the last byte from its source) to its arrival. In the same run, as a floor, it sends the same bytes at the same
//! rate over as many loopback connections with nothing of ours around them. Reader and server share the machine, and so do both measurements.

mod floor;
mod measure;
mod page;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use measure::Measure;

/// What was asked for.
struct Options {
    address: String,
    readers: usize,
    seconds: u64,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let usage = "usage: bench-live HOST:PORT [--readers 1000] [--seconds 20]";
        let address = arguments
            .next()
            .filter(|first| !first.starts_with('-'))
            .context(usage)?;
        let mut options = Self {
            address,
            readers: 1_000,
            seconds: 20,
        };
        while let Some(name) = arguments.next() {
            let number = arguments.next().and_then(|value| value.parse().ok());
            match (name.as_str(), number) {
                ("--readers", Some(readers)) => options.readers = usize::try_from(readers)?,
                ("--seconds", Some(seconds)) => options.seconds = seconds,
                _ => bail!(usage),
            }
        }
        Ok(options)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse(std::env::args().skip(1))?;
    let span = Duration::from_secs(options.seconds);
    let pages = Arc::new(Measure::default());
    for _ in 0..options.readers {
        page::open(&options.address, &pages)
            .await
            .context("opening a live page; many of them need more open files than usual: try `ulimit -n 8192` for both programs")?;
    }
    // The first second is not measured: pages get what is still in memory, and the server what it needs for so many.
    tokio::time::sleep(Duration::from_secs(1)).await;
    pages.begin();
    tokio::time::sleep(span).await;
    let bowerbird = pages.report(span, options.readers);
    let rate = bowerbird.per_page.round().max(1.0);
    let floor = floor::measure(options.readers, rate, bowerbird.bytes_per_post, span).await?;
    print("bowerbird", &bowerbird);
    print("floor", &floor);
    Ok(())
}

#[expect(
    clippy::print_stdout,
    reason = "the report is what this program is for"
)]
fn print(name: &str, report: &measure::Report) {
    println!(
        "{name:<10} pages {:>6}   posts/s per page {:>7.1}   posts/s in all {:>9.0}   p50 {:>6.1} ms   p99 {:>6.1} ms   max {:>7.1} ms   missed {}   closed {}",
        report.pages,
        report.per_page,
        report.per_second,
        report.p50,
        report.p99,
        report.max,
        report.missed,
        report.closed,
    );
}
