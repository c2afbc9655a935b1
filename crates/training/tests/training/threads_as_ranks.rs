//! Ranks that are threads, which leave lists for each other.

use std::sync::{Arc, Barrier, Mutex};

use training::{Divided, Ranks, TrainingError};

/// The lists of all ranks, in one memory.
#[derive(Debug)]
struct Board {
    lists: Mutex<Vec<Vec<f64>>>,
    barrier: Barrier,
}

#[derive(Debug)]
pub(crate) struct Thread {
    rank: usize,
    count: usize,
    board: Arc<Board>,
}

impl Thread {
    pub(crate) fn team(count: usize) -> Vec<Arc<dyn Ranks>> {
        let board = Arc::new(Board {
            lists: Mutex::new(vec![vec![]; count]),
            barrier: Barrier::new(count),
        });
        let rank = |rank| {
            let board = Arc::clone(&board);
            Arc::new(Self { rank, count, board }) as Arc<dyn Ranks>
        };
        (0..count).map(rank).collect()
    }

    /// The lists of all ranks.
    fn exchange(&self, own: Vec<f64>) -> Vec<Vec<f64>> {
        self.board.lists.lock().unwrap()[self.rank] = own;
        self.board.barrier.wait();
        let all = self.board.lists.lock().unwrap().clone();
        self.board.barrier.wait();
        assert!(all.iter().all(|list| list.len() == all[0].len()));
        all
    }
}

impl Ranks for Thread {
    fn rank(&self) -> usize {
        self.rank
    }

    fn count(&self) -> usize {
        self.count
    }

    fn add_up(&self, values: &mut [f32]) -> Result<(), TrainingError> {
        let all = self.exchange(values.iter().map(|&x| f64::from(x)).collect());
        for (i, value) in values.iter_mut().enumerate() {
            let column = all.iter().map(|list| list[i] as f32);
            *value = column.reduce(|sum, x| sum + x).unwrap();
        }
        Ok(())
    }

    fn add_up_f64(&self, values: &mut [f64]) -> Result<(), TrainingError> {
        let all = self.exchange(values.to_vec());
        for (i, value) in values.iter_mut().enumerate() {
            *value = all.iter().map(|list| list[i]).sum();
        }
        Ok(())
    }

    /// Whoever reads another rank's part finds that it is no number.
    fn add_up_parts(
        &self,
        lists: &mut [Divided<'_>],
        everywhere: &mut [f32],
    ) -> Result<(), TrainingError> {
        for Divided { values, parts } in lists {
            self.add_up(values)?;
            let own = &parts[self.rank];
            values[..own.start].fill(f32::NAN);
            values[own.end..].fill(f32::NAN);
        }
        self.add_up(everywhere)
    }
}
