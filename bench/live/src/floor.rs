//! The floor: the same bytes at the same rate over as many loopback connections, with nothing around them.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::measure::{Measure, Report};

/// How many bytes of a message say when it was sent.
const STAMP: usize = 8;

/// Sends `rate` messages a second of `bytes` each to every reader.
pub(crate) async fn measure(
    readers: usize,
    rate: f64,
    bytes: usize,
    span: Duration,
) -> anyhow::Result<Report> {
    let measure = Arc::new(Measure::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let mut writers = Vec::with_capacity(readers);
    for _ in 0..readers {
        let (connected, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        tokio::spawn(read(connected?, bytes, Arc::clone(&measure)));
        writers.push(accepted?.0);
    }
    measure.begin();
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    let until = tokio::time::Instant::now() + span;
    let mut message = vec![b' '; bytes];
    while ticks.tick().await < until {
        message[..STAMP].copy_from_slice(&jiff::Timestamp::now().as_microsecond().to_le_bytes());
        for writer in &mut writers {
            writer.write_all(&message).await?;
        }
    }
    Ok(measure.report(span, readers))
}

async fn read(mut stream: TcpStream, bytes: usize, measure: Arc<Measure>) {
    let mut message = vec![0; bytes];
    while stream.read_exact(&mut message).await.is_ok() {
        let mut stamp = [0; STAMP];
        stamp.copy_from_slice(&message[..STAMP]);
        let late = jiff::Timestamp::now().as_microsecond() - i64::from_le_bytes(stamp);
        measure.post(u64::try_from(late).unwrap_or(0), bytes);
    }
}
