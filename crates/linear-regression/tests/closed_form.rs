//! The closed form: its gradient is 0, it solves singular systems, and it refuses bad input.

use burn::module::Param;
use burn::tensor::{DType, Device, Tensor, TensorData};
use linear_regression::{
    Error, LinearRegression, LinearRegressionConfig, NormalEquations, Solution, closed_form,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn matrix(values: &[f64], shape: [usize; 2]) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), shape);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

/// Rows of numbers as a tensor.
fn rows<const N: usize, const D: usize>(values: [[f64; D]; N]) -> Tensor<2> {
    matrix(values.as_flattened(), [N, D])
}

fn solve(x: &Tensor<2>, y: &Tensor<2>, ridge: f64) -> Solution {
    closed_form(x.clone(), y.clone(), ridge).expect("finite data")
}

fn in_f64(solution: &Solution) -> LinearRegression {
    solution.net((&Device::flex(), DType::F64))
}

fn loss(net: &LinearRegression, x: &Tensor<2>, y: &Tensor<2>) -> f64 {
    net.loss(x.clone(), y.clone()).into_scalar::<f64>()
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn norm_of(tensor: &Tensor<2>) -> f64 {
    norm(&tensor.clone().try_into_vec_as::<f64>().expect("f64"))
}

#[track_caller]
fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    let gap = got.iter().zip(expected).map(|(a, b)| a - b);
    let gap = norm(&gap.collect::<Vec<_>>());
    assert!(gap <= tolerance, "{got:?} is {gap:e} from {expected:?}");
}

/// `∂J/∂W` and `∂J/∂b`, from the rows.
fn gradient(net: &LinearRegression, x: &Tensor<2>, y: &Tensor<2>) -> [Tensor<2>; 2] {
    let error = net.forward(x.clone()) - y.clone();
    let grad_w = x.clone().transpose().matmul(error.clone());
    [
        grad_w + net.linear.weight.val() * net.ridge,
        error.sum_dim(0),
    ]
}

/// A problem of any small size, more rows than inputs or fewer, and a ridge term or none.
fn problems() -> impl Strategy<Value = (Tensor<2>, Tensor<2>, f64)> {
    let ridge = prop_oneof![Just(0.0), 1e-3..10.0f64];
    (1..12usize, 1..6usize, 1..4usize, ridge).prop_flat_map(|(n, d_in, d_out, ridge)| {
        let x = vec(-3.0..3.0f64, n * d_in);
        let y = vec(-3.0..3.0f64, n * d_out);
        (x, y).prop_map(move |(x, y)| (matrix(&x, [n, d_in]), matrix(&y, [n, d_out]), ridge))
    })
}

proptest! {
    #[test]
    fn the_gradient_vanishes_at_the_solution((x, y, ridge) in problems()) {
        let solution = solve(&x, &y, ridge);
        let [grad_w, grad_b] = gradient(&in_f64(&solution), &x, &y);
        // Rounding, relative to the terms that cancel.
        let (size_x, size_w) = (norm_of(&x), norm(&solution.weight));
        let outputs = size_x * size_w + norm(&solution.bias) * (x.dims()[0] as f64).sqrt();
        let terms = (outputs + norm_of(&y)) * (size_x + 1.0);
        prop_assert!(norm_of(&grad_w) <= 1e-11 * terms, "{grad_w} {solution:?}");
        prop_assert!(norm_of(&grad_b) <= 1e-11 * terms, "{grad_b} {solution:?}");
    }

    #[test]
    fn no_other_place_has_a_smaller_loss((x, y, ridge) in problems(), away in vec(-1.0..1.0f64, 18)) {
        let solution = solve(&x, &y, ridge);
        let mut other = solution.clone();
        let places = other.weight.iter_mut().chain(&mut other.bias);
        places.zip(away).for_each(|(place, away)| *place += away);
        let least = loss(&in_f64(&solution), &x, &y);
        prop_assert!(loss(&in_f64(&other), &x, &y) >= least * (1.0 - 1e-12) - 1e-20);
    }

    #[test]
    fn the_loss_from_the_sums_is_the_loss_from_the_rows((x, y, ridge) in problems(), seed in 0..1000u64) {
        let mut equations = NormalEquations::new(x.dims()[1], y.dims()[1]).expect("sizes from 1");
        equations.add(x.clone(), y.clone()).expect("finite data");
        let net = LinearRegressionConfig::new(x.dims()[1], y.dims()[1])
            .with_ridge(ridge)
            .with_initializer(linear_regression::Initializer::HeUniform)
            .init(seed, (&Device::flex(), DType::F64))
            .expect("a legal configuration");
        let solution = equations.solve(ridge).expect("rows were added");
        let found = in_f64(&solution);
        // Rounding, relative to the terms that cancel.
        let terms = |net: &LinearRegression| {
            (norm_of(&y) + norm_of(&x) * norm_of(&net.linear.weight.val())).powi(2)
        };
        for net in [&net, &found] {
            let (sums, direct) = (equations.loss(net).expect("readable"), loss(net, &x, &y));
            prop_assert!((sums - direct).abs() <= 1e-13 * terms(net), "{sums} {direct}");
        }
        let (said, direct) = (solution.loss, loss(&found, &x, &y));
        prop_assert!((said - direct).abs() <= 1e-13 * terms(&found), "{said} {direct}");
    }

    #[test]
    fn weights_shrink_and_the_error_grows_with_the_ridge_term((x, y, _) in problems()) {
        let path = [0.0, 1e-2, 1.0, 1e2, 1e4].map(|ridge| solve(&x, &y, ridge));
        for pair in path.windows(2) {
            let [small, large] = [&pair[0], &pair[1]].map(|solution| norm(&solution.weight));
            prop_assert!(large <= small * (1.0 + 1e-12), "{small} {large}");
            let [before, after] = [&pair[0], &pair[1]].map(|solution| {
                let unpenalised = Solution { ridge: 0.0, ..solution.clone() };
                loss(&in_f64(&unpenalised), &x, &y)
            });
            prop_assert!(after >= before * (1.0 - 1e-12) - 1e-20, "{before} {after}");
        }
    }

    /// If an input occurs twice, weight can move from one to the other without changing any output.
    #[test]
    fn the_shortest_of_many_solutions_is_returned(
        u in vec(-3.0..3.0f64, 9),
        v in vec(-3.0..3.0f64, 9),
        y in vec(-3.0..3.0f64, 9),
        along in 0.01..3.0f64,
    ) {
        let x = u.iter().zip(&v).flat_map(|(&u, &v)| [u, v, u]).collect::<Vec<_>>();
        let (x, y) = (matrix(&x, [9, 3]), matrix(&y, [9, 1]));
        let solution = solve(&x, &y, 0.0);
        prop_assert_eq!(solution.rank, 2);
        for along in [along, -along] {
            let mut other = solution.clone();
            other.weight[0] += along;
            other.weight[2] -= along;
            let [here, there] = [&solution, &other].map(|solution| loss(&in_f64(solution), &x, &y));
            prop_assert!((here - there).abs() <= 1e-11 * (here + 1.0), "{here} {there}");
            prop_assert!(norm(&other.weight) > norm(&solution.weight));
        }
    }
}

/// Slope `Σ(x - x̄)(y - ȳ) / (Σ(x - x̄)² + γ)`: means 2 and 5, sums 6 and 2.
#[test]
fn one_input_by_hand() {
    let (x, y) = (rows([[1.0], [2.0], [3.0]]), rows([[2.0], [5.0], [8.0]]));
    for (ridge, slope) in [(0.0, 3.0), (1.0, 2.0), (2.0, 1.5), (10.0, 0.5)] {
        let solution = solve(&x, &y, ridge);
        assert_close(&solution.weight, &[slope], 1e-14);
        assert_close(&solution.bias, &[5.0 - 2.0 * slope], 1e-14);
        let expected = (3.0 - slope) * (3.0 - slope) + 0.5 * ridge * slope * slope;
        assert!((solution.loss - expected).abs() < 1e-13, "{solution:?}");
        assert_eq!((solution.rank, solution.rows), (1, 3));
        assert!((solution.condition - 1.0).abs() < 1e-14);
    }
}

/// Inputs that are uncorrelated: the squares about the means add up to 4 and 16.
#[test]
fn two_inputs_and_two_outputs_by_hand() {
    let x = rows([[0.0, 1.0], [2.0, 1.0], [0.0, 5.0], [2.0, 5.0]]);
    let y = x.clone().matmul(rows([[1.0, -2.0], [0.5, 3.0]])) + rows([[7.0, -1.0]]);
    let exact = solve(&x, &y, 0.0);
    assert_close(&exact.weight, &[1.0, -2.0, 0.5, 3.0], 1e-13);
    assert_close(&exact.bias, &[7.0, -1.0], 1e-13);
    assert!((exact.condition - 4.0).abs() < 1e-13, "{}", exact.condition);
    let shrunk = solve(&x, &y, 4.0);
    assert_close(&shrunk.weight, &[0.5, -1.0, 0.4, 2.4], 1e-13);
    assert!((shrunk.condition - 20.0 / 8.0).abs() < 1e-13);
}

#[test]
fn an_input_that_never_varies_gets_no_weight() {
    let x = rows([[0.0, 1.0, 7.0], [0.0, 2.0, 7.0], [0.0, 4.0, 7.0]]);
    let y = rows([[3.0], [5.0], [9.0]]);
    for ridge in [0.0, 1e-300] {
        let solution = solve(&x, &y, ridge);
        assert_close(&solution.weight, &[0.0, 2.0, 0.0], 1e-14);
        assert_close(&solution.bias, &[1.0], 1e-14);
        assert_eq!(solution.rank, 1);
    }
    let constant = solve(&rows([[7.0], [7.0]]), &rows([[1.0], [3.0]]), 0.0);
    assert_eq!((constant.weight, constant.bias), (vec![0.0], vec![2.0]));
    assert_eq!(
        (constant.rank, constant.condition, constant.loss),
        (0, 1.0, 1.0)
    );
}

/// Fewer rows than inputs: a singular matrix without a zero or equal columns.
#[test]
fn a_small_ridge_term_comes_near_the_shortest_solution() {
    let x = rows([
        [1.0, 2.0, 0.5, -1.0],
        [0.0, 1.0, 3.0, 2.0],
        [2.0, -1.0, 1.0, 0.0],
    ]);
    let y = rows([[1.0], [-2.0], [0.5]]);
    let shortest = solve(&x, &y, 0.0);
    assert_eq!(shortest.rank, 2);
    assert!(shortest.loss < 1e-28, "{}", shortest.loss);
    let gaps = [1e-2, 1e-4, 1e-6].map(|ridge| {
        let near = solve(&x, &y, ridge);
        shortest.distance(&in_f64(&near)).expect("readable")
    });
    for (gap, ridge) in gaps.into_iter().zip([1e-2, 1e-4, 1e-6]) {
        assert!(gap < ridge, "{gaps:?}");
    }
    let below_the_bound = solve(&x, &y, 1e-18);
    assert_close(&below_the_bound.weight, &shortest.weight, 1e-14);
}

#[test]
fn a_large_ridge_term_leaves_the_mean() {
    let (x, y) = (rows([[1.0], [2.0], [3.0]]), rows([[2.0], [5.0], [8.0]]));
    let solution = solve(&x, &y, 1e300);
    assert!(solution.weight[0].abs() < 1e-299);
    assert_close(&solution.bias, &[5.0], 1e-14);
}

/// `n` rows with two inputs and one output with some noise, all near `level`.
fn cloud(n: usize, level: f64) -> (Tensor<2>, Tensor<2>) {
    let wave = |i: usize, step: f64| (i as f64 * step).sin();
    let x = (0..n).flat_map(|i| [level + wave(i, 0.7), level + wave(i, 1.1)]);
    let y = (0..n).map(|i| 2.0 * wave(i, 0.7) - 3.0 * wave(i, 1.1) + 0.1 * wave(i, 2.3));
    (
        matrix(&x.collect::<Vec<_>>(), [n, 2]),
        matrix(&y.collect::<Vec<_>>(), [n, 1]),
    )
}

#[test]
fn blocks_of_any_size_give_one_solution() {
    let (x, y) = cloud(10_000, 0.5);
    let whole = solve(&x, &y, 3.0);
    for block in [1, 999, 10_000] {
        let mut equations = NormalEquations::new(2, 1).expect("sizes from 1");
        for start in (0..10_000).step_by(block) {
            let length = block.min(10_000 - start);
            let part = |tensor: &Tensor<2>| tensor.clone().narrow(0, start, length);
            equations.add(part(&x), part(&y)).expect("finite data");
        }
        let solution = equations.solve(3.0).expect("rows were added");
        assert_eq!(solution.rows, 10_000);
        assert_close(&solution.weight, &whole.weight, 1e-12);
        assert_close(&solution.bias, &whole.bias, 1e-12);
        assert!((solution.loss / whole.loss - 1.0).abs() < 1e-11);
    }
}

/// Images with many pixels, most of them always black: far fewer rows than inputs, and a Gram matrix with
/// only a few eigenvalues other than 0.
#[test]
fn a_few_rows_of_many_inputs_are_met_exactly() {
    // One pixel in three is ever inked, in half of the images.
    let pixel = |i: usize, column: usize| {
        let drawn = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let drawn = (drawn ^ (drawn >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 55;
        let inked = column.is_multiple_of(3) && drawn >= 256;
        if inked {
            (drawn - 256) as f64 / 255.0
        } else {
            0.0
        }
    };
    for (n, d_in) in [2, 3, 5, 7, 10, 15, 30]
        .into_iter()
        .flat_map(|n| [60, 200, 400].map(|d_in| (n, d_in)))
    {
        let x = (0..n * d_in).map(|i| pixel(i, i % d_in));
        let x = matrix(&x.collect::<Vec<_>>(), [n, d_in]);
        let y = (0..2 * n).map(|i| f64::from(u8::from(i / 2 % 2 == i % 2)));
        let y = matrix(&y.collect::<Vec<_>>(), [n, 2]);
        let said = format!("{n} rows of {d_in} inputs");
        let solution = solve(&x, &y, 0.0);
        assert_eq!(solution.rank, (n - 1).min(d_in.div_ceil(3)), "{said}");
        if solution.rank == n - 1 {
            let left = loss(&in_f64(&solution), &x, &y);
            assert!(left < 1e-24, "{said}: loss {left}");
        }
        let [grad_w, grad_b] = gradient(&in_f64(&solution), &x, &y).map(|grad| norm_of(&grad));
        assert!(grad_w < 1e-9 && grad_b < 1e-11, "{said}: {grad_w} {grad_b}");
        // The shortest solution has no part along the pixels that are always black.
        let dark = (0..d_in).filter(|column| !column.is_multiple_of(3));
        let dark = dark.map(|column| solution.weight[2 * column].abs());
        assert!(dark.fold(0.0, f64::max) < 1e-13, "{said}");
        let ridged = solve(&x, &y, 1e-6);
        let gap = solution.distance(&in_f64(&ridged)).expect("readable");
        // At most the ridge term over the smallest eigenvalue other than 0.
        assert!(gap < 1e-5, "{said}: {gap}");
        assert_eq!(ridged.rank, solution.rank, "{said}");
    }
}

/// Squares of numbers near 1e6 are near 1e12: plain sums of them would leave only four digits for the
/// distances from the mean.
#[test]
fn data_far_from_zero_loses_no_digits() {
    let near = {
        let (x, y) = cloud(500, 0.0);
        solve(&x, &y, 0.0)
    };
    let (x, y) = cloud(500, 1e6);
    let far = solve(&x, &y, 0.0);
    assert_close(&far.weight, &near.weight, 1e-9);
}

#[test]
fn numbers_in_f32_are_used_exactly() {
    let (x, y) = cloud(50, 0.5);
    let [x, y] = [x, y].map(|tensor| tensor.cast(DType::F32));
    let single = solve(&x, &y, 0.0);
    let double = solve(&x.cast(DType::F64), &y.cast(DType::F64), 0.0);
    assert_eq!(single, double);
}

/// Gradient descent converges with a learning rate slightly below the bound, and diverges slightly above
/// it.
#[test]
fn curvature_bounds_the_steps_of_gradient_descent() {
    let (x, y) = cloud(40, 0.5);
    let mut equations = NormalEquations::new(2, 1).expect("sizes from 1");
    equations.add(x.clone(), y.clone()).expect("finite data");
    let solution = equations.solve(2.0).expect("rows were added");
    let curvature = equations.curvature(2.0).expect("rows were added");
    let descend = |step: f64| {
        let mut net = LinearRegressionConfig::new(2, 1)
            .with_ridge(2.0)
            .init(0, (&Device::flex(), DType::F64))
            .expect("a legal configuration");
        for _ in 0..600 {
            let [grad_w, grad_b] = gradient(&net, &x, &y).map(|grad| grad * step);
            net.linear.weight = Param::from_tensor(net.linear.weight.val() - grad_w);
            let bias = net.linear.bias.expect("the model has a bias").val();
            let bias = bias - grad_b.squeeze_dim(0);
            net.linear.bias = Some(Param::from_tensor(bias));
        }
        solution.distance(&net).expect("readable")
    };
    assert!(descend(0.98 * curvature.largest_step()) < 1e-4);
    assert!(descend(1.02 * curvature.largest_step()) > 1e4);
    // The best constant learning rate multiplies the distance by (κ - 1)/(κ + 1) in each step.
    let best = 2.0 / (curvature.largest + curvature.smallest);
    let condition = curvature.condition();
    let factor = (condition - 1.0) / (condition + 1.0);
    assert!(factor.powi(600) < 1e-14, "{curvature:?}");
    assert!(descend(best) < 1e-13);
}

#[test]
fn data_without_a_solution_is_refused() {
    let x = || rows([[1.0, 2.0], [3.0, 4.0]]);
    let y = || rows([[1.0], [2.0]]);
    let refusal = |x, y, ridge| closed_form(x, y, ridge).expect_err("no solution");

    for ridge in [-1e-9, f64::NAN, f64::INFINITY] {
        let error = refusal(x(), y(), ridge);
        assert!(matches!(error, Error::Ridge { .. }), "{error}");
    }
    assert_eq!(refusal(x(), rows([[1.0]]), 0.0), Error::Rows { x: 2, y: 1 });
    assert_eq!(
        refusal(x(), rows([[1.0]]), 0.0).to_string(),
        "x has 2 rows and y has 1, expected the same number; give each row of x one target"
    );
    let empty = |columns| Tensor::<2>::zeros([0, columns], &Device::flex());
    assert_eq!(refusal(empty(2), empty(1), 0.0), Error::NoRows);

    let spoiled = rows([[1.0, 2.0], [3.0, f64::INFINITY]]);
    let expected = "x is inf in row 1, column 1, expected a finite number; clean the data";
    assert_eq!(refusal(spoiled, y(), 0.0).to_string(), expected);
    let error = refusal(x(), rows([[f64::NAN], [2.0]]), 1.0);
    assert!(
        matches!(
            error,
            Error::NotFinite {
                what: "y",
                row: 0,
                column: 0,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(refusal(x() * 1e200, y(), 0.0), Error::Overflow);
}

#[test]
fn a_refused_block_leaves_the_equations_as_they_were() {
    let mut equations = NormalEquations::new(2, 1).expect("sizes from 1");
    assert_eq!(equations.solve(0.0), Err(Error::NoRows));
    assert_eq!(equations.curvature(0.0), Err(Error::NoRows));
    let (x, y) = cloud(5, 0.0);
    equations.add(x.clone(), y.clone()).expect("finite data");
    let before = equations.clone();

    let error = equations
        .add(x.clone(), matrix(&[0.0; 10], [5, 2]))
        .expect_err("two columns");
    assert_eq!(
        error.to_string(),
        "y has 2 columns, expected 1; give every block the same columns"
    );
    let error = equations
        .add(x.clone() / 0.0, y.clone())
        .expect_err("infinite");
    assert!(matches!(error, Error::NotFinite { row: 5, .. }), "{error}");
    assert_eq!(equations.add(x * 1e200, y), Err(Error::Overflow));
    assert_eq!(equations, before);

    let error = NormalEquations::new(0, 1).expect_err("no inputs");
    assert!(matches!(error, Error::Config(_)), "{error}");
}
