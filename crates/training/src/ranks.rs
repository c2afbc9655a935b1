//! The processes that share every batch of a run.
//!
//! ```text
//! L = Σ_r L_r        ∂L/∂w = Σ_r ∂L_r/∂w        rank r has its rows of the batch
//! ```
//!
//! Each rank computes its share, one list of numbers goes around, and every rank takes the same step.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use data_parallel::shards;

use crate::error::TrainingError;

/// Adds numbers up over the processes of a run.
///
/// All ranks call the same functions in the same order with lists of the same length, and have the same bits
/// afterwards: the numbers of rank 0, 1, ... are added in this order.
pub trait Ranks: fmt::Debug + Send + Sync {
    /// The number of this process, from 0.
    fn rank(&self) -> usize;

    /// The number of processes.
    fn count(&self) -> usize;

    /// Replaces numbers by their sums over the ranks.
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    fn add_up(&self, values: &mut [f32]) -> Result<(), TrainingError>;

    /// As [`add_up`](Self::add_up), in double precision.
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    fn add_up_f64(&self, values: &mut [f64]) -> Result<(), TrainingError>;

    /// Replaces this rank's part of each list, and all of `everywhere`, by the sums over the ranks. What the other
    /// parts are afterwards is left open, so it need not be sent.
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    fn add_up_parts(
        &self,
        lists: &mut [Divided<'_>],
        everywhere: &mut [f32],
    ) -> Result<(), TrainingError> {
        for list in lists {
            self.add_up(list.values)?;
        }
        self.add_up(everywhere)
    }

    /// Replaces every other rank's part of each list by what that rank has there.
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    fn collect(&self, lists: &mut [Divided<'_>]) -> Result<(), TrainingError> {
        for list in lists {
            let own = list.parts[self.rank()].clone();
            list.values[..own.start].fill(0.0);
            list.values[own.end..].fill(0.0);
            self.add_up(list.values)?;
        }
        Ok(())
    }
}

/// A list of numbers of which each rank has a part.
#[derive(Debug)]
pub struct Divided<'a> {
    /// The whole list.
    pub values: &'a mut [f32],
    /// The part of each rank: adjacent, from the beginning of the list to its end.
    pub parts: &'a [Range<usize>],
}

/// Finds a rank where something is not what it is on rank 0: another data set, other options.
///
/// # Errors
///
/// [`TrainingError::RanksDiffer`] on every rank, with the first such rank and what it has, as in "another data set";
/// or if a rank is lost.
pub fn ensure_same(ranks: &dyn Ranks, what: &str, digest: u64) -> Result<(), TrainingError> {
    let digests = gather(ranks, &digest.to_le_bytes().map(f64::from))?;
    let of_rank_0 = &digests[0];
    match digests.iter().position(|other| other != of_rank_0) {
        None => Ok(()),
        Some(rank) => Err(TrainingError::RanksDiffer {
            rank,
            what: what.to_owned(),
        }),
    }
}

/// A number that stands for a value: the same in every process, because the hash has fixed keys.
pub(crate) fn digest(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// What one rank says.
///
/// # Errors
///
/// If a rank is lost.
pub(crate) fn said_by(ranks: &dyn Ranks, rank: usize, own: &str) -> Result<String, TrainingError> {
    let lengths = gather(ranks, &[own.len() as f64])?;
    let mut letters = vec![0.0; lengths[rank][0] as usize];
    if ranks.rank() == rank {
        letters = own.bytes().map(f64::from).collect();
    }
    ranks.add_up_f64(&mut letters)?;
    let letters = letters
        .into_iter()
        .map(|letter| letter as u8)
        .collect::<Vec<_>>();
    Ok(String::from_utf8_lossy(&letters).into_owned())
}

/// The numbers of every rank, as many from each.
fn gather(ranks: &dyn Ranks, own: &[f64]) -> Result<Vec<Vec<f64>>, TrainingError> {
    let mut all = vec![0.0; ranks.count() * own.len()];
    all[ranks.rank() * own.len()..][..own.len()].copy_from_slice(own);
    ranks.add_up_f64(&mut all)?;
    Ok(all.chunks(own.len()).map(<[f64]>::to_vec).collect())
}

/// The ranks of a team, with what they agree on.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    ranks: Arc<dyn Ranks>,
    /// Steps that each rank takes for itself before they average their nets; none if they share every step.
    pub(crate) apart: Option<usize>,
    /// Whether this rank wants the run to stop after the next step, and whether any does.
    stop: Arc<[AtomicBool; 2]>,
}

/// Numbers after the gradients: the loss, and how many ranks want to stop.
const EXTRA: usize = 2;

impl Shared {
    pub(crate) fn new(ranks: Arc<dyn Ranks>, apart: Option<usize>) -> Self {
        Self {
            ranks,
            apart,
            stop: Arc::new([AtomicBool::new(false), AtomicBool::new(false)]),
        }
    }

    pub(crate) fn ranks(&self) -> &dyn Ranks {
        &*self.ranks
    }

    /// This rank's part of `length` things; empty if there are fewer things than ranks.
    pub(crate) fn part(&self, length: usize) -> Range<usize> {
        self.parts(length).swap_remove(self.ranks.rank())
    }

    /// Each rank's part of `length` things.
    pub(crate) fn parts(&self, length: usize) -> Vec<Range<usize>> {
        let mut parts = shards(length, self.ranks.count());
        parts.resize(self.ranks.count(), length..length);
        parts
    }

    /// The rows of a batch for a step of this rank's own: its part, or all if it would have none.
    pub(crate) fn own_batch(&self, length: usize) -> Range<usize> {
        let part = self.part(length);
        if part.is_empty() { 0..length } else { part }
    }

    /// Whether the ranks meet after a step, counted from 1: after each, or to average their nets.
    pub(crate) fn meet(&self, step: usize, is_last: bool) -> bool {
        self.apart
            .is_none_or(|apart| is_last || step.is_multiple_of(apart))
    }

    /// Makes numbers their mean over the ranks.
    ///
    /// ```text
    /// θ ← 1/R Σ_r θ_r
    /// ```
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    pub(crate) fn average(&self, values: &mut Vec<f32>) -> Result<(), TrainingError> {
        self.add_up(values, 0.0)?;
        let ranks = self.ranks.count() as f32;
        values.iter_mut().for_each(|value| *value /= ranks);
        Ok(())
    }

    /// Says before a step whether this rank wants the run to stop after it.
    pub(crate) fn wish_to_stop(&self, wish: bool) {
        self.stop[0].store(wish, Ordering::Relaxed);
    }

    /// Whether a rank wanted to stop, as of the last time that they met.
    pub(crate) fn is_to_stop(&self) -> bool {
        self.stop[1].load(Ordering::Relaxed)
    }

    /// Whether any rank says yes.
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    pub(crate) fn any(&self, yes: bool) -> Result<bool, TrainingError> {
        let mut count = [f64::from(u8::from(yes))];
        self.ranks.add_up_f64(&mut count)?;
        Ok(count[0] > 0.0)
    }

    /// Adds up the ranks' gradients, a list of numbers, and their losses; gives the loss.
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    pub(crate) fn add_up(&self, gradients: &mut Vec<f32>, loss: f32) -> Result<f32, TrainingError> {
        self.with_extra(gradients, loss, |numbers| self.ranks.add_up(numbers))
    }

    /// Adds up the ranks' gradients and their losses; gives the loss. Of `lists`, each rank gets the sums of its part.
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    pub(crate) fn add_up_parts(
        &self,
        lists: &mut [Divided<'_>],
        everywhere: &mut Vec<f32>,
        loss: f32,
    ) -> Result<f32, TrainingError> {
        self.with_extra(everywhere, loss, |numbers| {
            self.ranks.add_up_parts(lists, numbers)
        })
    }

    /// The norms of vectors of which each rank has the norms of its parts.
    ///
    /// ```text
    /// ‖G‖ = √(Σ_r ‖G_r‖²)
    /// ```
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    pub(crate) fn norms(&self, own: &[f64]) -> Result<Vec<f64>, TrainingError> {
        let of_ranks = gather(&*self.ranks, own)?;
        let of = |vector: usize| of_ranks.iter().map(|own| own[vector]).fold(0.0, f64::hypot);
        Ok((0..own.len()).map(of).collect())
    }

    /// Adds up numbers with the loss and the wish to stop after them; gives the loss.
    fn with_extra(
        &self,
        numbers: &mut Vec<f32>,
        loss: f32,
        add_up: impl FnOnce(&mut [f32]) -> Result<(), TrainingError>,
    ) -> Result<f32, TrainingError> {
        let wish = self.stop[0].load(Ordering::Relaxed);
        numbers.extend([loss, f32::from(u8::from(wish))]);
        add_up(numbers)?;
        let extra = numbers.split_off(numbers.len() - EXTRA);
        self.stop[1].store(extra[1] > 0.0, Ordering::Relaxed);
        Ok(extra[0])
    }

    /// Adds up the ranks' gradients of the parameters of a module off autodiff, and their losses; `None` from a
    /// rank without rows.
    pub(crate) fn add_up_gradients<M: Module>(
        &self,
        module: &M,
        own: Option<(Tensor<1>, GradientsParams)>,
    ) -> Result<(f32, GradientsParams), TrainingError> {
        let (loss, gradients) = own.unzip();
        let mut list = List {
            gradients,
            parts: vec![],
        };
        module.visit(&mut list);
        list.parts.extend(loss);
        let mut numbers = read_back_f32(Tensor::cat(list.parts, 0))?;
        let loss = match list.gradients {
            Some(_) => numbers.pop().expect("the loss comes last"),
            None => 0.0,
        };
        let loss = self.add_up(&mut numbers, loss)?;
        let mut unlist = Unlist {
            numbers: &numbers,
            device: &module.devices()[0],
            gradients: GradientsParams::new(),
        };
        module.visit(&mut unlist);
        Ok((loss, unlist.gradients))
    }
}

pub(crate) fn read_back_f32(numbers: Tensor<1>) -> Result<Vec<f32>, TrainingError> {
    numbers
        .try_into_vec_as::<f32>()
        .map_err(TrainingError::device)
}

/// The gradients of all parameters, in the order in which a module is visited; zeros where there are none.
struct List {
    gradients: Option<GradientsParams>,
    parts: Vec<Tensor<1>>,
}

impl ModuleVisitor for List {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradients = self.gradients.as_ref();
        let gradient = gradients.and_then(|gradients| gradients.get::<D>(param.id));
        let gradient = gradient.unwrap_or_else(|| param.val().zeros_like());
        self.parts.push(gradient.flatten(0, D - 1));
    }
}

/// Takes them back.
struct Unlist<'a> {
    numbers: &'a [f32],
    device: &'a Device,
    gradients: GradientsParams,
}

impl ModuleVisitor for Unlist<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let shape = param.shape();
        let (these, rest) = self.numbers.split_at(shape.num_elements());
        self.numbers = rest;
        let data = TensorData::new::<f32, _>(these.to_vec(), shape);
        let gradient = Tensor::<D>::from_data(data, self.device);
        self.gradients.register(param.id, gradient);
    }
}
