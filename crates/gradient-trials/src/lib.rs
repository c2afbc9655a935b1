#![doc = include_str!("../README.md")]
//!
//! [`cases`], [`mutants`] and [`alternatives`] give those of every [`Origin`]; [`check`] runs a case.
//! A case is named after its rule, with its sizes in brackets: `matmul [7x5x3]`.

pub mod broken_autodiff;
mod common;
mod descent;
mod formulas;
mod fused;
mod graphs;
pub mod pytorch;
pub mod right;
mod sizes;
pub mod wrong;

pub use descent::TensorFunction;
pub use formulas::MnistBatch;

use burn_gradcheck::{Alternative, Case, Mutant, Options, Report, Target, Verdict};

/// The crate whose gradients are checked.
///
/// ```
/// use gradient_trials::Origin;
///
/// let rosenbrock = |name: &str| name.starts_with("rosenbrock");
/// let of_descent = Origin::GradientDescent.mutants();
/// assert!(of_descent.iter().any(|mutant| rosenbrock(mutant.name)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `manual-backprop`: every rule, net and model, and PyTorch's gradients of the nets.
    ManualBackprop,
    /// `fused-mlp`: every net in the fused engine, its gradients and a step of it.
    FusedMlp,
    /// `computational-graph`: every net and function as a graph.
    ComputationalGraph,
    /// `gradient-descent`: every function.
    GradientDescent,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 4] = [
        Self::ManualBackprop,
        Self::FusedMlp,
        Self::ComputationalGraph,
        Self::GradientDescent,
    ];

    /// The cases of this origin; the arguments are those of [`cases`].
    pub fn cases(self, shapes: usize, seed: u64, mnist: Option<&MnistBatch>) -> Vec<Case> {
        match self {
            Self::ManualBackprop => {
                let mut cases = formulas::cases(shapes, seed, mnist);
                cases.extend(
                    pytorch::fixture()
                        .nets
                        .iter()
                        .map(pytorch::FixtureNet::case),
                );
                cases
            }
            Self::FusedMlp => fused::cases(shapes, seed, mnist),
            Self::ComputationalGraph => graphs::cases(shapes, seed),
            Self::GradientDescent => descent::cases(),
        }
    }

    /// Wrong gradients of this origin.
    pub fn mutants(self) -> Vec<Mutant> {
        match self {
            Self::ManualBackprop => formulas::mutants(),
            Self::FusedMlp => fused::mutants(),
            Self::ComputationalGraph => graphs::mutants(),
            Self::GradientDescent => descent::mutants(),
        }
    }

    /// Right gradients of this origin by another formula; a graph and the engine have none.
    pub fn alternatives(self) -> Vec<Alternative> {
        match self {
            Self::ManualBackprop => formulas::alternatives(),
            Self::FusedMlp | Self::ComputationalGraph => Vec::new(),
            Self::GradientDescent => descent::alternatives(),
        }
    }
}

/// The cases of every [`Origin`].
///
/// Rules, nets and graphs are checked at `shapes` sizes each. The first eight sizes are chosen (odd,
/// square, one row, one column, all one, a large batch), the others drawn from `seed`. Nets have
/// every activation at the first two sizes and one, in turn, at the others. The MNIST model on a
/// real batch is a case if `mnist` is given.
pub fn cases(shapes: usize, seed: u64, mnist: Option<&MnistBatch>) -> Vec<Case> {
    let cases = Origin::ALL.map(|origin| origin.cases(shapes, seed, mnist));
    cases.into_iter().flatten().collect()
}

/// The mutants of every [`Origin`].
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Options, Target, Witness};
///
/// let target = Target::new(Device::flex(), DType::F64);
/// let mutant = &gradient_trials::mutants()[1];
/// assert_eq!(mutant.mistake, "grad_x = grad_z·w");
/// let report = mutant.caught(&target, &Options::default()).unwrap();
/// assert_eq!(report.verdict.odd(), Some(Witness::Manual));
/// ```
pub fn mutants() -> Vec<Mutant> {
    Origin::ALL.into_iter().flat_map(Origin::mutants).collect()
}

/// Whether the mistake is as small as the rounding of f32, so that only a check in f64 can catch it.
///
/// ```
/// let small = gradient_trials::mutants();
/// let small = small.iter().filter(|mutant| gradient_trials::is_below_f32(mutant));
/// assert_eq!(small.count(), 8);
/// ```
pub fn is_below_f32(mutant: &Mutant) -> bool {
    formulas::is_below_f32(mutant.name)
}

/// The alternatives of every [`Origin`].
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Options, Target};
///
/// let target = Target::new(Device::flex(), DType::F64);
/// let alternative = &gradient_trials::alternatives()[0];
/// assert_eq!(alternative.name, "matmul: transposed twice");
/// assert!(alternative.false_alarm(&target, &Options::default()).is_none());
/// ```
pub fn alternatives() -> Vec<Alternative> {
    let origins = Origin::ALL.into_iter();
    origins.flat_map(Origin::alternatives).collect()
}

/// How many other points are tried, at most, when finite differences are too coarse.
const OTHER_POINTS: usize = 4;

/// Runs a case, at another point if need be.
///
/// Near a kink the steps of finite differences become so small that they do not resolve every
/// element. Such a point is replaced by another draw ([`Report::draw`] says which one); a point
/// with a mismatch never is.
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Options, Target};
///
/// let target = Target::new(Device::flex(), DType::F64);
/// for case in gradient_trials::Origin::ManualBackprop.cases(1, 0, None) {
///     gradient_trials::check(&case, &target, &Options::default()).assert_pass();
/// }
/// ```
pub fn check(case: &Case, target: &Target, options: &Options) -> Report {
    let mut report = case.run(target, options);
    for _ in 0..OTHER_POINTS {
        if !matches!(report.verdict, Verdict::Unchecked { .. }) {
            break;
        }
        report = case.run(target, &options.clone().draw(report.draw + 1));
    }
    report
}
