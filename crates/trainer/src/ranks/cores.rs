//! The cores on which this process may run.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The cores on which this process may run, as Linux lists them.
fn allowed_cores() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mut lines = status.lines();
    let cores = lines.find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    Some(cores.trim().to_owned())
}

/// Whether these are not all cores of the machine.
pub(super) fn is_bound() -> bool {
    let all = std::fs::read_to_string("/sys/devices/system/cpu/online");
    let all = all.ok().map(|cores| cores.trim().to_owned());
    allowed_cores()
        .zip(all)
        .is_some_and(|(own, all)| own != all)
}

/// A number that stands for the cores on which this process may run, and their machine.
pub(super) fn own_cores() -> f64 {
    let machine = std::fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    (allowed_cores(), machine).hash(&mut hasher);
    // Half of the bits: a double holds them.
    f64::from(hasher.finish() as u32)
}
