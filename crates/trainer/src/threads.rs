//! Limits ndarray to one thread per matrix product.

use backends::Backend;

/// The most threads that `matrixmultiply`, which multiplies for ndarray, uses for one product. It reads
/// the variable once.
#[cfg(unix)]
const VARIABLE: &str = "MATMUL_NUM_THREADS";

/// Whether training with these choices may share batches among workers on ndarray.
pub(crate) fn may_share_on_ndarray(backend: Option<Backend>, threads: Option<usize>) -> bool {
    backend.unwrap_or_else(Backend::preferred) == Backend::Ndarray && threads != Some(1)
}

/// Restarts this program in its own process, with one thread for each of ndarray's matrix products,
/// unless the environment sets a number. If that fails, training is slower.
///
/// Workers share a batch, and threads of their products would compete with them: training on two cores
/// would be a third slower. The library has no other setting, and changing the environment of a running
/// program is not safe.
#[cfg(unix)]
pub(crate) fn one_for_each_product() {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    let mut arguments = std::env::args_os();
    if let (None, Ok(program), Some(name)) = (
        std::env::var_os(VARIABLE),
        std::env::current_exe(),
        arguments.next(),
    ) {
        // Returns only with an error; the program then continues.
        let _ = Command::new(program)
            .arg0(name)
            .args(arguments)
            .env(VARIABLE, "1")
            .exec();
    }
}

/// Does nothing: only on Unix can a program replace itself.
#[cfg(not(unix))]
pub(crate) fn one_for_each_product() {}
