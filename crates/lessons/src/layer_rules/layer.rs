//! The whole layer: matrix product, bias and activation.

use anyhow::Result;
use computational_graph::{Graph, GraphBuilder, SvgOptions};
use manual_backprop::activation::{self, Activation};
use manual_backprop::layer;
use manual_backprop::linear::affine;
use pages::colours::Colour;
use pages::numbers::{Array, number};
use pages::page::{Picture, Section};
use pages::plot::{Mark, Panel, Scale, Series, figure, spread};
use pages::terms::Terms;

use super::example::{
    BATCH, D_IN, D_OUT, Example, SAMPLES, at, pull_back, pulled, side_by_side, verdict,
};
use crate::graphs;
use crate::setup::Setup;
use crate::tensors::{Comparison, read, scalar, tracked};

/// How far the curves of the loss extend to each side of a parameter.
const AROUND: f64 = 4.0;

impl Example {
    /// The layer with the activation `f`.
    pub(super) fn layer(&self, f: Activation, setup: &Setup) -> Result<Section> {
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
        let (host_x, host_g) = (read(&x), read(&g));
        let terms = Terms::new((0..BATCH).map(|k| (at(&host_x, k, 1), at(&host_g, k, 0))));
        let grad_w = read(&grads.grad_w);
        let options = SvgOptions {
            title: "One layer".to_owned(),
            ..SvgOptions::default()
        };
        let graph = graphs::picture(&self.graph(f)?, &options);
        let curves = self.loss_figure(f, setup, &grads)?;
        Ok(Section::new(format!("The whole layer: Z = f(X·W + b), f = {f}"))
            .text(
                "Three rules, applied backward: the pointwise function gives G, the gradient with respect \
                 to A = X·W + b; the addition passes G on and sums its rows; the matrix product does the \
                 rest.",
            )
            .formula(format!(
                "G = f'(X·W + b)∘δZ     δX = G·Wᵀ     δW = Xᵀ·G     δb = Σ_rows G\n\n\
                 δw_21 = Σ_k x_k2 g_k1 = {} = {}",
                terms.text(),
                number(at(&grad_w, 1, 0))
            ))
            .table(side_by_side([("A", read(&a)), ("Z", read(&z))]))
            .figure(
                "layer",
                "The layer as a graph: values above the arrows, gradients below, from δZ on the right \
                 back to X, W and b",
                graph,
            )
            .text(verdict(&comparison))
            .table(comparison.into_table())
            .text(
                "What these numbers mean: with L = Σ_kl δz_kl z_kl, vary a single parameter. The gradient \
                 is the slope of the tangent.",
            )
            .figure(
                "loss-along-parameters",
                "The loss along a weight and along a bias, with tangents whose slopes are the gradients by hand",
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
    fn loss_figure(
        &self,
        f: Activation,
        setup: &Setup,
        grads: &layer::Gradients,
    ) -> Result<Picture> {
        let (w, b) = (read(&self.w), read(&self.b));
        let loss = |w: &Array, b: &Array| {
            let w = setup.matrix([D_IN, D_OUT], w.values.clone());
            let b = setup.vector(b.values.clone());
            let z = layer::forward(f, self.x.clone(), w, b).z;
            scalar(&(z * self.grad_z.clone()).sum())
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
                read(&grads.grad_w).values[weight],
                &|place| {
                    let mut moved = w.clone();
                    moved.values[weight] = place;
                    loss(&moved, &b)
                },
            ),
            panel(
                "b_1",
                b.values[0],
                read(&grads.grad_b).values[0],
                &|place| {
                    let mut moved = b.clone();
                    moved.values[0] = place;
                    loss(&w, &moved)
                },
            ),
        ];
        Ok(figure(&panels, 2)?)
    }
}
