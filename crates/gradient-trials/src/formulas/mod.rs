//! The formulas on trial: every rule and net as a [`Case`], whose witnesses are the hand-derived
//! gradient, Burn's autodiff and finite differences.
//!
//! - [`cases`]: what must agree.
//! - [`mutants`]: wrong gradients, each of which must be caught.
//! - [`alternatives`]: right gradients written differently, none of which may be flagged.
//! - [`broken_autodiff`]: operations with a wrong backward pass of their own, for which autodiff
//!   must be named the odd one out.
//! - [`pytorch`]: losses, values and gradients that PyTorch computed for the lecture's nets.
//!
//! A case is named after its rule, with its sizes in brackets: `matmul [7x5x3]`.

pub mod alternatives;
pub mod broken_autodiff;
pub mod mutants;
pub mod pytorch;
pub mod sizes;

mod arithmetic;
mod models;
mod nets;
mod rules;

pub use models::RealMnist;

use burn_gradcheck::{Case, Options, Report, Target, Verdict};

use crate::activation::Activation;

/// Every rule and every net: `shapes` sizes of each, and the MNIST model on a real batch if it
/// is given.
///
/// The first eight sizes are chosen (odd, square, one row, one column, all one, a large batch), the
/// others drawn from `seed`. Nets have every activation at the first two sizes and one, in turn, at
/// the others.
///
/// ```
/// use burn::tensor::Device;
/// use manual_backprop::verify;
///
/// let cases = verify::cases(1, 0, None);
/// let matmul = cases.iter().find(|case| case.name() == "matmul [7x5x3]").unwrap();
/// matmul.check(&Device::flex()).assert_pass();
/// ```
pub fn cases(shapes: usize, seed: u64, mnist: Option<&RealMnist>) -> Vec<Case> {
    let mut cases = Vec::new();
    for (i, size) in sizes::sizes(shapes, seed).into_iter().enumerate() {
        let all = &Activation::ALL[..];
        let one = &all[i % all.len()..][..1];
        let activations = if i < 2 { all } else { one };
        cases.extend(rules::all(size));
        cases.extend(arithmetic::all(size));
        cases.extend(nets::all(activations, size));
        cases.extend(models::all(activations, size));
    }
    cases.extend(mnist.map(models::real_mnist));
    cases
}

/// Points tried anew, at most, where finite differences were too coarse.
const OTHER_POINTS: usize = 4;

/// Runs a case. A point where finite differences do not resolve some element, because a kink is so
/// near that their steps become tiny, is left for another draw ([`Report::draw`] tells which); a
/// point with a mismatch never is.
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Options, Target};
/// use manual_backprop::verify;
///
/// let target = Target::new(Device::flex(), DType::F64);
/// for case in verify::cases(1, 0, None) {
///     verify::check(&case, &target, &Options::default()).assert_pass();
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
