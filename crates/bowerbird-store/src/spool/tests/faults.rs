//! A disk that fails on command.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// What the next write of a segment meets: `None` is a sound disk.
#[derive(Debug, Clone, Default)]
pub(in crate::spool) struct Fault(Arc<Mutex<Option<io::ErrorKind>>>);

thread_local! {
    static NEXT: RefCell<Fault> = RefCell::default();
}

impl Fault {
    /// Segments opened by `open` on this thread meet this fault.
    pub(super) fn with<T>(fault: &Self, open: impl FnOnce() -> T) -> T {
        NEXT.with_borrow_mut(|next| *next = fault.clone());
        let opened = open();
        NEXT.take();
        opened
    }

    /// The fault for a segment being opened.
    pub(in crate::spool) fn of_this_thread() -> Self {
        NEXT.with_borrow(Clone::clone)
    }

    /// The next write writes half of its bytes and fails so.
    pub(super) fn set(&self, kind: io::ErrorKind) {
        *self.0.lock().unwrap() = Some(kind);
    }

    pub(in crate::spool) fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        match self.0.lock().unwrap().take() {
            None => file.write_all(bytes),
            Some(kind) => {
                file.write_all(&bytes[..bytes.len() / 2])?;
                Err(kind.into())
            }
        }
    }
}
