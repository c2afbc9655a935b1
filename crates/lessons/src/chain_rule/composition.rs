//! The composition of the function with x(z).

use gradient_descent::Function;
use gradient_descent::functions::{Composition, FourVariables, inner};
use pages::formula::Formula;
use pages::numbers::{Array, number, vector};
use pages::page::{Cell, Section, Table};
use pages::terms::Terms;

use crate::functions::autodiff;
use crate::setup::Setup;
use crate::tensors::Comparison;

/// x(z), and its Jacobian row by row.
const INNER: [&str; 4] = ["z1 - z2", "z1²", "z2²", "z1² + z1 z2"];
const JACOBIAN: [[&str; 2]; 4] = [
    ["1", "-1"],
    ["2 z1", "0"],
    ["0", "2 z2"],
    ["2 z1 + z2", "z1"],
];

/// A matrix in the notation of formulas.
pub(super) fn matrix<R: AsRef<[String]>>(rows: &[R]) -> String {
    let rows = rows.iter().map(|row| row.as_ref().join(", "));
    format!("[{}]", rows.collect::<Vec<_>>().join("; "))
}

pub(super) fn composition(z: [f64; 2]) -> Section {
    let x = inner::map(z);
    let mut table = Table::new(["x(z)", "value"]);
    for (i, formula) in INNER.into_iter().enumerate() {
        let formula = Formula::new(format!("x{} = {formula}", i + 1));
        table.push([Cell::from(formula), number(x[i]).into()]);
    }
    let symbols = JACOBIAN.map(|row| row.map(str::to_owned).to_vec());
    let numbers = inner::jacobian(z).map(|row| row.map(number).to_vec());
    let jacobian = format!("J = ∂x/∂z = {}  =  {}", matrix(&symbols), matrix(&numbers));
    Section::new("A composition: f after x(z)")
        .formula(Composition.formula())
        .text(format!(
            "At z = {}: x(z) = {} and F(z) = f(x(z)) = {}.",
            vector(&z),
            vector(&x),
            number(Composition.value(&z))
        ))
        .table(table)
        .text("The Jacobian has a row for each x and a column for each z.")
        .formula(jacobian)
}

pub(super) fn product(z: [f64; 2]) -> Section {
    let x = inner::map(z);
    let grad_x = FourVariables.gradient(&x);
    let jacobian = inner::jacobian(z);
    let grad_z = Composition.gradient(&z);
    let mut table = Table::new(["component", "terms", "value"]);
    for (j, component) in grad_z.iter().enumerate() {
        let terms = (0..x.len()).map(|i| (jacobian[i][j], grad_x[i]));
        table.push([
            Cell::from(Formula::new(format!(
                "∂F/∂z{0} = Σ_i ∂x_i/∂z{0} · ∂f/∂x_i",
                j + 1
            ))),
            Terms::new(terms).text().into(),
            number(*component).into(),
        ]);
    }
    Section::new("The gradient of the composition, element by element")
        .text(format!(
            "The gradient that comes back from f is ∇x f = {}, the gradient above at x(z). It is passed \
             through x(z) by a product with the transposed Jacobian (a vector-Jacobian product): ∇z F = {}.",
            vector(&grad_x),
            vector(&grad_z)
        ))
        .formula("∇_z F = Jᵀ ∇_x f")
        .table(table)
}

pub(super) fn composition_compared(z: [f64; 2], setup: &Setup) -> Section {
    let x = inner::map(z);
    let comparison = Comparison::new()
        .array_row(
            "∇_x f",
            &Array::vector(FourVariables.gradient(&x)),
            &autodiff(&FourVariables, &x, setup),
        )
        .array_row(
            "∇_z F",
            &Array::vector(Composition.gradient(&z)),
            &autodiff(&Composition, &z, setup),
        );
    comparison.shown_in(
        Section::new("The composition by automatic differentiation"),
        "Burn's autodiff goes back through f and x(z) at once and never computes J.",
    )
}
