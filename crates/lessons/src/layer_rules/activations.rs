//! Pointwise functions: the rule, and the activations near 0 and far from it.

use anyhow::Result;
use burn::tensor::{Tensor, TensorData, activation as burn_activation};
use manual_backprop::activation::{self, Activation};
use manual_backprop::linear::affine;
use pages::colours::Colour;
use pages::numbers::{Array, number, vector};
use pages::page::{Picture, Section, Table};
use pages::plot::{Mark, Panel, Scale, Series, figure, spread};
use pages::terms::factor;

use super::example::{Example, SAMPLES, at, pull_back, pulled, side_by_side, verdict};
use crate::setup::Setup;
use crate::tensors::{Comparison, read, tracked};

/// The points at which every activation is computed: near 0, and far beyond the values in a net.
const PLACES: [f64; 5] = [-1000.0, -1.0, 0.0, 1.0, 1000.0];
/// How far the curves of the activations extend to each side of 0.
const REACH: f64 = 4.0;

impl Example {
    /// Every activation, by hand and by autodiff.
    pub(super) fn pointwise(&self) -> Result<Section> {
        let a = affine::forward(self.x.clone(), self.w.clone(), self.b.clone());
        let mut comparison = Comparison::new();
        for f in Activation::ALL {
            let z = activation::forward(f, a.clone());
            let by_hand = activation::backward(f, a.clone(), z, self.grad_z.clone());
            let leaf = tracked(&a);
            let tape = pull_back(f.forward(leaf.clone()), &self.grad_z);
            comparison = comparison.row(&format!("δA, {f}"), &by_hand, &pulled(&leaf, &tape));
        }
        let (host_a, grad_z) = (read(&a), read(&self.grad_z));
        let f = Activation::Sigmoid;
        let z = activation::forward(f, a.clone());
        let slope = activation::backward(f, a.clone(), z.clone(), z.ones_like());
        let grad_a = activation::backward(f, a.clone(), z.clone(), self.grad_z.clone());
        let [z, slope, grad_a] = [&z, &slope, &grad_a].map(read);
        Ok(Section::new("Pointwise function: Z = f(A)")
            .text(
                "Each element of Z depends on one element of A, the one at the same position. So there is no \
                 sum: the gradient is multiplied by the derivative, element by element.",
            )
            .formula(
                "δa_ij = f'(a_ij) δz_ij        δA = f'(A)∘δZ\n\n\
                 relu(a)    = max(a, 0)                      relu'    = 1 if a > 0, else 0\n\
                 sigmoid(a) = 1 / (1 + e^-a) = z             sigmoid' = z (1 - z)\n\
                 tanh(a)    = z                              tanh'    = 1 - z²\n\
                 elu(a)     = a if a > 0, else e^a - 1       elu'     = 1 if a > 0, else e^a",
            )
            .figure(
                "activations",
                "Each function and its derivative; dots: the derivative at 0. ReLU has a kink at 0 and its \
                 derivative jumps; the derivative at 0 is defined as 0. ELU is smooth, its derivative has a kink.",
                activations_figure(self.x.clone())?,
            )
            .text(format!(
                "With A = X·W + b. One element by hand, for the sigmoid: a_11 = {}, z_11 = {}, \
                 f'(a_11) = {}·(1 - {}) = {}, δa_11 = {}·{} = {}. {}",
                number(at(&host_a, 0, 0)),
                number(at(&z, 0, 0)),
                number(at(&z, 0, 0)),
                number(at(&z, 0, 0)),
                number(at(&slope, 0, 0)),
                number(at(&slope, 0, 0)),
                factor(at(&grad_z, 0, 0)),
                number(at(&grad_a, 0, 0)),
                verdict(&comparison)
            ))
            .table(side_by_side([("A", host_a), ("δZ", grad_z)]))
            .table(comparison.into_table()))
    }
}

/// Value and derivative of an activation at these places, by the rule derived by hand.
fn value_and_slope(f: Activation, places: &[f64], like: &Tensor<2>) -> [Vec<f64>; 2] {
    let options = (&like.device(), like.dtype());
    let a = Tensor::<1>::from_data(TensorData::new(places.to_vec(), [places.len()]), options);
    let z = activation::forward(f, a.clone());
    let slope = activation::backward(f, a, z.clone(), z.ones_like());
    [read(&z).values, read(&slope).values]
}

fn activations_figure(like: Tensor<2>) -> Result<Picture> {
    // A jump of the derivative at 0 shows as a gap between two curves.
    let left = spread(-REACH, 0.0, SAMPLES);
    let right = spread(f64::from(f32::EPSILON), REACH, SAMPLES);
    let all = [&left[..], &right[..]].concat();
    let panels = Activation::ALL.map(|f| {
        let line = |places: &[f64], which: usize| {
            let values = value_and_slope(f, places, &like)[which].clone();
            places.iter().copied().zip(values).collect::<Vec<_>>()
        };
        let series = vec![
            Series::new("f(a)", Colour::BLUE, Mark::Line, line(&all, 0)),
            Series::new("f'(a)", Colour::ORANGE, Mark::Line, line(&left, 1)),
            Series::new("", Colour::ORANGE, Mark::Line, line(&right, 1)),
            Series::new("", Colour::ORANGE, Mark::Dots, line(&[0.0], 1)),
        ];
        Panel::of(f.name(), ("a", Scale::Linear), ("", Scale::Linear), series)
    });
    Ok(figure(&panels, 2)?)
}

/// Value and derivative of each activation, also where a naive formula overflows.
pub(super) fn far_from_zero(setup: &Setup) -> Section {
    let like = setup.matrix([1, 1], vec![0.0]);
    let columns = Activation::ALL
        .iter()
        .flat_map(|f| [format!("{f}"), format!("{f}'")]);
    let mut table = Table::new(std::iter::once("a".to_owned()).chain(columns));
    let values = Activation::ALL.map(|f| value_and_slope(f, &PLACES, &like));
    for (i, &place) in PLACES.iter().enumerate() {
        let cells = values
            .iter()
            .flat_map(|both| both.iter().map(|v| number(v[i])));
        table.push(std::iter::once(number(place)).chain(cells));
    }
    let a = setup.vector(PLACES.to_vec());
    let mut comparison = Comparison::new();
    for (f, [_, slope]) in Activation::ALL.iter().zip(&values) {
        let leaf = tracked(&a);
        let tape = f.forward(leaf.clone()).sum().backward();
        let by_hand = Array::vector(slope.clone());
        comparison = comparison.array_row(&format!("{f}'"), &by_hand, &read(&pulled(&leaf, &tape)));
    }
    let leaf = tracked(&a);
    let tape = burn_activation::elu(leaf.clone(), 1.0).sum().backward();
    let elu_of_burn = read(&pulled(&leaf, &tape));
    Section::new("The activations near 0 and far from it")
        .text(format!(
            "On paper e^a is always a number; in {} it is infinite for large a, and infinity minus \
             infinity or divided by infinity is NaN. So the formulas are computed with exponents that \
             are never positive: sigmoid(a) = e^min(a,0) / (e^min(a,0) + e^-max(a,0)), elu(a) = max(a,0) + \
             e^min(a,0) - 1. Where a function is saturated its derivative is 0: no gradient passes.",
            setup.dtype.name()
        ))
        .table(table)
        .text(format!(
            "The same derivatives from autodiff. Largest difference: {}.",
            number(comparison.largest())
        ))
        .table(comparison.into_table())
        .text(format!(
            "The form of the formula matters to autodiff too. Burn's own elu computes e^a even where it is \
             not used; its derivative at a = {} by autodiff is {}.",
            vector(&PLACES),
            vector(&elu_of_burn.values)
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    #[test]
    fn activations_are_safe_far_from_zero() {
        let like = Tensor::zeros([1, 1], (&Device::flex(), DType::F64));
        let ends = |f| value_and_slope(f, &[-1000.0, 0.0, 1000.0], &like);
        assert_eq!(
            ends(Activation::Relu),
            [[0.0, 0.0, 1000.0], [0.0, 0.0, 1.0]]
        );
        assert_eq!(
            ends(Activation::Sigmoid),
            [[0.0, 0.5, 1.0], [0.0, 0.25, 0.0]]
        );
        assert_eq!(ends(Activation::Tanh), [[-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]);
        assert_eq!(
            ends(Activation::Elu),
            [[-1.0, 0.0, 1000.0], [0.0, 1.0, 1.0]]
        );
    }
}
