//! Why a sum of outputs certifies nothing about softmax.

use burn::tensor::{DType, Tensor};
use burn_gradcheck::{Case, Gradients, Sample};
use manual_backprop::softmax;
use pages::formula::Formula;
use pages::numbers::number;
use pages::page::{Cell, Section, Table};

use crate::setup::Setup;
use crate::tensors::read;

/// Rows and classes of the softmax that is checked.
const SIZES: [usize; 2] = [3, 4];

/// A backward pass of the softmax: its name, whether it is right, and what it computes from output and upstream
/// gradient.
type Rule = (&'static str, bool, fn(Tensor<2>, Tensor<2>) -> Tensor<2>);

const RULES: [Rule; 6] = [
    ("δz = yp∘(δyp - Σ_k yp_k δyp_k)", true, softmax::backward),
    ("δz = 0", false, |yp, _| yp.zeros_like()),
    (
        "δz = -yp∘(δyp - Σ_k yp_k δyp_k)",
        false,
        |yp, grad| -softmax::backward(yp, grad),
    ),
    (
        "δz = 2 yp∘(δyp - Σ_k yp_k δyp_k)",
        false,
        |yp, grad| softmax::backward(yp, grad).mul_scalar(2.0),
    ),
    ("δz = yp∘(1 - yp)∘δyp", false, own_term_only),
    ("δz = yp∘δyp", false, |yp, grad| yp * grad),
];

/// The diagonal of the Jacobian alone.
fn own_term_only(yp: Tensor<2>, grad: Tensor<2>) -> Tensor<2> {
    let complement = yp.ones_like() - yp.clone();
    yp * complement * grad
}

/// The largest difference of each rule from central differences of `Σ δyp∘softmax(z)`.
fn differences(z: &Tensor<2>, grad_yp: &Tensor<2>) -> Vec<f64> {
    let expected = central(z, grad_yp);
    let yp = softmax::forward(z.clone());
    let difference = |(_, _, rule): &Rule| {
        let ours = rule(yp.clone(), grad_yp.clone());
        read(&(ours - expected.clone()).abs().max()).values[0]
    };
    RULES.iter().map(difference).collect()
}

/// Central differences of `Σ δyp∘softmax(z)` by each element of `z`.
fn central(z: &Tensor<2>, grad_yp: &Tensor<2>) -> Tensor<2> {
    let step = match z.dtype() {
        DType::F64 => 1e-5,
        _ => 1e-2,
    };
    let [rows, columns] = z.dims();
    let options = (&z.device(), z.dtype());
    let loss = |moved: Tensor<2>| (softmax::forward(moved) * grad_yp.clone()).sum();
    let elements = (0..rows * columns).map(|i| {
        let mut shift = vec![0.0; rows * columns];
        shift[i] = step;
        let shift = Tensor::<1>::from_data(&shift[..], options).reshape([rows, columns]);
        let [right, left] = [z.clone() + shift.clone(), z.clone() - shift].map(loss);
        read(&(right - left)).values[0] / (2.0 * step)
    });
    let elements = elements.collect::<Vec<_>>();
    Tensor::<1>::from_data(&elements[..], options).reshape([rows, columns])
}

fn drawn(name: &str, setup: &Setup) -> Tensor<2> {
    let values = Sample::Signed.draw(SIZES[0] * SIZES[1], setup.seed, &["checking", name]);
    setup.matrix(SIZES, values)
}

pub(super) fn sums(setup: &Setup) -> Section {
    let (z, random) = (drawn("z", setup), drawn("upstream", setup));
    let by_ones = differences(&z, &random.ones_like());
    let by_random = differences(&z, &random);
    let mut table = Table::new(["rule", "right", "δyp all ones", "δyp random"]);
    for (i, (formula, is_right, _)) in RULES.iter().enumerate() {
        let right = if *is_right { "yes" } else { "no" };
        table.push([
            Cell::from(Formula::new(*formula)),
            right.into(),
            number(by_ones[i]).into(),
            number(by_random[i]).into(),
        ]);
    }
    let hidden = RULES.iter().zip(&by_ones).zip(&by_random);
    let hidden =
        hidden.filter(|(((_, is_right, _), ones), random)| !is_right && **ones < 1e-3 * **random);
    Section::new("A sum of outputs certifies nothing about softmax")
        .text(
            "A function with many outputs needs a number to differentiate. The nearest is the sum of the \
             outputs: an upstream gradient of ones. For a softmax it is the worst that one can take. Its outputs \
             sum to 1 in each row, whatever the logits are, so the gradient of the sum is 0:",
        )
        .formula("L = Σ_k yp_k = 1        δz_i = ∂L/∂z_i = 0")
        .text(format!(
            "Every rule that gives 0 for ones passes. Here are the right rule and some wrong ones, each compared \
             with central differences at {} x {} random logits: the largest difference of an element. {} of the \
             {} wrong rules look right when the upstream gradient is all ones; a random one shows them all.",
            SIZES[0],
            SIZES[1],
            hidden.count(),
            RULES.iter().filter(|(_, is_right, _)| !is_right).count()
        ))
        .table(table)
        .text(
            "Layer and batch normalisation have the same trap: their outputs sum to 0. A random upstream gradient \
             costs nothing more, and a wrong rule passes it with probability 0.",
        )
}

/// What the checker of this project says about one of the wrong rules.
pub(super) fn named(setup: &Setup) -> Section {
    let case = Case::new("softmax")
        .input("z", SIZES)
        .function(|v| softmax::forward(v.get::<2>("z")))
        .vjp(|v, grad_out| {
            let yp = softmax::forward(v.get::<2>("z"));
            Gradients::new().with("z", own_term_only(yp, grad_out.get::<2>(0)))
        });
    let report = case.check(&setup.opened.device);
    Section::new("Three witnesses name the one that is wrong")
        .text(
            "Two witnesses can disagree, three can say who is wrong. The checker of this project compares the \
             formula, autodiff and central differences, with a random upstream gradient. This is its verdict on \
             the rule with the diagonal alone:",
        )
        .code(report.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use backends::Backend;

    #[test]
    fn ones_hide_what_a_random_gradient_shows() {
        let setup = Setup::new(Backend::Flex.open().unwrap(), 0);
        let (z, random) = (drawn("z", &setup), drawn("upstream", &setup));
        let by_ones = differences(&z, &random.ones_like());
        let by_random = differences(&z, &random);
        assert!(by_ones[0] < 1e-10 && by_random[0] < 1e-9, "the right rule");
        assert!(by_ones[1..4].iter().all(|difference| *difference < 1e-10));
        assert!(by_random[1..].iter().all(|difference| *difference > 1e-2));
    }

    #[test]
    fn the_verdict_accuses_the_formula() {
        let setup = Setup::new(Backend::Flex.open().unwrap(), 0);
        let section = serde_json::to_value(named(&setup)).unwrap();
        let code = section["blocks"][1]["code"].as_str().unwrap();
        assert!(
            code.contains("the hand-written gradient is the odd one"),
            "{code}"
        );
    }
}
