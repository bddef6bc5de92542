//! How much memory is resident, as Linux counts it; elsewhere unknown.

use std::fs;

/// Forgets the peak so far, so that [`peak`] tells what comes.
pub(super) fn forget_peak() {
    // Where it can't be forgotten, the peak includes what came before, which is the safe side.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most bytes resident since.
pub(super) fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}
