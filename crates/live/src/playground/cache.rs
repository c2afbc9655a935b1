//! Snapshots of trainings that were shown, so that going on does not repeat them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::playground::learner::Snapshot;

/// Snapshots that are kept, over all pages.
const KEPT: usize = 128;

/// The snapshots shown last, by what decided them and their step.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<VecDeque<(String, Arc<Snapshot>)>>);

impl Cache {
    pub(crate) fn keep(&self, history: String, snapshot: Arc<Snapshot>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((history, snapshot));
    }

    pub(crate) fn find(&self, history: &str, steps: u64) -> Option<Arc<Snapshot>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = kept
            .iter()
            .rev()
            .filter(|(of, snapshot)| snapshot.steps == steps && of == history);
        found.next().map(|(_, snapshot)| Arc::clone(snapshot))
    }
}
