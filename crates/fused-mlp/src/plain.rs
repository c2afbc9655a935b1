//! A step by plain loops: for nets so small that blocks would mostly hold zeros.

use layers::Activation;

use crate::activation;
use crate::architecture::Output;
use crate::batch::{Inputs, Targets};
use crate::blocks::Blocks;
use crate::number::Float;
use crate::parameters::Values;

/// The loss of a batch; writes the gradients.
///
/// ```text
/// a_l = z_(l-1)·w_l + 1b_lᵀ    z_l = f(a_l)    δa_L from the loss
/// δw_l = z_(l-1)ᵀ·δa_l    δb_l = Σ_rows δa_l    δa_(l-1) = f'(a_(l-1))∘(δa_l·w_lᵀ)
/// ```
#[allow(clippy::too_many_arguments)]
pub(crate) fn gradients<T: Float>(
    f: Activation,
    output: Output,
    theta: &[Values<T>],
    gradients: &mut [Values<T>],
    z: &mut [Blocks<T>],
    y: &mut [T],
    inputs: &Inputs<'_, T>,
    targets: &Targets<'_, T>,
    rows: usize,
) -> T {
    for row in 0..rows {
        inputs.read(row, z[0].columns, |column, x| z[0].set(row, column, x));
    }
    let last = theta.len() - 1;
    for (l, Values { weights, biases }) in theta.iter().enumerate() {
        let (before, after) = z.split_at_mut(l + 1);
        let (z, a) = (&before[l], &mut after[0]);
        for row in 0..rows {
            for (j, &bias) in biases[..weights.columns].iter().enumerate() {
                let products = (0..weights.rows).map(|i| z.get(row, i) * weights.get(i, j));
                let mut a_j = [products.sum::<T>() + bias];
                if l < last {
                    activation::forward(f, &mut a_j);
                }
                a.set(row, j, a_j[0]);
            }
        }
    }
    let c = T::from_f64(output.factor(rows));
    let mut loss = T::default();
    let classes = y.len() / 2;
    let (a, y) = y.split_at_mut(classes);
    for row in 0..rows {
        let of_row = &mut z[last + 1];
        (0..classes).for_each(|k| a[k] = of_row.get(row, k));
        targets.write(row, y);
        loss += output.row(a, y, c);
        (0..classes).for_each(|k| of_row.set(row, k, a[k]));
    }
    for l in (0..=last).rev() {
        let (before, after) = z.split_at_mut(l + 1);
        let (z, delta) = (&mut before[l], &after[0]);
        let w = &theta[l].weights;
        let Values { weights, biases } = &mut gradients[l];
        for j in 0..w.columns {
            for i in 0..w.rows {
                let products = (0..rows).map(|row| z.get(row, i) * delta.get(row, j));
                weights.set(i, j, products.sum());
            }
            biases[j] = (0..rows).map(|row| delta.get(row, j)).sum();
        }
        if l > 0 {
            for row in 0..rows {
                for i in 0..w.rows {
                    let products = (0..w.columns).map(|j| delta.get(row, j) * w.get(i, j));
                    let mut grad = [products.sum::<T>()];
                    activation::backward(f, &[z.get(row, i)], &mut grad);
                    z.set(row, i, grad[0]);
                }
            }
        }
    }
    loss
}
