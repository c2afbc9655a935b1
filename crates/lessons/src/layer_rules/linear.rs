//! The linear rules: the matrix product, and the bias added to rows or to columns.

use burn::tensor::Tensor;
use manual_backprop::linear::{add_bias, add_bias_to_columns, matmul};
use pages::numbers::{Array, number};
use pages::page::{Section, Table};
use pages::terms::{Terms, sum_text};

use super::example::{
    BATCH, D_IN, D_OUT, Example, at, elements, pull_back, pulled, side_by_side, verdict,
};
use crate::tensors::{Comparison, read, tracked};

impl Example {
    pub(super) fn matrix_product(&self) -> Section {
        let z = read(&matmul::forward(self.x.clone(), self.w.clone()));
        let (grad_x, grad_w) =
            matmul::backward(self.x.clone(), self.w.clone(), self.grad_z.clone());
        let [x, w, grad_z] = [&self.x, &self.w, &self.grad_z].map(read);
        let forward = Terms::new((0..D_IN).map(|j| (at(&x, 1, j), at(&w, j, 0))));

        let [leaf_x, leaf_w] = [&self.x, &self.w].map(tracked);
        let tape = pull_back(
            matmul::forward(leaf_x.clone(), leaf_w.clone()),
            &self.grad_z,
        );
        let comparison = Comparison::new()
            .row("δX = δZ·Wᵀ", &grad_x, &pulled(&leaf_x, &tape))
            .row("δW = Xᵀ·δZ", &grad_w, &pulled(&leaf_w, &tape));
        Section::new("Matrix product: Z = X·W")
            .formula(format!(
                "z_kl = Σ_j x_kj w_jl        z_21 = {} = {}",
                forward.text(),
                number(at(&z, 1, 0))
            ))
            .table(side_by_side([("Z", z)]))
            .text(
                "Only the elements in row i of Z depend on x_ij, and only those in column j depend on w_ij. \
                 So one sum remains of the double sum over k and l, and it is a matrix product again:",
            )
            .formula(
                "∂z_kl/∂x_ij = w_jl if k = i, else 0     δx_ij = Σ_l δz_il w_jl = (δZ·Wᵀ)_ij\n\
                 ∂z_kl/∂w_ij = x_ki if l = j, else 0     δw_ij = Σ_k x_ki δz_kj = (Xᵀ·δZ)_ij",
            )
            .table(elements(
                "δw",
                "Σ_k x_ki · δz_kj",
                &read(&grad_w),
                |i, j| Terms::new((0..BATCH).map(|k| (at(&x, k, i), at(&grad_z, k, j)))),
            ))
            .table(elements(
                "δx",
                "Σ_l δz_il · w_jl",
                &read(&grad_x),
                |i, j| Terms::new((0..D_OUT).map(|l| (at(&grad_z, i, l), at(&w, j, l)))),
            ))
            .text(verdict(&comparison))
            .table(comparison.into_table())
    }

    /// Two wrong rules that a test with `δZ` all ones does not catch.
    pub(super) fn why_random(&self) -> Section {
        let ones = self.grad_z.ones_like();
        let (x_by_ones, w_by_ones) = matmul::backward(self.x.clone(), self.w.clone(), ones.clone());
        let errors = [&ones, &self.grad_z].map(|grad_z| self.errors(grad_z));
        let mut table = Table::new(["rule", "error with δZ all ones", "error with random δZ"]);
        let rules = [
            "δW = Xᵀ·δZ, correct",
            "δW with the columns of δZ swapped",
            "δX = δZ·Wᵀ, correct",
            "δX with the rows of δZ reversed",
        ];
        for (i, rule) in rules.into_iter().enumerate() {
            table.push([rule.to_owned(), number(errors[0][i]), number(errors[1][i])]);
        }
        Section::new("Why δZ is random, and not all ones")
            .text(
                "One could test a rule with L = Σ_kl z_kl, so that δZ is all ones. Then all rows of δX are \
                 the same, the row sums of W, and all columns of δW are the same, the column sums of X:",
            )
            .table(side_by_side([
                ("δX by ones", read(&x_by_ones)),
                ("δW by ones", read(&w_by_ones)),
            ]))
            .text(
                "A rule that mixes up rows or columns then gives the same numbers, and the mistake stays \
                 hidden. A random δZ reveals it. Error: the largest difference from autodiff.",
            )
            .table(table)
    }

    /// Errors against autodiff: of `δW`, of `δW` with columns swapped, of `δX`, and of `δX` with
    /// rows reversed.
    fn errors(&self, grad_z: &Tensor<2>) -> [f64; 4] {
        let backward = |grad_z: Tensor<2>| matmul::backward(self.x.clone(), self.w.clone(), grad_z);
        let [x, w] = [&self.x, &self.w].map(tracked);
        let tape = pull_back(matmul::forward(x.clone(), w.clone()), grad_z);
        let [by_x, by_w] = [&x, &w].map(|leaf| read(&pulled(leaf, &tape)));
        let (grad_x, grad_w) = backward(grad_z.clone());
        let (_, swapped) = backward(grad_z.clone().flip([1]));
        let (reversed, _) = backward(grad_z.clone().flip([0]));
        [
            (grad_w, &by_w),
            (swapped, &by_w),
            (grad_x, &by_x),
            (reversed, &by_x),
        ]
        .map(|(ours, theirs)| read(&ours).largest_difference(theirs))
    }

    pub(super) fn bias_to_rows(&self) -> Section {
        let p = matmul::forward(self.x.clone(), self.w.clone());
        let z = add_bias::forward(p.clone(), self.b.clone());
        let (grad_p, grad_b) = add_bias::backward(self.grad_z.clone());
        let (leaf_p, leaf_b) = (tracked(&p), tracked(&self.b));
        let tape = pull_back(
            add_bias::forward(leaf_p.clone(), leaf_b.clone()),
            &self.grad_z,
        );
        let comparison = Comparison::new()
            .row("δP = δZ", &grad_p, &pulled(&leaf_p, &tape))
            .row("δb = Σ_rows δZ", &grad_b, &pulled(&leaf_b, &tape));
        let column = |l: usize| {
            let grad_z = read(&self.grad_z);
            (0..BATCH).map(|k| at(&grad_z, k, l)).collect::<Vec<_>>()
        };
        Section::new("Broadcast addition, an example in each row: Z = P + b")
            .text(
                "P = X·W has one example in each row. The same b is added to every row, so every element of \
                 column l depends on b_l, and its gradient sums over all of them. The forward pass copies \
                 it; the backward pass adds up the gradients of the copies.",
            )
            .formula(format!(
                "z_kl = p_kl + b_l\n\
                 ∂z_kl/∂p_ij = 1 if (k, l) = (i, j), else 0     δp_ij = δz_ij\n\
                 ∂z_kl/∂b_j  = 1 if l = j, else 0               δb_j  = Σ_k δz_kj\n\n{}",
                bias_sums(&read(&grad_b), column)
            ))
            .table(side_by_side([
                ("P", read(&p)),
                ("b", read(&self.b)),
                ("Z", read(&z)),
            ]))
            .text(verdict(&comparison))
            .table(comparison.into_table())
    }

    pub(super) fn bias_to_columns(&self) -> Section {
        let p = matmul::forward(self.x.clone(), self.w.clone()).transpose();
        let grad_z = self.grad_z.clone().transpose();
        let z = add_bias_to_columns::forward(p.clone(), self.b.clone());
        let (grad_p, grad_b) = add_bias_to_columns::backward(grad_z.clone());
        let (leaf_p, leaf_b) = (tracked(&p), tracked(&self.b));
        let tape = pull_back(
            add_bias_to_columns::forward(leaf_p.clone(), leaf_b.clone()),
            &grad_z,
        );
        let comparison = Comparison::new()
            .row("δP = δZ", &grad_p, &pulled(&leaf_p, &tape))
            .row("δb = Σ_columns δZ", &grad_b, &pulled(&leaf_b, &tape));
        let row = |k: usize| {
            let grad_z = read(&grad_z);
            (0..BATCH).map(|l| at(&grad_z, k, l)).collect::<Vec<_>>()
        };
        Section::new("Broadcast addition, an example in each column: the slides' form")
            .text(
                "The slides put one example in each column. The numbers are the same, transposed: b_k is \
                 added to every element of row k, and its gradient is the sum over the columns. δb is \
                 the same in both forms; the index of the sum is the one that counts examples.",
            )
            .formula(format!(
                "z_kl = p_kl + b_k\n\
                 ∂z_kl/∂b_i = 1 if k = i, else 0     δb_i = Σ_l δz_il     δP = δZ\n\n{}",
                bias_sums(&read(&grad_b), row)
            ))
            .table(side_by_side([
                ("P", read(&p)),
                ("b", read(&self.b)),
                ("Z", read(&z)),
                ("δZ", read(&grad_z)),
            ]))
            .text(verdict(&comparison))
            .table(comparison.into_table())
    }
}

/// Each element of `δb`, written as a sum.
fn bias_sums(grad_b: &Array, summands: impl Fn(usize) -> Vec<f64>) -> String {
    let lines = grad_b.values.iter().enumerate().map(|(i, &sum)| {
        let summands = sum_text(&summands(i));
        format!("δb_{} = {summands} = {}", i + 1, number(sum))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};

    fn matrix(rows: usize, values: &[f64]) -> Tensor<2> {
        let data = TensorData::new(values.to_vec(), [rows, values.len() / rows]);
        Tensor::from_data(data, (&Device::flex(), DType::F64))
    }

    fn example() -> Example {
        Example {
            x: matrix(2, &[1.0, 2.0, 3.0, -1.0]),
            w: matrix(2, &[0.5, 1.0, -2.0, 4.0]),
            b: Tensor::zeros([2], (&Device::flex(), DType::F64)),
            grad_z: matrix(2, &[1.0, 10.0, 100.0, -1.0]),
        }
    }

    #[test]
    fn only_ones_hide_mixed_up_rows_and_columns() {
        let example = example();
        let ones = example.grad_z.ones_like();
        assert_eq!(example.errors(&ones), [0.0; 4]);
        let [correct_w, swapped, correct_x, reversed] = example.errors(&example.grad_z);
        assert_eq!([correct_w, correct_x], [0.0, 0.0]);
        assert!(swapped > 1.0 && reversed > 1.0, "{swapped} {reversed}");
    }
}
