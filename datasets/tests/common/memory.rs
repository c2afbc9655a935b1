//! How much memory this process takes, as Linux counts it.

use std::fs;

/// A line of `/proc/self/status`, in bytes.
pub(crate) fn status(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status
        .lines()
        .find(|line| line.starts_with(key))
        .expect("the line is there");
    let kib = line.split_whitespace().nth(1).expect("a number follows");
    kib.parse::<u64>().expect("a number follows") * 1024
}
