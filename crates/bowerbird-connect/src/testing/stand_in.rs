//! What every made-up service stands on: a server on loopback in a thread of its own, so that tests of every kind can use it, those that stop
//! the clock too; and a state that tests look at while it changes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

/// A server that ends when it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    /// Where it is.
    pub(super) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Starts one that serves so.
    pub(super) fn start<F: Future<Output = ()>>(
        serve: impl FnOnce(TcpListener) -> F + Send + 'static,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (ready, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = runtime.expect("a thread can have a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0))
                    .await
                    .expect("loopback has a free port");
                let address = listener
                    .local_addr()
                    .expect("a bound socket has an address");
                // Nobody waits for the address any more where the test has ended.
                let _ = ready.send(address);
                tokio::select! {
                    () = serve(listener) => {}
                    // The sender being gone says the same.
                    _ = stopped => {}
                }
            });
        });
        let address = address.recv().expect("the thread sends its address first");
        Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Already ended is as good.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic there has failed its test already.
            let _ = thread.join();
        }
    }
}

/// What a server and its test share.
#[derive(Debug)]
pub(super) struct Shared<S> {
    state: Mutex<S>,
    /// Sends with every change of the state.
    changes: watch::Sender<u64>,
}

impl<S> Shared<S> {
    /// Begins with this state.
    pub(super) fn new(state: S) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(state),
            changes: watch::Sender::default(),
        })
    }

    /// As it is now.
    pub(super) fn state(&self) -> MutexGuard<'_, S> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes it, and wakes who waits for changes.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut S) -> R) -> R {
        let changed = change(&mut self.state());
        self.changes.send_modify(|number| *number += 1);
        changed
    }

    /// Sends with every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Waits until something is so.
    pub(super) async fn until(&self, is_so: impl Fn() -> bool) {
        let mut changes = self.changes();
        while !is_so() {
            changes.changed().await.expect("the sender lives in self");
        }
    }
}
