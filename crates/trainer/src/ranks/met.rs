//! How the ranks of a sweep met at its end.

/// All ranks have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Met {
    /// Whether any said yes.
    pub(crate) is_agreed: bool,
    /// Whether it took so long that what has ended was shown without waiting for them.
    pub(crate) is_late: bool,
}
