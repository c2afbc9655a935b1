//! Snapshots of trainings that were shown, so that going on does not repeat them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The snapshots shown last, over all pages: what decided them, their step, and the snapshot.
#[derive(Debug)]
pub(crate) struct Cache<S> {
    kept: Mutex<VecDeque<(String, u64, Arc<S>)>>,
    at_most: usize,
}

impl<S> Cache<S> {
    /// A cache of so many snapshots.
    pub(crate) fn new(at_most: usize) -> Self {
        Self {
            kept: Mutex::default(),
            at_most,
        }
    }

    pub(crate) fn keep(&self, history: String, steps: u64, snapshot: Arc<S>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == self.at_most {
            kept.pop_front();
        }
        kept.push_back((history, steps, snapshot));
    }

    /// Forgets all of them.
    pub(crate) fn clear(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clear();
    }

    pub(crate) fn find(&self, history: &str, steps: u64) -> Option<Arc<S>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = kept
            .iter()
            .rev()
            .filter(|(of, at, _)| *at == steps && of == history);
        found.next().map(|(.., snapshot)| Arc::clone(snapshot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first_and_another_history_is_another_training() {
        let cache = Cache::new(2);
        for step in 0..3 {
            cache.keep("a".to_owned(), step, Arc::new(10 + step));
        }
        assert_eq!(cache.find("a", 0), None);
        assert_eq!(cache.find("a", 2).as_deref(), Some(&12));
        assert_eq!(cache.find("b", 2), None);
    }
}
