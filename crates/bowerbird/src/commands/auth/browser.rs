//! Opening a browser at an address that holds no secret; that it could not be opened is no failure, as the address is printed too.

use std::process::{Command, Stdio};

use crate::config::env;

/// Tries to open it on this machine's screen, if there is one.
pub(super) fn open(url: &str) -> bool {
    if !env::has_screen() {
        return false;
    }
    let program = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let started = Command::new(program)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    started.is_ok()
}
