//! How much memory the reader and the split take, as Linux counts it for this process. One test, so
//! that nothing else runs at the same time.
#![cfg(target_os = "linux")]

mod common;
#[path = "common/memory.rs"]
mod process;

use common::{gzip, idx_file};
use datasets::{DEFAULT_VALIDATION_FRACTION, DatasetError, Mnist, bundled_mnist_dir, idx};
use process::status;

const MIB: u64 = 1 << 20;

/// The stack of the thread that reads the test set: the C library keeps it for the next thread.
const STACK: u64 = 2 * MIB;

/// The process keeps no more writable memory than its data, give or take what the allocator needs.
fn assert_near(kept: u64, data: u64) {
    assert!(
        kept < data + STACK + 2 * MIB,
        "{data} bytes of data keep {kept} reserved"
    );
}

#[test]
fn memory_grows_with_the_data_not_with_the_header() {
    // Address space: counts all requested memory, touched or not.
    let before = status("VmPeak:");
    let claims_most = idx_file(&[idx::MAX_BODY_BYTES as u32], &[1; 1000]);
    for bytes in [claims_most.clone(), gzip(&claims_most)] {
        let error = idx::parse_labels(&bytes[..], "file".as_ref()).unwrap_err();
        assert!(
            matches!(error, DatasetError::BodyTooShort { got: 1000, .. }),
            "{error:?}"
        );
    }
    let grown = status("VmPeak:") - before;
    assert!(
        grown < 8 * MIB,
        "a header alone made the reader request {grown} bytes"
    );

    // MNIST is 52.4 MiB of pixels and labels. Nothing more stays reserved.
    let (reserved, in_use) = (status("VmData:"), status("VmRSS:"));
    let Mnist { train, test } = Mnist::load(&bundled_mnist_dir()).unwrap();
    let data = (train.pixels().len() + train.len() + test.pixels().len() + test.len()) as u64;
    assert_near(status("VmData:") - reserved, data);

    // The validation images are 3.7 MiB; the training images, 41.1 MiB, must not be copied.
    let sides = train.split(DEFAULT_VALIDATION_FRACTION, 0).unwrap();
    let peak = status("VmHWM:") - in_use;
    assert!(
        peak < data + 12 * MIB,
        "{data} bytes of data took {peak} at the peak"
    );
    assert_near(status("VmData:") - reserved, data);
    assert_eq!(sides.0.len() + sides.1.len() + test.len(), 70_000);
}
