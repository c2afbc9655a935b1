//! Signals during a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use programs::{Exit, complain};

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
            std::process::exit(Exit::Interrupted as i32);
        }
        complain("interrupted: finishing this step, then saving (press again to stop at once)");
    })
    .context("cannot handle Ctrl-C")?;
    Ok(interrupt)
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
