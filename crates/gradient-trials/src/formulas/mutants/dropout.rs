//! Mistakes in the backward pass of dropout, and of a net with it.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Mutant, Upstream, Values};
use manual_backprop::Reduction;
use manual_backprop::activation::{Activation, tanh};
use manual_backprop::cross_entropy::softmax_cross_entropy;
use manual_backprop::dropout;
use manual_backprop::linear::affine;

use super::{Row, at_sizes, from_rows};
use crate::common::{DROPPED, masks, scaled};
use crate::formulas::models::{By, drawn_labels, dropout_mlp_case};
use crate::formulas::rules::dropout_case;

pub(super) fn mutants() -> Vec<Mutant> {
    let of_net = from_rows(OF_A_NET, |change| {
        move |v: &Values, g: &Upstream| {
            let mut parts = Parts::RIGHT;
            change(&mut parts);
            backward(v, g, &parts)
        }
    });
    [from_rows(OF_THE_RULE, |vjp| vjp), of_net].concat()
}

const OF_THE_RULE: &[Row] = &[
    (
        "dropout: mask forgotten",
        "δh = δa/(1 - p)",
        rule_cases,
        |_, g| of_h(g.get::<2>(0) / (1.0 - DROPPED)),
    ),
    (
        "dropout: scale forgotten",
        "δh = δa∘m",
        rule_cases,
        |v, g| of_h(g.get::<2>(0) * v.get("m")),
    ),
    (
        "dropout: scale squared",
        "δh = δa∘m/(1 - p)²",
        rule_cases,
        |v, g| {
            let once = dropout::backward(g.get::<2>(0), v.get("m"), DROPPED);
            of_h(once / (1.0 - DROPPED))
        },
    ),
    (
        "dropout: p for 1 - p",
        "δh = δa∘m/p",
        rule_cases,
        |v, g| of_h(g.get::<2>(0) * v.get("m") / DROPPED),
    ),
    (
        "dropout: the others",
        "δh = δa∘(1 - m)/(1 - p), the gradient of what was left out",
        rule_cases,
        |v, g| {
            let m = v.get::<2>("m");
            let others = m.ones_like() - m;
            of_h(dropout::backward(g.get::<2>(0), others, DROPPED))
        },
    ),
    (
        "dropout: one mask for all rows",
        "δh = δa∘m/(1 - p) with the mask of the first row",
        rule_cases,
        |v, g| {
            let m = v.get::<2>("m");
            let first = m.clone().narrow(0, 0, 1).expand(m.dims());
            of_h(dropout::backward(g.get::<2>(0), first, DROPPED))
        },
    ),
];

const OF_A_NET: &[Row<fn(&mut Parts)>] = &[
    (
        "dropout net: mask of another layer",
        "δz2 = δd2∘m1/(1 - p)",
        net_cases,
        |parts| parts.mask = |given, _| given.m[1].clone(),
    ),
    (
        "dropout net: new masks on the way back",
        "δz_l = δd_l∘m'_l/(1 - p) with masks of the next step",
        net_cases,
        |parts| {
            parts.mask = |given, l| {
                let d = &given.d[l];
                masks()
                    .at_step(6)
                    .mask(l, d.dims(), (&d.device(), d.dtype()))
            }
        },
    ),
    (
        "dropout net: all inputs",
        "δw1 = xᵀ·δa1, without the inputs' mask",
        net_cases,
        |parts| {
            parts.input = |given, l| match l {
                0 => given.x.clone(),
                _ => given.d[l].clone(),
            }
        },
    ),
    (
        "dropout net: all units",
        "δw_l = z_(l-1)ᵀ·δa_l, without the units' mask",
        net_cases,
        |parts| {
            parts.input = |given, l| match l {
                0 => given.d[0].clone(),
                _ => given.z[l].clone(),
            }
        },
    ),
    (
        "dropout net: f' of the scaled value",
        "f' = 1 - d² for 1 - z², with d = z∘m/(1 - p)",
        net_cases,
        |parts| parts.activation = |given, l| given.d[l].clone(),
    ),
];

fn of_h(grad_h: Tensor<2>) -> Gradients {
    Gradients::new().with("h", grad_h)
}

fn rule_cases() -> Vec<Case> {
    at_sizes(dropout_case)
}

/// Hidden layers of one size, so that a mask of the other one fits.
const SIZES: [usize; 5] = [9, 7, 6, 6, 4];

fn net_cases() -> Vec<Case> {
    vec![dropout_mlp_case(Activation::Tanh, &SIZES, By::Formulas)]
}

/// The forward pass; index 0 is the input, or of a layer.
struct Given {
    x: Tensor<2>,
    /// `z_l`; `z_0 = x`.
    z: Vec<Tensor<2>>,
    /// `m_l`.
    m: Vec<Tensor<2>>,
    /// `d_l = z_l∘m_l/(1 - p_l)`.
    d: Vec<Tensor<2>>,
}

/// The parts of the backward pass that a mutant may replace: the mask of a hidden layer, the input of the layer
/// after it, and the value by which its activation is differentiated.
struct Parts {
    mask: fn(&Given, usize) -> Tensor<2>,
    input: fn(&Given, usize) -> Tensor<2>,
    activation: fn(&Given, usize) -> Tensor<2>,
}

impl Parts {
    const RIGHT: Self = Self {
        mask: |given, l| given.m[l].clone(),
        input: |given, l| given.d[l].clone(),
        activation: |given, l| given.z[l].clone(),
    };
}

/// The backward pass of a net with two hidden layers.
fn backward(v: &Values, grad_out: &Upstream, parts: &Parts) -> Gradients {
    let layers = [0, 1, 2].map(|l| {
        let weight = v.get::<2>(&format!("layers.{l}.weight"));
        (weight, v.get::<1>(&format!("layers.{l}.bias")))
    });
    let x = v.get::<2>("x");
    let mut given = Given {
        x: x.clone(),
        z: vec![],
        m: vec![],
        d: vec![],
    };
    let mut z = x;
    let mut logits = z.clone();
    for (l, (w, b)) in layers.iter().enumerate() {
        let m = masks().mask(l, z.dims(), (&z.device(), z.dtype()));
        let d = dropout::forward(z.clone(), m.clone(), masks().probability(l));
        logits = affine::forward(d.clone(), w.clone(), b.clone());
        given.z.push(z);
        given.m.push(m);
        given.d.push(d);
        z = tanh::forward(logits.clone());
    }
    let [rows, classes] = logits.dims();
    let labels = v.ints([rows], &drawn_labels(rows, classes));
    let y = manual_backprop::cross_entropy::one_hot(labels, classes, logits.dtype());
    let (_, yp) = softmax_cross_entropy::forward(logits, y.clone(), Reduction::Mean);
    let mut grad_a = softmax_cross_entropy::backward(yp, y, Reduction::Mean);
    let mut grads = Gradients::new();
    for (l, (w, _)) in layers.iter().enumerate().rev() {
        let (grad_w, grad_b) =
            affine::backward_parameters((parts.input)(&given, l), grad_a.clone());
        grads = grads
            .with(format!("layers.{l}.weight"), scaled(grad_w, grad_out))
            .with(format!("layers.{l}.bias"), scaled(grad_b, grad_out));
        if l > 0 {
            let grad_d = grad_a.matmul(w.clone().transpose());
            let m = (parts.mask)(&given, l);
            let grad_z = dropout::backward(grad_d, m, masks().probability(l));
            grad_a = tanh::backward((parts.activation)(&given, l), grad_z);
        }
    }
    grads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::processor;
    use burn::tensor::DType;
    use burn_gradcheck::{Options, Target};

    #[test]
    fn the_parts_are_right_where_no_mutant_replaces_them() {
        let Some(device) = processor() else {
            return;
        };
        let target = Target::new(device, DType::F64);
        for case in net_cases() {
            let case = case.vjp(|v, g| backward(v, g, &Parts::RIGHT));
            crate::check(&case, &target, &Options::default()).assert_pass();
        }
    }
}
