//! Two things at the same time.

use std::thread;

/// What both give: `a` on this thread, `b` on another, or after it where the system has no thread to give.
pub(crate) fn both<A, B: Send>(a: impl FnOnce() -> A, b: impl Fn() -> B + Sync) -> (A, B) {
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, &b);
        let a = a();
        let b = match other {
            Ok(other) => other
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => b(),
        };
        (a, b)
    })
}
