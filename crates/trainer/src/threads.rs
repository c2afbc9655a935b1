//! One thread for each matrix product of ndarray.

use backends::Backend;

use crate::cli::TrainOptions;

/// What `matrixmultiply`, by which ndarray multiplies, takes as the most threads of a product. It
/// reads it once.
#[cfg(unix)]
const VARIABLE: &str = "MATMUL_NUM_THREADS";

/// Whether training with these options may share batches of ndarray's among workers.
pub(crate) fn may_share_on_ndarray(options: &TrainOptions) -> bool {
    matches!(options.backend, None | Some(Backend::Ndarray)) && options.threads != Some(1)
}

/// Starts this program anew, in its own place, with one thread for each of ndarray's matrix products,
/// unless the environment says how many. Where that cannot be done, training is slower.
///
/// Workers share a batch, and threads of their products would only get in each other's way: with
/// them, training on two cores is a third slower. The library offers no other way to say so, and
/// changing the environment of a running program is not safe.
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
        // Comes back only with an error, and then this program goes on.
        let _ = Command::new(program)
            .arg0(name)
            .args(arguments)
            .env(VARIABLE, "1")
            .exec();
    }
}

/// As on Unix, where a program can take its own place.
#[cfg(not(unix))]
pub(crate) fn one_for_each_product() {}
