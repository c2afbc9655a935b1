//! The optimizers whose formula needs a whole matrix, compared with that formula, written out in f64: the parameters
//! after each of 20 steps.

use burn::module::{Module, Param};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdafactorConfig, GradientsParams, ModuleOptimizer, MuonConfig};
use burn::tensor::{Device, Tensor};

use crate::{assert_close, numbers, vector};

const STEPS: usize = 20;
const RATE: f64 = 0.05;
const ROWS: usize = 2;
const COLUMNS: usize = 3;
const START: Matrix = [[0.5, -1.25, 2.0], [1.5, 0.75, -0.5]];

type Matrix = [[f64; COLUMNS]; ROWS];

#[derive(Module, Debug)]
struct Net {
    w: Param<Tensor<2>>,
}

fn tensor(of: &Matrix, device: &Device) -> Tensor<2> {
    vector(of.as_flattened(), device).reshape([ROWS, COLUMNS])
}

fn matrix(of: impl Fn(usize, usize) -> f64) -> Matrix {
    std::array::from_fn(|row| std::array::from_fn(|column| of(row, column)))
}

fn gradient(step: usize) -> Matrix {
    matrix(|row, column| (0.3 + 0.7 * step as f64 + 1.9 * row as f64 + 0.8 * column as f64).sin())
}

/// Compares an optimizer with a formula: what it makes of the parameter and its gradient. `t` counts steps from 1.
fn check(
    name: &str,
    mut optimizer: ModuleOptimizer,
    relative: f64,
    mut formula: impl FnMut(usize, &Matrix, &Matrix) -> Matrix,
) {
    let device = Device::flex();
    let mut net = Net {
        w: Param::from_tensor(tensor(&START, &device.clone().autodiff())),
    };
    let mut right = START;
    for step in 0..STEPS {
        let mut params = GradientsParams::new();
        params.register(net.w.id, tensor(&gradient(step), &device));
        net = optimizer.step(RATE, net, params);
        right = formula(step + 1, &right, &gradient(step));
        let got = numbers(net.w.val().inner());
        assert_close(
            &format!("{name}, step {step}"),
            &got,
            right.as_flattened(),
            relative,
        );
    }
}

fn root_mean_square(of: &Matrix) -> f64 {
    let all = of.as_flattened();
    (all.iter().map(|x| x * x).sum::<f64>() / all.len() as f64).sqrt()
}

/// Shazeer and Stern 2018, algorithm 5: R and C are averages of the rows' and columns' mean squares with the weight
/// 1 - t^-0.8 of what was; V = R C / mean(R); U = G / √V, divided by max(1, RMS(U) / d);
/// W ← W - min(η, 1/√t) max(ε₂, RMS(W)) U.
#[test]
fn adafactor() {
    let config = AdafactorConfig::new();
    let (mut rows, mut columns) = ([0.0; ROWS], [0.0; COLUMNS]);
    check("adafactor", config.init(), 1e-6, |t, w, g| {
        let new = (t as f64).powf(-0.8);
        let square = |row: usize, column: usize| g[row][column].powi(2) + 1e-30;
        for (row, average) in rows.iter_mut().enumerate() {
            let mean = (0..COLUMNS).map(|column| square(row, column)).sum::<f64>() / COLUMNS as f64;
            *average = (1.0 - new) * *average + new * mean;
        }
        for (column, average) in columns.iter_mut().enumerate() {
            let mean = (0..ROWS).map(|row| square(row, column)).sum::<f64>() / ROWS as f64;
            *average = (1.0 - new) * *average + new * mean;
        }
        let mean = rows.iter().sum::<f64>() / ROWS as f64;
        let update =
            matrix(|row, column| g[row][column] / (rows[row] * columns[column] / mean).sqrt());
        let clip = root_mean_square(&update).max(1.0);
        let rate = RATE.min(1.0 / (t as f64).sqrt()) * root_mean_square(w).max(1e-3);
        matrix(|row, column| w[row][column] - rate * update[row][column] / clip)
    });
}

/// Jordan et al. 2024: v ← μ v + g, g + μ v by Nesterov, made nearly orthogonal by five steps of Newton and Schulz,
/// X ← a X + (b A + c A²) X with A = X Xᵀ, from X = G / ‖G‖; W ← W - η √max(1, rows/columns) X.
#[test]
fn muon() {
    let momentum = MomentumConfig::new()
        .with_momentum(0.95)
        .with_dampening(0.0)
        .with_nesterov(true);
    let config = MuonConfig::new().with_momentum(momentum);
    let mu = f64::from(0.95_f32);
    let mut velocity: Option<Matrix> = None;
    check("muon", config.init(), 1e-5, |_, w, g| {
        let v = velocity.map_or(*g, |v| matrix(|i, j| mu * v[i][j] + g[i][j]));
        velocity = Some(v);
        let direction = matrix(|i, j| g[i][j] + mu * v[i][j]);
        let norm = direction
            .as_flattened()
            .iter()
            .map(|x| x * x)
            .sum::<f64>()
            .sqrt();
        let mut x = matrix(|i, j| direction[i][j] / norm);
        for _ in 0..5 {
            let square = |left: &dyn Fn(usize, usize) -> f64| -> [[f64; ROWS]; ROWS] {
                std::array::from_fn(|i| std::array::from_fn(|j| left(i, j)))
            };
            let a = square(&|i, j| (0..COLUMNS).map(|k| x[i][k] * x[j][k]).sum());
            let b = square(&|i, j| {
                -4.775 * a[i][j] + 2.0315 * (0..ROWS).map(|k| a[i][k] * a[k][j]).sum::<f64>()
            });
            x = matrix(|i, j| 3.4445 * x[i][j] + (0..ROWS).map(|k| b[i][k] * x[k][j]).sum::<f64>());
        }
        matrix(|i, j| w[i][j] - RATE * x[i][j])
    });
}
