//! At a kink there is no derivative to compare with.

use layers::Activation;
use pages::numbers::number;
use pages::page::{Section, Table};

use crate::setup::Setup;
use crate::tensors::{read, tracked};

/// The step of the central differences here.
const STEP: f64 = 1e-3;
/// Places, in steps from the kink.
const PLACES: [f64; 7] = [-2.0, -0.5, -0.25, 0.0, 0.25, 0.5, 2.0];

pub(super) fn at_a_kink(setup: &Setup) -> Section {
    let places = PLACES.map(|place| STEP * place).to_vec();
    let f = Activation::Relu;
    let x = setup.vector(places.clone());
    let moved = |step: f64| f.forward(x.clone().add_scalar(step));
    let quotient = (moved(STEP) - moved(-STEP)).div_scalar(2.0 * STEP);
    let leaf = tracked(&x);
    let tape = f.forward(leaf.clone()).sum().backward();
    let autodiff = leaf.grad(&tape).expect("x is tracked");
    let [quotient, autodiff] = [&quotient, &autodiff].map(|tensor| read(tensor).values);
    let mut table = Table::new(["x", "central difference", "autodiff", "difference"]);
    for (i, place) in places.iter().enumerate() {
        table.push([
            number(*place),
            number((1e6 * quotient[i]).round() / 1e6),
            number(autodiff[i]),
            number((1e6 * (quotient[i] - autodiff[i]).abs()).round() / 1e6),
        ]);
    }
    Section::new("At a kink")
        .text(format!(
            "ReLU has no derivative at 0. A central difference with h = {} that reaches across the kink gives a \
             number between 0 and 1, in the middle ½, and no formula is wrong. So a checker takes its points away \
             from kinks, and the convention at the kink itself, ReLU'(0) = 0, is tested on its own.",
            number(STEP)
        ))
        .table(table)
}
