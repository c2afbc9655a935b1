//! Attention layers, transformers and encodings of positions.

mod heads;
mod positions;
mod transformers;

use burn::tensor::DType;
use burn_gradcheck::{Case, Sample, Tolerance};

use crate::operation::Operation;
use crate::witness::{Argument, Arguments, Dual, DualArray, argument, count, place};

/// All of them.
pub(super) fn operations() -> Vec<Operation> {
    [
        heads::operations(),
        transformers::operations(),
        positions::operations(),
    ]
    .concat()
}

/// The parameters of a linear layer at a path.
fn linear_arguments(path: &str, [rows, columns]: [usize; 2], bias: bool) -> Vec<Argument> {
    let weight = argument(format!("{path}.weight"), &[rows, columns]).from(Sample::Scaled(0.5));
    let bias = bias.then(|| argument(format!("{path}.bias"), &[columns]));
    [Some(weight), bias].into_iter().flatten().collect()
}

/// The parameters of a linear layer before a softmax or a tanh. They are small, since large outputs
/// saturate the function, and then gradients are mostly rounding.
fn small_linear_arguments(path: &str, [rows, columns]: [usize; 2]) -> Vec<Argument> {
    [("weight", &[rows, columns][..]), ("bias", &[columns])]
        .map(|(name, shape)| argument(format!("{path}.{name}"), shape).from(Sample::Scaled(0.25)))
        .to_vec()
}

/// The parameters of the linear layers of an attention, from these widths to `columns`. A softmax does
/// not change if all scores of a query grow by the same number. So the gradient with respect to the
/// bias of the keys is 0, and the bias is constant here unless the softmax is the quiet one.
fn attention_arguments(
    path: &str,
    [query, key]: [usize; 2],
    [columns, of_keys]: [usize; 2],
    quiet: bool,
) -> Vec<Argument> {
    let at = |name: &str| format!("{path}{name}");
    let mut all = [
        small_linear_arguments(&at("query"), [query, columns]),
        small_linear_arguments(&at("key"), [key, of_keys]),
        linear_arguments(&at("value"), [key, of_keys], true),
        linear_arguments(&at("output"), [columns, query], true),
    ]
    .concat();
    if !quiet {
        all[3] = argument(at("key.bias"), &[of_keys]).constant(bias_of_keys(of_keys));
    }
    all
}

fn bias_of_keys(count: usize) -> Vec<f64> {
    (0..count).map(|i| 0.375 - 0.25 * i as f64).collect()
}

/// Keeps the bias of the keys of an attention constant, as [`attention_arguments`] does.
fn with_held_keys(case: Case, path: &str, count: usize) -> Case {
    case.constant(format!("{path}key.bias"), [count], bias_of_keys(count))
}

/// Allows for a chain of sums of either sign in f64, and for more terms in f32: each weight's gradient
/// is a sum over all positions, heads and sublayers.
fn with_tolerance(case: Case) -> Case {
    let chained = "f64: a chain of five sums of either sign";
    case.tolerance(DType::F64, Tolerance::new(1e-10, 1e-9, chained))
        .reduction_length(64)
}

/// The linear layer at a path.
fn linear(of: &Arguments, path: &str, x: &DualArray) -> DualArray {
    let bias = of.find(&format!("{path}.bias"));
    x.linear(of.get(&format!("{path}.weight")), bias)
}

/// The score of a masked key, the layers' default.
const MASKED: f64 = -1e4;

/// How queries attend to keys.
#[derive(Clone, Copy, Debug)]
struct AttentionFormula {
    heads: usize,
    /// The number of heads of keys and values. Several heads of queries share one if there are fewer.
    heads_of_keys: usize,
    quiet: bool,
    /// Whether the third argument, a key, is hidden from the second, a query, in the first, a member of
    /// the batch.
    masked: fn(usize, usize, usize) -> bool,
}

impl AttentionFormula {
    /// The weights `[batch, heads, queries, keys]`, and the weighted values of all heads side by
    /// side `[batch, queries, heads * size]`.
    fn formula(
        &self,
        query: &DualArray,
        key: &DualArray,
        value: &DualArray,
    ) -> (DualArray, DualArray) {
        let [batch, queries, width] = [0, 1, 2].map(|d| query.shape[d]);
        let keys = key.shape[1];
        let size = width / self.heads;
        // Burn takes the root in f32.
        let scale = 1.0 / f64::from((size as f32).sqrt());
        let key_of = |head: usize| head / (self.heads / self.heads_of_keys) * size;
        let (mut weights, mut out) = (Vec::new(), vec![Dual::from(0.0); batch * queries * width]);
        for b in 0..batch {
            for head in 0..self.heads {
                for i in 0..queries {
                    let score = |j: usize| {
                        if (self.masked)(b, i, j) {
                            return MASKED.into();
                        }
                        let parts = (0..size).map(|k| {
                            let k_query = head * size + k;
                            query.at([b, i, k_query]) * key.at([b, j, key_of(head) + k])
                        });
                        parts.sum::<Dual>() * scale
                    };
                    let row = self.softmax(&(0..keys).map(score).collect::<Vec<_>>());
                    for (j, &weight) in row.iter().enumerate() {
                        for k in 0..size {
                            let place = (b * queries + i) * width + head * size + k;
                            out[place] = out[place] + weight * value.at([b, j, key_of(head) + k]);
                        }
                    }
                    weights.extend(row);
                }
            }
        }
        (
            DualArray::new([batch, self.heads, queries, keys], weights),
            DualArray::new([batch, queries, width], out),
        )
    }

    /// `exp(x) / sum of exp(x)`; the quiet softmax adds 1 to the sum.
    fn softmax(&self, scores: &[Dual]) -> Vec<Dual> {
        let values = scores.iter().map(|score| score.value);
        let largest = values.fold(f64::NEG_INFINITY, f64::max);
        let exponentials = scores.iter().map(|&score| (score - largest).exp());
        let exponentials: Vec<Dual> = exponentials.collect();
        let one = if self.quiet { (-largest).exp() } else { 0.0 };
        let sum = exponentials.iter().copied().sum::<Dual>() + one;
        exponentials.into_iter().map(|x| x / sum).collect()
    }
}

/// A mask's elements, in row-major order.
fn mask<const D: usize>(shape: [usize; D], masked: impl Fn([usize; D]) -> bool) -> Vec<bool> {
    let all = 0..count(&shape);
    all.map(|number| masked(place(number, shape))).collect()
}
