//! Steps that several processes take together.

use std::ops::Range;

use fused_mlp::{Step, Trainer};

use super::Fused;
use crate::error::TrainingError;
use crate::examples::Batch;
use crate::net::Net;
use crate::ranks::{Divided, Shared};

/// Numbers from which on each process updates only its part of the weights. For fewer, the second message would take
/// longer than to update all of them.
const DIVIDED_FROM: usize = 16 * Trainer::<f32>::BLOCK;

/// What processes need for their steps.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    division: Option<Division>,
    /// Room for numbers that go around as one list.
    list: Vec<f32>,
}

/// Which weights each process updates.
#[derive(Debug)]
struct Division {
    /// The blocks of each layer's weights that this process updates, counted from the layer's first: all, if they are not
    /// divided.
    own: Vec<Range<usize>>,
    /// The numbers of each layer's weights that each process updates, counted from the layer's first; of no layer, if
    /// they are not divided.
    numbers: Vec<Vec<Range<usize>>>,
}

impl Division {
    fn new(engine: &mut Trainer<f32>, shared: &Shared) -> Self {
        let block = Trainer::<f32>::BLOCK;
        let blocks: Vec<_> = engine
            .weight_lists()
            .map(|list| list.len() / block)
            .collect();
        if blocks.iter().sum::<usize>() * block < DIVIDED_FROM {
            return Self {
                own: blocks.into_iter().map(|blocks| 0..blocks).collect(),
                numbers: vec![],
            };
        }
        let parts = blocks.iter().map(|&blocks| shared.parts(blocks));
        let numbers = |part: Range<usize>| block * part.start..block * part.end;
        Self {
            own: blocks.iter().map(|&blocks| shared.part(blocks)).collect(),
            numbers: parts
                .map(|parts| parts.into_iter().map(numbers).collect())
                .collect(),
        }
    }

    fn is_divided(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// Lists of each layer's weights, or of what belongs to them, with the parts of the processes.
    fn of<'a>(&'a self, lists: impl Iterator<Item = &'a mut [f32]>) -> Vec<Divided<'a>> {
        let parts = self.numbers.iter().cycle();
        let lists = lists.zip(parts);
        lists
            .map(|(values, parts)| Divided { values, parts })
            .collect()
    }
}

impl<N: Net> Fused<N> {
    /// Takes one step on a batch that several processes share; gives the batch's loss before it.
    ///
    /// ```text
    /// g = Σ_r g_r                       g_r over the rows of rank r, of all in the batch
    /// θ_r ← θ_r - α rule(g)_r           on rank r, for the blocks of the weights that are its part
    /// ```
    ///
    /// So each rank receives only the others' gradients of its part, and then what has become of their parts. All
    /// update all biases. The buffers of the rule are those of now only in the rank's part, until the ranks
    /// [share](Self::share_buffers) them.
    pub(crate) fn shared_step(
        &mut self,
        batch: &Batch<N::Targets>,
        how: &Step,
        shared: &Shared,
    ) -> Result<f64, TrainingError> {
        self.seen.take();
        let part = shared.part(batch.len());
        let mut own_loss = 0.0;
        if part.is_empty() {
            self.engine.clear_gradients();
        } else {
            let masks = how.dropout.from_row(part.start);
            own_loss = self.with_rows(batch, part, |engine, inputs, targets| {
                engine.gradients_of_share(inputs, targets, masks, batch.len())
            })?;
        }
        let Self {
            engine,
            sharing: Sharing { division, list },
            ..
        } = self;
        let division = division.get_or_insert_with(|| Division::new(engine, shared));
        let loss = add_up(engine, division, shared, list, own_loss)?;
        let norm = match how.clip_norm {
            Some(_) => Some(norms(engine, division, shared)?.fold(0.0, f64::hypot)),
            None => None,
        };
        engine.step_on_parts(&division.own, how, norm)?;
        let mut weights = division.of(engine.weight_lists());
        shared.ranks().collect(&mut weights)?;
        Ok(f64::from(loss))
    }

    /// The norms of the gradients of the last [shared step](Self::shared_step), before any clipping, in the order of the
    /// parameters. All ranks take part.
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    pub(crate) fn norms_of_shared_step(
        &mut self,
        shared: &Shared,
    ) -> Result<Vec<f64>, TrainingError> {
        let (engine, sharing) = (&mut self.engine, &mut self.sharing);
        let division = &*sharing
            .division
            .get_or_insert_with(|| Division::new(engine, shared));
        Ok(norms(engine, division, shared)?.collect())
    }

    /// Brings the optimizer's buffers of all ranks together: for a checkpoint, and before training ends.
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    pub(crate) fn share_buffers(&mut self, shared: &Shared) -> Result<(), TrainingError> {
        match &self.sharing.division {
            Some(division) => {
                let mut buffers = division.of(self.engine.buffer_lists());
                shared.ranks().collect(&mut buffers)
            }
            None => Ok(()),
        }
    }

    /// Makes parameters and optimizer the mean over the ranks.
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    pub(crate) fn average(&mut self, shared: &Shared) -> Result<(), TrainingError> {
        self.seen.take();
        let values = &mut self.sharing.list;
        values.clear();
        self.engine.append_values(values);
        shared.average(values)?;
        self.engine.set_values(values)?;
        Ok(())
    }
}

/// The norms of each layer's weights' and biases' gradients, which the ranks have added up.
fn norms(
    engine: &mut Trainer<f32>,
    division: &Division,
    shared: &Shared,
) -> Result<impl Iterator<Item = f64> + use<>, TrainingError> {
    let (mut of_weights, of_biases): (Vec<_>, Vec<_>) = engine
        .norms_of_parts(&division.own)?
        .into_iter()
        .map(<(f64, f64)>::from)
        .unzip();
    if division.is_divided() {
        of_weights = shared.norms(&of_weights)?;
    }
    let layers = of_weights.into_iter().zip(of_biases);
    Ok(layers.flat_map(|(of_weights, of_biases)| [of_weights, of_biases]))
}

/// Adds up the ranks' gradients: those of the biases and the loss everywhere, those of the weights in each rank's part.
///
/// # Errors
///
/// If another rank is lost.
fn add_up(
    engine: &mut Trainer<f32>,
    division: &Division,
    shared: &Shared,
    list: &mut Vec<f32>,
    own_loss: f32,
) -> Result<f32, TrainingError> {
    let (weights, biases): (Vec<_>, Vec<_>) = engine.gradient_lists().map(Into::into).unzip();
    let (mut divided, mut everywhere) = if division.is_divided() {
        (division.of(weights.into_iter()), biases)
    } else {
        (vec![], weights.into_iter().chain(biases).collect())
    };
    list.clear();
    for numbers in &everywhere {
        list.extend_from_slice(numbers);
    }
    let loss = shared.add_up_parts(&mut divided, list, own_loss)?;
    let mut rest = &list[..];
    for numbers in &mut everywhere {
        let (these, after) = rest.split_at(numbers.len());
        numbers.copy_from_slice(these);
        rest = after;
    }
    Ok(loss)
}
