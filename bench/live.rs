//! A load client for live delivery: many pages on one machine, each reading the whole stream.
//!
//! Starts a demo of its own in a temporary folder, opens so many live streams, and prints how long after a post was received (as the post
//! itself says) its event was there: median, p99, the worst, and how many events were missed. Client and server share the machine.
//!
//! ```sh
//! cargo build --release && cargo run --release --example live -- --pages 1000 --rate 100 --seconds 20
//! ```

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::io::BufRead;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bowerbird_core::time::Time;
use clap::Parser;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

/// How many pages, how busy a stream, how long.
#[derive(Debug, Parser)]
struct Args {
    /// Pages open at the same time
    #[arg(long, default_value_t = 1_000)]
    pages: usize,
    /// Posts a second
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// How long to measure, after all pages are open
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// The executable
    #[arg(long, default_value = "target/release/bowerbird")]
    bowerbird: PathBuf,
}

/// How long pages get to open.
const OPEN_WITHIN: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("demo");
    // Each page is a file descriptor, here and there.
    let script = format!(
        "ulimit -n 16384; exec \"$0\" demo --port 0 --rate {} --data \"$1\"",
        args.rate
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", &script])
        .arg(&args.bowerbird)
        .arg(&data)
        .stderr(Stdio::piped());
    let mut demo = Demo(
        command
            .spawn()
            .with_context(|| format!("starting {}", args.bowerbird.display()))?,
    );
    let address = address(demo.0.stderr.take().context("a piped stream is there")?)?;

    let (arrivals, mut arrived) = mpsc::unbounded_channel();
    let begin =
        Instant::now() + OPEN_WITHIN.min(Duration::from_millis(5_000 + 5 * args.pages as u64));
    let end = begin + Duration::from_secs(args.seconds);
    let mut pages = JoinSet::new();
    for _ in 0..args.pages {
        pages.spawn(page(address, begin, end, arrivals.clone()));
        // Not all in one instant: a listener's queue is short.
        sleep(Duration::from_micros(500)).await;
    }
    drop(arrivals);
    let mut delays = Vec::new();
    let mut missed = 0;
    while let Some(told) = arrived.recv().await {
        match told {
            Told::After(delay) => delays.push(delay),
            Told::Missed(events) => missed += events,
        }
    }
    while let Some(page) = pages.join_next().await {
        page??;
    }
    ensure!(!delays.is_empty(), "no event came");
    delays.sort_unstable();
    let at =
        |share: f64| delays[((delays.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    let per_second = delays.len() as f64 / args.seconds as f64;
    println!(
        "{} pages, {} posts a second, {} s: {} events, {per_second:.0} a second",
        args.pages,
        args.rate,
        args.seconds,
        delays.len()
    );
    println!(
        "from the post's reception to the page: median {:.1} ms, p99 {:.1} ms, worst {:.1} ms; {missed} missed",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    Ok(())
}

/// What a page tells.
enum Told {
    /// An event was there so long after it was received.
    After(Duration),
    /// So many events were not delivered.
    Missed(u64),
}

/// Ends with us.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn address(stderr: ChildStderr) -> Result<SocketAddr> {
    let mut lines = std::io::BufReader::new(stderr).lines();
    let found = lines
        .by_ref()
        .find_map(|line| line.ok()?.split("http://").nth(1).map(str::to_owned));
    // Goes on being read, so that the demo never waits for us.
    std::thread::spawn(move || lines.for_each(drop));
    let Some(found) = found else {
        bail!("the demo ended before it had an address")
    };
    Ok(found.trim_end_matches('/').parse()?)
}

/// One page: reads its stream until the end.
async fn page(
    address: SocketAddr,
    begin: Instant,
    end: Instant,
    tell: mpsc::UnboundedSender<Told>,
) -> Result<()> {
    let mut stream = TcpStream::connect(address)
        .await
        .context("connecting; `ulimit -n 16384` may be needed")?;
    let request = format!(
        "GET /api/v1/live HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut text = Vec::new();
    let mut piece = vec![0; 64 << 10];
    while let Ok(read) = timeout_at(end, stream.read(&mut piece)).await {
        let read = read?;
        ensure!(
            read > 0,
            "the stream ended: {}",
            String::from_utf8_lossy(&text)
        );
        let (arrived_at, now) = (Time::now(), Instant::now());
        text.extend_from_slice(&piece[..read]);
        // Everything up to the last whole event is looked at, the rest waits.
        let Some(whole) = text.windows(2).rposition(|pair| pair == b"\n\n") else {
            continue;
        };
        if now >= begin {
            look(&text[..whole], arrived_at, &tell);
        }
        text.drain(..whole + 2);
    }
    Ok(())
}

/// Finds when each post of some events was received.
fn look(events: &[u8], arrived_at: Time, tell: &mpsc::UnboundedSender<Told>) {
    const RECEIVED: &str = "\"received_at\":\"";
    let events = String::from_utf8_lossy(events);
    for line in events
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
    {
        let missed = line
            .strip_prefix("{\"missed\":")
            .and_then(|rest| rest.trim_end_matches('}').parse().ok());
        if let Some(missed) = missed {
            // Nobody listens only when the measurement is over.
            let _ = tell.send(Told::Missed(missed));
        }
        let received = line
            .split(RECEIVED)
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .and_then(Time::parse);
        if let Some(received) = received {
            let _ = tell.send(Told::After(arrived_at.since(received)));
        }
    }
}
