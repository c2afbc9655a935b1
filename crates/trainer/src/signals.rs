//! Signals during a run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::{Context, Result};
use programs::{Exit, complain, end_at_once};

use crate::ranks::Launch;

/// When the first Ctrl-C came.
static ASKED_TO_END: OnceLock<Instant> = OnceLock::new();

/// When this process was asked to end, if it was.
pub(crate) fn asked_to_end() -> Option<Instant> {
    ASKED_TO_END.get().copied()
}

/// The flag that the first Ctrl-C raises; the second ends the program at once.
///
/// # Errors
///
/// If the system refuses the handler.
pub(crate) fn watch_for_interrupt() -> Result<Arc<AtomicBool>> {
    let interrupt = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&interrupt);
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            end_at_once(Exit::Interrupted);
        }
        let _ = ASKED_TO_END.set(Instant::now());
        match Launch::of_this_process() {
            None => complain(
                "interrupted: finishing this step, then saving (press again to stop at once)",
            ),
            // Perhaps because another rank has died.
            Some(Launch { rank: 0, by, .. }) => {
                complain(format_args!(
                    "{by} asks all ranks to end: saving if they can take this step"
                ));
            }
            Some(_) => {}
        }
    })
    .context("cannot handle Ctrl-C")?;
    Ok(interrupt)
}

/// Ends the program at once at the next Ctrl-C, in the place of a server's handler, which has had its turn.
///
/// # Errors
///
/// If the system refuses the handler.
pub(crate) fn end_at_next_interrupt() -> Result<()> {
    ctrlc::set_handler(|| end_at_once(Exit::Interrupted)).context("cannot handle Ctrl-C")
}

/// Makes exceeding the file-size limit (`ulimit -f`) a write error, like a full disk, instead of killing
/// the process.
///
/// # Errors
///
/// If the system refuses.
#[cfg(unix)]
pub(crate) fn take_file_size_limit_as_error() -> Result<()> {
    use nix::sys::signal::{SigSet, Signal};

    let mut signals = SigSet::empty();
    signals.add(Signal::SIGXFSZ);
    signals
        .thread_block()
        .context("cannot block the signal for exceeding the file-size limit")
}

/// Does nothing: other systems do not kill a program for the size of a file.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub(crate) fn take_file_size_limit_as_error() -> Result<()> {
    Ok(())
}

/// Blocks the signals that were ignored when the program started, so that they stay without effect: `nohup`
/// ignores SIGHUP, and a shell ignores SIGINT for its background jobs. The handler of
/// [`watch_for_interrupt`] would otherwise take their place. All threads inherit this, so it must be
/// called before the first one starts.
///
/// # Errors
///
/// If the system refuses.
#[cfg(unix)]
pub(crate) fn leave_ignored_signals_ignored() -> Result<()> {
    use nix::sys::signal::{SigSet, Signal};

    let ignored = ignored_at_start();
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM] {
        if is_in(ignored, signal as i32) {
            signals.add(signal);
        }
    }
    signals
        .thread_block()
        .context("cannot block the signals that are ignored")
}

/// Does nothing: other systems have no such signals.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub(crate) fn leave_ignored_signals_ignored() -> Result<()> {
    Ok(())
}

/// Whether a mask has a signal: signal 1 is its lowest bit.
#[cfg(unix)]
fn is_in(mask: u64, signal: i32) -> bool {
    mask >> (signal - 1) & 1 == 1
}

/// The signals that this process ignores, as a mask; none if they cannot be determined. Asking the system
/// directly takes unsafe code. Linux lists them in a file, other systems in `ps`.
#[cfg(unix)]
fn ignored_at_start() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").ok();
    let mask = match status {
        Some(status) => ignored_in(&status),
        None => ignored_by_ps(),
    };
    mask.unwrap_or(0)
}

#[cfg(unix)]
fn ignored_in(status: &str) -> Option<u64> {
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

#[cfg(unix)]
fn ignored_by_ps() -> Option<u64> {
    let process = std::process::id().to_string();
    let ps = std::process::Command::new("ps")
        .args(["-o", "sigignore=", "-p", &process])
        .output();
    let text = String::from_utf8(ps.ok()?.stdout).ok()?;
    u64::from_str_radix(text.trim(), 16).ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn both_sources_list_the_ignored_signals() {
        let status = "Name:\ttrainer\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        let mask = ignored_in(status).expect("a mask");
        assert!(is_in(mask, 1) && is_in(mask, 13));
        assert!(!is_in(mask, 2) && !is_in(mask, 15));
        // Rust ignores SIGPIPE in every program, so the mask is not empty.
        assert!(is_in(ignored_at_start(), 13));
        if let Some(mask) = ignored_by_ps() {
            assert!(is_in(mask, 13), "{mask:x}");
        }
    }
}
