//! What the system may send while a run is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use crate::Exit;
use crate::output::complain;

/// The flag that the first Ctrl-C raises; the second ends the program at once.
///
/// # Errors
///
/// If the system lets nobody watch.
pub(crate) fn watch_for_interrupt() -> Result<Arc<AtomicBool>> {
    let interrupt = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&interrupt);
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
        complain("interrupted: finishing this step, then saving (once more to stop at once)");
    })
    .context("cannot watch for Ctrl-C")?;
    Ok(interrupt)
}

/// Has this thread told of a file that grows beyond what the system allows (`ulimit -f`) by an
/// error of the write, as of a full disk, and not by the end of the program.
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
        .context("cannot block the signal of a file that is too large")
}

/// No other system ends a program for the size of a file.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub(crate) fn take_file_size_limit_as_error() -> Result<()> {
    Ok(())
}
