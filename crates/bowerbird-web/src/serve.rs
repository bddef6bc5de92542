//! Answers HTTP on a listener, TCP or a local socket, until told to stop.
//!
//! Our own loop and not `axum::serve`, because connections must have a limit, headers a deadline, and stopping an end: answers under way
//! get a moment, endless ones end at once.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::sync::Semaphore;

use crate::site::{Site, Trust};

/// Connections besides the live ones.
const OTHER_CONNECTIONS: usize = 512;
/// How long a connection may take to say what it wants; also how long an idle one stays open.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);
/// How long answers under way get when the program stops.
const FINISH_WITHIN: Duration = Duration::from_millis(700);

/// Serves `site` on `listener` for callers that deserve `trust`, until `stop` resolves; then ends within about a second.
pub async fn serve<L: Listener>(
    mut listener: L,
    site: Arc<Site>,
    trust: Trust,
    stop: impl Future<Output = ()>,
) {
    let router = crate::router(&site, trust);
    let connections = Arc::new(Semaphore::new(
        site.options.max_live_readers + OTHER_CONNECTIONS,
    ));
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&connections).acquire_owned() => permit.expect("the semaphore is never closed"),
            () = &mut stop => break,
        };
        let stream = tokio::select! {
            (stream, _) = listener.accept() => stream,
            () = &mut stop => break,
        };
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WITHIN)
            .max_buf_size(64 << 10);
        let connection = builder.serve_connection(
            TokioIo::new(stream),
            TowerToHyperService::new(router.clone()),
        );
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is the other side's business.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    site.close();
    if tokio::time::timeout(FINISH_WITHIN, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("Some answers were cut off because the program stops");
    }
}
