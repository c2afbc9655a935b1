//! Dropout: units that are left out of a training step at random.

use burn::tensor::{Tensor, TensorCreationOptions, TensorData};

use crate::ConfigError;
use crate::philox::philox;

/// Columns whose masks are one number, a bit each.
const GROUP: usize = u32::BITS as usize;

/// Counters that are drawn at once: each gives four columns of a group.
const COUNTERS: usize = GROUP / 4;

/// Inverted dropout in a training step: which units of the inputs and of the hidden layers are left out of each
/// row, and by how much the others are scaled up.
///
/// # Formula
///
/// ```text
/// a = h ∘ m/(1 - p)        m_ij = 0 with probability p, else 1
/// ```
///
/// On average, `a` is `h`: a net is evaluated without masks and without a factor. Layer 0 are the inputs, layers 1,
/// 2, ... the hidden ones. Outputs are never dropped.
///
/// A mask is a function of seed, step, layer, row in the batch and column, drawn on the host. So it is the same
/// on every device, for any number of threads that share a batch ([`from_row`](Self::from_row)), and when a run
/// goes on at a later step ([`at_step`](Self::at_step)). It repeats after 2³² steps.
///
/// ```text
/// u = Philox4x32-10(counter (8⌊j/32⌋ + j mod 8, i, layer, step), key seed), word ⌊(j mod 32)/8⌋
/// m_ij = 1 where u ≥ 2³² p
/// ```
///
/// # Source
///
/// Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*, 2014, section 10 (scaling
/// while training); Salmon et al., *Parallel Random Numbers: As Easy as 1, 2, 3*, 2011.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use layers::Dropout;
///
/// let dropout = Dropout::new(0.5, 0.0, 7)?.at_step(100);
/// let h = Tensor::<2>::ones([2, 1000], &Device::flex());
/// let a = dropout.apply(1, h.clone()).try_into_vec_as::<f32>().unwrap();
/// assert!(a.iter().all(|&a| a == 0.0 || a == 2.0));
/// assert!((a.iter().sum::<f32>() / 2000.0 - 1.0).abs() < 0.1);
/// assert!(dropout.apply(0, h).equal_elem(1.0).all().into_scalar::<bool>()); // the inputs stay
/// # Ok::<(), layers::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    hidden: f64,
    input: f64,
    key: [u32; 2],
    step: u32,
    first_row: usize,
}

impl Dropout {
    /// No dropout.
    pub const NONE: Self = Self {
        hidden: 0.0,
        input: 0.0,
        key: [0; 2],
        step: 0,
        first_row: 0,
    };

    /// Dropout of step 0, with the probability that a unit of a hidden layer and that an input is left out.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ShareOutOfRange`] if one of them is not at least 0 and below 1.
    pub fn new(hidden: f64, input: f64, seed: u64) -> Result<Self, ConfigError> {
        ConfigError::check_share("the dropout of hidden layers", hidden)?;
        ConfigError::check_share("the dropout of the inputs", input)?;
        Ok(Self {
            hidden,
            input,
            key: [seed as u32, (seed >> 32) as u32],
            ..Self::NONE
        })
    }

    /// The masks of a step, counted from 0.
    #[must_use]
    pub fn at_step(self, step: u64) -> Self {
        let step = step as u32;
        Self { step, ..self }
    }

    /// The masks of a shard of the batch that begins at this row.
    #[must_use]
    pub fn from_row(self, row: usize) -> Self {
        let first_row = self.first_row + row;
        Self { first_row, ..self }
    }

    /// The probability `p` that a unit of a layer is left out.
    #[inline]
    pub fn probability(&self, layer: usize) -> f64 {
        if layer == 0 { self.input } else { self.hidden }
    }

    /// Whether units of a layer are left out.
    #[inline]
    pub fn drops(&self, layer: usize) -> bool {
        self.probability(layer) > 0.0
    }

    /// The factor `1/(1 - p)` of the units of a layer that stay.
    #[inline]
    pub fn scale(&self, layer: usize) -> f64 {
        1.0 / (1.0 - self.probability(layer))
    }

    /// The mask of 32 columns from `32 group`, in a row of the batch: bit `j` is 1 if column `32 group + j` stays.
    // Inlined, so that it is compiled for the vectors of the processor where the caller is.
    #[inline(always)]
    pub fn kept(&self, layer: usize, row: usize, group: usize) -> u32 {
        let threshold = (self.probability(layer) * 2f64.powi(32)) as u32;
        let first = (COUNTERS * group) as u32;
        let counters = [
            std::array::from_fn::<_, COUNTERS, _>(|i| first + i as u32),
            [(self.first_row + row) as u32; COUNTERS],
            [layer as u32; COUNTERS],
            [self.step; COUNTERS],
        ];
        let mut kept = 0;
        for (w, words) in philox(counters, self.key).iter().enumerate() {
            for (i, &word) in words.iter().enumerate() {
                kept |= u32::from(word >= threshold) << (COUNTERS * w + i);
            }
        }
        kept
    }

    /// The mask of a layer's values of a batch, `[rows, columns]`: 1 for those that stay, else 0. `options` is a
    /// device, or a device with a float dtype.
    pub fn mask(
        &self,
        layer: usize,
        [rows, columns]: [usize; 2],
        options: impl Into<TensorCreationOptions>,
    ) -> Tensor<2> {
        let mut mask = Vec::with_capacity(rows * columns);
        for row in 0..rows {
            for left in (0..columns).step_by(GROUP) {
                let kept = self.kept(layer, row, left / GROUP);
                let bit = |j: usize| (kept >> j & 1) as f32;
                mask.extend((0..GROUP.min(columns - left)).map(bit));
            }
        }
        let mask = TensorData::new::<f32, _>(mask, [rows, columns]);
        Tensor::from_data(mask, options)
    }

    /// The values `a = h ∘ m/(1 - p)` of a layer in training, `[rows, columns]` as `h`; `h` itself without dropout
    /// there. The mask is a constant: a gradient passes through `h` alone.
    pub fn apply(&self, layer: usize, h: Tensor<2>) -> Tensor<2> {
        if !self.drops(layer) {
            return h;
        }
        let m = self.mask(layer, h.dims(), (&h.device(), h.dtype()));
        h * m.mul_scalar(self.scale(layer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    fn mask(dropout: Dropout, layer: usize, shape: [usize; 2]) -> Vec<f32> {
        let mask = dropout.mask(layer, shape, &Device::flex());
        mask.try_into_vec_as::<f32>().expect("an f32 tensor")
    }

    fn half() -> Dropout {
        Dropout::new(0.5, 0.5, 1).expect("probabilities")
    }

    #[test]
    fn a_mask_drops_as_many_units_as_it_should() {
        for p in [0.1, 0.5, 0.8] {
            let dropout = Dropout::new(p, 0.0, 3).expect("a probability");
            let mask = mask(dropout, 1, [200, 250]);
            let n = mask.len() as f64;
            let dropped = mask.iter().filter(|&&m| m == 0.0).count() as f64;
            // Four standard errors.
            let error = 4.0 * (p * (1.0 - p) / n).sqrt();
            assert!((dropped / n - p).abs() < error, "{p}: {}", dropped / n);
            assert!(mask.iter().all(|&m| m == 0.0 || m == 1.0));
        }
        assert!(mask(Dropout::NONE, 1, [40, 40]).iter().all(|&m| m == 1.0));
    }

    /// Two masks that have nothing to do with each other agree at half of the places.
    #[test]
    fn seed_step_layer_row_and_column_decide() {
        let shape = [64, 64];
        let first = mask(half(), 1, shape);
        assert_eq!(mask(half(), 1, shape), first);
        let other_seed = Dropout::new(0.5, 0.5, 1 << 32 | 1).expect("probabilities");
        let others = [
            mask(other_seed, 1, shape),
            mask(half().at_step(1), 1, shape),
            mask(half(), 2, shape),
            mask(half(), 0, shape),
            mask(half().from_row(64), 1, shape),
            mask(half(), 1, [64, 128])
                .chunks(64)
                .skip(1)
                .step_by(2)
                .flatten()
                .copied()
                .collect(),
        ];
        for (number, other) in others.iter().enumerate() {
            let agree = first.iter().zip(other).filter(|(a, b)| a == b).count();
            assert!((1848..=2248).contains(&agree), "{number}: {agree} of 4096");
        }
    }

    #[test]
    fn a_shard_has_the_rows_of_the_batch_and_a_narrow_layer_the_columns_of_a_wide_one() {
        let all = mask(half().at_step(9), 2, [10, 70]);
        let shard = mask(half().at_step(9).from_row(3).from_row(1), 2, [5, 70]);
        assert_eq!(shard, all[4 * 70..9 * 70]);
        let narrow = mask(half().at_step(9), 2, [10, 33]);
        for (narrow, wide) in narrow.chunks(33).zip(all.chunks(70)) {
            assert_eq!(narrow, &wide[..33]);
        }
    }

    /// The numbers of the definition, one by one.
    #[test]
    fn a_column_has_the_word_of_its_counter() {
        let dropout = Dropout::new(0.3, 0.0, 0x0123_4567_89ab_cdef).expect("a probability");
        let dropout = dropout.at_step((1 << 32) + 77);
        let mask = mask(dropout, 3, [4, 100]);
        for (i, row) in mask.chunks(100).enumerate() {
            for (j, &m) in row.iter().enumerate() {
                let counter = [8 * (j / 32) + j % 8, i, 3, 77].map(|word| [word as u32]);
                let words = philox(counter, [0x89ab_cdef, 0x0123_4567]);
                let [word] = words[j % 32 / 8];
                let stays = f64::from(word) >= 0.3 * 4_294_967_296.0;
                assert_eq!(m, f32::from(u8::from(stays)), "row {i}, column {j}");
            }
        }
    }

    #[test]
    fn what_stays_is_scaled_up_in_every_float_type() {
        let dropout = Dropout::new(0.3, 0.0, 5).expect("a probability");
        for dtype in [DType::F32, DType::F64] {
            let h = Tensor::<2>::ones([3, 50], (&Device::flex(), dtype));
            let a = dropout.apply(1, h.clone());
            assert_eq!(a.dtype(), dtype);
            let a = a.cast(DType::F64).try_into_vec_as::<f64>().expect("f64");
            let scale = match dtype {
                DType::F64 => 1.0 / 0.7,
                _ => f64::from((1.0f64 / 0.7) as f32),
            };
            for (a, m) in a.iter().zip(mask(dropout, 1, [3, 50])) {
                assert_eq!(*a, scale * f64::from(m));
            }
        }
    }

    #[test]
    fn probabilities_out_of_range_are_refused() {
        for p in [1.0, -0.1, f64::NAN] {
            assert!(Dropout::new(p, 0.0, 0).is_err(), "{p}");
            let error = Dropout::new(0.0, p, 0).expect_err("not below 1");
            assert!(
                error.to_string().starts_with("the dropout of the inputs"),
                "{error}"
            );
        }
    }
}
