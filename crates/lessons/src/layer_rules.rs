//! The rules that a layer is made of, element by element, and the layer as a whole.

mod activations;

use anyhow::{Result, bail};
use burn::tensor::{Gradients, Tensor, TensorData};
use burn_gradcheck::Sample;
use clap::Args;
use computational_graph::{Graph, GraphBuilder, SvgOptions};
use manual_backprop::Reduction;
use manual_backprop::activation::{self, Activation};
use manual_backprop::error::half_squared_error;
use manual_backprop::layer;
use manual_backprop::linear::{add_bias, add_bias_to_columns, affine, matmul};

use super::{Common, Negative, Room, Teach};
use crate::cli::{activation, finite};
use crate::pages::colours::Colour;
use crate::pages::numbers::{Comparison, Host, number};
use crate::pages::page::{Page, Section, Table};
use crate::pages::plot::{Mark, Panel, Scale, Series, figure, spread};
use crate::pages::terms::{Terms, factor, sum_text};
use activations::far_from_zero;

/// Examples, inputs and outputs of the layer: three different sizes, so that a lost transpose
/// cannot fit.
const BATCH: usize = 4;
const D_IN: usize = 3;
const D_OUT: usize = 2;
/// Points of a curve.
const SAMPLES: usize = 121;
/// The curves of the loss go so far to either side of a parameter.
const AROUND: f64 = 4.0;

/// Options of `lesson layer-rules`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The inputs X, 4 examples of 3 numbers, row by row.
    #[arg(long, default_value = "0.5,-1,2,1.5,0.5,-0.5,-1,2,1,1,-1,0.5", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    x: Vec<f64>,

    /// The weights W from 3 inputs to 2 outputs, row by row.
    #[arg(long, default_value = "1,-0.5,0.5,2,-1.5,1", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    w: Vec<f64>,

    /// The bias b, 2 numbers.
    #[arg(long, default_value = "0.5,-1", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    b: Vec<f64>,

    /// Activation of the whole layer.
    #[arg(long, default_value = "sigmoid", value_parser = activation(), value_name = "NAME")]
    activation: Activation,

    #[command(flatten)]
    common: Common,
}

impl Teach for Options {
    fn name(&self) -> &'static str {
        "layer-rules"
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn teach(&self, room: &Room) -> Result<Page> {
        for (option, got, rows, columns) in [
            ("--x", &self.x, BATCH, D_IN),
            ("--w", &self.w, D_IN, D_OUT),
            ("--b", &self.b, 1, D_OUT),
        ] {
            if got.len() != rows * columns {
                bail!(
                    "{option} takes {} numbers, {rows} x {columns}, and has {}; leave it out to take \
                     the lesson's own",
                    rows * columns,
                    got.len()
                );
            }
        }
        let example = Example::new(self, room);
        let Example { x, w, b, .. } = example.clone();
        let layer::Forward { a, z } = layer::forward(self.activation, x, w, b);
        let sizes = [&a, &z].map(|matrix| Host::of(matrix).norm());
        if !sizes.iter().all(|size| size.is_finite()) {
            return Err(Negative(format!(
                "the layer's values are not finite in {} at these numbers; choose smaller ones",
                room.dtype.name()
            ))
            .into());
        }
        Ok(Page::new("The rules of a layer", "L10, L11 and L2")
            .with(example.introduction())
            .with(example.matrix_product())
            .with(example.why_random())
            .with(example.bias_to_rows())
            .with(example.bias_to_columns())
            .with(example.pointwise()?)
            .with(far_from_zero(room))
            .with(example.half_squared_error(room))
            .with(example.layer(self, room)?))
    }
}

/// The matrices of the lesson.
#[derive(Debug, Clone)]
struct Example {
    x: Tensor<2>,
    w: Tensor<2>,
    b: Tensor<1>,
    /// The gradient with respect to whatever a rule computes: `BATCH` by `D_OUT`.
    grad_z: Tensor<2>,
}

/// Numbers of one decimal, none of them 0.
fn drawn(room: &Room, name: &str) -> Tensor<2> {
    let values = Sample::Signed.draw(BATCH * D_OUT, room.seed, &["layer-rules", name]);
    let values = values.iter().map(|value| (20.0 * value).round() / 10.0);
    room.matrix([BATCH, D_OUT], values.collect())
}

fn tracked<const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
    tensor.clone().autodiff().require_grad()
}

/// Autodiff from `L = Σ δz∘z`, the loss of which `δz` is the gradient with respect to `z`.
fn pull_back<const D: usize>(z: Tensor<D>, grad_z: &Tensor<D>) -> Gradients {
    (z * grad_z.clone().autodiff()).sum().backward()
}

fn pulled<const D: usize>(leaf: &Tensor<D>, tape: &Gradients) -> Tensor<D> {
    leaf.grad(tape).expect("the leaf is tracked")
}

/// The name of an element, its indices from 1.
fn indexed(name: &str, i: usize, j: usize) -> String {
    format!("{name}_{}{}", i + 1, j + 1)
}

/// Element `(i, j)` of a matrix.
fn at(matrix: &Host, i: usize, j: usize) -> f64 {
    matrix.values[i * matrix.dims[1] + j]
}

/// Matrices side by side, below their names and shapes.
fn side_by_side<const N: usize>(matrices: [(&str, Host); N]) -> Table {
    let names = matrices.iter();
    let names = names.map(|(name, host)| format!("{name} {}", host.shape()));
    Table::new(names).row(matrices.iter().map(|(_, host)| host.text()))
}

/// Every element of a matrix formula as the sum that it is.
fn elements(name: &str, sum: &str, matrix: &Host, terms: impl Fn(usize, usize) -> Terms) -> Table {
    let mut table = Table::new(["element", sum, "sum", "the formula's entry", "difference"]);
    for i in 0..matrix.dims[0] {
        for j in 0..matrix.dims[1] {
            let (terms, entry) = (terms(i, j), at(matrix, i, j));
            table.push([
                indexed(name, i, j),
                terms.text(),
                number(terms.sum()),
                number(entry),
                number((terms.sum() - entry).abs()),
            ]);
        }
    }
    table
}

/// What a comparison comes to.
fn verdict(comparison: &Comparison) -> String {
    format!(
        "The same from autodiff, which goes back through the forward pass by itself. Largest \
         difference: {}.",
        number(comparison.largest())
    )
}

impl Example {
    fn new(options: &Options, room: &Room) -> Self {
        let b = TensorData::new(options.b.clone(), [D_OUT]);
        Self {
            x: room.matrix([BATCH, D_IN], options.x.clone()),
            w: room.matrix([D_IN, D_OUT], options.w.clone()),
            b: Tensor::from_data(b, room.float()),
            grad_z: drawn(room, "grad_z"),
        }
    }

    fn introduction(&self) -> Section {
        Section::new("What a rule is")
            .text(format!(
                "A net is a chain of simple steps, and somewhere at its end is a loss L. Each step has \
                 one rule: given δZ, the gradient of L with respect to what the step computes, it \
                 gives the gradients with respect to what went in. Nothing else of the net needs to \
                 be known. X holds {BATCH} examples, one a row. Indices count from 1.",
            ))
            .formula("δz_kl = ∂L/∂z_kl        δx_ij = ∂L/∂x_ij = Σ_kl ∂z_kl/∂x_ij · δz_kl")
            .table(side_by_side([
                ("X", Host::of(&self.x)),
                ("W", Host::of(&self.w)),
                ("b", Host::of(&self.b)),
                ("δZ", Host::of(&self.grad_z)),
            ]))
            .text(
                "δZ is drawn by the seed. The loss L = Σ_kl δz_kl z_kl has this very gradient: by it \
                 autodiff starts from the same δZ.",
            )
    }

    fn matrix_product(&self) -> Section {
        let z = Host::of(&matmul::forward(self.x.clone(), self.w.clone()));
        let (grad_x, grad_w) =
            matmul::backward(self.x.clone(), self.w.clone(), self.grad_z.clone());
        let [x, w, grad_z] = [&self.x, &self.w, &self.grad_z].map(Host::of);
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
                "Of all elements of Z, only those of row i contain x_ij, and only those of column j \
                 contain w_ij. So of the double sum over k and l a single one is left, and that is a \
                 matrix product again:",
            )
            .formula(
                "∂z_kl/∂x_ij = w_jl if k = i, else 0     δx_ij = Σ_l δz_il w_jl = (δZ·Wᵀ)_ij\n\
                 ∂z_kl/∂w_ij = x_ki if l = j, else 0     δw_ij = Σ_k x_ki δz_kj = (Xᵀ·δZ)_ij",
            )
            .table(elements(
                "δw",
                "Σ_k x_ki · δz_kj",
                &Host::of(&grad_w),
                |i, j| Terms::new((0..BATCH).map(|k| (at(&x, k, i), at(&grad_z, k, j)))),
            ))
            .table(elements(
                "δx",
                "Σ_l δz_il · w_jl",
                &Host::of(&grad_x),
                |i, j| Terms::new((0..D_OUT).map(|l| (at(&grad_z, i, l), at(&w, j, l)))),
            ))
            .text(verdict(&comparison))
            .table(comparison.into_table())
    }

    /// Two wrong rules that a cotangent of ones lets pass.
    fn why_random(&self) -> Section {
        let ones = self.grad_z.ones_like();
        let (x_by_ones, w_by_ones) = matmul::backward(self.x.clone(), self.w.clone(), ones.clone());
        let errors = [&ones, &self.grad_z].map(|grad_z| self.errors(grad_z));
        let mut table = Table::new(["rule", "error if δZ is all ones", "error if δZ is drawn"]);
        let rules = [
            "δW = Xᵀ·δZ, right",
            "δW with the columns of δZ swapped",
            "δX = δZ·Wᵀ, right",
            "δX with the rows of δZ reversed",
        ];
        for (i, rule) in rules.into_iter().enumerate() {
            table.push([rule.to_owned(), number(errors[0][i]), number(errors[1][i])]);
        }
        Section::new("Why δZ is drawn, and not all ones")
            .text(
                "To test a rule one could take L = Σ_kl z_kl, so that δZ is all ones. Then every row \
                 of δX is the same, the row sums of W, and every column of δW is the same, the column \
                 sums of X:",
            )
            .table(side_by_side([
                ("δX by ones", Host::of(&x_by_ones)),
                ("δW by ones", Host::of(&w_by_ones)),
            ]))
            .text(
                "Whoever mixes up rows or columns gets the same numbers, and the mistake stays hidden. \
                 With a drawn δZ it shows. Error: the largest difference from autodiff.",
            )
            .table(table)
    }

    /// Errors against autodiff: of `δW`, of `δW` with columns swapped, of `δX`, and of `δX` with
    /// rows reversed.
    fn errors(&self, grad_z: &Tensor<2>) -> [f64; 4] {
        let backward = |grad_z: Tensor<2>| matmul::backward(self.x.clone(), self.w.clone(), grad_z);
        let [x, w] = [&self.x, &self.w].map(tracked);
        let tape = pull_back(matmul::forward(x.clone(), w.clone()), grad_z);
        let [by_x, by_w] = [&x, &w].map(|leaf| Host::of(&pulled(leaf, &tape)));
        let (grad_x, grad_w) = backward(grad_z.clone());
        let (_, swapped) = backward(grad_z.clone().flip([1]));
        let (reversed, _) = backward(grad_z.clone().flip([0]));
        [
            (grad_w, &by_w),
            (swapped, &by_w),
            (grad_x, &by_x),
            (reversed, &by_x),
        ]
        .map(|(ours, theirs)| Host::of(&ours).largest_difference(theirs))
    }

    fn bias_to_rows(&self) -> Section {
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
            let grad_z = Host::of(&self.grad_z);
            (0..BATCH).map(|k| at(&grad_z, k, l)).collect::<Vec<_>>()
        };
        Section::new("Broadcast addition, an example in each row: Z = P + b")
            .text(
                "P = X·W holds one example a row. The same b is added to every row, so b_l is in every \
                 element of column l, and its gradient collects them all. Going forward it is copied; \
                 going back the copies' gradients are added up.",
            )
            .formula(format!(
                "z_kl = p_kl + b_l\n\
                 ∂z_kl/∂p_ij = 1 if (k, l) = (i, j), else 0     δp_ij = δz_ij\n\
                 ∂z_kl/∂b_j  = 1 if l = j, else 0               δb_j  = Σ_k δz_kj\n\n{}",
                bias_sums(&Host::of(&grad_b), column)
            ))
            .table(side_by_side([
                ("P", Host::of(&p)),
                ("b", Host::of(&self.b)),
                ("Z", Host::of(&z)),
            ]))
            .text(verdict(&comparison))
            .table(comparison.into_table())
    }

    fn bias_to_columns(&self) -> Section {
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
            let grad_z = Host::of(&grad_z);
            (0..BATCH).map(|l| at(&grad_z, k, l)).collect::<Vec<_>>()
        };
        Section::new("Broadcast addition, an example in each column: the slides' form")
            .text(
                "The slides put one example in each column. The same numbers, transposed: b_k is added \
                 to every element of row k, and its gradient is the sum over the columns. δb is \
                 the same in both forms; which index is summed depends on where the examples are.",
            )
            .formula(format!(
                "z_kl = p_kl + b_k\n\
                 ∂z_kl/∂b_i = 1 if k = i, else 0     δb_i = Σ_l δz_il     δP = δZ\n\n{}",
                bias_sums(&Host::of(&grad_b), row)
            ))
            .table(side_by_side([
                ("P", Host::of(&p)),
                ("b", Host::of(&self.b)),
                ("Z", Host::of(&z)),
                ("δZ", Host::of(&grad_z)),
            ]))
            .text(verdict(&comparison))
            .table(comparison.into_table())
    }

    fn half_squared_error(&self, room: &Room) -> Section {
        let yp = affine::forward(self.x.clone(), self.w.clone(), self.b.clone());
        let y = drawn(room, "y");
        let loss = half_squared_error::forward(yp.clone(), y.clone(), Reduction::Sum);
        let grad_yp = half_squared_error::backward(yp.clone(), y.clone(), Reduction::Sum);
        let leaf = tracked(&yp);
        let by_autodiff =
            half_squared_error::forward(leaf.clone(), y.clone().autodiff(), Reduction::Sum);
        let tape = by_autodiff.backward();
        let comparison = Comparison::new().row("δYp = Yp - Y", &grad_yp, &pulled(&leaf, &tape));
        let [host_yp, host_y, grad] = [&yp, &y, &grad_yp].map(Host::of);
        Section::new("Half squared error: L = ½‖Yp - Y‖²")
            .text(format!(
                "Let Yp = X·W + b be the output, and Y targets drawn by the seed. Each element of Yp is \
                 in one term of the sum, and the ½ cancels the 2 of the square. Here L = {}.",
                number(Host::of(&loss).values[0])
            ))
            .formula(format!(
                "L = ½ Σ_ik (yp_ik - y_ik)²     δyp_ik = yp_ik - y_ik\n\
                 δyp_11 = {} - {} = {}",
                number(at(&host_yp, 0, 0)),
                factor(at(&host_y, 0, 0)),
                number(at(&grad, 0, 0))
            ))
            .table(side_by_side([("Yp", host_yp), ("Y", host_y)]))
            .text(verdict(&comparison))
            .table(comparison.into_table())
    }

    fn layer(&self, options: &Options, room: &Room) -> Result<Section> {
        let f = options.activation;
        let Self { x, w, b, grad_z } = self.clone();
        let forward = layer::forward(f, x.clone(), w.clone(), b.clone());
        let (a, z) = (forward.a.clone(), forward.z.clone());
        let g = activation::backward(f, a.clone(), z.clone(), grad_z.clone());
        let grads = layer::backward(f, x.clone(), w.clone(), forward, grad_z.clone());

        let [leaf_x, leaf_w] = [&x, &w].map(tracked);
        let (leaf_a, leaf_b) = (tracked(&a), tracked(&b));
        let output = affine::forward(leaf_x.clone(), leaf_w.clone(), leaf_b.clone());
        let tape = pull_back(f.forward(output), &grad_z);
        let tape_of_a = pull_back(f.forward(leaf_a.clone()), &grad_z);
        let comparison = Comparison::new()
            .row("G = f'(A)∘δZ", &g, &pulled(&leaf_a, &tape_of_a))
            .row("δX = G·Wᵀ", &grads.grad_x, &pulled(&leaf_x, &tape))
            .row("δW = Xᵀ·G", &grads.grad_w, &pulled(&leaf_w, &tape))
            .row("δb = Σ_rows G", &grads.grad_b, &pulled(&leaf_b, &tape));
        let (host_x, host_g) = (Host::of(&x), Host::of(&g));
        let terms = Terms::new((0..BATCH).map(|k| (at(&host_x, k, 1), at(&host_g, k, 0))));
        let grad_w = Host::of(&grads.grad_w);
        let graph = self.graph(f)?.to_svg(&SvgOptions {
            title: "One layer".to_owned(),
            ..SvgOptions::default()
        });
        let curves = self.loss_figure(f, room, &grads)?;
        Ok(Section::new(format!("The whole layer: Z = f(X·W + b), f = {f}"))
            .text(
                "Three rules, one after the other, backwards: the pointwise function gives G, the \
                 gradient with respect to A = X·W + b; the addition passes G on and adds up its rows; \
                 the matrix product does the rest.",
            )
            .formula(format!(
                "G = f'(X·W + b)∘δZ     δX = G·Wᵀ     δW = Xᵀ·G     δb = Σ_rows G\n\n\
                 δw_21 = Σ_k x_k2 g_k1 = {} = {}",
                terms.text(),
                number(at(&grad_w, 1, 0))
            ))
            .table(side_by_side([("A", Host::of(&a)), ("Z", Host::of(&z))]))
            .figure(
                "layer",
                "The layer as a graph: values above the arrows, gradients below, from δZ on the right \
                 back to X, W and b",
                graph,
            )
            .text(verdict(&comparison))
            .table(comparison.into_table())
            .text(
                "And what these numbers mean: with L = Σ_kl δz_kl z_kl, vary one parameter alone. The \
                 gradient is the slope of the tangent.",
            )
            .figure(
                "loss-along-parameters",
                "The loss along a weight and along a bias, with tangents of the slopes derived by hand",
                curves,
            ))
    }

    /// The layer after a forward and a backward pass.
    fn graph(&self, f: Activation) -> Result<Graph> {
        let mut net = GraphBuilder::new();
        let x = net.parameter("X", self.x.clone())?;
        let w = net.parameter("W", self.w.clone())?;
        let product = net.matmul("P", x, w)?;
        let b = net.parameter("b", self.b.clone().unsqueeze_dim(0))?;
        let a = net.add_bias("A", product, b)?;
        net.activation("Z", f, a)?;
        let mut net = net.build();
        net.forward();
        net.backward_from("Z", self.grad_z.clone())?;
        Ok(net)
    }

    /// `L = Σ δz∘z` along `w_21` and along `b_1`.
    fn loss_figure(&self, f: Activation, room: &Room, grads: &layer::Gradients) -> Result<String> {
        let (w, b) = (Host::of(&self.w), Host::of(&self.b));
        let loss = |w: &Host, b: &Host| {
            let w = room.matrix([D_IN, D_OUT], w.values.clone());
            let b = Tensor::from_data(TensorData::new(b.values.clone(), [D_OUT]), room.float());
            let z = layer::forward(f, self.x.clone(), w, b).z;
            Host::of(&(z * self.grad_z.clone()).sum()).values[0]
        };
        let now = loss(&w, &b);
        let panel = |name: &str, value: f64, slope: f64, along: &dyn Fn(f64) -> f64| {
            let curve = spread(value - AROUND, value + AROUND, SAMPLES).into_iter();
            let curve = curve.map(|place| (place, along(place)));
            let tangent = [-1.0, 1.0].map(|step| (value + step, now + slope * step));
            let label = format!("slope δ{name} = {}", number(slope));
            let series = vec![
                Series::new("", Colour::BLUE, Mark::Line, curve),
                Series::new(label, Colour::ORANGE, Mark::Line, tangent),
                Series::new("", Colour::INK, Mark::Dots, [(value, now)]),
            ];
            let (x, y) = ((name, Scale::Linear), ("loss L", Scale::Linear));
            Panel::of(format!("The loss along {name}"), x, y, series)
        };
        let weight = D_OUT;
        let panels = [
            panel(
                "w_21",
                w.values[weight],
                Host::of(&grads.grad_w).values[weight],
                &|place| {
                    let mut moved = w.clone();
                    moved.values[weight] = place;
                    loss(&moved, &b)
                },
            ),
            panel(
                "b_1",
                b.values[0],
                Host::of(&grads.grad_b).values[0],
                &|place| {
                    let mut moved = b.clone();
                    moved.values[0] = place;
                    loss(&w, &moved)
                },
            ),
        ];
        figure(&panels, 2)
    }
}

/// Each element of `δb` as the sum that it is.
fn bias_sums(grad_b: &Host, summands: impl Fn(usize) -> Vec<f64>) -> String {
    let lines = grad_b.values.iter().enumerate().map(|(i, &sum)| {
        let summands = sum_text(&summands(i));
        format!("δb_{} = {summands} = {}", i + 1, number(sum))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

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
    fn autodiff_starts_from_the_gradient_that_is_given() {
        let leaf = tracked(&example().x);
        let grad = pulled(&leaf, &pull_back(leaf.clone(), &example().grad_z));
        assert_eq!(Host::of(&grad), Host::of(&example().grad_z));
    }

    #[test]
    fn mixed_up_rows_and_columns_hide_behind_ones_only() {
        let example = example();
        let ones = example.grad_z.ones_like();
        assert_eq!(example.errors(&ones), [0.0; 4]);
        let [right_w, swapped, right_x, reversed] = example.errors(&example.grad_z);
        assert_eq!([right_w, right_x], [0.0, 0.0]);
        assert!(swapped > 1.0 && reversed > 1.0, "{swapped} {reversed}");
    }

    #[test]
    fn elements_are_the_sums_that_their_terms_add_up_to() {
        let z = Host::of(&matrix(1, &[2.0, 7.0]));
        let table = elements("z", "Σ", &z, |_, j| {
            Terms::new([(1.0, 2.0), (5.0, j as f64)])
        });
        let table = serde_json::to_value(&table).unwrap();
        let rows = serde_json::json!([
            ["z_11", "1·2 + 5·0", "2", "2", "0"],
            ["z_12", "1·2 + 5·1", "7", "7", "0"],
        ]);
        assert_eq!(table["rows"], rows);
    }
}
