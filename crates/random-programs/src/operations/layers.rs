//! Matrix products and the functions behind layers.

use burn::tensor::module;
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};

use crate::array::{Array, HostValue};
use crate::number::{Choices, Number};
use crate::tensors::{Ranked, Value, by_rank_of_two};

/// A product or the function behind a layer, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// Two matrices, or two batches of them.
    Matmul,
    /// Operands: rows, weights `[d_in, d_out]`, bias.
    Linear,
    /// Operands: `[batch, channels, length]`, weights `[out, channels, kernel]`.
    Conv1d { stride: usize, padding: usize },
    /// Operands: `[batch, channels, rows, columns]`, weights `[out, channels, kernel, kernel]`.
    Conv2d { stride: usize },
    /// Operand: `[batch, channels, length]`; a kernel of 2.
    AvgPool1d { stride: usize },
    /// Operand: `[batch, channels, length]`; a kernel of 2.
    MaxPool1d { stride: usize },
    /// Operands: weights `[rows, width]`, whole numbers `[batch, length]`.
    Embedding,
}

/// The kernel of the poolings.
const POOL: usize = 2;

impl Layer {
    /// Its name in burn-suite.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Matmul => "Tensor::matmul",
            Self::Linear => "module::linear",
            Self::Conv1d { .. } => "module::conv1d",
            Self::Conv2d { .. } => "module::conv2d",
            Self::AvgPool1d { .. } => "module::avg_pool1d",
            Self::MaxPool1d { .. } => "module::max_pool1d",
            Self::Embedding => "module::embedding",
        }
    }

    /// Burn's expression in `x`, `y` and `z`, with the parameters written out.
    pub(crate) fn code(self) -> String {
        match self {
            Self::Matmul => "x.matmul(y)".to_owned(),
            Self::Linear => "module::linear(x, y, Some(z))".to_owned(),
            Self::Conv1d { stride, padding } => format!(
                "module::conv1d(x, y, None, ConvOptions::new([{stride}], [{padding}], [1], 1))"
            ),
            Self::Conv2d { stride } => format!(
                "module::conv2d(x, y, None, ConvOptions::new([{stride}, {stride}], [0, 0], [1, 1], 1))"
            ),
            Self::AvgPool1d { stride } => format!(
                "module::avg_pool1d(x, AvgPoolOptions::new([{POOL}]).with_stride([{stride}]))"
            ),
            Self::MaxPool1d { stride } => format!(
                "module::max_pool1d(x, MaxPoolOptions::new([{POOL}]).with_stride([{stride}]))"
            ),
            Self::Embedding => "module::embedding(x, y)".to_owned(),
        }
    }

    /// Its result by Burn.
    pub(crate) fn burn(self, operands: Vec<Value>) -> Value {
        let mut operands = operands.into_iter();
        let mut next = || operands.next().expect("the generator counts operands");
        match self {
            Self::Matmul => {
                by_rank_of_two!(next().float(), next().float(), x, y => x.matmul(y).into())
            }
            Self::Linear => {
                let (x, weight, bias) = (next().float(), next().float(), next().float());
                let (Ranked::Two(weight), Ranked::One(bias)) = (weight, bias) else {
                    panic!("the generator checks ranks");
                };
                match x {
                    Ranked::Two(x) => module::linear(x, weight, Some(bias)).into(),
                    Ranked::Three(x) => module::linear(x, weight, Some(bias)).into(),
                    _ => panic!("the generator checks ranks"),
                }
            }
            Self::Conv1d { stride, padding } => {
                let options = ConvOptions::new([stride], [padding], [1], 1);
                match (next().float(), next().float()) {
                    (Ranked::Three(x), Ranked::Three(weight)) => {
                        module::conv1d(x, weight, None, options).into()
                    }
                    _ => panic!("the generator checks ranks"),
                }
            }
            Self::Conv2d { stride } => {
                let options = ConvOptions::new([stride, stride], [0, 0], [1, 1], 1);
                match (next().float(), next().float()) {
                    (Ranked::Four(x), Ranked::Four(weight)) => {
                        module::conv2d(x, weight, None, options).into()
                    }
                    _ => panic!("the generator checks ranks"),
                }
            }
            Self::AvgPool1d { stride } => match next().float() {
                Ranked::Three(x) => {
                    let options = AvgPoolOptions::new([POOL]).with_stride([stride]);
                    module::avg_pool1d(x, options).into()
                }
                _ => panic!("the generator checks ranks"),
            },
            Self::MaxPool1d { stride } => match next().float() {
                Ranked::Three(x) => {
                    let options = MaxPoolOptions::new([POOL]).with_stride([stride]);
                    module::max_pool1d(x, options).into()
                }
                _ => panic!("the generator checks ranks"),
            },
            Self::Embedding => match (next().float(), next().int()) {
                (Ranked::Two(weights), Ranked::Two(rows)) => {
                    module::embedding(weights, rows).into()
                }
                _ => panic!("the generator checks ranks"),
            },
        }
    }

    /// Its result by the formula.
    pub(crate) fn formula<N: Number>(
        self,
        operands: &[&HostValue<N>],
        choices: &Choices,
    ) -> Array<N> {
        let x = operands[0].float();
        let other = |number: usize| operands[number].float();
        match self {
            Self::Matmul => matmul(x, other(1)),
            Self::Linear => {
                let weight = other(1);
                let mut as_batch = vec![1; x.shape.len() - 2];
                as_batch.extend(&weight.shape);
                let weight = Array::new(as_batch, weight.data.clone());
                let product = matmul(x, &weight);
                Array::by_index(&product.shape, |at| {
                    *product.at(at) + other(2).data[at[at.len() - 1]]
                })
            }
            Self::Conv1d { stride, padding } => {
                let weight = other(1);
                let length = (x.shape[2] + 2 * padding - weight.shape[2]) / stride + 1;
                let shape = [x.shape[0], weight.shape[0], length];
                Array::by_index(&shape, |at| {
                    let mut sum = N::constant(0.0);
                    for channel in 0..x.shape[1] {
                        for k in 0..weight.shape[2] {
                            let place = at[2] * stride + k;
                            if (padding..x.shape[2] + padding).contains(&place) {
                                let x = *x.at(&[at[0], channel, place - padding]);
                                sum = sum + x * *weight.at(&[at[1], channel, k]);
                            }
                        }
                    }
                    sum
                })
            }
            Self::Conv2d { stride } => {
                let weight = other(1);
                let length = |d: usize| (x.shape[d] - weight.shape[d]) / stride + 1;
                let shape = [x.shape[0], weight.shape[0], length(2), length(3)];
                Array::by_index(&shape, |at| {
                    let mut sum = N::constant(0.0);
                    for channel in 0..x.shape[1] {
                        for i in 0..weight.shape[2] {
                            for j in 0..weight.shape[3] {
                                let (row, column) = (at[2] * stride + i, at[3] * stride + j);
                                let x = *x.at(&[at[0], channel, row, column]);
                                sum = sum + x * *weight.at(&[at[1], channel, i, j]);
                            }
                        }
                    }
                    sum
                })
            }
            Self::AvgPool1d { stride } => x.along(2, |x| {
                let windows = x.windows(POOL).step_by(stride);
                windows.map(|of| (of[0] + of[1]).times(0.5)).collect()
            }),
            Self::MaxPool1d { stride } => x.along(2, |x| {
                let larger = |a: N, b: N| {
                    if choices.is_larger(b.value(), a.value()) {
                        b
                    } else {
                        a
                    }
                };
                x.windows(POOL)
                    .step_by(stride)
                    .map(|of| larger(of[0], of[1]))
                    .collect()
            }),
            Self::Embedding => {
                let rows = operands[1].int();
                let shape = [rows.shape[0], rows.shape[1], x.shape[1]];
                Array::by_index(&shape, |at| *x.at(&[*rows.at(&at[..2]) as usize, at[2]]))
            }
        }
    }
}

/// The matrix product, for each matrix of a batch; batches of 1 are broadcast.
fn matmul<N: Number>(x: &Array<N>, y: &Array<N>) -> Array<N> {
    let rank = x.shape.len();
    let (rows, inner, columns) = (x.shape[rank - 2], x.shape[rank - 1], y.shape[rank - 1]);
    let batches = x.shape.iter().zip(&y.shape).take(rank - 2);
    let mut shape: Vec<_> = batches.map(|(&a, &b)| a.max(b)).collect();
    shape.extend([rows, columns]);
    Array::by_index(&shape, |at| {
        let (mut in_x, mut in_y) = (at.to_vec(), at.to_vec());
        let mut sum = N::constant(0.0);
        for k in 0..inner {
            in_x[rank - 1] = k;
            in_y[rank - 2] = k;
            sum = sum + *x.at(&in_x) * *y.at(&in_y);
        }
        sum
    })
}
